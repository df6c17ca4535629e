"""Shares of small numbers, told with how sure they are. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: With fewer, a share is told with its counts and called too few.
FEW = 10
_Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Share:
    """`part` of `of`."""

    part: int
    of: int

    @property
    def value(self) -> float:
        """0 to 1; NaN of nothing."""
        return self.part / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval, 0 to 1: honest also near 0 and 1 and for few. Of nothing: all is possible."""
        return wilson(self.part, self.of)

    @property
    def low(self) -> float:
        return self.interval[0]

    @property
    def high(self) -> float:
        return self.interval[1]

    @property
    def is_few(self) -> bool:
        return self.of < FEW


def wilson(part: int, of: int, z: float = _Z) -> tuple[float, float]:
    """Wilson's score interval of a share. `wilson(22, 50)` → (0.31, 0.58)."""
    if not of:
        return 0.0, 1.0
    share = part / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    whole = 1 + z * z / of
    return max((middle - half) / whole, 0.0), min((middle + half) / whole, 1.0)


def difference_low(more: Share, less: Share, z: float = _Z) -> float:
    """The lower end of the interval of `more` − `less` (Newcombe's, of two Wilson intervals). Above 0: surely more.

    −1 where one of them is of nothing: all is possible.
    """
    if not more.of or not less.of:
        return -1.0
    low, high = wilson(more.part, more.of, z)[0], wilson(less.part, less.of, z)[1]
    return more.value - less.value - math.hypot(more.value - low, high - less.value)
