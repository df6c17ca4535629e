"""What a contact's title and the words about them say: department, seniority, persona, and the role in a purchase.

A member's word locks the role; the CRM's counts unless a member spoke; else the title says what it can.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.utils import timezone

from accounts import personas
from accounts.models import Account, Contact, Member, RoleWord

if TYPE_CHECKING:
    from accounts.contacts.taking import Judged, Taken


def profile(contact: Contact, department: str = "", seniority: str = "", *, employees: int | None = None) -> None:
    """Sets department, seniority and persona: what was said, else what the title tells."""
    found = personas.classify(contact.title)
    contact.department = department or found.department or _known(contact.department)
    contact.seniority = seniority or found.seniority or _known(contact.seniority)
    rated = personas.rate(seniority=contact.seniority, department=contact.department, employees=employees)
    contact.persona_id = rated.persona_id


def said_outright(contact: Contact) -> tuple[str, str]:
    """Department and seniority, each where a file or program said it and not the title. To be asked before the title changes."""
    found = personas.classify(contact.title)
    return (
        contact.department if contact.department != found.department else "",
        contact.seniority if contact.seniority != found.seniority else "",
    )


def _known(value: object) -> str:
    """Of a contact that was not saved yet the columns have no text but what stands for the database's default."""
    return value if isinstance(value, str) else ""


def standing(*, contacts: Collection[int] = (), users: Collection[int] = ()) -> dict[tuple[str, int], RoleWord]:
    """("contact" or "user", id) → the word that counts; of a contact who uses the product also those about that person.

    Three queries at most.
    """
    standing_ = RoleWord.objects.filter(withdrawn_at=None)
    said = [(("user", word.user_id), word) for word in standing_.filter(user__in=users)] if users else []
    if contacts:
        said += [(("contact", word.contact_id), word) for word in standing_.filter(contact__in=contacts)]
        of_people = standing_.filter(user__contacts__in=contacts).annotate(known_as=F("user__contacts"))
        said += [(("contact", word.known_as), word) for word in of_people]
    by_weight = sorted(said, key=lambda one: (one[1].source == RoleWord.By.HUMAN, one[1].at, one[1].pk))
    return {(kind, id_ or 0): word for (kind, id_), word in by_weight}


def say(
    said: Sequence[tuple[Judged, Contact | None]],
    *,
    by: str,
    member: Member | None,
    confidence: float,
    taken: Taken,
) -> set[int]:
    """Writes down the roles that rows say, of the contact or of the person they are. Answers these persons' ids."""
    users = {one.user.pk for one, _contact in said if one.user}
    contacts = {contact.pk for one, contact in said if contact and not one.user}
    of_source = RoleWord.objects.filter(withdrawn_at=None, source=by)
    old = {("user", word.user_id): word for word in of_source.filter(user__in=users)}
    old |= {("contact", word.contact_id): word for word in of_source.filter(contact__in=contacts)}
    new, gone = [], []
    for one, contact in said:
        key = ("user", one.user.pk) if one.user else ("contact", contact.pk if contact else 0)
        word = old.get(key)
        if word is not None and (word.role, word.confidence) == (one.row.role, confidence):
            continue
        gone += [word.pk] if word else []
        who: dict[str, Any] = {"user_id": key[1]} if one.user else {"contact_id": key[1]}
        new.append(RoleWord(**who, role=one.row.role, confidence=confidence, source=by, by=member))
    RoleWord.objects.filter(pk__in=gone).update(withdrawn_at=timezone.now())
    RoleWord.objects.bulk_create(new)
    taken.words += [word.pk for word in new]
    taken.withdrawn += gone
    return {word.user_id for word in new if word.user_id}


def rate(contact: Contact, word: RoleWord | None, *, employees: int | None) -> None:
    """Sets the role: the word's, else what department and seniority say."""
    if word is not None:
        contact.buying_role, contact.buying_confidence = word.role, word.confidence if word.role else 0.0
        return
    rated = personas.rate(seniority=contact.seniority, department=contact.department, employees=employees)
    contact.buying_role, contact.buying_confidence = rated.role, rated.confidence


def settle(contacts: Sequence[Contact]) -> None:
    """Sets the roles of these contacts by the words that stand now. Two queries; writes nothing."""
    words = standing(contacts=[contact.pk for contact in contacts])
    ids = {contact.account_id for contact in contacts if contact.account_id}
    sizes = dict(Account.objects.filter(pk__in=ids).values_list("pk", "employees"))
    for contact in contacts:
        size = sizes.get(contact.account_id) if contact.account_id else None
        rate(contact, words.get(("contact", contact.pk)), employees=size)
