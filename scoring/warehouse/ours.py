"""Our tables for the customer's engine: of people, workspaces, memberships, event types and accounts the few columns it needs.

Titles, names and e-mails stay here: of a title only whether there is one goes along.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from pyarrow import csv

from scoring.warehouse.engines import Engine

UTC = pa.timestamp("us", tz="UTC")
#: Those that `expressions.Tables` wants: name → (query, the types of its columns)
FACTS: dict[str, tuple[str, dict[str, pa.DataType]]] = {
    "people": (
        "SELECT id, account_id, first_seen_at FROM accounts_productuser",
        {"id": pa.int64(), "account_id": pa.int64(), "first_seen_at": UTC},
    ),
    "profiles": (
        """
        SELECT id, title <> '' OR seniority <> '', seniority, buying_role = 'economic_buyer', buying_confidence,
            coalesce(profiled_at, first_seen_at)
        FROM accounts_productuser WHERE title <> '' OR seniority <> '' OR buying_role <> ''
        """,
        {
            "id": pa.int64(),
            "is_profiled": pa.bool_(),
            "seniority": pa.string(),
            "is_buyer": pa.bool_(),
            "buying_confidence": pa.float64(),
            "known_at": UTC,
        },
    ),
    "workspaces": ("SELECT id, account_id FROM accounts_workspace", {"id": pa.int64(), "account_id": pa.int64()}),
    "memberships": (
        "SELECT user_id, workspace_id, first_seen_at FROM accounts_membership",
        {"user_id": pa.int64(), "workspace_id": pa.int64(), "first_seen_at": UTC},
    ),
    "event_types": (
        "SELECT id, category, signal FROM accounts_eventtype",
        {"id": pa.int64(), "category": pa.string(), "signal": pa.string()},
    ),
    "accounts": (
        "SELECT id, employees, coalesce(employees_at, created_at) FROM accounts_account WHERE merged_into_id IS NULL",
        {"id": pa.int64(), "employees": pa.int64(), "known_at": UTC},
    ),
}
#: Those that turn the customer's names into our ids. A key that was given up for another one means the person it became.
NAMES: dict[str, tuple[str, dict[str, pa.DataType]]] = {
    "person_keys": (
        """
        SELECT key, user_id FROM accounts_useralias
        UNION ALL
        SELECT key, id FROM accounts_productuser p WHERE NOT EXISTS (SELECT FROM accounts_useralias a WHERE a.key = p.key)
        """,
        {"key": pa.string(), "user_id": pa.int64()},
    ),
    "workspace_keys": (
        "SELECT external_id, id FROM accounts_workspace",
        {"external_id": pa.string(), "space_id": pa.int64()},
    ),
    "event_names": ("SELECT name, id FROM accounts_eventtype", {"name": pa.string(), "event_type_id": pa.int64()}),
}


def facts(
    engine: Engine, *, account_ids: Collection[int] | None = None, between: tuple[int, int] | None = None
) -> dict[str, ibis.Table]:
    """Brings `FACTS` to the engine, as they are in the open transaction; of accounts only those asked for."""
    found = {name: read(query, types) for name, (query, types) in FACTS.items()}
    accounts = found["accounts"]
    if account_ids is not None:
        wanted = pa.array(sorted(account_ids), pa.int64())
        accounts = accounts.filter(pc.is_in(accounts["id"], value_set=wanted))
    if between is not None:
        low, high = between
        accounts = accounts.filter(pc.and_(pc.greater_equal(accounts["id"], low), pc.less(accounts["id"], high)))
    return {name: engine.give(name, rows) for name, rows in (found | {"accounts": accounts}).items()}


def names(engine: Engine) -> dict[str, ibis.Table]:
    """Brings `NAMES` to the engine."""
    return {name: engine.give(name, read(query, types)) for name, (query, types) in NAMES.items()}


def read(query: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The rows of a query in PostgreSQL: COPY and Arrow's CSV reader take a million rows in about a second."""
    stream = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
        for block in copy:
            stream.write(block)
    if not stream.tell():
        return pa.table({name: pa.array([], kind) for name, kind in types.items()})
    stream.seek(0)
    return csv.read_csv(
        stream,
        read_options=csv.ReadOptions(column_names=list(types)),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        # Unquoted and empty is NULL, quoted and empty is "".
        convert_options=csv.ConvertOptions(
            column_types=dict(types),
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
