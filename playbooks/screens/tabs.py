"""The parts of a queue: tabs with their counts, and the words for what is in them and what is not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playbooks.filters import OWN_TABS, QueueFilter
from playbooks.models import Motion


@dataclass(frozen=True)
class Tab:
    key: str
    label: str
    count: int | None
    href: str
    is_here: bool


@dataclass(frozen=True)
class Counts:
    """The words under the title and the tabs' numbers."""

    to_work: int
    mine: int
    snoozed: int
    hand_raised: int
    words: str


def counts_words(counts: dict[str, int | dt.datetime | None]) -> Counts:
    def number(name: str) -> int:
        return int(counts[name] or 0)  # type: ignore[arg-type]

    words = [
        ngettext("%(n)d to claim", "%(n)d to claim", number("unclaimed")) % {"n": number("unclaimed")},
        ngettext("%(n)d claimed by you", "%(n)d claimed by you", number("mine")) % {"n": number("mine")},
    ]
    if number("others"):
        words.append(ngettext("%(n)d by others", "%(n)d by others", number("others")) % {"n": number("others")})
    return Counts(number("to_work"), number("mine"), number("snoozed"), number("hand_raised"), " · ".join(words))


def whose(wanted: QueueFilter, path: str) -> list[Tab]:
    """Of tabs that show the member's own items: own or everybody's."""
    if wanted.tab not in OWN_TABS:
        return []
    return [
        Tab("own", _("Yours"), 0, path + wanted.query(whose=None), not wanted.whose),
        Tab("all", _("Everybody’s"), 0, path + wanted.query(whose="all"), bool(wanted.whose)),
    ]


def empty_words(wanted: QueueFilter) -> str:
    """What would bring accounts here."""
    if wanted.tab == "mine":
        return _("Claim an account under “To work” and it is yours: it stays here until you close or release it.")
    if wanted.tab == "snoozed":
        return _("Snooze an account (s) and it sleeps here until its day, or until a strong signal wakes it.")
    if wanted.tab == "closed":
        return _("What you finish, disqualify or give to another team stays here for 30 days, to be opened again.")
    if wanted.tab == "hand_raised":
        return _("When somebody asks for a demo or for sales, the account comes here at any score, newest first.")
    return {
        Motion.SALES: _("Accounts come here when their score reaches the sales threshold or somebody raises a hand."),
        Motion.SUCCESS: _(
            "Accounts come here when they are close to qualifying: in the band below the sales threshold."
        ),
        Motion.MARKETING: _("Accounts come here when they qualify by usage but none of their people can buy."),
    }[Motion(wanted.motion)]


def empty_title(wanted: QueueFilter) -> str:
    return {
        "mine": _("Nothing is yours here yet"),
        "snoozed": _("Nothing sleeps here"),
        "closed": _("Nothing was closed lately"),
        "hand_raised": _("No hand is raised"),
    }.get(wanted.tab, _("Nothing to work in this queue"))


def order_words(wanted: QueueFilter) -> str:
    if wanted.tab == "closed":
        return _("What was closed last comes first; after 30 days it is found on the account’s page.")
    if wanted.tab == "snoozed":
        return _("What wakes first comes first.")
    if wanted.motion == Motion.MARKETING:
        words = _(
            "First what to do first: raised hands (newest first), then accounts without a buyer, then score and half of "
            "the week’s gain; equal ones by time in the queue."
        )
    else:
        words = _(
            "First what to do first: raised hands (newest first), then score, half of the week’s gain and 5 for a known "
            "buyer; equal ones by time in the queue."
        )
    return _("Overdue steps first. %(words)s") % {"words": words} if wanted.tab == "mine" else words


def tabs(wanted: QueueFilter, counts: Counts, path: str) -> list[Tab]:
    told = [
        ("to_work", _("To work"), counts.to_work),
        ("mine", _("Mine"), counts.mine),
        ("snoozed", _("Snoozed"), counts.snoozed),
        ("hand_raised", _("Hand raised"), counts.hand_raised),
        ("closed", _("Closed lately"), None),
    ]
    return [
        Tab(
            key, label, count, path + wanted.query(tab=None if key == "to_work" else key, whose=None), key == wanted.tab
        )
        for key, label, count in told
    ]
