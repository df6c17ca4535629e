"""What traits say of a person: name, title, department, seniority, company, its size and the use case, and the role that follows.

The rules of titles and personas are those that `personas.refresh()` read last: who works in batches calls it once a batch.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from accounts import domains, evidence, moments, personas
from accounts.evidence import Evidence
from accounts.identity_rows import Person
from accounts.messages import Message
from accounts.models import BuyingRole, Department, Seniority

#: What is taken over of another person, each with the time when it was said.
FIELDS = ("email", "name", "title", "department", "seniority", "company", "employees", "use_case")
BUYER = BuyingRole.ECONOMIC_BUYER.value

#: Member-stated words → our values, beside the exact ones.
_DEPARTMENTS = {value: value for value in Department.values} | {
    label.lower(): value for value, label in Department.choices
}
_SENIORITIES = {value: value for value in Seniority.values} | {
    label.lower(): value for value, label in Seniority.choices
}


def learn(person: Person, message: Message) -> bool:
    """Takes over what the traits of the message say of the person. Answers whether the e-mail is another one now.

    Of each field the latest message counts, not the last to come. What is said of department and seniority goes before what the
    title suggests.
    """
    traits = message.user_traits
    company = traits.get("company")
    company = company if isinstance(company, dict) else {"name": company}
    said_email = domains.clean_email(text(traits, "email"))
    learnt = {
        "email": said_email or ("" if person.email else _email_as_id(message.user_id)),
        "name": text(traits, "name", "fullName", "full_name")
        or f"{text(traits, 'firstName', 'first_name')} {text(traits, 'lastName', 'last_name')}".strip(),
        "title": text(traits, "title", "jobTitle", "job_title", "position"),
        "company": text(company, "name") or text(traits, "companyName", "company_name", "organization"),
        "employees": whole(traits, "employees", "employeeCount", "company_size")
        or whole(company, "employees", "employeeCount", "employee_count", "size"),
    }
    if use_case := text(traits, "useCase", "use_case", "goal", "primaryUseCase", "primary_use_case"):
        learnt["use_case"] = use_case[:120]
    said_department = _DEPARTMENTS.get(text(traits, "department").lower(), "")
    said_seniority = _SENIORITIES.get(text(traits, "seniority", "level").lower(), "")
    before = _rated_by(person)
    was = profile(person)
    is_other_email = False
    at = moments.micros(message.at)
    for field, value in learnt.items():
        # An id that is an e-mail says so since ever.
        if value and person.is_news(field, 0 if field == "email" and not said_email else at):
            if value == getattr(person, field):
                continue
            setattr(person, field, value)
            person.changed = True
            if field == "employees":
                person.employees_at = at
            is_other_email = is_other_email or field == "email"
    if person.title != before[0]:
        _classify(person)
    if said_department and person.is_news("department", at):
        person.department = said_department
    if said_seniority and person.is_news("seniority", at):
        person.seniority = said_seniority
    if _rated_by(person) != before:
        person.changed = True
        if person.title or person.seniority or person.use_case:
            rate(person)
        if profile(person) != was:
            person.profiled_at = at
    return is_other_email


def _classify(person: Person) -> None:
    found = personas.classify(person.title)
    if "department" not in person.said:
        person.department = found.department
    if "seniority" not in person.said:
        person.seniority = found.seniority


def rate(person: Person) -> None:
    """Persona and buying role of the person, by the title and what else speaks for it. What a member said stays."""
    known = pieces(person.role_evidence)
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


def absorb(person: Person, other: Person) -> None:
    """What is known of a person who turned out to be this one too: evidence of both, and of each trait what was said later."""
    before = _rated_by(person)
    _absorb_evidence(person, other)
    for field in FIELDS:
        value, at = getattr(other, field), other.said.get(field, -1)
        if value and (not getattr(person, field) or at > person.said.get(field, -1)):
            setattr(person, field, value)
            if at >= 0:
                person.said[field] = at
    if before[0] and person.title != before[0]:
        _classify(person)
    if _rated_by(person) != before and (before[0] or _rated_by(person) != _rated_by(other)):
        rate(person)


def _absorb_evidence(person: Person, other: Person) -> None:
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


def profile(person: Person) -> tuple[Any, ...]:
    """What features look at; `profiled_at` is since when."""
    return person.title, person.seniority, person.buying_role, person.buying_confidence


def _email_as_id(user_id: str) -> str:
    return domains.clean_email(user_id) if "@" in user_id else ""


def text(traits: dict[str, Any], *names: str) -> str:
    """The first of these traits that is a non-empty string, trimmed, at most 200 characters."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, str) and value.strip():
            return value.replace("\x00", "").strip()[:200]
    return ""


def whole(traits: dict[str, Any], *names: str) -> int | None:
    """The first of these traits that is a whole number; of a range such as `"51-200"` or `"1,000+"` the lower end."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str):
            match = re.match(r"\s*(\d{1,3}(?:[,. ]\d{3})+|\d{1,9})", value)
            value = int(re.sub(r"\D", "", match[1])) if match else None
        if isinstance(value, int) and 0 < value <= 10_000_000:
            return value
    return None
