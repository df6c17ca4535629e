"""Undo: an item is again as it was before a verb, by whoever did it, within a quarter of an hour.

Possible while nothing else happened to the item. What routing and clocks wrote down meanwhile (a mark, a raised hand, a missed
time) is no obstacle, nor is what was undone itself: so a chain of verbs can be taken back one by one.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import DateTimeField
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Member
from playbooks import owing
from playbooks.models import QueueItem, QueueItemEvent
from playbooks.plays import closing
from playbooks.verbs import acting
from playbooks.verbs.acting import KEPT, Act, Many, Outcome
from playbooks.verbs.transitions import LEFT, NEW

UNDO_MINUTES = 15
Told = QueueItemEvent.Verb
#: Nobody's doing, or with a way back of its own: nothing that an undo would take back in silence.
NO_OBSTACLE = (
    *(Told.MARKED, Told.UNMARKED, Told.HAND_RAISED, Told.MISSED, Told.UNDONE),
    *(Told.PROGRESSED, Told.CONTACT),
)


def undo(*, event_id: int, member: Member) -> Outcome:
    """Takes back what one event tells.

    Reasons for losing: not_yours, late, undone, moved_on, open (another open item came), opened_taken (the motion that it was
    returned to works on it). Raises `QueueItemEvent.DoesNotExist`, and `PermissionDenied` when the member does not work the motion.
    """
    outcomes = _undo(list(QueueItemEvent.objects.filter(pk=event_id)), member)
    if not outcomes:
        raise QueueItemEvent.DoesNotExist
    return outcomes[0]


def undo_batch(*, batch: uuid.UUID, member: Member) -> Many:
    """Takes back all that was done at once, as far as each item can be. Raises as `undo` does."""
    events = list(QueueItemEvent.objects.filter(batch=batch, before__isnull=False))
    if not events:
        raise QueueItemEvent.DoesNotExist
    result = Many(batch)
    for outcome in _undo(events, member):
        if outcome.won:
            result.won.append(outcome.item.pk)
        else:
            result.lost[outcome.item.pk] = outcome
    return result


@transaction.atomic
def _undo(events: Sequence[QueueItemEvent], member: Member) -> list[Outcome]:
    opened_ids = {event.before["opened"] for event in events if event.before and "opened" in event.before}
    # With the items that were opened by it, in the one order of all locks.
    items = {item.pk: item for item in acting.locked({event.item_id for event in events} | opened_ids)}
    now = timezone.now()
    # Again, now that nobody else can write to them.
    fresh = QueueItemEvent.objects.in_bulk([event.pk for event in events])
    since = min((event.at for event in events), default=now)
    happened = _happened(items, since)
    reasons: dict[int, str] = {}
    acts: dict[int, Act] = {}
    for event in sorted(fresh.values(), key=lambda event: event.item_id):
        item = items[event.item_id]
        if not access.can(member, "work", item):
            raise PermissionDenied
        reason = _refusal(event, member, now, happened) or _opened_refusal(event, items, happened)
        if reason:
            reasons[item.pk] = reason
        else:
            acts[item.pk] = _restored(item, event, now)
    for act, event_id in acting.write(list(acts.values()), Told.UNDONE, now=now, member=member, can_be_undone=False):
        if event_id is None:
            reasons[act.item.pk] = "open"
            del acts[act.item.pk]
    done = [event for event in fresh.values() if event.item_id in acts]
    for event in done:
        _close_opened(event, items, now)
    # A claim that came with a play takes the play back with it.
    with_play = [event.item_id for event in done if "play_use" in (event.before or {})]
    closing.end(with_play, closing.UNDONE, now)
    QueueItemEvent.objects.filter(pk__in=[event.pk for event in done]).update(undone_at=now)
    again = acting.read(acts.keys() | reasons.keys())
    return [Outcome(pk in acts, again[pk], reasons.get(pk, "")) for pk in sorted(again)]


def _happened(items: dict[int, QueueItem], since: dt.datetime) -> dict[int, list[QueueItemEvent]]:
    found: dict[int, list[QueueItemEvent]] = {}
    events = QueueItemEvent.objects.filter(item__in=items.keys(), at__gte=since, undone_at=None)
    for event in events.exclude(verb__in=NO_OBSTACLE).only("item_id", "at", "verb"):
        found.setdefault(event.item_id, []).append(event)
    return found


def _refusal(event: QueueItemEvent, member: Member, now: dt.datetime, happened: dict[int, list[QueueItemEvent]]) -> str:
    if event.undone_at is not None:
        return "undone"
    if event.actor_id != member.pk or event.before is None:
        return "not_yours"
    if now - event.at > dt.timedelta(minutes=UNDO_MINUTES):
        return "late"
    # Events of one moment were written by one verb.
    later = (one for one in happened.get(event.item_id, []) if one.pk > event.pk and one.at != event.at)
    return "moved_on" if any(later) else ""


def _opened(event: QueueItemEvent, items: dict[int, QueueItem]) -> QueueItem | None:
    """The item that `give_back` opened in the other motion, or left its note on."""
    return items.get((event.before or {}).get("opened", 0))


def _opened_refusal(
    event: QueueItemEvent, items: dict[int, QueueItem], happened: dict[int, list[QueueItemEvent]]
) -> str:
    opened = _opened(event, items)
    if opened is None or (event.before or {})["opened_note"] is not None:
        return ""
    others = any(one.at != event.at for one in happened.get(opened.pk, []))
    return "opened_taken" if opened.state != NEW or others else ""


def _close_opened(event: QueueItemEvent, items: dict[int, QueueItem], now: dt.datetime) -> None:
    """Takes back what `give_back` did in the other motion."""
    opened, before = _opened(event, items), event.before or {}
    if opened is None:
        return
    if before["opened_note"] is None:  # it was opened by this
        opened.state, opened.closed_at = LEFT, now
        owing.after(opened, "closed", now)
        QueueItemEvent.objects.create(item=opened, at=now, verb=Told.LEFT, detail=_("The hand-over was undone"))
    else:
        opened.handover = opened.handover.removesuffix(before["opened_told"]).rstrip("\n")
    opened.updated_at = now
    if not opened.is_open:
        closing.end([opened.pk], closing.CLOSED, now)
    opened.save(update_fields=["state", "closed_at", "handover", "updated_at", *owing.COLUMNS])


def _restored(item: QueueItem, event: QueueItemEvent, now: dt.datetime) -> Act:
    act = Act(item, {name: getattr(item, name) for name in KEPT}, detail=str(Told(event.verb).label))
    for name, value in (event.before or {}).items():
        if name in KEPT:
            is_moment = isinstance(QueueItem._meta.get_field(name.removesuffix("_id")), DateTimeField) and value
            setattr(item, name, dt.datetime.fromisoformat(value) if is_moment else value)
    if item.is_open and item.last_touched_at is not None and item.last_touched_at > event.at:
        owing.after(item, "touched", item.last_touched_at)  # what was owed then has been done since
    if item.state == NEW and item.mark and not item.returned_from:
        # Nobody has it and it no longer qualifies: it leaves, as a released one does.
        item.state, item.closed_at = LEFT, now
        owing.after(item, "closed", now)
        act.also.append((Told.LEFT, item.mark))
    return act
