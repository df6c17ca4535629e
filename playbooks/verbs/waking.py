"""Sleeping items wake: when their moment has come, or before when a strong signal does. Each says why on the item."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from playbooks.assignment import policies
from playbooks.models import QueueItem, QueueItemEvent
from playbooks.telling import notifications
from playbooks.verbs import cooling, verbs

#: Items woken in one transaction.
AT_ONCE = 500
_COLUMNS = (
    *("state", "snoozed_at", "snoozed_until", "snoozed_score", "wakes_on_signal", "woke_at", "woke_because"),
    *("sla", "warn_at", "due_at", "breached_at", "updated_at"),
)


@policies.held()
@transaction.atomic
def wake_due(now: dt.datetime) -> int:
    """Wakes the items whose moment has come, the longest overdue first; how many. Those that somebody is at come next time."""
    due = QueueItem.objects.filter(state=QueueItem.State.SNOOZED, snoozed_until__lte=now).order_by("snoozed_until")
    items = list(due.select_related("account", "workspace").select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
    because = _("The day has come")
    for item in items:
        verbs.awake(item, now, because)
    write(items, now)
    QueueItemEvent.objects.bulk_create(
        QueueItemEvent(item=item, at=now, verb=QueueItemEvent.Verb.WOKE, detail=because) for item in items
    )
    notifications.tell_all(notifications.woken(items))
    return len(items)


def signal_for(item: QueueItem, signals: cooling.Signals, score: int | None) -> str:
    """The strong signal that wakes this item, in words; empty: it sleeps on, or is awake. Pure."""
    if item.state != QueueItem.State.SNOOZED or not item.wakes_on_signal or item.snoozed_at is None:
        return ""
    return cooling.strong_signal(signals, since=item.snoozed_at, score=score, score_then=item.snoozed_score)


def write(items: Sequence[QueueItem], now: dt.datetime) -> None:
    """Writes locked items that `verbs.awake` has woken. Few at a time: one statement."""
    for item in items:
        item.updated_at = now
    QueueItem.objects.bulk_update(items, _COLUMNS)
