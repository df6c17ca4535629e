"""What a queue item's state is called on screen: due, missed, asleep, back, too early, closed. Values only, no query."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playbooks.assignment import sla as owed
from playbooks.models import Motion, QueueItem
from playbooks.verbs import early, reasons

State = QueueItem.State


@dataclass(frozen=True)
class Chip:
    """`tag` is a colour of app.css. The words say it all; `title` says more on hover.

    In `said` stands `%(moment)s` for the moment `at`. It is written only when the title is read: a row that was drawn before
    needs none.
    """

    tag: str
    icon: str
    words: str
    said: str = ""
    at: dt.datetime | None = None

    @property
    def title(self) -> str:
        return self.said if self.at is None else self.said % {"moment": moment(self.at)}


def is_blind(item: QueueItem) -> bool:
    """Whether its score is kept from the rep: an audit's, until it is closed and asked about."""
    return item.is_audit and item.is_open


def early_until(item: QueueItem, days: int) -> dt.date | None:
    """The day from which outreach is right, with the `days` of its motion; none: it is so already."""
    return early.ends_on(item, days=days) if item.is_open else None


def sla(item: QueueItem, now: dt.datetime) -> Chip | None:
    """What the owner, or the queue, owes: when it is due, that it is nearly late, or by how much it is."""
    if item.due_at is None or not item.is_open:
        return None
    what = owed.words(item) or _("An answer")
    title = _("%(what)s: due %(moment)s") % {"what": what.replace("%", "%%"), "moment": "%(moment)s"}
    if item.breached_at or item.due_at <= now:
        return Chip("red", "alert", _("missed by %(time)s") % {"time": span(now - item.due_at)}, title, item.due_at)
    words = _("due in %(time)s") % {"time": span(item.due_at - now)}
    if item.warn_at and item.warn_at <= now:
        return Chip("yellow", "clock", words, title, item.due_at)
    return Chip("plain", "clock", words, title, item.due_at)


def chips(item: QueueItem, now: dt.datetime, *, early_until: dt.date | None = None) -> tuple[Chip, ...]:
    """The states of an item beside its times to answer, the pressing ones first."""
    found: list[Chip] = []
    if not item.is_open:
        return (closed(item),)
    if item.step_due_at and item.step_due_at < now:
        words = _("step overdue by %(time)s") % {"time": span(now - item.step_due_at)}
        found.append(Chip("red", "alert", words, "%(moment)s", item.step_due_at))
    if item.state == State.SNOOZED:
        found.append(asleep(item))
    elif item.woke_at:
        because = item.woke_because or _("its day has come")
        found.append(
            Chip("yellow", "refresh", _("back: %(because)s") % {"because": because}, "%(moment)s", item.woke_at)
        )
    if item.look_again:
        found.append(Chip("yellow", "help", _("look again?"), item.look_again))
    if early_until is not None:
        words = _("too early until %(day)s") % {"day": day(early_until)}
        found.append(Chip("grey", "lock", words, _("A fresh sign-up: no outreach in its first days.")))
    return tuple(found)


def asleep(item: QueueItem) -> Chip:
    if item.snoozed_until is None:
        return Chip("grey", "moon", _("asleep until a strong signal"))
    until = moment(item.snoozed_until)
    title = _("A strong signal wakes it before") if item.wakes_on_signal else ""
    return Chip("grey", "moon", _("asleep until %(moment)s") % {"moment": until}, title)


def closed(item: QueueItem) -> Chip:
    """`"Won"`, `"Disqualified: Too small"`, `"Returned to Success"`, `"Left the queue"`."""
    if item.state == State.DONE:
        return Chip("green" if item.outcome == "won" else "grey", "circle-check", reasons.label(item.outcome))
    if item.state == State.DISQUALIFIED:
        words = _("Disqualified: %(reason)s") % {"reason": reasons.label(item.reason)}
        return Chip("grey", "x", words, item.reason_words)
    if item.state == State.RETURNED:
        to = str(Motion(item.returned_to).label) if item.returned_to else _("another team")
        return Chip("grey", "exchange", _("Returned to %(motion)s") % {"motion": to}, item.reason_words)
    return Chip("grey", "logout", _("Left the queue"))


def span(length: dt.timedelta) -> str:
    """`"42 min"`, `"3 hours"`, `"2 days"`; never less than a minute."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 60:
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    if minutes < 24 * 60:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def moment(value: dt.datetime) -> str:
    """`"Mon 23 Nov, 09:00"` in the member's zone."""
    return date_format(timezone.localtime(value), "D j M, H:i")


def day(value: dt.date) -> str:
    return date_format(value, "D j M")
