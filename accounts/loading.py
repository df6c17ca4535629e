"""The loader: landed requests become people, workspaces, accounts, daily usage and signals.

One loader works at a time (an advisory lock held by its transaction). A batch is one transaction, which also deletes the
landed rows: a loader killed at any point leaves them, and nothing was counted. Repeats are recognised by a hash of source and
messageId, kept for `DEDUP_WINDOW_DAYS`. A message that cannot be loaded is set aside with its reason; a request that breaks
the loader itself is found by halving the batch, and its messages are loaded one by one. Neither stops the line.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from django.conf import settings
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from accounts import bulk, changes, domains, messages, raised_hands, signals, usage
from accounts.identity import Directory, Person, Space
from accounts.messages import Bad, Message
from accounts.models import EventType, SetAside, SignalKind

log = logging.getLogger(__name__)

LOCK = 7_001
#: Messages in one transaction: large enough to pay for the statements, small enough to show progress.
BATCH_MESSAGES = 5_000
#: Everything kept of a message that is set aside.
KEPT_BYTES = 64 * 1024

USAGE_TYPES = frozenset({"track", "page", "screen"})


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


@dataclass(frozen=True, slots=True)
class Landed:
    """A landed request as read from the table."""

    id: int
    source_id: int
    received_at: dt.datetime
    path: str
    body: bytes


def drain(*, seconds: float | None = None) -> Loaded:
    """Loads until nothing is waiting, or for about `seconds`."""
    started = timezone.now()
    total = Loaded()
    while True:
        one = load_batch()
        total += one
        if one.busy or not one.requests:
            return total
        if seconds is not None and (timezone.now() - started).total_seconds() > seconds:
            return total


def load_batch() -> Loaded:
    """Loads the oldest waiting requests, about `BATCH_MESSAGES` messages. Raises only when the database is out of reach."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, size FROM accounts_landing ORDER BY id LIMIT 1000")
        ids, waiting = [], 0
        for id_, size in cursor.fetchall():
            ids.append(id_)
            waiting += size
            if waiting >= BATCH_MESSAGES:
                break
    return _load(ids) if ids else Loaded()


def _load(ids: list[int]) -> Loaded:
    try:
        with transaction.atomic():
            return _load_locked(ids)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(ids) == 1:
            return _load_one_by_one(ids[0], error)
        log.exception("A batch of %d requests failed; looking for the one that breaks it", len(ids))
        middle = len(ids) // 2
        result = _load(ids[:middle])
        result += _load(ids[middle:])
        return result


def _load_one_by_one(id_: int, error: Exception) -> Loaded:
    """A request that breaks the loader: each of its messages on its own, so that only the one at fault is set aside."""
    log.exception("Request %d cannot be loaded as a whole; its messages are loaded one by one", id_)
    try:
        with transaction.atomic():
            return _load_locked([id_], one_by_one=True)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("Request %d cannot be loaded and is set aside", id_)
    with transaction.atomic():
        rows = _take([id_])
        _keep([(row, row.body, _reason(error)) for row in rows], whole=True)
    return Loaded(requests=len(rows), set_aside=len(rows), reasons={_reason(error).code: len(rows)} if rows else {})


def _reason(error: Exception) -> Bad:
    kind = "bad_data" if isinstance(error, DataError | IntegrityError | ValueError) else "loader_error"
    return Bad(kind, f"{type(error).__name__}: {str(error)[:300]}", "body")


def _apply_one_by_one(read: Read, items: dict[uuid.UUID, tuple[Landed, object]]) -> tuple[Read, SetAsideRows]:
    """The messages that could be applied (those not seen before), and the others with the reason."""
    fresh: Read = []
    bad: SetAsideRows = []
    for message, key in read:
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
            row, item = items[key]
            bad.append((row, _encode(item), _reason(error)))
    return fresh, bad


def _load_locked(ids: list[int], *, one_by_one: bool = False) -> Loaded:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return Loaded(busy=True)
    rows = _take(ids)
    read, bad, items = _read(rows)
    if one_by_one:
        fresh, broken = _apply_one_by_one(read, items)
        bad += broken
    else:
        fresh, broken = _without_repeats(read), []
        _apply([message for message, _ in fresh])
    _keep(bad)
    result = Loaded(
        requests=len(rows),
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
        keyed = [(message, _key(f"{source_id}|{message.message_id}")) for message in read]
        fresh = _without_repeats(keyed, keep=True)
        _apply([*facts, *(message for message, _ in fresh)])
        result = Loaded(messages=len(fresh), duplicates=len(read) - len(fresh))
        _note(result)
    return result


def _take(ids: Sequence[int]) -> list[Landed]:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_landing WHERE id = ANY(%s) RETURNING id, source_id, received_at, path, body",
            [list(ids)],
        )
        rows = [Landed(id_, source, at, path, bytes(body)) for id_, source, at, path, body in cursor.fetchall()]
    return sorted(rows, key=lambda row: row.id)


type Read = list[tuple[Message, uuid.UUID]]
type SetAsideRows = list[tuple[Landed, bytes, Bad]]


def _read(rows: Sequence[Landed]) -> tuple[Read, SetAsideRows, dict[uuid.UUID, tuple[Landed, object]]]:
    """Every message with its dedup key, what cannot be read with the reason, and the item behind each key."""
    read: Read = []
    sources: dict[uuid.UUID, tuple[Landed, object]] = {}
    bad: SetAsideRows = []
    for row in rows:
        try:
            body = messages.decode(row.body)
            items = messages.split(body, row.path)
        except Bad as reason:
            bad.append((row, row.body, reason))
            continue
        sent_at = body.get("sentAt") if isinstance(body, dict) else None
        for place, item in enumerate(items):
            try:
                message = messages.read(item, path=row.path, received_at=row.received_at, sent_at=sent_at)
            except Bad as reason:
                bad.append((row, _encode(item), reason))
                continue
            # Without an id of its own a message is one with its place in its request: loaded once, never recognised again.
            name = f"{row.source_id}|{message.message_id}" if message.message_id else f"landed|{row.id}|{place}"
            key = _key(name)
            sources.setdefault(key, (row, item))
            read.append((message, key))
    return read, bad, sources


def _key(name: str) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.blake2b(name.encode(), digest_size=16).digest())


def _encode(item: object) -> bytes:
    try:
        return msgspec.json.encode(item)
    except (ValueError, RecursionError, UnicodeError):
        return repr(item)[:KEPT_BYTES].encode("utf-8", "replace")


def _without_repeats(read: Read, *, keep: bool = False) -> Read:
    """The messages not seen before; with `keep` their ids are never forgotten."""
    first: dict[uuid.UUID, Message] = {}
    for message, key in read:
        first.setdefault(key, message)
    if not first:
        return []
    table = bulk.stage("seen", {"key": "uuid"}, ((key,) for key in first))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO accounts_seenmessage (key, seen_on)
            SELECT key, CASE WHEN %s THEN date '9999-01-01' ELSE (now() AT TIME ZONE 'UTC')::date END
            FROM {table} ON CONFLICT DO NOTHING RETURNING key
            """,
            [keep],
        )
        new = {key for (key,) in cursor.fetchall()}
        if keep:  # also those that came by the API, or a later import of the same file would count them
            cursor.execute(
                f"UPDATE accounts_seenmessage AS seen SET seen_on = '9999-01-01' FROM {table} AS one "
                "WHERE seen.key = one.key AND seen.seen_on < '9999-01-01'"
            )
    return [(message, key) for key, message in first.items() if key in new]


def _apply(fresh: Sequence[Message]) -> None:
    """Resolves the messages in order and writes what follows from them."""
    if not fresh:
        return
    types = usage.event_types(message.event for message in fresh if message.type in USAGE_TYPES)
    fresh = [_with_contact(message, types) for message in fresh]
    directory = Directory(fresh)
    resolved: list[tuple[Message, Person | None, Space | None]] = []
    for message in fresh:
        person, space = directory.resolve(message)
        resolved.append((message, person, space))
    directory.write()

    counts: usage.Counts = {}
    seen: dict[int, tuple[int, dt.datetime, dt.datetime]] = {}
    found: list[signals.NewSignal] = []
    for message, who, space in resolved:
        if who is None or message.type not in USAGE_TYPES:
            continue
        person = directory.root(who)
        event = types[message.event]
        key = (person.id, space.id if space else 0, event.id, message.at.astimezone(dt.UTC).date())
        counts[key] = counts.get(key, 0) + 1  # type: ignore[index, arg-type]
        events, first, last = seen.get(event.id, (0, message.at, message.at))
        seen[event.id] = (events + 1, min(first, message.at), max(last, message.at))
        if event.signal in signals.WORTH_A_SIGNAL:
            words = message.properties.get("message") if isinstance(message.properties, dict) else None
            found.append(
                signals.NewSignal(
                    kind=event.signal,
                    at=message.at,
                    user_id=person.id,
                    workspace_id=space.id if space else None,
                    event_type_id=event.id,
                    detail=words.replace("\x00", "") if isinstance(words, str) else "",
                )
            )
    for person in directory.roots():
        if person.is_new_buyer:
            found.append(
                signals.NewSignal(
                    kind="buyer_joined",
                    at=person.last_seen_at or timezone.now(),
                    user_id=person.id,
                    detail=person.title,
                )
            )
    usage.add(counts)
    usage.note_event_types(seen)
    signals.record(found)
    raised_hands.settle(directory)
    changes.mark(_touched(directory))


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
    return dataclasses.replace(message, user_traits=said | message.user_traits)


def _touched(directory: Directory) -> set[int]:
    """The accounts whose usage, people or facts this batch changed."""
    users = [person.id for person in directory.roots()]
    spaces = [space.id for space in directory.spaces.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account_id FROM accounts_productuser WHERE id = ANY(%(users)s) AND account_id IS NOT NULL
            UNION
            SELECT account_id FROM accounts_workspace WHERE id = ANY(%(spaces)s) AND account_id IS NOT NULL
            UNION
            SELECT w.account_id FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id
            WHERE m.user_id = ANY(%(users)s) AND w.account_id IS NOT NULL
            """,
            {"users": users, "spaces": spaces},
        )
        return {account for (account,) in cursor.fetchall()} | directory.changed_accounts


def _keep(bad: SetAsideRows, *, whole: bool = False) -> None:
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
