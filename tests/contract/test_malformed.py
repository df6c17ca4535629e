"""What is hardly HTTP, over real sockets to the running app: no 5xx, the app stays well, and what was answered 200 is there."""

import contextlib
import gzip
import json
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from tests import prepared
from tests.plsapp.running import App, wait_for

pytestmark = pytest.mark.process

TRACK = json.dumps({"type": "track", "userId": "u-1", "event": "Report Exported"}).encode()
BATCH = b'{"batch":[%b,%b]}' % (TRACK, TRACK)

H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"
WEB_SOCKET = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n"


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    folder = Path(tempfile.mkdtemp(prefix="plsapp-malformed-"))
    folder.chmod(0o755)
    app = App(prepared.fill(folder / "home"))
    try:
        yield app.wait_until_ready()
    finally:
        app.clean_up()
        shutil.rmtree(folder, ignore_errors=True)


def request(
    key: str,
    body: bytes,
    *,
    line: bytes = b"POST /v1/batch HTTP/1.1",
    length: object = None,
    more: bytes = b"",
    host: bytes = b"localhost",
) -> bytes:
    length = len(body) if length is None else length
    said = b"" if length == "" else f"Content-Length: {length}\r\n".encode()
    return b"%b\r\nHost: %b\r\nAuthorization: Bearer %b\r\n%b%b\r\n%b" % (line, host, key.encode(), said, more, body)


def chunked(key: str, *chunks: bytes, line: bytes = b"POST /v1/batch HTTP/1.1", more: bytes = b"") -> bytes:
    return request(key, b"".join(chunks), line=line, length="", more=b"Transfer-Encoding: chunked\r\n" + more)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


END = b"0\r\n\r\n"


def good(key: str) -> dict[str, tuple[bytes, int]]:
    """Unusual but right: name → bytes, and the messages in them."""
    one = request(key, BATCH, more=b"Connection: keep-alive\r\n")
    track = b"POST /v1/track HTTP/1.1"
    squeezed = gzip.compress(BATCH)
    return {
        "plain": (request(key, BATCH), 2),
        "in chunks": (chunked(key, chunk(BATCH[:7]), chunk(BATCH[7:]), END), 2),
        "in chunks of a byte": (chunked(key, *(chunk(BATCH[n : n + 1]) for n in range(len(BATCH))), END), 2),
        "in chunks, with an extension and a trailer": (
            chunked(key, b"%x;name=value\r\n%b\r\n" % (len(BATCH), BATCH), b"0\r\nX-Trailer: 1\r\n\r\n"), 2,
        ),
        "gzip in chunks": (chunked(key, chunk(squeezed), END, more=b"Content-Encoding: gzip\r\n"), 2),
        "three in a row without waiting": (one * 3, 6),
        "with a query": (request(key, TRACK, line=b"POST /v1/track?%00=%ff&" + b"a=1&" * 500 + b" HTTP/1.1"), 1),
        "HTTP/1.0": (request(key, TRACK, line=b"POST /v1/track HTTP/1.0"), 1),
        "an absolute address": (request(key, TRACK, line=b"POST http://localhost/v1/track HTTP/1.1"), 1),
        "many headers": (request(key, TRACK, line=track, more=b"".join(b"X-H%d: 1\r\n" % n for n in range(60))), 1),
        "expects to be told to go on": (request(key, TRACK, line=track, more=b"Expect: 100-continue\r\n"), 1),
    }  # fmt: skip


def odd(key: str) -> dict[str, bytes]:
    """Wrong in the way that the name says."""
    track = b"POST /v1/track HTTP/1.1"
    return {
        "no body": request(key, b""),
        "length larger than the body": request(key, BATCH, length=len(BATCH) + 50),
        "length smaller than the body": request(key, BATCH, length=9),
        "length is no number": request(key, BATCH, length="many"),
        "length below zero": request(key, BATCH, length=-1),
        "length beyond all bounds": request(key, BATCH, length=10**40),
        "length of a terabyte": request(key, BATCH, length=10**12),
        "two lengths": request(key, BATCH, more=b"Content-Length: 3\r\n"),
        "length and chunks": request(key, chunk(BATCH) + END, more=b"Transfer-Encoding: chunked\r\n"),
        "neither length nor chunks": request(key, BATCH, length=""),
        "a chunk's size is no number": chunked(key, b"zz\r\n" + BATCH + b"\r\n", END),
        "a chunk's size is endless": chunked(key, b"F" * 40 + b"\r\n" + BATCH),
        "a chunk is shorter than said": chunked(key, b"ff\r\n{}\r\n", END),
        "a chunk is longer than said": chunked(key, b"1\r\n" + BATCH + b"\r\n", END),
        "no last chunk": chunked(key, chunk(BATCH)),
        "a chunk below zero": chunked(key, b"-5\r\n" + BATCH + b"\r\n", END),
        "chunks said twice": chunked(key, chunk(BATCH), END, more=b"Transfer-Encoding: chunked\r\n"),
        "chunks said oddly": request(key, chunk(BATCH) + END, length="", more=b"Transfer-Encoding: \x0bchunked\r\n"),
        "gzip that is none": request(key, BATCH, more=b"Content-Encoding: gzip\r\n"),
        "gzip cut": request(key, gzip.compress(BATCH)[:-9], more=b"Content-Encoding: gzip\r\n"),
        "a bomb": request(key, gzip.compress(bytes(30_000_000)), more=b"Content-Encoding: gzip\r\n"),
        "a megabyte": request(key, b"x" * 1_000_000),
        "a flood of headers": request(key, TRACK, line=track, more=b"".join(b"X-H%d: 1\r\n" % n for n in range(5_000))),
        "a header of a megabyte": request(key, TRACK, line=track, more=b"X-Long: " + b"x" * 1_000_000 + b"\r\n"),
        "an address of a megabyte": request(key, TRACK, line=b"POST /v1/track?" + b"x" * 1_000_000 + b" HTTP/1.1"),
        "NUL in a header": request(key, TRACK, line=track, more=b"X-N: a\x00b\r\n"),
        "bytes in a header": request(key, TRACK, line=track, more=b"X-N: \xff\xfe\r\n"),
        "a folded header": request(key, TRACK, line=track, more=b"X-N: a\r\n b\r\n"),
        "a header without a name": request(key, TRACK, line=track, more=b": value\r\n"),
        "a header without a colon": request(key, TRACK, line=track, more=b"nonsense\r\n"),
        "a blank before the colon": request(key, TRACK, line=track, more=b"X-N : a\r\n"),
        "only line feeds": request(key, TRACK, line=track).replace(b"\r\n", b"\n"),
        "only carriage returns": request(key, TRACK, line=track).replace(b"\r\n", b"\r"),
        "two hosts": request(key, TRACK, line=track, more=b"Host: other\r\n"),
        "no host": request(key, TRACK, line=track).replace(b"Host: localhost\r\n", b""),
        "a foreign host": request(key, TRACK, line=track, host=b"evil.example"),
        "a host with bytes": request(key, TRACK, line=track, host=b"\xff\xfe"),
        "a host that is an address in brackets": request(key, TRACK, line=track, host=b"[::1"),
        "percent signs in the path": request(key, TRACK, line=b"POST /v1/%74rack HTTP/1.1"),
        "NUL in the path": request(key, TRACK, line=b"POST /v1/track%00 HTTP/1.1"),
        "bytes in the path": request(key, TRACK, line=b"POST /v1/\xff\xfe HTTP/1.1"),
        "half a percent": request(key, TRACK, line=b"POST /v1/track% HTTP/1.1"),
        "dots in the path": request(key, TRACK, line=b"POST /v1/../v1/track HTTP/1.1"),
        "two slashes": request(key, TRACK, line=b"POST //v1//track HTTP/1.1"),
        "a path that is a star": request(key, TRACK, line=b"POST * HTTP/1.1"),
        "no path": request(key, TRACK, line=b"POST HTTP/1.1"),
        "an unknown method": request(key, TRACK, line=b"BREW /v1/track HTTP/1.1"),
        "a method in small letters": request(key, TRACK, line=b"post /v1/track HTTP/1.1"),
        "CONNECT": request(key, TRACK, line=b"CONNECT localhost:443 HTTP/1.1"),
        "TRACE": request(key, b"", line=b"TRACE /v1/track HTTP/1.1"),
        "HTTP/0.9": b"GET /v1/track\r\n",
        "HTTP/3.7": request(key, TRACK, line=b"POST /v1/track HTTP/3.7"),
        "the beginning of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 20,
        "HTTP/2 asked for": request(key, TRACK, line=track, more=H2C),
        "a web socket asked for": request(key, b"", line=b"GET /v1/track HTTP/1.1", more=WEB_SOCKET),
        "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(190),
        "nothing but line ends": b"\r\n" * 500,
        "nothing": b"",
        "an unknown expectation": request(key, TRACK, line=track, more=b"Expect: cake\r\n"),
    }  # fmt: skip


def mutated(key: str, draw: Random) -> bytes:
    """A right request with some of its bytes changed, doubled or taken away."""
    raw = bytearray(draw.choice([text for text, _ in good(key).values()]))
    for _ in range(draw.randint(1, 6)):
        place = draw.randrange(len(raw))
        turn = draw.randrange(4)
        if turn == 0:
            raw[place] = draw.randrange(256)
        elif turn == 1:
            del raw[place : place + draw.randint(1, 20)]
        elif turn == 2:
            raw[place:place] = draw.choice([b"\r\n", b"\0", b"\r", b":", b" ", b"\xff" * 9, b"0", b"%"])
        else:
            raw[place:place] = raw[place : place + draw.randint(1, 60)]
        if not raw:
            break
    return bytes(raw)


def statuses(app: App, raw: bytes, *, answers: int | None = None) -> list[int]:
    """What is answered to these bytes, after which the sender is silent for a second: the statuses, in order."""
    found = b""
    with (
        socket.create_connection(("127.0.0.1", app.port), timeout=10) as connection,
        contextlib.suppress(OSError),  # it may be closed at any time, and a silence ends it
    ):
        with contextlib.suppress(ConnectionError):  # an answer to the beginning may be there all the same
            connection.sendall(raw)
        connection.settimeout(10 if answers else 1)
        while part := connection.recv(65_536):
            found += part
            if answers and found.count(b'{"success": true}') >= answers:
                break
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", found) if status != b"100"]


def all_statuses(app: App, raws: list[bytes]) -> list[list[int]]:
    with ThreadPoolExecutor(16) as senders:
        return list(senders.map(lambda raw: statuses(app, raw), raws))


@pytest.fixture
def key(app: App) -> str:
    return app.query("SELECT write_key FROM accounts_source")


def events(app: App) -> int:
    """Counted, waiting or set aside."""
    return app.query(
        "SELECT (SELECT coalesce(sum(count), 0) FROM accounts_usage) + (SELECT coalesce(sum(size), 0) FROM accounts_landing)"
        " + (SELECT count(*) FROM accounts_setaside WHERE kind = 'message')"
    )


def test_unusual_but_right_requests_are_taken_and_counted(app: App, key: str):
    before, expected = events(app), 0
    for name, (raw, messages) in good(key).items():
        answered = statuses(app, raw, answers=3 if "three" in name else 1)
        assert set(answered) == {200}, (name, answered)
        expected += messages
    wait_for(lambda: app.query("SELECT count(*) FROM accounts_landing") == 0, seconds=60, what="all is loaded")
    assert events(app) - before == expected


def test_what_is_hardly_http_is_no_server_error(app: App, key: str):
    sent = odd(key)
    answers = dict(zip(sent, all_statuses(app, list(sent.values())), strict=True))
    assert {name: found for name, found in answers.items() if any(status >= 500 for status in found)} == {}
    assert app.health()[0] == 200
    assert sum(bool(found) for found in answers.values()) > len(sent) / 2, answers


def test_four_hundred_requests_with_changed_bytes_are_no_server_error(app: App, key: str):
    draw = Random(20_261_122)
    before, sent = events(app), [mutated(key, draw) for _ in range(400)]
    answers = all_statuses(app, sent)
    wrong = [raw for raw, found in zip(sent, answers, strict=True) if any(status >= 500 for status in found)]
    assert wrong == []
    assert app.health()[0] == 200
    taken = sum(found.count(200) for found in answers)
    assert taken > 10
    assert events(app) - before >= taken, "whatever was answered 200 is there"
    assert "Internal Server Error" not in app.log, app.log[-3000:]
