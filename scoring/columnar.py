"""The aggregates of the expression, by DuckDB: of all accounts over the columnar mirror, of a few over their rows.

All but the closed days of a full run is read through Django's own connection, in the caller's transaction. A few accounts are also
computed here: PostgreSQL finds their rows by index, but took three times as long to add them up.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import duckdb
import ibis
import numpy as np
import psutil
import pyarrow as pa
from django.conf import settings
from django.utils import timezone

from accounts import columns
from accounts.models import EventType
from scoring import expressions, mirror
from scoring.expressions import DAYS, Tables

log = logging.getLogger(__name__)

#: DuckDB's share of the machine's memory; beyond it spills to `PLSAPP_HOME/mirror/tmp`. 100,000 accounts need under 1 GB.
MEMORY_SHARE = 0.4

SHAPES: dict[str, dict[str, str]] = {
    "usage": {"user_id": "int32", "workspace_id": "int32", "event_type_id": "int32", "count": "int32", "day": "date"},
    "people": {"id": "int32", "account_id": "int32", "first_seen_at": "timestamp('UTC')"},
    "profiles": {
        "id": "int32",
        "seniority": "string",
        "buying_confidence": "float64",
        "known_at": "timestamp('UTC')",
        "is_profiled": "boolean",
        "is_buyer": "boolean",
    },
    "workspaces": {"id": "int32", "account_id": "int32"},
    "memberships": {"user_id": "int32", "workspace_id": "int32", "first_seen_at": "timestamp('UTC')"},
    "event_types": {"id": "int32", "category": "string", "signal": "string"},
    "accounts": {"id": "int32", "employees": "int32", "known_at": "timestamp('UTC')"},
}
#: What stands for a time that is not known: after every day that can be asked about.
NEVER = "'9999-12-31'::timestamptz"
#: The day for which the expression is compiled; its dates are then moved to the day that is asked about.
_SOME_DAY = dt.date(2001, 1, 1)
_DATE = re.compile(r"(?<=MAKE_DATE\()(\d+), (\d+), (\d+)(?=\))|(?<=MAKE_TIMESTAMPTZ\()(\d+), (\d+), (\d+)(?=,)")


def sql(as_of: dt.date, *, all_accounts: bool, workspaces: bool = False) -> tuple[str, str]:
    """The expression as SQL for DuckDB in two steps, over tables named as in `SHAPES`: first the table `by_person`, then the rest.

    The first needs no people, so it runs while they are read. Compiling takes a third of a second, so it is done for one day, and
    the dates in it are moved.
    """
    by = as_of - _SOME_DAY

    def moved(found: re.Match[str]) -> str:
        day = dt.date(*(int(part) for part in found.groups() if part is not None)) + by
        return f"{day.year}, {day.month}, {day.day}"

    first, rest = _compiled(_SOME_DAY, all_accounts=all_accounts, workspaces=workspaces)
    return _DATE.sub(moved, first), _DATE.sub(moved, rest)


@lru_cache(maxsize=8)
def _compiled(as_of: dt.date, *, all_accounts: bool, workspaces: bool) -> tuple[str, str]:
    named = {name: ibis.table(shape, name=name) for name, shape in SHAPES.items()}
    usage = expressions.recent(named.pop("usage"), as_of)
    usage = usage.mutate(ago=ibis.literal(as_of).delta(usage.day, unit="day").cast("int32"))
    tables = Tables(usage=usage, **named, all_accounts=all_accounts)
    if workspaces:
        tables = expressions.one_level_down(tables)
    first = expressions.by_person(expressions.counted(tables.usage, tables.event_types))
    by_person = ibis.table(first.schema(), name="by_person")
    rest = expressions.of_accounts(as_of, replace(tables, by_person=by_person if all_accounts else None))
    return str(ibis.to_sql(first, dialect="duckdb")), str(ibis.to_sql(rest, dialect="duckdb"))


def aggregates(
    as_of: dt.date, *, between: tuple[int, int] | None = None, workspaces: bool = False
) -> dict[str, np.ndarray]:
    """The aggregates of every account, or of those with an id from `between[0]` to below `between[1]`: column → array.

    With `workspaces`, those of the workspaces of these accounts; `account_id` is the workspace's id then.
    """
    first = as_of - dt.timedelta(days=DAYS - 1)
    today = timezone.now().date()
    usage = mirror.days(first, as_of, today=today)
    try:
        return _of_all(as_of, usage, between, workspaces)
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        # A file that ended in the middle, or that another run replaced just now: made anew, once.
        log.warning("The mirror cannot be read and is made anew: %s", error)
        mirror.forget(usage.files)
        return _of_all(as_of, mirror.days(first, as_of, today=today), between, workspaces)


def aggregates_of(as_of: dt.date, account_ids: Collection[int], *, workspaces: bool = False) -> dict[str, np.ndarray]:
    """The same of a few accounts. All their rows are read from PostgreSQL by index; no file is touched."""
    by_person, rest = sql(as_of, all_accounts=True, workspaces=workspaces)
    rows = _rows_of_workspaces(as_of, account_ids) if workspaces else rows_of(as_of, account_ids)
    with engine() as duck:
        for name, table in {"event_types": event_types(), **rows}.items():
            put(duck, name, table)
        duck.execute(f"CREATE TABLE by_person AS {by_person}")
        return answer(duck, rest)


def _of_all(
    as_of: dt.date, usage: mirror.Days, between: tuple[int, int] | None, workspaces: bool
) -> dict[str, np.ndarray]:
    by_person, rest = sql(as_of, all_accounts=between is None, workspaces=workspaces)
    with engine() as duck, ThreadPoolExecutor(1) as beside:
        put_usage(duck, usage)
        put(duck, "event_types", event_types())
        first = None
        if between is None and usage.is_local:
            first = beside.submit(duck.cursor().execute, f"CREATE TABLE by_person AS {by_person}")
        tables = dimensions_of_workspaces(between) if workspaces else dimensions(between)
        if first is not None:
            first.result()
        elif between is None:
            duck.execute(f"CREATE TABLE by_person AS {by_person}")
        for name, table in tables.items():
            put(duck, name, table)
        return answer(duck, rest)


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    memory = int(psutil.virtual_memory().total * MEMORY_SHARE)
    with duckdb.connect(config={"memory_limit": f"{memory}B"}) as duck:
        duck.execute("SET TimeZone = 'UTC'")
        duck.execute("SET temp_directory = ?", [str(settings.HOME / "mirror" / "tmp")])
        yield duck


def answer(duck: duckdb.DuckDBPyConnection, query: str) -> dict[str, np.ndarray]:
    found = duck.sql(query).to_arrow_table()
    return {name: found[name].to_numpy() for name in found.column_names}


def put(duck: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """A table of its own: faster to read several times than one of Arrow."""
    duck.register("arriving", table)
    duck.execute(f"CREATE TABLE {name} AS SELECT * FROM arriving")
    duck.unregister("arriving")


def put_usage(duck: duckdb.DuckDBPyConnection, usage: mirror.Days) -> None:
    """The view `usage` over files and what is in memory."""
    names = ", ".join(SHAPES["usage"])
    parts = []
    if usage.files:
        if usage.is_local:
            # Ids may be wider in some files than in others.
            duck.read_parquet(usage.files, union_by_name=True).create_view("usage_files")
        else:
            import pyarrow.dataset  # brings pandas along, a second and a half of every start

            system, _ = mirror.place()
            # The same: a data set takes its types from its first file, unless it is told.
            types = {"day": pa.date32()}
            schema = pa.schema([(name, types.get(name, pa.int64())) for name in SHAPES["usage"]])
            files = pyarrow.dataset.dataset(usage.files, schema=schema, filesystem=system, format="parquet")
            duck.register("usage_files", files)
        parts.append(f"SELECT {names} FROM usage_files")
    for place, table in enumerate(usage.tables):
        put(duck, f"usage_{place}", table)
        parts.append(f"SELECT {names} FROM usage_{place}")
    if not parts:
        parts.append(f"SELECT {', '.join(f'NULL AS {name}' for name in SHAPES['usage'])} WHERE false")
    duck.execute(f"CREATE VIEW usage AS {' UNION ALL '.join(parts)}")


def dimensions(between: tuple[int, int] | None) -> dict[str, pa.Table]:
    """People, workspaces and accounts, as tables of the shape that the expression reads."""
    where, params = ("id >= $1 AND id < $2", between) if between else ("true", ())
    return {
        "people": _people("true"),
        "profiles": _profiles("true"),
        "workspaces": _workspaces("true"),
        "memberships": _memberships("true"),
        "accounts": _accounts(where, *params),
    }


def dimensions_of_workspaces(between: tuple[int, int] | None) -> dict[str, pa.Table]:
    """The same one level down; the expression makes people of memberships."""
    where, params = ("a.id >= $1 AND a.id < $2", between) if between else ("true", ())
    return {
        "profiles": _profiles("true"),
        "memberships": _memberships("true"),
        "accounts": _workspaces_as_accounts(where, *params),
    }


def rows_of(as_of: dt.date, account_ids: Collection[int]) -> dict[str, pa.Table]:
    """Everything that bears on these accounts: their people, and all usage of those, also for other accounts."""
    people = _people(
        """id IN (SELECT id FROM accounts_productuser WHERE account_id = ANY($1)
           UNION SELECT m.user_id FROM accounts_workspace w JOIN accounts_membership m ON m.workspace_id = w.id
           WHERE w.account_id = ANY($1))""",
        list(account_ids),
    )
    ids = people["id"].to_pylist()
    usage = mirror.rows("user_id = ANY($1) AND day > $2 AND day <= $3", ids, as_of - dt.timedelta(days=DAYS), as_of)
    memberships = _memberships("user_id = ANY($1)", ids)
    spaces = np.union1d(usage["workspace_id"].to_numpy(), memberships["workspace_id"].to_numpy())
    return {
        "usage": usage,
        "people": people,
        "profiles": _profiles("id = ANY($1)", ids),
        "workspaces": _workspaces("id = ANY($1)", spaces.tolist()),
        "memberships": memberships,
        "accounts": _accounts("id = ANY($1)", list(account_ids)),
    }


def _rows_of_workspaces(as_of: dt.date, account_ids: Collection[int]) -> dict[str, pa.Table]:
    """Everything that bears on the workspaces of these accounts: their members, and what those did in them."""
    spaces = _workspaces_as_accounts("a.id = ANY($1)", list(account_ids))
    space_ids = spaces["id"].to_pylist()
    memberships = _memberships("workspace_id = ANY($1)", space_ids)
    people = memberships["user_id"].unique().to_pylist()
    usage = mirror.rows(
        "user_id = ANY($1) AND day > $2 AND day <= $3 AND workspace_id = ANY($4)",
        people, as_of - dt.timedelta(days=DAYS), as_of, space_ids,
    )  # fmt: skip
    return {
        "usage": usage,
        "profiles": _profiles("id = ANY($1)", people),
        "memberships": memberships,
        "accounts": spaces,
    }


def _people(where: str, *params: Any) -> pa.Table:
    read = columns.read(
        {
            "id": ("id", "int8"),
            "account_id": ("coalesce(account_id, -1)", "int8"),
            "first_seen_at": (f"coalesce(first_seen_at, {NEVER})", "timestamptz"),
        },
        f"FROM accounts_productuser WHERE {where}",
        params,
    )
    return pa.table(
        {
            "id": mirror.narrowed(read["id"]),
            "account_id": _nullable(read["account_id"]),
            "first_seen_at": _moments(read["first_seen_at"]),
        }
    )


def _profiles(where: str, *params: Any) -> pa.Table:
    senior = " ".join(f"WHEN '{level}' THEN {place}" for place, level in enumerate(expressions.SENIOR, 1))
    read = columns.read(
        {
            "id": ("id", "int8"),
            "seniority": (f"CASE seniority {senior} ELSE 0 END", "int2"),
            "buying_confidence": ("buying_confidence", "float8"),
            "known_at": (f"coalesce(profiled_at, first_seen_at, {NEVER})", "timestamptz"),
            "is_profiled": ("(title <> '' OR seniority <> '')::int", "int2"),
            "is_buyer": ("(buying_role = 'economic_buyer')::int", "int2"),
        },
        f"FROM accounts_productuser WHERE (title <> '' OR seniority <> '' OR buying_role <> '') AND {where}",
        params,
    )
    levels = pa.array(["", *expressions.SENIOR])
    return pa.table(
        {
            "id": mirror.narrowed(read["id"]),
            "seniority": pa.DictionaryArray.from_arrays(read["seniority"].astype(np.int8), levels),
            "buying_confidence": read["buying_confidence"],
            "known_at": _moments(read["known_at"]),
            "is_profiled": read["is_profiled"] == 1,
            "is_buyer": read["is_buyer"] == 1,
        }
    )


def _workspaces(where: str, *params: Any) -> pa.Table:
    read = columns.read(
        {"id": ("id", "int8"), "account_id": ("coalesce(account_id, -1)", "int8")},
        f"FROM accounts_workspace WHERE {where}",
        params,
    )
    return pa.table({"id": mirror.narrowed(read["id"]), "account_id": _nullable(read["account_id"])})


def _memberships(where: str, *params: Any) -> pa.Table:
    read = columns.read(
        {
            "user_id": ("user_id", "int8"),
            "workspace_id": ("workspace_id", "int8"),
            "first_seen_at": ("first_seen_at", "timestamptz"),
        },
        f"FROM accounts_membership WHERE {where}",
        params,
    )
    return pa.table(
        {
            "user_id": mirror.narrowed(read["user_id"]),
            "workspace_id": mirror.narrowed(read["workspace_id"]),
            "first_seen_at": _moments(read["first_seen_at"]),
        }
    )


def _accounts(where: str, *params: Any) -> pa.Table:
    read = columns.read(
        {
            "id": ("id", "int8"),
            "employees": ("coalesce(employees, -1)", "int4"),
            "known_at": ("coalesce(employees_at, created_at)", "timestamptz"),
        },
        f"FROM accounts_account WHERE merged_into_id IS NULL AND {where}",
        params,
    )
    return pa.table(
        {
            "id": mirror.narrowed(read["id"]),
            "employees": _nullable(read["employees"]),
            "known_at": _moments(read["known_at"]),
        }
    )


def _workspaces_as_accounts(where: str, *params: Any) -> pa.Table:
    """Workspaces that have an account, in the shape of accounts: with its staff where their own is not known."""
    read = columns.read(
        {
            "id": ("w.id", "int8"),
            "employees": ("coalesce(w.employees, a.employees, -1)", "int4"),
            "known_at": (
                "CASE WHEN w.employees IS NULL THEN coalesce(a.employees_at, a.created_at) ELSE w.created_at END",
                "timestamptz",
            ),
        },
        "FROM accounts_workspace w JOIN accounts_account a ON a.id = w.account_id "
        f"WHERE a.merged_into_id IS NULL AND {where}",
        params,
    )
    return pa.table(
        {
            "id": mirror.narrowed(read["id"]),
            "employees": _nullable(read["employees"]),
            "known_at": _moments(read["known_at"]),
        }
    )


def _moments(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.timestamp("us", "UTC"))


def _nullable(values: np.ndarray) -> pa.Array:
    """−1 stands for unknown."""
    return pa.array(mirror.narrowed(values), mask=values == -1)


def event_types() -> pa.Table:
    rows = list(EventType.objects.values_list("id", "category", "signal"))
    names = {"id": pa.int32(), "category": pa.string(), "signal": pa.string()}
    whole = list(zip(*rows, strict=True)) or [() for _ in names]
    return pa.table({name: pa.array(values, kind) for (name, kind), values in zip(names.items(), whole, strict=True)})
