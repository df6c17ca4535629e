"""The months of the usage table: one partition each, made ahead and on demand, dropped when their time is over.

Rows of months without a partition (older than `MONTHS_BACK`, or of a day to come that nobody prepared) go to the default
partition, so that no row is ever refused. When such a month gets its partition, its rows move there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

#: Older months share the default partition: an import of twenty years makes no 240 tables.
MONTHS_BACK = 36
MONTHS_AHEAD = 2
TABLE, OTHER = "accounts_usage", "accounts_usage_other"
#: One at a time makes or drops partitions.
LOCK = 7_006


def month_of(day: dt.date) -> dt.date:
    return day.replace(day=1)


def next_month(month: dt.date, *, months: int = 1) -> dt.date:
    """The first day of the month so many months later (or, below 0, before)."""
    place = month.year * 12 + month.month - 1 + months
    return dt.date(place // 12, place % 12 + 1, 1)


def partition_of(month: dt.date) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def existing() -> set[dt.date]:
    """The months that have a partition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass",
            [TABLE],
        )
        names = [name.removeprefix(f"{TABLE}_") for (name,) in cursor.fetchall()]
    return {dt.date(int(name[:4]), int(name[5:]), 1) for name in names if name != OTHER.removeprefix(f"{TABLE}_")}


#: Months known to have a partition, so that a load asks only about new ones. When one was dropped meanwhile its rows go to the
#: default partition, and nothing is lost.
_known: set[tuple[str, dt.date]] = set()


def ensure(days: Iterable[dt.date]) -> list[dt.date]:
    """Makes the partitions that these days want, inside the caller's transaction; returns the months that were new."""
    database = connection.settings_dict["NAME"]
    this = month_of(timezone.now().date())
    first, last = next_month(this, months=-MONTHS_BACK), next_month(this, months=MONTHS_AHEAD)
    if (
        oldest := oldest_kept()
    ):  # what comes later than that is dropped in the next night, and needs no table until then
        first = max(first, oldest)
    wanted = {month for day in days if first <= (month := month_of(day)) <= last and (database, month) not in _known}
    if not wanted:
        return []
    missing = sorted(wanted - existing())
    if missing:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            missing = sorted(wanted - existing())
            for month in missing:
                _make(month)
    if not connection.in_atomic_block:  # what is not committed yet may never be
        _known.update((database, month) for month in wanted)
    else:
        transaction.on_commit(lambda: _known.update((database, month) for month in wanted))
    return missing


def _make(month: dt.date) -> None:
    name, until = partition_of(month), next_month(month)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)")
        # Their content stays the same, so they move below the triggers of the whole table.
        cursor.execute(
            f"WITH moved AS (DELETE FROM {OTHER} WHERE day >= %(first)s AND day < %(until)s RETURNING *) "
            f"INSERT INTO {name} SELECT * FROM moved",
            {"first": month, "until": until},
        )
        cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{month}') TO ('{until}')")


def make_ahead() -> list[dt.date]:
    """Partitions for this month and the next `MONTHS_AHEAD`."""
    this = month_of(timezone.now().date())
    return ensure(next_month(this, months=ahead) for ahead in range(MONTHS_AHEAD + 1))


def oldest_kept() -> dt.date | None:
    """The first month that has a day within `USAGE_RETENTION_DAYS`; none when usage is kept for good (0)."""
    if not settings.USAGE_RETENTION_DAYS:
        return None
    return month_of(timezone.now().date() - dt.timedelta(days=settings.USAGE_RETENTION_DAYS))


def drop_old() -> list[dt.date]:
    """Drops all usage of the months before `oldest_kept`, with the versions of its days; returns the partitions' months."""
    until = oldest_kept()
    if until is None:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        old = sorted(month for month in existing() if month < until)
        for month in old:
            cursor.execute(f"DROP TABLE {partition_of(month)}")
        cursor.execute(f"DELETE FROM {OTHER} WHERE day < %s", [until])
        cursor.execute("DELETE FROM accounts_usageday WHERE day < %s", [until])
        cursor.execute("DELETE FROM accounts_deviceusage WHERE day < %s", [until])
    database = connection.settings_dict["NAME"]
    _known.difference_update((database, month) for month in old)
    return old
