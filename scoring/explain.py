"""Why, or why not: an account's score at any date by any definition, draft or not, and what would make it a PQA."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from scoring import breakdown, paths, rules
from scoring.definitions import spec_of
from scoring.models import Definition, Score
from scoring.paths import Paths
from scoring.scored import compute


@dataclass(frozen=True)
class Explained:
    """An account's score as of a day, with the words of `Score` for what they share. Nothing of it is stored."""

    account_id: int
    as_of: dt.date
    definition: Definition
    score: int | None
    tier: str
    tier_reason: str
    segment: str
    buyer_state: str
    week_ago_score: int | None
    contributions: list[dict[str, Any]]
    week_ago: list[dict[str, Any]]
    paths: Paths

    @property
    def delta(self) -> int | None:
        if self.score is None or self.week_ago_score is None:
            return None
        return self.score - self.week_ago_score


def at(*, account_id: int, as_of: dt.date, definition: Definition) -> Explained | None:
    """The account as of the end of that day by that definition; none when there is no such account (or it was merged).

    Raises ValueError for a day to come, `rules.BadDefinition` for a draft that cannot be used yet.
    """
    if as_of > timezone.now().date():
        raise ValueError(f"{as_of.isoformat()} lies in the future")
    found = compute(as_of=as_of, definition=definition, account_ids=[account_id])
    if not len(found.account_id):
        return None
    features = {key: breakdown.number(found.features[key][0]) for key in breakdown.KEYS}
    score = found.score(0)
    segment = str(found.segment[0])
    return Explained(
        account_id=account_id,
        as_of=as_of,
        definition=definition,
        score=score,
        tier=found.tier(0),
        tier_reason=found.tier_reason(0),
        segment=segment,
        buyer_state=str(found.buyer_state[0]),
        week_ago_score=found.week_ago_score(0),
        contributions=found.contributions(0) if score else [],
        week_ago=found.contributions_week_ago(0) if found.week_ago_score(0) else [],
        paths=paths.find(found.spec, features, segment=segment),
    )


def path_of(score: Score) -> Paths:
    """The path of a stored score, by the definition that gave it."""
    if score.tier == "pqa":
        return Paths()
    try:
        return paths.find(spec_of(score.definition), score.features, segment=score.segment)
    except rules.BadDefinition:
        return Paths()
