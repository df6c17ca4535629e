"""Contacts added by hand: a buyer found outside of the product. What is said of their role counts in the account's buyer state.

A few seconds later the account is routed again: with a buyer it goes to sales. Adding is taken back by `remove`.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, changes, domains, personas
from accounts.contacts import CONFIRMED, LIKELY, book, rating
from accounts.models import AccountDomain, BuyingRole, Contact, Member
from playbooks import touches
from playbooks.models import Closing, QueueItem, QueueItemEvent
from playbooks.refused import Refused
from playbooks.verbs import verbs

LENGTHS = {"name": 200, "title": 200, "source": 80}


class Doubt(Refused):
    """It may be right: said once more with `anyway`, it is done."""


@dataclass(frozen=True)
class _Said:
    name: str
    title: str
    source: str


@transaction.atomic
def add(
    *,
    item_id: int,
    member: Member,
    email: str,
    name: str,
    title: str = "",
    role: str = "",
    is_sure: bool = False,
    source: str = "",
    anyway: bool = False,
) -> Contact:
    """A person at the item's account who does not use the product.

    `is_sure`: the role is known, not thought; a buyer is confirmed then. Raises `QueueItem.DoesNotExist`, `PermissionDenied`,
    `Refused` naming the field, and `Doubt` on `email` when the address is not of the account's domains, unless `anyway`.
    """
    item = _workable(item_id, member)
    said = _Said(_line("name", name), _line("title", title), _line("source", source) or _("by hand"))
    if not said.name:
        raise Refused("name", _("Say who it is."))
    if role and role not in BuyingRole.values:
        raise Refused("role", _("Choose one of the roles."))
    address = domains.clean_email(email)
    if not address:
        raise Refused("email", _("That is no e-mail address."))
    _check_known(item, address)
    if not anyway:
        _check_domain(item, address)
    contact = _saved(item, member, address, said, role, (CONFIRMED if is_sure else LIKELY) if role else 0.0)
    told = [said.name, str(BuyingRole(role).label) if role else "", _("for sure") if role and is_sure else ""]
    _tell(item, member, ", ".join(part for part in told if part))
    return contact


@transaction.atomic
def remove(*, item_id: int, contact_id: int, member: Member) -> Contact:
    """Takes a contact away; also the undo of `add`. An item that was handed over because of it is its owner's again.

    Raises `QueueItem.DoesNotExist`, `Contact.DoesNotExist` and `PermissionDenied`.
    """
    return _put(item_id, contact_id, member, away=True)


@transaction.atomic
def put_back(*, item_id: int, contact_id: int, member: Member) -> Contact:
    """The undo of `remove`. Raises as it does."""
    return _put(item_id, contact_id, member, away=False)


def _put(item_id: int, contact_id: int, member: Member, *, away: bool) -> Contact:
    item = _workable(item_id, member)
    contact = Contact.objects.select_for_update().get(pk=contact_id, account=item.account_id)
    if (contact.removed_at is not None) == away:
        return contact
    contact.removed_at = timezone.now() if away else None
    contact.save(update_fields=["removed_at"])
    if away and _was_handed_over(item) and contact.buying_role == BuyingRole.ECONOMIC_BUYER:
        verbs.reopen(item_id=item_id, member=member)
    words = _("%(name)s taken away") if away else _("%(name)s again")
    _tell(item, member, words % {"name": contact})
    return contact


def _was_handed_over(item: QueueItem) -> bool:
    """By routing, not by a member."""
    return item.state == QueueItem.State.DONE and item.outcome == Closing.HANDED_OVER and item.closed_by_id is None


def _saved(item: QueueItem, member: Member, address: str, said: _Said, role: str, confidence: float) -> Contact:
    """What was said of the role is the member's word, which no title overrules; without one the title says what it can."""
    known = Contact.objects.select_for_update().filter(email=address).first()
    contact = known or Contact(email=address)  # known: taken away before, or without an account
    contact.account, contact.added_by, contact.removed_at = item.account, member, None
    contact.name, contact.title, contact.source = said.name, said.title or contact.title, said.source
    personas.refresh()
    rating.profile(contact, employees=item.account.employees)
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError:
        raise Refused("email", _("Somebody has just added this contact.")) from None
    book.say_role(contact, member, role, confidence)
    rating.settle([contact])
    contact.save(update_fields=["buying_role", "buying_confidence"])
    return contact


def _check_known(item: QueueItem, address: str) -> None:
    known = Contact.objects.filter(email=address, removed_at=None).select_related("account").first()
    if known is not None and known.account_id == item.account_id:
        words = _("%(name)s is a contact of this account already: take them away first to say something else.")
        raise Refused("email", words % {"name": known})
    if known is not None and known.account is not None:
        words = _("%(name)s is a contact of %(account)s.")
        raise Refused("email", words % {"name": known, "account": known.account.name})
    user = touches.people_of(item.account_id).filter(email__iexact=address).first()
    if user is not None:
        words = _("%(name)s uses the product already and is among the account’s people.")
        raise Refused("email", words % {"name": user})


def _check_domain(item: QueueItem, address: str) -> None:
    domain = domains.of_email(address)
    own = set(AccountDomain.objects.filter(account=item.account_id).values_list("domain", flat=True))
    if not own or domain in own:
        return
    at = address.rpartition("@")[2]
    if not domain:
        words = _("%(domain)s is an address for private people, not of %(account)s. Add it anyway?")
    else:
        words = _("%(domain)s is not a domain of %(account)s. Add it anyway?")
    raise Doubt("email", words % {"domain": at, "account": item.account.name})


def _tell(item: QueueItem, member: Member, words: str) -> None:
    now = timezone.now()
    QueueItemEvent.objects.create(item=item, at=now, verb=QueueItemEvent.Verb.CONTACT, actor=member, detail=words[:400])
    QueueItem.objects.filter(pk=item.pk).update(updated_at=now)
    changes.mark([item.account_id], urgent=True)


def _line(field: str, text: str) -> str:
    text = " ".join(text.split())
    if len(text) > LENGTHS[field]:
        raise Refused(field, _("At most %(n)d characters.") % {"n": LENGTHS[field]})
    if "\x00" in text:
        raise Refused(field, _("Holds a character that cannot be stored."))
    return text


def _workable(item_id: int, member: Member) -> QueueItem:
    item = QueueItem.objects.select_for_update(of=("self",)).select_related("account").get(pk=item_id)
    if not access.can(member, "work", item):
        raise PermissionDenied
    return item
