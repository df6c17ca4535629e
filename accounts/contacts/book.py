"""One contact: added, changed, taken away and put back by a member. What a member says of the role is a word that locks it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, changes, personas
from accounts.contacts import rating, taking
from accounts.contacts.fields import Row, Wrong, check
from accounts.contacts.known import CONFIRMED, LIKELY
from accounts.models import Account, Contact, ContactChange, Member, Persona, RoleWord
from accounts.refused import Refused

#: How long a change can be undone.
UNDO = dt.timedelta(minutes=15)
#: The columns that a change sets.
_CHANGED = ("email", "name", "title", "phone", "source", "account_id", "department", "seniority", "persona_id")
#: What `seen` has marks of, in their order.
SEEN = ("email", "name", "title", "phone", "source", "account", "role")
#: What a member says of a contact.
SAID = ("email", "name", "title", "phone", "company", "domain", "role", "source")


class StaleError(Exception):
    """Somebody changed the contact since it was looked at; `contact` is as it is now."""

    def __init__(self, contact: Contact) -> None:
        super().__init__(contact.pk)
        self.contact = contact


@dataclass(frozen=True)
class Change:
    """`undo`: what `undo_change` takes for a quarter of an hour. It says nothing of the contact."""

    contact: Contact
    undo: str


def seen(contact: Contact) -> str:
    """Stands for all that a member can change of a contact, as it is now: a mark for each of `SEEN`. One query."""
    word = rating.standing(contacts=[contact.pk]).get(("contact", contact.pk))
    human = word if word is not None and word.source == RoleWord.By.HUMAN else None
    told = [contact.email, contact.name, contact.title, contact.phone, contact.source, str(contact.account_id)]
    return "_".join(map(mark, [*told, role_words(human.role, human.confidence) if human else ""]))


def mark(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:12]


def role_words(role: str, confidence: float) -> str:
    """What `seen` marks of a member's word."""
    return f"{role} {confidence:.2f}" if role else ""


@transaction.atomic
def add(*, member: Member, said: Mapping[str, str], is_sure: bool = False) -> Contact:
    """A person who does not use the product, at the account of their e-mail's domain, or of the company's domain.

    Somebody who does use it is linked to that person. `said`: any of `SAID`; `is_sure`: the role is known, not thought. Raises
    `Refused` naming the field.
    """
    row = _row(said)
    if not row.name:
        raise Refused("name", _("Say who it is."))
    _ensure_new(row.email)
    confidence = CONFIRMED if is_sure else LIKELY
    row = replace(row, role_said=bool(row.role))
    try:
        with transaction.atomic():
            taking.take([row], member=member, source=_("by hand"), by=RoleWord.By.HUMAN, confidence=confidence)
    except IntegrityError:  # of two clicks one adds them
        raise Refused("email", _("Somebody has just added this contact.")) from None
    made = Contact.objects.select_related("account", "user").get(email=row.email)
    if row.role_said:
        _note(made, member, row.role)
    return made


@transaction.atomic
def change(
    *, contact_id: int, member: Member, said: Mapping[str, str], is_sure: bool = False, last_seen: str = ""
) -> Change:
    """Says all of a contact anew; what is empty becomes empty. Another address moves them to its account.

    Without a role the member's word is withdrawn, and the CRM's or the title's counts again. `last_seen`: the contact's `seen` when
    the member looked; empty: whatever it is now. Raises `Contact.DoesNotExist`, `StaleError` and `Refused` naming the field.
    """
    if _needs_loader(contact_id, said):
        taking.wait_for_loader()
    contact = Contact.objects.select_for_update().get(pk=contact_id, removed_at=None)
    if last_seen and last_seen != seen(contact):
        raise StaleError(contact)
    was = {name: getattr(contact, name) for name in _CHANGED}
    made: list[int] = []
    row = _row(said)
    if not row.name:
        raise Refused("name", _("Say who it is."))
    touched = {contact.account_id} if contact.account_id else set()
    if row.email != contact.email:
        _ensure_new(row.email)
        if Contact.objects.filter(email=row.email).exists():
            raise Refused("email", _("A contact of this address was taken away before: add them anew instead."))
        contact.email = row.email
        if taking.domain_of(row):
            contact.account_id, made = taking.account_of(row)
    elif contact.account_id is None or row.domain:
        account_id, made = taking.account_of(row)
        contact.account_id = account_id or contact.account_id
    personas.refresh()
    department, seniority = rating.said_outright(contact)
    contact.name, contact.title, contact.phone = row.name, row.title, row.phone
    contact.source = row.source or contact.source
    contact.department = contact.seniority = ""
    of_account = Account.objects.filter(pk=contact.account_id) if contact.account_id else Account.objects.none()
    size = of_account.values_list("employees", flat=True).first()
    rating.profile(contact, department, seniority, employees=size)
    new_words, old_words = say_role(contact, member, row.role, CONFIRMED if is_sure else LIKELY)
    if contact.user_id and (new_words or old_words):
        touched |= taking.rate_people({contact.user_id})
    _keep(contact, touched)
    done = {"made": made, "new_words": new_words, "old_words": old_words}
    kept = ContactChange.objects.create(contact=contact, was=was, became=seen(contact), done=done)
    return Change(contact, kept.key)


def _needs_loader(contact_id: int, said: Mapping[str, str]) -> bool:
    """Whether an account may have to be made for what is said of the contact, or a person of the product be rated."""
    known = Contact.objects.filter(pk=contact_id).first()
    if known is None:
        return False
    is_elsewhere = known.email != said.get("email") or known.account_id is None or bool(said.get("domain"))
    return is_elsewhere or known.user_id is not None


@transaction.atomic
def undo_change(*, contact_id: int, token: str) -> Contact:
    """The contact as before a change, unless somebody changed it since. Raises `Contact.DoesNotExist` and `Refused` (token)."""
    is_key = token.isascii() and token.isprintable()
    known = ContactChange.objects.select_related("contact")
    kept = known.filter(key=token, contact=contact_id).first() if is_key else None
    if kept is not None and (kept.done["made"] or kept.contact.user_id):
        taking.wait_for_loader()
    contact = Contact.objects.select_for_update().get(pk=contact_id, removed_at=None)
    if kept is None:
        raise Refused("token", _("This undoes no change, or one of more than a quarter of an hour ago."))
    if timezone.now() - kept.made_at > UNDO:
        raise Refused("token", _("A change can be undone for a quarter of an hour, and that has passed."))
    if kept.became != seen(contact):
        raise Refused("token", _("Somebody has changed %(name)s since. Nothing was undone.") % {"name": contact})
    touched = {contact.account_id} if contact.account_id else set()
    for name, value in kept.was.items():
        setattr(contact, name, value)
    # Its account may have been merged or forgotten meanwhile, its persona taken away.
    account = Account.objects.filter(pk=contact.account_id or 0).values_list("pk", "merged_into").first()
    contact.account_id = (account[1] or account[0]) if account else None
    if not Persona.objects.filter(pk=contact.persona_id or 0).exists():
        contact.persona_id = None
    RoleWord.objects.filter(pk__in=kept.done["new_words"]).update(withdrawn_at=timezone.now())
    _words_about(contact).filter(pk__in=kept.done["old_words"]).update(withdrawn_at=None)
    personas.refresh()
    if contact.user_id and (kept.done["new_words"] or kept.done["old_words"]):
        touched |= taking.rate_people({contact.user_id})
    _keep(contact, touched)
    taking.forget_empty(kept.done["made"])
    kept.delete()
    return contact


def forget_changes() -> None:
    """What cannot be undone any more is nobody's business."""
    ContactChange.objects.filter(made_at__lt=timezone.now() - UNDO).delete()


def _keep(contact: Contact, touched: set[int]) -> None:
    rating.settle([contact])
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError:
        raise Refused("email", _("Somebody has just added this contact.")) from None
    changes.mark(touched | ({contact.account_id} if contact.account_id else set()), urgent=True)


@transaction.atomic
def remove(*, contact_id: int) -> Contact:
    """Takes a contact away; also the undo of `add`. Raises `Contact.DoesNotExist`."""
    return _put(contact_id, away=True)


@transaction.atomic
def put_back(*, contact_id: int) -> Contact:
    """The undo of `remove`. Raises `Contact.DoesNotExist`."""
    return _put(contact_id, away=False)


def _put(contact_id: int, *, away: bool) -> Contact:
    contact = Contact.objects.select_for_update().get(pk=contact_id)
    if (contact.removed_at is not None) != away:
        contact.removed_at = timezone.now() if away else None
        contact.save(update_fields=["removed_at"])
        changes.mark([contact.account_id] if contact.account_id else [], urgent=True)
    return contact


def say_role(contact: Contact, member: Member, role: str, confidence: float) -> tuple[list[int], list[int]]:
    """Keeps the member's word about the role, unless it says what stands already; without a role withdraws what members said.

    Answers the new words and the withdrawn ones. The caller holds the contact's row, and settles the role after it.
    """
    word = rating.standing(contacts=[contact.pk]).get(("contact", contact.pk))
    human = word if word is not None and word.source == RoleWord.By.HUMAN else None
    if (human.role, human.confidence) == (role, confidence) if human else not role:
        return [], []
    of_members = _words_about(contact).filter(source=RoleWord.By.HUMAN, withdrawn_at=None)
    gone = list(of_members.values_list("pk", flat=True))
    of_members.update(withdrawn_at=timezone.now())
    made = []
    if role:
        who = {"user_id": contact.user_id} if contact.user_id else {"contact": contact}
        by = RoleWord.By.HUMAN
        made = [RoleWord.objects.create(**who, role=role, confidence=confidence, source=by, by=member).pk]
    _note(contact, member, role)
    return made, gone


def _words_about(contact: Contact) -> QuerySet[RoleWord]:
    """Who uses the product is spoken of as that person."""
    return RoleWord.objects.filter(Q(contact=contact) | Q(user=contact.user_id, user__isnull=False))


def _note(contact: Contact, member: Member, role: str) -> None:
    """Each word has an entry in the audit log, as those of `accounts.roles`."""
    audit.record(
        "role.say" if role else "role.withdraw",
        by=member,
        subject="product_user" if contact.user_id else "contact",
        subject_id=contact.user_id or contact.pk,
        role=role,
        source=RoleWord.By.HUMAN,
    )


def _row(said: Mapping[str, str]) -> Row:
    found = check(0, {name: said.get(name, "") for name in SAID})
    if isinstance(found, list):
        raise as_refused(found[0])
    return found


def as_refused(wrong: Wrong) -> Refused:
    return Refused(wrong.field, wrong.words[:1].upper() + wrong.words[1:])


def _ensure_new(email: str) -> None:
    known = Contact.objects.filter(email=email, removed_at=None).select_related("account").first()
    if known is None:
        return
    if known.account is not None:
        words = _("%(name)s is a contact of %(account)s already.") % {"name": known, "account": known.account.name}
    else:
        words = _("%(name)s is a contact already.") % {"name": known}
    raise Refused("email", words)
