import copy
import datetime as dt

import numpy as np
import pytest
from django.utils import timezone

from scoring import backtest, breakdown, defaults, definitions, matrices, rules
from scoring.models import Definition, Outcome
from scoring.rules import ACTIVATE, PQA, SELF_SERVE
from scoring.scored import compute
from tests.factories import AccountFactory
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db

#: The score is ten times the active people, so that a test can say by its rows who is what.
PEOPLE = {
    "components": [
        {
            "key": "team",
            "label": "Team",
            "feature": "active_users_28",
            "weight": 1,
            "curve": {"points": [[0, 0], [10, 100]]},
        }
    ],
    "thresholds": {"pqa": 80, "activate": 60},
    "hysteresis": 10,
}


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def put(monkeypatch, accounts, days, counts, employees=None):
    """Puts snapshots in the place of computed ones: what is tested here is what is made of them."""
    made = {}
    for week, day in enumerate(days):
        matrix = {key: np.zeros(len(accounts)) for key in breakdown.KEYS}
        matrix["account_id"] = np.array([account.pk for account in accounts])
        matrix["active_users_28"] = np.array([float(each[week]) for each in counts])
        matrix["events_28"] = matrix["active_users_28"].copy()
        matrix["employees"] = np.full(len(accounts), np.nan) if employees is None else np.array(employees)
        made[day] = matrices._kept(None, day, matrix, replaces=lambda name: False)
    monkeypatch.setattr(matrices, "of_days", lambda asked: [made[day] for day in asked])


def scene(monkeypatch, counts, employees=None):
    """Accounts whose score in each week (the first one is the week before) is ten times the number given for it."""
    days = matrices.weeks(len(counts[0]))
    accounts = [AccountFactory() for _ in counts]
    put(monkeypatch, accounts, days, counts, employees)
    return accounts, days[1:]


def outcome(account, day, *, after, kind="won"):
    at = dt.datetime.combine(day + dt.timedelta(days=after), dt.time(12), dt.UTC)
    Outcome.objects.create(account=account, kind=kind, at=at)


def run(weeks, *, horizon_days=7, spec=PEOPLE, **more):
    return backtest.run(rules.parse(spec), weeks=weeks, kinds=["won"], horizon_days=horizon_days, **more)


def test_who_becomes_a_pqa_entered_in_that_week_and_hysteresis_holds_him(monkeypatch):
    scene(monkeypatch, [[8, 7, 6, 8, 9], [0, 8, 7, 7, 6], [5, 6, 5, 5, 4]])
    found = run(4)
    assert [week.entered for week in found.weeks] == [1, 0, 1, 0]
    # 70 holds a PQA and 60 does not; 50 holds an account in activate and 40 does not.
    assert [week.counts for week in found.weeks] == [(0, 1, 2), (0, 2, 1), (0, 1, 2), (1, 1, 1)]
    assert [week.day for week in found.weeks] == matrices.weeks(4)


def test_a_backtest_of_a_day_is_what_a_run_of_that_day_computes():
    team("big.com", people=12, days=range(60), title="CTO", employees=500)
    team("mid.com", people=6, days=range(0, 60, 2))
    team("slow.com", people=4, days=[20, 40])
    definition = definitions.published()
    spec = definitions.spec_of(definition)
    days = matrices.weeks(4)
    before = None
    for day, (snapshot, found, was) in zip(days, backtest.weekly(spec, days), strict=True):
        if before is None:
            before = was
        scored = compute(as_of=day, definition=definition, tiers_before=lambda ids, known=before: known)
        assert snapshot.as_of == day
        assert np.array_equal(found.score, scored.now.score)
        assert np.array_equal(found.tier, scored.now.tier)
        assert np.array_equal(found.gate, scored.now.gate)
        before = found.tier
    assert (found.tier == PQA).sum() == 1
    report = backtest.run(spec, weeks=4)
    assert report.weeks[-1].counts == tuple((found.tier == tier).sum() for tier in (SELF_SERVE, ACTIVATE, PQA))


def test_precision_recall_and_lift_by_hand(monkeypatch):
    # Four mature weeks. The first account is won after the second week, the other PQA never is.
    accounts, days = scene(monkeypatch, [[0, 9, 9, 9, 9, 9, 9], [0, 9, 9, 9, 9, 9, 9], [0, 2, 2, 2, 2, 2, 2], [0] * 7])
    outcome(accounts[0], days[1], after=3)
    found = run(6, horizon_days=14)
    mature = [week.is_mature for week in found.weeks]
    assert mature == [day + dt.timedelta(days=14) < timezone.now().date() for day in days]
    weeks = sum(mature)
    top = found.band("pqa")
    # Until its outcome the first account counts: weeks one and two, both within 14 days before.
    assert (top.accounts, top.distinct) == (2 + 6, 2)
    assert (top.mature, top.positives) == (2 + weeks, 2)
    assert top.precision == pytest.approx(2 / (2 + weeks))
    assert found.base_rate == pytest.approx(2 / (2 + 2 * weeks))
    assert top.lift == pytest.approx(top.precision / found.base_rate)
    assert top.recall == 1
    assert found.band("self_serve").recall == found.band("20-29").recall == 0
    assert found.band("90-100").positives == 2
    assert found.positives == 1
    assert found.lead_days == (10, 10, 10)
    assert sum(band.accounts for band in found.bands[3:]) == 2 + 6 + 6


def test_what_is_not_over_yet_is_unknown_and_never_a_miss(monkeypatch):
    accounts, days = scene(monkeypatch, [[0, 9, 9], [0, 9, 9], [0, 3, 3]])
    outcome(accounts[0], days[0], after=1)
    found = run(2, horizon_days=300)
    assert not any(week.is_mature for week in found.weeks)
    assert (found.weeks[0].entered, found.weeks[0].positives, found.weeks[0].unknown) == (2, 1, 1)
    assert found.unknown == 4  # two accounts in each week; the first is positive, then over
    top = found.band("pqa")
    assert (top.mature, top.positives, top.precision, top.recall, top.lift) == (0, 0, None, None, None)
    assert found.base_rate is found.lead_days is None
    assert found.positives == 0


def test_an_outcome_before_a_week_or_after_the_horizon_does_not_count_for_it(monkeypatch):
    accounts, days = scene(monkeypatch, [[0, 9, 9, 9, 9, 9], [0, 9, 9, 9, 9, 9], [0, 9, 9, 9, 9, 9]])
    outcome(accounts[0], days[0], after=-10)
    outcome(accounts[1], days[0], after=8)  # nine days after a week that looks seven ahead
    outcome(accounts[2], days[0], after=0)  # on its last day: known by then
    found = run(5)
    top = found.band("pqa")
    assert top.positives == 1  # the second account, in the second week
    assert found.weeks[0].positives == 0
    assert top.accounts == 2  # and none of the others any more
    assert top.recall == 1


def test_who_had_no_score_in_the_last_week_was_missed_by_every_band(monkeypatch):
    accounts, days = scene(monkeypatch, [[0, 9, 0, 0, 0, 0], [0, 7, 9, 9, 9, 9]])
    for account in accounts:
        outcome(account, days[1], after=2)
    found = run(5)
    assert found.positives == 2
    assert [band.recall for band in found.bands[:3]] == [0.5, 0, 0]


def test_loads_tell_what_each_threshold_sends_and_keeps(monkeypatch):
    accounts, days = scene(monkeypatch, [[0, 9, 9], [0, 7, 9], [0, 8, 8], [8, 8, 8], [9, 5, 9]])
    outcome(accounts[1], days[0], after=2)
    outcome(accounts[2], days[0], after=2)
    found = backtest.loads(rules.parse(PEOPLE), weeks=2, thresholds=[70, 80, 90])
    assert found.weeks == 2
    assert found.outcomes == 2
    assert found.at(80).entering == (2 + 2) / 2
    assert found.at(90).entering == (1 + 2) / 2
    assert (found.at(70).kept, found.at(80).kept, found.at(90).kept) == (1, 0.5, 0)
    assert found.at(70).pqa == 5
    assert found.fitting(1.6).threshold == 90
    assert found.fitting(0.1) is None
    # At its own threshold it says what the backtest says.
    report = run(2)
    assert found.at(80).entering == np.mean([week.entered for week in report.weeks])
    assert found.at(80).pqa == report.weeks[-1].counts[PQA]


def test_gates_keep_accounts_out_of_loads(monkeypatch):
    scene(monkeypatch, [[0, 9], [0, 9]])
    gate = {"feature": "days_since_first_use", "minimum": 3, "cap": "activate", "reason": "new"}
    assert backtest.loads(rules.parse(PEOPLE | {"gates": [gate]}), weeks=1).at(80).entering == 0


def test_loads_move_the_threshold_of_one_recipe_and_leave_the_others(monkeypatch):
    scene(monkeypatch, [[0, 9], [0, 8], [0, 9], [0, 4]], employees=[20, 20, 5000, 5000])
    own = {"segments": ["enterprise"], "components": PEOPLE["components"], "thresholds": {"pqa": 40, "activate": 20}}
    spec = rules.parse(PEOPLE | {"variants": [own]})
    base = backtest.loads(spec, weeks=1, thresholds=[40, 80, 90, 100])
    assert [line.entering for line in base.lines] == [2 + 2, 2 + 2, 1 + 2, 0 + 2]
    large = backtest.loads(spec, weeks=1, thresholds=[40, 80, 100], place=1)
    assert [line.entering for line in large.lines] == [2 + 2, 2 + 1, 2 + 0]
    assert base.at(80).entering == large.at(40).entering == backtest.run(spec, weeks=1).weeks[0].entered


def test_an_unknown_kind_is_refused_by_its_name():
    with pytest.raises(ValueError, match="kinds"):
        backtest.run(rules.parse(copy.deepcopy(defaults.SPEC)), weeks=1, kinds=["sold"])


def test_without_any_usage_there_are_weeks_and_no_figures():
    found = backtest.run(definitions.spec_of(Definition(spec=defaults.SPEC)), weeks=3)
    assert [week.counts for week in found.weeks] == [(0, 0, 0)] * 3
    assert found.base_rate is None
    assert backtest.loads(rules.parse(defaults.SPEC)).at(80).kept is None
