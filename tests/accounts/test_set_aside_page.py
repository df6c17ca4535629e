"""What was refused: looking at it safely, mending it, replaying it."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import landing, loading
from accounts.models import EventType, Landing, Role, SetAside
from tests.factories import SourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(sign_in):
    return sign_in(Role.ADMIN)


def aside(body=b'{"event": "Report Created"}', **fields):
    given = {
        "kind": SetAside.Kind.MESSAGE,
        "received_at": timezone.now(),
        "path": "track",
        "body": body,
        "status": 200,
        "code": "no_user",
        "reason": "userId: is missing, and so is anonymousId.",
    } | fields
    if "source" not in given:
        given["source"] = SourceFactory()
    return SetAside.objects.create(**given)


def test_nothing_set_aside_says_that_all_is_well(admin):
    assert "Nothing is set aside" in admin.get(reverse("set_aside")).content.decode()


def test_reasons_are_counted_and_filter_the_rows(admin):
    source = SourceFactory(name="Web app")
    aside(source=source, count=3)
    aside(source=source)
    aside(
        source=None, kind="request", code="unknown_key", reason="writeKey: belongs to no source.", body=b"", status=401
    )
    groups = {group.code: group for group in admin.get(reverse("set_aside")).context["groups"]}
    assert (groups["no_user"].rows, groups["no_user"].times) == (2, 4)
    for query, rows in [
        ("", 3),
        ("?code=no_user", 2),
        ("?kind=request", 1),
        (f"?source={source.pk}", 2),
        ("?source=0", 1),
        ("?state=replayed", 0),
    ]:
        assert admin.get(reverse("set_aside") + query).context["page"].paginator.count == rows, query


def test_a_wrong_filter_is_named_and_filters_nothing(admin):
    aside()
    answer = admin.get(reverse("set_aside") + "?kind=nonsense&source=x&page=99")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Kind: “nonsense”" in page
    assert "Source: “x”" in page
    assert answer.context["page"].paginator.count == 1


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00 broken",
        b'{"event": "</textarea><script>alert(1)</script>"}',
        b"[" * 65_000,
        b'{"a":' * 90 + b"1" + b"}" * 90,
        b"x" * landing.KEPT,
        b"",
        '{"name": "Zoë \U0001f600"}'.encode(),
    ],
)
def test_any_body_can_be_looked_at(admin, body):
    row = aside(body)
    for url in (reverse("set_aside"), reverse("set_aside_replay", args=[row.pk])):
        answer = admin.get(url)
        assert answer.status_code == 200
        assert b"<script>alert" not in answer.content


def test_bytes_that_are_no_text_are_told(admin):
    row = aside(b'{"event": "\xff"}')
    assert "not UTF-8" in admin.get(reverse("set_aside_replay", args=[row.pk])).content.decode()


def test_a_mended_message_is_loaded_and_the_row_is_marked(admin):
    row = aside()
    body = json.dumps({"userId": "u-1", "event": "Report Created"}, indent=2).replace("\n", "\r\n")
    admin.post(reverse("set_aside_replay", args=[row.pk]), {"body": body})
    row.refresh_from_db()
    assert row.replayed_by == admin.member
    loading.drain()
    assert EventType.objects.get(name="Report Created").volume == 1
    assert "It was replayed already" in admin.get(reverse("set_aside_replay", args=[row.pk])).content.decode()
    assert "replayed" in admin.get(reverse("set_aside") + "?state=replayed").content.decode()


def test_what_is_still_wrong_is_named_and_the_mending_is_kept(admin):
    row = aside(path="track")
    answer = admin.post(reverse("set_aside_replay", args=[row.pk]), {"body": '{"event": "Half mended"'})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Half mended" in page
    assert 'role="alert"' in page
    assert not Landing.objects.exists()
    row.refresh_from_db()
    assert row.replayed_at is None


def test_an_untouched_body_is_replayed_as_the_bytes_that_came(admin):
    exact = b'{"userId":"u-1","event":"X","properties":{"big":123456789012345678901234567890,"f":1.50}}'
    row = aside(exact)
    shown = admin.get(reverse("set_aside_replay", args=[row.pk])).context["text"]
    assert shown.count("\n") > 3, "it is indented for reading"
    admin.post(reverse("set_aside_replay", args=[row.pk]), {"body": shown.replace("\n", "\r\n")})
    assert bytes(Landing.objects.get().body) == exact


def test_two_clicks_land_it_once(admin):
    row = aside(b'{"userId":"u-1","event":"X"}')
    url = reverse("set_aside_replay", args=[row.pk])
    text = admin.get(url).context["text"]
    admin.post(url, {"body": text})
    answer = admin.post(url, {"body": text}, follow=True)
    assert "nothing was landed twice" in answer.content.decode()
    assert Landing.objects.count() == 1


def test_a_reason_is_replayed_as_a_whole_and_the_rest_is_counted(admin):
    source = SourceFactory()
    for number in range(3):
        aside(b'{"userId":"u-%d","event":"X"}' % number, source=source)
    aside(b'{"event":"X"}', source=source)
    aside(b'{"userId":"u-9","event":"X"}', source=source, code="other")
    answer = admin.post(reverse("set_aside"), {"code": "no_user", "kind": "message"}, follow=True)
    page = answer.content.decode()
    assert "3 replayed." in page
    assert "1 is still wrong" in page
    assert Landing.objects.count() == 3
    assert SetAside.objects.filter(replayed_at=None).count() == 2


def test_a_bulk_replay_needs_a_reason(admin):
    aside(b'{"userId":"u-1","event":"X"}')
    answer = admin.post(reverse("set_aside"), {"kind": "message"}, follow=True)
    assert "code: choose which group" in answer.content.decode()
    assert not Landing.objects.exists()


def test_the_list_asks_the_same_for_one_row_and_for_many(admin, django_assert_max_num_queries):
    source = SourceFactory()
    for number in range(60):
        aside(b"x" * 60_000, source=source, code=f"code_{number % 7}")
    with django_assert_max_num_queries(7):
        answer = admin.get(reverse("set_aside"))
    assert len(answer.content) < 200_000, "bodies are not read for the list"
