"""The hand raise: a form becomes a landed track message."""

import pytest

from accounts import hand_raise, landing, messages
from accounts.models import Landing, SetAside
from tests.factories import MemberFactory, SourceFactory

KEY = "hand_raise_write_key"


@pytest.fixture
def source(db):
    landing.forget()
    return SourceFactory(write_key=KEY)


def landed() -> messages.Message:
    row = Landing.objects.get()
    (item,) = messages.split(messages.decode(bytes(row.body)), row.path)
    return messages.read(item, path=row.path, received_at=row.received_at)


def test_a_json_hand_raise_lands_as_a_track_message_of_its_person_and_workspace(client, source):
    fields = {
        "writeKey": KEY,
        "email": " Ada@Example.com",
        "name": "Ada Byron",
        "title": "CTO",
        "company": "Example",
        "message": "Two lines\nplease call",
        "placement": "pricing page",
        "userId": "u-1",
        "group_id": 42,
    }
    response = client.post("/hand-raise", fields, content_type="application/json")
    assert (response.status_code, response.json()) == (200, {"success": True})
    assert response["Access-Control-Allow-Origin"] == "*"
    message = landed()
    assert (message.type, message.event, message.user_id, message.group_id) == ("track", "Hand Raised", "u-1", "42")
    assert message.user_traits == {
        "email": "ada@example.com",
        "name": "Ada Byron",
        "title": "CTO",
        "company": "Example",
    }
    assert message.properties == {"message": "Two lines\nplease call", "placement": "pricing page"}
    assert message.message_id.startswith("hand-raise-")


def test_without_a_user_id_the_e_mail_is_the_person(client, source):
    assert client.post("/hand-raise/", {"write_key": KEY, "email": "A@B.example"}).status_code == 200
    assert landed().user_id == "a@b.example"


@pytest.mark.parametrize("encoded", [True, False], ids=["urlencoded", "multipart"])
def test_a_plain_form_gets_a_page_without_inline_style(client, source, encoded):
    fields = {"write_key": KEY, "email": "a@b.example", "message": "ça va"}
    if encoded:
        response = client.post(
            "/hand-raise",
            "write_key=" + KEY + "&email=a%40b.example&message=%C3%A7a+va",
            content_type="application/x-www-form-urlencoded",
            headers={"accept": "text/html,*/*"},
        )
    else:
        response = client.post("/hand-raise", fields, headers={"accept": "text/html,*/*"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/html")
    assert b"Thank you" in response.content
    assert b"style" not in response.content
    assert b"script" not in response.content
    assert landed().properties == {"message": "ça va"}


def test_a_plain_form_with_a_mistake_is_told_in_a_page(client, source):
    response = client.post("/hand-raise", {"write_key": KEY, "email": "nobody"}, headers={"accept": "text/html"})
    assert response.status_code == 400
    assert b"email: is not an e-mail address." in response.content


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, "bad_email", "email"),
        ({"email": ""}, "bad_email", "email"),
        ({"email": None}, "bad_email", "email"),
        ({"email": "ada"}, "bad_email", "email"),
        ({"email": "a b@c.example"}, "bad_email", "email"),
        ({"email": ["a@b.example"]}, "bad_field", "email"),
        ({"email": "a@b.example", "name": {"first": "Ada"}}, "bad_field", "name"),
        ({"email": "a@b.example", "message": "x" * 10_001}, "bad_field", "message"),
        ({"email": "a@b.example", "user_id": 10**300}, "bad_field", "user_id"),
        ({"email": "a@b.example", "user_id": True}, "bad_field", "user_id"),
        ({"email": "x" * 64 + "@" + "y" * 180}, "bad_email", "email"),
    ],
)
def test_a_mistake_is_answered_with_the_fields_name_and_set_aside(client, source, fields, code, field):
    response = client.post("/hand-raise", fields | {"writeKey": KEY}, content_type="application/json")
    assert response.status_code == 400
    assert (response.json()["error"]["code"], response.json()["error"]["field"]) == (code, field)
    assert not Landing.objects.exists()
    assert SetAside.objects.get().path == "hand-raise"


def test_a_mended_hand_raise_is_replayed_the_same_way(client, source):
    client.post("/hand-raise", {"write_key": KEY, "email": "ada", "message": "Call me"})
    row = SetAside.objects.get()
    assert messages.decode(bytes(row.body)) == {"write_key": KEY, "email": "ada", "message": "Call me"}
    landing.replay(set_aside=row, member=MemberFactory(), body=b'{"email": "ada@b.example", "message": "Call me"}')
    assert (landed().event, landed().user_id, landed().at) == ("Hand Raised", "ada@b.example", row.received_at)


def test_a_filled_honeypot_is_answered_200_and_dropped(client, source):
    fields = {"writeKey": KEY, "email": "a@b.example", "website": "http://spam.example"}
    assert client.post("/hand-raise", fields, content_type="application/json").status_code == 200
    assert not Landing.objects.exists()


def test_without_a_key_it_is_401(client, source):
    assert client.post("/hand-raise", {"email": "a@b.example"}).status_code == 401
    assert client.post("/hand-raise", {"email": "a@b.example", "write_key": "x"}).status_code == 401
    assert not Landing.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe=%ff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
        (b"--x\r\nContent-Disposition: form-data; name=\xff", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
        (b"[" * 100_000, "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'{"email": "a@b.example\\u0000"}', "application/json"),
        (b'{"email": "\\ud800@b.example"}', "application/json"),
    ],
)
def test_no_body_is_a_server_error(client, source, body, content_type):
    response = client.post("/hand-raise", body, content_type=content_type, headers={"authorization": f"Bearer {KEY}"})
    assert response.status_code in (200, 400)
    assert Landing.objects.count() == (response.status_code == 200)


def test_control_characters_are_taken_out():
    message = hand_raise.to_message({"email": "a@b.example", "name": "A\0da\x1b\nB"}, message_id="m")
    assert message["context"]["traits"]["name"] == "Ada B"
