"""The verbs of queue items: what a member, or a rule, does with one.

The table of `transitions` says from which state to which and who may; `acting` does it. Losing is an ordinary
outcome that says why. All raise `QueueItem.DoesNotExist`, `PermissionDenied` when the member does not work the item's motion, and
`Refused` naming the field for bad input; then nothing was changed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Member
from playbooks import handover, owing
from playbooks.assignment import news as telling
from playbooks.models import Closing, Notification, QueueItem, QueueItemEvent, Reason
from playbooks.refused import Refused
from playbooks.telling import notifications
from playbooks.verbs import acting, cooling, reasons
from playbooks.verbs.acting import ALREADY, MOST, Act, Many, Outcome
from playbooks.verbs.transitions import CLAIMED, DISQUALIFIED, DONE, LEFT, NEW, RETURNED, SNOOZED
from playbooks.verbs.words import in_words, until_in_words

__all__ = [
    "MOST",
    "Many",
    "Outcome",
    "Refused",
    "assign",
    "awake",
    "claim",
    "disqualify",
    "finish",
    "give_back",
    "hand_to",
    "in_words",
    "many",
    "pool",
    "release",
    "reopen",
    "snooze",
    "wake",
]

Told = QueueItemEvent.Verb
#: `was` of `assign`: whoever has the item.
ANYBODY = -1
WORDS, NOTE = 300, 1_000
LONGEST_SLEEP = dt.timedelta(days=366)


def claim(*, item_id: int, member: Member) -> Outcome:
    """Makes the member the owner of a new item. What is one's own already is won again, without an event."""
    return _one(_claim([item_id], member=member))


def release(*, item_id: int, member: Member | None, because: str = "") -> Outcome:
    """Gives a claimed or sleeping item back to its queue; `member` none: by a rule, which says why. A marked one leaves with it."""
    return _one(_release([item_id], member=member, because=because))


def pool(*, item_ids: Sequence[int], because: str) -> list[Outcome]:
    """The same by a rule, for several: it says why."""
    return _release(item_ids, member=None, because=because)


def snooze(*, item_id: int, member: Member, until: dt.datetime | None, on_signal: bool = True) -> Outcome:
    """Puts the item to sleep until a moment within a year, or (`until` none) until a strong signal. It is the member's then.

    `on_signal`: a strong signal wakes it before. Asleep already, it gets the new date.
    """
    return _one(_snooze([item_id], member=member, until=until, on_signal=on_signal))


def wake(*, item_id: int, member: Member) -> Outcome:
    """Wakes an item by hand: claimed again."""
    return _one(_wake([item_id], member=member))


def finish(*, item_id: int, member: Member, outcome: str, words: str = "") -> Outcome:
    """Closes the item as done, with a `Closing`. The account cools down; won, a meeting or an opportunity teach backtests."""
    return _one(_finish([item_id], member=member, outcome=outcome, words=words))


def disqualify(*, item_id: int, member: Member, reason: str, words: str = "") -> Outcome:
    """Closes the item as wrong, with a `Reason`. Something else needs words; so does bad timing, which is better snoozed."""
    return _one(_disqualify([item_id], member=member, reason=reason, words=words))


def give_back(*, item_id: int, member: Member, to: str, words: str = "") -> Outcome:
    """Closes the item as returned and opens one in the motion `to`, with the words as a handover note.

    When the account has an open item there, that one gets the note.
    """
    return _one(_give_back([item_id], member=member, to=to, words=words))


def assign(
    *, item_id: int, to: Member, because: str, member: Member | None = None, was: int | None = ANYBODY
) -> Outcome:
    """Makes `to` the owner and says why. `member` none: by a rule, which may take it from anybody.

    With `was` (the owner's id as it was read, none: nobody) the item is taken only while that is so: else the reason is `taken`.
    """
    return _one(_assign([item_id], to=to, because=because, member=member, was=was))


def reopen(*, item_id: int, member: Member) -> Outcome:
    """Opens a closed item again, as the member's; unless the account has another open item in this motion (reason `open`)."""
    return _one(_reopen([item_id], member=member))


def many(
    verb: str | Callable[..., Any], *, item_ids: Sequence[int], member: Member, most: int = MOST, **fields: Any
) -> Many:
    """A verb on at most 200 (`most`) items, in one transaction: `many("snooze", item_ids=…, member=…, until=…)`.

    `undo.undo_batch` takes back all that was won. Raises `Refused`, also for too many.
    """
    name = verb if isinstance(verb, str) else verb.__name__
    wanted = sorted(set(item_ids))
    if len(wanted) > most:
        raise Refused("items", _("At most %(most)d at once.") % {"most": most})
    batch = uuid.uuid7() if hasattr(uuid, "uuid7") else uuid.uuid4()
    result = Many(batch)
    for outcome in _ACTS[name](wanted, member=member, batch=batch, **fields):
        if outcome.won:
            result.won.append(outcome.item.pk)
        else:
            result.lost[outcome.item.pk] = outcome
    return result


def _one(outcomes: list[Outcome]) -> Outcome:
    if not outcomes:
        raise QueueItem.DoesNotExist
    return outcomes[0]


# What each verb changes ----------------------------------------------------------------------------------------------


def _claim(item_ids: Sequence[int], *, member: Member, batch: uuid.UUID | None = None) -> list[Outcome]:
    def change(act: Act, now: dt.datetime) -> None:
        _own(act.item, member, now)
        owing.after(act.item, "claimed", now)

    def check(item: QueueItem) -> str:
        return ALREADY if item.state == CLAIMED and item.owner_id == member.pk else ""

    return acting.perform(
        "claim", Told.CLAIMED, item_ids=item_ids, member=member, change=change, check=check, batch=batch
    )


def _release(
    item_ids: Sequence[int], *, member: Member | None, batch: uuid.UUID | None = None, because: str = ""
) -> list[Outcome]:
    def change(act: Act, now: dt.datetime) -> None:
        item, act.detail = act.item, because
        _unown(item)
        if item.mark and not item.returned_from:
            item.state, item.closed_at, item.closed_by = LEFT, now, None
            act.also.append((Told.LEFT, item.mark))
            owing.after(item, "closed", now)
        else:
            item.state = NEW
            owing.after(item, "entered", now)

    return acting.perform("release", Told.RELEASED, item_ids=item_ids, member=member, change=change, batch=batch)


def _snooze(
    item_ids: Sequence[int],
    *,
    member: Member,
    until: dt.datetime | None,
    on_signal: bool = True,
    batch: uuid.UUID | None = None,
) -> list[Outcome]:
    if until is None and not on_signal:
        raise Refused("until", _("Choose a date, or let a signal wake it."))
    if until is not None:
        now = timezone.now()
        if timezone.is_naive(until):
            until = timezone.make_aware(until)
        if until <= now:
            raise Refused("until", _("That is in the past."))
        if until > now + LONGEST_SLEEP:
            raise Refused("until", _("At most a year ahead."))

    def change(act: Act, now: dt.datetime) -> None:
        item = act.item
        if item.state == NEW:
            _own(item, member, now)
        item.state, item.snoozed_at, item.snoozed_score = SNOOZED, now, item.score
        item.snoozed_until, item.wakes_on_signal = until, on_signal
        item.woke_at, item.woke_because = None, ""
        act.detail = until_in_words(until, on_signal)
        owing.after(item, "closed", now)

    return acting.perform("snooze", Told.SNOOZED, item_ids=item_ids, member=member, change=change, batch=batch)


def _wake(item_ids: Sequence[int], *, member: Member, batch: uuid.UUID | None = None) -> list[Outcome]:
    def change(act: Act, now: dt.datetime) -> None:
        awake(act.item, now, "")

    return acting.perform("wake", Told.WOKE, item_ids=item_ids, member=member, change=change, batch=batch)


def _finish(
    item_ids: Sequence[int], *, member: Member, outcome: str, words: str = "", batch: uuid.UUID | None = None
) -> list[Outcome]:
    if outcome not in Closing.values:
        raise Refused("outcome", _("Choose what came of it."))
    words = _said(words)

    def change(act: Act, now: dt.datetime) -> None:
        act.item.outcome = outcome
        act.detail = _with_words(reasons.label(outcome), words)
        _close(act.item, DONE, outcome, words, member, now)

    return acting.perform("finish", Told.DONE, item_ids=item_ids, member=member, change=change, batch=batch)


def _disqualify(
    item_ids: Sequence[int], *, member: Member, reason: str, words: str = "", batch: uuid.UUID | None = None
) -> list[Outcome]:
    if reason not in Reason.values:
        raise Refused("reason", _("Choose a reason."))
    words = _said(words)
    meaning = reasons.MEANINGS[reason]
    if meaning.needs_words and not words:
        raise Refused("words", _("Say in a few words what is wrong."))
    if meaning.proposes and not words:
        raise Refused(
            "reason",
            _("Bad timing is what snoozing is for: choose a day and it comes back. To close it anyway, add why."),
        )

    def change(act: Act, now: dt.datetime) -> None:
        act.item.reason = reason
        act.detail = _with_words(reasons.label(reason), words)
        _close(act.item, DISQUALIFIED, reason, words, member, now)

    return acting.perform("disqualify", Told.DISQUALIFIED, item_ids=item_ids, member=member, change=change, batch=batch)


def _give_back(
    item_ids: Sequence[int], *, member: Member, to: str, words: str = "", batch: uuid.UUID | None = None
) -> list[Outcome]:
    if to not in access.WORKERS:
        raise Refused("to", _("Choose sales, success or marketing."))
    words = _said(words, NOTE)

    def check(item: QueueItem) -> str:
        if item.motion == to:
            raise Refused("to", _("It is in that queue already: choose another one."))
        return ""

    def change(act: Act, now: dt.datetime) -> None:
        item = act.item
        opened = handover.open_in(item, to, words=words, member=member, now=now)
        act.more = {"opened": opened.item_id, "opened_note": opened.note_before, "opened_told": opened.told}
        act.detail = _with_words(_("to %(motion)s") % {"motion": handover.label(to)}, words)
        item.returned_to = to
        _close(item, RETURNED, reasons.RETURNED, words[:WORDS], member, now)

    return acting.perform(
        "give_back",
        Told.RETURNED,
        item_ids=item_ids,
        member=member,
        change=change,
        check=check,
        batch=batch,
        beside=to,
    )


def _assign(
    item_ids: Sequence[int],
    *,
    to: Member,
    because: str,
    member: Member | None = None,
    was: int | None = ANYBODY,
    batch: uuid.UUID | None = None,
) -> list[Outcome]:
    because = _said(" ".join(because.split()), field="because")
    news: list[Notification] = []

    def check(item: QueueItem) -> str:
        if not access.can(to, "work", item):
            raise Refused("to", _("%(member)s does not work this queue.") % {"member": to})
        if item.state == CLAIMED and item.owner_id == to.pk:
            return ALREADY
        return "taken" if was != ANYBODY and item.owner_id != was else ""

    def change(act: Act, now: dt.datetime) -> None:
        by = _("%(member)s assigned it") % {"member": member} if member else ""
        if act.item.owner_id not in (None, member and member.pk):
            news.append(telling.taken(act.item, act.item.owner_id, because or by, now))
        hand_to(act, to, because or by, now)
        act.detail = _with_words(_("to %(member)s") % {"member": to}, because)
        if to != member:
            news.extend(telling.assigned([act.item]))

    with transaction.atomic():
        outcomes = acting.perform(
            "assign", Told.ASSIGNED, item_ids=item_ids, member=member, change=change, check=check, batch=batch
        )
        notifications.tell_all(news)
    return outcomes


def _reopen(item_ids: Sequence[int], *, member: Member, batch: uuid.UUID | None = None) -> list[Outcome]:
    def change(act: Act, now: dt.datetime) -> None:
        item = act.item
        act.detail = reasons.label(closing) if (closing := cooling.closing_of(item)) else ""
        _own(item, member, now)
        item.closed_at, item.closed_by, item.cool_until = None, None, None
        item.outcome = item.reason = item.reason_words = item.returned_to = ""
        owing.after(item, "claimed", now)

    return acting.perform("reopen", Told.REOPENED, item_ids=item_ids, member=member, change=change, batch=batch)


_ACTS: dict[str, Callable[..., list[Outcome]]] = {
    "claim": _claim,
    "release": _release,
    "snooze": _snooze,
    "wake": _wake,
    "finish": _finish,
    "disqualify": _disqualify,
    "give_back": _give_back,
    "assign": _assign,
    "reopen": _reopen,
}


# Parts of them -------------------------------------------------------------------------------------------------------


def hand_to(act: Act, to: Member, because: str, now: dt.datetime) -> None:
    """Makes `to` the owner of the item in hand, and says why."""
    _own(act.item, to, now)
    act.item.assigned_at, act.item.assigned_because = now, because[:WORDS]
    act.detail = _with_words(_("to %(member)s") % {"member": to}, because)
    owing.after(act.item, "claimed", now)


def _own(item: QueueItem, member: Member, now: dt.datetime) -> None:
    item.state, item.owner, item.claimed_at = CLAIMED, member, now
    item.assigned_at, item.assigned_because = None, ""
    _rise(item)
    item.woke_at, item.woke_because = None, ""


def _unown(item: QueueItem) -> None:
    item.owner, item.claimed_at = None, None
    item.assigned_at, item.assigned_because = None, ""
    _rise(item)
    item.woke_at, item.woke_because = None, ""


def _rise(item: QueueItem) -> None:
    item.snoozed_at, item.snoozed_until, item.snoozed_score, item.wakes_on_signal = None, None, None, True


def awake(item: QueueItem, now: dt.datetime, because: str) -> None:
    """Sets a sleeping item to claimed; `because` says which signal did it. The caller saves."""
    _rise(item)
    item.state, item.woke_at, item.woke_because = CLAIMED, now, because[:200]
    owing.after(item, "woke", now)


def _close(item: QueueItem, state: str, closing: str, words: str, member: Member, now: dt.datetime) -> None:
    _rise(item)
    item.state, item.closed_at, item.closed_by, item.reason_words = state, now, member, words
    item.cool_until = cooling.until(item.motion, closing, now)
    owing.after(item, "closed", now)


def _said(words: str, most: int = WORDS, *, field: str = "words") -> str:
    words = words.strip()
    if len(words) > most:
        raise Refused(field, _("At most %(n)d characters.") % {"n": most})
    if "\x00" in words:
        raise Refused(field, _("Holds a character that cannot be stored."))
    return words


def _with_words(label: str, words: str) -> str:
    return f"{label}: {words}" if words else label
