"""What full runs and jobs do with the two lanes of the work tables."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts import changes
from accounts.models import AccountChange
from scoring import runs
from scoring.models import Score, ScoredAccount
from tests import factories, feed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def raise_a_hand():
    feed.load(feed.identify("lea", email="lea@nord.example"), feed.track("lea", "Demo Requested"))
    assert AccountChange.objects.get().is_urgent


def test_a_full_run_hands_urgency_on_to_routing():
    raise_a_hand()
    runs.score_all()
    assert ScoredAccount.objects.get().is_urgent


def test_a_run_of_yesterday_that_comes_late_leaves_today_to_be_scored():
    raise_a_hand()
    run = runs.begin("full")
    run.as_of = timezone.now().date() - dt.timedelta(days=1)
    run.save()

    runs.score_all(run=run)
    assert Score.objects.get().hand_raised_at is None
    assert runs.score_changed() == 1
    assert Score.objects.get().hand_raised_at


def test_signals_of_an_imported_history_wait_their_turn():
    feed.load(feed.identify("lea", email="lea@nord.example"))
    AccountChange.objects.all().delete()
    feed.load(feed.track("lea", "Pricing Viewed", days_ago=30))
    assert not AccountChange.objects.get().is_urgent


def test_the_loader_marks_its_accounts_in_the_order_of_their_ids():
    """One statement: two would lock in two orders, and a definition published meanwhile ended in a deadlock."""
    low, high = (account.pk for account in factories.AccountFactory.create_batch(2))
    changes.mark({low, high}, urgent={high})
    marks = dict(AccountChange.objects.values_list("account_id", "is_urgent"))
    assert marks == {low: False, high: True}
    assert AccountChange.objects.values("seq").distinct().count() == 1


def test_what_is_urgent_all_the_time_does_not_keep_the_others_waiting_for_ever():
    busy, calm = (account.pk for account in factories.AccountFactory.create_batch(2))
    changes.mark([calm])
    changes.mark([busy], urgent=True)
    pulled = []

    def pull(*, urgent):
        batch = changes.next_batch(limit=1, people=1, urgent=urgent)
        changes.done(batch.pairs)
        pulled.extend(batch.account_ids)
        changes.mark([busy], urgent=True)  # and again at once
        return len(batch.pairs)

    changes.work_off(pull, seconds=0)
    assert pulled == [busy, calm]
