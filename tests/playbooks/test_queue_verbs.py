"""What reps do on the queue page: forms, conflicts, several at once, and what rows and tabs tell of it."""

import datetime as dt
import html
import re
import zoneinfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from playbooks.models import Answer, QueueItem, QueueItemEvent, QueuePolicy
from playbooks.verbs import verbs
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import HTMX, make_item, names

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return html.unescape(response.content.decode())


def test_without_javascript_an_account_is_disqualified_answered_and_the_next_one_opens(sign_in):
    client = sign_in(Role.SALES)
    first = make_item(account=AccountFactory(name="First"), priority=2)
    second = make_item(account=AccountFactory(name="Second"), priority=1)
    page = text_of(client.get("/queue/sales/"))
    link = re.search(rf'href="(/queue/items/{first.pk}/disqualify\?next=[^"]+)"', page).group(1)

    form = text_of(client.get(link))
    onward = re.search(r'name="next" value="([^"]+)"', form).group(1)
    asked = client.post(f"/queue/items/{first.pk}/disqualify", {"reason": "too_small", "next": onward}, follow=True)

    assert onward == f"/queue/sales/?item={second.pk}"
    assert "Disqualified First: Too small." in text_of(asked)
    assert 'value="wrong"' in text_of(asked)
    assert "checked" in re.search(r'<input[^>]*value="wrong"[^>]*>', text_of(asked)).group()
    answered = client.post(
        f"/queue/items/{first.pk}/answer", {"verdict": "wrong", "reason": "too_small", "next": onward}, follow=True
    )
    assert answered.redirect_chain == [(onward, 302)]
    assert Answer.objects.get(item=first).verdict == "wrong"
    assert 'id="detail-name"><a href="/accounts/' in text_of(answered)
    assert f'id="detail-{second.pk}"' in text_of(answered)


def test_with_htmx_closing_asks_for_the_answer_and_sends_the_page_onward(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)

    answer = client.post(f"/queue/items/{item.pk}/done", {"outcome": "meeting"}, headers=HTMX)

    assert answer.status_code == 200
    assert answer["HX-Trigger"] == f'{{"queue:onward": {{"item": {item.pk}}}}}'
    assert f'hx-post="/queue/items/{item.pk}/answer"' in text_of(answer)
    assert 'hx-target="#count-mine" hx-swap="textContent">0<' in text_of(answer)
    assert f'action="/queue/undo/{QueueItemEvent.objects.get(verb="done").pk}"' in text_of(answer)


@pytest.mark.parametrize(
    ("verb", "said", "kept"),
    [
        ("disqualify", {"reason": "other"}, "Say in a few words what it is."),
        ("disqualify", {"reason": "bad_timing"}, "Bad timing is what snoozing is for"),
        ("disqualify", {"words": "typed"}, "Choose one."),
        ("done", {"outcome": "sold", "words": "typed"}, "sold is not one of the available choices"),
        ("snooze", {"when": "date"}, "Choose the day."),
        ("snooze", {"when": "date", "on": "2020-01-01"}, "That is in the past."),
        ("return", {"to": "sales", "words": "typed"}, "sales is not one of the available choices"),
    ],
)
def test_a_form_that_is_wrong_says_so_at_its_field_and_keeps_what_was_typed(sign_in, verb, said, kept):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)

    for headers in ({}, HTMX):
        response = client.post(f"/queue/items/{item.pk}/{verb}", said, headers=headers)
        assert response.status_code == 422
        assert kept in text_of(response)
        assert said.get("words", "") in text_of(response)
    item.refresh_from_db()
    assert item.state == "claimed"


def test_who_comes_second_is_told_who_did_what_and_keeps_the_words(sign_in):
    item = make_item(account=AccountFactory(name="Northwind"))
    client = sign_in(Role.SALES)
    verbs.claim(item_id=item.pk, member=MemberFactory(name="Kim Adeyemi", role="sales"))

    for headers in ({}, HTMX):
        response = client.post(
            f"/queue/items/{item.pk}/disqualify", {"reason": "other", "words": "My own words"}, headers=headers
        )
        assert response.status_code == 409
        assert "Kim Adeyemi claimed Northwind just now" in text_of(response)
        assert 'value="My own words"' in text_of(response)
    opened = client.get(f"/queue/items/{item.pk}/snooze", headers=HTMX)
    assert opened.status_code == 409
    assert "Kim Adeyemi claimed Northwind just now" in text_of(opened)


def test_snoozing_until_tomorrow_is_nine_o_clock_on_the_members_clock(sign_in):
    member = MemberFactory(role="sales", timezone="Asia/Tokyo")
    client = sign_in(member)
    item = make_item()

    client.post(f"/queue/items/{item.pk}/snooze", {"when": "tomorrow", "on_signal": "on"})

    item.refresh_from_db()
    there = item.snoozed_until.astimezone(zoneinfo.ZoneInfo("Asia/Tokyo"))
    today = timezone.now().astimezone(zoneinfo.ZoneInfo("Asia/Tokyo")).date()
    assert (there.date(), there.hour, there.minute) == (today + dt.timedelta(days=1), 9, 0)
    assert (item.state, item.owner, item.wakes_on_signal) == ("snoozed", member, True)


def test_only_an_admin_assigns_and_only_to_somebody_who_works_the_queue(sign_in):
    item = make_item()
    ana, uma = MemberFactory(name="Ana Diaz", role="sales"), MemberFactory(name="Uma Kaur", role="success")
    admin, rep = sign_in(Role.ADMIN), sign_in(Role.SALES)

    assert rep.post(f"/queue/items/{item.pk}/assign", {"to": ana.pk}).status_code == 403
    assert "Uma Kaur" not in text_of(admin.get(f"/queue/items/{item.pk}/assign"))
    assert admin.post(f"/queue/items/{item.pk}/assign", {"to": uma.pk}).status_code == 422
    admin.post(f"/queue/items/{item.pk}/assign", {"to": ana.pk, "because": "knows them"})

    item.refresh_from_db()
    assert item.owner == ana
    assert "assigned: knows them" in re.sub(r"<[^>]+>|\s+", " ", text_of(admin.get("/queue/sales/"))).replace("  ", " ")


def test_an_answer_may_be_given_anew_and_the_audit_is_told_only_after_it(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member, is_audit=True)
    assert "audit" not in text_of(client.get("/queue/sales/?tab=mine"))

    client.post(f"/queue/items/{item.pk}/answer", {"verdict": "good", "reason": "too_small"})
    client.post(f"/queue/items/{item.pk}/answer", {"verdict": "not_now", "words": "In March"})

    answer = Answer.objects.get()
    assert (answer.verdict, answer.reason, answer.words, answer.score) == ("not_now", "", "In March", 85)
    assert "audit" in text_of(client.get("/queue/sales/?tab=mine"))


# Several at once -----------------------------------------------------------------------------------------------------


def test_many_are_claimed_at_once_those_who_were_faster_are_named_and_one_undo_takes_it_back(sign_in):
    client = sign_in(Role.SALES)
    mine = [make_item() for _ in range(3)]
    taken = make_item(owner=MemberFactory(name="Ana Diaz", role="sales"))
    other = make_item(motion="success")

    answer = client.post(
        "/queue/sales/bulk", {"verb": "claim", "ids": [item.pk for item in (*mine, taken, other)]}, headers=HTMX
    )

    assert "3 claimed. 1 was taken by Ana Diaz." in text_of(answer)
    assert QueueItem.objects.filter(owner=client.member).count() == 3
    undo = re.search(r'action="(/queue/undo/all/[^"]+)"', text_of(answer)).group(1)
    assert "3 undone." in text_of(client.post(undo, headers=HTMX))
    assert QueueItem.objects.filter(owner=client.member).count() == 0


def test_a_verb_with_a_form_asks_once_for_all_that_are_selected(sign_in):
    client = sign_in(Role.SALES)
    ids = [make_item().pk for _ in range(2)]

    for headers in ({}, HTMX):
        asked = text_of(client.post("/queue/sales/bulk", {"verb": "disqualify", "ids": ids}, headers=headers))
        assert "2 accounts" in asked
        assert all(f'name="ids" value="{id_}"' in asked for id_ in ids)
    wrong = client.post("/queue/sales/bulk", {"verb": "disqualify", "ids": ids, "confirmed": "1", "reason": "other"})
    assert wrong.status_code == 422
    done = {"verb": "disqualify", "ids": ids, "confirmed": "1", "reason": "bot"}
    assert "2 disqualified." in text_of(client.post("/queue/sales/bulk", done, follow=True))
    assert set(QueueItem.objects.values_list("state", "reason")) == {("disqualified", "bot")}


def test_all_that_match_the_filter_are_done_at_once_beyond_the_page_with_one_undo(sign_in, monkeypatch):
    monkeypatch.setattr("playbooks.screens.queue.PAGE", 3)
    client = sign_in(Role.SALES)
    matching = [make_item(segment="smb") for _ in range(5)]
    make_item(segment="enterprise")
    address = "/queue/sales/?segment=smb"

    page = text_of(client.get(address))
    assert "All 5 that match" in page
    assert "that match" not in text_of(client.get("/queue/sales/?segment=enterprise"))
    of_match = {"verb": "disqualify", "ids": [matching[0].pk], "match": "?segment=smb", "next": address}
    asked = text_of(client.post("/queue/sales/bulk", of_match, headers=HTMX))
    assert "5 accounts" in asked
    assert 'name="match" value="?segment=smb"' in asked
    done = client.post("/queue/sales/bulk", of_match | {"confirmed": "1", "reason": "bot"}, headers=HTMX)
    assert done.headers["HX-Redirect"] == address
    told = text_of(client.get(address))
    assert "5 disqualified." in told
    assert set(QueueItem.objects.filter(segment="smb").values_list("state", flat=True)) == {"disqualified"}
    assert QueueItem.objects.get(segment="enterprise").state == "new"

    undo = re.search(r'action="(/queue/undo/all/[^"]+)"', told).group(1)
    client.post(undo, headers=HTMX)
    assert set(QueueItem.objects.values_list("state", flat=True)) == {"new"}

    monkeypatch.setattr("playbooks.screens.queue.MOST_MATCHED", 4)
    assert "The first 4 of 5 that match" in text_of(client.get(address))
    client.post("/queue/sales/bulk", {"verb": "claim", "match": "?segment=smb"})
    assert QueueItem.objects.filter(owner=client.member).count() == 4
    wrong = client.post("/queue/sales/bulk", {"verb": "claim", "match": "?segment=huge"}, follow=True)
    assert QueueItem.objects.filter(owner=client.member).count() == 4
    assert "Segment" in text_of(wrong)


def test_an_action_on_many_reads_as_often_for_two_as_for_twenty(sign_in):
    client = sign_in(Role.SALES)

    def queries(count: int) -> int:
        ids = [make_item(account=AccountFactory()).pk for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assert client.post("/queue/sales/bulk", {"verb": "claim", "ids": ids}, headers=HTMX).status_code == 200
        return sum(query["sql"].startswith("SELECT") for query in captured)

    assert queries(2) == queries(20)


@pytest.mark.parametrize("said", [{"verb": "finish"}, {"verb": "assign"}, {"verb": ""}, {}])
def test_only_known_verbs_are_done_to_many(sign_in, said):
    assert sign_in(Role.SALES).post("/queue/sales/bulk", {"ids": [make_item().pk]} | said).status_code == 403


def test_nothing_selected_is_said(sign_in):
    page = sign_in(Role.SALES).post("/queue/sales/bulk", {"verb": "claim", "ids": ["x", "²"]}, follow=True)
    assert "Select accounts first" in text_of(page)


# What rows and tabs tell ---------------------------------------------------------------------------------------------


def test_what_sleeps_and_what_was_closed_has_its_tab_own_or_everybodys(sign_in):
    client, kim = sign_in(Role.SALES), MemberFactory(role="sales")
    for name, member in (("Mine", client.member), ("Theirs", kim)):
        asleep, closed, gone = (make_item(account=AccountFactory(name=f"{name} {what}")) for what in ("a", "c", "l"))
        verbs.snooze(item_id=asleep.pk, member=member, until=None)
        verbs.disqualify(item_id=closed.pk, member=member, reason="too_small")
        QueueItem.objects.filter(pk=gone.pk).update(state="left", closed_at=timezone.now())

    assert names(client.get("/queue/sales/?tab=snoozed")) == ["Mine a"]
    assert set(names(client.get("/queue/sales/?tab=snoozed&whose=all"))) == {"Mine a", "Theirs a"}
    assert names(client.get("/queue/sales/?tab=closed")) == ["Mine c"]
    assert names(client.get("/queue/sales/?tab=closed&whose=all")) == ["Theirs c", "Mine c"]
    page = text_of(client.get("/queue/sales/?tab=closed"))
    assert re.search(r'id="count-snoozed">1<', page)
    assert "Disqualified: Too small" in page
    assert "/reopen" in page
    QueueItem.objects.update(closed_at=timezone.now() - dt.timedelta(days=31))
    assert names(client.get("/queue/sales/?tab=closed&whose=all")) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"due_at": dt.timedelta(minutes=42, seconds=20), "warn_at": -dt.timedelta(minutes=5)}, "due in 42 min"),
        ({"due_at": -dt.timedelta(hours=2, minutes=5)}, "missed by 2 hours"),
        ({"step_due_at": -dt.timedelta(days=2, minutes=5)}, "step overdue by 2 days"),
        ({"woke_at": -dt.timedelta(hours=1), "woke_because": "Buyer joined"}, "back: Buyer joined"),
        ({"look_again": "Pricing viewed"}, "look again?"),
        ({"state": "snoozed"}, "asleep until a strong signal"),
    ],
)
def test_a_row_says_its_state_in_words(sign_in, fields, said):
    client, now = sign_in(Role.SALES), timezone.now()
    given = {name: now + value if isinstance(value, dt.timedelta) else value for name, value in fields.items()}
    item = make_item(owner=client.member)
    QueueItem.objects.filter(pk=item.pk).update(**given)
    tab = "snoozed" if "state" in fields else "mine"

    row = text_of(client.get(f"/queue/sales/?tab={tab}")).split('id="queue-rows"')[1].split("</ol>")[0]

    assert said in row


def test_a_fresh_sign_up_is_left_in_peace_until_its_day(sign_in):
    client = sign_in(Role.SALES)
    QueuePolicy.objects.create(motion="sales", early_days=5)
    today = timezone.now().date()
    item = make_item(owner=client.member, first_seen_on=today - dt.timedelta(days=2))

    page = text_of(client.get("/queue/sales/?tab=mine"))
    assert "too early until" in page
    assert f"/queue/items/{item.pk}/touch" not in page
    QueueItem.objects.update(hand_raised_at=timezone.now())
    page = text_of(client.get("/queue/sales/?tab=mine"))
    assert "too early until" not in page
    assert f"/queue/items/{item.pk}/touch" in page


def test_the_pane_says_which_of_how_many_it_is_also_when_some_are_gone(sign_in):
    client = sign_in(Role.SALES)
    items = [make_item(priority=9 - place) for place in range(3)]
    assert "2 of 3" in text_of(client.get(f"/queue/sales/?item={items[1].pk}"))
    verbs.disqualify(item_id=items[0].pk, member=client.member, reason="too_small")

    said = {"shown": ",".join(str(item.pk) for item in items), "item": items[2].pk}
    assert "3 of 3" in text_of(client.get("/queue/sales/", said, headers=HTMX))


def test_the_account_that_opens_by_itself_is_one_nobody_else_works_on(sign_in):
    make_item(priority=9, owner=MemberFactory(role="sales"))
    free = make_item(priority=1)

    assert f'id="detail-{free.pk}"' in text_of(sign_in(Role.SALES).get("/queue/sales/"))


def test_the_last_event_can_be_undone_from_the_history_by_who_did_it(sign_in):
    client, kim = sign_in(Role.SALES), sign_in(Role.SALES)
    item = make_item()
    client.post(f"/queue/items/{item.pk}/claim")
    event = QueueItemEvent.objects.get(verb="claimed")
    page = f"/queue/sales/?item={item.pk}"

    assert f'action="/queue/undo/{event.pk}"' not in text_of(kim.get(page))
    assert "Only who did it can undo it." in text_of(kim.post(f"/queue/undo/{event.pk}", headers=HTMX))
    assert f'action="/queue/undo/{event.pk}"' in text_of(client.get(page))
    undone = client.post(f"/queue/undo/{event.pk}", headers=HTMX)
    assert undone["HX-Trigger"] == f'{{"queue:open": {{"item": {item.pk}}}}}'
    assert "taken back" in text_of(client.get(page))
    QueueItemEvent.objects.update(undone_at=None, at=timezone.now() - dt.timedelta(minutes=16))
    assert f'action="/queue/undo/{event.pk}"' not in text_of(client.get(page))


def test_the_accounts_page_has_the_same_actions_for_open_and_past_items(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)
    page = text_of(client.get(f"/accounts/{item.account_id}/"))
    assert all(f"/queue/items/{item.pk}/{verb}" in page for verb in ("done", "snooze", "disqualify", "return", "touch"))

    verbs.finish(item_id=item.pk, member=client.member, outcome="no_answer")

    page = text_of(client.get(f"/accounts/{item.account_id}/"))
    assert f"/queue/items/{item.pk}/reopen" in page
    assert f"/queue/items/{item.pk}/done" not in page
