"""The HTTP edge: keys, sizes, shapes, methods, CORS, back-pressure, and what is kept of a refusal."""

import base64
import gzip
import json
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.http import UnreadablePostError
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts import api, landing
from accounts.messages import BATCH_LIMIT, MESSAGE_LIMIT, Bad, decode, read, split
from accounts.models import Landing, SetAside, Source
from tests.factories import MemberFactory, SourceFactory

KEY = "test_write_key"
TRACK = {"type": "track", "event": "Report Exported", "userId": "u-1"}
LONG = ["batch", "import", "identify", "group", "track", "page", "screen", "alias"]
SHORT = {"b": "batch", "i": "identify", "g": "group", "t": "track", "p": "page", "s": "screen", "a": "alias"}


def squeezed(raw: bytes) -> bytes:
    """Gzip without the time of day, so that every process collects the same tests."""
    return gzip.compress(raw, mtime=0)


@pytest.fixture(autouse=True)
def _forgotten():
    landing.forget()


@pytest.fixture
def source(db):
    return SourceFactory(write_key=KEY)


def basic(key: str = KEY) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def post(path="/v1/batch", body=None, *, key=KEY, content_type="application/json", **headers):
    """One request; `body` is sent as it is when it is bytes."""
    if body is None:
        body = {"batch": [TRACK]}
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if key:
        headers["authorization"] = basic(key)
    return Client(raise_request_exception=False).post(path, body, content_type=content_type, headers=headers)


def items(row: Landing) -> list:
    return split(decode(bytes(row.body)), row.path)


def assert_refused(response, status, code, field=None):
    """The answer is JSON with a reason, nothing is landed, and one row of it is kept."""
    assert response.status_code == status, response.content
    error = response.json()["error"]
    assert (response.json()["success"], error["code"]) == (False, code)
    assert error["message"]
    if field is not None:
        assert error["field"] == field
        assert field in error["message"]
    assert response["Access-Control-Allow-Origin"] == "*"
    assert not Landing.objects.exists()
    row = SetAside.objects.get()
    assert (row.kind, row.status, row.code, row.reason) == ("request", status, code, error["message"])
    return row


# Accepting ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("kind", "path"), [*zip(LONG, LONG, strict=True), *SHORT.items()])
def test_every_path_lands_with_and_without_a_slash(source, kind, path, slash):
    message = {"userId": "u", "groupId": "g", "previousId": "p", "event": "A", "traits": {}}
    body = {"batch": [message, message]} if path in ("batch", "import") else message
    response = post(f"/v1/{kind}{slash}", body)
    assert (response.status_code, response.json()) == (200, {"success": True})
    row = Landing.objects.get()
    assert (row.source, row.path, row.size, json.loads(bytes(row.body))) == (source, path, len(items(row)), body)


@pytest.mark.django_db(transaction=True)
def test_the_row_is_committed_when_200_is_answered():
    SourceFactory(write_key=KEY)
    assert post().status_code == 200
    seen = []
    other = threading.Thread(target=lambda: (seen.append(Landing.objects.count()), connection.close()))
    other.start()
    other.join()
    assert seen == [1]


@pytest.mark.parametrize(
    ("content_type", "encode", "encoding"),
    [
        ("application/json", bytes, ""),
        ("text/plain", bytes, ""),
        ("text/plain;charset=UTF-8", bytes, "identity"),
        ("application/x-www-form-urlencoded", squeezed, ""),
        ("application/json", squeezed, "gzip"),
        ("application/json", squeezed, "GZIP"),
        ("multipart/form-data", bytes, ""),
        ("nonsense", bytes, ""),
    ],
)
def test_the_content_type_does_not_matter_and_gzip_is_recognised(source, content_type, encode, encoding):
    headers = {"content-encoding": encoding} if encoding else {}
    body = encode(json.dumps({"batch": [TRACK]}).encode())
    assert post("/v1/batch", body, content_type=content_type, **headers).status_code == 200
    assert items(Landing.objects.get()) == [TRACK]


def test_a_source_shows_when_it_was_last_seen(source):
    before = timezone.now()
    post()
    source.refresh_from_db()
    assert source.last_seen_at >= before


def test_a_bad_message_in_a_batch_does_not_reject_its_neighbours(source):
    batch = [TRACK, 3, {"type": "foo"}, TRACK | {"properties": {"a": "x" * MESSAGE_LIMIT}}, TRACK]
    assert post("/v1/batch", {"batch": batch}).status_code == 200
    outcomes = []
    for item in items(Landing.objects.get()):
        try:
            outcomes.append(read(item, path="batch", received_at=timezone.now()).type)
        except Bad as bad:
            outcomes.append(bad.code)
    assert outcomes == ["track", "not_an_object", "unknown_type", "too_large", "track"]
    assert not SetAside.objects.exists()


# Keys -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (basic(), {}),
        ("basic " + base64.b64encode(KEY.encode()).decode().rstrip("="), {}),
        (f"Bearer {KEY}", {}),
        (f"Bearer {KEY}", {"writeKey": "other"}),
        ("", {"writeKey": KEY}),
        ("", {"write_key": KEY}),
        ("", {"api_key": KEY}),
        ("", {"apiKey": KEY}),
        (basic(""), {"writeKey": KEY}),
        ("Basic %%%", {"writeKey": KEY}),
        ("Digest x", {"writeKey": KEY}),
    ],
)
def test_the_write_key_may_come_in_several_ways(source, header, body):
    headers = {"authorization": header} if header else {}
    assert post("/v1/track", TRACK | body, key="", **headers).status_code == 200


@pytest.mark.parametrize(
    ("header", "body", "code"),
    [
        ("", {}, "missing_key"),
        ("", {"writeKey": ""}, "missing_key"),
        ("", {"writeKey": {"a": 1}}, "missing_key"),
        ("", {"writeKey": "unknown"}, "unknown_key"),
        ("", {"writeKey": "a\0b"}, "unknown_key"),
        ("", {"writeKey": "ключ"}, "unknown_key"),
        (basic("unknown"), {"writeKey": KEY}, "unknown_key"),
        ("Bearer unknown", {}, "unknown_key"),
        ("Bearer " + "x" * 5000, {}, "unknown_key"),
    ],
)
def test_a_missing_or_unknown_key_is_401_and_no_body_is_kept(source, header, body, code):
    headers = {"authorization": header} if header else {}
    row = assert_refused(post("/v1/track", TRACK | body, key="", **headers), 401, code, "writeKey")
    assert (bytes(row.body), row.source) == (b"", None)


def test_an_inactive_or_rotated_key_closes_at_once_though_it_is_remembered(source):
    assert post().status_code == 200
    Source.objects.update(is_active=False)
    assert post().status_code == 401
    Source.objects.update(is_active=True)
    assert post().status_code == 200
    Source.objects.update(write_key="rotated")
    assert post().status_code == 401
    assert post(key="rotated").status_code == 200
    assert Landing.objects.count() == 3


def test_a_source_that_was_made_again_under_its_key_is_found(source):
    assert post().status_code == 200
    Landing.objects.all().delete()
    source.delete()
    again = SourceFactory(write_key=KEY)
    assert post().status_code == 200
    assert Landing.objects.get().source == again


def test_a_remembered_key_costs_no_query(source, django_assert_num_queries):
    post()
    with django_assert_num_queries(1):
        assert post().status_code == 200


# Shapes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_body"),
        (b"  \n", "empty_body"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b'""', "not_an_object"),
        (b"{}", "no_batch"),
        (b'{"batch": {}}', "no_batch"),
        (b'{"batch": []}', "empty_batch"),
        (b'{"batch": [', "bad_json"),
        (b"\xff\xfe\x00", "bad_json"),
        (b'{"batch": [NaN]}', "bad_json"),
        (b'{"batch": ["\\ud800"]}', "bad_json"),
        (b'{"batch": [1e999]}', "bad_json"),
        (b"[" * 100_000, "too_deep"),
        (b'{"batch":' * 50_000, "too_deep"),
        (b"batch=%7B%7D", "bad_json"),
        (b"\x1f\x8b garbage", "bad_gzip"),
    ],
)
def test_a_body_without_messages_is_400_with_a_reason_and_set_aside(source, body, code):
    row = assert_refused(post("/v1/batch", body), 400, code)
    assert (row.source, bytes(row.body), row.path) == (source, body[: 64 * 1024], "batch")


@pytest.mark.parametrize(
    ("path", "message", "code", "field"),
    [
        ("track", {"userId": "u"}, "bad_event", "event"),
        ("track", {"event": "A"}, "no_user", "userId"),
        ("identify", {"traits": {}}, "no_user", "userId"),
        ("group", {"userId": "u"}, "no_group", "groupId"),
        ("alias", {"userId": "u"}, "no_previous", "previousId"),
        ("page", {"userId": ["u"]}, "bad_id", "userId"),
        ("screen", {"userId": "u", "timestamp": "then"}, "bad_timestamp", "timestamp"),
        ("t", {"userId": "u", "event": "A", "properties": []}, "bad_properties", "properties"),
        ("t", {"batch": [TRACK]}, "bad_event", "event"),
    ],
)
def test_a_bad_message_on_its_own_path_is_400_with_the_fields_name(source, path, message, code, field):
    row = assert_refused(post(f"/v1/{path}", message), 400, code, field)
    assert json.loads(bytes(row.body)) == message


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-encoding": "gzip"}, b"{}"),
        ({"content-encoding": "gzip"}, squeezed(b"{}" * 99)[:-4]),
        ({"content-encoding": "gzip"}, squeezed(b"{}") + b"x"),
    ],
)
def test_wrong_gzip_is_400(source, headers, body):
    assert_refused(post("/v1/batch", body, **headers), 400, "bad_gzip", "body")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "\xe9"])
def test_an_unknown_encoding_is_400(source, encoding):
    response = post("/v1/batch", b"{}", **{"content-encoding": encoding})
    assert_refused(response, 400, "bad_encoding", "Content-Encoding")


# Sizes ----------------------------------------------------------------------------------------------------------------


def test_a_batch_of_the_limit_is_taken_and_one_byte_more_is_413(source):
    body = json.dumps({"batch": [TRACK] * 3000, "pad": ""}).encode()
    body = body[:-2] + b"x" * (BATCH_LIMIT - len(body)) + body[-2:]
    assert len(body) == BATCH_LIMIT
    assert post("/v1/batch", body).status_code == 200
    assert post("/v1/batch", squeezed(body)).status_code == 200
    assert post("/v1/batch", squeezed(body + b" ")).status_code == 413
    assert post("/v1/batch", body + b" ").status_code == 413
    assert [row.size for row in Landing.objects.all()] == [3000, 3000]
    assert set(SetAside.objects.values_list("code", "status")) == {("too_large", 413)}
    assert {len(bytes(row.body)) for row in SetAside.objects.all()} == {landing.KEPT, len(squeezed(body + b" "))}


def test_a_single_message_above_its_limit_is_413(source):
    row = assert_refused(post("/v1/track", TRACK | {"properties": {"a": "x" * MESSAGE_LIMIT}}), 413, "too_large")
    assert len(bytes(row.body)) > MESSAGE_LIMIT


def test_a_gzip_bomb_is_413(source):
    assert_refused(post("/v1/batch", squeezed(bytes(100_000_000))), 413, "too_large")


def test_ten_thousand_empty_items_are_landed(source):
    assert post("/v1/batch", {"batch": [{}] * 10_000}).status_code == 200
    assert Landing.objects.get().size == 10_000


def test_a_stranger_is_told_that_a_body_is_too_large_and_none_of_it_is_kept(db):
    assert bytes(assert_refused(post("/v1/batch", b"x" * (BATCH_LIMIT + 1), key=""), 413, "too_large").body) == b""


def test_a_length_that_is_no_number_is_an_empty_body(source):
    response = Client(raise_request_exception=False).generic(
        "POST", "/v1/batch", b"{}", CONTENT_LENGTH="many", headers={"authorization": basic()}
    )
    assert_refused(response, 400, "empty_body")


def test_a_client_that_goes_away_is_no_server_error(source):
    class Broken:
        def read(self, *_):
            raise OSError("connection reset")

    for chunked in (False, True):
        request = RequestFactory().post(
            "/v1/batch", b"{}", content_type="text/plain", headers={"authorization": basic()}
        )
        request._stream = Broken()
        if chunked:
            request.META |= {"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": Broken()}
        assert api.intake(request, "batch").status_code == 400
    with pytest.raises(UnreadablePostError):
        api._raw(request)


# Methods and browsers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t", "/hand-raise"])
@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head"])
def test_other_methods_are_405(client, db, path, method):
    response = getattr(client, method)(path)
    assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")
    if method != "head":
        assert response.json()["error"]["code"] == "bad_method"


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t", "/hand-raise", "/hand-raise/"])
def test_a_browser_of_any_origin_may_send(client, db, path):
    response = client.options(
        path,
        headers={
            "origin": "https://app.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        },
    )
    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response
    assert "POST" in response["Access-Control-Allow-Methods"]
    allowed = response["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "content-encoding", "x-retry-count"))
    assert int(response["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/foo", "/v1/batch/x", "/v2/batch", "/batch", "/x/v1/batch", "/v1/T"]
)
def test_there_are_no_other_paths(source, path):
    assert post(path).status_code == 404


def test_no_csrf_token_is_asked_for(source):
    client = Client(enforce_csrf_checks=True)
    assert client.post("/v1/track", TRACK, content_type="text/plain", headers={"authorization": basic()}).status_code


# Back-pressure --------------------------------------------------------------------------------------------------------


def test_above_the_limit_it_is_429_with_whole_seconds_and_the_refusals_are_counted(source, settings):
    settings.LANDING_LIMIT = 2
    assert [post().status_code for _ in range(4)] == [200, 200, 429, 429]
    response = post()
    assert response["Retry-After"].isdecimal()
    assert response.json()["error"]["code"] == "busy"
    assert Landing.objects.count() == 2
    row = SetAside.objects.get()
    assert (row.status, row.count, bytes(row.body), row.source) == (429, 3, b"", source)


def test_a_drained_landing_opens_again(source, settings, monkeypatch):
    settings.LANDING_LIMIT = 1
    assert [post().status_code, post().status_code] == [200, 429]
    Landing.objects.all().delete()
    assert post().status_code == 429, "what a process knows may be a second old"
    monkeypatch.setattr(landing, "BACKLOG_SECONDS", 0.0)
    landing.forget()
    assert post().status_code == 200


def test_gaps_in_the_ids_stop_nobody(source, settings):
    settings.LANDING_LIMIT = 3
    first = landing.accept(source=source, path="batch", body=b"{}", size=1)
    Landing.objects.filter(pk=first).update(id=first - 1000)
    landing.forget()
    assert post().status_code == 200


def test_a_database_that_is_away_is_503_with_whole_seconds(source):
    post()

    def away(*_):
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(away):
        response = post()
    assert response.status_code == 503
    assert response["Retry-After"].isdecimal()
    assert response.json()["success"] is False


# Set aside ------------------------------------------------------------------------------------------------------------


def test_the_same_refusal_again_is_counted_and_another_is_kept(source):
    for body in (b"{", b"{", b"[1", b"{"):
        post("/v1/batch", body)
    assert list(SetAside.objects.order_by("id").values_list("count", flat=True)) == [3, 1]


def test_a_source_cannot_fill_the_disk_with_refusals(source, monkeypatch):
    monkeypatch.setattr(landing, "BODIES_AN_HOUR", 3)
    for number in range(6):
        post("/v1/batch", b"{" + str(number).encode())
    assert list(SetAside.objects.order_by("id").values_list("count", flat=True)) == [1, 1, 4]


def test_an_hour_later_it_is_a_new_row(source):
    post("/v1/batch", b"{")
    SetAside.objects.update(received_at=timezone.now() - timedelta(hours=1))
    post("/v1/batch", b"{")
    assert SetAside.objects.count() == 2


def test_strangers_make_one_row_an_hour_and_code(db):
    for number in range(5):
        post("/v1/track", TRACK | {"writeKey": f"guess {number}"}, key="")
        post("/v1/track", TRACK, key="")
    rows = SetAside.objects.order_by("code").values_list("code", "count")
    assert list(rows) == [("missing_key", 5), ("unknown_key", 5)]


# Replay ---------------------------------------------------------------------------------------------------------------


def refused(body: bytes, path="/v1/batch") -> SetAside:
    assert post(path, body).status_code == 400
    return SetAside.objects.latest("id")


def test_a_mended_request_is_landed_as_of_its_first_arrival(source):
    row = refused(b'{"batch": [' + json.dumps(TRACK).encode())
    member = MemberFactory()
    with pytest.raises(Bad, match="not JSON"):
        landing.replay(set_aside=row, member=member)
    pk = landing.replay(set_aside=row, member=member, body=bytes(row.body) + b"]}")
    landed = Landing.objects.get(pk=pk)
    assert (landed.source, landed.received_at, landed.path, items(landed)) == (
        source,
        row.received_at,
        "batch",
        [TRACK],
    )
    row.refresh_from_db()
    assert row.replayed_by == member
    assert row.replayed_at


def test_of_two_clicks_one_lands_it(source):
    row = refused(b"{")
    body = json.dumps({"batch": [TRACK]}).encode()
    stale = SetAside.objects.get(pk=row.pk)
    assert landing.replay(set_aside=row, member=MemberFactory(), body=body)
    assert landing.replay(set_aside=stale, member=MemberFactory(), body=body) is None
    assert Landing.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_lands_it():
    SourceFactory(write_key=KEY)
    row = refused(b"{")
    member = MemberFactory()
    body = json.dumps({"batch": [TRACK]}).encode()
    gate = threading.Barrier(4)
    results = []

    def click():
        gate.wait()
        results.append(landing.replay(set_aside=SetAside.objects.get(pk=row.pk), member=member, body=body))
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len([pk for pk in results if pk]), Landing.objects.count()) == (1, 1)


def test_one_message_of_a_batch_is_landed_in_a_batch_of_its_own(source):
    row = SetAside.objects.create(
        kind="message", source=source, received_at=timezone.now(), path="batch", body=b'{"type": "foo"}', status=200,
        code="unknown_type", reason="type: must be known.",
    )  # fmt: skip
    with pytest.raises(Bad, match="type: must be one of"):
        landing.replay(set_aside=row, member=MemberFactory())
    pk = landing.replay(set_aside=row, member=MemberFactory(), body=json.dumps(TRACK).encode())
    assert items(Landing.objects.get(pk=pk)) == [TRACK]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/batch", b" " * 70_000 + b"{", "cut"),
        ("/v1/track", b'{"event": "A"}', "no_user"),
    ],
)
def test_what_cannot_be_landed_says_why_and_stays(source, path, body, code):
    row = refused(body, path)
    with pytest.raises(Bad) as caught:
        landing.replay(set_aside=row, member=MemberFactory())
    assert caught.value.code == code
    row.refresh_from_db()
    assert row.replayed_at is None
    assert not Landing.objects.exists()


def test_what_came_from_a_source_that_is_switched_off_stays(source):
    row = refused(b"{")
    Source.objects.update(is_active=False)
    with pytest.raises(Bad, match="switched off"):
        landing.replay(set_aside=row, member=MemberFactory(), body=b'{"batch": [{}]}')
    row.refresh_from_db()
    assert row.replayed_at is None


def test_a_counted_refusal_cannot_be_replayed(source):
    post(key="unknown")
    with pytest.raises(Bad, match="was not kept"):
        landing.replay(set_aside=SetAside.objects.get(), member=MemberFactory())


# Anything -------------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={name: JSON | st.just("u") for name in ("userId", "type", "event", "groupId", "traits", "context", "batch",
                                                    "timestamp", "properties", "previousId", "sentAt", "writeKey")},
)  # fmt: skip
BODIES = (
    st.binary(max_size=60)
    | (JSON | MESSAGES | st.fixed_dictionaries({"batch": st.lists(JSON | MESSAGES, max_size=4)})).map(
        lambda value: json.dumps(value).encode()
    )
    | st.sampled_from(
        [b"[" * 100_000, b'{"a":' * 100_000, b'{"batch":[' + b"[" * 5000 + b"]" * 5000 + b",{}]}", b"9" * 10_000,
         b'{"batch":[{"a":1,"a":2}]}', b'{"batch":[' + b"{}," * 9999 + b"{}]}", b'"\\u0000"', b"-", b"\xef\xbb\xbf"]
    )
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from([*LONG, *SHORT, "raise"]),
    body=BODIES,
    squeeze=st.sampled_from([bytes, bytes, squeezed, lambda body: squeezed(body)[:-5]]),
    encoding=st.sampled_from(["", "", "gzip", "br"]),
    content_type=st.sampled_from(
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
    ),
)
@example(kind="batch", body=b'{"batch": [{"userId": "\\u0000"}]}', squeeze=bytes, encoding="", content_type="")
def test_no_content_is_a_server_error_and_every_200_has_its_row(source, kind, body, squeeze, encoding, content_type):
    landing.forget()
    rows, kept = Landing.objects.count(), SetAside.objects.count()
    path = "/hand-raise" if kind == "raise" else f"/v1/{kind}"
    headers = {"content-encoding": encoding} if encoding else {}
    response = post(path, squeeze(body), content_type=content_type, **headers)
    assert response.status_code in (200, 400, 401, 413), response.content
    assert Landing.objects.count() - rows == (response.status_code == 200)
    if response.status_code != 200:
        assert response.json()["error"]["message"]
        assert SetAside.objects.count() - kept in (0, 1)
        assert SetAside.objects.filter(code=response.json()["error"]["code"], status=response.status_code).exists()
