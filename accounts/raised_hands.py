"""Raised hands of people without a company: no raised hand is lost from view.

Somebody with a freemail address, or an unknown domain, or no address at all has no account. His raised hand goes to the
account of a workspace he is in, else to an account that stands for him alone (`Account.of_person`), until his company is
known. Nobody can answer an anonymous visitor without an address: his signal waits until he is identified.
"""

from __future__ import annotations

from django.db import connection

from accounts import account_facts, bulk
from accounts.identity import Directory
from accounts.identity_write import merge_accounts


def settle(directory: Directory) -> None:
    """Gives every raised hand of this batch's people, and of its workspaces' members, an account."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH people AS (
                SELECT p.id, p.account_id, coalesce(nullif(p.email, ''), nullif(p.name, ''), substr(p.key, 3)) AS label,
                       p.key LIKE 'u:%%' OR p.email <> '' AS is_known
                FROM (SELECT DISTINCT user_id FROM accounts_signal
                      WHERE kind = 'hand_raise' AND user_id = ANY (%(people)s::bigint[])) AS raised
                JOIN accounts_productuser p ON p.id = raised.user_id
                LEFT JOIN accounts_account a ON a.id = p.account_id
                WHERE a.id IS NULL OR a.of_person
                UNION
                SELECT p.id, p.account_id, coalesce(nullif(p.email, ''), nullif(p.name, ''), substr(p.key, 3)), true
                FROM accounts_account a
                JOIN accounts_productuser p ON p.account_id = a.id
                JOIN accounts_membership m ON m.user_id = p.id
                WHERE a.of_person AND m.workspace_id = ANY (%(spaces)s::bigint[])
            )
            SELECT DISTINCT people.*, home.workspace_id, home.account_id
            FROM people
            JOIN accounts_signal s ON s.user_id = people.id AND s.kind = 'hand_raise'
            LEFT JOIN accounts_workspace own ON own.id = s.workspace_id
            LEFT JOIN LATERAL (
                SELECT w.id AS workspace_id, w.account_id
                FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id
                WHERE m.user_id = people.id AND w.account_id IS NOT NULL ORDER BY m.first_seen_at, w.external_id LIMIT 1
            ) AS home ON true
            WHERE (own.account_id IS NULL OR people.account_id IS NOT NULL)
            AND (people.is_known OR home.account_id IS NOT NULL)
            """,
            {
                "people": bulk.plain(person.id for person in directory.roots()),
                "spaces": bulk.plain(space.id for space in directory.spaces.values()),
            },
        )
        made = []
        for user_id, account_id, label, _is_known, workspace_id, home_id in cursor.fetchall():
            if home_id is not None:
                _go_home(directory, user_id, account_id, workspace_id, home_id)
            elif account_id is None:
                made.append(_account_of_its_own(user_id, label))
            else:
                cursor.execute("UPDATE accounts_account SET name = %s WHERE id = %s", [label[:200], account_id])
    directory.changed_accounts.update(made)
    account_facts.work_out(made)


def _go_home(directory: Directory, user_id: int, account_id: int | None, workspace_id: int, home_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_signal SET workspace_id = %s
            WHERE user_id = %s AND kind = 'hand_raise' AND (
                workspace_id IS NULL OR workspace_id IN (SELECT id FROM accounts_workspace WHERE account_id IS NULL)
            )
            """,
            [workspace_id, user_id],
        )
        if account_id is not None:
            cursor.execute("UPDATE accounts_productuser SET account_id = NULL WHERE account_id = %s", [account_id])
            merge_accounts(directory, account_id, home_id)
    directory.changed_accounts.add(home_id)


def _account_of_its_own(user_id: int, label: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_account (name, domain, industry, plan, of_person, created_at)
            VALUES (%s, '', '', '', true, now()) RETURNING id
            """,
            [label[:200]],
        )
        (account_id,) = cursor.fetchone()
        cursor.execute("UPDATE accounts_productuser SET account_id = %s WHERE id = %s", [account_id, user_id])
    return account_id
