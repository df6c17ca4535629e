"""The features of accounts as one Ibis expression, for PostgreSQL, DuckDB and the engine of a warehouse alike.

Two days are answered at once: `as_of`, and the day `BEFORE` days earlier (its columns begin with `before_`), so that "why now"
costs one pass over the rows. Days are numbered backwards from `as_of` (`ago`, 0: the day itself), and the days on which somebody
was active are a bit mask of them, so that several people on one day count once and every window is a few bits.

Usage is added up three times, each time by few things: per person (who was active when), per account and week (volume), and
per account and event type (what was used). The account of a row is its workspace's, else its person's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import ibis

WEEK, WINDOW, LOOKBACK = 7, 28, 56
#: The second day asked about is so many days before the first.
BEFORE = 7
DAYS = LOOKBACK + BEFORE

CATEGORIES = ("core", "advanced", "collaboration", "creation", "intent", "admin")
#: Categories of which it counts how long ago the last event was.
FADING = ("creation", "intent", "admin")
SENIOR = ("c_level", "vp", "director")
#: A buyer counts as likely from this confidence on.
LIKELY = 0.6

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
        "profiled_at": "timestamp('UTC')",
        "first_seen_at": "timestamp('UTC')",
    },
    name="accounts_productuser",
)
WORKSPACES = ibis.table(
    {"id": "int64", "account_id": "int64", "employees": "int64", "created_at": "timestamp('UTC')"},
    name="accounts_workspace",
)
MEMBERSHIPS = ibis.table(
    {"user_id": "int64", "workspace_id": "int64", "first_seen_at": "timestamp('UTC')"}, name="accounts_membership"
)
EVENT_TYPES = ibis.table({"id": "int64", "category": "string", "signal": "string"}, name="accounts_eventtype")
ACCOUNTS = ibis.table(
    {
        "id": "int64",
        "employees": "int64",
        "employees_at": "timestamp('UTC')",
        "created_at": "timestamp('UTC')",
        "merged_into_id": "int64",
    },
    name="accounts_account",
)
SCOPE = ibis.table({"account_id": "int64"}, name="scoring_scope")


@dataclass(frozen=True)
class Tables:
    """What the expression reads.

    `usage`: user_id, workspace_id (0: none), event_type_id, day, count, and `ago` (days before as_of, 0 to `DAYS` − 1; no other
    rows). `people`: id, account_id, first_seen_at. `profiles`: id, is_profiled (bool), seniority, is_buyer (bool),
    buying_confidence and since when that is known (`known_at`), of people of whom any is. `workspaces`: id, account_id.
    `memberships`: user_id, workspace_id, first_seen_at. `event_types`: id, category, signal. `accounts`: id, employees and since
    when they are known (`known_at`); only those to answer about. `all_accounts` is false when these are few: then usage is
    narrowed to their people first. `by_person`: what `by_person()` answers, where an engine has computed it before.

    What became known after the day that is asked about does not count: a person's title, a company's size, who joined later.
    Which account a workspace or a person belongs to is taken as it is known now: a corrected identity corrects the past.
    """

    usage: ibis.Table
    people: ibis.Table
    profiles: ibis.Table
    workspaces: ibis.Table
    memberships: ibis.Table
    event_types: ibis.Table
    accounts: ibis.Table
    all_accounts: bool = True
    by_person: ibis.Table | None = None


@ibis.udf.scalar.builtin(name="date_mi", signature=(("date", "date"), "int32"))
def _days_between(later: ibis.Value, earlier: ibis.Value) -> ibis.Value:
    """PostgreSQL's own function behind `date - date`; Ibis' `delta()` is ten times slower there."""


def in_postgresql(as_of: dt.date, *, scoped: bool = False) -> Tables:
    """The app's own tables; with `scoped`, only the accounts in the temporary table `scoring_scope`, by index."""
    accounts = ACCOUNTS.filter(ACCOUNTS.merged_into_id.isnull())
    accounts = accounts.select("id", "employees", known_at=ibis.coalesce(accounts.employees_at, accounts.created_at))
    if scoped:
        accounts = accounts.semi_join(SCOPE, accounts.id == SCOPE.account_id)
    usage = recent(USAGE, as_of)
    known = PEOPLE.filter((PEOPLE.title != "") | (PEOPLE.seniority != "") | (PEOPLE.buying_role != ""))
    return Tables(
        usage=usage.mutate(ago=_days_between(ibis.literal(as_of), usage.day)),
        people=PEOPLE.select("id", "account_id", "first_seen_at"),
        profiles=known.select(
            "id",
            "seniority",
            "buying_confidence",
            known_at=ibis.coalesce(known.profiled_at, known.first_seen_at),
            is_profiled=(known.title != "") | (known.seniority != ""),
            is_buyer=known.buying_role == "economic_buyer",
        ),
        workspaces=WORKSPACES.select("id", "account_id"),
        memberships=MEMBERSHIPS,
        event_types=EVENT_TYPES,
        accounts=accounts,
        all_accounts=not scoped,
    )


def of_workspaces_in_postgresql(as_of: dt.date, *, scoped: bool = False) -> Tables:
    """The same, one level down; with `scoped`, only the workspaces of the accounts in `scoring_scope`."""
    tables = in_postgresql(as_of, scoped=scoped)
    holders = ACCOUNTS.filter(ACCOUNTS.merged_into_id.isnull())
    if scoped:
        holders = holders.semi_join(SCOPE, holders.id == SCOPE.account_id)
    holders = holders.select(
        holder_id=holders.id,
        staff=holders.employees,
        staff_known_at=ibis.coalesce(holders.employees_at, holders.created_at),
    )
    rows = WORKSPACES.join(holders, WORKSPACES.account_id == holders.holder_id)
    spaces = rows.select(
        "id",
        employees=ibis.coalesce(rows.employees, rows.staff),
        known_at=ibis.ifelse(rows.employees.notnull(), rows.created_at, rows.staff_known_at),
    )
    return one_level_down(replace(tables, accounts=spaces))


def one_level_down(tables: Tables) -> Tables:
    """What makes `of_accounts` answer about workspaces: each stands as an account (so `accounts` are workspaces here), and only
    its members are its people, seen since they joined."""
    spaces, members = tables.accounts, tables.memberships
    return replace(
        tables,
        usage=tables.usage.filter(tables.usage.workspace_id != 0),
        workspaces=spaces.select("id", account_id=spaces.id),
        people=members.select(
            id=members.user_id, account_id=ibis.null(spaces.id.type()), first_seen_at=ibis.null("timestamp('UTC')")
        ).distinct(),
    )


def recent(usage: ibis.Table, as_of: dt.date) -> ibis.Table:
    """The rows of the `DAYS` days up to `as_of`, told by literal dates so that partitions and files are passed over."""
    return usage.filter((usage.day > as_of - dt.timedelta(days=DAYS)) & (usage.day <= as_of))


def of_accounts(as_of: dt.date, tables: Tables) -> ibis.Table:
    """One row an account: `account_id`, `employees` (null: unknown), and the aggregates for `features.derive`, of both days."""
    accounts = tables.accounts
    spaces = tables.workspaces.filter(tables.workspaces.account_id.notnull())
    belongs = _belongs(tables, spaces)
    usage = tables.usage
    if not tables.all_accounts:
        usage = usage.semi_join(belongs, usage.user_id == belongs.user_id)
    used = counted(usage, tables.event_types)

    joined = accounts.select("id")
    for part in (
        _activity(used, tables, spaces, as_of),
        _volume(used, tables, spaces),
        _kinds(usage, tables, spaces, as_of),
        _people(belongs, as_of),
        _profiles(belongs, tables, as_of),
        _sizes(accounts, as_of),
    ):
        of_part = part.rename(of_account="account_id")
        joined = joined.left_join(of_part, joined.id == of_part.of_account).drop("of_account")
    sizes = ("employees", "before_employees")
    counts = [name for name in joined.columns if name not in ("id", "first_day", *sizes)]
    return joined.select(
        *sizes, "first_day", account_id=joined.id, **{name: joined[name].fill_null(0) for name in counts}
    )


def _bits(low: int, high: int) -> int:
    """The mask of the days from `low` to below `high` ago."""
    return (1 << high) - (1 << low)


def _within(ago: ibis.Value, low: int, high: int) -> ibis.Value:
    return (ago >= low) & (ago < high) if low else ago < high


def _total(values: ibis.Value, where: ibis.Value | None = None) -> ibis.Value:
    """A sum of whole numbers, as float64: exact up to 2⁵³, and no engine's slow wide integers or decimals."""
    return values.cast("float64").sum(where=where).fill_null(0.0)


def _how_many(condition: ibis.Value) -> ibis.Value:
    return ibis.ifelse(condition, 1, 0).cast("float64").sum()


def _bit(ago: ibis.Value) -> ibis.Value:
    """The bit of a day, in masks of days."""
    # 2⁶² shifted right: the literal is wide enough in every engine, which a one shifted left is not.
    return ibis.literal(1 << 62, "int64") >> (62 - ago)


def _events(rows: ibis.Table, low: int, high: int) -> ibis.Value:
    return _total(rows["count"], where=_within(rows.ago, low, high))


def _activity(used: ibis.Table, tables: Tables, spaces: ibis.Table, as_of: dt.date) -> ibis.Table:
    """Who was active when. Each person once an account, also when active in several of its workspaces."""
    by_space = by_person(used) if tables.by_person is None else tables.by_person
    by_space = _with_account(by_space, tables, spaces)
    by_user = by_space.group_by("account_id", "user_id").agg(
        days=by_space.days.bit_or(),
        heaviest=by_space.heaviest.sum(),
        before_heaviest=by_space.before_heaviest.sum(),
    )
    known = tables.profiles.filter(tables.profiles.is_profiled)
    by_user = by_user.left_join(known.select("id", "known_at"), by_user.user_id == known.id)

    def active(low: int, high: int, where: ibis.Value | None = None) -> ibis.Value:
        is_active = (by_user.days & ibis.literal(_bits(low, high), "int64")) != 0
        return _how_many(is_active if where is None else is_active & where)

    windows = {"7": (0, WEEK), "prev_7": (WEEK, 2 * WEEK), "28": (0, WINDOW), "prev_28": (WINDOW, LOOKBACK)}
    columns = {"days": by_user.days.bit_or()}
    for prefix, back in (("", 0), ("before_", BEFORE)):
        for name, (low, high) in windows.items():
            columns[f"{prefix}active_users_{name}"] = active(low + back, high + back)
        is_known = by_user.known_at < _end_of(as_of - dt.timedelta(days=back))
        columns[f"{prefix}profiled_active"] = active(back, WINDOW + back, is_known)
        columns[f"{prefix}heaviest"] = by_user[f"{prefix}heaviest"].max()
    return by_user.group_by("account_id").agg(**columns)


def _volume(used: ibis.Table, tables: Tables, spaces: ibis.Table) -> ibis.Table:
    """Events by week: `week_0` are the seven days up to as_of. Every window is whole weeks."""
    rows = _with_account(used.select("user_id", "workspace_id", "ago", "count"), tables, spaces)
    rows = rows.mutate(since=rows.ago - rows.ago % WEEK)  # whole numbers; a division would be of floats
    by_week = rows.group_by("account_id", "since").agg(events=_total(rows["count"]))
    weeks = {f"week_{week}": _total(by_week.events, where=by_week.since == week * WEEK) for week in range(DAYS // WEEK)}
    return by_week.group_by("account_id").agg(**weeks)


def _kinds(usage: ibis.Table, tables: Tables, spaces: ibis.Table, as_of: dt.date) -> ibis.Table:
    """What was used: events by category, invitations, how many different event types; on which days of the window and a week."""
    rows = usage.filter(usage.day > as_of - dt.timedelta(days=WINDOW + BEFORE))
    rows = _with_account(rows.select("user_id", "workspace_id", "event_type_id", "ago", "count"), tables, spaces)
    by_type = rows.group_by("account_id", "event_type_id").agg(
        now=_events(rows, 0, WINDOW),
        before=_events(rows, BEFORE, WINDOW + BEFORE),
        days=_bit(rows.ago).bit_or(),
    )
    kinds = tables.event_types.filter(tables.event_types.category != "noise")
    by_type = by_type.join(kinds, by_type.event_type_id == kinds.id)
    columns = {f"days_{category}": by_type.days.bit_or(where=by_type.category == category) for category in FADING}
    columns["days_invites"] = by_type.days.bit_or(where=by_type.signal == "invite")
    for prefix, events in (("", by_type.now), ("before_", by_type.before)):
        for category in CATEGORIES:
            columns[f"{prefix}{category}_28"] = _total(events, where=by_type.category == category)
        columns[f"{prefix}invites_28"] = _total(events, where=by_type.signal == "invite")
        columns[f"{prefix}breadth_28"] = _how_many((events > 0) & (by_type.category != "intent"))
    return by_type.group_by("account_id").agg(**columns)


def _people(belongs: ibis.Table, as_of: dt.date) -> ibis.Table:
    """How many people are known, and since when."""
    seen = belongs.first_seen_at
    columns = {"first_day": seen.min().cast("timestamp").date()}
    for prefix, day in (("", as_of), ("before_", as_of - dt.timedelta(days=BEFORE))):
        is_known = seen < _end_of(day)
        columns[f"{prefix}people"] = _how_many(is_known)
        columns[f"{prefix}new_users_28"] = _how_many(is_known & (seen >= _end_of(day - dt.timedelta(days=WINDOW))))
    return belongs.group_by("account_id").agg(**columns)


def _profiles(belongs: ibis.Table, tables: Tables, as_of: dt.date) -> ibis.Table:
    """Who of them is senior or a buyer."""
    profiles = tables.profiles
    rows = belongs.join(profiles, belongs.user_id == profiles.id)
    columns = {}
    for prefix, day in (("", as_of), ("before_", as_of - dt.timedelta(days=BEFORE))):
        is_known = (rows.first_seen_at < _end_of(day)) & (rows.known_at < _end_of(day))
        columns[f"{prefix}senior_people"] = _how_many(is_known & rows.seniority.isin(SENIOR))
        columns[f"{prefix}buyers"] = _how_many(is_known & rows.is_buyer & (rows.buying_confidence >= LIKELY))
        columns[f"{prefix}buyer_confidence"] = rows.buying_confidence.max(where=is_known & rows.is_buyer)
    return rows.group_by("account_id").agg(**columns)


def _sizes(accounts: ibis.Table, as_of: dt.date) -> ibis.Table:
    """The companies' employees, as far as they were known."""
    columns = {
        f"{prefix}employees": ibis.ifelse(
            accounts.known_at < _end_of(as_of - dt.timedelta(days=back)), accounts.employees, ibis.null("int64")
        )
        for prefix, back in (("", 0), ("before_", BEFORE))
    }
    return accounts.select(account_id=accounts.id, **columns)


def _belongs(tables: Tables, spaces: ibis.Table) -> ibis.Table:
    """(account, person, first seen) once each: people of its domains, and others who are members of its workspaces, seen there."""
    people = tables.people
    own = people.semi_join(tables.accounts, people.account_id == tables.accounts.id)
    own = own.select("account_id", user_id=own.id, first_seen_at=own.first_seen_at)
    inside = spaces.semi_join(tables.accounts, spaces.account_id == tables.accounts.id)
    inside = inside.select(space_id=inside.id, space_account_id=inside.account_id)
    members = tables.memberships.select("user_id", "workspace_id", joined_at=tables.memberships.first_seen_at)
    members = members.join(inside, members.workspace_id == inside.space_id)
    members = members.join(people, members.user_id == people.id)
    outside = members.filter(members.account_id.isnull() | (members.account_id != members.space_account_id))
    outside = outside.group_by(account_id=outside.space_account_id, user_id=outside.user_id).agg(
        first_seen_at=outside.joined_at.min()
    )
    return own.union(outside)


def by_person(used: ibis.Table) -> ibis.Table:
    """Usage of each person in each workspace: the days he was active, and his events of both windows."""
    return used.group_by("user_id", "workspace_id").agg(
        days=_bit(used.ago).bit_or(),
        heaviest=_events(used, 0, WINDOW),
        before_heaviest=_events(used, BEFORE, WINDOW + BEFORE),
    )


def counted(usage: ibis.Table, event_types: ibis.Table) -> ibis.Table:
    """The rows that count: all but noise."""
    kinds = event_types.filter(event_types.category != "noise")
    return usage.semi_join(kinds, usage.event_type_id == kinds.id)


def _with_account(rows: ibis.Table, tables: Tables, spaces: ibis.Table) -> ibis.Table:
    """Adds `account_id` to rows of people and workspaces: the workspace's, else the person's. Drops those of none.

    Rows of accounts that were not asked for may stay: nobody joins them. In two halves, because most rows are in a workspace,
    and then the (ten times larger) table of people is not needed.
    """
    known = spaces.select(space_id=spaces.id, account_id=spaces.account_id)
    inside = rows.join(known, rows.workspace_id == known.space_id).drop("space_id")
    unknown = tables.workspaces.filter(tables.workspaces.account_id.isnull())
    alone = rows.filter((rows.workspace_id == 0) | rows.workspace_id.isin(unknown.id))
    people = tables.people.filter(tables.people.account_id.notnull())
    people = people.select(person_id=people.id, account_id=people.account_id)
    alone = alone.join(people, alone.user_id == people.person_id).drop("person_id")
    return inside.union(alone)


def _end_of(day: dt.date) -> ibis.Value:
    return ibis.timestamp((day + dt.timedelta(days=1)).isoformat() + "T00:00:00", timezone="UTC")
