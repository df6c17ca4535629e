"""A raised hand is never lost from view, whoever raises it."""

import pytest

from accounts import usage
from accounts.models import Account, EventType, ProductUser, Signal
from playbooks.models import QueueItem
from tests.feed import account_of, account_of_workspace, alias, group, identify, load, track
from tests.playbooks.test_queue import buyer_team, item_of, work

pytestmark = pytest.mark.django_db


def in_sales():
    return list(QueueItem.objects.filter(motion="sales", state="new").values_list("account__name", flat=True))


@pytest.mark.parametrize("email", ["ann@gmail.com", "ann@host.internal", ""])
def test_somebody_without_a_company_is_in_the_fast_lane_as_an_account_of_his_own(email):
    load(identify("ann", email=email), track("ann", "Demo Requested", properties={"message": "For my band"}))
    work()
    account = account_of("ann")
    assert account.of_person
    assert in_sales() == [email or "ann"]
    assert QueueItem.objects.get().why_now.startswith("Hand raised: “For my band”")


def test_the_pages_say_that_such_an_account_is_one_person(sign_in):
    load(identify("ann", email="ann@gmail.com"), track("ann", "Demo Requested"))
    work()
    client = sign_in("sales")
    for path in ("/queue/sales/", f"/accounts/{account_of('ann').pk}/"):
        assert "one person" in client.get(path).content.decode()


def test_somebody_without_a_company_who_raises_no_hand_has_no_account():
    load(identify("ann", email="ann@gmail.com"), track("ann", "Pricing Viewed"))
    assert not Account.objects.exists()


def test_his_hand_goes_to_the_workspace_he_is_in():
    load(group("ws", "ann", name="Band"), identify("ann", email="ann@gmail.com"), track("ann", group="ws"))
    load(track("ann", "Demo Requested"))
    work()
    assert in_sales() == ["Band"]
    assert not Account.objects.filter(of_person=True).exists()


def test_his_account_gives_way_to_the_workspace_he_joins_later():
    load(identify("ann", email="ann@gmail.com"), track("ann", "Demo Requested"))
    work()
    load(track("ann", group="ws"), group("ws", "bob", name="Band"))
    work()
    assert in_sales() == ["Band"]
    assert Account.objects.get(of_person=True).merged_into == account_of_workspace("ws")


def test_his_account_gives_way_to_the_workspace_he_raised_it_in_once_that_has_an_account():
    load(identify("ann", email="ann@gmail.com"), track("ann", "Demo Requested", group="ws"))
    assert account_of("ann").of_person
    load(group("ws", "bob", name="Band"))
    work()
    assert account_of("ann") is None
    assert in_sales() == ["Band"]


def test_his_account_gives_way_when_his_company_becomes_known_and_not_when_he_changes_freemail():
    load(identify("ann", email="ann@gmail.com"), track("ann", "Demo Requested"))
    load(identify("ann", email="ann@hotmail.com"), track("ann"))
    work()
    assert in_sales() == ["ann@hotmail.com"]
    assert Account.objects.count() == 1
    load(identify("ann", email="ann@acme.com"))
    work()
    assert in_sales() == ["acme.com"]
    assert Account.objects.get(of_person=True).merged_into == account_of("ann")


def test_an_account_of_one_person_is_no_company_that_a_workspace_could_belong_to():
    load(identify("ann", email="ann@gmail.com"), track("ann", "Demo Requested"))
    load(track("ann", group="ws"))
    assert account_of_workspace("ws") is None
    assert account_of("ann").of_person


def test_a_visitor_is_known_by_the_address_in_the_form_he_sent():
    load(track(None, "Demo Requested", anonymousId="v1", properties={"email": "ann@acme.com", "name": "Ann"}))
    load(track(None, "Teammate Invited", anonymousId="v2", properties={"email": "bob@acme.com"}))
    work()
    assert in_sales() == ["acme.com"]
    assert ProductUser.objects.get(key="a:v1").name == "Ann"
    assert ProductUser.objects.get(key="a:v2").email == ""


def test_a_nameless_visitors_hand_waits_until_he_is_identified():
    load(track(None, "Demo Requested", anonymousId="v1"))
    work()
    assert in_sales() == []
    load(identify("ann", email="ann@gmail.com", anonymousId="v1"))
    work()
    assert in_sales() == ["ann@gmail.com"]


def test_a_full_catalogue_of_events_does_not_hide_a_raised_hand(monkeypatch):
    monkeypatch.setattr(usage, "MAX_EVENT_TYPES", 1)
    load(identify("ann", email="ann@acme.com"), track("ann", "Opened"))
    load(track("ann", "Something Else"), track("ann", "Demo Requested"), track("ann", "Quote Requested"))
    assert set(EventType.objects.values_list("name", flat=True)) == {"Opened", usage.OVERFLOW, "Hand Raised"}
    assert Signal.objects.get(kind="hand_raise").count == 2


@pytest.mark.django_db(transaction=True)
def test_a_buyer_on_a_queue_item_who_turns_out_to_be_somebody_else_takes_his_place():
    item = item_of(buyer_team())
    assert item.buyer.key == "u:0@acme.com"
    load(identify("dana", name="Dana Ortiz", email="0@acme.com"))
    result = load(alias("0@acme.com", "dana"), track("dana"))
    assert (result.messages, result.set_aside) == (2, 0)
    item.refresh_from_db()
    assert item.buyer.key == "u:dana"
