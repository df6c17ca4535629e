"""Rows of people who turned out to be one. In the loader's transaction; as many statements for one as for thousands."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import ForeignObjectRel

from accounts import bulk, roles, signals
from accounts.models import Membership, ProductUser, Usage

if TYPE_CHECKING:
    from accounts.identity import Directory

_PAIRS = {"old": "bigint", "new": "bigint", "key": "text"}


def write(directory: Directory) -> None:
    """Moves everything of absorbed people to those who absorbed them, and of devices to their owners.

    What was done on a device is noted beside it. Its workspaces come back with `devices.write`.
    """
    same = [(old, directory.root(person).id, "") for old, person in directory.merges]
    same = [row for row in same if row[1] not in (None, row[0])]
    owned = [(id_, directory.root(device).id, device.key) for id_, device in directory.joining]
    moved = [row for row in owned if row[1] not in (None, row[0])]
    stays = [(id_, id_, key) for id_, new, key in owned if new == id_]
    if stays:
        sent, arrays = bulk.rows(_PAIRS, stays)
        with connection.cursor() as cursor:
            cursor.execute(
                f"{_LEDGER} SELECT m.key, {_USED} FROM {sent} AS m JOIN accounts_usage u ON u.user_id = m.old", arrays
            )
    if owned:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM accounts_membership WHERE user_id = ANY (%s::bigint[])",
                [bulk.plain(id_ for id_, _new, _key in owned)],
            )
    pairs = same + moved
    if not pairs:
        return
    sent, arrays = bulk.rows(_PAIRS, pairs)
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_USAGE.format(sent=sent), arrays)
        if same:
            cursor.execute(_MOVE_MEMBERSHIPS.format(sent=sent), arrays)
        roles.hand_over([(old, new) for old, new, _key in pairs if new is not None])
        for table, column in _pointing_at_people():
            cursor.execute(f"UPDATE {table} SET {column} = m.new FROM {sent} AS m WHERE {column} = m.old", arrays)
        if directory.by_hand:
            _corrected(cursor, [(old, directory.root(person).id) for old, person in directory.by_hand])
        signals.together([new for _old, new, _key in same if new is not None])
        cursor.execute(
            "DELETE FROM accounts_productuser WHERE id = ANY (%s::bigint[]) RETURNING account_id",
            [bulk.plain(old for old, _new, _key in pairs)],
        )
        directory.changed_accounts.update(account for (account,) in cursor.fetchall() if account)


_USED = "u.day, u.event_type_id, u.workspace_id, u.count"
_LEDGER = "INSERT INTO accounts_deviceusage (key, day, event_type_id, workspace_id, count)"
_MOVE_USAGE = f"""
    WITH moved AS (
        DELETE FROM accounts_usage u USING {{sent}} AS m WHERE u.user_id = m.old RETURNING m.new, m.key, {_USED}
    ), noted AS (
        {_LEDGER} SELECT key, day, event_type_id, workspace_id, count FROM moved WHERE key <> ''
    )
    INSERT INTO accounts_usage AS old (user_id, day, event_type_id, workspace_id, count)
    SELECT new, day, event_type_id, workspace_id, sum(count) FROM moved GROUP BY 1, 2, 3, 4
    ON CONFLICT (user_id, day, event_type_id, workspace_id) DO UPDATE SET count = old.count + EXCLUDED.count
"""
_MOVE_MEMBERSHIPS = """
    WITH moved AS (
        DELETE FROM accounts_membership u USING {sent} AS m WHERE u.user_id = m.old
        RETURNING m.new, u.workspace_id, u.first_seen_at, coalesce(u.own_at, u.first_seen_at) AS own_at
    )
    INSERT INTO accounts_membership AS old (user_id, workspace_id, first_seen_at, own_at)
    SELECT new, workspace_id, min(first_seen_at), nullif(min(own_at), min(first_seen_at)) FROM moved GROUP BY 1, 2
    ON CONFLICT (workspace_id, user_id) DO UPDATE SET
        first_seen_at = least(old.first_seen_at, EXCLUDED.first_seen_at),
        own_at = nullif(least(coalesce(old.own_at, old.first_seen_at), coalesce(EXCLUDED.own_at, EXCLUDED.first_seen_at)),
                        least(old.first_seen_at, EXCLUDED.first_seen_at))
"""


def _corrected(cursor: Any, pairs: list[tuple[int, int | None]]) -> None:
    """Corrections that named one of them name the other, so that undoing them finds him."""
    for old, new in pairs:
        if new in (None, old):
            continue
        cursor.execute(
            """
            UPDATE accounts_correction SET
                people = array_append(array_remove(array_remove(people, %(old)s), %(new)s), %(new)s),
                kept = jsonb_set(kept, '{people_by}', jsonb_build_object(%(new)s::text, kept -> 'people_by' -> %(old)s::text)
                                                      || (kept -> 'people_by') - %(old)s::text)
            WHERE undone_at IS NULL AND kept -> 'people_by' ? %(old)s::text
            """,
            {"old": old, "new": new},
        )


@cache
def _pointing_at_people() -> list[tuple[str, str]]:
    """(table, column) of everything that names a person, also in apps above this one, such as the buyer on a queue item.

    Left pointing at a person who is no more, it would fail the whole load when that commits.
    """
    related = ProductUser._meta.get_fields(include_hidden=True)  # a related_name of "+" hides one
    fields = [relation.field for relation in related if isinstance(relation, ForeignObjectRel)]
    return [(f.model._meta.db_table, str(f.column)) for f in fields if f.model not in (Usage, Membership)]
