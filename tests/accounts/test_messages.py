"""Reading one message, from bytes to the app's own words."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.messages import BATCH_LIMIT, MESSAGE_LIMIT, Bad, Message, check_size, decode, gunzip, read, split
from accounts.moments import instant

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def squeezed(raw: bytes) -> bytes:
    """Gzip without the time of day, so that every process collects the same tests."""
    return gzip.compress(raw, mtime=0)


def reading(path="batch", sent_at=None, **item) -> Message:
    return read(item, path=path, received_at=NOW, sent_at=sent_at)


def refusal(call, *args, **kwargs) -> Bad:
    with pytest.raises(Bad) as caught:
        call(*args, **kwargs)
    assert caught.value.reason.endswith(".")
    return caught.value


# Bytes ----------------------------------------------------------------------------------------------------------------


def test_big_integers_stay_exact():
    assert decode(b"[18446744073709551617]") == [18446744073709551617]


def test_a_byte_order_mark_is_tolerated():
    assert decode(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize(
    "raw",
    [b"", b" ", b"{", b"{}x", b"NaN", b"[Infinity]", b"[1e400]", b'"\\ud800"', b'"\xff"', b'"\xed\xa0\x80"', b"// no",
     b"{'a': 1}", b"1" * 5000, '{"a": 1}'.encode("utf-16")],
)  # fmt: skip
def test_what_is_no_json_is_bad_json(raw):
    assert refusal(decode, raw).code == "bad_json"


@pytest.mark.parametrize("levels", [101, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused_whatever_the_depth(levels, opening, closing):
    assert refusal(decode, opening * levels + b"1" + closing * levels).code == "too_deep"


def test_a_hundred_levels_are_read():
    assert decode(b"[" * 100 + b"]" * 100)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b'{"a": 1e400}', "bad_json"),
        (b'{"a": NaN}', "bad_json"),
        (b'{"a": "\\ud83d"}', "bad_json"),
        (b'{"a": "\xff"}', "bad_json"),
        (b"[" * 300 + b"]" * 300, "too_deep"),
    ],
)
def test_an_unreadable_item_of_a_batch_leaves_its_neighbours(bad, code):
    good = b'{"type": "track", "event": "Won", "userId": "u"}'
    body = b'{"sentAt": "2026-11-21T12:00:00Z", "batch": [' + good + b"," + bad + b"," + good + b"]}"
    first, middle, last = split(decode(body), "batch")
    assert read(first, path="batch", received_at=NOW).event == "Won"
    assert read(last, path="batch", received_at=NOW).event == "Won"
    assert refusal(read, middle, path="batch", received_at=NOW).code == code
    assert msgspec.json.encode(middle)  # its text can be set aside


def test_a_batch_without_a_readable_item_is_refused_as_a_whole():
    assert refusal(decode, b'{"batch": [{"a": NaN}]}').code == "bad_json"


def test_gunzip_takes_several_members_and_padding():
    assert gunzip(squeezed(b"ab") + squeezed(b"cd") + b"\0\0", 10) == b"abcd"


@pytest.mark.parametrize(
    "raw",
    [b"{}", b"", squeezed(b"x" * 50)[:-3], squeezed(b"x")[:5], squeezed(b"x") + b"garbage",
     squeezed(b"") * 17, b"\x1f\x8b" + b"\xff" * 40],
)  # fmt: skip
def test_bad_gzip_is_refused(raw):
    assert refusal(gunzip, raw, 100).code == "bad_gzip"


def test_gunzip_takes_the_limit_and_not_a_byte_more():
    assert len(gunzip(squeezed(b"x" * 100), 100)) == 100
    assert refusal(gunzip, squeezed(b"x" * 101), 100).code == "too_large"
    assert refusal(gunzip, squeezed(b"x" * 60) * 2, 100).code == "too_large"


def test_a_gzip_bomb_never_unfolds():
    import tracemalloc

    bomb = squeezed(bytes(200_000_000))
    tracemalloc.start()
    assert refusal(gunzip, bomb, BATCH_LIMIT).code == "too_large"
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


# Requests -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        (None, "batch", "not_an_object"),
        ([], "batch", "not_an_object"),
        ("", "track", "not_an_object"),
        (1, "import", "not_an_object"),
        ({}, "batch", "no_batch"),
        ({"batch": None}, "batch", "no_batch"),
        ({"batch": {}}, "import", "no_batch"),
        ({"batch": []}, "batch", "empty_batch"),
    ],
)
def test_a_request_without_messages_is_refused(body, path, code):
    assert refusal(split, body, path).code == code


def test_a_single_message_path_takes_the_body_itself():
    assert split({"batch": [1], "userId": "u"}, "track") == [{"batch": [1], "userId": "u"}]


def test_what_a_batch_says_once_goes_into_each_item_and_the_item_wins():
    first, second, third = split(
        {
            "batch": [{"event": "A"}, {"context": {"ip": "2", "traits": {"name": "B"}}, "sentAt": "own"}, "no object"],
            "context": {"ip": "1", "groupId": "g", "traits": {"name": "A", "email": "a@b.example"}},
            "integrations": {"All": True},
            "sentAt": "batch",
        },
        "batch",
    )
    assert first["context"] == {"ip": "1", "groupId": "g", "traits": {"name": "A", "email": "a@b.example"}}
    assert (first["sentAt"], first["integrations"]) == ("batch", {"All": True})
    assert second["context"] == {"ip": "2", "groupId": "g", "traits": {"name": "B", "email": "a@b.example"}}
    assert second["sentAt"] == "own"
    assert third == "no object"


# The type -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "item", "kind"),
    [
        ("track", {"type": "identify", "event": "A"}, "track"),
        ("batch", {"type": "screen", "action": "track"}, "screen"),
        ("import", {"type": " Track ", "event": "A"}, "track"),
        ("batch", {"action": "identify", "event": "A"}, "identify"),
        ("batch", {"action": "clicked", "event": "A"}, "track"),
        ("batch", {"event": "A", "traits": {"a": 1}}, "track"),
        ("batch", {"groupId": "g", "traits": {"a": 1}}, "group"),
        ("batch", {"group_id": "g"}, "group"),
        ("batch", {"previousId": "p"}, "alias"),
        ("batch", {"traits": {"a": 1}}, "identify"),
        ("batch", {"type": "delete"}, "delete"),
    ],
)
def test_the_type_follows_from_the_path_then_type_then_action_then_the_contents(path, item, kind):
    assert reading(path, userId="u", **item).type == kind


@pytest.mark.parametrize("item", [{}, {"type": "foo"}, {"type": 3}, {"type": ["track"]}, {"type": True}])
def test_a_type_nobody_knows_is_refused(item):
    bad = refusal(reading, userId="u", **item)
    assert (bad.code, bad.field) == ("unknown_type", "type")


# Ids ------------------------------------------------------------------------------------------------------------------


def test_ids_are_read_in_both_spellings_and_from_numbers():
    message = reading(event="A", user_id=42, anonymous_id=" a ", message_id="m", context={"group_id": 7})
    assert (message.user_id, message.anonymous_id, message.message_id, message.group_id) == ("42", "a", "m", "7")
    assert reading(type="alias", user_id="u", previous_id="p").previous_id == "p"


def test_an_own_group_id_wins_over_that_of_the_context():
    assert reading(event="A", userId="u", groupId="own", context={"groupId": "context"}).group_id == "own"


@pytest.mark.parametrize("field", ["userId", "anonymousId", "groupId", "previousId", "messageId", "user_id"])
@pytest.mark.parametrize(
    "value",
    [1.5, True, False, [], {}, ["u"], "x" * 201, "a\0b", "a\x1fb", "line\nbreak", 10**200, -(10**300)],
)
def test_an_id_that_cannot_be_kept_is_refused_by_name(field, value):
    item = {"event": "A", "userId": "u", field: value}
    if field == "user_id":
        del item["userId"]
    bad = refusal(reading, **item)
    assert (bad.code, bad.field) == ("bad_id", field)
    assert field in bad.reason


def test_a_group_id_in_the_context_is_named_so():
    assert refusal(reading, event="A", userId="u", context={"groupId": []}).field == "context.groupId"


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_empty_ids_count_as_absent(empty):
    message = reading(event="A", userId=empty, anonymousId="a", groupId=empty, messageId=empty)
    assert (message.user_id, message.group_id, message.message_id) == ("", "", "")


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"type": "track", "event": "A"}, "no_user"),
        ({"type": "page"}, "no_user"),
        ({"type": "page", "properties": {"email": "a@b.example"}}, "no_user"),
        ({"type": "identify", "traits": {"name": "A"}}, "no_user"),
        ({"type": "identify", "traits": {"email": "none"}}, "no_user"),
        ({"type": "alias", "previousId": "p"}, "no_user"),
        ({"type": "alias", "previousId": "p", "anonymousId": "a"}, "no_user"),
        ({"type": "delete", "anonymousId": "a"}, "no_user"),
        ({"type": "alias", "userId": "u"}, "no_previous"),
        ({"type": "group", "userId": "u"}, "no_group"),
    ],
)
def test_a_message_about_nobody_is_refused(item, code):
    assert refusal(reading, **item).code == code


@pytest.mark.parametrize(
    "item",
    [
        {"type": "identify", "traits": {"email": " Ada@B.example "}},
        {"type": "track", "event": "A", "properties": {"email": "ADA@b.example"}},
        {"type": "track", "event": "A", "context": {"traits": {"email": "ada@b.example"}}},
        {"type": "track", "event": "A", "email": "ada@b.example"},
        {"type": "identify", "email": "ada@b.example"},
    ],
)
def test_an_e_mail_stands_in_for_the_user_id(item):
    message = reading(**item)
    assert (message.user_id, message.user_traits["email"]) == ("ada@b.example", "ada@b.example")


def test_facts_about_a_workspace_need_no_person():
    message = reading(type="group", groupId="g", traits={"plan": "pro"}, context={"traits": {"email": "a@b.example"}})
    assert (message.group_id, message.traits, message.user_traits) == ("g", {"plan": "pro"}, {"email": "a@b.example"})


def test_an_alias_without_previous_id_joins_the_anonymous_id():
    assert reading(type="alias", userId="u", anonymousId="a").previous_id == "a"


# Traits and properties ------------------------------------------------------------------------------------------------


def test_own_traits_win_over_those_of_the_context():
    message = reading(type="identify", userId="u", traits={"a": 1}, context={"traits": {"a": 2, "b": 3}})
    assert message.traits == message.user_traits == {"a": 1, "b": 3}


def test_a_track_keeps_the_traits_of_its_context():
    message = reading(event="A", userId="u", traits={"x": 1}, context={"traits": {"email": "a@b.example"}})
    assert (message.traits, message.user_traits) == ({}, {"email": "a@b.example"})


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"traits": []}, "traits"),
        ({"traits": "a"}, "traits"),
        ({"properties": 3}, "properties"),
        ({"context": ["a"]}, "context"),
        ({"context": {"traits": "a"}}, "context.traits"),
    ],
)
def test_a_wrong_shape_is_refused_by_name(item, field):
    assert refusal(reading, type="track", event="A", userId="u", **item).field == field


def test_nul_is_stripped_from_what_is_kept_at_any_depth():
    message = reading(
        event="A", userId="u", properties={"a\0": ["b\0", {"c": "\0d"}]}, context={"traits": {"name": "A\0da"}}
    )
    assert (message.properties, message.user_traits) == ({"a": ["b", {"c": "d"}]}, {"name": "Ada"})


def test_an_item_of_the_limit_is_read_and_one_byte_more_is_not():
    item = {"event": "A", "userId": "u", "properties": {"a": ""}}
    item["properties"]["a"] = "x" * (MESSAGE_LIMIT - len(msgspec.json.encode(item)))
    assert len(check_size(item)) == MESSAGE_LIMIT
    assert read(item, path="batch", received_at=NOW).event == "A"
    item["properties"]["a"] += "x"
    assert refusal(read, item, path="batch", received_at=NOW).code == "too_large"


# Event names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "name"),
    [("  Report \t Exported\n", "Report Exported"), ("x" * 200, "x" * 200), ("Cafe\u0301", "Café"), ("日本", "日本")],
)
def test_an_event_name_is_trimmed_and_its_spaces_collapsed(event, name):
    assert reading(event=event, type="track", userId="u").event == name


@pytest.mark.parametrize("event", [None, "", "  ", 3, True, [], {"a": 1}, "x" * 201, "a\0b", "a\x07b"])
def test_an_event_name_that_cannot_be_kept_is_refused(event):
    bad = refusal(reading, type="track", event=event, userId="u")
    assert (bad.code, bad.field) == ("bad_event", "event")


@pytest.mark.parametrize(
    ("item", "event"),
    [
        ({"name": "Quickstart"}, "Viewed Quickstart Page"),
        ({"name": " Pricing  Page "}, "Viewed Pricing Page"),
        ({"properties": {"name": "Docs"}}, "Viewed Docs Page"),
        ({"name": "Order 81234"}, "Viewed Order … Page"),
        ({"name": "Report 2026"}, "Viewed Report 2026 Page"),
        ({"name": "User 507f191e810c19729de860ea"}, "Viewed User … Page"),
        ({"name": "Doc 82f250a3-32eb-40be-95fc-77e685ed8448"}, "Viewed Doc … Page"),
        ({"name": "x" * 999}, "Viewed " + "x" * 150 + " Page"),
        ({"name": "/docs/7", "properties": {"path": "/pricing"}}, "Viewed Page"),
        ({"properties": {"path": "/pricing"}}, "Viewed Pricing Page"),
        ({"properties": {"url": "https://a.example/en/Plans.html?x=terms"}}, "Viewed Pricing Page"),
        ({"properties": {"url": "https://pricing.example/about"}}, "Viewed Page"),
        ({"properties": {"path": "/legal/privacy-policy"}}, "Viewed Terms Page"),
        ({"properties": {"path": "/settings/billing/"}}, "Viewed Billing Page"),
        ({"context": {"page": {"path": "/security"}}}, "Viewed Terms Page"),
        ({"properties": {"path": "/determinsm/explanations"}}, "Viewed Page"),
        ({"properties": {"url": "http://[bad"}}, "Viewed Page"),
        ({"properties": {"path": 3, "url": None}, "context": {"page": "x"}}, "Viewed Page"),
        ({"name": 3}, "Viewed Page"),
        ({}, "Viewed Page"),
        ({"type": "screen", "name": "Home Screen"}, "Viewed Home Screen"),
        ({"type": "screen", "properties": {"path": "/pricing"}}, "Viewed Screen"),
    ],
)
def test_a_view_becomes_an_event_name_of_bounded_number(item, event):
    assert reading(**{"type": "page", "userId": "u"} | item).event == event


def test_other_messages_have_no_event_name():
    assert reading(type="identify", userId="u", event="A").event == ""


# Time -----------------------------------------------------------------------------------------------------------------

NINE = datetime(2020, 5, 9, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2020-05-09T09:00:00Z", NINE),
        ("2020-05-09T09:00:00z", NINE),
        ("2020-05-09T11:00:00+02:00", NINE),
        ("2020-05-09T11:00:00+0200", NINE),
        ("2020-05-09 09:00:00", NINE),
        (" 2020-05-09T09:00Z ", NINE),
        ("20200509T090000Z", NINE),
        ("2020-05-09T09:00:00.5Z", NINE.replace(microsecond=500_000)),
        ("2020-05-09T09:00:00.123456789Z", NINE.replace(microsecond=123_456)),
        ("2020-05-09T08:59:60Z", NINE.replace(hour=8, minute=59, second=59)),
        ("2020-05-09 09:00:00.209808489 +0000 UTC m=+70366.298768264", NINE.replace(microsecond=209_808)),
        ("2020-05-09", NINE.replace(hour=0)),
        (1589014800, NINE),
        (1589014800.5, NINE.replace(microsecond=500_000)),
        (1589014800000, NINE),
        (1589014800000000, NINE),
        (1589014800000000000, NINE),
        ("1589014800", NINE),
        ("1589014800000", NINE),
    ],
)
def test_times_are_read_in_their_many_forms(text, at):
    assert instant(text) == at
    assert reading(event="A", userId="u", timestamp=text).at == at


@pytest.mark.parametrize(
    "value",
    ["yesterday", "09/05/2020", "2020-13-01", "12020-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00", "1", True, [], {},
     -1, 10**30, 1e300, "9" * 30, "x" * 10_000, "1999-12-31T23:59:59Z", 0, 12, "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_a_time_that_cannot_be_read_or_cannot_be_is_refused(value):
    bad = refusal(reading, event="A", userId="u", timestamp=value)
    assert (bad.code, bad.field) == ("bad_timestamp", "timestamp")


@pytest.mark.parametrize("none", [{}, {"timestamp": None}, {"timestamp": ""}])
def test_without_a_time_it_is_the_arrival(none):
    assert reading(event="A", userId="u", **none).at == NOW


def test_another_time_stands_in_for_one_that_cannot_be_read_but_never_the_sending():
    item = {"event": "A", "userId": "u", "timestamp": "yesterday"}
    assert reading(**item, originalTimestamp="2020-05-09T09:00:00Z").at == NINE
    assert reading(**item, receivedAt="2020-05-09T09:00:00Z").at == NINE
    assert refusal(reading, **item, sentAt="2020-05-09T09:00:00Z").code == "bad_timestamp"


def ago(**parts) -> str:
    return (NOW - timedelta(**parts)).isoformat()


@pytest.mark.parametrize(
    ("timestamp", "sent", "expected"),
    [
        # The clock is right: nothing is touched.
        (ago(seconds=30), ago(seconds=2), ago(seconds=30)),
        (ago(minutes=4), ago(minutes=4), ago(minutes=4)),
        # Three hours slow, three hours fast, three days fast.
        (ago(hours=3, seconds=30), ago(hours=3), ago(seconds=30)),
        (ago(hours=-3, seconds=30), ago(hours=-3), ago(seconds=30)),
        (ago(days=-3, seconds=30), ago(days=-3), ago(seconds=30)),
        # An old request that is sent again after days keeps its day.
        (ago(days=3), ago(days=3), ago(days=3)),
        # History on purpose, by a server whose clock is wrong too: the past stays.
        (ago(days=900), ago(hours=3), ago(days=900)),
        (ago(days=900), ago(hours=-3), ago(days=900)),
        # Not by the same clock: the message is later than its sending.
        (ago(hours=1), ago(hours=3), ago(hours=1)),
        # A sending time that cannot be read.
        (ago(hours=1), "soon", ago(hours=1)),
        (ago(hours=1), [], ago(hours=1)),
    ],
)
def test_a_wrong_clock_is_corrected_and_the_past_is_left(timestamp, sent, expected):
    expected = datetime.fromisoformat(expected)
    assert reading(event="A", userId="u", timestamp=timestamp, sentAt=sent).at == expected
    assert reading(event="A", userId="u", timestamp=timestamp, sent_at=sent).at == expected
    assert reading(event="A", userId="u", originalTimestamp=timestamp, sentAt=sent).at == expected


def test_a_message_that_a_forwarder_has_corrected_is_not_corrected_again():
    item = {"timestamp": ago(minutes=10), "originalTimestamp": ago(hours=3, minutes=10), "sentAt": ago(hours=3)}
    assert reading(event="A", userId="u", **item).at == NOW - timedelta(minutes=10)


def test_a_bit_of_future_is_now_and_more_is_refused():
    assert reading(event="A", userId="u", timestamp=ago(hours=-23)).at == NOW
    bad = refusal(reading, event="A", userId="u", timestamp=ago(hours=-25))
    assert (bad.code, bad.field) == ("future_timestamp", "timestamp")


# Anything -------------------------------------------------------------------------------------------------------------

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["track", "page", "a@b.example", "2026-11-21T11:00:00Z", "u\0", "/pricing"])
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))
FIELDS = st.sampled_from(
    ["type", "action", "userId", "user_id", "anonymousId", "groupId", "previousId", "messageId", "event", "name", "email",
     "traits", "properties", "context", "timestamp", "originalTimestamp", "receivedAt", "sentAt", "integrations", "batch"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    item=VALUES | st.dictionaries(FIELDS, VALUES), path=st.sampled_from(["batch", "track", "identify", "group", "page"])
)
def test_any_json_is_a_message_that_can_be_stored_or_bad(item, path):
    (item,) = split(decode(json.dumps({"batch": [item]}).encode()), "batch")
    try:
        message = read(item, path=path, received_at=NOW)
    except Bad:
        return
    ids = [
        message.user_id,
        message.anonymous_id,
        message.group_id,
        message.previous_id,
        message.message_id,
        message.event,
    ]
    assert all("\0" not in text and len(text) <= 200 for text in ids)
    assert b"\\u0000" not in msgspec.json.encode([message.traits, message.user_traits, message.properties])
    assert message.at.tzinfo is UTC
    assert message.at.year >= 2000
    assert message.at <= NOW
