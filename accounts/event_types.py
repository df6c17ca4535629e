"""Event types: what an event name counts as. A member's choice stands above the one by the name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import asdict, dataclass

from django.db import connection, transaction

from accounts import audit, changes
from accounts.models import EventType

WEEKS = 12


@dataclass(frozen=True)
class Kind:
    """What an event type counted as, to put it back."""

    category: str
    signal: str
    by_hand: bool


@transaction.atomic
def classify(*, event_type_id: int, category: str, signal: str, by_hand: bool = True) -> tuple[EventType, Kind]:
    """Lets an event type count as something else, and gives what it was before.

    Every account is scored again, since any may have used it; signals that were told already stay as they are. Raises
    `EventType.DoesNotExist`, and `ValidationError` naming the field.
    """
    event_type = EventType.objects.select_for_update().get(pk=event_type_id)
    before = Kind(event_type.category, event_type.signal, event_type.by_hand)
    event_type.category, event_type.signal, event_type.by_hand = category, signal, by_hand
    event_type.clean_fields(exclude=["name", "first_seen_at", "last_seen_at", "silent_since", "silence_accepted_at"])
    if (category, signal) == (before.category, before.signal) and by_hand == before.by_hand:
        return event_type, before
    event_type.save(update_fields=["category", "signal", "by_hand"])
    told = audit.changed(asdict(before), {"category": category, "signal": signal, "by_hand": by_hand})
    audit.record("event.classify", subject="event", subject_id=event_type.pk, label=event_type.name, **told)
    if (category, signal) != (before.category, before.signal):
        changes.mark_all()
    return event_type, before


def weekly(event_type_ids: Collection[int], *, until: dt.date) -> dict[int, list[int]]:
    """Volume of each event type in the 12 weeks up to `until` (included), oldest first. One query."""
    first = until - dt.timedelta(days=7 * WEEKS - 1)
    weeks = {event_type: [0] * WEEKS for event_type in event_type_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT event_type_id, (day - %s::date) / 7, sum(count) FROM accounts_usage
            WHERE day BETWEEN %s AND %s AND event_type_id = ANY(%s) GROUP BY 1, 2
            """,
            [first, first, until, list(event_type_ids)],
        )
        for event_type, week, count in cursor.fetchall():
            weeks[event_type][week] = int(count)
    return weeks
