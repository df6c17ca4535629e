"""Devices: what was done on one without a name belongs to the person who was known on it first, by the time of messages.

While nobody is known there, a device is a product user of its own. Then all that was done there counts for its owner, and is kept
apart beside it (`UserAlias.record`, `DeviceUsage`, `Signal.device`, `Invitation.device`), so that it can move on when a message
comes late that says who was there before. Of what was said there without a name, only that counts of which the owner said nothing.

`settle` decides in memory, `write` moves rows: a few statements, however many devices there are.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import connection

from accounts import bulk, profiling
from accounts.identity_rows import Device, Person

if TYPE_CHECKING:
    from accounts.identity import Directory

#: `Membership.own_at` of whom only a device of theirs says that they are in the workspace.
NOT_SELF = "9999-01-01"

#: Tables that tell on which device something was done without a name.
_TOLD = ("signal", "invitation", "handraise", "usageafterraise")
_MEMBERSHIP = {"user_id": "bigint", "workspace_id": "bigint", "first_seen_at": "micros"}


class _Record(msgspec.Struct):
    """What is stored of a device: facts with their times, when it was seen first and last, and its workspaces."""

    facts: dict[str, Any]
    said: dict[str, int]
    first: int
    last: int
    spaces: dict[int, int]


_decode = msgspec.json.Decoder(_Record).decode


def open_record(device: Device) -> None:
    """Reads what is stored of the device, so that more can be learnt of it."""
    if not device.record:
        return
    known, device.record = _decode(device.record), ""
    for field, value in known.facts.items():
        setattr(device, field, value)
    device.said.update(known.said)
    device.first_seen_at, device.last_seen_at = known.first, known.last
    device.spaces = known.spaces


def _closed(device: Device) -> str:
    if device.first_seen_at is None or device.last_seen_at is None:
        return device.record
    facts = {field: value for field in profiling.FIELDS if (value := getattr(device, field)) not in ("", None)}
    record = _Record(facts, device.said, device.first_seen_at, device.last_seen_at, device.spaces)
    return msgspec.json.encode(record).decode()


# In memory -----------------------------------------------------------------------------------------------------------


def settle(directory: Directory) -> None:
    """Finds the owner of each device of the batch, who then has what was done there; who turned out not to be loses it."""
    linked = [one for one in directory.people.values() if isinstance(one, Device) and one.is_linked]
    losers: dict[Person, list[Device]] = {}
    for device in linked:
        was = directory.root(device.owner) if device.owner is not None else None
        is_as_before = device.was_linked == (device.since, device.by)
        owner = was if is_as_before and was is not None else directory.root(directory.people[device.by])
        device.into = owner
        if was is not None and owner is not was:
            open_record(device)
            directory.moving.append((device, was))
            losers.setdefault(was, []).append(device)
    for loser, lost in losers.items():
        _give_back(directory, loser, lost)
    _join_rows(directory, [device for device in linked if device.id is not None])
    for device in linked:
        if device.first_seen_at is not None:
            _take_over(directory, directory.root(device), device)
    if losers:
        _keep_others(directory, losers)


def _give_back(directory: Directory, loser: Person, lost: list[Device]) -> None:
    email = loser.email
    if loser.account_id is not None:
        directory.changed_accounts.add(loser.account_id)
    if profiling.give_back(loser):
        directory.other_email(loser, email)
    loser.seen_alone()
    loser.changed = loser.moved = True
    directory.left_spaces.update(space for device in lost for space in device.spaces)


def _keep_others(directory: Directory, losers: dict[Person, list[Device]]) -> None:
    """What was done on the devices that stay."""
    moved = {device.key for devices in losers.values() for device in devices}
    by_id = {loser.id: loser for loser in losers}
    # Devices of who turned out to be the loser in this batch are stored with that row still.
    by_id |= {id_: one for id_, person in directory.merges if (one := directory.root(person)) in losers}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, user_id, record FROM accounts_useralias WHERE user_id = ANY (%s::bigint[]) AND record <> ''",
            [bulk.plain(by_id)],
        )
        rows = [row for row in cursor.fetchall() if row[0] not in moved]
    for key, user_id, record in rows:
        known = directory.people.get(key)
        device = known if isinstance(known, Device) else Device(key)
        if device.first_seen_at is None:
            device.record, device.into = record, by_id[user_id]
            open_record(device)
            device.changed = device.said_anew = device.seen_anew = False
        directory.staying.append(device)
        _take_over(directory, by_id[user_id], device)


def _join_rows(directory: Directory, devices: list[Device]) -> None:
    """Devices that were people of their own so far."""
    if not devices:
        return
    by_id = {device.id: device for device in devices}
    for (user_id, space_id), at in directory.stored.items():
        if (one := by_id.get(user_id)) is not None:
            one.spaces[space_id] = at
            directory.stored[user_id, space_id] = 1 << 62  # what is stored comes back as that of a device
    for device in devices:
        owner = directory.root(device)
        if owner.id is None:
            owner.id = device.id
            owner.lives_on = True
        directory.joining.append((device.id, device))  # type: ignore[arg-type]
        if device.account_by == "hand":
            directory.by_hand.append((device.id, device))  # type: ignore[arg-type]
        if device.account_id is not None:
            directory.changed_accounts.add(device.account_id)
            if device.account_id != owner.account_id:
                directory.left.append((device.account_id, device))
        owner.changed = owner.moved = True
        profiling.absorb_evidence(owner, device)


def _take_over(directory: Directory, owner: Person, device: Device) -> None:
    if device.said and not owner.is_brief:  # of whom the batch says no more than what they did
        email = owner.email
        if profiling.take_over(owner, device):
            directory.other_email(owner, email)
        if device.email and device.email != owner.email:
            directory.mention(device.email)
    owner.seen_on_device(device.first_seen_at, device.last_seen_at)  # type: ignore[arg-type]


# In the database -----------------------------------------------------------------------------------------------------


def write(directory: Directory) -> None:
    """After people and workspaces have their ids, and before their own memberships are written."""
    devices = [one for one in directory.people.values() if isinstance(one, Device) and one.into is not None]
    if not devices and not directory.moving:
        return
    rows = _memberships(directory, devices)
    changed = [
        one
        for one in devices
        if one.was_linked != (one.since, one.by) or one.changed or one.said_anew or one.seen_anew or one in rows
    ]
    _save(directory, changed)
    if directory.moving:
        _move(directory)
    _join(directory, rows)


def _memberships(directory: Directory, devices: list[Device]) -> dict[Device, dict[int, int]]:
    """device → workspaces with the time, of those that this batch says something new of."""
    rows: dict[Device, dict[int, int]] = {device: dict(device.spaces) for _id, device in directory.joining}
    for (who, space), at in directory.joined.items():
        if not isinstance(who, Device) or who.into is None or space.id is None:
            continue
        if at < who.spaces.get(space.id, at + 1):
            who.spaces[space.id] = at
            rows.setdefault(who, {})[space.id] = at
    for device in [*(device for device, _was in directory.moving), *directory.staying]:
        rows[device] = dict(device.spaces)
    return rows


def _save(directory: Directory, devices: list[Device]) -> None:
    if not devices:
        return
    columns = {"key": "text", "user_id": "bigint", "since": "bigint", "linked_by": "text", "record": "text"}
    values = [(one.key, directory.root(one).id, one.since, one.by, _closed(one)) for one in devices]
    sent, arrays = bulk.rows(columns, values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_useralias ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {sent} AS new "
            "ON CONFLICT (key) DO UPDATE SET user_id = EXCLUDED.user_id, since = EXCLUDED.since, "
            "linked_by = EXCLUDED.linked_by, record = EXCLUDED.record",
            arrays,
        )


def _join(directory: Directory, rows: dict[Device, dict[int, int]]) -> None:
    first: dict[tuple[int, int], int] = {}
    for device, spaces in rows.items():
        owner = directory.root(device).id
        for space, at in spaces.items():
            both = (owner, space)
            first[both] = min(at, first.get(both, at))  # type: ignore[index, arg-type]
    if not first:
        return
    sent, arrays = bulk.rows(_MEMBERSHIP, [(*both, at) for both, at in first.items()])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_membership AS old (user_id, workspace_id, first_seen_at, own_at) "
            f"SELECT user_id, workspace_id, first_seen_at, '{NOT_SELF}' FROM {sent} AS new "
            "ON CONFLICT (workspace_id, user_id) DO UPDATE SET "
            "own_at = coalesce(old.own_at, old.first_seen_at), first_seen_at = EXCLUDED.first_seen_at "
            "WHERE old.first_seen_at > EXCLUDED.first_seen_at",
            arrays,
        )


def _move(directory: Directory) -> None:
    """What was done on devices goes from whom they were taken for to their owners."""
    moved = [(device.key, directory.root(was).id, directory.root(device).id) for device, was in directory.moving]
    left = [(was.id, space) for device, was in directory.moving for space in device.spaces]
    sent, arrays = bulk.rows({"key": "text", "old": "bigint", "new": "bigint"}, moved)
    led = f"SELECT m.old, m.new, d.* FROM {sent} AS m JOIN accounts_deviceusage d ON d.key = m.key"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE accounts_usage u SET count = u.count - s.n
            FROM (SELECT old, day, event_type_id, workspace_id, sum(count) AS n FROM ({led}) AS led GROUP BY 1, 2, 3, 4) AS s
            WHERE u.user_id = s.old AND u.day = s.day AND u.event_type_id = s.event_type_id AND u.workspace_id = s.workspace_id
            """,
            arrays,
        )
        cursor.execute(
            "DELETE FROM accounts_usage WHERE user_id = ANY (%s::bigint[]) AND count = 0",
            [bulk.plain({old for _key, old, _new in moved})],
        )
        cursor.execute(
            f"""
            INSERT INTO accounts_usage AS old (user_id, day, event_type_id, workspace_id, count)
            SELECT new, day, event_type_id, workspace_id, sum(count) FROM ({led}) AS led GROUP BY 1, 2, 3, 4
            ON CONFLICT (user_id, day, event_type_id, workspace_id) DO UPDATE SET count = old.count + EXCLUDED.count
            """,
            arrays,
        )
        for table in _TOLD:
            cursor.execute(
                f"UPDATE accounts_{table} SET user_id = m.new FROM {sent} AS m WHERE user_id = m.old AND device = m.key",
                arrays,
            )
        if left:
            sent, arrays = bulk.rows({"user_id": "bigint", "workspace_id": "bigint"}, left)
            both = f"FROM {sent} AS l WHERE m.user_id = l.user_id AND m.workspace_id = l.workspace_id"
            cursor.execute(
                f"DELETE FROM accounts_membership m {both.replace('FROM', 'USING', 1)} AND m.own_at = '{NOT_SELF}'",
                arrays,
            )
            cursor.execute(
                f"UPDATE accounts_membership m SET first_seen_at = own_at, own_at = NULL {both} AND m.own_at IS NOT NULL",
                arrays,
            )


def count(counts: dict[tuple[str, int, int, Any], int]) -> None:
    """Notes what of the usage was done on devices of people: (key, workspace id or 0, event type id, day) → events."""
    if not counts:
        return
    columns = {"key": "text", "workspace_id": "bigint", "event_type_id": "bigint", "day": "date", "count": "bigint"}
    sent, arrays = bulk.rows(columns, [(*key, n) for key, n in counts.items()])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_deviceusage AS old ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {sent} AS new "
            "ON CONFLICT (key, day, event_type_id, workspace_id) DO UPDATE SET count = old.count + EXCLUDED.count",
            arrays,
        )


def forget(keys: Collection[str]) -> None:
    """Nothing tells any more what was done on these devices: whose they were is erased."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_deviceusage WHERE key = ANY (%s)", [list(keys)])
        for table in _TOLD:
            cursor.execute(f"UPDATE accounts_{table} SET device = '' WHERE device = ANY (%s)", [list(keys)])
