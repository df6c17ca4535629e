"""What traits say of a person: name, title, department, seniority, company, its size and the use case, and the role that follows.

The rules of titles and personas are those that `personas.refresh()` read last: who works in batches calls it once a batch.
"""

from __future__ import annotations

from typing import Any

import msgspec

from accounts import domains, evidence, moments, personas, said, traits
from accounts.evidence import Evidence
from accounts.identity_rows import Person
from accounts.messages import Message
from accounts.models import BuyingRole
from accounts.traits import FIELDS

BUYER = BuyingRole.ECONOMIC_BUYER.value


def learn(person: Person, message: Message) -> bool:
    """Takes over what the traits of the message say of the person. Answers whether the e-mail is another one now.

    Of each field the latest message counts, not the last to come; of two of the same time the greater value. What is said of
    department and seniority goes before what the title suggests.
    """
    was = _known(person)
    at = moments.micros(message.at)
    heard = person.said
    is_otherwise = False
    for field, value in traits.of_person(message.user_traits):
        known, first = _said(person, field), heard.get(field + "<")
        if person.hear(field, at, value, known):
            _set(person, field, value)
        is_otherwise = is_otherwise or value != known or heard.get(field + "<") != first
    # Who only says the same again is known since the same time, unless there was something else in between.
    return _settle(person, was, is_otherwise=is_otherwise or ":" in "".join(heard))


def learn_email_of_id(person: Person, user_id: str) -> bool:
    """An id that is an e-mail says so since ever: whatever else is said of it is later. Answers whether it is another one now."""
    email = domains.clean_email(user_id)
    if not email or (person.email and "email" not in person.said):
        return False
    is_other = person.hear("email", 0, email, person.email) and email != person.email
    if is_other:
        person.email, person.changed = email, True
    return is_other


def absorb(person: Person, other: Person) -> None:
    """What is known of a person who turned out to be this one too: evidence of both, and of each trait what was said later."""
    was = _known(person)
    absorb_evidence(person, other)
    for field in FIELDS:
        value = said.together(person.said, _said(person, field), other.said, _said(other, field), field)
        if value and value != getattr(person, field):
            _set(person, field, value)
    said.note_since(person.said, "employees")
    person.said_anew = True
    _settle(person, was, anyway=True)


def take_over(person: Person, device: Person) -> bool:
    """What was said on a device of the person without a name: it counts where the person said nothing.

    Answers whether the e-mail is another one now.
    """
    was = _known(person)
    for field in FIELDS:
        value = _said(device, field)
        if value in ("", None):
            continue
        at = max(device.said.get(field, 0), 0) + said.DEVICE
        if person.hear(field, at, value, _said(person, field)):
            if person.said.get(field) == at and field in said.TRACKED:
                first = max(said.since(device.said, field) or 0, 0) + said.DEVICE
                if person.said.get(field + "<") != first:
                    person.said[field + "<"] = first
                    person.said_anew = True
                if field == "employees" and said.note_since(person.said, field):
                    person.changed = True
            _set(person, field, value)
    return _settle(person, was)


def give_back(person: Person) -> bool:
    """Forgets what was said on devices. Answers whether the e-mail is another one now."""
    was = _known(person)
    for field in FIELDS:
        if said.is_of_device(person.said, field):
            said.forget(person.said, field)
            setattr(person, field, None if field == "employees" else "")
            person.changed = person.said_anew = True
    if person.changed and person.title:
        _classify(person)
    if known_since(person) is None and person.profiled_at is not None:
        person.profiled_at, person.rated_anew = None, True
    return _settle(person, was)


def known_since(person: Person) -> int | None:
    """Since when the title, the seniority or the department is what it is; without them the other things a role follows from."""
    for fields in (("title", "department", "seniority"), ("use_case", "employees")):
        times = [at for field in fields if (at := said.since(person.said, field)) is not None]
        if times:
            return max(times)
    return None


def _known(person: Person) -> tuple[Any, ...]:
    return person.email, _rated_by(person)


def _said(person: Person, field: str) -> Any:
    """What was said: of department and seniority without what only the title suggests."""
    is_derived = field in ("department", "seniority") and field not in person.said and person.title
    return "" if is_derived else getattr(person, field)


def _set(person: Person, field: str, value: Any) -> None:
    if value != getattr(person, field):
        setattr(person, field, value)
        person.changed = True


def _settle(person: Person, was: tuple[Any, ...], *, is_otherwise: bool = True, anyway: bool = False) -> bool:
    """What follows from what was said. Answers whether the e-mail is another one than it `was`.

    `is_otherwise`: since when something is known may be another time. `anyway`: the role is looked at in any case.
    """
    email, rated_by = was
    if person.title != rated_by[0]:
        _classify(person)
    if is_otherwise and (known := known_since(person)) is not None and known != person.profiled_at:
        person.profiled_at, person.changed = known, True
        person.rated_anew = True
    if _rated_by(person) != rated_by or (anyway and any(_rated_by(person))):
        person.changed = True
        rate(person)
    return person.email != email


def _classify(person: Person) -> None:
    found = personas.classify(person.title)
    if "department" not in person.said:
        person.department = found.department
    if "seniority" not in person.said:
        person.seniority = found.seniority


def rate(person: Person) -> None:
    """Persona and buying role of the person, by the title and what else speaks for it. What a member said stays."""
    known = pieces(person.role_evidence)
    person.rated_anew = True
    if person.buying_confidence >= evidence.CONFIRMED and not known:  # a person said so: titles do not overrule it
        return
    was_buyer = (evidence.title_role(known) if known else person.buying_role) == BUYER
    rated = personas.rate(
        seniority=person.seniority,
        department=person.department,
        employees=person.employees,
        use_case=person.use_case,
    )
    person.persona_id = rated.persona_id
    _take(person, evidence.with_title(known, rated.role, rated.confidence))
    is_buyer = rated.role == BUYER and not evidence.is_locked(known)
    person.is_new_buyer = is_buyer and (person.is_new_buyer or not was_buyer)


def absorb_evidence(person: Person, other: Person) -> None:
    """What was seen of somebody who is the same: it is worked out anew from usage and words soon after."""
    mine, others = pieces(person.role_evidence), pieces(other.role_evidence)
    is_other_sure = other.buying_confidence >= evidence.CONFIRMED > person.buying_confidence
    if not (person.title or person.seniority):
        person.persona_id, person.is_new_buyer = other.persona_id, other.is_new_buyer
    if mine and others:
        _take(person, evidence.together(mine, others))
    elif others if not mine else is_other_sure:
        if others and person.buying_confidence >= evidence.CONFIRMED:
            return  # somebody said so, and it was not kept who
        person.role_evidence = other.role_evidence
        person.buying_role, person.buying_confidence = other.buying_role, other.buying_confidence
    elif not mine and not (person.title or person.seniority):
        person.buying_role, person.buying_confidence = other.buying_role, other.buying_confidence


def _take(person: Person, known: list[Evidence]) -> None:
    person.role_evidence = as_text(known)
    person.buying_role, person.buying_confidence = evidence.fuse(known)


def pieces(stored: str) -> list[Evidence]:
    """What `ProductUser.role_evidence` holds, from its JSON."""
    return [] if stored == "[]" else msgspec.json.decode(stored)


def as_text(known: list[Evidence]) -> str:
    return msgspec.json.encode(known).decode()


def _rated_by(person: Person) -> tuple[Any, ...]:
    return person.title, person.department, person.seniority, person.employees, person.use_case
