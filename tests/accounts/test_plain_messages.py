"""The quick way of reading a message and the careful one are the same wherever the quick one answers."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import messages, plain_messages
from accounts.messages import Bad

ARRIVAL = dt.datetime(2026, 5, 9, 12, tzinfo=dt.UTC)
USUAL = {
    "type": "track",
    "messageId": "m-1",
    "userId": "user-1",
    "anonymousId": None,
    "event": "Report Exported",
    "timestamp": "2026-05-09T11:59:58.123Z",
    "sentAt": "2026-05-09T11:59:59.000Z",
    "properties": {"rows": 3},
    "context": {"groupId": "ws-1", "library": {"name": "analytics.js"}},
}

texts = st.sampled_from(
    [
        "",
        " ",
        "a",
        " a ",
        "two words",
        "é",
        "\x00",
        "a\x00b",
        "\u200b",
        "x" * 199,
        "y" * 201,
        "Ａ",
        "20200101012",
        "None",
    ]
)
odd = st.one_of(
    texts, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.lists(texts, max_size=2), st.dictionaries(texts, texts, max_size=2),
)  # fmt: skip
times = st.one_of(
    st.datetimes(dt.datetime(1999, 1, 1), dt.datetime(2027, 1, 1)).map(lambda at: at.isoformat() + "Z"),
    st.timedeltas(-dt.timedelta(days=4), dt.timedelta(days=3)).map(lambda off: (ARRIVAL + off).isoformat()),
    st.sampled_from(["2026-05-09", "1778000000", "2026-05-09 11:00", "2026-05-09T11:00:00+02:00", "yesterday", "202605090101"]),
    odd,
)  # fmt: skip
fields = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "Track", "page", "screen", "identify", "group", "", None]),
        "messageId": odd, "userId": odd, "anonymousId": odd, "groupId": odd, "event": odd,
        "user_id": odd, "anonymous_id": odd, "group_id": odd, "message_id": odd, "previousId": odd, "email": odd,
        "timestamp": times, "sentAt": times, "sent_at": times, "originalTimestamp": times, "receivedAt": times,
        "traits": odd, "name": st.one_of(odd, st.sampled_from(["Pricing", "/pricing", "order 1234567", "é", "http", "a/b"])),
        "properties": st.one_of(odd, st.just({"text": "z" * 33_000}), st.just({"a": "\x00"})),
        "context": st.one_of(
            odd,
            st.fixed_dictionaries({}, optional={"groupId": odd, "group_id": odd, "traits": odd, "page": odd}),
        ),
    },
)  # fmt: skip


def outcome(read, item, **more):
    try:
        return read(item, received_at=ARRIVAL, **more)
    except Bad as bad:
        return bad.code, bad.reason, bad.field


@settings(max_examples=600, deadline=None)
@given(change=fields, dropped=st.sets(st.sampled_from(sorted(USUAL)), max_size=2), sent_at=times)
def test_the_quick_reading_is_the_careful_one_or_none(change, dropped, sent_at):
    item = {name: value for name, value in USUAL.items() if name not in dropped} | change
    quick = outcome(plain_messages.read, item, sent_at=sent_at)
    if quick is not None:
        assert quick == outcome(messages.read, item, sent_at=sent_at, path="batch")


def test_the_usual_message_of_an_sdk_is_read_quickly():
    assert plain_messages.read(USUAL, received_at=ARRIVAL) == messages.read(USUAL, path="batch", received_at=ARRIVAL)
    anonymous = USUAL | {"userId": None, "anonymousId": "4b6f", "context": {}}
    del anonymous["sentAt"]
    assert plain_messages.read(anonymous, received_at=ARRIVAL) == messages.read(
        anonymous, path="batch", received_at=ARRIVAL
    )


def test_pages_screens_and_identifies_of_sdks_are_read_quickly():
    path = {"path": "/pricing", "url": "https://acme.com/pricing"}
    for said in (
        {"type": "page", "name": "Home", "properties": path},
        {"type": "page", "properties": path},
        {"type": "screen", "name": "Board 1234567"},
        {"type": "identify", "traits": {"email": "a@acme.com", "title": "CTO"}},
        {"type": "identify"},
    ):
        item = USUAL | said
        quick = plain_messages.read(item, received_at=ARRIVAL)
        assert quick == messages.read(item, path="batch", received_at=ARRIVAL)


def test_what_is_not_plain_is_left_to_the_careful_reading():
    for item in (
        None,
        "text",
        3,
        [],
        {},
        USUAL | {"type": "group", "groupId": "ws"},
        USUAL | {"traits": {}},
        USUAL | {"type": "identify", "traits": "a"},
        USUAL | {"email": "a@b.example"},
        USUAL | {"userId": 3},
    ):
        assert plain_messages.read(item, received_at=ARRIVAL) is None
