"""Coordinates for drawings that the server makes: percentages, so that a drawing fits any width and its words stay sharp.

Never localised: SVG knows only the point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

type Height = Callable[[float, float], float]

#: Part of the height that the tallest thing takes.
ROOM = 92.0


@dataclass(frozen=True)
class Bar:
    """A bar, in percent of the drawing."""

    label: str
    value: int
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, in percent, and its words."""

    at: str
    words: str


def pct(value: float) -> str:
    return f"{value:.2f}"


def log_height(value: float, top: float) -> float:
    """Percent of the height on a scale of powers of ten that begins at 0."""
    return ROOM * math.log10(1 + max(value, 0)) / math.log10(1 + max(top, 1))


def root_height(value: float, top: float) -> float:
    """The root keeps few visible beside many."""
    return ROOM * math.sqrt(max(value, 0) / top) if top else 0.0


def plain_height(value: float, top: float) -> float:
    return ROOM * max(value, 0) / top if top else 0.0


def bars(
    labels: Sequence[str], values: Sequence[int], *, height: Height = root_height, gap: float = 0.4, top: float = 0
) -> list[Bar]:
    top = top or max(values, default=0)
    wide = 100 / max(len(values), 1)
    drawn = []
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        high = max(height(value, top), 1.0) if value else 0.0
        drawn.append(Bar(label, int(value), pct(place * wide + gap / 2), pct(100 - high), pct(wide - gap), pct(high)))
    return drawn


def stairs(values: Sequence[float], *, top: float, height: Height = root_height) -> str:
    """Points of a step line over equal bins, in a box of 100 × 100."""
    wide = 100 / max(len(values), 1)
    corners = []
    for place, value in enumerate(values):
        y = 100 - (max(height(value, top), 1.0) if value else 0.0)
        corners += [(place * wide, y), ((place + 1) * wide, y)]
    return " ".join(f"{pct(x)},{pct(y)}" for x, y in corners)


def line(values: Sequence[float | None], *, top: float) -> str:
    """Points of a line through equally distant places; what is unknown is left out."""
    last = max(len(values) - 1, 1)
    return " ".join(
        f"{pct(100 * place / last)},{pct(100 - plain_height(value, top))}"
        for place, value in enumerate(values)
        if value is not None
    )


def nice_top(top: float) -> float:
    """The next round number."""
    if top <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(top))
    return next(step * power for step in (1, 2, 2.5, 4, 5, 8, 10) if step * power >= top)


def histogram(values: np.ndarray, low: float, high: float, *, bins: int = 24) -> list[int]:
    """Counts of known values; what lies outside is counted at the ends."""
    known = values[np.isfinite(values)]
    counts, _edges = np.histogram(np.clip(known, low, high), bins=bins, range=(low, high if high > low else low + 1))
    return [int(count) for count in counts]
