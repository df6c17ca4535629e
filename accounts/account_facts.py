"""The facts of an account (name, staff, industry, plan), worked out from what its workspaces and people say."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import connection

from accounts import bulk
from accounts.plans import FREE_PLANS

if TYPE_CHECKING:
    from accounts.identity import Directory
    from accounts.identity_rows import Person, Space


def write(directory: Directory, spaces: list[Space], people: list[Person]) -> None:
    """What workspaces say of their company wins; what its people say fills the gaps; what a list or a contact gave stays below.

    Worked out from all workspaces and people of the account, so that neither batches nor the order of arrival decide. Of
    workspaces that one counts which states the main domain, then the one with the largest staff, then what was said last; the
    largest staff counts, and a paid plan before a free one. Of names that people say the commonest counts. Only where something
    changed, or a company still has its domain for a name; and only what differs is written.
    """
    named = {person.account_id for person in people if person.account_id is not None and person.company}
    accounts: set[int | None] = {space.account_id for space in spaces if space.changed} | directory.changed_accounts
    accounts |= {person.account_id for person in people if person.changed and (person.employees or person.company)}
    accounts |= _named_by_domain({account for account in named - accounts if account is not None})
    work_out({account for account in accounts if account is not None})


def work_out(account_ids: Collection[int]) -> None:
    """Of these accounts: see `write`."""
    if not account_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH base AS MATERIALIZED (
                SELECT account.*,
                    CASE WHEN 'name' = ANY (account.told) AND account.domain <> '' THEN account.domain ELSE account.name
                    END AS given,
                    CASE WHEN NOT 'employees' = ANY (account.told) THEN account.employees END AS given_employees,
                    CASE WHEN 'industry' = ANY (account.told) THEN '' ELSE account.industry END AS given_industry,
                    CASE WHEN 'plan' = ANY (account.told) THEN '' ELSE account.plan END AS given_plan
                FROM accounts_account account WHERE account.id = ANY ((SELECT %(accounts)s::bigint[])::bigint[])
            ), said AS MATERIALIZED (
                SELECT base.*, w.*, p.*,
                    coalesce(w.own_name, CASE WHEN base.given = base.domain THEN coalesce(w.other_name, p.company_name) END)
                        AS new_name,
                    coalesce(w.staff, p.staff) AS new_employees,
                    to_timestamp(CASE WHEN w.staff IS NOT NULL THEN w.sized_at ELSE p.sized_at END / 1000000.0) AS sized
                FROM base
                LEFT JOIN LATERAL (
                    SELECT max(employees) AS staff,
                        min(known_at) FILTER (WHERE employees = largest) AS sized_at,
                        -- Who states the main domain names the company: one that was merged into it does not.
                        (array_agg(name ORDER BY domain <> base.domain, employees DESC NULLS LAST, named_at DESC, name, external_id)
                            FILTER (WHERE name <> '' AND account_by IN ('domain', 'own')))[1] AS own_name,
                        (array_agg(name ORDER BY employees DESC NULLS LAST, named_at DESC, name, external_id)
                            FILTER (WHERE name <> ''))[1] AS other_name,
                        (array_agg(industry ORDER BY employees DESC NULLS LAST, industry_at DESC, industry, external_id)
                            FILTER (WHERE industry <> ''))[1] AS new_industry,
                        (array_agg(plan ORDER BY lower(plan) = ANY (%(free)s), employees DESC NULLS LAST, plan_at DESC, plan,
                                                 external_id)
                            FILTER (WHERE plan <> ''))[1] AS new_plan
                    FROM (
                        SELECT w.*, max(w.employees) OVER () AS largest,
                            coalesce((times ->> 'name')::bigint, -1) AS named_at,
                            coalesce((times ->> 'industry')::bigint, -1) AS industry_at,
                            coalesce((times ->> 'plan')::bigint, -1) AS plan_at,
                            (times ->> 'employees@')::bigint AS known_at
                        FROM accounts_workspace w, LATERAL (SELECT nullif(w.said_at, '')::jsonb AS times) AS said
                        WHERE w.account_id = base.id
                    ) AS space
                ) AS w ON true
                LEFT JOIN LATERAL (
                    SELECT max(employees) AS staff,
                        min((nullif(said_at, '')::jsonb ->> 'employees@')::bigint) FILTER (WHERE employees = largest) AS sized_at,
                        mode() WITHIN GROUP (ORDER BY nullif(company, '') COLLATE "C") AS company_name
                    FROM (
                        SELECT p.employees, p.company, p.said_at, max(p.employees) OVER () AS largest
                        FROM accounts_productuser p
                        WHERE p.account_id = base.id AND (p.employees IS NOT NULL OR p.company <> '')
                    ) AS person
                ) AS p ON true
            ), facts AS (
                SELECT id, sized,
                    coalesce(new_name, given) AS name, coalesce(new_employees, given_employees) AS employees,
                    coalesce(new_industry, given_industry) AS industry, coalesce(new_plan, given_plan) AS plan,
                    new_employees IS NOT NULL AS is_said,
                    array_remove(ARRAY[
                        CASE WHEN new_name IS NOT NULL THEN 'name' END, CASE WHEN new_employees IS NOT NULL THEN 'employees' END,
                        CASE WHEN new_industry IS NOT NULL THEN 'industry' END, CASE WHEN new_plan IS NOT NULL THEN 'plan' END
                    ], NULL)::varchar[] AS told
                FROM said
            ), dated AS (
                SELECT facts.*, CASE
                    WHEN facts.employees IS NULL THEN NULL
                    WHEN facts.is_said AND facts.sized IS NOT NULL THEN facts.sized
                    WHEN account.employees IS NOT DISTINCT FROM facts.employees THEN account.employees_at
                    -- It came with an account that went into this one, else just now.
                    ELSE coalesce((SELECT min(coalesce(o.employees_at, o.created_at)) FROM accounts_account o
                                   WHERE o.merged_into_id = account.id AND o.employees = facts.employees), now())
                END AS employees_at
                FROM facts JOIN accounts_account account ON account.id = facts.id
            )
            UPDATE accounts_account AS account
            SET name = facts.name, employees = facts.employees, employees_at = facts.employees_at,
                industry = facts.industry, plan = facts.plan, told = facts.told
            FROM dated AS facts WHERE account.id = facts.id
            AND (account.name, account.employees, account.employees_at, account.industry, account.plan, account.told)
                IS DISTINCT FROM (facts.name, facts.employees, facts.employees_at, facts.industry, facts.plan, facts.told)
            """,
            {"accounts": bulk.plain(account_ids), "free": list(FREE_PLANS)},
        )


def _named_by_domain(account_ids: set[int]) -> set[int]:
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
