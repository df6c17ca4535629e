"""How well a number tells two groups apart: AUC with DeLong's interval, and curves that only rise or only fall. Pure NumPy.

AUC is the chance that a positive has the higher number than another, ties counted half. The interval is DeLong's (1988), computed
from midranks as Sun and Xu (2014) do: 95 %, clipped to 0 and 1. It is too narrow where the groups do not overlap at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Auc:
    """`value` and its 95 % interval; all NaN when a group has fewer than two members."""

    value: float
    low: float
    high: float


NOT_KNOWN = Auc(math.nan, math.nan, math.nan)


def auc(positives: np.ndarray, others: np.ndarray) -> Auc:
    """Of two float arrays without NaN."""
    if min(len(positives), len(others)) < 2:
        return NOT_KNOWN
    value, of_positives, of_others = _placements(positives, others)
    spread = math.sqrt(of_positives.var(ddof=1) / len(positives) + of_others.var(ddof=1) / len(others))
    return _clipped(value, spread, 0.0, 1.0)


def difference(positives: tuple[np.ndarray, np.ndarray], others: tuple[np.ndarray, np.ndarray]) -> Auc:
    """AUC of the first number minus that of the second, of the same accounts: (first, second) of positives, and of others."""
    if min(len(positives[0]), len(others[0])) < 2:
        return NOT_KNOWN
    first, second = (_placements(positives[which], others[which]) for which in (0, 1))
    spread = math.sqrt(
        (first[1] - second[1]).var(ddof=1) / len(positives[0]) + (first[2] - second[2]).var(ddof=1) / len(others[0])
    )
    return _clipped(first[0] - second[0], spread, -1.0, 1.0)


def _clipped(value: float, spread: float, low: float, high: float) -> Auc:
    return Auc(value, max(low, value - Z95 * spread), min(high, value + Z95 * spread))


def _placements(positives: np.ndarray, others: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """AUC; of each positive, the share of the others below it; of each other, the share of the positives above it."""
    m, n = len(positives), len(others)
    together = _midranks(np.concatenate([positives, others]))
    of_positives = (together[:m] - _midranks(positives)) / n
    of_others = 1 - (together[m:] - _midranks(others)) / m
    return float(of_positives.mean()), of_positives, of_others


def _midranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; ties get the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return ((last - count + 1 + last) / 2)[place]


def bins(values: np.ndarray, *, most: int) -> np.ndarray:
    """Edges of at most `most` bins, [a, b) but for the last: one a value where there are few values, else of like many rows."""
    distinct = np.unique(values)
    if len(distinct) == 0:
        return np.array([0.0, 1.0])
    if len(distinct) <= most:
        step = distinct[-1] - distinct[-2] if len(distinct) > 1 else 1.0
        return np.append(distinct, distinct[-1] + step)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, most + 1), method="lower"))
    # A last edge that is also the largest value's bin would leave that value a bin of no width.
    return edges if edges[-1] == distinct[-1] else np.append(edges, distinct[-1])


def balanced(positives: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Values of both groups, as many of each, so that a few positives are not lost in a crowd; with the least and the most."""
    each = max(2, min(len(positives), len(others), 2_000))
    quantiles = np.linspace(0, 1, each)
    return np.concatenate(
        [np.quantile(group, quantiles, method="nearest") for group in (positives, others) if len(group)]
    )


def rising(rates: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The nearest rates that never fall (pool adjacent violators); same shape."""
    blocks: list[tuple[float, float, int]] = []
    for rate, weight in zip(rates.tolist(), weights.tolist(), strict=True):
        blocks.append((rate, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (rate_a, weight_a, a), (rate_b, weight_b, b) = blocks[-2:]
            total = weight_a + weight_b
            mean = (rate_a * weight_a + rate_b * weight_b) / total if total else (rate_a + rate_b) / 2
            blocks[-2:] = [(mean, total, a + b)]
    return np.concatenate([np.full(size, rate) for rate, _, size in blocks]) if blocks else np.empty(0)


def curve(positives: np.ndarray, others: np.ndarray, *, most: int = 6) -> tuple[tuple[float, float], ...] | None:
    """A linear curve of 0 to 100 points that rises (or falls) with the share of positives among like values; none: it says nothing.

    A bin's share is drawn to the whole's as if one account of each group were in it, and stands at the bin's median.
    """
    if min(len(positives), len(others)) < 2:
        return None
    pooled = balanced(positives, others)
    edges = bins(pooled, most=most)
    inner = edges[1:-1]
    share = [
        np.bincount(np.searchsorted(inner, group, side="right"), minlength=len(inner) + 1)
        for group in (positives, others)
    ]
    weight = share[0] / len(positives) + share[1] / len(others)
    pulled = [
        (counts + 1) / (len(group) + len(inner) + 1) for counts, group in zip(share, (positives, others), strict=True)
    ]
    rates = pulled[0] / (pulled[0] + pulled[1])
    falls = auc(positives, others).value < 0.5
    rates = -rising(-rates, weight) if falls else rising(rates, weight)
    if rates.max() - rates.min() < 1e-9:
        return None
    points = np.round(100 * (rates - rates.min()) / (rates.max() - rates.min()))
    place = np.searchsorted(inner, pooled, side="right")
    found: list[tuple[float, float]] = []
    for number, height in enumerate(points.tolist()):
        inside = pooled[place == number]
        at = _short(float(np.median(inside))) if len(inside) else None
        if at is not None and (not found or at > found[-1][0]):
            found.append((at, height))
    kept = [
        point
        for number, point in enumerate(found)
        if number in (0, len(found) - 1) or not found[number - 1][1] == point[1] == found[number + 1][1]
    ]
    return tuple(kept) if len(kept) > 1 and max(height for _, height in kept) > 0 else None


def _short(value: float) -> float:
    """With three digits, as a person would write it."""
    return float(f"{value:.3g}")
