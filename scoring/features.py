"""Features: numbers about an account at a date, computed by the engine that suits: the catalogue, and arrays of them.

The aggregates are one Ibis expression (`scoring.expressions`), computed by DuckDB over the columnar mirror (all accounts) or over
rows read by index (a few), or by the warehouse that holds the usage. PostgreSQL computes the same; a test compares them.

Windows end on `as_of` and include it: "28 days" are `as_of` and the 27 days before. Noise events do not count anywhere.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import duckdb
import ibis
import numpy as np
from django.db import connection

from scoring import columnar, expressions, warehouse
from scoring.expressions import BEFORE, DAYS, FADING, LOOKBACK, WEEK, WINDOW

log = logging.getLogger(__name__)

type Matrix = dict[str, np.ndarray]


@dataclass(frozen=True)
class Feature:
    """A line of the catalogue: what the number means and its unit."""

    key: str
    label: str
    unit: str
    meaning: str


CATALOGUE = [
    Feature("weekly_active_days", "Active days a week", "days", "Days with usage in 28 days, divided by four"),
    Feature("active_users_7", "Active people, 7 days", "people", "People with usage in the last 7 days"),
    Feature("active_users_prev_7", "Active people, week before", "people", "The same for the 7 days before"),
    Feature("active_users_28", "Active people, 28 days", "people", "People with usage in the last 28 days"),
    Feature("active_users_prev_28", "Active people, 28 days before", "people", "The same for the 28 days before"),
    Feature("events_7", "Volume, 7 days", "events", "Events in the last 7 days"),
    Feature("events_prev_7", "Volume, week before", "events", "The same for the 7 days before"),
    Feature("events_28", "Volume, 28 days", "events", "Events in the last 28 days"),
    Feature("events_prev_28", "Volume, 28 days before", "events", "The same for the 28 days before"),
    Feature("users_growth", "Growth of active people", "share", "28 days against the 28 before; a base of 3 at least"),
    Feature("events_growth", "Growth of volume", "share", "28 days against the 28 before; a base of 20 at least"),
    Feature("weekly_growth", "Weekly growth of people", "share", "7 days against the 7 before; a base of 2 at least"),
    Feature("growth", "Growth", "share", "The mean of the growth of active people and of volume"),
    Feature("new_users_28", "New people, 28 days", "people", "People first seen in the last 28 days"),
    Feature("core_28", "Core events", "events", "Core events in 28 days"),
    Feature("advanced_28", "Advanced events", "events", "Advanced events in 28 days"),
    Feature("collaboration_28", "Collaboration events", "events", "Collaboration events in 28 days"),
    Feature("creation_28", "Creation events", "events", "Creation events in 28 days"),
    Feature("intent_28", "Intent events", "events", "Pricing, terms, billing and hand raises in 28 days"),
    Feature("admin_28", "Admin events", "events", "Admin events in 28 days"),
    Feature("invites_28", "Invitations", "events", "Invitations sent in 28 days"),
    Feature("breadth_28", "Features used", "event types", "Different event types used in 28 days, without intent"),
    Feature("feature_depth", "Feature depth", "levels", "1: core features used, 2: core and advanced"),
    Feature(
        "behaviours_28", "Buying behaviours", "kinds", "Of invitations, creation, admin, intent: how many occurred"
    ),
    Feature("heaviest_share", "Share of the heaviest user", "share", "The busiest person's part of the volume"),
    Feature("people", "Known people", "people", "People who ever used the product"),
    Feature("profiled_active", "Profiled active people", "people", "Active people with a title or seniority"),
    Feature("senior_people", "Senior people", "people", "People who are director or above"),
    Feature("buyers", "Likely buyers", "people", "People who are likely or confirmed economic buyers"),
    Feature("buyer_confidence", "Best buyer confidence", "share", "The highest confidence of an economic buyer"),
    Feature("employees", "Employees", "people", "Staff of the company, as stated"),
    Feature("fit", "Fit", "points of 100", "Company size and seniority of its people"),
    Feature("days_since_last_use", "Days since last use", "days", "Within 56 days, else unknown"),
    Feature("days_since_first_use", "Days since first use", "days", "Since its first person was seen"),
    Feature(
        "days_since_intent", "Days since intent", "days", "Since the last intent event, within 28 days, else unknown"
    ),
    Feature("days_since_admin", "Days since admin", "days", "Since the last admin event, within 28 days, else unknown"),
    Feature(
        "days_since_invite",
        "Days since an invitation",
        "days",
        "Since the last invitation, within 28 days, else unknown",
    ),
    Feature(
        "days_since_behaviour",
        "Days since a buying behaviour",
        "days",
        "Since the last invitation, creation, admin change or intent, within 28 days, else unknown",
    ),
]
#: Where an age is not called as what it is the age of.
AGES = {"invites": "invite"}
#: Features that are made of others, which say in words what the number alone does not.
PARTS: dict[str, tuple[str, ...]] = {
    "behaviours_28": ("invites_28", "creation_28", "admin_28", "intent_28"),
    "fit": ("employees", "senior_people", "buyer_confidence"),
    "growth": ("active_users_28", "active_users_prev_28", "events_growth"),
}
BY_KEY = {feature.key: feature for feature in CATALOGUE}


@lru_cache(maxsize=16)
def sql(as_of: dt.date, *, scoped: bool, with_usage: bool = True, workspaces: bool = False) -> str:
    """The expression as SQL for PostgreSQL. Compiling takes half a second, so it is kept."""
    tables_of = expressions.of_workspaces_in_postgresql if workspaces else expressions.in_postgresql
    tables = tables_of(as_of, scoped=scoped)
    if not with_usage:  # the planner sees it, and leaves out every step that is about usage
        tables = replace(tables, usage=tables.usage.filter(ibis.literal(False)))
    return str(ibis.to_sql(expressions.of_accounts(as_of, tables), dialect="postgres"))


def pair(
    as_of: dt.date, account_ids: Collection[int] | None = None, *, between: tuple[int, int] | None = None
) -> tuple[Matrix, Matrix]:
    """Every feature of the given accounts (all: none given) as of the day and of `BEFORE` days earlier.

    Two dicts name → array, one entry an account, in the same order of accounts: by id. `account_id` is int64, all others float64
    with NaN for unknown. `between` takes the accounts with an id from the first to below the second number.
    """
    if warehouse.is_used():
        if warehouse.keeps(as_of):
            people = in_postgresql(as_of, account_ids, between=between, with_usage=False)
            return derive(warehouse.with_kept_usage(people), as_of)
        return derive(warehouse.aggregates(as_of, account_ids, between=between), as_of)
    if account_ids is not None:
        return derive(columnar.aggregates_of(as_of, account_ids), as_of)
    try:
        return derive(columnar.aggregates(as_of, between=between), as_of)
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
        log.warning("The columnar engine failed, so PostgreSQL computes the features: %s", error)
        return derive(in_postgresql(as_of, between=between), as_of)


def pair_of_workspaces(
    as_of: dt.date, account_ids: Collection[int] | None = None, *, between: tuple[int, int] | None = None
) -> tuple[Matrix, Matrix]:
    """`pair` of the workspaces of these accounts; "account_id" is the id of the workspace.

    A workspace stands as an account of its own: usage in it, and its members as its people, from the day they joined. Its
    employees are its own as stated, else its account's. Raises `WarehouseError` where usage lies in a warehouse.
    """
    if warehouse.is_used():
        raise warehouse.WarehouseError("Workspaces are not scored while usage lies in a warehouse (USAGE_URL).")
    if account_ids is not None:
        return derive(columnar.aggregates_of(as_of, account_ids, workspaces=True), as_of)
    try:
        return derive(columnar.aggregates(as_of, between=between, workspaces=True), as_of)
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
        log.warning("The columnar engine failed, so PostgreSQL computes the features of workspaces: %s", error)
        return derive(in_postgresql(as_of, between=between, workspaces=True), as_of)


def matrix(as_of: dt.date, account_ids: Collection[int] | None = None) -> Matrix:
    """The first half of `pair`."""
    return pair(as_of, account_ids)[0]


def in_postgresql(
    as_of: dt.date,
    account_ids: Collection[int] | None = None,
    *,
    between: tuple[int, int] | None = None,
    with_usage: bool = True,
    workspaces: bool = False,
) -> dict[str, Any]:
    """The aggregates, computed in PostgreSQL: the reference, and the way out when the columnar engine has no room.

    Without usage, those of usage are zero.
    """
    scoped = account_ids is not None or between is not None
    with connection.cursor() as cursor:
        if scoped:
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS scoring_scope (account_id bigint PRIMARY KEY)")
            cursor.execute("TRUNCATE scoring_scope")
            if account_ids is not None:
                cursor.execute("INSERT INTO scoring_scope SELECT DISTINCT unnest(%s::bigint[])", [list(account_ids)])
            else:
                cursor.execute(
                    "INSERT INTO scoring_scope SELECT id FROM accounts_account WHERE id >= %s AND id < %s", between
                )
            cursor.execute("ANALYZE scoring_scope")
        cursor.execute(sql(as_of, scoped=scoped, with_usage=with_usage, workspaces=workspaces))
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    return dict(zip(names, zip(*rows, strict=True) if rows else [() for _ in names], strict=True))


def derive(raw: Mapping[str, Any], as_of: dt.date) -> tuple[Matrix, Matrix]:
    """The whole catalogue of both days from the aggregates of the expression."""
    account_id = np.asarray(raw["account_id"], dtype=np.int64)
    order = np.argsort(account_id, kind="stable")
    columns = {
        name: _floats(values)[order] for name, values in raw.items() if name not in ("account_id", "days", "first_day")
    }
    days = np.asarray(raw["days"], dtype=np.int64)[order]
    first_day = _dates(raw["first_day"])[order]
    of_kind = {name: columns.pop(f"days_{name}").astype(np.int64) for name in (*FADING, "invites")}
    weeks = np.array([columns.pop(f"week_{week}") for week in range(DAYS // WEEK)])
    matrices = []
    for prefix, back in (("", 0), ("before_", BEFORE)):
        m: Matrix = {"account_id": account_id[order]}
        for name, values in columns.items():
            if name.startswith("before_") == bool(prefix):
                m[name.removeprefix(prefix)] = values.copy()
        at = back // WEEK
        m["events_7"], m["events_prev_7"] = weeks[at], weeks[at + 1]
        m["events_28"], m["events_prev_28"] = weeks[at : at + 4].sum(axis=0), weeks[at + 4 : at + 8].sum(axis=0)
        _from_days(m, days >> back, first_day, as_of - dt.timedelta(days=back))
        _ages(m, {name: days_of >> back for name, days_of in of_kind.items()})
        _ratios(m)
        matrices.append(m)
    return matrices[0], matrices[1]


def _from_days(m: Matrix, days: np.ndarray, first_day: np.ndarray, as_of: dt.date) -> None:
    """What follows from the mask of active days (bit n: n days ago) and from the day of the first person."""
    m["weekly_active_days"] = np.bitwise_count(days & ((1 << WINDOW) - 1)) / 4
    m["days_since_last_use"] = _lowest(days & ((1 << LOOKBACK) - 1))
    since = (np.datetime64(as_of) - first_day).astype("timedelta64[D]").astype(np.float64)
    m["days_since_first_use"] = np.where(np.isnat(first_day) | (since < 0), np.nan, since)


def _ages(m: Matrix, days: dict[str, np.ndarray]) -> None:
    """Days since the last of each behaviour within the window, from the masks of their days."""
    days["behaviour"] = np.bitwise_or.reduce(list(days.values()))
    for name, mask in days.items():
        if name != "creation":
            m[f"days_since_{AGES.get(name, name)}"] = _lowest(mask & ((1 << WINDOW) - 1))


def _lowest(mask: np.ndarray) -> np.ndarray:
    """The place of the lowest bit of each, NaN without any."""
    lowest = (mask & -mask).astype(np.float64)
    return np.log2(lowest, out=np.full(len(mask), np.nan), where=mask != 0)


def _ratios(m: Matrix) -> None:
    """What is made of other features."""
    m["users_growth"] = _growth(m["active_users_28"], m["active_users_prev_28"], base=3)
    m["events_growth"] = _growth(m["events_28"], m["events_prev_28"], base=20)
    m["weekly_growth"] = _growth(m["active_users_7"], m["active_users_prev_7"], base=2)
    m["growth"] = (m["users_growth"] + m["events_growth"]) / 2
    heaviest = m.pop("heaviest")
    m["heaviest_share"] = np.divide(heaviest, m["events_28"], out=np.zeros_like(heaviest), where=m["events_28"] > 0)
    m["feature_depth"] = np.where(m["core_28"] > 0, 1.0 + (m["advanced_28"] > 0), 0.0)
    m["behaviours_28"] = np.sum(
        [m[name] > 0 for name in ("invites_28", "creation_28", "admin_28", "intent_28")], axis=0, dtype=np.float64
    )
    size = np.select(
        [np.isnan(m["employees"]), m["employees"] >= 1000, m["employees"] >= 200, m["employees"] >= 50],
        [40.0, 50.0, 60.0, 40.0],
        20.0,
    )
    m["fit"] = size + np.where(m["buyer_confidence"] >= 0.6, 40.0, np.where(m["senior_people"] > 0, 25.0, 0.0))


def _floats(values: object) -> np.ndarray:
    array = np.asarray(values, dtype=object) if isinstance(values, list | tuple) else np.asarray(values)
    if array.dtype == object:
        array = np.array([np.nan if value is None else float(value) for value in array], dtype=np.float64)
    return array.astype(np.float64)


def _dates(values: object) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind == "M":
        return array.astype("datetime64[D]")
    return np.array([np.datetime64("NaT") if day is None else day for day in values], dtype="datetime64[D]")  # type: ignore[attr-defined]


def _growth(now: np.ndarray, before: np.ndarray, *, base: float) -> np.ndarray:
    return (now - before) / np.maximum(before, base)
