"""The features by other means: what the engine's figures stand beside."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pyarrow.parquet as pq
from django.db import connection

from plsapp.bench.measure import best, timed
from scoring import columnar, expressions, mirror
from scoring.expressions import DAYS, Tables

#: The aggregates of both days as one would write them for DuckDB by hand, over the same files and tables.
BY_HAND = """
WITH counted AS (SELECT * FROM event_types WHERE category <> 'noise'),
attributed AS (
    SELECT coalesce(w.account_id, p.account_id) AS account_id, u.event_type_id, u.count, (DATE '{as_of}' - u.day) AS ago
    FROM usage u JOIN people p ON p.id = u.user_id LEFT JOIN workspaces w ON w.id = u.workspace_id
    WHERE u.day > DATE '{since}' AND u.day <= DATE '{as_of}'
),
person AS (
    SELECT u.user_id, u.workspace_id, bit_or(1::BIGINT << (DATE '{as_of}' - u.day)) AS active,
           sum(u.count::DOUBLE) FILTER (WHERE u.day > DATE '{as_of}' - 28) AS heaviest,
           sum(u.count::DOUBLE) FILTER (WHERE u.day > DATE '{as_of}' - 35 AND u.day <= DATE '{as_of}' - 7) AS before_heaviest
    FROM usage u SEMI JOIN counted t ON t.id = u.event_type_id
    WHERE u.day > DATE '{since}' AND u.day <= DATE '{as_of}'
    GROUP BY ALL
),
one AS (
    SELECT coalesce(w.account_id, p.account_id) AS account_id, u.user_id, bit_or(active) AS active,
           sum(heaviest) AS heaviest, sum(before_heaviest) AS before_heaviest
    FROM person u JOIN people p ON p.id = u.user_id LEFT JOIN workspaces w ON w.id = u.workspace_id GROUP BY ALL
),
activity AS (
    SELECT account_id, bit_or(active) AS days, max(heaviest) AS heaviest, max(before_heaviest) AS before_heaviest,
           {active},
           count(*) FILTER (WHERE active & {month} <> 0 AND f.known_at < {end}) AS profiled_active,
           count(*) FILTER (WHERE active & {before_month} <> 0 AND f.known_at < {before_end}) AS before_profiled_active
    FROM one LEFT JOIN (SELECT id, known_at FROM profiles WHERE is_profiled) f ON f.id = one.user_id GROUP BY account_id
),
week AS (
    SELECT account_id, ago // 7 AS week, sum(count::DOUBLE) AS events
    FROM attributed a SEMI JOIN counted t ON t.id = a.event_type_id GROUP BY ALL
),
volume AS (SELECT account_id, {weeks} FROM week GROUP BY account_id),
kind AS (
    SELECT account_id, event_type_id, sum(count::DOUBLE) FILTER (WHERE ago < 28) AS now,
           sum(count::DOUBLE) FILTER (WHERE ago >= 7) AS before,
           bit_or(1::BIGINT << ago) AS days
    FROM attributed WHERE ago < 35 GROUP BY ALL
),
kinds AS (SELECT account_id, {kinds} FROM kind JOIN counted t ON t.id = event_type_id GROUP BY account_id),
member AS (
    SELECT account_id, id AS user_id, first_seen_at FROM people WHERE account_id IS NOT NULL
    UNION
    SELECT w.account_id, p.id, min(m.first_seen_at) FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
    JOIN people p ON p.id = m.user_id WHERE w.account_id IS NOT NULL AND w.account_id IS DISTINCT FROM p.account_id
    GROUP BY 1, 2
),
known AS (
    SELECT account_id, min(first_seen_at)::DATE AS first_day, {known}
    FROM member m LEFT JOIN profiles f ON f.id = m.user_id GROUP BY account_id
)
SELECT a.id AS account_id, CASE WHEN a.known_at < {end} THEN a.employees END AS employees,
       CASE WHEN a.known_at < {before_end} THEN a.employees END AS before_employees,
       * EXCLUDE (id, employees, account_id, known_at)
FROM accounts a LEFT JOIN activity ON activity.account_id = a.id LEFT JOIN volume ON volume.account_id = a.id
LEFT JOIN kinds ON kinds.account_id = a.id LEFT JOIN known ON known.account_id = a.id
"""

#: The features of one day from single events, as one would write them first. No mask, no week before: less than ours answers.
RAW = """
SELECT coalesce(w.account_id, p.account_id) AS account_id,
       count(DISTINCT e.at::date) FILTER (WHERE e.at >= %(month)s) AS days,
       {users},
       {events},
       {kinds},
       count(*) FILTER (WHERE e.at >= %(month)s AND t.signal = 'invite') AS invites_28,
       count(DISTINCT e.event_type_id) FILTER (WHERE e.at >= %(month)s AND t.category <> 'intent') AS breadth_28,
       count(DISTINCT e.user_id) FILTER (WHERE e.at >= %(month)s AND (p.title <> '' OR p.seniority <> '')) AS profiled,
       max(e.at) AS last_at
FROM bench_raw e
JOIN accounts_eventtype t ON t.id = e.event_type_id AND t.category <> 'noise'
JOIN accounts_productuser p ON p.id = e.user_id
LEFT JOIN accounts_workspace w ON w.id = e.workspace_id
WHERE e.at >= %(lookback)s AND e.at < %(end)s
GROUP BY 1
"""


def _by_hand(as_of: dt.date) -> str:
    active, known = [], []
    kinds = [
        f"bit_or(days) FILTER (WHERE t.category = '{category}') AS days_{category}" for category in expressions.FADING
    ]
    kinds.append("bit_or(days) FILTER (WHERE t.signal = 'invite') AS days_invites")
    for prefix, back in (("", 0), ("before_", 7)):
        for name, low, high in (("7", 0, 7), ("prev_7", 7, 14), ("28", 0, 28), ("prev_28", 28, 56)):
            mask = (1 << high + back) - (1 << low + back)
            active.append(f"count(*) FILTER (WHERE active & {mask} <> 0) AS {prefix}active_users_{name}")
        events = "before" if back else "now"
        for category in expressions.CATEGORIES:
            kinds.append(f"sum({events}) FILTER (WHERE t.category = '{category}') AS {prefix}{category}_28")
        kinds.append(f"sum({events}) FILTER (WHERE t.signal = 'invite') AS {prefix}invites_28")
        kinds.append(f"count(*) FILTER (WHERE {events} > 0 AND t.category <> 'intent') AS {prefix}breadth_28")
        end = as_of - dt.timedelta(days=back - 1)
        is_known = f"m.first_seen_at < TIMESTAMPTZ '{end} 00:00:00+00'"
        is_profiled = f"{is_known} AND f.known_at < TIMESTAMPTZ '{end} 00:00:00+00'"
        begin = end - dt.timedelta(days=28)
        known += [
            f"count(*) FILTER (WHERE {is_known}) AS {prefix}people",
            f"count(*) FILTER (WHERE {is_known} AND m.first_seen_at >= TIMESTAMPTZ '{begin} 00:00:00+00')"
            f" AS {prefix}new_users_28",
            f"count(*) FILTER (WHERE {is_profiled} AND f.seniority IN ('c_level', 'vp', 'director')) AS {prefix}senior_people",
            f"count(*) FILTER (WHERE {is_profiled} AND f.is_buyer AND f.buying_confidence >= 0.6) AS {prefix}buyers",
            f"max(f.buying_confidence) FILTER (WHERE {is_profiled} AND f.is_buyer) AS {prefix}buyer_confidence",
        ]
    return BY_HAND.format(
        as_of=as_of,
        end=f"TIMESTAMPTZ '{as_of + dt.timedelta(days=1)} 00:00:00+00'",
        before_end=f"TIMESTAMPTZ '{as_of - dt.timedelta(days=6)} 00:00:00+00'",
        since=as_of - dt.timedelta(days=DAYS),
        active=", ".join(active),
        month=(1 << 28) - 1,
        before_month=((1 << 28) - 1) << 7,
        weeks=", ".join(f"sum(events) FILTER (WHERE week = {week}) AS week_{week}" for week in range(9)),
        kinds=", ".join(kinds),
        known=", ".join(known),
    )


@dataclass
class Engines:
    """The same tables and files before each engine. Reading people from PostgreSQL is not in these figures."""

    as_of: dt.date
    duck: duckdb.DuckDBPyConnection
    files: list[str]
    folder: Path

    def ours(self) -> float:
        by_person, rest = columnar.sql(self.as_of, all_accounts=True)

        def work() -> Any:
            self.duck.execute(f"CREATE OR REPLACE TABLE by_person AS {by_person}")
            return self.duck.sql(rest).to_arrow_table()

        self.answer, seconds = best(work)
        return seconds

    def by_hand(self) -> float:
        """Seconds of the query by hand. Raises when its numbers are others than ours."""
        query = _by_hand(self.as_of)
        other, seconds = best(lambda: self.duck.sql(query).to_arrow_table())
        ours, theirs = (table.sort_by("account_id") for table in (self.answer, other))
        for name in ours.column_names:
            if name != "first_day":
                one, two = (np.nan_to_num(table[name].to_numpy().astype(float)) for table in (ours, theirs))
                np.testing.assert_allclose(one, two, err_msg=name)
        return seconds

    def clickhouse(self) -> float | None:
        """Seconds of the same expression in ClickHouse's engine over the same files; none when `chdb` is not installed."""
        if importlib.util.find_spec("chdb") is None:
            return None
        from chdb import session

        chdb = session.Session(str(self.folder / "clickhouse"))
        tables = {}
        for name, shape in columnar.SHAPES.items():
            tables[name] = ibis.table(shape, name=name)
            if name == "usage":
                source = f"file('{Path(self.files[0]).parent}/*.parquet', Parquet)"
                chdb.query(f"CREATE VIEW usage AS SELECT * FROM {source}")
                continue
            path = self.folder / f"{name}.parquet"
            pq.write_table(self.duck.sql(f"FROM {name}").to_arrow_table(), path)
            chdb.query(f"CREATE TABLE {name} ENGINE = Memory AS SELECT * FROM file('{path}', Parquet)")
        usage = expressions.recent(tables.pop("usage"), self.as_of)
        usage = usage.mutate(ago=ibis.literal(self.as_of).delta(usage.day, unit="day").cast("int32"))
        query = ibis.to_sql(expressions.of_accounts(self.as_of, Tables(usage=usage, **tables)), dialect="clickhouse")
        answer, seconds = best(lambda: chdb.query(f"{query} FORMAT Arrow"))
        if not answer.bytes():
            raise RuntimeError(answer.error_message())
        chdb.close()
        return seconds


@contextlib.contextmanager
def engine(as_of: dt.date) -> Iterator[Engines]:
    """All days in files, people and accounts in memory."""
    usage = mirror.days(as_of - dt.timedelta(days=DAYS - 1), as_of, today=as_of + dt.timedelta(days=1))
    with columnar.engine() as duck, tempfile.TemporaryDirectory(prefix="plsapp-engines-") as folder:
        columnar.put_usage(duck, usage)
        for name, table in {"event_types": columnar.event_types(), **columnar.dimensions(None)}.items():
            columnar.put(duck, name, table)
        yield Engines(as_of, duck, usage.files, Path(folder))


def raw_events(as_of: dt.date, *, accounts: int) -> tuple[int, float]:
    """The number of accounts, and the seconds that the features of one day take from their single events in PostgreSQL."""

    def at(days: int) -> dt.date:
        return as_of + dt.timedelta(days=1 - days)

    def within(low: int, high: int) -> str:
        return f"(WHERE e.at >= date '{at(high)}' AND e.at < date '{at(low)}')"

    windows = {"7": (0, 7), "prev_7": (7, 14), "28": (0, 28), "prev_28": (28, 56)}
    query = RAW.format(
        users=", ".join(f"count(DISTINCT e.user_id) FILTER {within(*w)} AS users_{n}" for n, w in windows.items()),
        events=", ".join(f"count(*) FILTER {within(*w)} AS events_{n}" for n, w in windows.items()),
        kinds=", ".join(
            f"count(*) FILTER (WHERE e.at >= %(month)s AND t.category = '{c}') AS {c}_28"
            for c in expressions.CATEGORIES
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TABLE bench_raw AS
            SELECT u.user_id, u.workspace_id, u.event_type_id, u.day + make_interval(secs => n * 60) AS at
            FROM accounts_usage u JOIN accounts_productuser p ON p.id = u.user_id, generate_series(1, u.count) AS n
            WHERE p.account_id <= %s
            """,
            [accounts],
        )
        cursor.execute("CREATE INDEX ON bench_raw (at)")
        cursor.execute("VACUUM ANALYZE bench_raw")
        params = {"month": at(28), "lookback": at(56), "end": at(0)}

        def work() -> list[tuple[Any, ...]]:
            cursor.execute(query, params)
            return cursor.fetchall()

        rows, seconds = timed(work)
        cursor.execute("DROP TABLE bench_raw")
    return len(rows), seconds
