"""How the accounts are spread over a feature: what a drawing of it spans, and its bars.

Kept by snapshot: a million accounts take 10 ms a feature, and a page has a dozen of them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scoring import drawing, matrices, screens
from scoring.features import Feature

BINS = 24


def values_of(snapshot: matrices.Snapshot, key: str) -> np.ndarray:
    """The feature of every account; empty for one that the snapshot does not know."""
    return snapshot.features.get(key, np.array([]))


def domain(key: str, xs: tuple[float, ...], snapshot: str, values: np.ndarray) -> tuple[float, float]:
    """What the drawing of a curve spans: the breakpoints, and nearly all accounts."""
    most_low, most_high = middle(key, snapshot, values)
    low = min([*xs, most_low])
    high = max([*xs, min(most_high, 3 * max([*xs, 1.0]))])
    span = (high - low) or 1.0
    return low - (0.04 * span if low else 0.0), high + 0.04 * span


def short(value: float) -> float:
    """Ends of axes in few digits."""
    return round(value) if abs(value) >= 3 else round(value, 2)


def labels(low: float, high: float, feature: Feature) -> list[str]:
    wide = (high - low) / BINS
    return [screens.amount(short(low + place * wide), feature) for place in range(BINS)]


class _Values:
    """An array as the last part of a key: it is known by the other parts."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Values) and len(self.array) == len(other.array)

    def __hash__(self) -> int:
        return len(self.array)


def middle(key: str, snapshot: str, values: np.ndarray) -> tuple[float, float]:
    return _middle_kept(key, snapshot, _Values(values))


@lru_cache(maxsize=256)
def _middle_kept(key: str, snapshot: str, values: _Values) -> tuple[float, float]:
    known = values.array[np.isfinite(values.array)]
    if not len(known):
        return 0.0, 1.0
    low, high = np.percentile(known, [1, 98])
    return float(low), float(high)


def counts(key: str, low: float, high: float, snapshot: str, values: np.ndarray) -> list[int]:
    return _counts_kept(key, low, high, snapshot, _Values(values))


@lru_cache(maxsize=512)
def _counts_kept(key: str, low: float, high: float, snapshot: str, values: _Values) -> list[int]:
    return drawing.histogram(values.array, low, high, bins=BINS)
