"""The history of scores: the past that the engine works out, and the tier an account had before its first row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import numpy as np
from django.db import connection
from django.utils import timezone

from scoring import buyers, definitions, features, rules
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
    have = set(ScoreChange.objects.filter(at__lt=midnight).values_list("account_id", flat=True))
    before: dict[int, tuple[int, int]] = {}
    written = 0
    for week in progress(range(weeks, 0, -1)):
        day = today - week * WEEK
        matrix = features.matrix(day)
        account_ids = matrix["account_id"].tolist()
        tier_before = np.array([before.get(account, (0, -1))[1] for account in account_ids], dtype=np.int64)
        result = rules.evaluate(spec, matrix, evidence=matrix["events_28"] > 0, tier_before=tier_before)
        scored = Scored(
            as_of=day,
            spec=spec,
            features=matrix,
            now=result,
            week_ago_features=matrix,
            week_ago=result,
            segment=buyers.segments(matrix["employees"]),
            buyer_state=buyers.states(matrix),
        )
        at = dt.datetime.combine(day, dt.time(23, 59), dt.UTC)
        rows = []
        for place, account in enumerate(account_ids):
            state = (int(result.score[place]), int(result.tier[place]))
            if account in have or before.get(account, (0, rules.SELF_SERVE)) == state:
                continue
            before[account] = state
            rows.append(
                ScoreChange(
                    account_id=account,
                    at=at,
                    definition=definition,
                    score=scored.score(place),
                    tier=scored.tier(place),
                    tier_reason=scored.tier_reason(place),
                    segment=str(scored.segment[place]),
                    buyer_state=str(scored.buyer_state[place]),
                    contributions=scored.contributions(place),
                )
            )
        ScoreChange.objects.bulk_create(rows, batch_size=2_000)
        written += len(rows)
    return written


def since(account_ids: list[int] | None) -> dict[int, tuple[str, dt.datetime]]:
    """The last tier in the history and since when, of accounts that have a history but no score row yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (c.account_id) c.account_id, c.tier, c.at
            FROM scoring_scorechange c
            WHERE NOT EXISTS (SELECT 1 FROM scoring_score s WHERE s.account_id = c.account_id)
            AND (%(ids)s::bigint[] IS NULL OR c.account_id = ANY(%(ids)s::bigint[]))
            AND NOT EXISTS (
                SELECT 1 FROM scoring_scorechange later
                WHERE later.account_id = c.account_id AND later.at > c.at AND later.tier <> c.tier
            )
            ORDER BY c.account_id, c.at
            """,
            {"ids": account_ids},
        )
        return {account: (tier, at) for account, tier, at in cursor.fetchall()}
