"""Forms of raised hands: what is posted with them is kept first, and programs are told apart."""

import datetime as dt
import re

import msgspec
import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from accounts import addresses, landing, loading
from accounts.models import AuditEntry, HandRaise, HandRaiseForm, Landing, ProductUser, Role
from accounts.raising import forms, spam, taking, trust
from accounts.sign_in import InvitedOnly
from tests.factories import MemberFactory, SourceFactory
from tests.feed import account_of, group, identify, load

pytestmark = pytest.mark.django_db

SITE = "https://www.acme.com"
NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
NOON = NOW.replace(hour=12)


@pytest.fixture
def form():
    landing.forget()
    return HandRaiseForm.objects.create(
        name="Pricing", source=SourceFactory(), placement="pricing page", asks=["name", "message"]
    )


def post(client, form, /, *, accept="application/json", **more):
    headers = {"accept": accept} | more.pop("headers", {})
    fields = {"form": form.key, "email": "ann@acme.com", "message": "SSO for 40 seats"} | more
    return client.post("/hand-raise", fields, headers=headers)


def test_a_raised_hand_is_kept_beside_its_message_and_linked_by_the_loader(client, form):
    load(identify("u-7", email="ann@acme.com"))
    assert post(client, form, user_id="u-7").json() == {"success": True}
    row = HandRaise.objects.get()
    assert (row.form, row.placement, row.is_spam, row.linked_at) == (form, "pricing page", False, None)
    assert row.fields["message"] == "SSO for 40 seats"
    assert Landing.objects.count() == 1
    load()
    row.refresh_from_db()
    assert (row.user.key, row.account) == ("u:u-7", account_of("u-7"))
    assert row.linked_at


@pytest.mark.parametrize(("others", "who"), [([], "u:u-7"), (["u-8"], "u:ann@acme.com")])
def test_whoever_is_known_by_the_e_mail_alone_raises_it_unless_there_are_several(client, form, others, who):
    load(*(identify(user, email="Ann@acme.com") for user in ["u-7", *others]))
    post(client, form)
    load()
    assert HandRaise.objects.get().user.key == who


def test_somebody_without_a_company_is_linked_to_the_account_of_his_own(client, form):
    post(client, form, email="ann@gmail.com")
    load()
    assert HandRaise.objects.get().account.of_person


@pytest.mark.parametrize("names_it", [False, True])
def test_a_write_key_needs_no_form_and_no_limit_holds_for_it_nor_do_its_hands_count_for_others(client, form, names_it):
    said = {"form": form.key if names_it else "", "write_key": form.source.write_key}
    for n in range(spam.MOST + 1):
        post(client, form, **said, message_id=f"crm-{n}")
    rows = HandRaise.objects.all()
    named = form if names_it else None
    assert [(row.form, row.is_spam, row.sender) for row in rows] == [(named, False, "")] * (spam.MOST + 1)
    with time_machine.travel(timezone.now() + dt.timedelta(hours=1)):
        assert post(client, form, **said, message_id="crm-1").status_code == 200
    assert rows.get(sent=2).message_id == rows[1].message_id
    assert post(client, form).status_code == 200
    assert not rows.exclude(is_spam=False).exists()


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"website": "http://buy.example"}, "honeypot"),
        ({"website": "http://buy.example", "email": "nobody"}, "honeypot"),
        ({"token": "rubbish"}, "bad_token"),
        ({"token": spam.token(NOW - dt.timedelta(seconds=1))}, "too_fast"),
        ({"token": spam.token(NOW + dt.timedelta(hours=1))}, "bad_token"),
        ({"headers": {"origin": "https://elsewhere.com"}}, "origin"),
        ({"headers": {"origin": "null"}}, "origin"),
        ({"token": spam.token(NOW - dt.timedelta(seconds=3)), "headers": {"origin": SITE}}, ""),
        ({"headers": {"origin": "http://testserver"}}, ""),
        ({}, ""),
    ],
)
def test_spam_is_kept_with_its_reason_and_thanked_like_anybody(client, form, sent, reason):
    HandRaiseForm.objects.update(origins=[SITE])
    with time_machine.travel(NOW, tick=False):
        answer = post(client, form, **sent)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    row = HandRaise.objects.get()
    assert (row.is_spam, row.spam_because) == (bool(reason), reason)
    assert Landing.objects.count() == (not reason)


def test_the_sixth_from_one_address_or_with_one_e_mail_in_ten_minutes_is_held_back(client, form):
    with time_machine.travel(NOW, tick=False) as clock:
        for n in range(6):
            post(client, form, email=f"a{n}@acme.com", headers={"x-forwarded-for": "6.6.6.6, 203.0.113.7"})
        for n in range(6):
            post(
                client, form, email="bob@acme.com", headers={"x-forwarded-for": f"2001:db8:{n}::1, ::ffff:192.0.2.{n}"}
            )
        post(client, form, email="eve@acme.com", headers={"x-forwarded-for": "2001:db8:0::2"})
        said = list(HandRaise.objects.order_by("pk").values_list("spam_because", flat=True))
        assert said == [*[""] * 5, "address", *[""] * 5, "email", ""]
        clock.shift(spam.WITHIN)
        post(client, form, email="a9@acme.com", headers={"x-forwarded-for": "203.0.113.7"})
    assert not HandRaise.objects.latest("pk").is_spam
    assert "203.0.113" not in str(list(HandRaise.objects.values()))


def test_a_form_takes_no_more_than_many_people_send_from_whatever_addresses(client, form, monkeypatch):
    monkeypatch.setattr(spam, "MOST_OF_FORM", 2)
    for n in range(3):
        answer = post(client, form, email=f"a{n}@acme{n}.com", headers={"x-forwarded-for": f"203.0.113.{n}"})
    assert answer.status_code == 429
    assert HandRaise.objects.get(is_spam=True).spam_because == "form"


def test_a_flood_of_spam_is_counted_and_not_kept(client, form, monkeypatch):
    monkeypatch.setattr(spam, "KEPT_AN_HOUR", 2)
    for number in range(4):
        assert post(client, form, website="x", email=f"{number}@acme.com").status_code == 200
    assert HandRaise.objects.count() == 2


def test_spam_is_kept_for_90_days_and_raised_hands_for_good(client, form):
    post(client, form)
    post(client, form, website="x")
    HandRaise.objects.update(received_at=timezone.now() - dt.timedelta(days=91))
    loading.prune()
    assert [row.is_spam for row in HandRaise.objects.all()] == [False]


def test_an_admin_lets_through_what_is_none_and_only_once(client, form, sign_in):
    post(client, form, website="filled by an eager browser")
    row = HandRaise.objects.get()
    admin = sign_in(Role.ADMIN)
    page = admin.get(reverse("hand_raises") + "?tab=spam").content.decode()
    assert "the field that people do not see was filled in" in page
    for _ in range(2):
        admin.post(reverse("hand_raise_through", args=[row.pk]))
    assert Landing.objects.count() == 1
    load()
    row.refresh_from_db()
    assert (row.is_spam, row.spam_because) == (False, "honeypot")
    assert row.account == account_of("ann@acme.com")
    assert AuditEntry.objects.get().action == "hand_raise.not_spam"
    assert "ann@acme.com" not in str(AuditEntry.objects.values())


def test_sites_that_a_form_allows_read_its_answers_and_frame_it_and_others_do_not(client, form):
    open_to_all = client.get(reverse("hand_form_page", args=[form.key]))
    assert "frame-ancestors *" in open_to_all["Content-Security-Policy"]
    HandRaiseForm.objects.update(origins=[SITE])
    here = client.get(reverse("hand_form_page", args=[form.key]))
    assert f"frame-ancestors 'self' {SITE}" in here["Content-Security-Policy"]
    assert "X-Frame-Options" not in here
    assert post(client, form, headers={"origin": SITE})["Access-Control-Allow-Origin"] == SITE
    assert post(client, form, headers={"origin": "https://e.com"})["Access-Control-Allow-Origin"] == "http://testserver"
    wrong = post(client, form, email="nobody", headers={"origin": SITE})
    assert (wrong.status_code, wrong["Access-Control-Allow-Origin"]) == (400, SITE)


def test_a_plain_form_is_thanked_on_a_page_and_a_mistake_loses_nothing(client, form):
    form.thanks = "Merci!"
    form.save()
    answer = post(client, form, accept="text/html", follow=True)
    assert answer.status_code == 302
    assert b"Merci!" in client.get(answer["Location"]).content
    assert post(client, form, email="jo@gmail").json()["error"]["field"] == "email"
    wrong = post(client, form, accept="text/html", email="nobody", message="My long words")
    assert wrong.status_code == 400
    assert "My long words</textarea>" in wrong.content.decode()
    assert "Please check the e-mail address" in wrong.content.decode()


def test_without_a_database_a_visitor_has_a_page_that_sends_what_was_typed_again(client, form):
    def away(*_):
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(away):
        answer = post(client, form, accept="text/html", message="<My> long words", token="t")
        shown = client.get(reverse("hand_form_page", args=[form.key]))
    page = answer.content.decode()
    assert (answer.status_code, shown.status_code) == (503, 503)
    assert answer["Retry-After"] == "5"
    assert "frame-ancestors *" in answer["Content-Security-Policy"]
    assert "&lt;My&gt; long words</textarea>" in page
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    assert again == {"form": form.key, "token": "t", "email": "ann@acme.com"}


@pytest.mark.parametrize("what", ["form", "source"])
def test_a_form_that_is_off_shows_and_takes_nothing(client, form, what):
    row = form if what == "form" else form.source
    row.is_active = False
    row.save()
    assert post(client, form).status_code == 404
    assert client.get(reverse("hand_form_page", args=[form.key])).status_code == 404
    assert client.get(reverse("hand_form_script", args=[form.key])).status_code == 404
    assert not HandRaise.objects.exists()


def test_the_script_of_a_form_holds_its_words_as_data(client, form):
    form.question = "</script><b>'\"\u2028"
    form.save()
    answer = client.get(reverse("hand_form_script", args=[form.key]))
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/javascript")
    assert "</script" not in text
    assert text.isascii()
    for banned in ("eval(", "innerHTML", "new Function", ".style.", "onclick"):
        assert banned not in text
    assert spam.of_token(re.search(r'"token": "([^"]+)"', text)[1], timezone.now() + dt.timedelta(seconds=3)) == ""


def test_an_admin_makes_a_form_sees_its_preview_and_copies_its_lines(sign_in):
    admin, source = sign_in(Role.ADMIN), SourceFactory()
    said = {"name": "Docs", "source": source.pk, "question": "Ask us", "asks": ["message"], "origins": "Acme.com/x\n"}
    shown = admin.post(reverse("hand_form_new"), said | {"preview": "1", "question": "Ask <us>"})
    assert "Ask &lt;us&gt;" in shown.content.decode()
    assert not HandRaiseForm.objects.exists()
    page = admin.post(reverse("hand_form_new"), said, follow=True).content.decode()
    form = HandRaiseForm.objects.get()
    assert (form.origins, form.asks, form.created_by) == (["https://acme.com"], ["message"], admin.member)
    assert f"http://testserver/forms/{form.key}.js" in page
    assert f"name=&quot;form&quot; value=&quot;{form.key}&quot;" in page
    admin.post(reverse("hand_form", args=[form.pk]), said | {"question": "Ask"})
    admin.post(reverse("hand_form", args=[form.pk]), said | {"question": "Ask"})
    admin.post(reverse("hand_form", args=[form.pk]), {"action": "off"})
    told = list(AuditEntry.objects.order_by("pk").values_list("action", "label"))
    assert told == [("form.make", "Docs"), ("form.change", "Docs"), ("form.off", "Docs")]
    for wrong in ({"name": ""}, {"origins": "no site at all"}, {"name": "x\x00"}):
        answer = admin.post(reverse("hand_form", args=[form.pk]), said | {"question": "Kept words"} | wrong)
        assert answer.status_code == 422
        assert "Kept words" in answer.content.decode()


def test_typing_previews_a_form_and_saves_nothing(form, sign_in):
    admin, here = sign_in(Role.ADMIN), reverse("hand_form", args=[form.pk])
    page = admin.get(here).content.decode()
    wanted = re.search(r'hx-post="([^"]+)"', page)[1]
    said = {"name": "Pricing", "source": form.source.pk, "question": "Typed only"}
    answer = admin.post(wanted, said, headers={"HX-Request": "true", "HX-Target": "section#hand-preview"})
    assert (answer.status_code, "Typed only" in answer.content.decode()) == (200, True)
    form.refresh_from_db()
    assert form.question == ""
    assert admin.post(here, said).status_code == 302
    form.refresh_from_db()
    assert form.question == "Typed only"


def test_forms_are_counted_by_placement_in_two_queries(form, django_assert_num_queries):
    for n, placement in enumerate(["docs", "docs", "app"]):
        taking.take(
            source=form.source,
            form=form,
            fields={"email": f"{n}@acme.com", "placement": placement},
            received_at=timezone.now(),
        )
    HandRaiseForm.objects.create(name="Other", source=form.source)
    with django_assert_num_queries(2):
        rows = forms.overview()
    assert [(row.form.name, row.raised, row.by_placement) for row in rows] == [
        ("Other", 0, []),
        ("Pricing", 3, [("docs", 2), ("app", 1)]),
    ]


def test_a_name_that_is_taken_is_refused(form, sign_in):
    admin = sign_in(Role.ADMIN)
    answer = admin.post(reverse("hand_form_new"), {"name": "Pricing", "source": form.source.pk})
    assert answer.status_code == 422
    assert HandRaiseForm.objects.count() == 1


def test_a_form_by_rest_is_made_changed_switched_removed_and_put_back(client, sign_in):
    SourceFactory(name="App")
    admin = sign_in(Role.ADMIN)

    def send(path, said, method="post"):
        return getattr(admin, method)(f"/api/forms/{path}", said, content_type="application/json")

    made = send("", {"name": "Docs", "asks": ["message"], "origins": ["acme.com"], "consent": "You may call me."})
    told = made.json()
    assert (made.status_code, told["source"], told["origins"]) == (201, "App", ["https://acme.com"])
    assert told["script"] == f"http://testserver/forms/{told['key']}.js"
    path = f"{told['id']}/"
    for wrong, field in [
        ({"name": "x", "thanks_url": "javascript:alert(1)"}, "thanks_url"),
        ({"name": "x", "origins": ["no site"]}, "origins"),
        ({"name": "Docs"}, "name"),
        ({"name": "x", "asks": ["phone"]}, "asks"),
        ({"name": "x", "source": "none"}, "source"),
        ({"name": "x", "button": "b" * 61}, "button"),
        ({}, "name"),
    ]:
        answer = send("", wrong)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field), wrong
    assert send(path, {"question": "Ask us", "is_active": False}, "patch").json()["is_active"] is False
    assert send(path, {"is_active": True}, "patch").json()["question"] == "Ask us"
    assert send(path + "remove/", {}).json()["removed_at"]
    assert admin.get("/api/forms/").json()["count"] == 0
    assert admin.get("/api/forms/?removed=true").json()["count"] == 1
    assert client.get(f"/forms/{told['key']}/").status_code == 404
    assert send(path, {"question": "x"}, "patch").status_code == 400
    other = send("", {"name": "Docs"}).json()
    taken = send(path + "put-back/", {})
    assert (taken.status_code, taken.json()["error"]["field"]) == (400, "name")
    send(f"{other['id']}/remove/", {})
    assert send(path + "put-back/", {}).json()["removed_at"] is None
    assert sign_in(Role.SALES).get("/api/forms/").status_code == 403
    said = list(AuditEntry.objects.order_by("pk").values_list("action", "way").distinct())
    assert {("form.remove", "api"), ("form.put_back", "api")} <= set(said)


def test_nobody_speaks_for_another_by_a_user_id_or_a_workspace_that_a_form_says(client, form):
    load(
        identify("u-7", email="ann@acme.com", title="Designer", name="Ann Lee"),
        group("ws-acme", "u-7", name="Acme", domain="acme.com"),
    )
    claim = {"user_id": "u-7", "group_id": "ws-acme", "title": "CEO", "name": "Eve", "company": "Evil"}
    post(client, form, email="eve@evil.com", **claim)
    post(client, form, email="eve@evil.com", message="proven of another", user_hash=trust.proof(form, "u-8"), **claim)
    post(client, form, email="ann@acme.com", title="CEO", name="Eve", group_id="ws-acme")
    load()
    ann = ProductUser.objects.get(key="u:u-7")
    assert (ann.email, ann.title, ann.name) == ("ann@acme.com", "Designer", "Ann Lee")
    *eves, hers = HandRaise.objects.order_by("pk")
    for row in eves:
        assert (row.user.key, row.account.domain) == ("u:eve@evil.com", "evil.com")
        assert (row.fields["claimed_user_id"], row.fields["claimed_group_id"]) == ("u-7", "ws-acme")
        assert "user_id" not in row.fields
    assert (hers.user, hers.account, hers.fields["group_id"]) == (ann, ann.account, "ws-acme")
    assert set(ann.memberships.values_list("workspace__external_id", flat=True)) == {"ws-acme"}
    assert not ProductUser.objects.get(key="u:eve@evil.com").memberships.exists()


def test_a_proven_user_id_is_the_person_whatever_e_mail_is_typed_and_keeps_his_own(client, form):
    load(identify("u-7", email="ann@acme.com"))
    post(client, form, email="ann@gmail.com", user_id="u-7", user_hash=trust.proof(form, "u-7"))
    load()
    row = HandRaise.objects.get()
    assert (row.user.key, row.user.email, row.account.domain) == ("u:u-7", "ann@acme.com", "acme.com")
    assert row.fields["email"] == "ann@gmail.com"


def test_the_same_sent_twice_is_one_raised_hand_and_a_servers_message_id_counts_once(client, form):
    for _ in range(3):
        assert post(client, form).status_code == 200
    assert HandRaise.objects.get().sent == 3
    for message in ("first", "second"):
        post(client, form, form="", write_key=form.source.write_key, message_id="crm-1", message=message)
    assert HandRaise.objects.filter(form=None).get().fields["message"] == "first"
    assert Landing.objects.count() == 2


def test_who_saves_a_form_changes_nothing_that_another_admin_does_at_that_moment(form):
    admin, found = MemberFactory(role=Role.ADMIN), HandRaiseForm.objects.get(pk=form.pk)
    forms.switch(form=form, on=False, member=admin)
    forms.remove(form=form, member=admin)
    found.question = "Talk to sales"
    forms.save(form=found, member=admin)
    form.refresh_from_db()
    assert (form.question, form.is_active, form.removed_at is None) == ("Talk to sales", False, False)


def test_who_was_too_fast_and_sends_it_again_is_heard(client, form):
    with time_machine.travel(NOON, tick=False) as clock:
        token = spam.token(NOON)
        for _ in range(3):
            assert post(client, form, token=token).status_code == 200
            clock.shift(dt.timedelta(seconds=1.5))
    held, heard = HandRaise.objects.order_by("pk")
    assert (held.spam_because, held.sent, heard.is_spam, heard.sent) == ("too_fast", 2, False, 1)


def test_an_address_is_read_from_the_header_of_trusted_proxies_alone(client, form, settings):
    settings.ENV = msgspec.structs.replace(settings.ENV, TRUSTED_PROXIES=0)
    for n in range(spam.MOST + 1):
        answer = post(client, form, email=f"a{n}@acme.com", headers={"x-forwarded-for": f"203.0.113.{n}"})
    assert answer.status_code == 429


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address", "counted"),
    [
        ("127.0.0.1", "6.6.6.6, 81.2.69.142", "auto", "81.2.69.142", "81.2.69.142"),
        ("10.0.0.7", "[2a00:1450::5]:443", "auto", "2a00:1450::5", "2a00:1450::/64"),
        ("", "81.2.69.142:5000", "auto", "81.2.69.142", "81.2.69.142"),  # a proxy by a socket of this machine
        (
            "81.2.69.142",
            "6.6.6.6",
            "auto",
            "81.2.69.142",
            "81.2.69.142",
        ),  # nothing in front: he may write what he likes
        ("::ffff:81.2.69.142", "6.6.6.6", "auto", "81.2.69.142", "81.2.69.142"),
        ("81.2.69.142", "6.6.6.6", 1, "6.6.6.6", "6.6.6.6"),
        ("127.0.0.1", "5.5.5.5, 6.6.6.6", 2, "5.5.5.5", "5.5.5.5"),
        ("127.0.0.1", "6.6.6.6", 0, "127.0.0.1", "127.0.0.1"),
        ("fe80::1%eth0", "", "auto", "fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", "unknown", "auto", "unknown", "unknown"),
    ],
)
def test_who_called_is_told_by_as_many_proxies_as_there_are(rf, settings, peer, forwarded, proxies, address, counted):
    assert addresses.of_client(peer=peer, forwarded=forwarded, proxies=proxies) == address
    assert addresses.to_count_by(address) == counted
    settings.ENV = msgspec.structs.replace(settings.ENV, TRUSTED_PROXIES=proxies)
    request = rf.get("/sign-in/login/", REMOTE_ADDR=peer, headers={"x-forwarded-for": forwarded})
    assert InvitedOnly(request).get_client_ip(request) == address


def test_who_sends_too_much_is_told_and_what_he_sent_is_kept(client, form, monkeypatch):
    for n in range(spam.MOST):
        post(client, form, email=f"a{n}@acme.com", headers={"x-forwarded-for": f"203.0.113.7:{5000 + n}"})
    more = {"email": "bea@acme.com", "headers": {"x-forwarded-for": "203.0.113.7:6000"}}
    for _ in range(2):
        page = post(client, form, accept="text/html", **more)
        assert (page.status_code, page["Retry-After"]) == (429, "600")
        assert "you need not send it again" in page.content.decode()
    told = post(client, form, **more)
    assert (told.status_code, told.json()["error"]["code"], told.json()["error"]["kept"]) == (429, "too_many", True)
    row = HandRaise.objects.get(fields__email="bea@acme.com")
    assert (row.is_spam, row.spam_because, row.sent) == (True, "address", 3)
    monkeypatch.setattr(spam, "KEPT_AN_HOUR", 1)
    page = post(client, form, accept="text/html", **more | {"email": "kim@acme.com", "message": "My long words"})
    assert page.status_code == 429
    assert "My long words</textarea>" in page.content.decode()


def test_consent_is_needed_and_kept_and_the_page_of_thanks_is_the_admins_alone(client, form):
    form.consent, form.consent_url = "Acme may write to me.", "https://acme.com/privacy"
    form.thanks_url = "https://acme.com/thanks?a=1"
    form.save()
    wrong = post(client, form, accept="text/html", message="x" * 10_000)
    assert wrong.status_code == 400
    assert "Please tick the box" in wrong.content.decode()
    assert "x" * 10_000 + "</textarea>" in wrong.content.decode()
    too_long = post(client, form, accept="text/html", message="y" * 10_001, consent="yes")
    assert (too_long.status_code, "y" * 10_001 in too_long.content.decode()) == (400, True)
    answer = post(client, form, accept="text/html", message="Ünï 🙂 " * 1000, consent="yes", next="https://evil.com")
    assert (answer.status_code, answer["Location"]) == (302, "https://acme.com/thanks?a=1")
    assert HandRaise.objects.get().fields["consent"] == "Acme may write to me."
    assert load().set_aside == 0
    page = client.get(reverse("hand_form_page", args=[form.key]) + "?thanks_url=https://evil.com&next=https://evil.com")
    assert "form-action 'self' https://acme.com;" in page["Content-Security-Policy"] + ";"
    assert "evil" not in page.content.decode()
    assert 'class="hand-root hand-dark"' in client.get(page.wsgi_request.path + "?theme=dark").content.decode()


@pytest.mark.parametrize(
    "said", ["javascript:alert(1)", "//evil.com", "/thanks", "https://a@b.com", "http:\\\\evil.com", "https://a b.com"]
)
def test_a_page_of_thanks_is_a_whole_address(said):
    with pytest.raises(ValidationError):
        forms.page("thanks_url", said)


def test_a_form_is_removed_and_put_back_with_a_click(form, sign_in):
    admin = sign_in(Role.ADMIN)
    here = reverse("hand_form", args=[form.pk])
    admin.post(here, {"action": "remove"})
    assert "Pricing" not in admin.get(reverse("hand_forms")).content.decode().split("toast")[0]
    assert admin.get(here).status_code == 404
    admin.post(here + "?action=back")
    assert admin.get(here).status_code == 200
