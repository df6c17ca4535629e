"""Features that are held at their last good value while an event of the score is silent.

What `scoring.silence` found is kept in `Silence`, also when it is over: from the day on which it was found until the event was
back, or a member said that it is over for good, scores counted as on the last good day. So a past day is computed as it was then.

Held are the features that the event feeds, for 28 days at most, which is how long they would have reached back. `held_features`
has the rule.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from django.core.cache import cache

from accounts.models import EventType
from scoring import volumes
from scoring.expressions import BEFORE, WINDOW
from scoring.features import Matrix
from scoring.models import Silence

DAY = dt.timedelta(days=1)
#: Share of the whole volume from which on an event's silence also holds volume and activity.
LARGE = 0.05
#: Days of which that share is.
HISTORY = 28

_VOLUME = ("events_7", "events_prev_7", "events_28", "events_prev_28", "events_growth", "growth", "heaviest_share")
_ACTIVITY = (
    *("weekly_active_days", "active_users_7", "active_users_prev_7", "active_users_28", "active_users_prev_28"),
    *("users_growth", "weekly_growth", "profiled_active", "days_since_last_use"),
)
_BEHAVIOURS = ("creation", "admin", "intent")


@dataclass(frozen=True)
class Held:
    """A silent event and what is held because of it."""

    event_type: EventType
    since: dt.date
    good_day: dt.date
    until: dt.date
    """the last day on which it is held"""
    features: frozenset[str]


def held(as_of: dt.date) -> list[Held]:
    """What was held on a day, today or in the past. One query when nothing was."""
    return [
        Held(one.event_type, one.since, one.since - DAY, _until(one), held_features(one.event_type, one.since))
        for one in silences(as_of, as_of)
        if is_held(one, as_of)
    ]


def silences(first: dt.date, last: dt.date) -> list[Silence]:
    """Those because of which something may have been held on one of these days, the earliest first."""
    found = Silence.objects.filter(since__lte=last, since__gt=first - WINDOW * DAY).exclude(
        event_type__category="noise"
    )
    return list(found.select_related("event_type").order_by("since", "event_type__name", "pk"))


def is_held(silence: Silence, day: dt.date) -> bool:
    """Whether a run of this day scored with what is held."""
    is_over = silence.ended_on is not None and day >= silence.ended_on
    return silence.found_on <= day <= _until(silence) and not is_over


def _until(silence: Silence) -> dt.date:
    return silence.since + (WINDOW - 1) * DAY


def held_features(event_type: EventType, since: dt.date) -> frozenset[str]:
    """Those of its category, breadth and depth; for a large event, a twentieth of the volume or more, also volume and activity.

    Facts (company, people, profiles) are never held.
    """
    large = _share_of_volume(event_type.pk, since) >= LARGE
    return _of_kind(event_type) | ({*_VOLUME, *_ACTIVITY} if large else frozenset[str]())


def fed_features(event_type: EventType) -> frozenset[str]:
    """Every feature that counts this event."""
    return frozenset() if event_type.category == "noise" else _of_kind(event_type) | {*_VOLUME, *_ACTIVITY}


def _of_kind(event_type: EventType) -> frozenset[str]:
    """What only some kinds of events feed."""
    category, is_invite = event_type.category, event_type.signal == "invite"
    names = {f"{category}_28", "breadth_28"} if category != "intent" else {"intent_28"}
    if category in ("core", "advanced"):
        names.add("feature_depth")
    if category in _BEHAVIOURS or is_invite:
        names |= {"behaviours_28", "days_since_behaviour"}
    if category in ("admin", "intent"):
        names.add(f"days_since_{category}")
    if is_invite:
        names |= {"invites_28", "days_since_invite"}
    return frozenset(names)


def _share_of_volume(event_type_id: int, since: dt.date) -> float:
    """In the four weeks before it fell silent. Kept for a day: runs over changed accounts ask every second."""
    key = f"silent-share:{event_type_id}:{since}"
    share = cache.get(key)
    if share is None:
        share = _read_share_of_volume(event_type_id, since)
        cache.set(key, share, 86_400)
    return float(share)


def _read_share_of_volume(event_type_id: int, since: dt.date) -> float:
    known = volumes.daily(since - HISTORY * DAY, since - DAY)
    counted = set(EventType.objects.exclude(category="noise").values_list("pk", flat=True))
    every = sum(int(counts.sum()) for pk, counts in known.items() if pk in counted or pk == event_type_id)
    return int(known[event_type_id].sum()) / every if event_type_id in known else 0.0


def hold(
    matrices: tuple[Matrix, Matrix],
    as_of: dt.date,
    account_ids: Collection[int] | None,
    *,
    between: tuple[int, int] | None,
    read: Callable[..., tuple[Matrix, Matrix]],
) -> tuple[Matrix, Matrix]:
    """The features of both days, with those of silent events as they were on their last good day; `read` is `features.pair`.

    Accounts that had no usage then keep what they have now.
    """
    for one in reversed(held(as_of)):  # the earliest good day wins
        good = read(one.good_day, account_ids, between=between)[0]
        days = (as_of, as_of - BEFORE * DAY)
        matrices = tuple(  # type: ignore[assignment]
            _with(matrix, good, one.features) if day >= one.since else matrix
            for matrix, day in zip(matrices, days, strict=True)
        )
    return matrices


def _with(matrix: Matrix, good: Matrix, names: Collection[str]) -> Matrix:
    ids, good_ids = matrix["account_id"], good["account_id"]
    if not len(good_ids):
        return matrix
    place = np.minimum(np.searchsorted(good_ids, ids), len(good_ids) - 1)
    was_there = (good_ids[place] == ids) & (good["events_28"][place] > 0)
    replaced = {name: np.where(was_there, good[name][place], matrix[name]) for name in names if name in matrix}
    return {**matrix, **replaced}
