"""The verbs of queue items for programs."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import Role
from playbooks.models import QueueItem
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
SOON = (timezone.now() + dt.timedelta(days=2)).isoformat()


def post(client, path, **body):
    return client.post(f"/api/queue/{path}/", body, content_type="application/json")


@pytest.mark.parametrize(
    ("verb", "body", "state"),
    [
        ("snooze", {"until": SOON}, "snoozed"),
        ("snooze", {"until": None}, "snoozed"),
        ("finish", {"outcome": "meeting", "words": "Tuesday"}, "done"),
        ("disqualify", {"reason": "too_small"}, "disqualified"),
        ("give-back", {"to": "success", "words": "Help them first"}, "returned"),
    ],
)
def test_a_verb_answers_the_item_as_it_is_now_and_how_to_undo_it(sign_in, verb, body, state):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)

    done = post(client, f"items/{item.pk}/{verb}", **body)
    undone = post(client, f"events/{done.json()['event_id']}/undo")

    assert (done.status_code, done.json()["state"]) == (200, state)
    assert (undone.status_code, undone.json()["state"]) == (200, "claimed")
    assert client.get(f"/api/queue/items/{item.pk}/").json()["state"] == "claimed"
    told = client.get(f"/api/queue/items/{item.pk}/events/").json()["results"]
    assert [event["verb"] for event in told] == ["undone", state]
    assert told[1]["undone_at"] is not None


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("snooze", {}, "until"),
        ("snooze", {"until": None, "untill": None}, "untill"),
        ("snooze", {"until": "tomorrow"}, "until"),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, "until"),
        ("snooze", {"until": None, "on_signal": False}, "until"),
        ("snooze", {"until": None, "on_signal": "yes"}, "on_signal"),
        ("finish", {"outcome": "party"}, "outcome"),
        ("finish", {"outcome": "won", "words": "a" * 301}, "words"),
        ("disqualify", {"reason": "other"}, "words"),
        ("disqualify", {"reason": "bad_timing"}, "reason"),
        ("give-back", {"to": "self_serve"}, "to"),
        ("assign", {"to": "nobody@team.example"}, "to"),
    ],
)
def test_bad_input_is_refused_by_its_field_and_changes_nothing(sign_in, verb, body, field):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)

    answer = post(client, f"items/{item.pk}/{verb}", **body)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    item.refresh_from_db()
    assert item.state == "claimed"


def test_who_loses_is_told_who_did_what(sign_in):
    item = make_item(owner=MemberFactory(name="Ann Rep"))

    answer = post(sign_in(Role.SALES), f"items/{item.pk}/finish", outcome="won")

    assert (answer.status_code, answer.json()["reason"]) == (409, "not_owner")
    assert answer.json()["error"]["message"].startswith(f"Ann Rep claimed {item.account.name} just now; only the owner")


def test_a_member_is_assigned_by_his_address(sign_in):
    item, ann = make_item(), MemberFactory(role=Role.SALES)

    answer = post(sign_in(Role.ADMIN), f"items/{item.pk}/assign", to=ann.email.upper(), because="Knows them")

    assert answer.json()["owner"]["email"] == ann.email
    assert answer.json()["assigned_because"] == "Knows them"


def test_several_at_once_and_back(sign_in, django_assert_max_num_queries):
    client = sign_in(Role.SALES)
    items = [make_item(account=AccountFactory()) for _ in range(10)]
    taken = make_item(owner=MemberFactory(name="Ann Rep"))
    ids = [item.pk for item in items]

    with django_assert_max_num_queries(18):
        done = post(client, "bulk", verb="claim", items=[*ids, taken.pk, 2**31 - 1])
    again = client.get("/api/queue/sales/?owner=me").json()
    back = post(client, "bulk/undo", batch=done.json()["batch"])

    assert done.json()["won"] == ids
    assert [(lost["id"], lost["reason"]) for lost in done.json()["lost"]] == [(taken.pk, "taken")]
    assert done.json()["lost"][0]["message"].startswith("Ann Rep claimed ")
    assert again["count"] == 10
    assert back.json()["won"] == ids
    assert QueueItem.objects.filter(state="new").count() == 10


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"verb": "eat", "items": [1]}, "verb"),
        ({"verb": "claim", "items": []}, "items"),
        ({"verb": "claim", "items": list(range(1, 202))}, "items"),
        ({"verb": "claim", "items": [1], "fields": {"until": None}}, "fields.until"),
        ({"verb": "snooze", "items": [1], "fields": {"until": "x"}}, "fields.until"),
    ],
)
def test_bad_bulk_is_refused_by_its_field(sign_in, body, field):
    answer = post(sign_in(Role.SALES), "bulk", **body)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_sleeping_items_are_listed_when_asked_for(sign_in):
    client = sign_in(Role.SALES)
    make_item()
    item = make_item(owner=client.member, state="snoozed", snoozed_until=SOON)

    rows = client.get("/api/queue/sales/?state=snoozed&owner=me").json()["results"]

    assert [row["id"] for row in rows] == [item.pk]
