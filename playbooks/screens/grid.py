"""The fields of the organisation map: how wide and high they are for those who stand in them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def columns(n: int) -> int:
    """How many of `n` stand side by side in a field."""
    return max(math.ceil(math.sqrt(n * 1.8)), 1)


def rows(n: int) -> int:
    """In how many rows they stand."""
    return math.ceil(n / columns(n))


def spans(n: int, needed: Mapping[tuple[int, int], int], axis: int, each: float) -> list[tuple[float, float]]:
    """(begin, end) of each column (`axis` 0) or row (1): at least 1, and `each` for everybody side by side in its fullest field."""
    found, begin = [], 0.0
    for place in range(n):
        most = max((count for field, count in needed.items() if field[axis] == place), default=1)
        end = round(begin + max(1.0, most * each), 3)
        found.append((begin, end))
        begin = end
    return found


def labels(names: list[str], spans: list[tuple[float, float]]) -> list[dict[str, Any]]:
    """What stands at the axis: each name at the middle of its span, and where that ends."""
    return [
        {"name": name, "at": round((begin + end) / 2, 3), "end": end}
        for name, (begin, end) in zip(names, spans, strict=True)
    ]
