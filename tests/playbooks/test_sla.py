"""Times to answer: what is owed by when, and what happens when it is missed."""

import datetime as dt

import pytest
import time_machine

from accounts.models import Role
from playbooks import touches
from playbooks.assignment import assignment, policies, sla, sla_watch
from playbooks.models import Notification, QueueItem, QueueItemEvent, SlaMiss
from playbooks.verbs import undo, verbs
from tests.factories import MemberFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
#: A Monday at ten.
MONDAY = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


def at(day, hour, minute=0):
    """Of the week of `MONDAY`; 0: that day."""
    return MONDAY.replace(hour=hour, minute=minute) + dt.timedelta(days=day)


@pytest.fixture
def clock():
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def ana():
    return MemberFactory(name="Ana Diaz", role=Role.SALES)


def entered(**fields):
    item = make_item(**fields)
    sla.after(item, "entered", MONDAY)
    item.save()
    return item


def owed(item):
    item.refresh_from_db()
    return item.sla, item.due_at


def test_a_claimed_account_owes_a_first_response_then_the_next_touch(clock, ana):
    policies.save(motion="sales", response_minutes=120, touch_minutes=480)
    item = entered()
    assert owed(item) == ("", None)
    clock.move_to(at(0, 16))
    verbs.claim(item_id=item.pk, member=ana)
    assert owed(item) == ("response", at(1, 10))
    assert item.warn_at == at(1, 9, 30)
    touch = touches.log(item_id=item.pk, member=ana, kind="call")
    assert owed(item) == ("touch", at(1, 16))
    touches.remove(touch_id=touch.pk, member=ana)
    assert owed(item) == ("response", at(1, 10))
    closed = verbs.finish(item_id=item.pk, member=ana, outcome="meeting")
    assert owed(item) == ("", None)
    undo.undo(event_id=closed.event_id, member=ana)
    assert owed(item) == ("response", at(1, 10))


def test_from_entering_where_the_queue_says_so_and_not_before_outreach_is_allowed(clock, ana):
    policies.save(motion="sales", response_minutes=60, counts_from_entering=True, early_days=2)
    assert owed(entered()) == ("response", at(0, 11))
    assert owed(entered(first_seen_on=MONDAY.date())) == ("response", at(2, 10))


def test_a_raised_hand_is_answered_within_its_hour_whoever_has_it(clock, ana):
    item = entered(hand_raised_at=MONDAY)
    assert owed(item) == ("response", at(0, 11))
    clock.move_to(at(0, 10, 50))
    verbs.claim(item_id=item.pk, member=ana)
    assert owed(item) == ("response", at(0, 11))
    assert sla.words(item) == "An answer to the raised hand"


def test_a_sleeping_account_owes_nothing_until_it_wakes(clock, ana):
    policies.save(motion="sales", response_minutes=60)
    item = entered(owner=ana, claimed_at=MONDAY)
    verbs.snooze(item_id=item.pk, member=ana, until=at(2, 12))
    assert owed(item) == ("", None)
    clock.move_to(at(2, 12))
    verbs.wake(item_id=item.pk, member=ana)
    assert owed(item) == ("response", at(2, 13))


def test_many_at_once_read_the_rules_once(clock, ana, django_assert_max_num_queries):
    policies.save(motion="sales", response_minutes=60, counts_from_entering=True)
    items = [entered(entered_at=MONDAY - dt.timedelta(minutes=n)) for n in range(12)]
    with django_assert_max_num_queries(14):
        verbs.many("claim", item_ids=[item.pk for item in items], member=ana)
    assert {owed(item)[1] for item in items} == {at(0, 11) - dt.timedelta(minutes=n) for n in range(12)}


def test_new_rules_set_the_times_of_open_accounts_but_never_in_the_past(clock, ana):
    policies.save(motion="sales", response_minutes=0)
    items = [entered(owner=ana, claimed_at=then, entered_at=then) for then in (at(-7, 10), at(0, 9, 30))]
    policies.save(motion="sales", response_minutes=60)
    assert sla.set_again("sales", MONDAY) == 2
    assert [owed(item)[1] for item in items] == [at(0, 11), at(0, 10, 30)]


# What is missed --------------------------------------------------------------------------------------------------------


def missed(item):
    return list(SlaMiss.objects.filter(item=item).values_list("sla", "due_at", "owner"))


def told(member):
    return list(Notification.objects.filter(member=member).order_by("pk").values_list("kind", flat=True))


def test_a_miss_is_warned_of_marked_and_told_once(clock, ana):
    policies.save(motion="sales", response_minutes=60)
    item = entered()
    verbs.claim(item_id=item.pk, member=ana)
    assert sla_watch.warn(at(0, 10, 30)) == 0
    clock.move_to(at(0, 10, 46))
    assert [sla_watch.warn(at(0, 10, minute)) for minute in (46, 47)] == [1, 0]
    assert [sla_watch.mark_missed(at(0, 11, minute)) for minute in (0, 1)] == [1, 0]
    assert missed(item) == [("response", at(0, 11), ana.pk)]
    assert told(ana) == ["warning", "missed"]
    item.refresh_from_db()
    assert (item.breached_at, item.owner) == (at(0, 11), ana)
    event = QueueItemEvent.objects.filter(item=item, verb="missed").get()
    assert event.detail == "First response: due Mon 23 Nov, 11:00; with Ana Diaz"
    # What brings the same due time back brings no second miss.
    clock.move_to(at(0, 12))
    touch = touches.log(item_id=item.pk, member=ana, kind="call")
    assert owed(item) == ("", None)
    touches.remove(touch_id=touch.pk, member=ana)
    assert sla_watch.mark_missed(at(0, 12)) == 1
    item.refresh_from_db()
    assert item.breached_at
    assert len(missed(item)) == QueueItemEvent.objects.filter(item=item, verb="missed").count() == 1


def test_what_was_missed_goes_to_the_next_with_the_whole_time_again(clock, ana):
    ben = MemberFactory(name="Ben Okri", role=Role.SALES)
    policies.save(motion="sales", reassigns_on_breach=True)
    item = entered(hand_raised_at=MONDAY)
    verbs.claim(item_id=item.pk, member=ana)
    clock.move_to(at(0, 11, 5))
    assert sla_watch.mark_missed(at(0, 11, 5)) == 1
    assert owed(item) == ("response", at(0, 12, 5))
    assert (item.owner, item.breached_at) == (ben, None)
    assert item.assigned_because == "Missed by Ana Diaz. Most room: 0 of 50 accounts open"
    assert (told(ana), told(ben)) == (["taken"], ["assigned"])
    # Ben misses it too: nobody is left who has not, so he keeps it.
    clock.move_to(at(0, 13))
    sla_watch.mark_missed(at(0, 13))
    item.refresh_from_db()
    assert (item.owner, len(missed(item))) == (ben, 2)


def test_whom_it_is_given_to_late_has_the_whole_time_who_claims_it_has_not(clock, ana):
    policies.save(motion="sales", is_automatic=True)
    long_ago = at(-7, 10)
    given, claimed = (make_item(hand_raised_at=long_ago, entered_at=long_ago) for _n in range(2))
    verbs.claim(item_id=claimed.pk, member=MemberFactory(role=Role.ADMIN))
    assert assignment.assign_due(MONDAY) == 1
    assert (owed(given)[1], owed(claimed)[1]) == (at(0, 11), at(-7, 11))


def test_marking_many_takes_no_query_an_item(clock, ana, django_assert_max_num_queries):
    policies.save(motion="sales", reassigns_on_breach=True, response_minutes=60)
    MemberFactory(role=Role.SALES)
    items = [entered(owner=ana, claimed_at=MONDAY) for _n in range(12)]
    with django_assert_max_num_queries(30):
        assert sla_watch.mark_missed(at(0, 12)) == len(items)
    assert SlaMiss.objects.count() == len(items)
    assert QueueItem.objects.filter(owner=ana).count() == 2  # the other member gets ten a day
