"""The HTTP edge of the intake: Segment's HTTP API. The hand raise shares it (`accounts.views.raising`).

Only the key, the size and the shape are looked at. A content is never answered with a 5xx, which SDKs would send again
and again; 429 and 503 say in whole seconds when to come back.
"""

from __future__ import annotations

import base64
import binascii
import io
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts import landing
from accounts.messages import BATCH_LIMIT, BATCHES, Bad, decode, gunzip, read, split
from accounts.models import Source

log = logging.getLogger(__name__)

#: What the path says → the kind. The short ones are the browser SDK's.
PATHS = {
    "batch": "batch",
    "import": "import",
    "identify": "identify",
    "group": "group",
    "track": "track",
    "page": "page",
    "screen": "screen",
    "alias": "alias",
    "b": "batch",
    "i": "identify",
    "g": "group",
    "t": "track",
    "p": "page",
    "s": "screen",
    "a": "alias",
}
RETRY_SECONDS = 5
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

type Answer = Callable[[HttpRequest, str], HttpResponse]
type Page = Callable[[HttpRequest, Bad, int], HttpResponse | None]
type Parse = Callable[[HttpRequest, bytes], object]
type Opens = Callable[[object], Source | None]


class Refused(Exception):
    """The request is answered with this status, and `landing.refuse` keeps it."""

    def __init__(self, status: int, bad: Bad, *, source: Source | None = None, body: bytes = b"") -> None:
        super().__init__(bad.reason)
        self.status, self.bad, self.source, self.body = status, bad, source, body


@csrf_exempt
def intake(request: HttpRequest, kind: str) -> HttpResponse:
    return edge(request, PATHS[kind], _intake)


def edge(request: HttpRequest, path: str, answer: Answer, page: Page = lambda *_: None) -> HttpResponse:
    """What all paths share: methods, CORS, refusals, and a database that is away. `page` makes a page of a refusal, or none."""
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"] = "POST, OPTIONS"
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Content-Encoding, X-Retry-Count"
        response["Access-Control-Max-Age"] = "86400"
    elif request.method != "POST":
        response = _no(405, Bad("bad_method", "Only POST is understood here."))
        response["Allow"] = "POST, OPTIONS"
    else:
        try:
            try:
                response = answer(request, path)
            except Refused as refused:
                bad = refused.bad
                landing.refuse(
                    source=refused.source,
                    path=path,
                    body=refused.body,
                    status=refused.status,
                    code=bad.code,
                    reason=bad.reason,
                )
                response = page(request, bad, refused.status) or _no(refused.status, bad)
        except UnreadablePostError:
            response = _no(400, Bad("cut", "body: the connection ended before all of it had come.", "body"))
        except DatabaseError:
            log.exception("The intake cannot reach its database")
            response = _no(503, Bad("unavailable", "The database cannot be reached; send this again later."))
            response["Retry-After"] = str(RETRY_SECONDS)
    response.headers.setdefault("Access-Control-Allow-Origin", "*")
    response["Access-Control-Expose-Headers"] = "Retry-After"
    return response


def _no(status: int, bad: Bad) -> HttpResponse:
    error = {"code": bad.code, "field": bad.field, "message": bad.reason}
    response = JsonResponse({"success": False, "error": error}, status=status)
    if status == 429:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _intake(request: HttpRequest, path: str) -> HttpResponse:
    received_at = timezone.now()
    source, kept, value = admit(request, lambda _, body: decode(body))
    try:
        if isinstance(value, Bad):
            raise value
        items = split(value, path)
        if path not in BATCHES:
            read(items[0], path=path, received_at=received_at)
    except Bad as bad:
        raise Refused(status_of(bad), bad, source=source, body=kept) from None
    size = len(items)
    by_source(source, lambda one: landing.accept(source=one, path=path, body=kept, size=size, received_at=received_at))
    return JsonResponse({"success": True})


def by_source[T](source: Source, verb: Callable[[Source], T]) -> T:
    """What the verb answers; again with the source as it is now when what was remembered of it is no longer true."""
    found: Source | None = source
    for _ in range(2):
        if found is None:
            break
        try:
            return verb(found)
        except landing.UnknownKey:
            found = landing.source_of(source.write_key)
    raise Refused(401, UNKNOWN_KEY)


def admit(request: HttpRequest, parse: Parse, opens: Opens = lambda _: None) -> tuple[Source, bytes, object]:
    """The source, the body (decompressed where that is possible), and its value, which is a `Bad` if it has none.

    `opens` finds the source of a value without a key.

    Raises `Refused` for a request without a key that opens something (401), one that is too large for anybody (413),
    and when too much waits already (429).
    """
    key = _header_key(request)
    source = landing.source_of(key) if key else None
    body = b""
    value: object
    try:
        body = _raw(request)
        if key and source is None:
            raise Refused(401, UNKNOWN_KEY)
        body = _plain(request, body)
        value = parse(request, body)
    except Bad as bad:
        value = bad
    if not key:
        key = _body_key(value)
        source = landing.source_of(key) if key else opens(value)
    if source is None:
        if isinstance(value, Bad) and value.code == "too_large":
            raise Refused(413, value)
        raise Refused(401, UNKNOWN_KEY if key else _missing_key(value))
    if landing.backlog() >= settings.LANDING_LIMIT:
        busy = Bad("busy", f"Too much waits to be loaded; send this again in {RETRY_SECONDS} seconds.")
        raise Refused(429, busy, source=source)
    return source, body, value


UNKNOWN_KEY = Bad("unknown_key", "writeKey: opens no source here, or its source is switched off.", "writeKey")


def _missing_key(value: object) -> Bad:
    reason = "writeKey: is missing; send it as the user name of Basic auth, as a Bearer token or in the body."
    if isinstance(value, Bad):
        reason += f" The body cannot be read: {value.reason}"
    return Bad("missing_key", reason, "writeKey")


def status_of(bad: Bad) -> int:
    return 413 if bad.code == "too_large" else 400


# The request's parts --------------------------------------------------------------------------------------------------


def _header_key(request: HttpRequest) -> str:
    """The write key of Basic auth (the user name) or Bearer; "" without one."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value + "=" * (-len(value) % 4)).decode().partition(":")[0].strip()
        except (binascii.Error, ValueError):
            return ""
    return ""


def _body_key(value: object) -> str:
    if isinstance(value, dict):
        for name in ("writeKey", "write_key", "api_key", "apiKey"):
            key = value.get(name)
            if isinstance(key, str) and key.strip():
                return key.strip()
    return ""


def _raw(request: HttpRequest) -> bytes:
    """The body as it came, of one too large a byte more than the limit: what Content-Length says is not trusted."""
    stream: Any = request
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        stream = request.META["wsgi.input"]  # sent in chunks: Django takes such a body for an empty one
    parts: list[bytes] = []
    left = BATCH_LIMIT + 1
    try:
        while left and (part := stream.read(left)):
            parts.append(part)
            left -= len(part)
    except OSError as error:
        raise UnreadablePostError(*error.args) from error
    return b"".join(parts)


def _plain(request: HttpRequest, raw: bytes) -> bytes:
    """The decompressed body. Gzip is known by its first bytes too: not everybody says so.

    Raises `Bad`: `too_large`, `empty_body`, `bad_encoding`, `bad_gzip`.
    """
    if len(raw) > BATCH_LIMIT:
        raise Bad("too_large", f"body: is larger than {BATCH_LIMIT} bytes.", "body")
    if not raw.strip():
        raise Bad("empty_body", "body: is empty.", "body")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("gzip", "x-gzip") or (encoding in ("", "identity") and raw.startswith(b"\x1f\x8b")):
        return gunzip(raw, BATCH_LIMIT)
    if encoding not in ("", "identity"):
        raise Bad("bad_encoding", "Content-Encoding: only gzip is understood.", "Content-Encoding")
    return raw


def form_of(request: HttpRequest, body: bytes) -> object:
    """The fields of a form, or JSON: a body that begins like an object is JSON whatever its content type says.

    Raises `Bad`: `bad_form`, and those of `decode`.
    """
    if request.content_type not in FORMS or body.lstrip().startswith(b"{"):
        return decode(body)
    try:
        if request.content_type == "multipart/form-data":
            parser = MultiPartParser(request.META, io.BytesIO(body), request.upload_handlers, "utf-8")
            return parser.parse()[0].dict()
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
    except (MultiPartParserError, SuspiciousOperation, ValueError):
        raise Bad("bad_form", "body: is not a form that can be read.", "body") from None
