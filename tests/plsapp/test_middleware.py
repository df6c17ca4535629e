import gzip
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/healthz", "/v1/track"])
def test_a_public_url_reads_no_session_even_when_one_is_sent(sign_in, path):
    client = sign_in(Role.SALES)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(path)
    assert not [query["sql"] for query in queries if "django_session" in query["sql"]]


def test_times_are_shown_in_the_members_zone_and_in_nobody_elses(sign_in):
    zones = {}

    def note(execute, sql, params, many, context):
        zones[sql] = timezone.get_current_timezone_name()
        return execute(sql, params, many, context)

    client = sign_in(MemberFactory(role=Role.SALES, timezone="Asia/Tokyo"))
    with connection.execute_wrapper(note):
        assert client.get("/accounts/").status_code == 200
    assert "Asia/Tokyo" in zones.values()
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_zone_that_no_longer_exists_is_utc(sign_in):
    client = sign_in(MemberFactory(role=Role.SALES, timezone="Mars/Olympus"))
    assert client.get("/accounts/").status_code == 200


def test_pages_and_files_are_compressed_for_those_who_ask_for_it(sign_in):
    client = sign_in(Role.SALES)
    plain = client.get("/accounts/")
    packed = client.get("/accounts/", headers={"accept-encoding": "gzip, br"})
    listed = client.get("/accounts/accounts.csv", headers={"accept-encoding": "gzip"})

    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == listed["Content-Encoding"] == "gzip"
    assert len(packed.content) * 3 < len(plain.content)
    assert gzip.decompress(packed.content).startswith(b"<!doctype html>")
    assert gzip.decompress(b"".join(listed.streaming_content)).decode("utf-8-sig").startswith("Account")


def test_whoever_signs_in_again_comes_back_to_the_page_and_not_to_its_button(client):
    page = "http://testserver/accounts/?tier=pqa"
    posted = client.post("/queue/items/1/claim", headers={"referer": page})
    fragment = client.get("/queue/items/1/claim", headers={"HX-Request": "true", "HX-Current-URL": page})
    elsewhere = client.post("/queue/items/1/claim", headers={"referer": "https://evil.example/accounts/"})

    assert posted["Location"] == fragment["HX-Redirect"] == "/sign-in/login/?next=/accounts/%3Ftier%3Dpqa"
    assert elsewhere["Location"] == "/sign-in/login/?next=/"


def test_a_form_that_htmx_sent_is_gone_on_with_and_of_a_button_the_page_around_it(client, sign_in):
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/accounts/?tier=pqa"}
    asked = parse_qs(urlsplit(client.post("/settings/sources/1/", headers=page)["HX-Redirect"]).query)["next"][0]

    assert asked == "/settings/sources/1/?around=%2Faccounts%2F%3Ftier%3Dpqa"
    assert sign_in(Role.ADMIN).get(asked)["Location"] == "/accounts/?tier=pqa"
    assert sign_in(Role.ADMIN).get("/settings/sources/1/?around=//evil.example/").status_code == 405


def test_the_address_of_a_button_says_so(sign_in):
    answer = sign_in(Role.ADMIN).get("/settings/sources/1/")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This is the address of a button" in answer.text
