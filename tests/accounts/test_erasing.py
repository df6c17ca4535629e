"""Erasing a person leaves nothing of him in the database, and every count as it was."""

import datetime as dt
import itertools
import json

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from accounts import corrections, landing, loading
from accounts.corrections import listing
from accounts.erasing import bodies
from accounts.erasing import verbs as erasing
from accounts.models import (
    AuditEntry,
    BuyingRole,
    Contact,
    ContactImport,
    HandRaise,
    Landing,
    Membership,
    MergeSuggestion,
    ProductUser,
    RoleWord,
    SetAside,
    Usage,
    UserAlias,
)
from playbooks import queue
from playbooks.models import Notification, QueueItem, QueueItemEvent, SavedView, Step, Touch
from tests.factories import AccountFactory, MemberFactory, SourceFactory

pytestmark = pytest.mark.django_db
EMAIL, NAME = "jane.miller@acme.example", "Jane Miller"
NEVER = (EMAIL, NAME, "jane.miller%40acme", "user-jane-77")


def cells():
    """Every (table, column, text) of the database whose type can hold a word."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name, column_name, data_type FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name NOT LIKE 'django%%'
            AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY', 'character')
            AND table_name IN (SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE')
            """
        )
        for table, column, kind in cursor.fetchall():
            column_ = f'"{column}"'
            shown = f"encode({column_}, 'escape')" if kind == "bytea" else f"{column_}::text"
            cursor.execute(f'SELECT {shown} FROM "{table}" WHERE {column_} IS NOT NULL')
            for (text,) in cursor.fetchall():
                yield f"{table}.{column}", text


def traces(*words):
    return sorted({where for where, text in cells() if any(word.lower() in text.lower() for word in words)})


def land(source, *messages, path="batch"):
    body = json.dumps({"batch": list(messages)}).encode()
    landing.accept(source=source, path=path, body=body, size=len(messages), received_at=timezone.now())


def identify(user_id="user-jane-77", **traits):
    told = {"email": EMAIL, "name": NAME, "title": "VP Engineering", "useCase": "reports"} | traits
    return {"type": "identify", "userId": user_id, "anonymousId": "anon-jane", "traits": told}


def track(user_id, event="Report Shared", **more):
    return {"type": "track", "userId": user_id, "event": event, "context": {"groupId": "acme"}} | more


@pytest.fixture
def world():
    """Jane in every place that can name her."""
    source = SourceFactory()
    land(
        source,
        {"type": "group", "groupId": "acme", "userId": "u2", "traits": {"name": "Acme", "domain": "acme.example"}},
        identify(),
        track("user-jane-77"),
        track("user-jane-77", "Demo Requested", properties={"email": EMAIL, "message": f"Call me: {NAME}"}),
        track("u2"),
    )
    loading.drain()
    jane = ProductUser.objects.get(email=EMAIL)
    member, now = MemberFactory(), timezone.now()
    contact = Contact.objects.create(email=EMAIL.upper(), name="J. Miller", source="CSV", account=jane.account)
    RoleWord.objects.create(user=jane, role=BuyingRole.CHAMPION, source="human", note=f"{NAME} said so", by=member)
    queue_item = QueueItem.objects.create(
        account=jane.account,
        motion="success",
        tier="activate",
        segment="mid_market",
        buyer_state="likely",
        entered_at=now,
        updated_at=now,
        buyer=jane,
        why_now=f"{NAME} asked for a demo",
        handover=f"Write to {EMAIL}",
        reason_words="jane miller left",
    )
    QueueItemEvent.objects.create(item=queue_item, at=now, verb="contact", detail=NAME, before={"mark": f"ask {NAME}"})
    Touch.objects.create(
        item=queue_item,
        account=jane.account,
        kind="call",
        at=now,
        member=member,
        person=jane,
        words=f"{NAME}: no answer",
    )
    Step.objects.create(item=queue_item, account=jane.account, text=f"Call {NAME} again", created_by=member)
    Notification.objects.create(member=member, item=queue_item, kind="hand", text=f"{NAME} raised a hand", key="k")
    SavedView.objects.create(member=member, name="Mine", motion="sales", query="?q=jane.miller%40acme.example")
    ContactImport.objects.create(name="list.csv", rows={"heads": ["a"], "rows": [[1, EMAIL, NAME], [2, "b@b.example"]]})
    HandRaise.objects.create(
        source=source, received_at=now, message_id="h1", fields={"email": EMAIL, "name": NAME}, user=jane
    )
    for field in (
        "user_id",
        "claimed_user_id",
    ):  # held back as spam: one that was proven, and one that anybody may have sent
        said = {"email": "other@b.example", field: "user-jane-77", "message": field}
        HandRaise.objects.create(source=source, received_at=now, message_id=field, fields=said, is_spam=True)
    both = json.dumps({"batch": [identify(), track("u2")]}).encode()
    for kind, path, body in (
        ("request", "batch", both),
        ("request", "batch", f'{{"batch": [{{"userId": "user-jane-77", "x": "{EMAIL}"'.encode()),
        ("message", "batch", json.dumps(track("user-jane-77")).encode()),
    ):
        SetAside.objects.create(
            kind=kind, path=path, body=body, source=source, received_at=now, status=400, code="x", reason="x"
        )
    rejects = settings.HOME / "rejects" / "list.ndjson"
    rejects.parent.mkdir(exist_ok=True)
    rejects.write_text(
        json.dumps({"data": {"email": EMAIL}}) + "\n" + json.dumps({"data": {"email": "b@b.example"}}) + "\n"
    )
    yield jane, contact, source, rejects
    rejects.unlink()


def counts():
    return (
        Usage.objects.aggregate(n=Sum("count"))["n"],
        Usage.objects.values("user").distinct().count(),
        Membership.objects.count(),
        ProductUser.objects.filter(account__isnull=False).count(),
    )


def test_nothing_of_the_person_is_left_and_the_counts_are_as_before(world, django_capture_on_commit_callbacks):
    jane, contact, source, rejects = world
    land(source, identify(), track("u2", "Report Read"))  # waits for the loader
    before = counts()
    member = MemberFactory(role="admin")
    assert len(traces(*NEVER)) > 12

    found = erasing.find(EMAIL)
    assert (found.people, found.contacts, found.set_aside) == ([jane], [contact], 3)
    assert (bodies.note_names(), bodies.note_names()) == (3, 0)
    assert erasing.find(EMAIL) == found
    with django_capture_on_commit_callbacks(execute=True):
        done = erasing.erase(said=EMAIL, member=member)

    assert (done.people, done.contacts, done.waiting, done.set_aside) == (1, 1, 1, 3)
    assert traces(*NEVER, "VP Engineering") == []
    assert counts() == before
    assert rejects.read_text().count("\n") == 1
    assert [json.loads(bytes(row.body))["batch"][0]["userId"] for row in SetAside.objects.all()] == ["u2"]
    assert Landing.objects.get().size == 1
    claimed = {"email": "other@b.example", "message": "claimed_user_id"}
    assert [row.fields for row in HandRaise.objects.filter(is_spam=True).order_by("pk")] == [{}, claimed]
    jane.refresh_from_db()
    assert (str(jane), jane.key[:2], jane.account is not None) == ("Erased person", "x:", True)
    assert [
        (entry.action, entry.subject_id, entry.label, entry.detail) for entry in AuditEntry.objects.order_by("pk")
    ] == [
        ("person.erase", jane.pk, "", {}),
        ("contact.erase", contact.pk, "", {}),
    ]
    loading.drain()
    queue.route_accounts([jane.account_id])
    assert traces(*NEVER) == []
    assert erasing.find(EMAIL).is_nothing
    assert erasing.erase(said=EMAIL, member=member).is_nothing


def test_a_delete_message_erases_at_its_place_and_the_same_id_is_somebody_new(world):
    jane, _contact, source, _rejects = world
    delete = {"type": "delete", "userId": "user-jane-77", "messageId": "d-1"}
    land(source, track("user-jane-77", "Old Event"), delete, track("user-jane-77", "New Event"))
    land(source, delete, {"type": "delete", "userId": "nobody"})  # a repeat, and somebody unknown

    done = loading.drain()

    assert (done.messages, done.duplicates, done.set_aside) == (4, 1, 0)
    jane.refresh_from_db()
    again = ProductUser.objects.get(key="u:user-jane-77")
    assert (jane.erased_at is not None, again.pk != jane.pk, again.name, again.email) == (True, True, "", "")
    events = {name: user for user, name in Usage.objects.values_list("user", "event_type__name")}
    assert (events["Old Event"], events["New Event"]) == (jane.pk, again.pk)
    assert traces(EMAIL, NAME) == []
    assert not UserAlias.objects.filter(user=jane).exists()
    entry = AuditEntry.objects.get(action="person.erase")
    assert (entry.by, entry.way) == (None, "message")


@pytest.mark.parametrize("order", [(3, *rest) for rest in itertools.permutations(range(3))] + [(1, 3, 0, 2)])
def test_what_was_done_before_a_delete_brings_nobody_back_whenever_it_comes(order):
    source = SourceFactory()
    noon = timezone.now() - dt.timedelta(hours=6)
    said = {"traits": {"email": EMAIL, "name": NAME}, "timestamp": noon.isoformat()}
    items = [
        {"type": "identify", "userId": "user-jane-77", "anonymousId": "phone", **said},
        {"type": "identify", "anonymousId": "phone", **said},
        track("user-jane-77", timestamp=noon.isoformat()),
        {"type": "delete", "userId": "user-jane-77", "timestamp": (noon + dt.timedelta(hours=1)).isoformat()},
    ]
    for place in order:
        land(source, items[place])
        loading.drain()
    assert traces(*NEVER) == []
    assert not ProductUser.objects.filter(key__startswith="u:").exists()


def test_what_is_done_after_erasing_makes_somebody_new_and_who_shares_the_address_stays(world):
    _jane, _contact, source, _rejects = world
    before = (timezone.now() - dt.timedelta(days=3)).isoformat()
    land(source, track("twin", context={"traits": {"email": EMAIL}}), track("other", anonymousId="tablet"))
    loading.drain()
    land(source, {"type": "delete", "userId": "user-jane-77"})
    loading.drain()
    land(source, track("twin", "Late", context={"traits": {"email": EMAIL}}, timestamp=before))
    land(source, track("user-jane-77", "Late", timestamp=before), track("user-jane-77", "New"))
    loading.drain()
    told = Usage.objects.filter(user__key__in=["u:twin", "u:user-jane-77"], event_type__name__in=["Late", "New"])
    assert set(told.values_list("user__key", "event_type__name")) == {("u:twin", "Late"), ("u:user-jane-77", "New")}
    erasing.erase(said=EMAIL)
    land(source, *(track(who, context={"traits": {"email": EMAIL}}, timestamp=before) for who in ("twin", "third")))
    loading.drain()
    assert traces(EMAIL, NAME) == []


def test_one_of_two_people_of_a_company_keeps_his_own_words(world):
    jane, _contact, _source, _rejects = world
    other = ProductUser.objects.create(
        key="u:pat", name="Pat Milleran", email="pat@acme.example", account=jane.account, first_seen_at=timezone.now()
    )
    item = QueueItem.objects.get()
    QueueItem.objects.filter(pk=item.pk).update(why_now=f"Pat Milleran and {NAME}: 3 reports")

    erasing.erase(said="user-jane-77")

    item.refresh_from_db()
    other.refresh_from_db()
    assert (item.why_now, other.name) == ("Pat Milleran and [erased]: 3 reports", "Pat Milleran")
    assert dt.timedelta(0) < timezone.now() - ProductUser.objects.get(pk=jane.pk).erased_at


def test_what_stands_where_the_person_was_before_goes_too_and_no_account_of_a_person_is_named_in_the_log(world):
    jane, *_rest = world
    old = jane.account
    new = corrections.split(account_id=old.pk, name="Alone", people=[jane.pk], member=None).to_account
    further = AccountFactory(name="Further")
    corrections.merge(account_id=new.pk, into_id=further.pk, member=None)
    own = AccountFactory(name=NAME, of_person=True)
    suggested = MergeSuggestion.objects.create(
        account=own, into=further, score=0.5, evidence={}, found_at=timezone.now()
    )
    listing.dismiss(suggestion_id=suggested.pk, member=None)

    erasing.erase(said=EMAIL)

    where = traces(NAME, EMAIL)
    assert where == ["accounts_account.name"], "that of somebody else of this name"


def test_an_address_is_one_in_letters_and_in_ascii_and_may_be_the_id_of_a_workspace():
    email = "jo@münchen-tools.de"
    land(SourceFactory(), identify("jo-7", email=email) | {"context": {"groupId": email}})
    land(SourceFactory(), {"type": "group", "groupId": email, "userId": "jo-7", "traits": {"name": "Jo’s"}})
    loading.drain()
    assert traces(email)
    done = erasing.erase(said="JO@xn--mnchen-tools-dlb.de")
    assert (done.people, traces(email, "jo-7")) == (1, [])


def test_two_people_are_erased_from_what_would_be_called_the_same_without_them():
    member = MemberFactory()
    for email in (EMAIL, "joe@acme.example"):
        SavedView.objects.create(member=member, motion="sales", name=f"About {email}", query="")
        land(SourceFactory(), identify(email, email=email))
    loading.drain()
    for email in (EMAIL, "joe@acme.example"):
        assert erasing.erase(said=email).people == 1
    assert traces(EMAIL, "joe@acme") == []


def test_the_page_says_what_goes_and_asks_for_the_address_again(world, sign_in):
    jane, *_rest = world
    admin = sign_in("admin")
    page = admin.get(reverse("erase"), {"person": jane.pk}).content.decode()
    assert (NAME in page, "cannot be undone" in page, f'value="{EMAIL}"' in page) == (True, True, True)
    refused = admin.post(reverse("erase"), {"q": EMAIL, "confirm": "jane"})
    assert (refused.status_code, 'value="jane"' in refused.content.decode()) == (422, True)
    assert ProductUser.objects.filter(email=EMAIL).exists()

    answer = admin.post(reverse("erase"), {"q": EMAIL, "confirm": EMAIL.upper()}, follow=True).content.decode()
    assert ("1 person, 1 contact" in answer, NAME in answer) == (True, False)
    assert not ProductUser.objects.filter(email=EMAIL).exists()
    assert "Nobody is known" in admin.post(reverse("erase"), {"q": EMAIL}).content.decode()
    again = admin.post("/api/erase/", {"subject": EMAIL}, content_type="application/json")
    assert (again.status_code, again.json()["people"]) == (200, 0)
    assert admin.post("/api/erase/", {"subject": ""}, content_type="application/json").status_code == 400
    assert {entry.way for entry in AuditEntry.objects.all()} == {"page"}
