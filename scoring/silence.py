"""Events that fell silent: a steady event whose volume is zero is more likely a broken or renamed call than a change of habits.

Found once a night and every hour, for whole days only. The expected volume of a silent day is the mean of its weekday in the four
weeks before, times how lively the rest of the product was on that day: a holiday or an outage of everything is not the event's.
The chance of a day without it follows the negative binomial law with the event's own dispersion (Poisson when it is even). Below
1 in 10,000 for the silent days together, the event is marked.

While an event of the score is silent, the features that it feeds are held as of its last good day (`scoring.holding`).
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import EventType
from scoring import asking, definitions, volumes
from scoring.models import ScoringRun, Silence
from scoring.volumes import Volumes

DAY = dt.timedelta(days=1)
HISTORY = 28
#: How long ago an event may have fallen silent to be found.
LOOKBACK = 28
STEADY, CHANCE = 0.8, 1e-4
#: Days around the silence in which a new event may be the old one's new name.
AROUND = 3


# Finding -------------------------------------------------------------------------------------------------------------


def find(day: dt.date | None = None) -> list[EventType]:
    """Marks the event types that are silent at the end of `day` (yesterday), and unmarks those that came back.

    Returns those that are marked for the first time. A silence that a member accepted is not found again until the event was back.
    """
    day = day or timezone.now().date() - DAY
    first = day - (HISTORY + LOOKBACK - 1) * DAY
    # Read before the transaction: files that are missing are made on the way.
    known = volumes.daily(first, day)
    nothing = np.zeros((day - first).days + 1, dtype=np.int64)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT event_type_id FROM accounts_usage WHERE day > %s", [day])
        back = {pk for (pk,) in cursor.fetchall()}
    with transaction.atomic():
        types = list(EventType.objects.order_by("pk"))
        _forget_those_that_came_back(types, known, back, first=first, last=day)
        types = [one for one in types if one.category != "noise"]
        total = sum((known.get(one.pk, nothing) for one in types), nothing)
        found = []
        for one in types:
            if one.pk in back or one.silent_since is not None or one.silence_accepted_at is not None:
                continue
            counts = known.get(one.pk, nothing)
            since = silent_from(counts, total - counts, first=first)
            if since is not None and mark(one, since=since, found_on=day + DAY):
                found.append(one)
        return found


def mark(event_type: EventType, *, since: dt.date, found_on: dt.date) -> bool:
    """It is silent since then; what it feeds is held from `found_on` on. False when somebody marked or accepted it just now."""
    unmarked = EventType.objects.filter(pk=event_type.pk, silent_since=None, silence_accepted_at=None)
    if not unmarked.update(silent_since=since):
        return False
    event_type.silent_since = since
    Silence.objects.create(event_type=event_type, since=since, found_on=found_on)
    return True


def silent_from(counts: np.ndarray, others: np.ndarray, *, first: dt.date) -> dt.date | None:
    """The first day of an event's silence, or none. `counts` of each day from `first` on, and `others`: of all other events."""
    seen = np.flatnonzero(counts)
    if not len(seen):
        return None
    last = int(seen[-1])
    start = last - HISTORY + 1
    if last == len(counts) - 1 or start < 0:
        return None
    history, rest = counts[start : last + 1].astype(float), others[start : last + 1].astype(float)
    weekday = np.arange(start, last + 1) % 7
    by_weekday = np.array([history[weekday == one].mean() for one in range(7)])
    rest_by_weekday = np.array([rest[weekday == one].mean() for one in range(7)])
    # Days of the week on which it is usual; a few strays on Sundays make no habit.
    usual = np.array([(history[weekday == one] > 0).sum() >= 2 for one in range(7)])
    expected_days = usual[weekday]
    if not usual.any() or (history[expected_days] > 0).mean() < STEADY or not (history[:7] > 0).any():
        return None
    even = by_weekday[weekday]
    spread = float(((history - even)[expected_days] ** 2 / np.maximum(even[expected_days], 1e-9)).sum())
    # Four weeks of one weekday leave three quarters of the freedom.
    dispersion = max(1.0, spread / max(1.0, 0.75 * expected_days.sum()))
    log_chance = 0.0
    for ago in range(last + 1, len(counts)):
        one = ago % 7
        liveliness = min(1.0, others[ago] / rest_by_weekday[one]) if rest_by_weekday[one] > 0 else 0.0
        log_chance += _log_chance_of_none(by_weekday[one] * liveliness if usual[one] else 0.0, dispersion)
    return first + (last + 1) * DAY if log_chance < math.log(CHANCE) else None


def _log_chance_of_none(mean: float, dispersion: float) -> float:
    if dispersion <= 1.0 + 1e-9:
        return -mean
    return -mean / (dispersion - 1) * math.log(dispersion)


@transaction.atomic
def accept(*, event_type_id: int, enqueue: Callable[[int], None]) -> tuple[EventType, ScoringRun | None]:
    """It is over for good: no warning, and nothing is held any more. Every account is scored anew, by the run that is answered.

    Raises `EventType.DoesNotExist`. `enqueue` is given the run's id inside the transaction, and must send it when that commits.
    Doing it twice is doing it once: then there is no run.
    """
    found = EventType.objects.select_for_update().get(pk=event_type_id)
    if found.silence_accepted_at is not None:
        return found, None
    was_held = Silence.objects.filter(event_type=found, ended_on=None).exists()
    found.silence_accepted_at, found.silent_since = timezone.now(), None
    found.save(update_fields=["silence_accepted_at", "silent_since"])
    audit.record("event.silence", subject="event", subject_id=found.pk, label=found.name)
    _end()
    return found, asking.start_full_run(definitions.published(), enqueue=enqueue) if was_held else None


@transaction.atomic
def reopen(*, event_type_id: int, enqueue: Callable[[int], None]) -> tuple[EventType, ScoringRun | None]:
    """Takes `accept` back: it is looked for again at once, and when it is silent, every account is scored with what is held."""
    found = EventType.objects.select_for_update().get(pk=event_type_id)
    found.silence_accepted_at = None
    found.save(update_fields=["silence_accepted_at"])
    audit.record("event.watch", subject="event", subject_id=found.pk, label=found.name)
    is_silent = event_type_id in {one.pk for one in find()}
    found.refresh_from_db()
    return found, asking.start_full_run(definitions.published(), enqueue=enqueue) if is_silent else None


def _end() -> None:
    """What is not silent any more is held until today."""
    Silence.objects.filter(ended_on=None, event_type__silent_since=None).update(ended_on=timezone.now().date())


def _forget_those_that_came_back(
    types: Iterable[EventType], known: Volumes, back: Collection[int], *, first: dt.date, last: dt.date
) -> None:
    """`known`: volumes of each day from `first` to `last`; `back`: who was there after that."""
    for one in types:
        at = one.silence_accepted_at
        from_day = one.silent_since if at is None else at.astimezone(dt.UTC).date() + DAY
        if from_day is None:
            continue
        counts = known.get(one.pk)
        is_back = one.pk in back and from_day <= last + DAY
        if is_back or (counts is not None and counts[max(0, (from_day - first).days) :].any()):
            one.silent_since = one.silence_accepted_at = None
            one.save(update_fields=["silent_since", "silence_accepted_at"])
    _end()


# A new name ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Renamed:
    """What may be the silent event's new name. `users` (0 to 1): the share of its last week's people who do the new one since;
    `likeness` (0 to 1) of the two names."""

    event_type: EventType
    users: float
    likeness: float


def renamed_to(event_type: EventType) -> Renamed | None:
    """Another event that the same people began as this one ended: at least half of them, or a quarter when the names are alike."""
    since = event_type.silent_since
    if since is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH people AS (
                SELECT DISTINCT user_id FROM accounts_usage WHERE event_type_id = %(event)s
                AND day BETWEEN %(since)s::date - 7 AND %(since)s::date - 1
            )
            SELECT u.event_type_id, count(DISTINCT u.user_id)::float / greatest(1, (SELECT count(*) FROM people))
            FROM accounts_usage u JOIN people USING (user_id)
            WHERE u.day BETWEEN %(since)s::date - %(around)s AND %(since)s::date + 13 AND u.event_type_id IN (
                SELECT id FROM accounts_eventtype
                WHERE first_seen_at >= %(since)s::date - %(around)s AND first_seen_at < %(since)s::date + %(around)s + 1
            )
            GROUP BY 1
            """,
            {"event": event_type.pk, "since": since, "around": AROUND},
        )
        shares = dict(cursor.fetchall())
    types = EventType.objects.in_bulk(list(shares))
    found = [Renamed(types[pk], share, likeness(event_type.name, types[pk].name)) for pk, share in shares.items()]
    found = [one for one in found if one.users >= 0.5 or (one.users >= 0.25 and one.likeness >= 0.6)]
    return max(found, key=lambda one: one.users + one.likeness, default=None)


def likeness(one: str, other: str) -> float:
    """Of two names, 0 to 1; case and what stands between words do not matter."""
    plain = [
        " ".join(re.findall(r"[a-z]+|\d+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())) for name in (one, other)
    ]
    return difflib.SequenceMatcher(a=plain[0], b=plain[1]).ratio()
