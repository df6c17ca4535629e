"""The facts of an account (name, staff, industry, plan), worked out from what its workspaces and people say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from accounts import bulk
from accounts.plans import FREE_PLANS

if TYPE_CHECKING:
    from accounts.identity import Directory
    from accounts.identity_rows import Person, Space


def write(directory: Directory, spaces: list[Space], people: list[Person]) -> None:
    """What workspaces say of their company wins; what its people say fills the gaps.

    Worked out from all workspaces and people of the account: what only one batch has seen would make two workspaces that
    disagree overwrite each other for ever. The largest staff counts, and a paid plan before a free one. Only where something
    changed, or a company still has its domain for a name; and only what differs is written.
    """
    names: dict[int, str] = {}
    sized: dict[int, int] = {}
    told: list[Space | Person] = [*spaces, *people]
    for who in told:
        if who.account_id is not None and who.employees_at is not None:
            sized[who.account_id] = max(who.employees_at, sized.get(who.account_id, 0))
    for person in people:
        if person.account_id is not None and person.company:
            names[person.account_id] = max(person.company, names.get(person.account_id, ""))
    accounts = {space.account_id for space in spaces if space.changed} | directory.changed_accounts
    accounts |= {person.account_id for person in people if person.changed and (person.employees or person.company)}
    accounts |= _named_by_domain(set(names) - accounts)
    accounts.discard(None)
    if not accounts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH facts AS MATERIALIZED (
                SELECT account.id, new.sized_at,
                    coalesce(said.name, CASE WHEN account.name = account.domain
                                             THEN coalesce(said.other_name, new.name) END, account.name) AS name,
                    coalesce(said.employees, (SELECT max(p.employees) FROM accounts_productuser p
                                              WHERE p.account_id = account.id), account.employees) AS employees,
                    coalesce(said.industry, account.industry) AS industry,
                    coalesce(said.plan, account.plan) AS plan
                FROM unnest(%(accounts)s::bigint[], %(names)s::text[], %(sized)s::bigint[]) AS new (id, name, sized_at)
                JOIN accounts_account account ON account.id = new.id
                LEFT JOIN LATERAL (
                    SELECT max(w.employees) AS employees,
                        -- Who states the main domain names the company: one that was merged into it does not.
                        (array_agg(w.name ORDER BY w.domain <> account.domain, w.employees DESC NULLS LAST, w.id)
                            FILTER (WHERE w.name <> '' AND w.account_by IN ('domain', 'own')))[1] AS name,
                        (array_agg(w.name ORDER BY w.employees DESC NULLS LAST, w.id)
                            FILTER (WHERE w.name <> ''))[1] AS other_name,
                        (array_agg(w.industry ORDER BY w.employees DESC NULLS LAST, w.id)
                            FILTER (WHERE w.industry <> ''))[1] AS industry,
                        (array_agg(w.plan ORDER BY lower(w.plan) = ANY(%(free)s), w.employees DESC NULLS LAST, w.id)
                            FILTER (WHERE w.plan <> ''))[1] AS plan
                    FROM accounts_workspace w WHERE w.account_id = new.id
                ) AS said ON true
            )
            UPDATE accounts_account AS account
            SET name = facts.name, employees = facts.employees,
                employees_at = CASE
                    WHEN account.employees IS NOT DISTINCT FROM facts.employees THEN account.employees_at
                    WHEN facts.sized_at IS NOT NULL THEN to_timestamp(facts.sized_at / 1000000.0)
                    -- It came with an account that went into this one, else just now.
                    ELSE coalesce((SELECT min(coalesce(o.employees_at, o.created_at)) FROM accounts_account o
                                   WHERE o.merged_into_id = account.id AND o.employees = facts.employees), now())
                END,
                industry = facts.industry, plan = facts.plan
            FROM facts WHERE account.id = facts.id
            AND (account.name, account.employees, account.industry, account.plan)
                IS DISTINCT FROM (facts.name, facts.employees, facts.industry, facts.plan)
            """,
            {
                "accounts": bulk.plain(accounts),
                "names": bulk.texts(names.get(account) for account in accounts),  # type: ignore[arg-type]
                "sized": bulk.plain(sized.get(account) for account in accounts),  # type: ignore[arg-type]
                "free": list(FREE_PLANS),
            },
        )


def _named_by_domain(account_ids: set[int]) -> set[int | None]:
    """Those of the accounts whose name is only their domain: somebody who knows a better one is seen again."""
    if not account_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM accounts_account
            WHERE id = ANY ((SELECT %s::bigint[])::bigint[]) AND name = domain
            """,
            [bulk.plain(account_ids)],
        )
        return {id_ for (id_,) in cursor.fetchall()}
