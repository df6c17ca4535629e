"""The work table between accounts and scoring: which accounts changed since they were last scored.

Changes that are noted together get one number, later ones a higher one. The puller reads (account, number) pairs, works, and
removes exactly the pairs it read; an account that changed meanwhile has a new number and stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import connection

from accounts import bulk

#: table → its owner's verbs; both work tables have the same shape.
ACCOUNTS = "accounts_accountchange"
SCORED = "scoring_scoredaccount"


def mark(account_ids: Collection[int], *, table: str = ACCOUNTS) -> None:
    """Notes that these accounts changed. Runs in the caller's transaction."""
    if not account_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {table} (account_id, seq)
            SELECT id, seq FROM nextval('accounts_change_seq') AS seq, unnest(%s::bigint[]) AS id
            ON CONFLICT (account_id) DO UPDATE SET seq = EXCLUDED.seq
            """,
            [bulk.plain(sorted(set(account_ids)))],
        )


def mark_all(*, table: str = ACCOUNTS) -> None:
    """Notes that every account changed: after a new definition, for example."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {table} (account_id, seq)
            SELECT id, seq FROM nextval('accounts_change_seq') AS seq, accounts_account
            WHERE merged_into_id IS NULL ORDER BY id
            ON CONFLICT (account_id) DO UPDATE SET seq = EXCLUDED.seq
            """
        )


def waiting(*, limit: int, table: str = ACCOUNTS, between: tuple[int, int] | None = None) -> list[tuple[int, int]]:
    """The longest-waiting (account id, number) pairs, at most `limit`; with an id from the first to below the second number."""
    where, bounds = ("WHERE account_id >= %s AND account_id < %s", between) if between else ("", ())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT account_id, seq FROM {table} {where} ORDER BY seq LIMIT %s", [*bounds, limit])
        return cursor.fetchall()


def done(pairs: Sequence[tuple[int, int]], *, table: str = ACCOUNTS) -> None:
    """Removes exactly these pairs; an account that changed again keeps its newer number.

    A row that is locked is being changed right now, so it is passed over: waiting for it, in another order than `mark`
    takes its locks, ended in deadlocks.
    """
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM {table} WHERE account_id IN (
                SELECT work.account_id FROM {table} AS work
                JOIN unnest(%s::bigint[], %s::bigint[]) AS read (account_id, seq) USING (account_id, seq)
                FOR UPDATE OF work SKIP LOCKED
            )
            """,
            [[account for account, _ in pairs], [seq for _, seq in pairs]],
        )
