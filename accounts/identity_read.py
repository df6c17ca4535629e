"""Reads the people and workspaces that a batch of messages names: one statement a table, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.db import connection

from accounts import bulk
from accounts.identity_rows import (
    BRIEF_FIELDS,
    GAVE_WAY,
    PERSON_FIELDS,
    SPACE_FIELDS,
    TIMES,
    USAGE_TYPES,
    Device,
    Person,
    Space,
)
from accounts.messages import Message

if TYPE_CHECKING:
    from accounts.identity import Directory

_SPACE_COLUMNS = {"further_domains": "array_to_string(w.further_domains, ' ')"}


def read(directory: Directory, messages: Iterable[Message]) -> None:
    """Fills the directory with whom the messages name, and their memberships."""
    brief: set[str] = set()
    whole: set[str] = set()
    groups: set[str] = set()
    aliases: set[str] = set()
    for message in messages:
        user_id, anonymous_id = message.user_id, message.anonymous_id
        if message.user_traits or message.type not in USAGE_TYPES or (user_id and anonymous_id) or "@" in user_id:
            if user_id:
                whole.add("u:" + user_id)
            if anonymous_id:
                whole.add("a:" + anonymous_id)
            if message.previous_id:
                whole.update(("u:" + message.previous_id, "a:" + message.previous_id))
                aliases.update(("u:" + message.previous_id, "u:" + user_id))
        else:
            brief.add("u:" + user_id if user_id else "a:" + anonymous_id)
        if message.group_id:
            groups.add(message.group_id)
    known: dict[int, Person] = {}
    _people(directory, whole, PERSON_FIELDS, known)
    _people(directory, brief - whole, BRIEF_FIELDS, known)
    _keys(directory, aliases)
    _memberships(directory, known)
    spaces(directory, "external_id = ANY ((SELECT %s::text[])::text[])", bulk.texts(groups))


def _people(directory: Directory, keys: set[str], fields: tuple[str, ...], known: dict[int, Person]) -> None:
    """Adds the people of these keys; `known` are those loaded so far, by id."""
    if not keys:
        return
    columns = ", ".join(
        f"(date_part('epoch', p.{field}) * 1000000)::bigint" if field in TIMES else f"p.{field}" for field in fields
    )
    with connection.cursor() as cursor:
        # An array that the planner cannot look into: always by index, and never estimated key by key.
        cursor.execute(
            f"""
            SELECT p.key, p.id, {columns}, 0, '', '' FROM accounts_productuser p
            WHERE p.key = ANY ((SELECT %(keys)s::text[])::text[])
            UNION ALL
            SELECT a.key, p.id, {columns}, a.since, a.linked_by, a.record
            FROM accounts_useralias a JOIN accounts_productuser p ON p.id = a.user_id
            WHERE a.key = ANY ((SELECT %(keys)s::text[])::text[])
            """,
            {"keys": bulk.texts(keys)},
        )
        _add(directory, cursor.fetchall(), fields, known)


def people(directory: Directory, ids: Collection[int]) -> None:
    """Adds the people of these ids, as far as is needed to find their accounts."""
    columns = ", ".join(
        f"(date_part('epoch', {field}) * 1000000)::bigint" if field in TIMES else field for field in BRIEF_FIELDS
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key, id, {columns}, 0, '', '' FROM accounts_productuser WHERE id = ANY (%s::bigint[])",
            [bulk.plain(ids)],
        )
        _add(directory, cursor.fetchall(), BRIEF_FIELDS, {})


def _add(directory: Directory, found: list[tuple[Any, ...]], fields: tuple[str, ...], known: dict[int, Person]) -> None:
    """Rows of (key it was found by, id, fields …, and of a device since when and by whom it is theirs, and its record)."""
    is_brief = fields is BRIEF_FIELDS
    for found_by, id_, *values, since, by, record in found:
        person = known.get(id_)
        key = values[0]
        if person is None:
            person = known[id_] = Device(key) if key[0] == "a" else Person(key)
            person.id = id_
            if is_brief:
                (
                    _,
                    person.email,
                    person.company,
                    person.account_id,
                    person.account_by,
                    person.first_seen_at,
                    person.last_seen_at,
                    person.own_first_at,
                    person.own_last_at,
                ) = values
                person.is_brief = True
            else:
                _fill(person, values)
            person.changed = False
        if found_by[0] == "a" and found_by != key:
            device = directory.people[found_by] = Device(found_by)
            device.owner, device.record, device.changed = person, record, False
            device.since, device.by = device.was_linked = since, by
            directory.people.setdefault(key, person)
        else:
            directory.people[found_by] = person


def _fill(person: Person, values: list[Any]) -> None:
    """`PERSON_FIELDS`. By name: a loop of `setattr` took twice as long."""
    (
        _,
        person.email,
        person.name,
        person.title,
        person.department,
        person.seniority,
        person.company,
        person.employees,
        person.buying_role,
        person.buying_confidence,
        person.role_evidence,
        person.persona_id,
        person.use_case,
        person.account_id,
        person.account_by,
        person.said_at,
        person.profiled_at,
        person.first_seen_at,
        person.last_seen_at,
        person.own_first_at,
        person.own_last_at,
    ) = values


def _keys(directory: Directory, keys: set[str]) -> None:
    """All user ids of those who may turn out to be one: which of them is the main one depends on all."""
    people = {person.id: person for key in keys if (person := directory.people.get(key)) is not None}
    if not people:
        return
    for person in people.values():
        person.keys = {person.key: GAVE_WAY in person.said}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, user_id, gave_way FROM accounts_useralias "
            "WHERE user_id = ANY ((SELECT %s::bigint[])::bigint[]) AND key LIKE 'u:%%'",
            [bulk.plain(people)],
        )
        for key, user_id, gave_way in cursor.fetchall():
            people[user_id].keys[key] = gave_way  # type: ignore[index]


def _memberships(directory: Directory, known: dict[int, Person]) -> None:
    if not known:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT user_id, workspace_id, (date_part('epoch', coalesce(own_at, first_seen_at)) * 1000000)::bigint
            FROM accounts_membership WHERE user_id = ANY ((SELECT %s::bigint[])::bigint[])
            """,
            [bulk.plain(known)],
        )
        directory.stored = {(user_id, workspace_id): at for user_id, workspace_id, at in cursor.fetchall()}


def spaces(directory: Directory, where: str, value: str) -> list[Space]:
    """Loads the workspaces that are not known yet, and answers those."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT w.id, {", ".join(_SPACE_COLUMNS.get(field, f"w.{field}") for field in SPACE_FIELDS)}, EXISTS (
                SELECT FROM accounts_ambiguity a WHERE a.workspace_id = w.id AND a.settled_at IS NULL
            ) FROM accounts_workspace w WHERE {where}
            """,
            [value],
        )
        for id_, *values, is_ambiguous in cursor.fetchall():
            if values[0] in directory.spaces:
                continue
            space = Space(values[0])
            space.id = id_
            (
                _,
                space.name,
                space.domain,
                space.further_domains,
                space.employees,
                space.industry,
                space.plan,
                space.said_at,
                space.account_id,
                space.account_by,
                space.account_confidence,
                space.own_account_id,
            ) = values
            space.is_ambiguous = is_ambiguous
            space.stated_as_read = space.domain, space.further_domains
            space.changed = space.touched = False
            directory.spaces[space.external_id] = space
            found.append(space)
    return found
