"""Landed requests, read: their messages with the keys that repeats are known by, and what cannot be read. No database."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from accounts import messages, plain_messages
from accounts.messages import Bad, Message

#: Everything kept of an item that cannot be written as JSON again.
KEPT_CHARACTERS = 64 * 1024
_TICK = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Landed:
    """A landed request as read from the table."""

    id: int
    source_id: int
    received_at: dt.datetime
    path: str
    body: bytes


#: Messages with their keys (16 bytes), in the order of the request.
type Read = list[tuple[Message, bytes]]
type BadItem = tuple[Landed, bytes, Bad]


@dataclass(slots=True)
class Request:
    """A landed request with its messages, and each item that cannot be read, as JSON, with the reason."""

    row: Landed
    read: Read = field(default_factory=list)
    bad: list[BadItem] = field(default_factory=list)


def read(rows: Sequence[Landed]) -> list[Request]:
    """Every message of these requests. About 5 µs a message; raises nothing."""
    return [_read(row) for row in rows]


def _read(row: Landed) -> Request:
    request = Request(row)
    try:
        items, sent_at = _items(row)
    except Bad as reason:
        request.bad.append((row, row.body, reason))
        return request
    is_batch = row.path in messages.BATCHES
    at, source = row.received_at, row.source_id
    for place, item in enumerate(items):
        try:
            message = plain_messages.read(item, received_at=at, sent_at=sent_at, source_id=source) if is_batch else None
            if message is None:
                # Of messages that tell no time the order in the request is the order of time.
                is_timed = not isinstance(item, dict) or bool(item.get("timestamp"))
                came = at if is_timed else at + place * _TICK
                message = messages.read(item, path=row.path, received_at=came, sent_at=sent_at, source_id=source)
        except Bad as reason:
            request.bad.append((row, encode(item), reason))
            continue
        request.read.append((message, _key(row, place, message)))
    return request


def _items(row: Landed) -> tuple[list[Any], object]:
    body = messages.decode(row.body)
    sent_at = body.get("sentAt") if isinstance(body, dict) else None
    return messages.split(body, row.path), sent_at


def _key(row: Landed, place: int, message: Message) -> bytes:
    """Without an id of its own a message is one with its place in its request: loaded once, never recognised again."""
    return key(row.source_id, message.message_id) if message.message_id else _hash(f"landed|{row.id}|{place}")


def key(source_id: int, message_id: str) -> bytes:
    """What a message of this source is recognised by: 16 bytes."""
    return _hash(f"{source_id}|{message_id}")


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def items_by_key(row: Landed) -> dict[bytes, Any]:
    """The first item behind each key, to be set aside with what was sent."""
    found: dict[bytes, Any] = {}
    for place, item, message in _with_items(row):
        found.setdefault(_key(row, place, message), item)
    return found


def _with_items(row: Landed) -> Iterator[tuple[int, Any, Message]]:
    items, sent_at = _items(row)
    for place, item in enumerate(items):
        try:
            yield place, item, messages.read(item, path=row.path, received_at=row.received_at, sent_at=sent_at)
        except Bad:
            continue


def encode(item: object) -> bytes:
    """The item as JSON, or as well as it can be written."""
    try:
        return msgspec.json.encode(item)
    except (ValueError, RecursionError, UnicodeError):
        return repr(item)[:KEPT_CHARACTERS].encode("utf-8", "replace")
