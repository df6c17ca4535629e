"""Every recorded SDK request and every payload of Segment's specification, through the real view.

The rule for the specification's examples: a message is accepted as the type it states (`type`, else `action`, else what it
looks like); it is refused as `no_user` when it names neither a user, nor an anonymous user, nor an e-mail to know one by.
"""

import base64
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from django.test import Client

from accounts import landing
from accounts.messages import Bad, decode, read, split
from accounts.models import Landing, SetAside
from tests.factories import SourceFactory

KEY = "test_write_key"
AUTHORIZATION = "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
CAPTURES = [
    "browser-segment-next-standard", "node-segment-400", "node-segment-429-plain", "node-segment-429-retryafter",
    "node-segment-500", "node-segment-basic", "node-segment-bulk250", "py-segment-400", "py-segment-429-plain",
    "py-segment-429-retryafter", "py-segment-500", "py-segment-basic", "py-segment-bulk250", "py-segment-gzip",
]  # fmt: skip
TYPED_PATHS = {"identify", "group", "track", "page", "screen", "alias"}


@pytest.fixture
def source(db):
    landing.forget()
    return SourceFactory(write_key=KEY)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def outcomes(row: Landing) -> list[str]:
    found = []
    for item in split(decode(bytes(row.body)), row.path):
        try:
            found.append(read(item, path=row.path, received_at=row.received_at).type)
        except Bad as bad:
            found.append(bad.code)
    return found


# Recorded requests ----------------------------------------------------------------------------------------------------


def test_every_capture_is_known(shared):
    assert sorted(path.stem for path in (shared / "data/captures").glob("*.jsonl")) == CAPTURES


@pytest.mark.parametrize("name", CAPTURES)
def test_a_recorded_request_is_accepted_and_each_message_is_of_its_type(source, shared, name):
    requests = lines(shared / f"data/captures/{name}.jsonl")
    for recorded in requests:
        body = json.dumps(recorded["json"]).encode()
        headers = {key.lower(): value for key, value in recorded["headers"].items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.compress(body)
        content_type = headers.pop("content-type")
        for name_of_connection in ("host", "content-length", "connection"):
            headers.pop(name_of_connection, None)
        response = Client(raise_request_exception=False).generic(
            recorded["method"], recorded["path"], body, content_type=content_type, headers=headers
        )
        assert (response.status_code, response.json()) == (200, {"success": True})
        row = Landing.objects.latest("id")
        messages = recorded["json"].get("batch", [recorded["json"]])
        assert outcomes(row) == [message["type"] for message in messages]
        assert row.size == len(messages)
    assert Landing.objects.count() == len(requests)
    assert not SetAside.objects.exists()


def test_a_recorded_request_is_read_to_the_letter(source, shared):
    (recorded,) = lines(shared / "data/captures/py-segment-gzip.jsonl")
    identify, group, track, page, screen, alias, anonymous = (
        read(item, path="batch", received_at=landing.timezone.now()) for item in split(recorded["json"], "batch")
    )
    assert (identify.user_id, identify.traits) == ("user-1", {"email": "ada@example.com", "title": "VP Engineering"})
    assert (group.group_id, group.user_id, group.traits) == (
        "acct-1",
        "user-1",
        {"name": "Example Inc", "employees": 120},
    )
    assert (track.event, track.properties) == ("Report Exported", {"feature": "reports", "rows": 12})
    assert track.at.isoformat() == "2024-05-01T12:30:00+00:00"
    assert track.message_id == "afe1c78c-fd94-4b34-8acf-87f43df576aa"
    assert (page.event, screen.event) == ("Viewed Quickstart Page", "Viewed Home Screen")
    assert (alias.user_id, alias.previous_id) == ("user-1", "anon-1")
    assert (anonymous.user_id, anonymous.anonymous_id, anonymous.event) == ("", "anon-2", "Anonymous Visit")


# The specification ----------------------------------------------------------------------------------------------------


def expected(payload: dict) -> tuple[str, str]:
    """The type a payload states, and its outcome: that type, or the code of its refusal. The rule above, in short."""
    kind = payload.get("type") or payload.get("action") or ("track" if "event" in payload else "identify")
    ids = [payload.get(name) for name in ("userId", "user_id", "anonymousId")]
    emails = [
        payload.get("email"),
        (payload.get("traits") or {}).get("email"),
        (payload.get("properties") or {}).get("email"),
        ((payload.get("context") or {}).get("traits") or {}).get("email"),
    ]
    return kind, kind if any(ids) or any(emails) or kind == "group" else "no_user"


def examples(shared: Path) -> list[dict]:
    return [line["payload"] for line in lines(shared / "data/segment_spec/segment_spec_examples.jsonl")]


#: Outcomes of the 80 examples in a batch.
COUNTS = {"track": 50, "identify": 13, "page": 5, "group": 3, "alias": 2, "delete": 2, "no_user": 5}


def test_every_example_of_the_specification_is_read_as_its_type_in_a_batch_or_set_aside(source, shared):
    payloads = examples(shared)
    found = []
    for payload in payloads:
        response = Client(raise_request_exception=False).post(
            "/v1/batch", {"batch": [payload]}, content_type="application/json", headers={"authorization": AUTHORIZATION}
        )
        assert response.status_code == 200
        found += outcomes(Landing.objects.latest("id"))
    assert found == [expected(payload)[1] for payload in payloads]
    assert Counter(found) == COUNTS


def test_every_example_of_the_specification_is_answered_on_its_own_path(source, shared):
    statuses = Counter()
    for payload in examples(shared):
        kind, outcome = expected(payload)
        if kind not in TYPED_PATHS:
            statuses[kind] += 1  # delete has no path of its own
            continue
        response = Client(raise_request_exception=False).post(
            f"/v1/{kind}", payload, content_type="application/json", headers={"authorization": AUTHORIZATION}
        )
        statuses[response.status_code] += 1
        if outcome == kind:
            assert response.status_code == 200, (payload, response.content)
            assert outcomes(Landing.objects.latest("id")) == [kind]
        else:
            assert response.status_code == 400
            assert response.json()["error"]["code"] == outcome
    assert statuses == {200: 73, 400: 5, "delete": 2}


def test_the_whole_specification_fits_into_one_batch(source, shared):
    payloads = examples(shared)
    response = Client().post(
        "/v1/import", {"batch": payloads}, content_type="application/json", headers={"authorization": AUTHORIZATION}
    )
    assert response.status_code == 200
    assert Counter(outcomes(Landing.objects.get())) == COUNTS


def test_what_is_not_json_in_the_specification_is_400_with_a_reason(source, shared):
    blocks = lines(shared / "data/segment_spec/segment_spec_examples_unparsable.jsonl")
    assert len(blocks) == 20
    for block in blocks:
        for path in ("batch", "track"):
            response = Client(raise_request_exception=False).post(
                f"/v1/{path}", block["text"], content_type="application/json", headers={"authorization": AUTHORIZATION}
            )
            assert response.status_code == 400
            assert response.json()["error"]["code"] == "bad_json"
            assert response.json()["error"]["message"].startswith("body: is not JSON")
    assert not Landing.objects.exists()
    assert SetAside.objects.count() == 40
