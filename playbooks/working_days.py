"""When a day of work ends: dates of a play's steps. No database."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Collection

#: More holidays in a row than this are a wrong setting; then days are counted as they come.
MOST_DAYS_OFF = 60


def end_of_day(
    start: dt.datetime,
    *,
    after: int,
    weekdays: str,
    ends: dt.time,
    zone: str,
    holidays: Collection[dt.date] = (),
) -> dt.datetime:
    """The end of the `after`-th working day from `start`; 0: of the same one, or of the next that has not ended.

    `weekdays`: "12345" is Monday to Friday. An unknown zone counts as UTC.
    """
    try:
        clock: dt.tzinfo = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        clock = dt.UTC
    here = start.astimezone(clock)
    day = here.date()

    def is_free(day: dt.date) -> bool:
        return str(day.isoweekday()) not in weekdays or day in holidays

    if here.time() >= ends:
        day += dt.timedelta(days=1)
    day = _next(day, is_free)
    for _ in range(after):
        day = _next(day + dt.timedelta(days=1), is_free)
    return dt.datetime.combine(day, ends, tzinfo=clock).astimezone(dt.UTC)


def _next(day: dt.date, is_free: Callable[[dt.date], bool]) -> dt.date:
    for later in range(MOST_DAYS_OFF):
        found = day + dt.timedelta(days=later)
        if not is_free(found):
            return found
    return day
