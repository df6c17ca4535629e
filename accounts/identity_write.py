"""Writes a resolved batch: one statement a table, in the caller's transaction, under the loader's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from accounts import bulk, domains
from accounts.models import AccountDomain

if TYPE_CHECKING:
    from accounts.identity import Directory, Person, Space

PERSON_COLUMNS = {
    "key": "text",
    "email": "text",
    "name": "text",
    "title": "text",
    "department": "text",
    "seniority": "text",
    "company": "text",
    "employees": "int",
    "buying_role": "text",
    "buying_confidence": "float8",
    "account_id": "bigint",
    "first_seen_at": "timestamptz",
    "last_seen_at": "timestamptz",
}
SPACE_COLUMNS = {
    "external_id": "text",
    "name": "text",
    "domain": "text",
    "employees": "int",
    "industry": "text",
    "plan": "text",
    "account_id": "bigint",
    "account_by": "text",
}


def write(directory: Directory) -> None:
    people = directory.roots()
    spaces = [space for space in directory.spaces.values() if space.changed or space.touched or space.id is None]
    accounts = _accounts_of_domains(people, spaces)
    for person in people:
        domain = domains.of_email(person.email) if person.email else ""
        if person.account_id is None and domain:
            person.account_id, person.changed = accounts[domain], True
    _merge(directory)
    _save(people, "accounts_productuser", PERSON_COLUMNS)
    _aliases(people)
    for space in spaces:
        if space.domain and (space.account_by != "domain" or space.changed):
            _move(directory, space, accounts[space.domain], "domain")
    _save(spaces, "accounts_workspace", SPACE_COLUMNS, extra={"created_at": "now()"})
    _memberships(directory, people)
    moved = [person.id for person in people if person.moved]
    if moved:  # their workspaces may belong to another company now
        spaces += directory.load_spaces(
            "domain = '' AND id IN (SELECT workspace_id FROM accounts_membership WHERE user_id = ANY(%s))", moved
        )
        decided = {id(space) for space in spaces}
        spaces += [s for s in directory.spaces.values() if not s.domain and id(s) not in decided]
    _accounts_of_members(directory, [space for space in spaces if not space.domain and space.account_by != "hand"])
    _more_domains(spaces)
    _facts(spaces, people)


def _move(directory: Directory, space: Space, account_id: int, by: str) -> None:
    if space.account_id not in (None, account_id):
        directory.changed_accounts.add(space.account_id)
        if space.account_by == "own":
            _retire(space.account_id, account_id)
    if (space.account_id, space.account_by) != (account_id, by):
        space.account_id, space.account_by, space.changed = account_id, by, True


def _retire(own_id: int | None, into_id: int) -> None:
    """An account that stood for one workspace gives way to the company's account, now that it is known."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_account SET merged_into_id = %s WHERE id = %s AND id <> %s", [into_id, own_id, into_id]
        )


def _save(rows: list, table: str, columns: dict[str, str], extra: dict[str, str] | None = None) -> None:
    """Inserts the new rows (their `id` is set) and updates the changed ones."""
    new = [row for row in rows if row.id is None]
    changed = [row for row in rows if row.id is not None and row.changed]
    extra = extra or {}
    key = next(iter(columns))
    with connection.cursor() as cursor:
        if new:
            staged = bulk.stage(f"new_{table}", columns, (tuple(getattr(row, n) for n in columns) for row in new))
            cursor.execute(
                f"INSERT INTO {table} ({', '.join([*columns, *extra])}) "
                f"SELECT {', '.join([*columns, *extra.values()])} FROM {staged} RETURNING {key}, id"
            )
            ids = dict(cursor.fetchall())
            for row in new:
                row.id = ids[getattr(row, key)]
        if changed:
            staged = bulk.stage(
                table, {"id": "bigint"} | columns, ((row.id, *(getattr(row, n) for n in columns)) for row in changed)
            )
            cursor.execute(
                f"UPDATE {table} AS old SET {', '.join(f'{name} = new.{name}' for name in columns)} "
                f"FROM {staged} AS new WHERE old.id = new.id"
            )


def _accounts_of_domains(people: list[Person], spaces: list[Space]) -> dict[str, int]:
    """The account of every domain that this batch needs, made where there is none."""
    wanted: dict[str, str] = {}
    for person in people:
        if person.account_id is None and person.email and (domain := domains.of_email(person.email)):
            wanted.setdefault(domain, "e-mail")
    for space in spaces:
        if space.domain:
            wanted[space.domain] = "workspace"
    if not wanted:
        return {}
    found = dict(AccountDomain.objects.filter(domain__in=wanted).values_list("domain", "account_id"))
    missing = sorted(set(wanted) - set(found))
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO accounts_account (name, domain, industry, plan, created_at)
                SELECT domain, domain, '', '', now() FROM unnest(%s::text[]) AS domain RETURNING domain, id
                """,
                [missing],
            )
            made = dict(cursor.fetchall())
            cursor.execute(
                """
                INSERT INTO accounts_accountdomain (domain, account_id, source)
                SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[])
                """,
                [list(made), list(made.values()), [wanted[domain] for domain in made]],
            )
        found |= made
    return found


def _merge(directory: Directory) -> None:
    """Moves everything of an absorbed person to the one who absorbed him."""
    for old_id, person in directory.merges:
        new_id = directory.root(person).id
        if new_id == old_id:
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH moved AS (DELETE FROM accounts_usage WHERE user_id = %(old)s
                               RETURNING day, event_type_id, workspace_id, count)
                INSERT INTO accounts_usage (user_id, day, event_type_id, workspace_id, count)
                SELECT %(new)s, day, event_type_id, workspace_id, count FROM moved
                ON CONFLICT (user_id, day, event_type_id, workspace_id)
                DO UPDATE SET count = accounts_usage.count + EXCLUDED.count
                """,
                {"old": old_id, "new": new_id},
            )
            cursor.execute(
                """
                WITH moved AS (DELETE FROM accounts_membership WHERE user_id = %(old)s
                               RETURNING workspace_id, first_seen_at)
                INSERT INTO accounts_membership (user_id, workspace_id, first_seen_at)
                SELECT %(new)s, workspace_id, first_seen_at FROM moved
                ON CONFLICT (workspace_id, user_id)
                DO UPDATE SET first_seen_at = least(accounts_membership.first_seen_at, EXCLUDED.first_seen_at)
                """,
                {"old": old_id, "new": new_id},
            )
            cursor.execute("UPDATE accounts_signal SET user_id = %s WHERE user_id = %s", [new_id, old_id])
            cursor.execute("UPDATE accounts_useralias SET user_id = %s WHERE user_id = %s", [new_id, old_id])
            cursor.execute(
                "DELETE FROM accounts_productuser WHERE id = %s RETURNING account_id",
                [old_id],
            )
            gone = cursor.fetchone()
            if gone and gone[0]:
                directory.changed_accounts.add(gone[0])


def _aliases(people: list[Person]) -> None:
    pairs = [(key, person.id) for person in people for key in person.new_keys if key != person.key]
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_useralias (key, user_id) SELECT * FROM unnest(%s::text[], %s::bigint[])
            ON CONFLICT (key) DO UPDATE SET user_id = EXCLUDED.user_id
            """,
            [[key for key, _ in pairs], [id_ for _, id_ in pairs]],
        )


def _memberships(directory: Directory, people: list[Person]) -> None:
    rows = [
        (person.id, directory.spaces[external_id].id, at)
        for person in people
        for external_id, at in person.workspaces.items()
    ]
    if not rows:
        return
    columns = {"user_id": "bigint", "workspace_id": "bigint", "first_seen_at": "timestamptz"}
    table = bulk.stage("membership", columns, rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_membership (user_id, workspace_id, first_seen_at) "
            f"SELECT user_id, workspace_id, first_seen_at FROM {table} ON CONFLICT DO NOTHING"
        )


def _accounts_of_members(directory: Directory, spaces: list[Space]) -> None:
    """Workspaces without a stated domain: the account most of their members' e-mails point to, else one of their own.

    A tie decides nothing new: the account the workspace has stays, or the older account is taken.
    """
    if not spaces:
        return
    by_id = {space.id: space for space in spaces}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.workspace_id, p.account_id, count(*) FROM accounts_membership m
            JOIN accounts_productuser p ON p.id = m.user_id
            WHERE m.workspace_id = ANY(%s) GROUP BY 1, 2
            """,
            [list(by_id)],
        )
        votes: dict[int, dict[int | None, int]] = {}
        for workspace_id, account_id, people in cursor.fetchall():
            votes.setdefault(workspace_id, {})[account_id] = people
    moved = []
    for workspace_id, space in by_id.items():
        counts = votes.get(workspace_id, {})  # type: ignore[arg-type]
        companies = {account: people for account, people in counts.items() if account is not None}
        before = (space.account_id, space.account_by)
        if companies:
            most = max(companies.values())
            best = sorted(account for account, people in companies.items() if people == most)
            chosen = space.account_id if space.account_id in best and space.account_by == "members" else best[0]
            _move(directory, space, chosen, "members")
        elif space.account_id is None and (space.name or sum(counts.values()) >= 2):
            _move(directory, space, _own_account(space), "own")
        if (space.account_id, space.account_by) != before:
            moved.append(space)
    for space in moved:
        space.changed = True
    _save(moved, "accounts_workspace", SPACE_COLUMNS)


def _own_account(space: Space) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_account (name, domain, industry, plan, created_at) "
            "VALUES (%s, '', '', '', now()) RETURNING id",
            [space.name or space.external_id],
        )
        return cursor.fetchone()[0]


def _more_domains(spaces: list[Space]) -> None:
    """Further domains that a workspace states (its trait `domains`) join its account, unless another account has them."""
    pairs = [
        (domain, space.account_id)
        for space in spaces
        for domain in sorted(space.company_domains)
        if space.account_id is not None
    ]
    if pairs:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO accounts_accountdomain (domain, account_id, source)
                SELECT *, 'workspace' FROM unnest(%s::text[], %s::bigint[]) ON CONFLICT (domain) DO NOTHING
                """,
                [[domain for domain, _ in pairs], [account for _, account in pairs]],
            )


def _facts(spaces: list[Space], people: list[Person]) -> None:
    """What workspaces say of their company wins; what its people say fills the gaps."""
    stated = [space for space in spaces if space.account_id is not None]
    if stated:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE accounts_account AS account SET
                    name = CASE WHEN new.name <> '' AND (account.name = account.domain OR new.by IN ('domain', 'own'))
                                THEN new.name ELSE account.name END,
                    employees = coalesce(new.employees, account.employees),
                    industry = coalesce(nullif(new.industry, ''), account.industry),
                    plan = coalesce(nullif(new.plan, ''), account.plan)
                FROM (
                    SELECT DISTINCT ON (account_id) * FROM unnest(
                        %s::bigint[], %s::text[], %s::int[], %s::text[], %s::text[], %s::text[]
                    ) WITH ORDINALITY AS said (account_id, name, employees, industry, plan, by, place)
                    ORDER BY account_id, employees DESC NULLS LAST, place
                ) AS new WHERE account.id = new.account_id
                """,
                [
                    [space.account_id for space in stated],
                    [space.name for space in stated],
                    [space.employees for space in stated],
                    [space.industry for space in stated],
                    [space.plan for space in stated],
                    [space.account_by for space in stated],
                ],
            )
    said = [person for person in people if person.account_id is not None and (person.employees or person.company)]
    if said:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE accounts_account AS account SET
                    name = CASE WHEN new.name <> '' AND account.name = account.domain THEN new.name
                                ELSE account.name END,
                    employees = coalesce(account.employees, new.employees)
                FROM (
                    SELECT account_id, max(employees) AS employees, max(name) AS name
                    FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS one (account_id, employees, name) GROUP BY 1
                ) AS new WHERE account.id = new.account_id
                """,
                [
                    [person.account_id for person in said],
                    [person.employees for person in said],
                    [person.company for person in said],
                ],
            )
