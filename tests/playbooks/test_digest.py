import datetime as dt
import smtplib
import threading

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.models import Role
from playbooks.models import DigestMail, Notification, WorkSettings
from playbooks.telling import digest, quiet
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_notifications import say
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
TOKYO = "Asia/Tokyo"
#: 22:59 and 23:00 UTC are 7:59 and 8:00 in Tokyo, of the next day.
EARLY, EIGHT = (dt.datetime(2026, 11, 20, 22, 59, tzinfo=dt.UTC), dt.datetime(2026, 11, 20, 23, tzinfo=dt.UTC))


@pytest.fixture
def member():
    member = MemberFactory(name="Ann", email="ann@team.example", timezone=TOKYO)
    WorkSettings.objects.create(member=member, by_mail=True)
    return member


def test_a_digest_says_what_and_why_with_links_at_the_members_hour_once_a_day(member, settings):
    settings.PUBLIC_URL = "https://pls.example/"
    say(member, text="Northwind <b>", why="Round robin")
    told = Notification.objects.get()
    item = make_item(account=AccountFactory(name="Halcyon"), owner=member)
    type(item).objects.filter(pk=item.pk).update(step_due_at=EARLY - dt.timedelta(hours=1))

    assert digest.send_due(EARLY) == 0
    assert digest.send_due(EIGHT) == 1
    assert digest.send_due(EIGHT + dt.timedelta(hours=3)) == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["ann@team.example"], "1 thing for you · 1 overdue step")
    html = sent.alternatives[0][0]
    for body in (sent.body, html):
        assert f"https://pls.example/notifications/{told.pk}/" in body
        assert f"https://pls.example/queue/sales/?item={item.pk}" in body
        assert "https://pls.example/profile/notifications/" in body
        assert "Round robin" in body
        assert "21 Nov 2026, 06:59 JST" in body
    assert "Northwind <b>" in sent.body
    assert "Northwind &lt;b&gt;" in html
    assert sent.extra_headers["List-Unsubscribe"] == "<https://pls.example/profile/notifications/>"

    # What was told is not told again; nothing new, no mail.
    type(item).objects.update(step_due_at=None)
    assert digest.send_due(EIGHT + dt.timedelta(days=1)) == 0
    assert WorkSettings.objects.get().digest_sent_on == dt.date(2026, 11, 22)


def test_a_mail_server_that_refuses_is_asked_again_with_all_of_it(member, monkeypatch):
    say(member)

    def refuse(_self):
        raise smtplib.SMTPServerDisconnected("gone")

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", refuse)
        assert digest.send_due(EIGHT) == 0
    assert WorkSettings.objects.get().digest_sent_on is None
    assert digest.send_due(EIGHT + dt.timedelta(minutes=15)) == 1
    assert len(mail.outbox) == 1


def test_a_digest_whose_worker_died_is_sent_once_more_as_the_same_message_and_nothing_is_told_again(
    member, monkeypatch, sign_in
):
    say(member)
    sent = []

    def die(mail):  # killed after the mail went out, before it was noted
        sent.append((mail.extra_headers["Message-ID"], mail.body))
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", die)
        with pytest.raises(SystemExit):
            digest.send_due(EIGHT)
        assert digest.send_due(EIGHT + dt.timedelta(minutes=14)) == 0
        with pytest.raises(SystemExit):
            digest.send_due(EIGHT + dt.timedelta(minutes=15))
    for minutes in (30, 45, 24 * 60):
        assert digest.send_due(EIGHT + dt.timedelta(minutes=minutes)) == 0

    assert sent[0] == sent[1]
    assert len(sent) == 2
    assert mail.outbox == []
    assert DigestMail.objects.get().state == "unsure"
    client = sign_in(Role.SALES)
    DigestMail.objects.update(member=client.member)
    assert "was possibly sent" in client.get("/profile/notifications/").content.decode()


def test_who_left_or_did_not_ask_gets_none(member):
    WorkSettings.objects.update(by_mail=False)
    say(member)
    assert digest.send_due(EIGHT) == 0
    WorkSettings.objects.update(by_mail=True)
    member.is_active = False
    member.save()
    assert digest.send_due(EIGHT) == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_sends(member):
    say(member)
    start, sent = threading.Barrier(3), []

    def work():
        start.wait(10)
        try:
            sent.append(digest.send_due(EIGHT))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)

    assert sorted(sent) == [0, 0, 1]
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("at", "quiet_hours", "expected"),
    [
        ("08:00", (None, None), "08:00"),
        ("22:00", ("20:00", "07:00"), "07:00"),
        ("06:00", ("20:00", "07:00"), "07:00"),
        ("07:00", ("20:00", "07:00"), "07:00"),
        ("12:00", ("11:00", "13:00"), "13:00"),
    ],
)
def test_a_digest_waits_for_the_end_of_the_quiet_hours(at, quiet_hours, expected):
    clock = [dt.time.fromisoformat(one) if one else None for one in (at, *quiet_hours)]
    assert quiet.digest_time(*clock) == dt.time.fromisoformat(expected)
    # On a whole day of quarters it is due at that time and from then on, but in the quiet hours.
    day = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    due = [
        moment
        for moment in (day + dt.timedelta(minutes=15 * n) for n in range(96))
        if quiet.is_due(moment, zone="UTC", digest_at=clock[0], quiet_from=clock[1], quiet_until=clock[2], sent_on=None)
    ]
    assert due[0].time() == dt.time.fromisoformat(expected)


def test_the_profile_says_how_one_is_told_and_names_what_is_wrong(sign_in):
    client = sign_in(Role.SALES)
    page = client.get("/profile/notifications/").content.decode()
    assert "What a digest would say now" in page
    typed = {"by_mail": "on", "digest_at": "07:30", "quiet_from": "20:00", "quiet_until": ""}
    answer = client.post("/profile/notifications/", typed)
    assert answer.status_code == 422
    assert "Say until when" in answer.content.decode()
    assert 'value="07:30"' in answer.content.decode()
    client.post("/profile/notifications/", typed | {"quiet_until": "07:00"})
    stored = WorkSettings.objects.get()
    assert (stored.by_mail, stored.in_browser, stored.digest_at) == (True, False, dt.time(7, 30))
    assert "Your next digest, at 07:30" in client.get("/profile/notifications/").content.decode()


def test_notifications_are_read_by_opening_them_one_by_one_or_all_and_back(sign_in):
    client, other = sign_in(Role.SALES), MemberFactory()
    for number in range(3):
        say(client.member, key=str(number), why=f"Because {number}")
    say(other)
    first = Notification.objects.order_by("pk").first()
    foreign = Notification.objects.get(member=other)

    assert client.get(f"/notifications/{first.pk}/")["Location"] == "/queue/sales/?item=1"
    assert client.get(f"/notifications/{foreign.pk}/").status_code == 404

    def page(address="/notifications/"):
        return client.get(address).content.decode().split('id="main"')[1].split('id="told"')[0]

    assert page().count("Because") == 3
    assert page().count("Mark as read:") == 2
    assert (
        "Because 0"
        not in client.get("/notifications/?unread=1").content.decode().split('id="main"')[1].split("told")[0]
    )
    done = client.post("/notifications/read", follow=True).content.decode()
    assert not Notification.objects.filter(member=client.member, read_at=None).exists()
    undo = done.split('action="/notifications/unread/')[1].split('"')[0]
    client.post(f"/notifications/unread/{undo}")
    assert Notification.objects.filter(member=client.member, read_at=None).count() == 2
    assert Notification.objects.get(pk=foreign.pk).read_at is None


def test_programs_read_notifications_too(sign_in):
    client = sign_in(Role.SALES)
    say(client.member, key="1")
    say(client.member, key="2")
    news = client.get("/api/notifications/news/").json()
    assert (news["unread"], news["unread_words"], len(news["to_show"])) == (2, "2", 2)
    ids = [one["id"] for one in news["to_show"]]

    def post(path, body):
        return client.post(f"/api/notifications/{path}/", body, content_type="application/json").json()

    assert post("shown", {"ids": ids}) == {"changed": 2}
    assert client.get("/api/notifications/news/").json()["to_show"] == []
    assert post("read", {"ids": ids[:1]}) == {"changed": 1}
    assert client.get("/api/notifications/?unread=true").json()["count"] == 1
    assert post("read", {}) == {"changed": 1}


def test_the_poll_of_the_queue_brings_the_bell(sign_in):
    client = sign_in(Role.SALES)
    make_item()
    page = client.get("/queue/sales/").content.decode()
    version = page.split('id="queue-version" name="version" value="')[1].split('"')[0]
    asked = f"/queue/sales/?version={version}"
    minute = int(timezone.now().timestamp() // 60)
    first = client.get(asked, headers={"HX-Request": "true"})
    assert first.status_code == 204 or int(timezone.now().timestamp() // 60) > minute
    say(client.member)
    fragment = client.get(asked, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-target=".bell-count" hx-swap="textContent">1<' in fragment
    assert 'data-title="Assigned to you: Northwind"' in fragment
