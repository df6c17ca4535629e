"""Who can buy, in one line: a name with role and confidence, or what is not known."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.evidence import CONFIRMED
from accounts.models import Contact, ProductUser
from playbooks.models import QueueItem
from scoring.models import BuyerState


@dataclass(frozen=True)
class Buying:
    """`icon` names a symbol; without a `name` the `words` say what is unknown."""

    icon: str
    words: str
    name: str = ""
    title: str = ""


def buyer(item: QueueItem) -> Buying:
    """The buyer of a queue item that was read by `for_rows`."""
    if item.buyer is not None:
        words = _confidence(item.buyer)
        if item.champion_id == item.buyer_id:
            words = _("%(buyer)s, also champion") % {"buyer": words}
        return Buying("user-check", words, str(item.buyer), item.buyer.title)
    if item.buyer_contact is not None:
        contact = item.buyer_contact
        words = _("%(buyer)s, not in the product yet") % {"buyer": _confidence(contact)}
        return Buying("user-check", words, str(contact), contact.title)
    return Buying(
        *unknown(item.buyer_state, getattr(item, "profiled_people", None), getattr(item, "active_people", None))
    )


def champion(item: QueueItem) -> Buying | None:
    """The champion, unless the line of the buyer names the same person."""
    if item.champion is None or item.champion_id == item.buyer_id:
        return None
    return Buying("user-star", _("champion"), str(item.champion), item.champion.title)


def unknown(state: str, profiled: str | float | None, active: str | float | None) -> tuple[str, str]:
    """Icon and words where no buyer can be named. The counts are features, as numbers or their text."""
    if state == BuyerState.NONE:
        return "user-off", _("no buyer yet")
    if active is None or not float(active):
        return "user-question", _("buyer unknown")
    return "user-question", _("buyer unknown: %(known)d of %(all)d active people profiled") % {
        "known": float(profiled or 0),
        "all": float(active),
    }


def _confidence(person: ProductUser | Contact) -> str:
    """By the person: the account's buyer who is confirmed may be another one."""
    if person.buying_confidence >= CONFIRMED:
        return _("buyer confirmed")
    return _("likely buyer %(share)d\u00a0%%") % {"share": round(person.buying_confidence * 100)}
