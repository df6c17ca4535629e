"""What messages change: people and workspaces, daily usage, event types, signals, and the list of accounts to score again.

In the caller's transaction, under the loader's lock.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from django.db import connection
from django.utils import timezone

from accounts import (
    bulk,
    changes,
    company_sizes,
    devices,
    domains,
    evidence,
    invitations,
    personas,
    profiling,
    raised_hands,
    roles,
    signals,
    usage,
)
from accounts.alongside import Alongside
from accounts.contacts import retiring
from accounts.erasing import remembered
from accounts.erasing import verbs as erasing
from accounts.identity import Directory
from accounts.identity_rows import USAGE_TYPES, Person, Space
from accounts.messages import Message
from accounts.models import Category, EventType, SignalKind
from accounts.raising import linking, since
from accounts.repeats import Repeats
from accounts.requests import Landed

DELETE = "delete"
#: A signal that is older, as those of an imported history, waits its turn.
FRESH = dt.timedelta(days=2)

type Types = Mapping[str, EventType]


@dataclass(slots=True)
class Resolved:
    """A batch in memory: who did what, before anything is written."""

    directory: Directory
    #: adds the counts of people and workspaces that have an id
    add_usage: Callable[[], None]
    #: (person, workspace, event type id, day) → events, of the others
    of_new: dict[tuple[Person, Space | None, int, dt.date], int]
    #: event type id → the times of its events
    times: dict[int, list[dt.datetime]]
    #: (device, workspace, event type id, day as an ordinal) → events that count for the device's owner
    on_devices: dict[tuple[Person, Space | None, int, int], int]
    #: events that are signals
    strong: list[tuple[Message, Person, Space | None, EventType]]
    #: invitations
    invited: list[tuple[Message, Person, Space | None]]
    #: people who did what speaks for a part in a purchase
    acted: set[Person]
    #: the messages in their order, with whom they are of
    found: Sequence[tuple[Message, Person | None, Space | None]]
    types: Types


def apply(messages: Sequence[Message]) -> None:
    """Resolves the messages in order and writes what follows from them."""
    if _deletes(messages):
        _apply_in_parts(messages)
        return
    if late := remembered.of_erased(messages) if messages else []:
        erasing.erase_devices({message.anonymous_id: at for message, at in late if message.user_id})
        passed = {id(message) for message, _at in late}
        messages = [message for message in messages if id(message) not in passed]
    if not messages:
        return
    types = usage.event_types(_names(messages))
    _read_rules(messages)
    messages = _with_contacts(messages, types)
    _write(_resolve(Directory(messages), messages, types), Alongside(), list)


def apply_new(repeats: Repeats, *, alongside: Alongside, waiting: Callable[[], list[Landed]]) -> int:
    """Applies those of the messages that are new, and remembers them; returns how many. What is `waiting` is read meanwhile.

    Most batches have no repeats. So the messages are resolved while PostgreSQL looks for repeats, which changes nothing but
    memory, and when there are any, it is done again without them.
    """
    messages = repeats.messages()
    if not messages:
        return 0
    names = _names(messages)
    types = usage.known_event_types(names)
    # A repeat makes no event type, and erases nobody.
    if len(types) < len(names) or _deletes(messages) or remembered.of_erased(messages):
        repeats.remember()
        apply(repeats.new())
        return len(repeats.new())
    said = _with_contacts(messages, types)
    _read_rules(said)
    directory = Directory(said)
    with alongside.running(repeats.remember):
        resolved = _resolve(directory, said, types)
    new = repeats.new()
    if len(new) < len(messages):
        said = _with_contacts(new, types)
        resolved = _resolve(Directory(said), said, types)
    _write(resolved, alongside, waiting)
    return len(new)


def _deletes(messages: Sequence[Message]) -> bool:
    return any(message.type == DELETE for message in messages)


def _apply_in_parts(messages: Sequence[Message]) -> None:
    """A person is erased after what came before, and before what came after: that makes somebody new."""
    for is_deletion, part in itertools.groupby(messages, lambda message: message.type == DELETE):
        if is_deletion:
            for message in part:
                erasing.erase_user_id(message.user_id, at=message.at)
        else:
            apply(list(part))


def _names(messages: Sequence[Message]) -> set[str]:
    return {message.event for message in messages if message.type in USAGE_TYPES}


def _read_rules(messages: Sequence[Message]) -> None:
    """Those of titles and personas, once a batch."""
    if any(message.user_traits for message in messages):
        personas.refresh()


def _with_contacts(messages: Sequence[Message], types: Types) -> Sequence[Message]:
    if not any(event.signal == SignalKind.HAND_RAISE for event in types.values()):
        return messages
    return [_with_contact(message, types) for message in messages]


def _resolve(directory: Directory, messages: Sequence[Message], types: Types) -> Resolved:
    """Who is meant, in the order of the messages, and what is counted. Writes nothing."""
    found = [(message, *directory.resolve(message)) for message in messages]
    directory.settle()
    counts: defaultdict[tuple[Person, Space | None, int, int], int] = defaultdict(int)
    times: dict[int, list[dt.datetime]] = {event.id: [] for event in types.values()}
    strong: list[tuple[Message, Person, Space | None, EventType]] = []
    invited: list[tuple[Message, Person, Space | None]] = []
    acted: set[Person] = set()
    on_devices: dict[tuple[Person, Space | None, int, int], int] = {}
    # By the name of an event: its type's id and times, and the type of those of which more than the count matters.
    known = {
        name: (event.id, times[event.id].append, event if _says_more(event) else None) for name, event in types.items()
    }
    for message, person, space in found:
        if person is None or message.type not in USAGE_TYPES:
            continue
        device = None
        if person.into is not None:
            device = None if message.user_id else person
            person = directory.root(person)
        event_id, note_time, event = known[message.event]
        at = message.at
        key = (person, space, event_id, at.toordinal())
        counts[key] += 1
        note_time(at)
        if device is not None:
            key = (device, *key[1:])
            on_devices[key] = on_devices.get(key, 0) + 1
        if event is None:
            continue
        if event.signal in signals.WORTH_A_SIGNAL:
            strong.append((message, person, space, event))
        elif event.signal == SignalKind.INVITE:
            invited.append((message, person, space))
        if _speaks_for_a_role(event):
            acted.add(person)
    days = {day: dt.date.fromordinal(day) for day in {key[3] for key in counts}}
    of_known: usage.Counts = {}
    of_new: dict[tuple[Person, Space | None, int, dt.date], int] = {}
    for (person, space, event_id, day), n in counts.items():
        space_id = space.id if space else 0
        if person.id is None or space_id is None or person.lives_on:
            of_new[person, space, event_id, days[day]] = n
        else:
            of_known[person.id, space_id, event_id, days[day]] = n
    return Resolved(directory, usage.adding(of_known), of_new, times, on_devices, strong, invited, acted, found, types)


def _write(batch: Resolved, alongside: Alongside, waiting: Callable[[], list[Landed]]) -> None:
    directory = batch.directory
    alongside.read_ahead(waiting)
    with alongside.running(batch.add_usage):
        directory.write()
        retiring.retire(directory)
        sized = company_sizes.settle(directory)
        usage.add({(p.id, s.id if s else 0, event, day): n for (p, s, event, day), n in batch.of_new.items()})  # type: ignore[misc]
        devices.count(
            {
                (device.key, space.id if space and space.id else 0, event, dt.date.fromordinal(day)): n
                for (device, space, event, day), n in batch.on_devices.items()
            }
        )
        usage.note_event_types(
            {id_: (len(times), min(times), max(times)) for id_, times in batch.times.items() if times}
        )
        signals.record([_signal(*one) for one in batch.strong])
        _note_buyers(directory)
        invitations.record(_sent(batch.invited))
        raisers = raised_hands.settle(directory)
        raised = linking.link(batch.strong)
        linking.settle(directory.roots(), raisers)
        since.note(batch.found, directory, batch.types, raised, batch.times)
    # All usage is written by now.
    acted = {directory.root(person).id for person in (*batch.acted, *directory.reworked())}
    _changed, buyers = roles.work_out([id_ for id_ in acted if id_ is not None])
    urgent = _urgent(batch) | roles.accounts_of(buyers)
    changes.mark(
        _touched(directory) | sized | urgent, urgent=urgent
    )  # one statement: its locks are in the order of the ids


def _signal(message: Message, person: Person, space: Space | None, event: EventType) -> signals.NewSignal:
    words = message.properties.get("message") if isinstance(message.properties, dict) else None
    return signals.NewSignal(
        kind=event.signal,
        at=message.at,
        user_id=person.id,
        workspace_id=space.id if space else None,
        event_type_id=event.id,
        detail=words.replace("\x00", "") if isinstance(words, str) else "",
        device="" if message.user_id else f"a:{message.anonymous_id}",
    )


def _says_more(event: EventType) -> bool:
    return bool(event.signal) or _speaks_for_a_role(event)


def _speaks_for_a_role(event: EventType) -> bool:
    return event.signal in evidence.BEHAVIOURS or (not event.signal and event.category == Category.INTENT)


def _sent(invited: list[tuple[Message, Person, Space | None]]) -> list[invitations.Sent]:
    rows = []
    for message, person, space in invited:
        where = space.id if space and space.id else 0
        whom: list[uuid.UUID | None] = [*invitations.invitees(message.properties)] or [None]
        device = "" if message.user_id else f"a:{message.anonymous_id}"
        rows += [invitations.Sent(person.id or 0, message.at.date(), where, one, 1, device) for one in whom]
    return rows


def _note_buyers(directory: Directory) -> None:
    """Signals of who is a buyer by the title, of all whose role was looked at."""
    looked_at = directory.rated | {p.id for p in directory.roots() if p.rated_anew and p.id is not None}
    told = {person.id for person in directory.roots() if person.is_new_buyer}
    if not looked_at | told:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, title, coalesce(profiled_at, last_seen_at, %s), role_evidence::text FROM accounts_productuser "
            "WHERE id = ANY ((SELECT %s::bigint[])::bigint[])",
            [timezone.now(), bulk.plain(looked_at | told)],
        )
        people = cursor.fetchall()
    buyers = {}
    for id_, title, at, known in people:
        if id_ not in told:
            pieces = evidence.read(known) if profiling.BUYER in known else []
            if evidence.title_role(pieces) != profiling.BUYER or evidence.is_locked(pieces):
                continue
        buyers[id_] = (at, title)
    signals.of_buyers(buyers, looked_at=looked_at)


def _urgent(batch: Resolved) -> set[int]:
    """The accounts that somebody should hear of at once: with a fresh signal, or with other people than before."""
    fresh = timezone.now() - FRESH
    found = {
        space.account_id if space and space.account_id else person.account_id
        for message, person, space, _ in batch.strong
        if message.at > fresh
    }
    found |= {person.account_id for person in batch.directory.roots() if person.is_new_buyer}
    return {account for account in found if account is not None} | batch.directory.changed_accounts


def _with_contact(message: Message, types: Mapping[str, EventType]) -> Message:
    """A raised hand says in its properties how to reach the person, who often is anonymous; other events may name others."""
    event = types.get(message.event) if message.type in USAGE_TYPES else None
    if event is None or event.signal != SignalKind.HAND_RAISE or message.user_traits.get("email"):
        return message
    said = {
        name: value
        for name in ("email", "name", "firstName", "lastName", "title", "company")
        if isinstance(value := message.properties.get(name), str)
    }
    if not domains.clean_email(said.get("email", "")):
        return message
    return msgspec.structs.replace(message, user_traits=said | message.user_traits)


def _touched(directory: Directory) -> set[int]:
    """The accounts whose usage, people or facts this batch changed."""
    people = directory.roots()
    spaces = {space.id: space.account_id for space in directory.spaces.values()}
    found: set[int | None] = {person.account_id for person in people} | set(spaces.values())
    elsewhere = {workspace for _user, workspace in directory.stored} - spaces.keys()
    if elsewhere:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT account_id FROM accounts_workspace WHERE id = ANY ((SELECT %s::bigint[])::bigint[])",
                [bulk.plain(elsewhere)],
            )
            found.update(account for (account,) in cursor.fetchall())
    return {account for account in found if account is not None} | directory.changed_accounts
