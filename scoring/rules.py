"""Score arithmetic: pure NumPy over feature arrays. `scoring/README.md` tells it in words.

component = 100 × points / max_points, clamped to 0..100; with a half-life, points × 0.5 ** (age / half_life)
score     = Σ weight × component / Σ weight, rounded half up, clamped to 1..100; none without usage in the window
effects   = whole score points per component; they add up to the score exactly, the largest takes the rounding
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scoring.recipes import (
    DECAYS,
    SEGMENTS,
    BadDefinition,
    Component,
    Curve,
    Gate,
    Recipe,
    Spec,
    Thresholds,
    Variant,
    by_table,
    parse,
)

__all__ = [
    "DECAYS", "SEGMENTS", "TIERS", "BadDefinition", "Component", "Curve", "Evaluated", "Gate", "Recipe", "Spec",
    "Thresholds", "Variant", "evaluate", "parse",
]  # fmt: skip

TIERS = ("self_serve", "activate", "pqa")
SELF_SERVE, ACTIVATE, PQA = range(3)
NO_SCORE = 0
#: Accounts that are scored at once where only scores and tiers are asked for.
BLOCK = 32_768


@dataclass(frozen=True)
class Evaluated:
    """Arrays over n accounts and k components: those of the widest recipe, the others are filled up with zeros.

    `score` int n (0: none), `points` float n × k, `component` float n × k (0..100), `effect` int n × k (rows add up to the
    score), `tier` int n (an index into `TIERS`), `gate` int n (index of the recipe's gate that capped the tier, −1: none),
    `recipe` int8 n (an index into `Spec.recipes`).
    """

    score: np.ndarray
    points: np.ndarray
    component: np.ndarray
    effect: np.ndarray
    tier: np.ndarray
    gate: np.ndarray
    recipe: np.ndarray


def evaluate(
    spec: Spec,
    features: Mapping[str, np.ndarray],
    *,
    evidence: np.ndarray,
    tier_before: np.ndarray | None = None,
    segment: np.ndarray | None = None,
    detail: bool = True,
) -> Evaluated:
    """Scores n accounts.

    `features`: name → array of length n, of floats (NaN: unknown) or, which is faster, whole numbers. `evidence`: bool array,
    whether there is usage in the window. `tier_before`: int array of indexes into `TIERS` (−1: none before) for hysteresis.
    `segment`: int array of places in `SEGMENTS`; raises `ValueError` when a definition with variants is given none. Without
    `detail` the same scores, tiers and gates in a tenth of the time; `points`, `component` and `effect` are n × 0 then.
    """
    if segment is None and spec.variants:
        raise ValueError("a definition with variants needs the segments of the accounts")
    n, k = len(evidence), spec.width if detail else 0
    before = np.full(n, -1, dtype=np.int8) if tier_before is None else tier_before
    if not detail and n > BLOCK:
        return _in_blocks(spec, features, evidence, before, segment)
    if segment is None or not spec.variants:
        return _evaluate(spec, features, evidence, before, np.zeros(n, dtype=np.int8), k)
    recipe = spec.recipe_of(segment)
    whole = _empty(n, k, recipe)
    for place, one in enumerate(spec.recipes):
        rows = np.flatnonzero(recipe == place)
        if len(rows):
            theirs = {name: np.asarray(features[name])[rows] for name in one.features}
            part = _evaluate(one, theirs, evidence[rows], before[rows], recipe[rows], k)
            for name in ("score", "points", "component", "effect", "tier", "gate"):
                getattr(whole, name)[rows] = getattr(part, name)
    return whole


def _in_blocks(
    spec: Spec,
    features: Mapping[str, np.ndarray],
    evidence: np.ndarray,
    before: np.ndarray,
    segment: np.ndarray | None,
) -> Evaluated:
    """Without detail, so many accounts at a time that what is made on the way stays in the processor's cache: twice as fast."""
    n = len(evidence)
    used = {name: np.asarray(features[name]) for recipe in spec.recipes for name in recipe.features}
    whole = _empty(n, 0, np.zeros(n, dtype=np.int8))
    for begin in range(0, n, BLOCK):
        rows = slice(begin, begin + BLOCK)
        part = evaluate(
            spec,
            {name: values[rows] for name, values in used.items()},
            evidence=evidence[rows],
            tier_before=before[rows],
            segment=None if segment is None else segment[rows],
            detail=False,
        )
        for name in ("score", "tier", "gate", "recipe"):
            getattr(whole, name)[rows] = getattr(part, name)
    return whole


def _empty(n: int, k: int, recipe: np.ndarray) -> Evaluated:
    return Evaluated(
        score=np.zeros(n, dtype=np.int64),
        points=np.zeros((n, k)),
        component=np.zeros((n, k)),
        effect=np.zeros((n, k), dtype=np.int64),
        tier=np.zeros(n, dtype=np.int64),
        gate=np.full(n, -1),
        recipe=recipe,
    )


def _evaluate(
    recipe: Recipe,
    features: Mapping[str, np.ndarray],
    evidence: np.ndarray,
    before: np.ndarray,
    place: np.ndarray,
    k: int,
) -> Evaluated:
    """By one recipe; with arrays of `k` components, or without detail when that is 0."""
    n, total = len(evidence), math.fsum(component.weight for component in recipe.components)
    points, component_of, shares = np.zeros((n, k)), np.zeros((n, k)), np.zeros((n, k))
    exact = np.zeros(n, dtype=np.int64)
    for column, component in enumerate(recipe.components):
        weight = component.weight / total
        exact += exact_shares(component, features, weight)
        if k:
            points[:, column] = component.points(features)
            component_of[:, column] = _component(component, points[:, column])
            shares[:, column] = component_of[:, column] * weight
    score = np.where(evidence, np.clip(_whole_points(exact), 1, 100), NO_SCORE)
    effect = _effects(shares, score) if k else points.astype(np.int64)
    tier, gate = _tiers(recipe, features, score, before)
    return Evaluated(score, points, component_of, effect, tier, gate, place)


def component_at(component: Component, features: Mapping[str, np.ndarray]) -> np.ndarray:
    """A component's value (0 to 100) of each account, float n."""
    return _component(component, component.points(features))


def _component(component: Component, points: np.ndarray) -> np.ndarray:
    return np.clip(100 * points / component.curve.max_points, 0, 100)


#: Shares of a score are added up as whole numbers of this fraction, so that the order of the components cannot tip a half.
UNIT = 10**12


def exact_shares(component: Component, features: Mapping[str, np.ndarray], weight: float) -> np.ndarray:
    """What a component gives to the score of each account, in 10⁻¹² points (int64). `weight`: its part of all weights."""
    values = np.asarray(features[component.feature])
    if values.dtype.kind in "iu" and component.half_life is None:
        return by_table(lambda known: exact_shares(component, {component.feature: known}, weight), values)
    return np.rint(component_at(component, features) * weight * UNIT).astype(np.int64)


def _whole_points(exact: np.ndarray) -> np.ndarray:
    """Points of a sum of shares, rounded half up; what is nearer to a half than 10⁻⁹ is one."""
    billionths = (exact + UNIT // 2_000_000_000) // (UNIT // 1_000_000_000)
    return (billionths + 500_000_000) // 1_000_000_000


def _half_up(values: np.ndarray) -> np.ndarray:
    return np.floor(np.round(values, 9) + 0.5)


def _effects(shares: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Whole points per component that add up to the score: rounded, the largest takes what is left.

    Where that would push the largest below zero (a score of a few points from many small parts), all are rounded down
    first.
    """
    largest = np.argmax(shares, axis=1)
    rows = np.arange(len(score))
    rounded = _half_up(shares).astype(np.int64)
    left = score - rounded.sum(axis=1)
    too_much = rounded[rows, largest] + left < 0
    rounded[too_much] = np.floor(shares[too_much]).astype(np.int64)
    rounded[score == NO_SCORE] = 0
    rounded[rows, largest] += score - rounded.sum(axis=1)
    return rounded


def _tiers(
    recipe: Recipe, features: Mapping[str, np.ndarray], score: np.ndarray, before: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    pqa = recipe.thresholds.pqa - np.where(before == PQA, recipe.hysteresis, 0)
    activate = recipe.thresholds.activate - np.where(before >= ACTIVATE, recipe.hysteresis, 0)
    tier = np.where(score >= pqa, PQA, np.where(score >= activate, ACTIVATE, SELF_SERVE))
    tier = np.where(score == NO_SCORE, SELF_SERVE, tier)
    gate = np.full(len(score), -1)
    for place, rule in enumerate(recipe.gates):
        cap = TIERS.index(rule.cap)
        capped = ~(np.asarray(features[rule.feature]) >= rule.minimum) & (tier > cap)
        gate[capped], tier[capped] = place, cap
    return tier, gate
