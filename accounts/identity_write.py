"""Writes a resolved batch: one statement a table, in the caller's transaction, under the loader's lock."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import connection

from accounts import account_facts, bulk, devices, domains, identity_read, joining
from accounts.identity_rows import Device
from accounts.ladder import ambiguous, links, members, stated
from accounts.ladder.links import merge_accounts
from accounts.models import Account, Signal, SignalKind

if TYPE_CHECKING:
    from accounts.identity import Directory, Person

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
    "account_by": "text",
    "said_at": "text",
    "profiled_at": "micros",
    "first_seen_at": "micros",
    "last_seen_at": "micros",
    "own_first_at": "micros",
    "own_last_at": "micros",
}
#: What can change of a person of whom not everything was read.
BRIEF_COLUMNS = {
    name: PERSON_COLUMNS[name]
    for name in ("account_id", "account_by", "first_seen_at", "last_seen_at", "own_first_at", "own_last_at")
}
SPACE_COLUMNS = {
    "external_id": "text",
    "name": "text",
    "domain": "text",
    "further_domains": "words",
    "employees": "int",
    "industry": "text",
    "plan": "text",
    "said_at": "text",
    "account_id": "bigint",
    "account_by": "text",
    "account_confidence": "float8",
    "own_account_id": "bigint",
}
#: Since when a workspace has its account is not known in memory.
SPACE_SINCE = "CASE WHEN old.account_id IS DISTINCT FROM new.account_id THEN now() ELSE old.account_at END"
HAND = "hand"


def write(directory: Directory) -> None:
    people = directory.roots()
    spaces = [space for space in directory.spaces.values() if space.changed or space.touched or space.id is None]
    own = _own_of_people(directory)
    # Of a workspace that stays with the account of its domain nothing needs to be looked up.
    stating = [s for s in spaces if (s.changed or s.account_by != "domain") and s.account_by != HAND and s.main]
    accounts = links.accounts_of_domains(people, stating, directory.mentioned)
    for person in people:
        if person.account_id is None and person.email and (domain := domains.of_email(person.email)):
            person.account_id, person.changed = accounts[domain], True
    _accounts_of_contacts(people)
    for account, who in directory.left:
        person = directory.root(who)
        if account in own and person.account_id is None and not domains.of_email(person.email):
            person.account_id = account
    joining.write(directory)
    _save_people(people)
    _aliases(people)
    for space in stating:
        if len(space.stated) == 1:
            directory.found_plain(space)
            links.move(directory, space, accounts[space.main], "domain")
    touched = stated.touched(directory)
    dropped = {domain for space in spaces if space.states_anew for domain in space.was_stated - space.stated}
    _save_spaces(directory)
    devices.write(directory)
    _memberships(directory)
    stated.settle(directory, touched)
    _look_again(directory, [person.id for person in people if person.moved])
    decided = {id(space) for space in spaces}
    spaces += [space for space in directory.spaces.values() if id(space) not in decided]
    members.settle(directory, [s for s in spaces if not s.main and s.account_by != HAND and (s.touched or s.again)])
    _save_spaces(directory)
    links.state_no_more(dropped)
    ambiguous.note(directory)
    account_facts.write(directory, spaces, people)
    for account, who in directory.left:
        known = directory.root(who).account_id
        if account in own and known not in (None, account):
            merge_accounts(directory, account, known, because="company of a person")
    links.log(directory)


def _look_again(directory: Directory, moved: list[int | None]) -> None:
    """Loads the workspaces that may belong to another company, now that the companies of their members are others."""
    people = {*moved, *directory.resettled}
    merged = [account for old, into, _because in directory.merged for account in (old, into)]
    directory.resettled.clear()
    if people:
        found = identity_read.spaces(
            directory,
            "account_by NOT IN ('domain', 'hand') AND id IN "
            "(SELECT workspace_id FROM accounts_membership WHERE user_id = ANY (%s::bigint[]))",
            bulk.plain(people),
        )
        for space in (*found, *directory.spaces.values()):
            space.again = True
        # What is told of an ambiguity counts the people of each company.
        stated.settle(directory, {domain for space in found if space.is_ambiguous for domain in space.stated})
    if directory.left_spaces:
        left = bulk.plain(directory.left_spaces)
        found = identity_read.spaces(
            directory, "account_by NOT IN ('domain', 'hand') AND id = ANY (%s::bigint[])", left
        )
        for space in directory.spaces.values():
            space.again = space.again or space.id in directory.left_spaces
    if merged:
        found = identity_read.spaces(
            directory,
            """
            id IN (SELECT a.workspace_id FROM accounts_ambiguity a, jsonb_array_elements(a.candidates) c
                   WHERE a.settled_at IS NULL AND (c ->> 'account')::bigint = ANY (%s::bigint[]))
            """,
            bulk.plain(merged),
        )
        for space in found:
            space.again = True
        stated.settle(directory, {domain for space in found if len(space.stated) > 1 for domain in space.stated})


def _accounts_of_contacts(people: list[Person]) -> None:
    """The weakest step: who has an address of no company but is known as a contact belongs to the contact's account."""
    wanted: dict[str, list[Person]] = {}
    for person in people:
        if person.account_id is None and person.email and (person.moved or person.id is None):
            wanted.setdefault(person.email, []).append(person)
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT email, account_id FROM accounts_contact "
            "WHERE email = ANY ((SELECT %s::text[])::text[]) AND account_id IS NOT NULL AND removed_at IS NULL",
            [bulk.texts(wanted)],
        )
        found = cursor.fetchall()
    for email, account_id in found:
        for person in wanted[email]:
            person.account_id, person.account_by, person.changed = account_id, "contact", True


def _own_of_people(directory: Directory) -> set[int]:
    """Those of the accounts that people left that stand for a single person. Who loses a device loses what was made for it."""
    losers = {directory.root(was): device for device, was in directory.moving}
    accounts = [one.account_id for one in losers if one.account_id is not None]
    accounts += [account for account, _person in directory.left]
    if not accounts:
        return set()
    own = set(Account.objects.filter(pk__in=accounts, of_person=True).values_list("pk", flat=True))
    if not losers or not own:
        return own
    ids = {one.id: one for one in losers}
    ids |= {id_: one for id_, person in directory.merges if (one := directory.root(person)) in losers}
    still = Signal.objects.filter(kind=SignalKind.HAND_RAISE, user__in=ids)
    still = still.exclude(device__in=[device.key for device, _was in directory.moving])
    raised = {ids[id_] for id_ in still.values_list("user", flat=True)}
    for place, (account, who) in enumerate(directory.left):
        loser = directory.root(who)
        if account in own and loser in losers and loser not in raised:
            directory.left[place] = account, losers[loser]
    for loser, device in losers.items():
        if loser.account_id in own and loser not in raised:
            directory.left.append((loser.account_id, device))
            directory.changed_accounts.add(loser.account_id)
            loser.leave()
    return own


def _save_people(people: list[Person]) -> None:
    """Inserts the new people (their `id` is set), and of the others writes only what can have changed."""
    whole = [p for p in people if not p.is_brief and (p.changed or p.said_anew or p.id is None)]
    _save(whole, "accounts_productuser", PERSON_COLUMNS)
    times = [person for person in people if person.is_brief and (person.seen_anew or person.changed)]
    written = set(map(id, whole))
    times += [p for p in people if not p.is_brief and p.seen_anew and id(p) not in written]
    _update(times, "accounts_productuser", BRIEF_COLUMNS)


def _save_spaces(directory: Directory) -> None:
    """Writes what is not written yet; `changed` stays, for the facts of the accounts."""
    rows = [space for space in directory.spaces.values() if space.to_write]
    extra = {"created_at": "now()", "account_at": "CASE WHEN account_id IS NOT NULL THEN now() END"}
    _save(rows, "accounts_workspace", SPACE_COLUMNS, extra=extra, also=f", account_at = {SPACE_SINCE}")
    for space in rows:
        space.written_links = space.links


def _save(rows: list, table: str, columns: dict[str, str], extra: dict[str, str] | None = None, also: str = "") -> None:
    """Inserts the new rows (their `id` is set) and updates the others."""
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
    _update(rows, table, columns, also)


def _update(rows: list, table: str, columns: dict[str, str], also: str = "") -> None:
    if not rows:
        return
    sent, arrays = bulk.rows({"id": "bigint"} | columns, _values(rows, ("id", *columns)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS old SET {', '.join(f'{name} = new.{name}' for name in columns)}{also} "
            f"FROM {sent} AS new WHERE old.id = new.id",
            arrays,
        )


def _values(rows: list, names: Iterable[str]) -> list[tuple[Any, ...]]:
    return list(map(attrgetter(*names), rows))


def _aliases(people: list[Person]) -> None:
    """The user ids that lead to a person beside the main one. Those of devices are written in `devices`."""
    keyed = [person for person in people if person.keys]
    if not keyed:
        return
    columns = {"key": "text", "user_id": "bigint", "gave_way": "bool"}
    rows = [
        (key, person.id, gave_way)
        for person in keyed
        for key, gave_way in (person.keys or {}).items()
        if key != person.key
    ]
    sent, arrays = bulk.rows(columns, rows)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_useralias (key, user_id, gave_way) SELECT key, user_id, gave_way FROM {sent} AS new "
            "ON CONFLICT (key) DO UPDATE SET user_id = EXCLUDED.user_id, gave_way = EXCLUDED.gave_way",
            arrays,
        )
        cursor.execute(
            "DELETE FROM accounts_useralias WHERE key = ANY (%s::text[])",
            [bulk.texts(person.key for person in keyed)],
        )


def _memberships(directory: Directory) -> None:
    """Writes the memberships that are new, or older than known."""
    rows: dict[tuple[int, int], int] = {}
    for (who, space), at in directory.joined.items():
        if isinstance(who, Device) and who.into is not None:
            continue
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
            "INSERT INTO accounts_membership AS old (user_id, workspace_id, first_seen_at) "
            f"SELECT user_id, workspace_id, first_seen_at FROM {sent} AS new ON CONFLICT (workspace_id, user_id) "
            "DO UPDATE SET first_seen_at = least(old.first_seen_at, EXCLUDED.first_seen_at), "
            "own_at = CASE WHEN EXCLUDED.first_seen_at > old.first_seen_at "
            "THEN least(old.own_at, EXCLUDED.first_seen_at) END "
            "WHERE old.first_seen_at > EXCLUDED.first_seen_at OR old.own_at > EXCLUDED.first_seen_at",
            arrays,
        )
