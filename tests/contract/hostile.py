"""What fuzz tests build their requests of: JSON text, field by field, with values that have broken such programs before.

Text, not Python values: NaN, half surrogate pairs, keys given twice and numbers without end are no values that `json` writes.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from random import Random

KEY = "fuzz-write-key"
NOW = "2026-01-15T10:20:30.123Z"


def quoted(text: str) -> bytes:
    return json.dumps(text).encode("utf-8", "surrogatepass")


def nested(levels: int, opened: bytes = b"[", closed: bytes = b"]", inside: bytes = b"") -> bytes:
    return opened * levels + inside + closed * levels


EMPTY = [b"null", b'""', b"{}", b"[]", b"false", b'" "']
NUMBERS = [
    b"0", b"-1", b"-0.0", b"1.5", b"1e308", b"1e309", b"-1e400", b"NaN", b"Infinity", b"01", b"1.", b"2147483648",
    b"9223372036854775808",
    b"1" * 40, b"9" * 5000, b"0." + b"1" * 400, b"1e-400", b"true",
]  # fmt: skip
TEXTS = [
    b'"\\u0000"', b'"a\\u0000b"', b'"\\ud800"', b'"\\udc00x"', b'"\\ud83d\\ude00"', b'"\\ud800\\u0041"',
    b'"\\u202e\\u200b"', b'"\\ufffe\\uffff"',
    b'"\\u001f\\n\\t"', b'"\n"', b'"\x00"', b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\\x41"',
    b'"\\', b'"open',
    b'"%s %d {} {0} $1 \\\\N \\\\."', b'"\'; DROP TABLE accounts_usage; --"', b'"<script>alert(1)</script>"',
    b'"\\\\x00\\\\N\\t"',
    quoted("x" * 200), quoted("x" * 201), quoted("é" * 200), quoted("ﷺ" * 100), quoted("İ" * 200),
    quoted("x" * 33_000), quoted("e\u0301" * 150),
]  # fmt: skip
SHAPES = [
    b"[1,2]", b'["a"]', b'{"a":1}', b'{"a":{"b":{"c":[]}}}', b'{"":""}', b'{"a":1,"a":2}',
    b'{"__proto__":{"x":1}}', b"[null]", b"[[]]",
    nested(98), nested(101), nested(1500), nested(98, b'{"a":', b"}", b"1"), nested(120, b'{"a":', b"}", b"1"),
    b"[" * 300, b"[1,]", b"{'a':1}",
    b"{" + quoted("k" * 30_000) + b":1}", b"{" + b",".join(b'"%d":%d' % (n, n) for n in range(500)) + b"}",
    b"[" + b"0," * 900 + b"0]", b"",
]  # fmt: skip
TIMES = [
    quoted(NOW), b'"9999-12-31T23:59:59.999Z"', b'"9999-12-31T23:59:59-14:00"', b'"10000-01-01T00:00:00Z"',
    b'"+010000-01-01T00:00:00Z"',
    b'"0001-01-01T00:00:00+23:59"', b'"0000-01-01"', b'"-0001-01-01T00:00:00Z"', b'"1999-12-31T23:59:59Z"',
    b'"2000-01-01"', b'"2026-02-30"',
    b'"2026-11-22T25:00:00Z"', b'"2026-11-22T10:60:00Z"', b'"2016-12-31T23:59:60Z"',
    b'"2026-01-15T10:00:00+99:99"', b'"2026-01-15T10:00:00+24:00"',
    b'"2026-W03-4"', b'"20260115T102030Z"', b'"Thu, 15 Jan 2026 10:20:30 GMT"',
    b'"2026-01-15 10:20:30.123456789 +0000 UTC m=+1.5"',
    b"1768472430", b"1768472430123", b"1768472430123456", b"1768472430123456789", b"-1", b"253402300800000",
    b"1e18", b"1e30", b'"1768472430"',
    b'"99999999999999999999"', '"٢٠٢٦-٠١-١٥"'.encode(), b'"2026-01-15T10:20:30Z\\u0000"', b'"now"', b'{"$date":1}',
    b'"2026-01-15T24:00:00Z"',
]  # fmt: skip
EMAILS = [
    b'"ann@acme.com"', b'"ANN@Acme.COM "', b'"bob@gmail.com"', b'"c@d"', b'"a@"', b'"@"', b'"a@b@c.com"',
    b'"a b@c.com"', b'"a@b\\u0000.com"',
    '"ü@bücher.example"'.encode(), b'"a@xn--zzzzzzzz.com"', b'"a@xn--.com"', b'"a@127.0.0.1"', b'"a@[::1]"',
    b'"a@..com"', b'"a@.com"', b'"a@com"',
    b'"a@co.uk"', b'"a@acme.co.uk"', b'"a@ACME.COM."', quoted("a@" + "b" * 300 + ".com"),
    quoted("a" * 300 + "@b.com"), quoted("a@" + "b." * 90 + "com"),
    '"a@例え.テスト"'.encode(), '"a@acme。com"'.encode(), b'"mailto:a@b.com"', b'"a@localhost"',
    b'"a@acme.com\\r\\nBcc: x@y.z"', b'"a@-acme-.com"',
]  # fmt: skip
PLACES = [
    b'"acme.com"', b'"https://www.acme.com/x?y#z"', b'"http://[::1"', b'"http://acme.com:99999/"', b'"//acme.com"',
    b'"http://"', b'"gmail.com"',
    b'"javascript:alert(1)"', b'"/pricing"', b'"/docs/../pricing?plan=1"', b'"https://a.b/\\u0000"',
    b'"[not-an-ip]"', '"http://ⓐⓒⓜⓔ.com"'.encode(),
    quoted("https://acme.com/" + "p/" * 3000), b'"/orders/3f2504e0-4f89-11d3-9a0c-0305e82c3301"',
    b'"Order 123456789"', b'["acme.com","acme.io",3,null]',
]  # fmt: skip
COUNTS = [
    b"42",
    b'"42"',
    b'"1,000"',
    b'"200-500"',
    b'"500+"',
    b"-5",
    b"1e30",
    b"2147483647",
    b"2147483648",
    b'"99999999999999999999"',
    '"٤٢"'.encode(),
    b"0.5",
]
IDS = [
    b'"u-1"',
    b'"u-2"',
    b'"u-3"',
    b"7",
    b'" u-1 "',
    b'"U-1"',
    b'"a:u-1"',
    b'"u:u-1"',
    b"12345678901234567890",
    b"9" * 201,
]
EVENTS = [
    b'"Report Exported"', b'"Demo Requested"', b'"Pricing Viewed"', b'"Hand Raised"', b'"Teammate Invited"',
    b'"(other events)"', b'"  A   B "',
    b'"a"', b'"' + b"A" * 200 + b'"', '"Überprüfung geöffnet"'.encode(), '"ﬁ\u0301"'.encode(),
]  # fmt: skip
TYPES = [b'"track"', b'"identify"', b'"group"', b'"page"', b'"screen"', b'"alias"', b'"delete"', b'"TRACK"', b'"foo"']

ANYTHING = [*EMPTY, *NUMBERS, *TEXTS, *SHAPES]
TRAITS = {
    "email": EMAILS, "name": EVENTS, "firstName": EVENTS, "title": [b'"CTO"', b'"Head of Data"',
    b'"VP, Sales & Ops"'], "company": [*PLACES, b'{"name":"Acme","employees":"1,000"}'],
    "employees": COUNTS, "website": PLACES, "domain": PLACES, "domains": PLACES, "industry": EVENTS,
    "plan": [b'"free"', b'"team"'], "createdAt": TIMES,
    "company_size": COUNTS, "id": IDS,
}  # fmt: skip
PROPERTIES = {
    "name": EVENTS,
    "path": PLACES,
    "url": PLACES,
    "email": EMAILS,
    "message": EVENTS,
    "title": EVENTS,
    "revenue": COUNTS,
}
FIELDS = {
    "type": TYPES, "action": TYPES, "event": EVENTS, "name": EVENTS, "userId": IDS, "user_id": IDS,
    "anonymousId": IDS, "groupId": IDS, "previousId": IDS,
    "messageId": IDS, "timestamp": TIMES, "originalTimestamp": TIMES, "sentAt": TIMES, "receivedAt": TIMES,
    "email": EMAILS, "writeKey": IDS, "channel": TYPES,
}  # fmt: skip
FORM = {
    "email": EMAILS, "name": EVENTS, "title": EVENTS, "company": PLACES, "message": EVENTS, "placement": PLACES,
    "user_id": IDS, "userId": IDS, "group_id": IDS,
    "website": [b'""', b'"spam"'], "write_key": [quoted(KEY)],
}  # fmt: skip

# Anything that is drawn comes from one `Random`: ten times as many requests a second as from Hypothesis' own strategies, and the
# same ones for the same seed.


def any_text(draw: Random) -> bytes:
    spans = ((32, 126), (0, 31), (127, 1000), (0x2000, 0x20FF), (0xD7F0, 0xE010), (0xFFF0, 0x1FFFF))
    return quoted("".join(chr(draw.randint(*draw.choice(spans))) for _ in range(draw.randrange(12))))


def any_number(draw: Random) -> bytes:
    bits = draw.choice((8, 31, 32, 53, 63, 64, 200))
    return draw.choice(
        (str(draw.getrandbits(bits)), str(-draw.getrandbits(bits)), repr(draw.uniform(-1e9, 1e20)))
    ).encode()


def value(draw: Random, likely: list[bytes]) -> bytes:
    """Mostly one that the field is made for, else anything."""
    turn = draw.random()
    if turn < 0.75:
        return draw.choice(likely)
    if turn < 0.9:
        return draw.choice(ANYTHING)
    return any_text(draw) if turn < 0.96 else any_number(draw)


def joined(fields: dict[str, bytes], last: bytes = b"") -> bytes:
    said = [b'"%b":%b' % (name.encode(), text) for name, text in fields.items()]
    return b"{" + b",".join([*said, last] if last else said) + b"}"


def some_of(draw: Random, fields: dict[str, list[bytes]], most: int) -> dict[str, bytes]:
    """Up to so many of the fields."""
    names = [draw.choice([*fields]) for _ in range(draw.randint(0, most))]
    return {name: value(draw, fields[name]) for name in names}


def context(draw: Random) -> bytes:
    parts = {"traits": joined(some_of(draw, TRAITS, 3)), "page": joined(some_of(draw, PROPERTIES, 2))}
    return joined({"groupId": draw.choice([b'"w-1"', b'"w-2"', b"null", b"3"])} | parts)


WHOLE = {
    "traits": lambda draw: joined(some_of(draw, TRAITS, 4)),
    "properties": lambda draw: joined(some_of(draw, PROPERTIES, 3)),
    "context": context,
}

VALID = {
    "track": {"type": b'"track"', "userId": b'"u-1"', "event": b'"Report Exported"'},
    "identify": {"type": b'"identify"', "userId": b'"u-2"', "traits": b'{"email":"ann@acme.com","title":"CTO"}'},
    "group": {
        "type": b'"group"',
        "userId": b'"u-1"',
        "groupId": b'"w-1"',
        "traits": b'{"name":"Acme","website":"acme.com"}',
    },
    "page": {"type": b'"page"', "anonymousId": b'"a-1"', "name": b'"Pricing"'},
    "screen": {"type": b'"screen"', "userId": b'"u-3"', "name": b'"Home"'},
    "alias": {"type": b'"alias"', "previousId": b'"a-1"', "userId": b'"u-1"'},
}


def message(draw: Random, kind: str | None = None) -> bytes:
    """A valid message with up to six of its fields changed, added or taken away."""
    fields = VALID[kind or draw.choice([*VALID])] | some_of(draw, FIELDS, 4)
    if draw.random() < 0.5:
        name = draw.choice([*WHOLE])
        fields[name] = WHOLE[name](draw) if draw.random() < 0.8 else draw.choice(ANYTHING)
    if draw.random() < 0.1:
        del fields[draw.choice([*fields])]
    return joined(fields)


def batch(draw: Random) -> bytes:
    items = [message(draw) if draw.random() < 0.9 else draw.choice(ANYTHING) for _ in range(draw.randrange(5))]
    common = {"sentAt": TIMES, "writeKey": [quoted(KEY)], "context": SHAPES, "integrations": SHAPES}
    return joined(some_of(draw, common, 2) if draw.random() < 0.3 else {}, b'"batch":[%b]' % b",".join(items))


def form(draw: Random) -> bytes:
    return joined({"email": b'"ann@acme.com"', "write_key": quoted(KEY)} | some_of(draw, FORM, 5))


TOKENS = [b"{", b"}", b"[", b"]", b'"batch"', b":", b",", b'"', b"\\u", b"1", b"\xff", b"\x00", b"null"]


def raw(draw: Random) -> bytes:
    turn = draw.randrange(3)
    if turn == 0:
        return draw.randbytes(draw.randrange(80))
    return draw.choice(ANYTHING) if turn == 1 else b"".join(draw.choices(TOKENS, k=draw.randrange(20)))


# How it is sent ------------------------------------------------------------------------------------------------------


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


RIGHT = basic(f"{KEY}:".encode())
KEYS = [
    "", "Basic", "Basic ", "Basic %%%", "Bearer", f"Bearer {KEY}", f"bearer  {KEY} ", f"Bearer {KEY}x",
    basic(b"\xff\xfe:"), basic(b"\x00:x"), basic(b":" + KEY.encode()),
    basic(KEY.encode()), "Basic " + "A" * 6000, "Digest username=x", "Bearer \xe9\xff", f"Token {KEY}", f"{KEY}",
    "Bearer a\tb",
]  # fmt: skip
CONTENT_TYPES = [
    "application/json", "application/json; charset=utf-16", "text/plain", "", "application/x-www-form-urlencoded",
    "multipart/form-data", "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 300, "application/xml", "application/json; charset=\xff", ";;;",
    "text/plain; charset=nonsense", "multipart/mixed; boundary=\"",
]  # fmt: skip
ENCODINGS = ["gzip", "GZIP", "x-gzip", "identity", "br", "deflate", "gzip, gzip", "\xff", "zstd"]
QUERIES = [
    "", "", "", "?writeKey=" + KEY, "?write_key=" + KEY + "&x=%00", "?%ff=%fe", "?" + "a=1&" * 2000, "?x[]=1&x[]=2",
    "?=&&==", "?callback=%3Cscript%3E", "?%u0041", "?;",
]  # fmt: skip
ADDED = {
    "content-encoding": ENCODINGS, "x-retry-count": ["1", "-1", "x"], "origin": ["null", "https://evil.example"],
    "host": ["localhost", "testserver:80"],
    "accept": ["text/html", "*/*", "\xff"], "accept-language": ["de", "xx-" + "y" * 600, "\xff"],
    "cookie": ["sessionid=" + "x" * 500, "sessionid=\x00", "csrftoken=;;"],
    "x-forwarded-proto": ["https", "nonsense"], "x-forwarded-host": ["evil.example"], "user-agent": ["",
    "x" * 5000], "transfer-encoding": ["chunked"],
    "content-length": ["", "-1", "many", "0", "1e3"], "x-http-method-override": ["PUT"], "hx-request": ["true"],
    "range": ["bytes=0-1"],
}  # fmt: skip


def squeezed(body: bytes) -> bytes:
    return gzip.compress(body, 1, mtime=0)


#: Name → (what becomes of the body, whether the header says gzip).
WRAPPINGS = {
    "as it is": (bytes, False),
    "gzip": (squeezed, True),
    "gzip, not said": (squeezed, False),
    "gzip said, but is not": (bytes, True),
    "gzip, cut": (lambda body: squeezed(body)[:-5], True),
    "gzip, only its head": (lambda body: squeezed(body)[:7], True),
    "gzip, a byte changed": (lambda body: squeezed(body)[:12] + b"\xff" + squeezed(body)[13:], True),
    "gzip, something behind it": (lambda body: squeezed(body) + b"more", True),
    "gzip, two parts": (lambda body: squeezed(body[:5]) + squeezed(body[5:]), True),
    "gzip of gzip": (lambda body: squeezed(squeezed(body)), True),
    "cut": (lambda body: body[:-3], False),
    "twice": (lambda body: body + body, False),
    "byte order mark": (lambda body: b"\xef\xbb\xbf" + body, False),
    "UTF-16": (lambda body: body.decode("latin-1").encode("utf-16"), False),
    "white space around": (lambda body: b" \r\n\t" + body + b"\n ", False),
}


@dataclass(frozen=True)
class Sending:
    """One request, without its path."""

    body: bytes
    method: str = "POST"
    query: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def sending(draw: Random, body: bytes) -> Sending:
    """The body, sent as SDKs do in two of three cases, and oddly in the third."""
    if draw.random() < 0.67:
        return Sending(body, headers={"authorization": RIGHT})
    change, says = WRAPPINGS[draw.choice([*WRAPPINGS])]
    headers = {name: draw.choice(ADDED[name]) for name in draw.sample([*ADDED], draw.randrange(3))}
    if says:
        headers["content-encoding"] = "gzip"
    key = RIGHT if draw.random() < 0.8 else draw.choice(KEYS)
    if key:
        headers["authorization"] = key
    return Sending(
        body=change(body),
        method="POST" if draw.random() < 0.9 else draw.choice(["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]),
        query=draw.choice(QUERIES),
        content_type=draw.choice(CONTENT_TYPES),
        headers=headers,
    )
