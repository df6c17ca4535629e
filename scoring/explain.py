"""Why, or why not: an account's score at any date by any definition, draft or not, and what would make it a PQA."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from django.utils import timezone

from scoring import breakdown, buyers, paths, rules
from scoring.definitions import spec_of
from scoring.models import Definition, Score, ScoreChange, WorkspaceScore
from scoring.paths import Paths
from scoring.scored import Scored, compute


@dataclass(frozen=True)
class Explained:
    """An account's score as of a day, with the words of `Score` for what they share. Nothing of it is stored.

    `tier_before` is what hysteresis holds on to, empty when there was none; `before` says where it is from: `stored` (the tier that
    the account had when the day began; now, the tier that it has), or `week_ago` (nothing is stored from before the day: the tier
    of the week before by the same definition). `tier_alone`: the tier of the score alone, without hysteresis.
    """

    account_id: int
    as_of: dt.date
    definition: Definition
    score: int | None
    tier: str
    tier_reason: str
    tier_before: str
    before: Literal["stored", "week_ago", ""]
    tier_alone: str
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
    known = _stored_tier(account_id, as_of)
    found = compute(
        as_of=as_of,
        definition=definition,
        account_ids=[account_id],
        tiers_before=lambda ids: np.full(len(ids), -1 if known is None else rules.TIERS.index(known)),
    )
    if not len(found.account_id):
        return None
    before: Literal["stored", "week_ago", ""] = "" if known is None else "stored"
    if known is None and found.week_ago_score(0):
        known, before = rules.TIERS[found.week_ago.tier[0]], "week_ago"
        found = _with_tier(found, int(found.week_ago.tier[0]))
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
        tier_before=known or "",
        before=before,
        tier_alone=_with_tier(found, -1).tier(0),
        segment=segment,
        buyer_state=str(found.buyer_state[0]),
        week_ago_score=found.week_ago_score(0),
        contributions=found.contributions(0) if score else [],
        week_ago=found.contributions_week_ago(0) if found.week_ago_score(0) else [],
        paths=Paths() if found.tier(0) == "pqa" else paths.find(found.spec, features, segment=segment),
    )


def _stored_tier(account_id: int, as_of: dt.date) -> str | None:
    """The tier that the account has; of a past day, the one it had when the day began. None without a history from before it."""
    if as_of == timezone.now().date():
        return Score.objects.filter(pk=account_id).values_list("tier", flat=True).first()
    began = dt.datetime.combine(as_of, dt.time(), dt.UTC)
    changes = ScoreChange.objects.filter(account=account_id, at__lt=began).order_by("-at", "-id")
    return changes.values_list("tier", flat=True).first()


def _with_tier(found: Scored, tier: int) -> Scored:
    """The same account when it had this tier before (−1: none)."""
    now = rules.evaluate(
        found.spec,
        found.features,
        evidence=found.features["events_28"] > 0,
        tier_before=np.array([tier]),
        segment=buyers.segment_places(found.segment),
    )
    return replace(found, now=now)


def path_of_workspace(score: WorkspaceScore, *, segment: str) -> Paths:
    """The same of a workspace, by the recipe for workspaces."""
    recipe = spec_of(score.definition).for_workspaces
    if score.tier == "pqa" or recipe is None:
        return Paths()
    return paths.find(recipe, score.features, segment=segment)


def path_of(score: Score) -> Paths:
    """The path of a stored score, by the definition that gave it."""
    if score.tier == "pqa":
        return Paths()
    try:
        return paths.find(spec_of(score.definition), score.features, segment=score.segment)
    except rules.BadDefinition:
        return Paths()
