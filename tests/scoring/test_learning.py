import datetime as dt

import numpy as np
import pytest
from django.utils import timezone
from sklearn.metrics import roc_auc_score

from accounts.models import Usage
from scoring import discrimination, learning, matrices, rules
from scoring.features import BY_KEY
from scoring.models import Outcome
from tests.factories import AccountFactory, EventTypeFactory, ProductUserFactory

DAY = dt.timedelta(days=1)
MIDNIGHT = dt.time(tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def home(tmp_path, settings):
    settings.HOME = tmp_path


# AUC and curves ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [3, 20, 10_000])
def test_auc_is_that_of_scikit_learn_also_with_ties(levels):
    draw = np.random.default_rng(levels)
    positives, others = draw.integers(0, levels, 40) + levels * 0.2 // 1, draw.integers(0, levels, 300)
    found = discrimination.auc(positives, others)
    truth = np.r_[np.ones(40), np.zeros(300)]
    assert found.value == pytest.approx(roc_auc_score(truth, np.r_[positives, others]))
    assert found.low < found.value < found.high


def test_the_interval_holds_the_truth_nineteen_times_of_twenty():
    """Normals one standard deviation apart have an AUC of Φ(1/√2) = 0.760."""
    draw = np.random.default_rng(1)
    found = [discrimination.auc(draw.normal(1, 1, 40), draw.normal(0, 1, 150)) for _ in range(400)]
    held = np.mean([one.low <= 0.76025 <= one.high for one in found])
    assert 0.92 <= held <= 0.98


def test_two_equal_numbers_do_not_differ_and_a_better_one_does():
    draw = np.random.default_rng(2)
    good, bad = draw.normal(1, 1, 60), draw.normal(0, 1, 200)
    same = discrimination.difference((good, good), (bad, bad))
    assert (same.value, same.low, same.high) == (0, 0, 0)
    better = discrimination.difference((good, draw.normal(0, 1, 60)), (bad, draw.normal(0, 1, 200)))
    assert better.low > 0


def test_a_group_of_one_has_no_auc():
    assert np.isnan(discrimination.auc(np.array([1.0]), np.arange(5.0)).value)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_proposed_curve_only_rises_or_only_falls_and_can_be_used(sign):
    draw = np.random.default_rng(3)
    positives, others = np.round(draw.gamma(3, 4, 50)) * sign, np.round(draw.gamma(1, 4, 2000)) * sign
    points = discrimination.curve(positives, others)
    values, heights = np.array(points).T
    assert (np.diff(values) > 0).all()
    assert (np.diff(heights) * sign >= 0).all()
    assert (heights.min(), heights.max()) == (0, 100)


def test_what_is_the_same_for_all_gets_no_curve():
    assert discrimination.curve(np.ones(10), np.ones(50)) is None


def test_bins_hold_every_value_once():
    for values in (np.array([1.0, 1, 1, 2]), np.arange(1000.0), np.zeros(5), np.empty(0)):
        edges = discrimination.bins(values, most=12)
        assert len(edges) <= 14
        assert np.histogram(values, edges)[0].sum() == len(values)


# Rows of a world -----------------------------------------------------------------------------------------------------


def used(account, day, count=1, event=None):
    person = account.product_users.first() or ProductUserFactory(account=account, first_seen_at=at(day))
    Usage.objects.create(user=person, day=day, event_type=event or EventTypeFactory(name="Task Created"), count=count)


def at(day):
    return dt.datetime.combine(day, MIDNIGHT)


@pytest.fixture
def sundays(db):
    """The mature ones, newest last."""
    return matrices.weeks(20, until=timezone.now().date() - 91 * DAY)


def test_positives_stand_at_their_last_week_before_the_outcome(sundays):
    won, raised_late, other = AccountFactory(), AccountFactory(), AccountFactory()
    for week in sundays:
        for account in (won, raised_late, other):
            used(account, week - 2 * DAY, count=5)
    Outcome.objects.create(account=won, kind="won", at=at(sundays[5] + 3 * DAY))
    Outcome.objects.create(account=raised_late, kind="won", at=timezone.now())
    rows = learning.rows(["won"], weeks=20)
    weeks = dict(zip(rows.account_id[rows.is_positive].tolist(), rows.week[rows.is_positive].tolist(), strict=True))
    assert weeks == {won.pk: sundays[5]}
    assert sorted(rows.account_id[~rows.is_positive].tolist()) == [raised_late.pk, other.pk]
    assert rows.early == 0
    again = learning.rows(["won"], weeks=20)
    assert again.week.tolist() == rows.week.tolist(), "drawn by a seed"


def test_nothing_after_the_week_is_seen_and_nobody_is_another_after_his_outcome(sundays):
    won = AccountFactory()
    used(won, sundays[3], count=7)
    used(won, sundays[3] + DAY, count=1000)
    Outcome.objects.create(account=won, kind="won", at=at(sundays[3] + DAY))
    rows = learning.rows(["won"], weeks=20)
    assert rows.account_id.tolist() == [won.pk]
    assert rows.features["events_28"].tolist() == [7]


def test_an_outcome_on_the_last_day_of_a_week_was_before_its_end(sundays):
    won = AccountFactory()
    used(won, sundays[2] - DAY)
    Outcome.objects.create(account=won, kind="won", at=at(sundays[3]))
    rows = learning.rows(["won"], weeks=20)
    assert rows.week.tolist() == [sundays[2]]


def test_an_empty_installation_has_no_rows_and_no_proposal(db):
    proposal = learning.propose(["won"])
    assert proposal.spec is None
    assert "0 accounts" in proposal.problem
    assert len(learning.importance(["won"])) == len(BY_KEY)
    assert learning.events_map(["won"]) == []


# Weights -------------------------------------------------------------------------------------------------------------


def drawn(*, positives=80, others=800, of, seed=5):
    """Rows in which `of(draw, is_positive)` gives features; all others are 1. Weeks run over a year."""
    draw = np.random.default_rng(seed)
    is_positive = np.arange(positives + others) < positives
    week = np.datetime64("2025-01-05") + 7 * draw.integers(0, 52, len(is_positive))
    features = {key: np.ones(len(is_positive)) for key in BY_KEY} | of(draw, is_positive)
    return learning.Rows(np.arange(len(is_positive)), week, week + 1, is_positive, features)


def test_weights_that_find_what_volume_does_not_are_a_draft():
    rows = drawn(
        of=lambda draw, positive: {
            "active_users_28": draw.poisson(np.where(positive, 9, 3)).astype(float),
            "breadth_28": draw.poisson(np.where(positive, 5, 3)).astype(float),
            "events_28": draw.poisson(40, len(positive)).astype(float),
        }
    )
    proposal = learning.propose(of=rows)
    assert proposal.problem == ""
    spec = rules.parse(proposal.spec, features=BY_KEY)
    assert spec.components[0].feature == "active_users_28"
    assert {component.feature for component in spec.components} >= {"active_users_28", "breadth_28"}
    assert all(component.weight > 0 for component in spec.components)
    assert [gate.feature for gate in spec.gates] == ["active_users_28", "days_since_first_use"]
    figures = proposal.figures
    assert figures.auc.value > 0.9 > 0.6 > figures.auc_volume.value
    assert figures.difference.low > 0
    assert figures.found > figures.found_volume
    assert figures.trained_positives + figures.later_positives <= 80


def test_weights_that_are_not_better_than_volume_are_none():
    rows = drawn(
        of=lambda draw, positive: {
            "events_28": np.where(positive, 100.0, 10.0) + draw.normal(size=len(positive)),
            "breadth_28": draw.poisson(np.where(positive, 5, 3)).astype(float),
        }
    )
    proposal = learning.propose(of=rows)
    assert proposal.spec is None
    assert "volume" in proposal.problem
    assert proposal.figures.auc_volume.value == 1


def test_few_positives_are_too_few():
    rows = drawn(positives=29, of=lambda draw, positive: {"people": positive * 5.0})
    proposal = learning.propose(of=rows)
    assert (proposal.spec, proposal.figures.positives) == (None, 29)
    assert "29" in proposal.problem


def test_chance_gives_no_weights():
    proposal = learning.propose(of=drawn(of=lambda draw, positive: {}))
    assert proposal.spec is None


@pytest.fixture(autouse=True)
def _definition(request):
    """A proposal takes gates and thresholds from the definition in force."""
    request.getfixturevalue("db")


def test_a_feature_that_tells_gets_a_curve_and_one_that_does_not_gets_none():
    rows = drawn(of=lambda draw, positive: {"people": draw.poisson(np.where(positive, 9, 3)).astype(float)})
    lines = {line.key: line for line in learning.importance(of=rows)}
    people, fit = lines["people"], lines["fit"]
    assert people.tells
    assert people.curve
    assert people.weight > 30
    assert sum(people.histogram_positive) == 80
    assert sum(people.histogram_others) == 800
    assert (fit.tells, fit.curve, fit.weight) == (False, None, 0)


def test_a_certain_difference_that_is_next_to_nothing_is_no_reason():
    """None of eighty with an outcome did what one in a hundred others did: an interval without width beside a half."""
    rows = drawn(of=lambda draw, positive: {"fit": np.where(np.arange(len(positive)) % 100 == 99, 1.0, 0.0)})
    fit = next(line for line in learning.importance(of=rows) if line.key == "fit")
    assert fit.low == pytest.approx(fit.high, abs=0.01)
    assert fit.high < 0.5
    assert (fit.tells, fit.curve) == (False, None)


# The map of events ---------------------------------------------------------------------------------------------------


def test_the_map_counts_who_did_it_before_and_who_got_there_after(sundays):
    start = sundays[0]
    report, invite = EventTypeFactory(name="Report Created"), EventTypeFactory(name="Invited")
    both, only_report, after, never = (AccountFactory() for _ in range(4))
    used(both, start, event=report)
    used(both, start, event=invite)
    used(only_report, start, event=report)
    used(after, start + 10 * DAY, event=report)
    used(never, start, event=report)
    Outcome.objects.create(account=both, kind="won", at=at(start + 5 * DAY))
    Outcome.objects.create(account=only_report, kind="won", at=at(start + 91 * DAY))
    Outcome.objects.create(account=after, kind="won", at=at(start + 10 * DAY))
    points = {point.event_type: point for point in learning.events_map(["won"])}
    found = points["Report Created"]
    assert (found.positives_before, found.positives, found.accounts) == (2, 3, 4)
    assert found.necessity == pytest.approx(2 / 3)
    # `after` had its outcome on the day of its first report, `only_report` a day too late.
    assert (found.judged_positive, found.judged) == (1, 3)
    assert (points["Invited"].necessity, points["Invited"].sufficiency) == (pytest.approx(1 / 3), 1)
