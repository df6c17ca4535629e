"""The loader: landed requests become people, workspaces, accounts, daily usage and signals.

One loader works at a time (an advisory lock held by its transaction). A batch is one transaction, which also deletes the
landed rows: a loader killed at any point leaves them, and nothing was counted. Repeats are recognised by a hash of source and
messageId, kept for `DEDUP_WINDOW_DAYS`. A message that cannot be loaded is set aside with its reason; a request that breaks
the loader itself is found by halving the batch, and its messages are loaded one by one. Neither stops the line.

While PostgreSQL writes one batch, a thread reads the messages of the next (`accounts.requests`), which touches no database.
What was read ahead counts for nothing until its own transaction deletes the landed rows.
"""

from __future__ import annotations

import datetime as dt
import gc
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
from django.conf import settings
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from accounts import bulk, changes, domains, moments, raised_hands, requests, signals, usage
from accounts.alongside import Alongside
from accounts.identity import Directory
from accounts.identity_rows import USAGE_TYPES, Person, Space
from accounts.messages import Bad, Message
from accounts.models import EventType, SetAside, SignalKind
from accounts.requests import BadItem, Landed, Read, Request

log = logging.getLogger(__name__)

LOCK = 7_001
#: Messages in one transaction. A batch is whatever waits, so it is as large only when much does: then the statements pay, and
#: the rows of one batch, written in the order of the indexes, share pages.
BATCH_MESSAGES = 20_000
#: Bytes of the bodies in one transaction: what the loader may hold twice, with the batch read ahead.
BATCH_BYTES = 16 * 1024 * 1024
#: Everything kept of a message that is set aside.
KEPT_BYTES = 64 * 1024


@dataclass
class Loaded:
    """What a load did, in messages. `busy`: another loader was at work and nothing was done."""

    requests: int = 0
    messages: int = 0
    duplicates: int = 0
    set_aside: int = 0
    busy: bool = False
    reasons: dict[str, int] = field(default_factory=dict)

    def __iadd__(self, other: Loaded) -> Loaded:
        self.requests += other.requests
        self.messages += other.messages
        self.duplicates += other.duplicates
        self.set_aside += other.set_aside
        self.busy = self.busy or other.busy
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        return self


def drain(*, seconds: float | None = None) -> Loaded:
    """Loads until nothing is waiting, or for about `seconds`."""
    started = timezone.now()
    total = Loaded()
    with _without_collecting(), ThreadPoolExecutor(2, "loader") as threads:
        alongside = Alongside(threads)
        while True:
            one = _load_next(alongside)
            total += one
            if one.busy or not one.requests:
                return total
            if seconds is not None and (timezone.now() - started).total_seconds() > seconds:
                return total


def load_batch() -> Loaded:
    """Loads the oldest waiting requests, about `BATCH_MESSAGES` messages. Raises only when the database is out of reach."""
    return _load_next(Alongside())


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Half a million objects live for one batch and are in no cycles: looking for cycles among them took a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _load_next(alongside: Alongside) -> Loaded:
    found = alongside.take() or requests.read(_waiting([]))
    return _load(found, alongside) if found else Loaded()


def _waiting(without: Sequence[int]) -> list[Landed]:
    """The oldest landed requests, up to the size of a batch, without those of these ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, size, octet_length(body) FROM accounts_landing WHERE id <> ALL (%s) ORDER BY id LIMIT 1000",
            [list(without)],
        )
        ids, waiting, held = [], 0, 0
        for id_, size, length in cursor.fetchall():
            ids.append(id_)
            waiting += size
            held += length
            if waiting >= BATCH_MESSAGES or held >= BATCH_BYTES:
                break
        if not ids:
            return []
        cursor.execute(
            "SELECT id, source_id, received_at, path, body FROM accounts_landing WHERE id = ANY (%s) ORDER BY id", [ids]
        )
        return [Landed(id_, source, at, path, bytes(body)) for id_, source, at, path, body in cursor.fetchall()]


def _load(batch: list[Request], alongside: Alongside) -> Loaded:
    try:
        with transaction.atomic():
            return _load_locked(batch, alongside)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(batch) == 1:
            return _load_one_by_one(batch[0], error)
        log.exception("A batch of %d requests failed; looking for the one that breaks it", len(batch))
        middle = len(batch) // 2
        result = _load(batch[:middle], Alongside())
        result += _load(batch[middle:], Alongside())
        return result


def _load_one_by_one(request: Request, error: Exception) -> Loaded:
    """A request that breaks the loader: each of its messages on its own, so that only the one at fault is set aside."""
    id_ = request.row.id
    log.exception("Request %d cannot be loaded as a whole; its messages are loaded one by one", id_)
    try:
        with transaction.atomic():
            return _load_locked([request], Alongside(), one_by_one=True)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("Request %d cannot be loaded and is set aside", id_)
    with transaction.atomic():
        rows = [request.row for request in _take([request])]
        _keep([(row, row.body, _reason(error)) for row in rows], whole=True)
    return Loaded(requests=len(rows), set_aside=len(rows), reasons={_reason(error).code: len(rows)} if rows else {})


def _reason(error: Exception) -> Bad:
    kind = "bad_data" if isinstance(error, DataError | IntegrityError | ValueError) else "loader_error"
    return Bad(kind, f"{type(error).__name__}: {str(error)[:300]}", "body")


def _apply_one_by_one(request: Request) -> tuple[Read, list[BadItem]]:
    """The messages that could be applied (those not seen before), and the others with the reason."""
    fresh: Read = []
    bad: list[BadItem] = []
    items = requests.items_by_key(request.row)
    for message, key in request.read:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                one = _without_repeats([(message, key)])
                _apply([message for message, _ in one])
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            fresh += one
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("A message cannot be loaded and is set aside")
            bad.append((request.row, requests.encode(items[key]), _reason(error)))
    return fresh, bad


def _load_locked(batch: list[Request], alongside: Alongside, *, one_by_one: bool = False) -> Loaded:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return Loaded(busy=True)
        # Nobody was promised this commit: should the server crash before it is on disk, the landed rows are there again,
        # and all is done once more. Whoever commits later for good takes it with him, since there is one log.
        cursor.execute("SET LOCAL synchronous_commit = off")
    batch = _take(batch)
    read = [one for request in batch for one in request.read]
    bad = [one for request in batch for one in request.bad]
    if one_by_one:
        fresh: Read = []
        broken: list[BadItem] = []
        for request in batch:
            fresh, broken = _apply_one_by_one(request)
        bad += broken
    else:
        fresh, broken = _without_repeats(read), []
        _apply(
            [message for message, _ in fresh],
            alongside=alongside,
            waiting=lambda: _waiting([request.row.id for request in batch]),
        )
    _keep(bad)
    result = Loaded(
        requests=len(batch),
        messages=len(fresh),
        duplicates=len(read) - len(fresh) - len(broken),
        set_aside=len(bad),
    )
    for _, _, reason in bad:
        result.reasons[reason.code] = result.reasons.get(reason.code, 0) + 1
    _note(result)
    return result


def load_messages(*, source_id: int, read: Sequence[Message], facts: Sequence[Message] = ()) -> Loaded:
    """Loads messages that were read from a file, in one transaction; waits for a loader that is at work.

    Each has a `message_id`, which is kept for good, so that a file can be imported again. `facts` are group and identify
    messages that go first and are not counted.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        keyed = [(message, requests.key(source_id, message.message_id)) for message in read]
        fresh = _without_repeats(keyed, keep=True)
        _apply([*facts, *(message for message, _ in fresh)])
        result = Loaded(messages=len(fresh), duplicates=len(read) - len(fresh))
        _note(result)
    return result


def _take(batch: list[Request]) -> list[Request]:
    """Deletes the landed rows, and answers the requests that were still there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_landing WHERE id = ANY (%s) RETURNING id", [[request.row.id for request in batch]]
        )
        taken = {id_ for (id_,) in cursor.fetchall()}
    return [request for request in batch if request.row.id in taken]


def _without_repeats(read: Read, *, keep: bool = False) -> Read:
    """The messages not seen before; with `keep` their ids are never forgotten."""
    first: dict[bytes, Message] = {}
    for message, key in read:
        first.setdefault(key, message)
    if not first:
        return []
    keys = bulk.plain([key.hex() for key in first])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_seenmessage (key, seen_on)
            SELECT key, CASE WHEN %s THEN date '9999-01-01' ELSE (now() AT TIME ZONE 'UTC')::date END
            FROM unnest(%s::uuid[]) AS key ORDER BY key ON CONFLICT DO NOTHING RETURNING uuid_send(key)
            """,
            [keep, keys],
        )
        new = {bytes(key) for (key,) in cursor.fetchall()}
        if keep:  # also those that came by the API, or a later import of the same file would count them
            cursor.execute(
                "UPDATE accounts_seenmessage SET seen_on = '9999-01-01' "
                "WHERE key = ANY ((SELECT %s::uuid[])::uuid[]) AND seen_on < '9999-01-01'",
                [keys],
            )
    return [(message, key) for key, message in first.items() if key in new]


def _apply(
    fresh: Sequence[Message],
    *,
    alongside: Alongside | None = None,
    waiting: Callable[[], list[Landed]] = list,
) -> None:
    """Resolves the messages in order and writes what follows from them; what is `waiting` is read meanwhile."""
    if not fresh:
        return
    types = usage.event_types({message.event for message in fresh if message.type in USAGE_TYPES})
    if any(event.signal == SignalKind.HAND_RAISE for event in types.values()):
        fresh = [_with_contact(message, types) for message in fresh]
    directory = Directory(fresh)
    resolved = [(message, *directory.resolve(message)) for message in fresh]

    counts: dict[tuple[Person, Space | None, int, int], int] = {}
    seen: dict[int, list[dt.datetime]] = {event.id: [] for event in types.values()}
    strong: list[tuple[Message, Person, Space | None, EventType]] = []
    for message, person, space in resolved:
        if person is None or message.type not in USAGE_TYPES:
            continue
        if person.into is not None:
            person = directory.root(person)
        event, at = types[message.event], message.at
        key = (person, space, event.id, at.toordinal())
        counts[key] = counts.get(key, 0) + 1
        seen[event.id].append(at)
        if event.signal in signals.WORTH_A_SIGNAL:
            strong.append((message, person, space, event))
    days = {day: dt.date.fromordinal(day) for day in {key[3] for key in counts}}
    of_known: usage.Counts = {}
    of_new: list[tuple[tuple[Person, Space | None, int, int], int]] = []
    for key, n in counts.items():
        person, space, event_id, day = key
        space_id = space.id if space else 0
        if person.id is None or space_id is None:
            of_new.append((key, n))
        else:
            of_known[person.id, space_id, event_id, days[day]] = n
    alongside = alongside or Alongside()
    alongside.read_ahead(waiting)
    with alongside.running(usage.adding(of_known)):
        directory.write()
        usage.add({(p.id, s.id if s else 0, event, days[day]): n for (p, s, event, day), n in of_new})  # type: ignore[misc]
        usage.note_event_types({id_: (len(times), min(times), max(times)) for id_, times in seen.items() if times})
        signals.record([*(_signal(*one) for one in strong), *_new_buyers(directory)])
        raised_hands.settle(directory)
        changes.mark(_touched(directory))


def _signal(message: Message, person: Person, space: Space | None, event: EventType) -> signals.NewSignal:
    words = message.properties.get("message") if isinstance(message.properties, dict) else None
    return signals.NewSignal(
        kind=event.signal,
        at=message.at,
        user_id=person.id,
        workspace_id=space.id if space else None,
        event_type_id=event.id,
        detail=words.replace("\x00", "") if isinstance(words, str) else "",
    )


def _new_buyers(directory: Directory) -> list[signals.NewSignal]:
    return [
        signals.NewSignal(
            kind="buyer_joined",
            at=timezone.now() if person.last_seen_at is None else moments.of_micros(person.last_seen_at),
            user_id=person.id,
            detail=person.title,
        )
        for person in directory.roots()
        if person.is_new_buyer
    ]


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


def _keep(bad: Sequence[BadItem], *, whole: bool = False) -> None:
    SetAside.objects.bulk_create(
        SetAside(
            kind=SetAside.Kind.MESSAGE,
            source_id=row.source_id,
            received_at=row.received_at,
            path=row.path,
            body=body if whole else body[:KEPT_BYTES],
            status=200,
            code=reason.code[:40],
            reason=reason.reason[:500],
        )
        for row, body, reason in bad
    )


def _note(result: Loaded) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_loadstate (id, loaded_at, messages, duplicates, set_aside)
            VALUES (1, now(), %(messages)s, %(duplicates)s, %(set_aside)s)
            ON CONFLICT (id) DO UPDATE SET loaded_at = now(),
                messages = accounts_loadstate.messages + EXCLUDED.messages,
                duplicates = accounts_loadstate.duplicates + EXCLUDED.duplicates,
                set_aside = accounts_loadstate.set_aside + EXCLUDED.set_aside
            """,
            {"messages": result.messages, "duplicates": result.duplicates, "set_aside": result.set_aside},
        )


def prune() -> int:
    """Forgets message ids beyond the dedup window and set-aside rows older than 90 days; returns how many ids went."""
    today = timezone.now().date()
    SetAside.objects.filter(received_at__lt=timezone.now() - dt.timedelta(days=90)).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_seenmessage WHERE seen_on < %s",
            [today - dt.timedelta(days=settings.DEDUP_WINDOW_DAYS)],
        )
        return cursor.rowcount
