"""Features: numbers about an account at a date, written once as Ibis expressions.

The same expression runs in PostgreSQL (through Django's own connection, so it sees the open transaction) and in any other
engine that has the tables. Usage is added up per person and workspace first, then joined to accounts: the account of a row is
its workspace's, else its person's. Days are compared with literal dates, because date arithmetic by Ibis compiles to slow SQL
in PostgreSQL. Days on which an account was active are a bit mask, so that several people on one day count once.

Windows end on `as_of` and include it: "28 days" are `as_of` and the 27 days before. Noise events do not count anywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ibis
import numpy as np
from django.db import connection

LOOKBACK_DAYS = 56
WEEK, WINDOW = 7, 28

type Matrix = dict[str, np.ndarray]

USAGE = ibis.table(
    {"user_id": "int64", "day": "date", "event_type_id": "int64", "workspace_id": "int64", "count": "int64"},
    name="accounts_usage",
)
PEOPLE = ibis.table(
    {
        "id": "int64",
        "account_id": "int64",
        "title": "string",
        "seniority": "string",
        "buying_role": "string",
        "buying_confidence": "float64",
        "first_seen_at": "timestamp('UTC')",
    },
    name="accounts_productuser",
)
WORKSPACES = ibis.table({"id": "int64", "account_id": "int64"}, name="accounts_workspace")
MEMBERSHIPS = ibis.table({"user_id": "int64", "workspace_id": "int64"}, name="accounts_membership")
EVENT_TYPES = ibis.table({"id": "int64", "category": "string", "signal": "string"}, name="accounts_eventtype")
ACCOUNTS = ibis.table({"id": "int64", "employees": "int64", "merged_into_id": "int64"}, name="accounts_account")
SCOPE = ibis.table({"account_id": "int64"}, name="scoring_scope")


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
]
#: Features that are made of others, which say in words what the number alone does not.
PARTS: dict[str, tuple[str, ...]] = {
    "behaviours_28": ("invites_28", "creation_28", "admin_28", "intent_28"),
    "fit": ("employees", "senior_people", "buyer_confidence"),
    "growth": ("active_users_28", "active_users_prev_28", "events_growth"),
}
BY_KEY = {feature.key: feature for feature in CATALOGUE}


def expression(as_of: dt.date, *, scoped: bool = False) -> ibis.Table:
    """One row an account that has usage or people: `account_id` and every feature that is a plain aggregate.

    With `scoped`, only for the accounts in the table `scoring_scope`, by index.
    """
    ago = {days: as_of - dt.timedelta(days=days) for days in (WEEK, 2 * WEEK, WINDOW, LOOKBACK_DAYS)}
    accounts = ACCOUNTS.filter(ACCOUNTS.merged_into_id.isnull())
    if scoped:
        accounts = accounts.semi_join(SCOPE, accounts.id == SCOPE.account_id)
    belongs = _belongs(accounts)

    usage = USAGE.filter((USAGE.day > ago[LOOKBACK_DAYS]) & (USAGE.day <= as_of))
    if scoped:
        usage = usage.semi_join(belongs, usage.user_id == belongs.user_id)
    types = EVENT_TYPES.filter(EVENT_TYPES.category != "noise")
    used = usage.join(types, usage.event_type_id == types.id).select(
        usage.user_id,
        usage.workspace_id,
        usage.event_type_id,
        usage.day,
        types.category,
        types.signal,
        events=usage["count"],
    )
    week, month = used.day > ago[WEEK], used.day > ago[WINDOW]
    before_week = (used.day > ago[2 * WEEK]) & ~week
    days_ago = (ibis.literal(as_of).epoch_days() - used.day.epoch_days()).cast("int32")
    bit = ibis.ifelse(month, ibis.literal(1, "int64") << ibis.least(days_ago, 31), ibis.literal(0, "int64"))

    def events(where: ibis.Value) -> ibis.Value:
        return used.events.sum(where=where).fill_null(0).cast("int64")

    by_person = used.group_by(used.user_id, used.workspace_id).agg(
        events_7=events(week),
        events_prev_7=events(before_week),
        events_28=events(month),
        events_prev_28=events(~month),
        days=bit.bit_or(),
        last_day=used.day.max(),
        invites_28=events(month & (used.signal == "invite")),
        **{
            f"{category}_28": events(month & (used.category == category))
            for category in ("core", "advanced", "collaboration", "creation", "intent", "admin")
        },
    )
    by_person = _with_account(by_person, accounts)
    sums = (
        "events_7",
        "events_prev_7",
        "events_28",
        "events_prev_28",
        "invites_28",
        "core_28",
        "advanced_28",
        "collaboration_28",
        "creation_28",
        "intent_28",
        "admin_28",
    )
    by_user = by_person.group_by("account_id", "user_id").agg(
        **{name: by_person[name].sum().cast("int64") for name in sums},
        days=by_person.days.bit_or(),
        last_day=by_person.last_day.max(),
        profiled=ibis.ifelse((by_person.title != "") | (by_person.seniority != ""), 1, 0).cast("int64").max(),
    )
    by_account = by_user.group_by("account_id").agg(
        **{name: by_user[name].sum().cast("int64") for name in sums},
        days=by_user.days.bit_or(),
        last_day=by_user.last_day.max(),
        active_users_7=(by_user.events_7 > 0).sum().cast("int64"),
        active_users_prev_7=(by_user.events_prev_7 > 0).sum().cast("int64"),
        active_users_28=(by_user.events_28 > 0).sum().cast("int64"),
        active_users_prev_28=(by_user.events_prev_28 > 0).sum().cast("int64"),
        profiled_active=by_user.profiled.sum(where=by_user.events_28 > 0).fill_null(0).cast("int64"),
        heaviest=by_user.events_28.max(),
    )

    kinds = (
        used.filter(month & (used.category != "intent")).select("user_id", "workspace_id", "event_type_id").distinct()
    )
    kinds = _with_account(kinds, accounts)
    breadth = kinds.group_by("account_id").agg(breadth_28=kinds.event_type_id.nunique())

    known = belongs.filter(belongs.first_seen_at < ibis.timestamp(_day_after(as_of), timezone="UTC"))
    is_buyer = known.buying_role == "economic_buyer"
    people = known.group_by("account_id").agg(
        people=known.user_id.nunique(),
        new_users_28=known.user_id.nunique(
            where=known.first_seen_at >= ibis.timestamp(_day_after(ago[WINDOW]), timezone="UTC")
        ),
        senior_people=known.user_id.nunique(where=known.seniority.isin(["c_level", "vp", "director"])),
        buyers=known.user_id.nunique(where=is_buyer & (known.buying_confidence >= 0.6)),
        buyer_confidence=known.buying_confidence.max(where=is_buyer).fill_null(0.0),
        first_seen_at=known.first_seen_at.min(),
    )

    joined = (
        accounts.left_join(by_account.rename(of_usage="account_id"), [("id", "of_usage")])
        .left_join(breadth.rename(of_breadth="account_id"), [("id", "of_breadth")])
        .left_join(people.rename(of_people="account_id"), [("id", "of_people")])
    )
    zero = {name: joined[name].fill_null(0) for name in [*sums, "people", "new_users_28", "senior_people", "buyers"]}
    zero |= {
        name: joined[name].fill_null(0)
        for name in (
            "active_users_7",
            "active_users_prev_7",
            "active_users_28",
            "active_users_prev_28",
            "profiled_active",
            "heaviest",
            "breadth_28",
        )
    }
    active_days = sum(
        ((joined.days.fill_null(0) >> ibis.literal(place, "int32")) & ibis.literal(1, "int64"))
        for place in range(WINDOW)
    )
    return joined.select(
        account_id=joined.id,
        employees=joined.employees,
        active_days_28=active_days,
        last_day=joined.last_day,
        first_day=joined.first_seen_at.cast("timestamp").date(),
        buyer_confidence=joined.buyer_confidence.fill_null(0.0),
        **zero,
    )


def _belongs(accounts: ibis.Table) -> ibis.Table:
    """(account, person) pairs: members of its workspaces, and people of its domains."""
    own = PEOPLE.join(accounts, PEOPLE.account_id == accounts.id).select(
        PEOPLE.account_id,
        user_id=PEOPLE.id,
        first_seen_at=PEOPLE.first_seen_at,
        seniority=PEOPLE.seniority,
        buying_role=PEOPLE.buying_role,
        buying_confidence=PEOPLE.buying_confidence,
    )
    spaces = WORKSPACES.join(accounts, WORKSPACES.account_id == accounts.id).select(
        workspace_id=WORKSPACES.id, account_id=WORKSPACES.account_id
    )
    members = MEMBERSHIPS.join(spaces, MEMBERSHIPS.workspace_id == spaces.workspace_id)
    members = members.join(PEOPLE, members.user_id == PEOPLE.id).select(
        members.account_id,
        members.user_id,
        PEOPLE.first_seen_at,
        PEOPLE.seniority,
        PEOPLE.buying_role,
        PEOPLE.buying_confidence,
    )
    columns = ["account_id", "user_id", "first_seen_at", "seniority", "buying_role", "buying_confidence"]
    return own.select(columns).union(members.select(columns), distinct=True)


def _with_account(rows: ibis.Table, accounts: ibis.Table) -> ibis.Table:
    """Adds the account of each (person, workspace) row: the workspace's, else the person's."""
    people = PEOPLE.select(
        person_id=PEOPLE.id, own_account_id=PEOPLE.account_id, title=PEOPLE.title, seniority=PEOPLE.seniority
    )
    spaces = WORKSPACES.select(space_id=WORKSPACES.id, space_account_id=WORKSPACES.account_id)
    joined = rows.join(people, rows.user_id == people.person_id)
    joined = joined.left_join(spaces, joined.workspace_id == spaces.space_id)
    joined = joined.mutate(account_id=ibis.coalesce(joined.space_account_id, joined.own_account_id))
    return joined.semi_join(accounts, joined.account_id == accounts.id)


def _day_after(day: dt.date) -> str:
    return (day + dt.timedelta(days=1)).isoformat() + "T00:00:00"


@lru_cache(maxsize=16)
def sql(as_of: dt.date, *, scoped: bool, dialect: str = "postgres") -> str:
    """The expression as SQL text."""
    return str(ibis.to_sql(expression(as_of, scoped=scoped), dialect=dialect))


def matrix(as_of: dt.date, account_ids: Collection[int] | None = None) -> Matrix:
    """Every feature of the given accounts (all: none given), computed in PostgreSQL: name → array, one entry an account.

    `account_id` is int64, all others float64 with NaN for unknown.
    """
    with connection.cursor() as cursor:
        if account_ids is not None:
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS scoring_scope (account_id bigint PRIMARY KEY)")
            cursor.execute("TRUNCATE scoring_scope")
            cursor.execute("INSERT INTO scoring_scope SELECT DISTINCT unnest(%s::bigint[])", [list(account_ids)])
            cursor.execute("ANALYZE scoring_scope")
        cursor.execute(sql(as_of, scoped=account_ids is not None))
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    return derive(dict(zip(names, columns, strict=True)), as_of)


def derive(raw: dict[str, object], as_of: dt.date) -> Matrix:
    """The whole catalogue from the aggregates of `expression`: the ratios, and what fit and behaviour are made of."""
    m: Matrix = {"account_id": np.asarray(raw["account_id"], dtype=np.int64)}
    for name, values in raw.items():
        if name not in ("account_id", "last_day", "first_day"):
            m[name] = _floats(values)
    m["days_since_last_use"] = _days_since(raw["last_day"], as_of)
    m["days_since_first_use"] = _days_since(raw["first_day"], as_of)
    m["weekly_active_days"] = m.pop("active_days_28") / 4
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
    return m


def _floats(values: object) -> np.ndarray:
    array = np.asarray(values, dtype=object) if isinstance(values, list | tuple) else np.asarray(values)
    if array.dtype == object:
        array = np.array([np.nan if value is None else float(value) for value in array], dtype=np.float64)
    return array.astype(np.float64)


def _days_since(days: object, as_of: dt.date) -> np.ndarray:
    array = np.array([np.datetime64("NaT") if day is None else day for day in days], dtype="datetime64[D]")  # type: ignore[attr-defined]
    since = (np.datetime64(as_of) - array).astype("timedelta64[D]")
    return np.where(np.isnat(since), np.nan, since.astype(np.float64))


def _growth(now: np.ndarray, before: np.ndarray, *, base: float) -> np.ndarray:
    return (now - before) / np.maximum(before, base)
