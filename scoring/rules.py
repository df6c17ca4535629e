"""Score arithmetic: pure NumPy over feature arrays. `scoring/README.md` tells it in words.

component = 100 × points / max_points, clamped to 0..100
score     = Σ weight × component / Σ weight, rounded half up, clamped to 1..100; none without usage in the window
effects   = whole score points per component; they add up to the score exactly, the largest takes the rounding
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np

TIERS = ("self_serve", "activate", "pqa")
SELF_SERVE, ACTIVATE, PQA = range(3)
NO_SCORE = 0


class BadDefinition(ValueError):
    """A definition that cannot be used. `field` is the path of the bad value, such as `components[2].curve`."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points by value: breakpoints `[value, points]` in rising order of value.

    `linear` goes straight between breakpoints and is flat outside of them; `step` holds a breakpoint's points until the
    next one and gives none below the first. An unknown value gives no points.
    """

    points: tuple[tuple[float, float], ...]
    kind: Literal["linear", "step"] = "linear"

    def at(self, values: np.ndarray) -> np.ndarray:
        """Points for each value; same shape."""
        xs = np.array([x for x, _ in self.points])
        ys = np.array([y for _, y in self.points])
        known = np.nan_to_num(values, nan=-math.inf)
        if self.kind == "linear":
            result = np.interp(known, xs, ys)
        else:
            place = np.searchsorted(xs, known, side="right")
            result = np.concatenate([[0.0], ys])[place]
        return np.where(np.isnan(values), 0.0, result)

    def points_at(self, value: float) -> float:
        """`at` for one value, without the cost of arrays."""
        if math.isnan(value):
            return 0.0
        place = bisect.bisect_right(self.points, value, key=lambda point: point[0]) - 1
        if place < 0:
            return self.points[0][1] if self.kind == "linear" else 0.0
        x0, y0 = self.points[place]
        if self.kind == "step" or place + 1 == len(self.points):
            return y0
        x1, y1 = self.points[place + 1]
        return (y1 - y0) / (x1 - x0) * (value - x0) + y0

    @property
    def max_points(self) -> float:
        return max(y for _, y in self.points)


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of the score: a feature, its curve and its weight."""

    key: str
    label: str
    feature: str
    curve: Curve
    weight: float


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Caps the tier (never the score) while `feature` is below `minimum`; an unknown value does not pass."""

    feature: str
    minimum: float
    cap: Literal["self_serve", "activate"]
    reason: str


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pqa: int = 80
    activate: int = 60


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A definition: what is stored in `Definition.spec`."""

    components: tuple[Component, ...]
    thresholds: Thresholds = Thresholds()
    hysteresis: int = 5
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True)
class Evaluated:
    """Arrays over n accounts and k components.

    `score` int n (0: none), `points` float n × k, `component` float n × k (0..100), `effect` int n × k (rows add up to the
    score), `tier` int n (an index into `TIERS`), `gate` int n (index of the gate that capped the tier, −1: none).
    """

    score: np.ndarray
    points: np.ndarray
    component: np.ndarray
    effect: np.ndarray
    tier: np.ndarray
    gate: np.ndarray


def parse(spec: Any, *, features: Mapping[str, Any] | None = None) -> Spec:
    """The checked definition. Raises `BadDefinition` naming the field; unknown features only when `features` is given."""
    try:
        parsed = msgspec.convert(spec, Spec, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise BadDefinition(path.rstrip("`").lstrip(".") or "spec", message) from None
    if not parsed.components:
        raise BadDefinition("components", "at least one component is needed")
    keys: set[str] = set()
    for place, component in enumerate(parsed.components):
        at = f"components[{place}]"
        if component.key in keys:
            raise BadDefinition(f"{at}.key", f"{component.key!r} is used twice")
        keys.add(component.key)
        if features is not None and component.feature not in features:
            raise BadDefinition(f"{at}.feature", f"there is no feature {component.feature!r}")
        if not math.isfinite(component.weight) or component.weight < 0:
            raise BadDefinition(f"{at}.weight", "a weight is a number from 0 up")
        _check_curve(component.curve, f"{at}.curve")
    if sum(component.weight for component in parsed.components) <= 0:
        raise BadDefinition("components", "all weights are zero")
    if not 1 <= parsed.thresholds.activate < parsed.thresholds.pqa <= 100:
        raise BadDefinition("thresholds", "1 ≤ activate < pqa ≤ 100 must hold")
    if not 0 <= parsed.hysteresis <= 50:
        raise BadDefinition("hysteresis", "between 0 and 50 points")
    for place, gate in enumerate(parsed.gates):
        if features is not None and gate.feature not in features:
            raise BadDefinition(f"gates[{place}].feature", f"there is no feature {gate.feature!r}")
        if not math.isfinite(gate.minimum):
            raise BadDefinition(f"gates[{place}].minimum", "a minimum is a number")
    return parsed


def _check_curve(curve: Curve, at: str) -> None:
    if not curve.points:
        raise BadDefinition(at, "at least one breakpoint is needed")
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in curve.points):
        raise BadDefinition(at, "breakpoints are numbers")
    if any(y < 0 for _, y in curve.points):
        raise BadDefinition(at, "points start at 0")
    if any(left[0] >= right[0] for left, right in zip(curve.points, curve.points[1:], strict=False)):
        raise BadDefinition(at, "breakpoints must rise from left to right")
    if curve.max_points <= 0:
        raise BadDefinition(at, "some breakpoint must give points")


def evaluate(
    spec: Spec,
    features: Mapping[str, np.ndarray],
    *,
    evidence: np.ndarray,
    tier_before: np.ndarray | None = None,
) -> Evaluated:
    """Scores n accounts.

    `features`: name → float array of length n (NaN: unknown). `evidence`: bool array, whether there is usage in the window.
    `tier_before`: int array of indexes into `TIERS` (−1: none before) for hysteresis.
    """
    n, total = len(evidence), math.fsum(component.weight for component in spec.components)
    points = np.zeros((n, len(spec.components)))
    component_of = np.zeros_like(points)
    for place, component in enumerate(spec.components):
        values = np.asarray(features[component.feature], dtype=np.float64)
        points[:, place] = component.curve.at(values)
        component_of[:, place] = np.clip(100 * points[:, place] / component.curve.max_points, 0, 100)
    shares = component_of * np.array([component.weight / total for component in spec.components])
    # Summed in order of size, so that the order of the components cannot tip a half.
    exact = np.round(np.sort(shares, axis=1).sum(axis=1), 9)
    score = np.where(evidence, np.clip(_half_up(exact), 1, 100), NO_SCORE).astype(np.int64)
    effect = _effects(shares, score)
    tier, gate = _tiers(spec, features, score, tier_before)
    return Evaluated(score, points, component_of, effect, tier, gate)


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
    spec: Spec, features: Mapping[str, np.ndarray], score: np.ndarray, tier_before: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    before = np.full(len(score), -1) if tier_before is None else tier_before
    pqa = spec.thresholds.pqa - np.where(before == PQA, spec.hysteresis, 0)
    activate = spec.thresholds.activate - np.where(before >= ACTIVATE, spec.hysteresis, 0)
    tier = np.where(score >= pqa, PQA, np.where(score >= activate, ACTIVATE, SELF_SERVE))
    tier = np.where(score == NO_SCORE, SELF_SERVE, tier)
    gate = np.full(len(score), -1)
    for place, rule in enumerate(spec.gates):
        values = np.nan_to_num(np.asarray(features[rule.feature], dtype=np.float64), nan=-math.inf)
        cap = TIERS.index(rule.cap)
        capped = (values < rule.minimum) & (tier > cap)
        gate[capped], tier[capped] = place, cap
    return tier, gate
