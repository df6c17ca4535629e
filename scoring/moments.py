"""Features of accounts at a moment of a day: what was counted, known or joined later on that day is left out.

Usage is counted by the day, so what came later is said by whoever noted it (`accounts.raising.since`). What was counted before it
was told to have happened later, as by a message that came late, cannot be parted any more and counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pyarrow as pa

from scoring import columnar, features, warehouse
from scoring.features import Matrix

#: What is left out, in the words of `columnar.SHAPES`.
_LATER = (
    """UPDATE usage SET count = usage.count - later.count FROM later
       WHERE usage.user_id = later.user_id AND usage.workspace_id = later.workspace_id
       AND usage.event_type_id = later.event_type_id AND usage.day = later.day""",
    "DELETE FROM usage WHERE count <= 0",
    """DELETE FROM memberships USING workspaces, moments
       WHERE memberships.workspace_id = workspaces.id AND workspaces.account_id = moments.account_id
       AND memberships.first_seen_at > moments.moment""",
    """DELETE FROM profiles USING seen WHERE profiles.id = seen.user_id AND profiles.known_at > seen.moment""",
    """DELETE FROM people USING moments
       WHERE people.account_id = moments.account_id AND people.first_seen_at > moments.moment
       AND people.first_seen_at < TIMESTAMPTZ '9999-01-01'""",
    """UPDATE accounts SET employees = NULL FROM moments
       WHERE accounts.id = moments.account_id AND accounts.known_at > moments.moment""",
)
#: Whose moment is a person's: his own account's, and those of his workspaces.
_SEEN = """
    CREATE TABLE seen AS
    SELECT user_id, max(moment) AS moment FROM (
        SELECT people.id AS user_id, moments.moment FROM people JOIN moments USING (account_id)
        UNION ALL
        SELECT memberships.user_id, moments.moment FROM memberships
        JOIN workspaces ON workspaces.id = memberships.workspace_id
        JOIN moments ON moments.account_id = workspaces.account_id
    ) GROUP BY user_id
"""


def pair(
    as_of: dt.date, moments: Mapping[int, dt.datetime], later: Sequence[tuple[int, int, int, int]]
) -> tuple[Matrix, Matrix]:
    """`features.pair` of these accounts, each at its moment of the day `as_of`: account id → moment.

    `later`: (user id, workspace id or 0, event type id, events) of that day that came after the moment. Where usage lies in a
    warehouse, the day counts whole.
    """
    if warehouse.is_used():
        return features.pair(as_of, list(moments))
    by_person, rest = columnar.sql(as_of, all_accounts=True)
    with columnar.engine() as duck:
        for name, table in {"event_types": columnar.event_types(), **columnar.rows_of(as_of, list(moments))}.items():
            columnar.put(duck, name, table)
        columnar.put(duck, "moments", _moments(moments))
        columnar.put(duck, "later", _counts(later, as_of))
        duck.execute(_SEEN)
        for statement in _LATER:
            duck.execute(statement)
        duck.execute(f"CREATE TABLE by_person AS {by_person}")
        return features.derive(columnar.answer(duck, rest), as_of)


def _moments(moments: Mapping[int, dt.datetime]) -> pa.Table:
    at = pa.array(list(moments.values()), type=pa.timestamp("us", tz="UTC"))
    return pa.table({"account_id": pa.array(list(moments), type=pa.int64()), "moment": at})


def _counts(later: Sequence[tuple[int, int, int, int]], day: dt.date) -> pa.Table:
    """Added up: a person and an event may be there several times."""
    names = ("user_id", "workspace_id", "event_type_id", "count")
    columns = list(zip(*later, strict=True)) or [(), (), (), ()]
    table = pa.table({name: pa.array(values, type=pa.int64()) for name, values in zip(names, columns, strict=True)})
    table = table.group_by(list(names[:3])).aggregate([("count", "sum")]).rename_columns(list(names))
    return table.append_column("day", pa.array([day] * len(table), type=pa.date32()))
