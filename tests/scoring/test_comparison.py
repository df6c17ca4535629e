import datetime as dt

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Usage
from scoring import comparison, defaults, matrices, rules
from scoring.features import BY_KEY
from scoring.models import Outcome
from tests.factories import AccountFactory, EventTypeFactory, ProductUserFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def world(tmp_path, settings):
    """Four mature weeks; the busy account is won in the third, the quiet one never."""
    settings.HOME = tmp_path
    days = matrices.weeks(4, until=timezone.now().date() - 91 * DAY)
    busy, quiet = AccountFactory(), AccountFactory()
    for account, count in ((busy, 9), (quiet, 2)):
        who = ProductUserFactory(account=account, first_seen_at=timezone.now() - 300 * DAY)
        for day in days:
            Usage.objects.create(user=who, day=day - 2 * DAY, event_type=EventTypeFactory(name="Task"), count=count)
    won_at = dt.datetime.combine(days[2] + 3 * DAY, dt.time(), dt.UTC)
    Outcome.objects.create(account=busy, kind="won", at=won_at)
    return days, busy, quiet


def test_each_rule_names_as_many_and_is_judged_by_what_came(world):
    days, _, _ = world
    volume = comparison.Volume()
    quietest = {"most": volume.rule, "least": lambda snapshot: 1 / (1 + volume.rule(snapshot))}
    most, least = comparison.compare(quietest, days=days, top=1, kinds=["won"])
    # After its outcome the busy account is open no more: the fourth week names the quiet one.
    assert (most.account_weeks, most.positives, most.precision) == (4, 3, 0.75)
    assert most.lift == pytest.approx(0.75 / (3 / 7))
    assert (most.recalled, most.outcomes, most.lead_days) == (1, 1, 17)
    assert (least.positives, least.recalled, least.recall) == (0, 0, 0)


def test_volume_counts_its_days_and_no_noise(world):
    days, busy, quiet = world
    noise = EventTypeFactory(name="Ping", category="noise")
    Usage.objects.create(user=busy.product_users.get(), day=days[3], event_type=noise, count=100)
    ids = np.array([busy.pk, quiet.pk, quiet.pk + 1])
    assert comparison.Volume().of(ids, days[3]).tolist() == [36, 8, 0]
    assert comparison.Volume(days=7).of(ids, days[3]).tolist() == [9, 2, 0]
    assert comparison.Volume().of(ids, days[0] - 3 * DAY).tolist() == [0, 0, 0]


def test_the_score_of_who_has_none_is_last(world):
    days, _, quiet = world
    rule = comparison.by_score(rules.parse(defaults.SPEC, features=BY_KEY))
    snapshot = matrices.of_day(days[0])
    values = rule(snapshot)
    assert ((values > 0) == snapshot.evidence).all()
    assert quiet.pk in snapshot.account_id


def test_the_report_says_what_it_found_and_why_there_is_no_proposal(world, capsys):
    call_command("backtest_report", "--weeks", "6", "--kind", "won", "--top", "1")
    told = capsys.readouterr().out
    assert "| most events in 180 days |" in told
    assert "No proposal: Only 1 accounts" in told


@pytest.mark.parametrize("wrong", [["--weeks", "1"], ["--until", "soon"], ["--top", "0"], ["--horizon", "0"]])
def test_a_bad_option_is_named(wrong):
    with pytest.raises(CommandError, match=wrong[0]):
        call_command("backtest_report", *wrong)
