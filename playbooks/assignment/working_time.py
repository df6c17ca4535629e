"""Working time by interval arithmetic: what is due in so many minutes of opening hours, and how many lay between. No database.

A day's opening is two moments in its zone, so on the day that the clocks change it is as long as it really is. Days off are
weekdays that are not worked, and holidays. Opening hours over midnight are refused.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field

DAY = dt.timedelta(days=1)
#: More days off in a row are a wrong setting; then time runs on as if there were no holidays.
MOST_DAYS_OFF = 366


@dataclass(frozen=True)
class Hours:
    """`weekdays`: "12345" is Monday to Friday. Raises `ValueError` naming the field: `ends`, `weekdays`, `zone`."""

    begins: dt.time = dt.time(9)
    ends: dt.time = dt.time(17)
    weekdays: str = "12345"
    zone: str = "UTC"
    holidays: frozenset[dt.date] = frozenset()
    clock: dt.tzinfo = field(init=False, compare=False, repr=False, default=dt.UTC)

    def __post_init__(self) -> None:
        if self.ends <= self.begins:
            raise ValueError("ends")
        if not self.weekdays or set(self.weekdays) - set("1234567"):
            raise ValueError("weekdays")
        try:
            object.__setattr__(self, "clock", zoneinfo.ZoneInfo(self.zone))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("zone") from None


def add(start: dt.datetime, minutes: float, hours: Hours) -> dt.datetime:
    """The moment (UTC) at which `minutes` of opening hours have passed since `start`; 0: the next open moment."""
    left = dt.timedelta(minutes=minutes)
    for opens, closes in openings(start, hours):
        begin = max(opens, start)
        if left <= closes - begin:
            return (begin + left).astimezone(dt.UTC)
        left -= closes - begin
    raise AssertionError("openings never end")


def between(a: dt.datetime, b: dt.datetime, hours: Hours) -> float:
    """The minutes of opening hours from `a` to `b`; negative when `b` is before `a`."""
    if b < a:
        return -between(b, a, hours)
    passed = dt.timedelta()
    for opens, closes in openings(a, hours):
        if opens >= b:
            break
        passed += min(closes, b) - max(opens, a)
    return passed / dt.timedelta(minutes=1)


def openings(start: dt.datetime, hours: Hours) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The openings that end after `start`, in order, in UTC, without end."""
    day = start.astimezone(hours.clock).date()
    off = 0
    while True:
        is_off = str(day.isoweekday()) not in hours.weekdays or (day in hours.holidays and off < MOST_DAYS_OFF)
        opens = dt.datetime.combine(day, hours.begins, tzinfo=hours.clock).astimezone(dt.UTC)
        closes = dt.datetime.combine(day, hours.ends, tzinfo=hours.clock).astimezone(dt.UTC)
        # Both may lie in the hour that the clocks skip.
        if not is_off and closes > max(opens, start):
            off = 0
            yield opens, closes
        else:
            off += is_off
        day += DAY
