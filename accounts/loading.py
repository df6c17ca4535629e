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
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from accounts import applying, requests
from accounts.alongside import Alongside
from accounts.erasing import named
from accounts.messages import Bad, Message
from accounts.models import HandRaise, SetAside
from accounts.repeats import Repeats, forget
from accounts.requests import BadItem, Landed, Request

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
    with psycopg.RawCursor(connection.connection) as raw:  # in binary: as text a body would come twice as long
        raw.execute(
            "SELECT id, source_id, received_at, path, body FROM accounts_landing WHERE id = ANY ($1) ORDER BY id",
            [ids],
            binary=True,
        )
        rows = raw.fetchall()
    return [Landed(id_, source, at.astimezone(dt.UTC), path, body) for id_, source, at, path, body in rows]


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


def _apply_one_by_one(request: Request) -> tuple[int, list[BadItem]]:
    """How many messages could be applied (of those not seen before), and the others with the reason."""
    fresh = 0
    bad: list[BadItem] = []
    items = requests.items_by_key(request.row)
    for message, key in request.read:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                repeats = Repeats([(message, key)])
                repeats.remember()
                applying.apply(repeats.new())
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            fresh += len(repeats.new())
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
    fresh, broken = 0, list[BadItem]()
    if one_by_one:
        for request in batch:
            fresh, broken = _apply_one_by_one(request)
    else:
        ids = [request.row.id for request in batch]
        fresh = applying.apply_new(Repeats(read), alongside=alongside, waiting=lambda: _waiting(ids))
    bad += broken
    _keep(bad)
    result = Loaded(
        requests=len(batch),
        messages=fresh,
        duplicates=len(read) - fresh - len(broken),
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
        repeats = Repeats(keyed, keep=True)
        repeats.remember()
        fresh = repeats.new()
        applying.apply([*facts, *fresh])
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
            named=named.of(bytes(body if whole else body[:KEPT_BYTES])),
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
    HandRaise.objects.filter(is_spam=True, received_at__lt=timezone.now() - dt.timedelta(days=90)).delete()
    return forget(today)
