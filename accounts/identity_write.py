"""Writes a resolved batch: one statement a table, in the caller's transaction, under the loader's lock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import ForeignObjectRel

from accounts import account_facts, bulk, domains, identity_read, roles
from accounts.models import Account, AccountDomain, Membership, ProductUser, Usage

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
    "role_evidence": "json",
    "persona_id": "bigint",
    "use_case": "text",
    "account_id": "bigint",
    "profiled_at": "micros",
    "first_seen_at": "micros",
    "last_seen_at": "micros",
}
#: What can change of a person of whom not everything was read.
BRIEF_COLUMNS = {name: PERSON_COLUMNS[name] for name in ("account_id", "first_seen_at", "last_seen_at")}
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
    own = _own_of_people([account for account, _person in directory.left])
    for account, who in directory.left:
        person = directory.root(who)
        if account in own and person.account_id is None and not domains.of_email(person.email):
            person.account_id = account
    # Of a workspace that stays with the account of its domain nothing needs to be looked up.
    stating = [
        space for space in spaces if space.changed or space.stated_domains or space.account_by not in ("domain", "hand")
    ]
    accounts = _accounts_of_domains(people, stating)
    for person in people:
        if person.account_id is None and person.email and (domain := domains.of_email(person.email)):
            person.account_id, person.changed = accounts[domain], True
    _merge(directory)
    _save_people(people)
    _aliases(people)
    for space in stating:
        if space.domain and space.account_by != "hand" and (space.account_by != "domain" or space.changed):
            _move(directory, space, accounts[space.domain], "domain")
    _save(spaces, "accounts_workspace", SPACE_COLUMNS, extra={"created_at": "now()"})
    _memberships(directory)
    moved = [person.id for person in people if person.moved]
    if moved:  # their workspaces may belong to another company now
        spaces += identity_read.spaces(
            directory,
            "domain = '' AND id IN (SELECT workspace_id FROM accounts_membership WHERE user_id = ANY (%s::bigint[]))",
            bulk.plain(moved),
        )
        decided = {id(space) for space in spaces}
        spaces += [s for s in directory.spaces.values() if not s.domain and id(s) not in decided]
    _accounts_of_members(directory, [space for space in spaces if not space.domain and space.account_by != "hand"])
    _more_domains(directory, spaces, accounts)
    account_facts.write(directory, spaces, people)
    for account, who in directory.left:
        known = directory.root(who).account_id
        if account in own and known not in (None, account):
            merge_accounts(directory, account, known)


def _move(directory: Directory, space: Space, account_id: int | None, by: str) -> None:
    if space.account_id is not None and space.account_id != account_id:
        directory.changed_accounts.add(space.account_id)
        if space.account_by == "own" and account_id is not None:
            # It stood for one workspace, and gives way to the company, now that it is known.
            merge_accounts(directory, space.account_id, account_id)
    if (space.account_id, space.account_by) != (account_id, by):
        space.account_id, space.account_by, space.changed = account_id, by, True


def merge_accounts(directory: Directory, old_id: int, into_id: int) -> None:
    """Moves everything of an account to another; the old one stays as a forwarding address."""
    directory.changed_accounts.update((old_id, into_id))
    with connection.cursor() as cursor:
        for table in ("accountdomain", "productuser", "workspace", "signal", "contact"):
            cursor.execute(
                f"UPDATE accounts_{table} SET account_id = %s WHERE account_id = %s",
                [into_id, old_id],
            )
        cursor.execute(
            "UPDATE accounts_account SET merged_into_id = %s WHERE id = %s OR merged_into_id = %s",
            [into_id, old_id, old_id],
        )
    for person in directory.roots():
        if person.account_id == old_id:
            person.account_id = into_id
    for space in directory.spaces.values():
        if space.account_id == old_id:
            space.account_id = into_id


def _own_of_people(account_ids: list[int]) -> set[int]:
    """Those of the accounts that stand for a single person."""
    if not account_ids:
        return set()
    return set(Account.objects.filter(pk__in=account_ids, of_person=True).values_list("pk", flat=True))


def _save_people(people: list[Person]) -> None:
    """Inserts the new people (their `id` is set), and of the others writes only what can have changed."""
    _save([person for person in people if not person.is_brief], "accounts_productuser", PERSON_COLUMNS)
    times = [person for person in people if person.is_brief and (person.seen_anew or person.changed)]
    times += [person for person in people if not person.is_brief and person.seen_anew and not person.changed]
    _update(times, "accounts_productuser", BRIEF_COLUMNS)


def _save(rows: list, table: str, columns: dict[str, str], extra: dict[str, str] | None = None) -> None:
    """Inserts the new rows (their `id` is set) and updates the changed ones."""
    new = [row for row in rows if row.id is None]
    extra = extra or {}
    key = next(iter(columns))
    if new:
        sent, arrays = bulk.rows(columns, _values(new, columns))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join([*columns, *extra])}) "
                f"SELECT {', '.join([*columns, *extra.values()])} FROM {sent} AS new RETURNING {key}, id",
                arrays,
            )
            ids = dict(cursor.fetchall())
        inserted = {id(row) for row in new}
        rows = [row for row in rows if id(row) not in inserted]
        for row in new:
            row.id = ids[getattr(row, key)]
    _update([row for row in rows if row.changed], table, columns)


def _update(rows: list, table: str, columns: dict[str, str]) -> None:
    if not rows:
        return
    sent, arrays = bulk.rows({"id": "bigint"} | columns, _values(rows, ("id", *columns)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS old SET {', '.join(f'{name} = new.{name}' for name in columns)} "
            f"FROM {sent} AS new WHERE old.id = new.id",
            arrays,
        )


def _values(rows: list, names: Iterable[str]) -> list[tuple[Any, ...]]:
    return list(map(attrgetter(*names), rows))


def _accounts_of_domains(people: list[Person], spaces: list[Space]) -> dict[str, int]:
    """The account of every domain that this batch needs, made where there is none."""
    wanted: dict[str, str] = {}
    for person in people:
        if person.account_id is None and person.email and (domain := domains.of_email(person.email)):
            wanted.setdefault(domain, "e-mail")
    for space in spaces:
        for main in [space.domain, *(stated[0] for stated in space.stated_domains)]:
            if main:
                wanted[main] = "workspace"
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
            roles.hand_over(old_id, new_id)
            for table, column in _pointing_at_people():
                cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", [new_id, old_id])
            cursor.execute(
                "DELETE FROM accounts_productuser WHERE id = %s RETURNING account_id",
                [old_id],
            )
            gone = cursor.fetchone()
            if gone and gone[0]:
                directory.changed_accounts.add(gone[0])


@cache
def _pointing_at_people() -> list[tuple[str, str]]:
    """(table, column) of everything that names a person, also in apps above this one, such as the buyer on a queue item.

    Left pointing at a person who is no more, it would fail the whole load when that commits.
    """
    related = ProductUser._meta.get_fields(include_hidden=True)  # a related_name of "+" hides one
    fields = [relation.field for relation in related if isinstance(relation, ForeignObjectRel)]
    return [(f.model._meta.db_table, str(f.column)) for f in fields if f.model not in (Usage, Membership)]


def _aliases(people: list[Person]) -> None:
    pairs = [(key, person.id) for person in people for key in set(person.new_keys) if key != person.key]
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


def _memberships(directory: Directory) -> None:
    """Writes the memberships that are new, or older than known."""
    rows: dict[tuple[int, int], int] = {}
    for (who, space), at in directory.joined.items():
        person = who if who.into is None else directory.root(who)
        both: tuple[int, int] = (person.id, space.id)  # type: ignore[assignment]
        known = rows.get(both) or directory.stored.get(both)
        if known is None or at < known:
            rows[both] = at
    if not rows:
        return
    columns = {"user_id": "bigint", "workspace_id": "bigint", "first_seen_at": "micros"}
    sent, arrays = bulk.rows(columns, [(*both, at) for both, at in rows.items()])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_membership (user_id, workspace_id, first_seen_at) "
            f"SELECT user_id, workspace_id, first_seen_at FROM {sent} AS new ON CONFLICT (workspace_id, user_id) "
            "DO UPDATE SET first_seen_at = EXCLUDED.first_seen_at "
            "WHERE accounts_membership.first_seen_at > EXCLUDED.first_seen_at",
            arrays,
        )


def _accounts_of_members(directory: Directory, spaces: list[Space]) -> None:
    """Workspaces without a stated domain: the account most of their members' e-mails point to, else one of their own.

    Of as many, the company that was there first, so that neither batches nor the order of arrival decide.
    """
    if not spaces:
        return
    by_id = {space.id: space for space in spaces}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.workspace_id, a.id, count(*), min(m.first_seen_at) FROM accounts_membership m
            JOIN accounts_productuser p ON p.id = m.user_id
            LEFT JOIN accounts_account a ON a.id = p.account_id AND NOT a.of_person
            WHERE m.workspace_id = ANY(%s) GROUP BY 1, 2
            """,
            [list(by_id)],
        )
        votes: dict[int, dict[int | None, tuple[int, dt.datetime]]] = {}
        for workspace_id, account_id, people, since in cursor.fetchall():
            votes.setdefault(workspace_id, {})[account_id] = (people, since)
    moved = []
    for workspace_id, space in by_id.items():
        counts = votes.get(workspace_id, {})  # type: ignore[arg-type]
        companies = {account: vote for account, vote in counts.items() if account is not None}
        members = sum(people for people, _since in counts.values())
        before = (space.account_id, space.account_by)
        if companies:
            best = min(companies, key=lambda account: (-companies[account][0], companies[account][1], account))
            _move(directory, space, best, "members")
        elif not space.name and members < 2:  # also when two members turned out to be one person
            _move(directory, space, None, "")
        elif space.account_id is None or space.account_by == "members":  # nobody of a company is left
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


def _more_domains(directory: Directory, spaces: list[Space], accounts: dict[str, int]) -> None:
    """Further domains that a workspace states (its trait `domains`) join the account of the first.

    An account that is known from e-mails of such a domain alone is the same company and merges; one that a workspace
    stands for stays.
    """
    wanted: dict[str, int] = {}
    for space in spaces:
        for main, *others in space.stated_domains:
            for domain in others:  # what was said first stays
                wanted.setdefault(domain, accounts[main])
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_accountdomain (domain, account_id, source)
            SELECT *, 'workspace' FROM unnest(%s::text[], %s::bigint[]) ON CONFLICT (domain) DO NOTHING
            """,
            [list(wanted), list(wanted.values())],
        )
        cursor.execute(
            """
            SELECT d.domain, d.account_id FROM accounts_accountdomain d
            WHERE d.domain = ANY(%s) AND d.source = 'e-mail'
            AND NOT EXISTS (SELECT 1 FROM accounts_accountdomain o WHERE o.account_id = d.account_id AND o.id <> d.id)
            AND NOT EXISTS (SELECT 1 FROM accounts_workspace w
                            WHERE w.account_id = d.account_id AND w.account_by IN ('domain', 'hand'))
            ORDER BY d.domain
            """,
            [list(wanted)],
        )
        for domain, account_id in cursor.fetchall():
            if account_id != wanted[domain]:
                merge_accounts(directory, account_id, wanted[domain])
                wanted |= {other: wanted[domain] for other, old in wanted.items() if old == account_id}
