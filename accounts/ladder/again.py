"""The ladder walked again for people and workspaces that no message names, in a transaction that holds the loader's lock."""

from __future__ import annotations

from collections.abc import Collection

from accounts import bulk, identity_read, raised_hands
from accounts.identity import HAND, Directory


def workspaces(ids: Collection[int]) -> set[int]:
    """Places these workspaces as the loader would; those that a member has placed stay. Answers the accounts that this changed."""
    return people((), spaces=ids)[1] if ids else set()


def people(ids: Collection[int], *, spaces: Collection[int] = ()) -> tuple[int, set[int]]:
    """Finds the accounts of these people and workspaces anew: how many moved, and the accounts that this changed.

    Whom a member has placed stays.
    """
    directory = Directory([])
    if ids:
        identity_read.people(directory, ids)
    found = identity_read.spaces(directory, "account_by <> 'hand' AND id = ANY (%s::bigint[])", bulk.plain(spaces))
    for space in found:
        space.touched = space.changed = space.again = True
    persons = [person for person in directory.roots() if person.account_by != HAND]
    were_people = {person.id: person.account_id for person in persons}
    were_spaces = {space.id: space.account_id for space in found}
    for person in persons:
        person.leave()
    directory.left = [(account, person) for person in persons if (account := were_people[person.id]) is not None]
    directory.write()
    raised_hands.settle(directory)
    moved = [(were_people[person.id], person.account_id) for person in persons]
    moved += [(were_spaces.get(space.id, space.account_id), space.account_id) for space in directory.spaces.values()]
    moved = [(was, now) for was, now in moved if was != now]
    accounts = {account for both in moved for account in both if account is not None}
    return len(moved), accounts | directory.changed_accounts
