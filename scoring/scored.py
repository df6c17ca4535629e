"""Scored accounts as arrays: features and scores as of a day and as of seven days before. Nothing is written here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring import buyers, definitions, features, holding, outside, rules
from scoring.breakdown import number, parts_of
from scoring.expressions import BEFORE
from scoring.features import Matrix
from scoring.models import Definition

WEEK = dt.timedelta(days=BEFORE)


@dataclass(frozen=True)
class Scored:
    """n scored accounts, as arrays in the order of `account_id`, with the same a week before.

    `workspaces`: the features of their workspaces, from a run whose definition scores those.
    """

    as_of: dt.date
    spec: rules.Spec
    features: Matrix
    now: rules.Evaluated
    week_ago_features: Matrix
    week_ago: rules.Evaluated
    segment: np.ndarray
    buyer_state: np.ndarray
    workspaces: Matrix | None = None

    @property
    def account_id(self) -> np.ndarray:
        return self.features["account_id"]

    def recipe(self, row: int) -> rules.Recipe:
        """The recipe that scored an account, now and a week before."""
        return self.spec.recipes[self.now.recipe[row]]

    def contributions(self, row: int) -> list[dict[str, Any]]:
        """The breakdown of one account; effects add up to its score."""
        return [
            {
                "key": component.key,
                "label": component.label,
                "feature": component.feature,
                "value": number(self.features[component.feature][row]),
                "parts": {name: number(self.features[name][row]) for name in parts_of(component)},
                "points": round(float(self.now.points[row, place]), 2),
                "max_points": component.curve.max_points,
                "weight": component.weight,
                "effect": int(self.now.effect[row, place]),
            }
            for place, component in enumerate(self.recipe(row).components)
        ]

    def contributions_week_ago(self, row: int) -> list[dict[str, Any]]:
        """The same of seven days before, only `key`, `value` and `effect`."""
        return [
            {
                "key": component.key,
                "value": number(self.week_ago_features[component.feature][row]),
                "effect": int(self.week_ago.effect[row, place]),
            }
            for place, component in enumerate(self.recipe(row).components)
        ]

    def tier(self, row: int) -> str:
        return rules.TIERS[self.now.tier[row]]

    def tier_reason(self, row: int) -> str:
        gate = self.now.gate[row]
        return self.recipe(row).gates[gate].reason[:300] if gate >= 0 else ""

    def score(self, row: int) -> int | None:
        return int(self.now.score[row]) or None

    def week_ago_score(self, row: int) -> int | None:
        return int(self.week_ago.score[row]) or None


def compute(
    *,
    as_of: dt.date,
    definition: Definition,
    account_ids: Collection[int] | None = None,
    between: tuple[int, int] | None = None,
    tiers_before: Callable[[np.ndarray], np.ndarray] | None = None,
    pair: tuple[Matrix, Matrix] | None = None,
) -> Scored:
    """Features and scores of the given accounts, or of those `between` two ids, or of all; nothing is written.

    `tiers_before` answers the tiers that accounts have had so far, for hysteresis: ids → places in `rules.TIERS`, −1: none.
    `pair`: their features, when they are read already.
    """
    spec = definitions.spec_of(definition)
    pair = pair or features.pair(as_of, account_ids, between=between)
    now, before = holding.hold(pair, as_of, account_ids, between=between, read=features.pair)
    tier_before = None if tiers_before is None else tiers_before(now["account_id"])
    segment = buyers.segments(now["employees"])
    # Both days by the recipe of today's segment: "why now" is about what people did, not about which recipe it was.
    places = buyers.segment_places(segment)
    return Scored(
        as_of=as_of,
        spec=spec,
        features=now,
        now=rules.evaluate(spec, now, evidence=now["events_28"] > 0, tier_before=tier_before, segment=places),
        week_ago_features=before,
        week_ago=rules.evaluate(spec, before, evidence=before["events_28"] > 0, segment=places),
        segment=segment,
        buyer_state=buyers.states(now, outside.confidence(now["account_id"], as_of, account_ids=account_ids)),
    )
