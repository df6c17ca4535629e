"""The work tables: who is scored and routed first."""

import pytest
from django.db import connection

from accounts import changes
from accounts.models import AccountChange
from playbooks import queue
from scoring import runs
from scoring.models import Score, ScoredAccount, ScoringRun
from tests import factories, feed

pytestmark = pytest.mark.django_db


def batch(**more):
    return changes.next_batch(**{"limit": 10, "people": 1000} | more)


def test_what_is_urgent_comes_first_and_alone():
    usual, raised = factories.AccountFactory.create_batch(2)
    changes.mark([usual.pk])
    changes.mark([raised.pk], urgent=True)

    first = batch()
    assert (first.account_ids, first.is_urgent) == ([raised.pk], True)
    changes.done(first.pairs)
    second = batch()
    assert (second.account_ids, second.is_urgent) == ([usual.pk], False)


def test_ordinary_usage_does_not_take_urgency_away():
    account = factories.AccountFactory()
    changes.mark([account.pk], urgent=True)
    changes.mark([account.pk])
    assert batch().is_urgent


def test_an_account_that_changes_all_the_time_keeps_its_place_in_the_line():
    busy, calm = factories.AccountFactory.create_batch(2)
    changes.mark([busy.pk])
    changes.mark([calm.pk])
    changes.mark([busy.pk])
    assert batch(limit=1).account_ids == [busy.pk]


def test_a_batch_ends_where_its_accounts_have_many_people_but_is_never_empty():
    small, large, last = factories.AccountFactory.create_batch(3)
    factories.ProductUserFactory.create_batch(2, account=small)
    factories.ProductUserFactory.create_batch(5, account=large)
    for account in (small, large, last):
        changes.mark([account.pk])

    assert batch(people=1).account_ids == [small.pk]
    assert batch(people=3).account_ids == [small.pk, large.pk]
    assert batch(people=7).account_ids == [small.pk, large.pk, last.pk]


def test_a_raised_hand_overtakes_ordinary_usage_all_the_way_into_the_queue():
    waiting = [factories.AccountFactory() for _ in range(3)]
    changes.mark([account.pk for account in waiting])
    feed.load(feed.identify("lea", email="lea@nord.example"), feed.track("lea", "Demo Requested"))

    runs.score_changed()
    (scored,) = Score.objects.all()
    assert scored.hand_raised_at
    assert ScoredAccount.objects.get().is_urgent
    assert AccountChange.objects.count() == len(waiting)
    queue.route_scored()
    assert scored.account.queue_items.get().motion == "sales"


def test_when_many_wait_all_accounts_are_scored_in_one_pass(monkeypatch):
    monkeypatch.setattr(runs, "MANY", 2)
    accounts = factories.AccountFactory.create_batch(4)
    changes.mark([account.pk for account in accounts[:3]])

    assert runs.score_changed() == 3
    run = ScoringRun.objects.get()
    assert (run.kind, run.accounts) == ("changed", 4)
    assert not changes.is_waiting()
    assert {account.pk for account in accounts[:3]} <= {
        one for one, _ in changes.waiting(limit=9, table=changes.SCORED)
    }


def test_one_pass_over_all_leaves_what_is_urgent():
    accounts = factories.AccountFactory.create_batch(3)
    changes.mark([account.pk for account in accounts])
    changes.mark([accounts[0].pk], urgent=True)

    changes.done(changes.waiting(limit=runs.EVERYTHING, ordinary=True))
    assert batch().account_ids == [accounts[0].pk]
    assert batch().is_urgent


def test_rows_from_before_the_lanes_are_taken_first():
    old, new = factories.AccountFactory.create_batch(2)
    changes.mark([new.pk])
    with connection.cursor() as cursor:  # as a row written by the former version
        cursor.execute("INSERT INTO accounts_accountchange (account_id, seq) VALUES (%s, 1)", [old.pk])
    assert batch(limit=1).account_ids == [old.pk]
