"""What the past tells, as it was last worked out: kept for the page, which must not take the minute that it needs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.cache import cache
from django.utils import timezone

from scoring import definitions, learning, matrices, outcomes
from scoring.event_map import EventPoint
from scoring.learning import FeatureLine, Proposal

NAME = "learn"
#: With the fields of what is kept: another version of them is not read.
KEY = "scoring.learnt.1"
#: What is older is not shown.
KEPT_FOR = dt.timedelta(days=2)


@dataclass(frozen=True)
class Learnt:
    """Everything on the page "What matters", and the proposal of weights (or why there is none)."""

    stamp: tuple[object, ...]
    at: dt.datetime
    positives: int
    others: int
    lines: list[FeatureLine]
    points: list[EventPoint]
    proposal: Proposal


def weeks() -> list[dt.date]:
    """The weeks that are learnt from: those whose outcomes are all known."""
    until = timezone.now().date() - dt.timedelta(days=1 + learning.HORIZON_DAYS)
    return matrices.weeks(learning.WEEKS, until=until)


def kept() -> Learnt | None:
    """As it was last worked out, for the definition in force; none when that is too long ago."""
    found: Learnt | None = cache.get(KEY)
    if found is None or found.at < timezone.now() - KEPT_FOR or found.stamp[0] != definitions.published().pk:
        return None
    return found


def make() -> Learnt:
    """Works it out and keeps it: over all weeks and usage, seconds to a minute. The weeks should be there."""
    known = stamp()
    rows = learning.rows()
    found = Learnt(
        stamp=known,
        at=timezone.now(),
        positives=rows.positives,
        others=rows.others,
        lines=learning.importance(of=rows),
        points=learning.events_map(),
        proposal=learning.propose(of=rows),
    )
    cache.set(KEY, found, timeout=round(KEPT_FOR.total_seconds()))
    return found


def stamp() -> tuple[object, ...]:
    """The same while nothing comes that would tell something else: the definition (for gates and load), a day, an outcome."""
    return definitions.published().pk, *outcomes.stamp()
