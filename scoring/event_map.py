"""The map of event types: who needs an event to come to an outcome, and who gets there once he did it.

Necessity: of the accounts with an outcome, the share that did the event on a day before it. Sufficiency: of the accounts that
did it, and had no outcome yet, the share that came to one within the horizon; only those whose horizon is over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from django.db import connection
from django.utils import timezone

from scoring import outcomes

HORIZON_DAYS = 90

_FIRST_USE = """
WITH used AS (
    SELECT u.user_id, u.workspace_id, u.event_type_id, min(u.day) AS day FROM accounts_usage u
    JOIN accounts_eventtype e ON e.id = u.event_type_id AND e.category <> 'noise' AND e.signal <> 'hand_raise'
    WHERE u.day <= %s
    GROUP BY 1, 2, 3
)
SELECT event_type_id, coalesce(w.account_id, p.account_id), min(day)
FROM used
LEFT JOIN accounts_workspace w ON w.id = used.workspace_id
LEFT JOIN accounts_productuser p ON p.id = used.user_id
WHERE coalesce(w.account_id, p.account_id) IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class EventPoint:
    """An event type on the map. Shares from 0 to 1, of so many accounts; a share of none is 0."""

    event_type_id: int
    event_type: str
    category: str
    necessity: float
    sufficiency: float
    accounts: int
    """accounts that did it"""
    positives: int
    """accounts with an outcome: what necessity is a share of"""
    positives_before: int
    """of them, those that did it before"""
    judged: int
    """accounts that did it and can be judged: what sufficiency is a share of"""
    judged_positive: int


def events_map(
    kinds: Collection[str] = outcomes.GOOD, *, until: dt.date | None = None, horizon_days: int = HORIZON_DAYS
) -> list[EventPoint]:
    """A point for every event type that somebody did, those that are both necessary and sufficient first.

    Noise is left out, and so are events that raise a hand: they are the outcome. One pass over usage up to `until` (yesterday).
    """
    until = until or timezone.now().date() - dt.timedelta(days=1)
    with_outcome, at = outcomes.of_accounts(kinds)
    came = at.astype("datetime64[D]")
    positives = int((came <= np.datetime64(until)).sum())
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_USE, [until])
        found = cursor.fetchall()
        cursor.execute("SELECT id, name, category FROM accounts_eventtype")
        types = {pk: (name, category) for pk, name, category in cursor.fetchall()}
    event = np.array([row[0] for row in found], dtype=np.int64)
    account = np.array([row[1] for row in found], dtype=np.int64)
    first = np.array([row[2] for row in found], dtype="datetime64[D]")
    day = np.full(len(account), np.datetime64("NaT"), dtype="datetime64[D]")
    place = np.searchsorted(with_outcome, account)
    has = place < len(with_outcome)
    has[has] = with_outcome[place[has]] == account[has]
    day[has] = came[place[has]]
    before = first < day  # never of a day that is not
    end = first + np.timedelta64(horizon_days, "D")
    judged = (end <= np.datetime64(until)) & (np.isnat(day) | before)
    points = []
    for pk in np.unique(event).tolist():
        of = event == pk
        needed, tried = int((of & before & (day <= np.datetime64(until))).sum()), int((of & judged).sum())
        won = int((of & judged & before & (day <= end)).sum())
        points.append(
            EventPoint(
                event_type_id=pk,
                event_type=types[pk][0],
                category=types[pk][1],
                necessity=needed / positives if positives else 0.0,
                sufficiency=won / tried if tried else 0.0,
                accounts=int(of.sum()),
                positives=positives,
                positives_before=needed,
                judged=tried,
                judged_positive=won,
            )
        )
    return sorted(points, key=lambda point: -point.necessity * point.sufficiency)
