"""The history of scores: the past that the engine works out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import numpy as np
from django.db import transaction
from django.utils import timezone

from scoring import buyers, definitions, features, holding, outside, rules, writing
from scoring.models import ScoreChange
from scoring.scored import WEEK, Scored


def backfill(*, weeks: int, progress: Callable[[range], Iterable[int]] = iter) -> int:
    """Writes the history of the past weeks, as the definition in force would have scored them; returns rows written.

    Only for accounts that have no history from before today: what was published then is never rewritten.
    """
    definition = definitions.published()
    spec = definitions.spec_of(definition)
    today = timezone.now().date()
    midnight = dt.datetime.combine(today, dt.time(), dt.UTC)
    told = ScoreChange.objects.filter(at__lt=midnight).order_by().values_list("account_id", flat=True).distinct()
    have = np.fromiter(told.iterator(), dtype=np.int64)
    account_ids = np.zeros(0, dtype=np.int64)
    score = tier = account_ids
    written = 0
    for week in progress(range(weeks, 0, -1)):
        day = today - week * WEEK
        matrix = holding.hold(features.pair(day), day, None, between=None, read=features.pair)[0]
        score, tier = (_of(account_ids, values, matrix["account_id"]) for values in (score, tier))
        account_ids = matrix["account_id"]
        segment = buyers.segments(matrix["employees"])
        places = buyers.segment_places(segment)
        result = rules.evaluate(spec, matrix, evidence=matrix["events_28"] > 0, tier_before=tier, segment=places)
        scored = Scored(
            as_of=day,
            spec=spec,
            features=matrix,
            now=result,
            week_ago_features=matrix,
            week_ago=result,
            segment=segment,
            buyer_state=buyers.states(matrix, outside.confidence(account_ids, day)),
        )
        # An account begins in self-serve without a score, which is no news.
        moved = (np.maximum(score, 0) != result.score) | (np.where(tier < 0, rules.SELF_SERVE, tier) != result.tier)
        rows = np.flatnonzero(moved & ~np.isin(account_ids, have))
        with transaction.atomic():
            columns = writing.columns_of(scored, definition, {})
            writing.write_history(columns, rows, at=np.datetime64(day, "us") + np.timedelta64(1439, "m"), run=None)
        written += len(rows)
        score, tier = (np.where(moved, new, old) for new, old in ((result.score, score), (result.tier, tier)))
    return written


def _of(known: np.ndarray, values: np.ndarray, account_ids: np.ndarray) -> np.ndarray:
    """The values of the accounts in their new order; −1 for those not known."""
    if not len(known):
        return np.full(len(account_ids), -1)
    place = np.searchsorted(known, account_ids).clip(max=len(known) - 1)
    return np.where(known[place] == account_ids, values[place], -1)
