"""The body of a request, from bytes to a JSON value, within bounds. Pure."""

from __future__ import annotations

import json
import zlib

import msgspec
from msgspec import Raw

BATCH_LIMIT = 500 * 1024
"""Bytes of one request, decompressed. Segment's HTTP API: "a maximum of 500 KB per batch request"."""
DEPTH_LIMIT = 100
"""Levels of nesting. Real messages have fewer than ten; the parsers give up at about a thousand."""
GZIP_MEMBERS = 16
"""Members of one gzip body. SDKs send one; each costs a copy of the rest of the body."""


class Bad(Exception):
    """What was sent cannot be used. `code` is short and counts alike; `reason` is a sentence that names the field."""

    def __init__(self, code: str, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.field = field


def gunzip(raw: bytes, limit: int) -> bytes:
    """The decompressed body of at most `limit` bytes; never more than that is held.

    Raises `Bad`: `bad_gzip` (not gzip, cut short, garbage behind it), `too_large`.
    """
    parts: list[bytes] = []
    size = 0
    for _ in range(GZIP_MEMBERS):
        inflate = zlib.decompressobj(31)
        try:
            part = inflate.decompress(raw, limit + 1 - size)
        except zlib.error:
            raise Bad("bad_gzip", "body: is not gzip, though the request says so.", "body") from None
        size += len(part)
        parts.append(part)
        if size > limit:
            raise Bad("too_large", f"body: is larger than {limit} bytes when decompressed.", "body")
        if not inflate.eof:  # zlib reports a cut stream in no other way
            raise Bad("bad_gzip", "body: the gzip data is cut short.", "body")
        raw = inflate.unused_data.lstrip(b"\0")
        if not raw:
            return b"".join(parts)
    raise Bad("bad_gzip", "body: the gzip data has too many parts.", "body")


def decode(raw: bytes) -> object:
    """The JSON value of a body. Integers are exact at any size.

    Refused: anything that is not JSON by RFC 8259 (NaN, comments, a cut text), numbers beyond a double, half surrogate
    pairs, invalid UTF-8, nesting beyond `DEPTH_LIMIT`. When only single items of a `batch` are at fault, they stay as
    `msgspec.Raw` (their text) so that their neighbours can be read; `read` refuses them with the reason.

    Raises `Bad`: `bad_json`, `too_deep`.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return decode_strictly(raw)
    except Bad:
        body = _salvage(raw)
        if body is None:
            raise
        return body


def decode_strictly(raw: bytes | Raw) -> object:
    try:
        value = msgspec.json.decode(raw)
    except RecursionError:
        raise too_deep() from None
    except UnicodeDecodeError as error:
        raise Bad("bad_json", f"body: is not UTF-8 (byte {error.start}).", "body") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise Bad("bad_json", f"body: is not JSON: {error}.", "body") from None
    level = [value] if type(value) in (dict, list) else []
    for _ in range(DEPTH_LIMIT + 1):
        if not level:
            return value
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
    raise too_deep()


def too_deep() -> Bad:
    return Bad("too_deep", f"body: is nested more than {DEPTH_LIMIT} levels deep.", "body")


def _salvage(raw: bytes) -> dict[str, object] | None:
    """A batch of which some item can be read, with the others as `Raw`; else None. Only bad bodies pay for this."""
    try:
        fields = msgspec.json.decode(raw, type=dict[str, Raw])  # steps over values without looking into them
        items = msgspec.json.decode(fields.pop("batch"), type=list[Raw])
        rest = {name: decode_strictly(value) for name, value in fields.items()}
    except (msgspec.MsgspecError, ValueError, RecursionError, KeyError, Bad):
        try:
            body = json.loads(raw.decode())  # the lenient parser: takes NaN and half surrogate pairs
            items = [Raw(json.dumps(item).encode()) for item in body.pop("batch")]
            rest = decode_strictly(json.dumps(body).encode())  # type: ignore[assignment]
        except (ValueError, RecursionError, AttributeError, KeyError, TypeError, Bad):
            return None
    batch: list[object] = []
    for item in items:
        try:
            batch.append(decode_strictly(item))
        except Bad:
            batch.append(item)
    if all(isinstance(item, Raw) for item in batch):
        return None
    return rest | {"batch": batch}
