"""The log of ambiguities: opened with its candidates, brought up to date, closed when later data makes it plain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import connection

from accounts import bulk

if TYPE_CHECKING:
    from accounts.identity import Directory
    from accounts.identity_rows import Space


def note(directory: Directory) -> None:
    """Writes what the steps found: `unclear` workspaces with their candidates, and `plain` ones that were ambiguous before."""
    if directory.unclear:
        _open(directory.unclear)
    if settled := [space for space in directory.plain if space.is_ambiguous]:
        _close(settled)
    directory.unclear.clear()
    directory.plain.clear()


def _open(unclear: dict[Space, tuple[str, dict[int, str]]]) -> None:
    evidence = _evidence(unclear)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_ambiguity (workspace_id, step, candidates, first_seen_at, last_seen_at, settled_because)
            SELECT *, now(), now(), '' FROM unnest(%s::bigint[], %s::text[], %s::jsonb[])
            ON CONFLICT (workspace_id) WHERE settled_at IS NULL
            DO UPDATE SET step = EXCLUDED.step, candidates = EXCLUDED.candidates, last_seen_at = now()
            WHERE (accounts_ambiguity.step, accounts_ambiguity.candidates)
                IS DISTINCT FROM (EXCLUDED.step, EXCLUDED.candidates)
            """,
            [
                [space.id for space in unclear],
                [step for step, _told in unclear.values()],
                bulk.texts(msgspec.json.encode(evidence[space.id]).decode() for space in unclear),  # type: ignore[index]
            ],
        )


def _evidence(unclear: dict[Space, tuple[str, dict[int, str]]]) -> dict[int, list[dict[str, Any]]]:
    """workspace → candidates, most people first: `{account, domain, people, since}`; people and since are of its members."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT w.id, a.id, a.domain, count(m.user_id), min(m.first_seen_at)
            FROM unnest(%s::bigint[], %s::bigint[]) AS w (id, account_id)
            JOIN accounts_account a ON a.id = w.account_id
            LEFT JOIN (accounts_membership m JOIN accounts_productuser p ON p.id = m.user_id)
                ON m.workspace_id = w.id AND p.account_id = a.id
            GROUP BY 1, 2 ORDER BY 1, 4 DESC, 3, 2
            """,
            [
                bulk.plain(space.id for space, (_step, told) in unclear.items() for _ in told),
                bulk.plain(account for _step, told in unclear.values() for account in told),
            ],
        )
        found: dict[int, list[dict[str, Any]]] = {}
        stated = {space.id: told for space, (_step, told) in unclear.items()}
        for workspace_id, account_id, domain, people, since in cursor.fetchall():
            found.setdefault(workspace_id, []).append(
                {
                    "account": account_id,
                    "domain": stated[workspace_id].get(account_id) or domain,
                    "people": people,
                    "since": since.date().isoformat() if since else None,
                }
            )
    return found


def _close(settled: Iterable[Space]) -> None:
    because = {"domain": "a stated domain", "members": "most members", "own": "nobody of a company is left"}
    by_reason: dict[str, list[Space]] = {}
    for space in settled:
        by_reason.setdefault(because.get(space.account_by, "nobody is left"), []).append(space)
    with connection.cursor() as cursor:
        for reason, spaces in by_reason.items():
            cursor.execute(
                """
                UPDATE accounts_ambiguity SET settled_at = now(), settled_because = %s, settled_for_id = w.account_id
                FROM accounts_workspace w
                WHERE w.id = workspace_id AND settled_at IS NULL AND workspace_id = ANY (%s::bigint[])
                """,
                [reason, bulk.plain(space.id for space in spaces)],
            )
    for space in settled:
        space.is_ambiguous = False
