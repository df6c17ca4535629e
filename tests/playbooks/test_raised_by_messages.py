"""Hands raised by messages of SDKs live as those of forms do, and what is frozen is what was true when they were raised."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import HandRaise, Role, UsageAfterRaise
from accounts.raising import spam
from playbooks.models import QueueItem
from scoring import frozen, runs
from scoring.models import FrozenFeatures
from tests.feed import account_of, alias, group, identify, land, load, source, track
from tests.playbooks.test_queue import work
from tests.scoring.test_runs import EVENTS, team

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def raised(user, **more):
    said = {"message": "SSO for 40 seats", "placement": "in-app upgrade"}
    return track(user, "Contact Sales Submitted", properties=said, **more)


def test_a_hand_raised_by_an_sdk_has_its_row_person_account_and_features(sign_in):
    account = team("acme.com", people=4, days=range(0, 28, 2))
    message = raised("0@acme.com", messageId="m-raise")
    load(message, message)
    load(message)
    work()
    row = HandRaise.objects.get()
    assert (row.way, row.form, row.source, row.placement) == ("event", None, source(), "in-app upgrade")
    assert (row.user.key, row.account, row.is_spam) == ("u:0@acme.com", account, False)
    assert (row.fields["message"], row.fields["event"]) == ("SSO for 40 seats", "Contact Sales Submitted")
    assert FrozenFeatures.objects.get(hand_raise=row).features["active_users_28"] == 4
    item = QueueItem.objects.get(motion="sales")
    assert item.hand_raised_at == row.raised_at
    pane = sign_in(Role.SALES).get(f"/queue/sales/?item={item.pk}").content.decode()
    for words in ("SSO for 40 seats", "from in-app upgrade", "When they raised the hand:", "4 active people"):
        assert words in pane
    page = sign_in(Role.ADMIN).get("/settings/raised-hands/").content.decode()
    assert "Contact Sales Submitted" in page
    (told,) = sign_in(Role.SALES).get(f"/api/hand-raises/?account={account.pk}").json()["results"]
    assert (told["way"], told["event"], told["placement"]) == ("event", "Contact Sales Submitted", "in-app upgrade")


@pytest.mark.parametrize("together", [True, False])
def test_what_came_after_the_hand_was_raised_is_not_frozen_with_it(together):
    with time_machine.travel(NOON, tick=False) as clock:
        account = team("acme.com", people=4, days=range(1, 28, 2))
        load(track("0@acme.com"))
        items = [track("1@acme.com"), raised("0@acme.com")]
        clock.shift(MINUTE)
        items += [track(f"{n}@acme.com") for n in (0, 1, 1, 7, 8)]
        items += [identify("8@acme.com", email="8@acme.com", title="CEO", employees=900)]
        for batch in [items] if together else [items[:2], items[2:]]:
            land(*batch)
            load()
        assert UsageAfterRaise.objects.count() == 4
        clock.shift(dt.timedelta(days=2))
        load(track("9@acme.com"))
        work()
        then = FrozenFeatures.objects.get()
        assert (then.account, then.as_of) == (account, NOON.date())
        now = account.score.features
        assert (then.features["active_users_28"], now["active_users_28"]) == (4, 7)
        # The events of the team, those of noon and the raised hand; then what came a minute later, and two days later.
        assert (now["people"], then.features["people"]) == (7, 4)
        assert then.features["events_28"] == 4 * 14 * len(EVENTS) + 3
        assert then.features["senior_people"] == 0
        assert not UsageAfterRaise.objects.exists()
        assert HandRaise.objects.get().frozen_at


def test_what_came_after_is_taken_off_whoever_turns_out_to_have_done_it():
    with time_machine.travel(NOON, tick=False) as clock:
        account = team("acme.com", people=3, days=[1])
        load(raised("0@acme.com"))
        clock.shift(MINUTE)
        # On a device of 1, and by a second id of 2. Then it turns out that 0 was on the device before, and that the ids are one.
        load(track("1@acme.com", anonymousId="d"), track(None, anonymousId="d"), track(None, anonymousId="d"))
        load(identify("two", email="2@acme.com"), track("two"))
        load(track("0@acme.com", anonymousId="d", days_ago=1), alias("two", "2@acme.com"))
        done = {(one.user.key, one.device): one.count for one in UsageAfterRaise.objects.select_related("user")}
        assert done == {("u:1@acme.com", ""): 1, ("u:0@acme.com", "a:d"): 2, ("u:2@acme.com", ""): 1}
        work()
        then, now = FrozenFeatures.objects.get().features, account.score.features
        assert (then["events_28"], then["people"]) == (3 * len(EVENTS) + 2, 3)
        assert now["events_28"] == then["events_28"] + 4


def test_a_hand_that_waits_costs_a_batch_one_query_whoever_acts():
    load(track("0@acme.com"), track("9@other.com"))
    costs = []
    for hands in ([], [raised("0@acme.com")]):
        load(*hands)
        land(track("9@other.com"))
        with CaptureQueriesContext(connection) as seen:
            load()
        costs.append(len(seen))
    assert costs[0] == costs[1]
    assert not UsageAfterRaise.objects.exists()


@pytest.mark.parametrize("rounds", [1, 10])
def test_two_hands_of_one_account_are_frozen_each_at_its_moment_however_many_runs_it_takes(rounds, monkeypatch):
    monkeypatch.setattr(frozen, "FEW_ROUNDS", rounds)
    with time_machine.travel(NOON, tick=False) as clock:
        team("acme.com", people=2, days=[1])
        load(raised("0@acme.com"))
        clock.shift(MINUTE)
        load(track("5@acme.com"), raised("1@acme.com"))
        clock.shift(MINUTE)
        load(track("6@acme.com"))
        work()
        assert FrozenFeatures.objects.count() == min(rounds, 2)
        work()
    told = FrozenFeatures.objects.order_by("hand_raise__raised_at")
    assert [one.features["active_users_28"] for one in told] == [2, 3]


def test_more_than_a_person_raises_is_held_back():
    load(*(raised("0@acme.com") for _ in range(spam.MOST + 2)))
    held = HandRaise.objects.filter(is_spam=True)
    assert (HandRaise.objects.count(), held.count()) == (spam.MOST + 2, 2)
    assert {row.spam_because for row in held} == {"person"}


def test_an_anonymous_hand_is_of_whoever_signs_in():
    load(track(None, "Demo Requested", anonymousId="x"))
    assert HandRaise.objects.get().account is None
    load(identify("ann", email="ann@acme.com", anonymousId="x"))
    row = HandRaise.objects.get()
    assert (row.user.key, row.account) == ("u:ann", account_of("ann"))


def test_a_batch_costs_the_same_with_one_raised_hand_and_with_many():
    load(group("ws", "0@acme.com"), raised("0@acme.com"))
    costs = []
    for number in (1, 30):
        land(*(raised(f"{n}@acme{n}.com") for n in range(number)), *(track("0@acme.com") for _ in range(3)))
        with CaptureQueriesContext(
            connection,
        ) as seen:
            load()
        costs.append(len(seen))
    assert costs[1] <= costs[0] + 2


def test_of_an_imported_history_only_the_last_30_days_are_frozen():
    load(raised("0@acme.com", days_ago=40), raised("1@acme.com", days_ago=9))
    runs.score_all()
    assert HandRaise.objects.count() == 2
    assert FrozenFeatures.objects.get().hand_raise.user.key == "u:1@acme.com"
