"""The work table between accounts and scoring: which accounts changed since they were last scored.

Changes that are noted together get one number, later ones a higher one. The puller reads (account, number) pairs, works, and
removes exactly the pairs it read; an account that changed meanwhile has a new number and stays.

There are two lanes. What somebody waits for (a raised hand, another signal, a corrected identity) is urgent and goes first. Other
usage comes in the order of its first change since the last scoring, so that an account that changes all the time gets its turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from django.db import connection

from accounts import bulk

#: table → its owner's verbs; both work tables have the same shape.
ACCOUNTS = "accounts_accountchange"
SCORED = "scoring_scoredaccount"

_AGAIN = """
ON CONFLICT (account_id) DO UPDATE SET seq = EXCLUDED.seq, is_urgent = work.is_urgent OR EXCLUDED.is_urgent
"""


@dataclass(frozen=True)
class Batch:
    """What a puller takes at once: (account id, number) pairs of one lane."""

    pairs: list[tuple[int, int]]
    is_urgent: bool

    @property
    def account_ids(self) -> list[int]:
        return [account for account, _ in self.pairs]


def mark(account_ids: Collection[int], *, table: str = ACCOUNTS, urgent: bool | Collection[int] = False) -> None:
    """Notes that these accounts changed; `urgent` are all of them, none, or some. Runs in the caller's transaction.

    Once a transaction: its locks are taken in the order of the ids, and a second call would break that.
    """
    if not account_ids:
        return
    first = account_ids if urgent is True else urgent or ()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {table} AS work (account_id, seq, since, is_urgent)
            SELECT id, seq, seq, id = ANY ((SELECT %s::bigint[])::bigint[])
            FROM nextval('accounts_change_seq') AS seq, unnest(%s::bigint[]) AS id
            {_AGAIN}
            """,
            [bulk.plain(first), bulk.plain(sorted(set(account_ids)))],
        )


def mark_all(*, table: str = ACCOUNTS) -> None:
    """Notes that every account changed: after a new definition, for example."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {table} AS work (account_id, seq, since, is_urgent)
            SELECT id, seq, seq, false FROM nextval('accounts_change_seq') AS seq, accounts_account
            WHERE merged_into_id IS NULL ORDER BY id
            {_AGAIN}
            """
        )


def is_waiting(*, table: str = ACCOUNTS, urgent: bool | None = None) -> bool:
    """Whether there is anything to do; with `urgent`, in this lane."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM {table} WHERE %s::bool IS NULL OR is_urgent = %s)", [urgent, urgent]
        )
        return bool(cursor.fetchone()[0])


def how_many(*, table: str = ACCOUNTS) -> int:
    """Accounts that wait."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def waiting(
    *, limit: int, table: str = ACCOUNTS, between: tuple[int, int] | None = None, ordinary: bool = False
) -> list[tuple[int, int]]:
    """The longest-waiting (account id, number) pairs, at most `limit`; with an id from the first to below the second number.

    `ordinary`: without the urgent ones.
    """
    where, bounds = ("account_id >= %s AND account_id < %s", between) if between else ("true", ())
    if ordinary:
        where += " AND NOT is_urgent"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT account_id, seq FROM {table} WHERE {where} ORDER BY since LIMIT %s", [*bounds, limit])
        return cursor.fetchall()


def next_batch(*, limit: int, people: int, table: str = ACCOUNTS, urgent: bool | None = None) -> Batch:
    """The longest-waiting of the urgent, or of the others when none is urgent; with `urgent`, of this lane only.

    At most `limit` accounts, which together have about so many `people`: what an account costs grows with them. One at least.
    """
    lanes = (True, False) if urgent is None else (urgent,)
    for lane in lanes:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT account_id, seq FROM (
                    SELECT account_id, seq, n, sum(n) OVER (ORDER BY since, account_id) AS so_far FROM (
                        SELECT * FROM {table} WHERE is_urgent = %s ORDER BY since, account_id LIMIT %s
                    ) AS first, LATERAL (
                        SELECT count(*) AS n FROM accounts_productuser p WHERE p.account_id = first.account_id
                    ) AS size
                ) AS sized WHERE so_far - n <= %s
                """,
                [lane, limit, people],
            )
            pairs = cursor.fetchall()
        if pairs:
            break
    return Batch(pairs, lane)


def urgent_of(pairs: Sequence[tuple[int, int]], *, table: str = ACCOUNTS) -> set[int]:
    """Those of the accounts that are urgent."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT account_id FROM {table} WHERE is_urgent")
        return {account for (account,) in cursor.fetchall()} & {account for account, _ in pairs}


def work_off(pull: Callable[..., int], *, seconds: float) -> None:
    """Calls `pull(urgent=True)` until nothing is left or the time is over, then `pull(urgent=False)` likewise, but once at least.

    So whatever is urgent goes first, and cannot hold the others up for ever.
    """
    until = time.monotonic() + seconds
    while pull(urgent=True) and time.monotonic() < until:
        pass
    while pull(urgent=False) and time.monotonic() < until:
        pass


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
