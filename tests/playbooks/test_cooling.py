"""Items sleep, wake and cool down while routing goes on."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Role, Signal
from playbooks import following, queue, upkeep
from playbooks.assignment import held_places
from playbooks.models import Notification, QueueItem, QueueItemEvent, QueuePolicy, RoutingRule
from playbooks.refused import Refused
from playbooks.verbs import cooling, early, verbs, waking
from scoring.breakdown import values_of
from scoring.models import Score
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue import item_of
from tests.playbooks.test_queue import verbs as told
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return MemberFactory(name="Ann Rep", role=Role.SALES)


def scored_team():
    """An account that routing sends to sales, and its new item there."""
    account = make_item().account
    route(account)
    return account


def signal(account, kind="hand_raise", **fields):
    at = timezone.now()
    Signal.objects.create(account=account, kind=kind, at=at, key=uuid.uuid4(), **fields)
    if kind == "hand_raise":
        Score.objects.filter(account=account).update(hand_raised_at=at)
    route(account)


def close_motion(motion="self_serve"):
    return RoutingRule.objects.create(tier="pqa", buyer_state="unknown", segment="mid_market", motion=motion)


def route(account):
    queue.route_accounts([account.pk])


def in_queues(account):
    return set(QueueItem.objects.open().filter(account=account).values_list("motion", flat=True))


# Sleep ---------------------------------------------------------------------------------------------------------------


def test_a_sleeping_item_gets_its_marks_and_sleeps_on(ann):
    account = scored_team()
    item = item_of(account)
    verbs.snooze(item_id=item.pk, member=ann, until=timezone.now() + dt.timedelta(days=3))
    close_motion()
    route(account)
    item.refresh_from_db()
    assert item.state == "snoozed"
    assert item.mark
    assert in_queues(account) == {"sales"}


def test_a_strong_signal_wakes_it_and_says_which(ann):
    account = scored_team()
    item = item_of(account)
    verbs.snooze(item_id=item.pk, member=ann, until=None)
    signal(account, "pricing")
    item.refresh_from_db()
    assert item.state == "snoozed"  # pricing is no strong signal
    signal(account, detail="SSO?")
    item.refresh_from_db()
    assert (item.state, item.owner, item.woke_because) == ("claimed", ann, "Hand raised: “SSO?”")
    assert item.woke_at is not None
    assert told(item)[-2:] == ["woke", "hand_raised"]


def test_it_sleeps_through_signals_when_the_member_says_so(ann):
    account = scored_team()
    item = item_of(account)
    verbs.snooze(item_id=item.pk, member=ann, until=timezone.now() + dt.timedelta(days=3), on_signal=False)
    signal(account, detail="SSO?")
    item.refresh_from_db()
    assert item.state == "snoozed"


def test_a_score_that_jumped_since_wakes_it(ann):
    account = scored_team()
    item = item_of(account)
    verbs.snooze(item_id=item.pk, member=ann, until=None)
    QueueItem.objects.filter(pk=item.pk).update(snoozed_score=Score.objects.get().score - 14)
    route(account)
    item.refresh_from_db()
    assert item.state == "snoozed"
    QueueItem.objects.filter(pk=item.pk).update(snoozed_score=Score.objects.get().score - 15)
    route(account)
    item.refresh_from_db()
    assert item.state == "claimed"
    assert item.woke_because.startswith("The score rose from ")


def test_items_wake_when_their_moment_has_come(ann, django_assert_max_num_queries):
    now = timezone.now()
    items = [make_item(account=AccountFactory()) for _ in range(3)]
    for days, item in enumerate(items):
        verbs.snooze(item_id=item.pk, member=ann, until=now + dt.timedelta(days=days + 1))
    with django_assert_max_num_queries(9):  # two of them read the rules of the queue
        assert waking.wake_due(now + dt.timedelta(days=2, minutes=1)) == 2
    assert [QueueItem.objects.get(pk=item.pk).state for item in items] == ["claimed", "claimed", "snoozed"]
    assert QueueItemEvent.objects.filter(verb="woke", actor=None).count() == 2
    assert waking.wake_due(now) == 0


# Cooling down --------------------------------------------------------------------------------------------------------


def test_what_is_closed_does_not_come_straight_back(ann):
    account = scored_team()
    verbs.disqualify(item_id=item_of(account).pk, member=ann, reason="no_buyer")
    route(account)
    assert in_queues(account) == set()
    assert "sales" in cooling.of_accounts([account.pk], now=timezone.now())[account.pk]
    with time_machine.travel(timezone.now() + dt.timedelta(days=61)):
        route(account)
    assert in_queues(account) == {"sales"}
    assert item_of(account).look_again == ""


def test_a_strong_signal_brings_it_back_to_be_looked_at_again(ann):
    account = scored_team()
    verbs.disqualify(item_id=item_of(account).pk, member=ann, reason="no_buyer")
    signal(account, detail="SSO?")
    item = item_of(account)
    assert (item.state, item.look_again) == ("new", "Hand raised: “SSO?”. Closed before: No buyer")
    assert QueueItemEvent.objects.get(item=item).detail == item.look_again


def test_a_signal_from_before_the_closing_is_no_news(ann):
    account = scored_team()
    signal(account, detail="SSO?")
    verbs.disqualify(item_id=item_of(account).pk, member=ann, reason="no_buyer")
    route(account)
    assert in_queues(account) == set()


@pytest.mark.parametrize(("reason", "comes_back"), [("bot", False), ("too_small", True)])
def test_what_its_usage_excluded_comes_back_by_a_raised_hand_alone(ann, reason, comes_back):
    account = scored_team()
    verbs.disqualify(item_id=item_of(account).pk, member=ann, reason=reason)
    QueueItem.objects.update(score=Score.objects.get().score - 30)  # the score jumped since
    route(account)
    assert (in_queues(account) == {"sales"}) == comes_back
    signal(account, detail="SSO?")
    assert in_queues(account) == {"sales"}


def test_an_exclusion_reaches_every_motion(ann):
    account = scored_team()
    close_motion("marketing")
    route(account)
    assert in_queues(account) == {"marketing"}
    marketing = item_of(account, "marketing")
    eve = MemberFactory(role=Role.MARKETING)
    sales = make_item(account=account)
    verbs.disqualify(item_id=sales.pk, member=ann, reason="personal")
    verbs.claim(item_id=marketing.pk, member=eve)
    route(account)
    marketing.refresh_from_db()
    assert (marketing.state, marketing.mark) == ("claimed", "Out of every queue: Personal or student use")
    verbs.release(item_id=marketing.pk, member=eve)
    route(account)
    assert in_queues(account) == set()


def test_a_hand_brings_an_excluded_account_back_once_and_not_after_every_closing(ann):
    account = scored_team()
    verbs.disqualify(item_id=item_of(account).pk, member=ann, reason="personal")
    signal(account, detail="SSO?")
    item = item_of(account)
    verbs.claim(item_id=item.pk, member=ann)
    verbs.finish(item_id=item.pk, member=ann, outcome="no_answer")
    route(account)
    assert in_queues(account) == set()
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        route(account)
        assert in_queues(account) == set()
        signal(account, detail="Now really")
    assert item_of(account).look_again == "Hand raised: “Now really”. Closed before: Personal or student use"


def test_what_was_handed_over_stays_until_it_is_closed_whatever_routing_would_say(ann):
    account = scored_team()
    verbs.give_back(item_id=item_of(account).pk, member=ann, to="success", words="Help them first")
    route(account)
    assert in_queues(account) == {"success"}
    item = item_of(account, "success")
    assert (item.mark, item.returned_from) == ("", "sales")
    eve = MemberFactory(role=Role.SUCCESS)
    verbs.claim(item_id=item.pk, member=eve)
    verbs.finish(item_id=item.pk, member=eve, outcome="activated")
    route(account)
    assert in_queues(account) == set()


def test_an_item_that_was_opened_by_hand_meanwhile_is_no_obstacle_for_the_others():
    first, second = scored_team(), scored_team()
    there = item_of(first)
    new = [
        QueueItem(
            account=one,
            motion=motion,
            entered_at=timezone.now(),
            updated_at=timezone.now(),
            tier="pqa",
            segment="smb",
            buyer_state="none",
        )
        for one, motion in [(first, "sales"), (second, "success")]
    ]
    assert queue._create(new) == new[1:]
    assert item_of(first) == there


# The first days ------------------------------------------------------------------------------------------------------


def test_there_is_no_outreach_in_the_first_days_unless_a_hand_is_raised():
    account = make_item().account
    Score.objects.filter(account=account).update(feature_values=values_of({"days_since_first_use": 1.0}))
    route(account)
    item = item_of(account)
    assert (timezone.now().date() - item.first_seen_on).days == 1
    with pytest.raises(Refused) as refused:
        early.refuse(item)
    assert "no outreach for another 2 days" in refused.value.words
    assert early.ends_on(item) == item.first_seen_on + dt.timedelta(days=3)
    signal(account)
    early.refuse(item_of(account))
    QueuePolicy.objects.create(motion="sales", early_days=1)
    assert not early.is_too_early(item)


# By the clock --------------------------------------------------------------------------------------------------------


def test_items_of_members_who_left_go_back_to_the_pool(ann):
    eve = MemberFactory(role=Role.SALES, name="Eve")
    mine, asleep, moved, kept = (make_item(owner=who) for who in (ann, ann, eve, MemberFactory(role=Role.SALES)))
    verbs.snooze(item_id=asleep.pk, member=ann, until=None)
    ann.is_active, eve.role = False, Role.PRODUCT
    ann.save()
    eve.save()
    assert upkeep.pool_absent() == 3
    assert upkeep.pool_absent() == 0
    states = [QueueItem.objects.get(pk=item.pk).state for item in (mine, asleep, moved, kept)]
    assert states == ["new", "new", "new", "claimed"]
    assert QueueItemEvent.objects.get(item=moved).detail == "Eve no longer works this queue"


def test_who_is_back_gets_the_accounts_again_and_is_told_why_not_of_the_others(ann):
    bob = MemberFactory(role=Role.SALES, name="Bob")
    free, taken, closed = (make_item(owner=ann) for _place in range(3))
    ann.is_active = False
    ann.save()
    upkeep.pool_absent()
    assert held_places.give_back(timezone.now()) == 0
    verbs.claim(item_id=taken.pk, member=bob)
    verbs.disqualify(item_id=closed.pk, member=bob, reason="too_small")

    ann.is_active = True
    ann.save()
    assert held_places.give_back(timezone.now()) == 1
    assert held_places.give_back(timezone.now()) == 0

    owners = [QueueItem.objects.get(pk=item.pk).owner for item in (free, taken)]
    assert owners == [ann, bob]
    told = dict(Notification.objects.filter(member=ann).values_list("item", "why"))
    assert "had this account until" in told[free.pk]
    assert told[taken.pk] == "While you were away Bob took it over"
    assert told[closed.pk] == "It was closed while you were away: Too small"


def test_items_of_a_merged_account_follow_it_and_one_open_one_stays_in_a_motion(ann):
    old, into = AccountFactory(), AccountFactory()
    owned = make_item(account=old, owner=ann)
    unowned = make_item(account=into)
    done = make_item(account=old, motion="success", state="done", outcome="won", cool_until=timezone.now())
    twice = make_item(account=old, motion="marketing", owner=MemberFactory(role=Role.MARKETING))
    first = make_item(account=into, motion="marketing", owner=MemberFactory(role=Role.MARKETING))
    old.merged_into = into
    old.save()
    assert following.follow_merged() == 3
    assert following.follow_merged() == 0
    for item in (owned, unowned, done, twice, first):
        item.refresh_from_db()
        assert item.account == into
    states = [item.state for item in (owned, unowned, done, twice, first)]
    assert states == ["claimed", "left", "done", "left", "claimed"]
    assert (told(owned), told(unowned), told(twice)) == (["handed_over"], ["left"], ["left"])
