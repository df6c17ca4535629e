"""Accounts are given out by the rules of their queue, and go back to the pool."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Role
from playbooks.assignment import assignment, policies
from playbooks.models import Notification, QueueItem, QueueItemEvent
from playbooks.verbs import verbs
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def automatic():
    return policies.save(motion="sales", is_automatic=True)


def rep(name, **work):
    member = MemberFactory(name=name, role=Role.SALES)
    if work:
        policies.save_work(member=member, **work)
    return member


def item(domain="", **fields):
    account = AccountFactory(domain=domain) if domain else AccountFactory()
    return make_item(account=account, **fields)


def owners(*items):
    found = QueueItem.objects.in_bulk([one.pk for one in items])
    return [found[one.pk].owner for one in items]


def test_nothing_is_given_out_where_the_queue_does_not(db):
    rep("Ana")
    one = item()
    assert assignment.assign_due() == 0
    assert owners(one) == [None]


def test_by_territory_segment_and_room_and_the_item_says_why(automatic):
    german = rep("Ana", territories=["de"])
    large = rep("Ben", segments=["enterprise"], open_limit=4)
    MemberFactory(role=Role.ADMIN)
    rep("Cem", takes_automatic=False)
    here, there, nobodys = item("acme.de"), item("globex.fr", segment="enterprise"), item("shop.fr")
    assert assignment.assign_due() == 2
    assert owners(here, there, nobodys) == [german, large, None]
    here.refresh_from_db()
    there.refresh_from_db()
    assert here.assigned_because == "Most room: 0 of 50 accounts open; territory .de"
    assert there.assigned_because == "Most room: 0 of 4 accounts open; segment Enterprise"
    event = QueueItemEvent.objects.get(item=here, verb="assigned")
    assert (event.actor, event.detail) == (None, f"to Ana: {here.assigned_because}")
    assert Notification.objects.get(member=german).why == here.assigned_because


def test_never_more_than_the_limits_nor_while_away(automatic):
    busy, away = rep("Ana", daily_limit=2), rep("Ben", away_from=timezone.now().date() - DAY)
    items = [item() for _n in range(4)]
    assert assignment.assign_due() == 2
    assert assignment.assign_due() == 0
    assert sorted(owners(*items), key=str) == [busy, busy, None, None]
    policies.save_work(member=away, away_until=timezone.now().date() - DAY)
    assert assignment.assign_due() == 2
    assert owners(*items).count(away) == 2


def test_a_company_comes_back_to_who_had_it(automatic):
    ana, _ben = rep("Ana", territories=["fr"]), rep("Ben")
    one = item("acme.de")
    then = timezone.now() - 20 * DAY
    make_item(account=one.account, owner=ana, state="done", outcome="no_answer", closed_at=then, claimed_at=then)
    assert assignment.assign_due() == 1
    one.refresh_from_db()
    assert one.owner == ana
    assert one.assigned_because.startswith("Ana had this company before, until ")


def test_what_nobody_touches_goes_back_to_the_pool_and_to_somebody_else(automatic):
    ana = rep("Ana")
    policies.save(motion="sales", untouched_days=14)
    now = timezone.now()
    idle = item(owner=ana, claimed_at=now - 15 * DAY)
    planned = item(owner=ana, claimed_at=now - 15 * DAY, step_due_at=now + DAY)
    touched = item(owner=ana, claimed_at=now - 15 * DAY, last_touched_at=now - DAY)
    assert assignment.pool_untouched(now) == 1
    assert owners(idle, planned, touched) == [None, ana, ana]
    assert QueueItemEvent.objects.get(item=idle, verb="released").detail == "Untouched for 14 days"
    assert assignment.assign_due() == 0  # not to Ana again
    ben = rep("Ben")
    assert assignment.assign_due() == 1
    assert owners(idle) == [ben]


def test_giving_out_many_takes_no_query_an_item(automatic, django_assert_max_num_queries):
    for n in range(3):
        rep(f"Rep {n}", daily_limit=0, open_limit=0)
    for _n in range(20):
        item()
    with django_assert_max_num_queries(32):
        assert assignment.assign_due() == 20


@pytest.mark.django_db(transaction=True)
def test_processes_at_the_same_time_give_each_account_once():
    policies.save(motion="sales", is_automatic=True)
    for n in range(3):
        rep(f"Rep {n}", daily_limit=7)
    claimer = MemberFactory(role=Role.SALES)
    policies.save_work(member=claimer, takes_automatic=False)
    items = [item() for _n in range(30)]

    def give(n):
        try:
            if n % 2:
                return assignment.assign_due()
            return sum(verbs.claim(item_id=one.pk, member=claimer).event_id is not None for one in items[n : n + 5])
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        done = sum(threads.map(give, range(12)))
    assert done == QueueItem.objects.filter(state="claimed").count()
    assert QueueItemEvent.objects.filter(verb__in=["assigned", "claimed"]).count() == done
    assert all(
        one.room() is not None and one.today <= 7
        for one in (each.rep for each in assignment.team_of("sales", timezone.now()).values())
    )
