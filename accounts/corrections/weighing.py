"""How much an account is: people, workspaces, domains, contacts, usage. What a correction changes is the difference of two."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from accounts.usage import OF_ACCOUNT

RECENT, LONG = 28, 90


@dataclass(frozen=True)
class Weight:
    """`active`: people with usage in 28 days. `events` of 28 days and `events_long` of 90, today included."""

    people: int
    workspaces: int
    contacts: int
    domains: tuple[str, ...]
    active: int
    events: int
    events_long: int

    @property
    def is_nothing(self) -> bool:
        return not (self.people or self.workspaces or self.contacts or self.domains)


def weigh(account_id: int, *, today: dt.date) -> Weight:
    """Two queries; usage is read by index, so it costs what the account is."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM accounts_productuser WHERE account_id = %(account)s),
                   (SELECT count(*) FROM accounts_workspace WHERE account_id = %(account)s),
                   (SELECT count(*) FROM accounts_contact WHERE account_id = %(account)s AND removed_at IS NULL),
                   ARRAY(SELECT domain FROM accounts_accountdomain WHERE account_id = %(account)s ORDER BY domain)
            """,
            {"account": account_id},
        )
        people, workspaces, contacts, domains = cursor.fetchone()
        cursor.execute(
            f"""
            SELECT count(DISTINCT user_id) FILTER (WHERE day > %(recent)s),
                   coalesce(sum(count) FILTER (WHERE day > %(recent)s), 0)::bigint, coalesce(sum(count), 0)::bigint
            FROM ({OF_ACCOUNT} AND u.day > %(first)s AND u.day <= %(today)s) AS used
            """,
            {
                "account": account_id,
                "recent": today - dt.timedelta(days=RECENT),
                "first": today - dt.timedelta(days=LONG),
                "today": today,
            },
        )
        active, events, events_long = cursor.fetchone()
    return Weight(people, workspaces, contacts, tuple(domains), active, events, events_long)
