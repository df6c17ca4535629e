"""Features of a past day know nothing of what came later: everything that could tell is added, and nothing may change."""

import datetime as dt

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Account, Membership, ProductUser
from scoring import backtest, columnar, definitions, features, matrices
from scoring.models import Outcome
from tests.feed import group, identify, load, track
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db

DAY = timezone.now().date() - dt.timedelta(days=10)


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def engines():
    """Features of the day and of a week before, by each engine."""
    ids = list(Account.objects.filter(name__in=["acme.com", "other.com"]).order_by("pk").values_list("pk", flat=True))
    answers = {
        "columnar": columnar.aggregates(DAY),
        "a few": columnar.aggregates_of(DAY, ids),
        "postgresql": features.in_postgresql(DAY),
        "postgresql, a few": features.in_postgresql(DAY, ids),
    }
    found = {}
    for engine, raw in answers.items():
        for when, matrix in zip(("then", "week before"), features.derive(raw, DAY), strict=True):
            wanted = np.isin(matrix["account_id"], ids)
            found[engine, when] = {name: values[wanted] for name, values in matrix.items()}
    return found


def said(days_ago, message):
    return message | {"timestamp": (timezone.now() - dt.timedelta(days=days_ago)).isoformat()}


def world():
    """A company whose people work in its workspace and have no titles, and another one."""
    for domain in ("acme.com", "other.com"):
        users = [f"{n}@{domain}" for n in range(4)]
        load(*(said(60, identify(user, email=user)) for user in users))
        load(
            *(track(user, "Query Run", days_ago=day, group=f"w-{domain}") for user in users for day in range(11, 50, 2))
        )
    assert Membership.objects.count() == 8


def everything_that_came_later():
    """Each of these lies after the day, and would lift the account."""
    load(identify("0@acme.com", title="CEO"))
    load(group("w-acme.com", employees=900))
    load(said(3, identify("buyer@acme.com", email="buyer@acme.com", title="CTO")))
    load(said(30, identify("guest@elsewhere.com", email="guest@elsewhere.com", title="CFO")))
    load(track("guest@elsewhere.com", "Query Run", days_ago=2, group="w-acme.com"))
    load(
        *(
            track(f"{n}@acme.com", "Teammate Invited", days_ago=day, group="w-acme.com")
            for n in range(4)
            for day in range(9)
        )
    )
    load(track("1@acme.com", "Hand Raised", days_ago=1, group="w-acme.com"))
    account = Account.objects.get(domain="acme.com")
    Outcome.objects.create(account=account, kind="won", at=timezone.now() - dt.timedelta(days=1))


def test_what_came_later_changes_no_feature_in_any_engine():
    world()
    before = engines()
    everything_that_came_later()
    after = engines()
    for engine, matrix in before.items():
        for name, values in matrix.items():
            assert np.array_equal(values, after[engine][name], equal_nan=True), (engine, name)
    # And it is there as of today: the test would see it.
    today = features.matrix(timezone.now().date())
    acme = today["account_id"] == Account.objects.get(domain="acme.com").pk
    assert today["senior_people"][acme] == 3
    assert today["employees"][acme] == 900
    assert today["days_since_invite"][acme] == 0
    assert today["people"][acme] == 6


def test_what_came_later_changes_no_score_of_a_backtest():
    team("acme.com", people=4, days=range(11, 60))
    spec = definitions.spec_of(definitions.published())
    days = [day for day in matrices.weeks(5) if day <= DAY]

    def scores():
        return [(found.score.tolist(), found.tier.tolist()) for _, found, _ in backtest.weekly(spec, days)]

    before = scores()
    everything_that_came_later()
    matrices.make([*days, days[0] - backtest.WEEK])
    known = len(before[0][0])
    after = [(score[:known], tier[:known]) for score, tier in scores()]
    assert after == before


@pytest.mark.parametrize("known_days_ago", [40, 20, 12, 11])
def test_what_was_known_by_the_day_counts_from_then_on(known_days_ago):
    world()
    load(
        said(known_days_ago, identify("0@acme.com", title="CEO")),
        said(known_days_ago, group("w-acme.com", employees=900)),
    )
    person = ProductUser.objects.get(key="u:0@acme.com")
    assert person.profiled_at.date() == timezone.now().date() - dt.timedelta(days=known_days_ago)
    assert Account.objects.get(domain="acme.com").employees_at.date() == person.profiled_at.date()
    week_before_knew = known_days_ago >= 17
    for (engine, when), matrix in engines().items():
        place = matrix["account_id"].tolist().index(Account.objects.get(domain="acme.com").pk)
        knows = when == "then" or week_before_knew
        assert matrix["senior_people"][place] == knows, engine
        assert matrix["profiled_active"][place] == knows, engine
        assert np.isnan(matrix["employees"][place]) != knows, engine


def test_a_title_counts_since_it_was_last_changed_and_saying_it_again_changes_nothing():
    load(
        said(40, identify("0@acme.com", email="0@acme.com", title="Engineer")),
        said(20, identify("0@acme.com", title="CEO")),
    )
    changed = ProductUser.objects.get().profiled_at
    load(said(1, identify("0@acme.com", title="CEO", name="Ann")))
    assert ProductUser.objects.get().profiled_at == changed
    assert changed.date() == timezone.now().date() - dt.timedelta(days=20)


def test_a_size_moves_with_the_workspace_to_the_company_it_turns_out_to_be_of():
    load(said(40, group("w1", name="Team", employees=70)), track("a1", group="w1", days_ago=39))
    own = Account.objects.get()
    assert own.employees_at.date() == timezone.now().date() - dt.timedelta(days=40)
    load(said(2, group("w1", domain="acme.com")))
    company = Account.objects.get(domain="acme.com")
    assert (company.employees, company.employees_at) == (70, own.employees_at)
