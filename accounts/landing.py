"""The landing: requests as they came, waiting for the loader, and beside it those that were refused.

A request that is answered 200 has its row; a request that is refused leaves a row to look at and to send again.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, hand_raise
from accounts.messages import BATCH_LIMIT, BATCHES, Bad, decode, read, split
from accounts.models import Landing, Member, SetAside, Source

KEPT = 64 * 1024
"""Bytes of a refused body that are kept."""
BODIES_AN_HOUR = 100
"""Refused bodies kept per source and code; further ones are only counted."""
KEY_SECONDS = 10.0
"""For how long a process trusts what it knows of a write key. `accept` checks again, in the INSERT itself."""
BACKLOG_SECONDS = 1.0
SEEN_EVERY = timedelta(minutes=1)


class UnknownKey(Exception):
    """The source was switched off, removed or given another key since it was looked up."""


@dataclass
class _Known:
    """What this process knows, with the monotonic second at which it goes stale."""

    sources: dict[str, tuple[float, Source]]
    backlog: int = 0
    backlog_until: float = 0.0


_known = _Known({})
_lock = threading.Lock()


def forget() -> None:
    """Drops what this process remembers of write keys and of the backlog."""
    _known.sources.clear()
    _known.backlog_until = 0.0


def source_of(write_key: str) -> Source | None:
    """The active source with this key. One query per key, process and ten seconds; an unknown key is not kept."""
    if not write_key or len(write_key) > 64 or not write_key.isascii() or not write_key.isprintable():
        return None
    now = time.monotonic()
    until, source = _known.sources.get(write_key, (0.0, None))
    if now < until:
        return source
    _known.sources.pop(write_key, None)
    source = Source.objects.filter(write_key=write_key, is_active=True).first()
    if source:
        _known.sources[write_key] = (now + KEY_SECONDS, source)
    return source


def backlog() -> int:
    """Requests that wait for the loader, at most a second old, never less than this process has added.

    The distance of the first and the last id is two looks into an index, and never too small. Gaps make it too large,
    so the rows are counted, and no further than the limit, before it may stop anybody.
    """
    with _lock:
        now = time.monotonic()
        if now >= _known.backlog_until:
            _known.backlog = _span()
            if _known.backlog >= settings.LANDING_LIMIT:
                _known.backlog = Landing.objects.values("pk")[: settings.LANDING_LIMIT].count()
            _known.backlog_until = now + BACKLOG_SECONDS
        return _known.backlog


def _span() -> int:
    first = Landing.objects.order_by("pk").values_list("pk", flat=True).first()
    last = Landing.objects.order_by("-pk").values_list("pk", flat=True).first()
    return last - first + 1 if first and last else 0


def accept(*, source: Source, path: str, body: bytes, size: int, received_at: datetime | None = None) -> int:
    """Lands a request of `size` messages, and gives the row's id. `body` is JSON that `split` takes, decompressed.

    Outside a transaction the row is committed when this returns. Raises `UnknownKey`.
    """
    received_at = received_at or timezone.now()
    if source.last_seen_at is None or received_at - source.last_seen_at > SEEN_EVERY:
        source.last_seen_at = received_at
        Source.objects.filter(pk=source.pk).update(last_seen_at=received_at)
    # The source is looked up again by the INSERT, so that a key that was rotated a moment ago opens nothing.
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO accounts_landing (source_id, received_at, path, body, size)
            SELECT id, %s, %s, %s, %s FROM accounts_source WHERE id = %s AND write_key = %s AND is_active
            RETURNING id""",
            [received_at, path, body, size, source.pk, source.write_key],
        )
        row = cursor.fetchone()
    if row is None:
        _known.sources.pop(source.write_key, None)
        raise UnknownKey
    _known.backlog += 1
    return int(row[0])


def refuse(*, source: Source | None, path: str, body: bytes, status: int, code: str, reason: str) -> None:
    """Keeps a refused request: its first 64 KiB and the reason.

    The same again within the hour only raises `count`. Of one source and code at most `BODIES_AN_HOUR` bodies are kept
    in an hour. Of strangers, and of requests that will be sent again (429), no body is kept and there is one row an
    hour and code: nobody without a key can fill the disk.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            _REFUSE,
            {
                "source": source.pk if source else None,
                "path": path,
                "body": body[:KEPT],
                "status": status,
                "code": code,
                "reason": reason[:500],
                "now": now,
                "hour": now.replace(minute=0, second=0, microsecond=0),
                "bodies": BODIES_AN_HOUR,
            },
        )


#: One statement, since whoever floods the intake with what it refuses pays no more than this. What is remembered of a source
#: may be gone, so it is looked up.
_REFUSE = """
WITH source AS (
    SELECT (SELECT id FROM accounts_source WHERE id = %(source)s) AS id
), refusal AS (
    SELECT id AS source_id, id IS NULL OR %(status)s = 429 AS counted_only,
           CASE WHEN id IS NULL OR %(status)s = 429 THEN ''::bytea ELSE %(body)s::bytea END AS body
    FROM source
), this_hour AS (
    SELECT old.id, new.counted_only OR (old.path = %(path)s AND old.reason = %(reason)s AND old.body = new.body) AS is_same
    FROM accounts_setaside AS old, refusal AS new
    WHERE old.kind = 'request' AND old.received_at >= %(hour)s AND old.status = %(status)s AND old.code = %(code)s
      AND old.source_id IS NOT DISTINCT FROM new.source_id AND old.replayed_at IS NULL
), counted AS (
    UPDATE accounts_setaside SET count = count + 1
    WHERE id = coalesce(
        (SELECT min(id) FROM this_hour WHERE is_same), (SELECT max(id) FROM this_hour HAVING count(*) >= %(bodies)s)
    )
    RETURNING id
)
INSERT INTO accounts_setaside (kind, source_id, received_at, path, body, status, code, reason, count)
SELECT 'request', source_id, %(now)s, %(path)s, body, %(status)s, %(code)s, %(reason)s, 1
FROM refusal WHERE NOT EXISTS (SELECT FROM counted)
"""


def replay(*, set_aside: SetAside, member: Member, body: bytes | None = None) -> int | None:
    """Lands a set-aside request or message again, mended when `body` is given, as of its first arrival.

    Gives the landing's id, or None when somebody has replayed it already: of two clicks one lands it.

    Raises `Bad`, with nothing changed: what `decode`, `split` and (for a single message) `read` say, and `no_source`,
    `no_body` (only counted), `cut` (only its beginning was kept), `too_large`, `inactive_source`.
    """
    text = bytes(set_aside.body if body is None else body)
    if not text:
        raise Bad("no_body", "body: was not kept; the request was only counted.", "body")
    if body is None and len(text) == KEPT:
        raise Bad("cut", f"body: only its first {KEPT} bytes were kept; send the whole request again.", "body")
    if len(text) > BATCH_LIMIT:
        raise Bad("too_large", f"body: is larger than {BATCH_LIMIT} bytes.", "body")
    if set_aside.source is None:
        raise Bad("no_source", "source: is not known, so its messages cannot be loaded.", "source")
    path, text, size = _landable(set_aside.path, text, set_aside.received_at)
    with transaction.atomic():
        won = SetAside.objects.filter(pk=set_aside.pk, replayed_at=None).update(
            replayed_at=timezone.now(), replayed_by=member
        )
        if not won:
            return None
        audit.record("set_aside.replay", by=member, subject="set_aside", subject_id=set_aside.pk, label=set_aside.code)
        try:
            return accept(source=set_aside.source, path=path, body=text, size=size, received_at=set_aside.received_at)
        except UnknownKey:
            transaction.set_rollback(True)
            raise Bad("inactive_source", "source: is switched off.", "source") from None


def _landable(path: str, text: bytes, received_at: datetime) -> tuple[str, bytes, int]:
    """The path, body and number of messages to land for what was set aside under this path."""
    value: Any = decode(text)
    if path == hand_raise.PATH:
        if not isinstance(value, dict):
            raise Bad("not_an_object", "body: must be a JSON object.", "body")
        value = hand_raise.to_message(value, message_id=f"hand-raise-{uuid.uuid4()}")
        path, text = "track", msgspec.json.encode(value)
    if path in BATCHES and not (isinstance(value, dict) and "batch" in value):
        # One message of a batch.
        text = b'{"batch":[' + text.removeprefix(b"\xef\xbb\xbf") + b"]}"
        read(value, path=path, received_at=received_at)
        return path, text, 1
    items = split(value, path)
    if path not in BATCHES:
        read(items[0], path=path, received_at=received_at)
    return path, text, len(items)
