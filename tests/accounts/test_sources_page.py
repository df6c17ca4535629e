"""Sources: write keys, switching, and the lines to paste."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import landing
from accounts.models import Landing, Role, Source
from tests.factories import SourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered():
    landing.forget()
    yield
    landing.forget()


@pytest.fixture
def admin(sign_in):
    return sign_in(Role.ADMIN)


def send(client, key):
    body = json.dumps({"userId": "u-1", "event": "Report Created", "writeKey": key})
    return client.post("/v1/track", body, content_type="application/json").status_code


def test_an_empty_page_says_how_to_begin(admin):
    page = admin.get(reverse("sources")).content.decode()
    assert "Connect your product" in page
    assert 'name="name"' in page


def test_a_new_source_shows_its_key_and_lines_with_this_host(admin):
    answer = admin.post(reverse("sources"), {"name": " Web app "}, headers={"host": "localhost:8123"}, follow=True)
    source = Source.objects.get()
    assert source.name == "Web app"
    page = answer.content.decode()
    assert f"curl -u {source.write_key}: http://localhost:8123/v1/track" in page
    assert f"writeKey: &#x27;{source.write_key}&#x27;" in page or f"writeKey: '{source.write_key}'" in page
    assert "apiHost: 'localhost:8123/v1', protocol: 'http'" in page


@pytest.mark.parametrize("name", ["", "x" * 81, "web APP", "Web app"])
def test_a_bad_name_is_refused_by_its_field(admin, name):
    SourceFactory(name="Web app")
    answer = admin.post(reverse("sources"), {"name": name})
    if name == "web APP":  # another name
        assert answer.status_code == 302
        return
    assert answer.status_code == 422
    assert 'id="id_name_error"' in answer.content.decode()
    assert Source.objects.count() == 1


def test_a_source_that_is_off_refuses_and_the_undo_brings_it_back(admin, client):
    source = SourceFactory()
    assert send(client, source.write_key) == 200
    answer = admin.post(reverse("source", args=[source.pk]), {"action": "off"}, follow=True)
    assert send(client, source.write_key) == 401
    undo = f"{reverse('source', args=[source.pk])}?action=on"
    assert f'action="{undo}"' in answer.content.decode()
    admin.post(undo)
    assert send(client, source.write_key) == 200


def test_the_old_key_stops_at_once_and_the_new_one_works(admin, client):
    source = SourceFactory()
    old = source.write_key
    assert send(client, old) == 200
    assert "cannot come back" in admin.get(reverse("source_rotate", args=[source.pk])).content.decode()
    source.refresh_from_db()
    assert source.write_key == old, "looking must not rotate"
    admin.post(reverse("source_rotate", args=[source.pk]))
    source.refresh_from_db()
    assert send(client, old) == 401
    assert send(client, source.write_key) == 200


def test_renaming_to_a_taken_name_keeps_both_and_says_so(admin):
    one, two = SourceFactory(name="One"), SourceFactory(name="Two")
    answer = admin.post(reverse("source", args=[two.pk]), {"action": "rename", "name": "One"})
    assert answer.status_code == 422
    assert f"rename-{two.pk}-error" in answer.content.decode()
    assert f"rename-{one.pk}-error" not in answer.content.decode()
    assert Source.objects.get(pk=two.pk).name == "Two"
    admin.post(reverse("source", args=[two.pk]), {"action": "rename", "name": "Three"})
    assert Source.objects.get(pk=two.pk).name == "Three"


def test_the_list_counts_what_waits_and_asks_the_same_for_many(admin, django_assert_num_queries):
    source = SourceFactory()
    Landing.objects.create(source=source, received_at=timezone.now(), path="batch", body=b"{}", size=7)
    assert "7 messages" in admin.get(reverse("sources")).content.decode()
    SourceFactory.create_batch(20)
    with django_assert_num_queries(6):  # session, member, and one each for the bell, sources, landing and refusals
        admin.get(reverse("sources"))


def test_an_unknown_action_is_told_and_changes_nothing(admin):
    source = SourceFactory()
    answer = admin.post(reverse("source", args=[source.pk]), {"action": "explode"}, follow=True)
    assert "action: must be" in answer.content.decode()
    source.refresh_from_db()
    assert source.is_active
