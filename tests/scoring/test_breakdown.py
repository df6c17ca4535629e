"""Stored arrays and what is read of them."""

import dataclasses
import datetime as dt
import math

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Account
from scoring import before, breakdown, buyers, rules, writing
from scoring.breakdown import KEYS
from scoring.models import Definition, Score, ScoreChange, ScoringRun
from scoring.scored import Scored
from tests.factories import AccountFactory

numbers = st.one_of(
    st.just(math.nan), st.integers(0, 50_000).map(float), st.floats(-1e6, 1e9).map(lambda value: value + 0.0)
)


@st.composite
def curves(draw):
    xs = sorted(draw(st.sets(st.integers(-100, 5_000), min_size=1, max_size=5)))
    ys = draw(st.lists(st.integers(0, 100), min_size=len(xs), max_size=len(xs)).filter(any))
    kind = draw(st.sampled_from(["linear", "step"]))
    return {"kind": kind, "points": [[x / 7, y] for x, y in zip(xs, ys, strict=True)]}


specs = st.lists(
    st.fixed_dictionaries(
        {
            "label": st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
            "feature": st.sampled_from(KEYS),
            "curve": curves(),
            "weight": st.integers(1, 40),
        }
    ),
    min_size=1,
    max_size=7,
).map(lambda parts: {"components": [part | {"key": str(place)} for place, part in enumerate(parts)]})


def matrix(rows, account_ids):
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), len(KEYS)).T
    return {"account_id": np.array(account_ids, dtype=np.int64)} | dict(zip(KEYS, columns, strict=True))


def scored_of(spec, now, week_ago, evidence=True):
    there = np.full(len(now["account_id"]), evidence)
    return Scored(
        as_of=timezone.now().date(),
        spec=spec,
        features=now,
        now=rules.evaluate(spec, now, evidence=there),
        week_ago_features=week_ago,
        week_ago=rules.evaluate(spec, week_ago, evidence=there),
        segment=buyers.segments(now["employees"]),
        buyer_state=buyers.states(now),
    )


def run_of(spec):
    version = Definition.objects.count() + 1_000
    definition = Definition.objects.create(version=version, name="Any", state="retired", spec=spec)
    return definition, ScoringRun.objects.create(definition=definition, kind="full", as_of=timezone.now().date())


def write(run, definition, scored, raised=()):
    return writing.write(run, definition, scored, before.read(), dict(raised)).tolist()


class RoundTripTest(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(spec=specs, data=st.data(), evidence=st.booleans())
    def test_what_is_read_is_what_was_scored(self, spec, data, evidence):
        rows = st.lists(numbers, min_size=len(KEYS), max_size=len(KEYS))
        accounts = sorted(AccountFactory().pk for _ in range(data.draw(st.integers(1, 4))))
        now, week_ago = (matrix([data.draw(rows) for _ in accounts], accounts) for _ in range(2))
        scored = scored_of(rules.parse(spec), now, week_ago, evidence)
        definition, run = run_of(spec)
        assert sorted(write(run, definition, scored)) == accounts
        for place, account in enumerate(accounts):
            score, change = Score.objects.get(pk=account), ScoreChange.objects.get(account=account)
            assert score.contributions == change.contributions == scored.contributions(place)
            assert score.week_ago == scored.contributions_week_ago(place)
            assert score.features == {key: breakdown.number(now[key][place]) for key in KEYS}
            assert (score.score, score.week_ago_score) == (scored.score(place), scored.week_ago_score(place))
            assert (score.tier, score.segment) == (scored.tier(place), scored.segment[place])
            assert (change.score, change.tier, change.buyer_state) == (score.score, score.tier, score.buyer_state)
        assert write(run, definition, scored) == []

    @given(spec=specs, values=st.lists(numbers, max_size=20))
    def test_points_of_one_value_are_those_of_an_array(self, spec, values):
        for component in rules.parse(spec).components:
            together = component.curve.at(np.array(values, dtype=np.float64))
            assert [component.curve.points_at(value) for value in values] == together.tolist()


pytestmark = pytest.mark.django_db
SPEC = {
    "components": [
        {
            "key": "team",
            "label": "Größe",
            "feature": "active_users_28",
            "weight": 1,
            "curve": {"points": [[0, 0], [10, 10]]},
        }
    ],
    "gates": [{"feature": "people", "minimum": 3, "cap": "self_serve", "reason": "Zu wenige – " * 40}],
}


def known(accounts, **features):
    rows = [[features.get(key, 0.0) for key in KEYS] for _ in accounts]
    return matrix(rows, accounts)


def test_only_rows_that_changed_are_written_and_only_news_is_history():
    accounts = sorted(AccountFactory().pk for _ in range(3))
    definition, run = run_of(SPEC)
    spec, now = rules.parse(SPEC), known(accounts, active_users_28=9.0, people=5.0, employees=300.0)
    assert write(run, definition, scored_of(spec, now, now)) == accounts
    first = {score.pk: score for score in Score.objects.all()}
    assert {score.tier_since for score in first.values()} == {score.scored_at for score in first.values()}

    now["events_7"] = np.array([0.0, 8.0, 0.00001])
    assert write(run, definition, scored_of(spec, now, now)) == [accounts[1]]
    score = Score.objects.get(pk=accounts[1])
    assert score.scored_at > first[score.pk].scored_at
    assert score.tier_since == first[score.pk].tier_since
    assert score.features["events_7"] == 8.0
    assert Score.objects.get(pk=accounts[0]).scored_at == first[accounts[0]].scored_at
    assert ScoreChange.objects.count() == 3

    now["people"] = np.array([5.0, 5.0, 2.0])
    assert write(run, definition, scored_of(spec, now, now)) == [accounts[2]]
    score, change = Score.objects.get(pk=accounts[2]), ScoreChange.objects.order_by("-pk")[0]
    assert (score.tier, score.tier_reason) == ("self_serve", ("Zu wenige – " * 40)[:300])
    assert score.tier_since == score.scored_at == change.at
    assert (change.account_id, change.tier, change.tier_reason) == (score.pk, score.tier, score.tier_reason)
    assert change.run_id == run.pk


def test_a_raised_hand_is_written_and_taken_back():
    accounts = sorted(AccountFactory().pk for _ in range(2))
    definition, run = run_of(SPEC)
    now = known(accounts, active_users_28=9.0, people=5.0)
    scored = scored_of(rules.parse(SPEC), now, now)
    at = timezone.now() - dt.timedelta(days=2)
    write(run, definition, scored, {accounts[1]: at, accounts[1] + 1_000_000: at})
    assert list(Score.objects.order_by("pk").values_list("hand_raised_at", flat=True)) == [None, at]
    assert write(run, definition, scored) == [accounts[1]]
    assert Score.objects.exclude(hand_raised_at=None).count() == 0


def test_an_account_that_has_only_a_history_keeps_its_tier_and_since_when():
    account = AccountFactory()
    definition, run = run_of(SPEC | {"thresholds": {"pqa": 92, "activate": 60}})
    long_ago = timezone.now() - dt.timedelta(days=70)
    for days, tier in ((0, "activate"), (7, "pqa"), (14, "pqa")):
        ScoreChange.objects.create(
            account=account, at=long_ago + dt.timedelta(days=days), definition=definition, score=93, tier=tier,
            segment="smb", buyer_state="none",
        )  # fmt: skip
    past = before.read()
    now = known([account.pk], active_users_28=9.0, people=5.0)
    assert past.tiers(np.array([account.pk, account.pk + 1])).tolist() == [rules.PQA, -1]
    scored = scored_of(rules.parse(definition.spec), now, now)
    tier = np.full(1, rules.PQA)
    write(run, definition, dataclasses.replace(scored, now=dataclasses.replace(scored.now, tier=tier)))
    assert Score.objects.get().tier_since == long_ago + dt.timedelta(days=7)


def test_no_accounts_are_no_work():
    definition, run = run_of(SPEC)
    nobody = known([])
    assert write(run, definition, scored_of(rules.parse(SPEC), nobody, nobody)) == []
    assert len(before.read([]).account_id) == 0
    assert not Account.objects.exists()


def test_a_row_that_was_written_when_the_catalogue_was_shorter_does_not_know_the_later_features():
    definition, _ = run_of(SPEC)
    now = timezone.now()
    score = Score(
        account=AccountFactory(), definition=definition, scored_at=now, tier_since=now, score=40, effects=[40],
        feature_values=[1.0] * (len(KEYS) - 2),
    )  # fmt: skip
    assert score.features == dict.fromkeys(KEYS[:-2], 1.0) | dict.fromkeys(KEYS[-2:])
    assert score.contributions[0]["value"] == 1.0
    score.feature_values = [1.0, 2.0]
    assert [part["value"] for part in score.contributions] == [None]


def test_the_breakdowns_of_many_rows_cost_one_query_for_their_definition(django_assert_num_queries):
    accounts = sorted(AccountFactory().pk for _ in range(5))
    definition, run = run_of(SPEC)
    now = known(accounts, active_users_28=9.0)
    write(run, definition, scored_of(rules.parse(SPEC), now, now))
    with django_assert_num_queries(2):
        assert {score.contributions[0]["value"] for score in Score.objects.all()} == {9.0}
