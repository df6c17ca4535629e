"""Scoring runs with usage in the customer's own engine: what is scored when, and what stays when the engine fails."""

import datetime as dt

import duckdb
import pyarrow as pa
import pytest
from django.test import Client
from django.utils import timezone

from accounts import changes
from accounts.models import EventType, Usage
from plsapp.celery import from_warehouse
from scoring import features, runs, warehouse
from scoring.models import Score, ScoringRun
from tests.factories import AccountFactory, ProductUserFactory

pytestmark = pytest.mark.django_db
COLUMNS = {"user_id": "who", "event": "what", "timestamp": "at"}


@pytest.fixture
def lake(tmp_path, settings):
    """A DuckDB file with ten days of usage by the people `u:1` to `u:5`, and settings that point at it."""
    settings.HOME = tmp_path / "home"
    settings.USAGE_URL, settings.USAGE_TABLE = f"duckdb://{tmp_path / 'lake.duckdb'}", "events"
    settings.USAGE_COLUMNS = COLUMNS
    path = tmp_path / "lake.duckdb"
    fill(path, people=5)
    return path


def fill(path, *, people):
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    rows = [
        (str(who), "Report Shared", now - dt.timedelta(days=day)) for who in range(1, people + 1) for day in range(10)
    ]
    who, what, at = zip(*rows, strict=True)
    arrow = pa.table({"who": who, "what": what, "at": pa.array(at, pa.timestamp("us"))})
    with duckdb.connect(str(path)) as duck:
        duck.register("arrow", arrow)
        duck.execute("CREATE OR REPLACE TABLE events AS SELECT * FROM arrow")


@pytest.fixture
def account():
    account = AccountFactory(employees=None)
    for number in range(1, 9):
        ProductUserFactory(key=f"u:{number}", account=account)
    return account


def score(account):
    return Score.objects.get(account=account)


def test_a_full_run_scores_usage_that_only_the_engine_has(lake, account):
    runs.score_all()
    assert not Usage.objects.exists()
    assert EventType.objects.get().name == "Report Shared"
    assert score(account).score > 0
    assert score(account).features["active_users_28"] == 5
    assert score(account).features["events_28"] == 50


def test_between_full_runs_people_are_those_of_now_and_usage_is_that_of_the_last(lake, account):
    runs.score_all()
    before = score(account)
    fill(lake, people=8)
    account.employees = 5_000
    account.save(update_fields=["employees"])
    changes.mark([account.pk])
    assert runs.score_changed() == 1
    assert score(account).segment == "enterprise" != before.segment
    assert score(account).features["active_users_28"] == 5
    runs.score_all()
    assert score(account).features["active_users_28"] == 8


def test_before_the_first_full_run_changed_accounts_wait(lake, account):
    changes.mark([account.pk])
    assert runs.score_changed() == 0
    assert not ScoringRun.objects.exists()
    runs.score_all()
    assert not changes.waiting(limit=1)
    changes.mark([account.pk])
    assert runs.score_changed() == 1


@pytest.mark.django_db(transaction=True)
def test_when_the_engine_fails_scores_stay_the_run_says_why_and_health_tells(lake, account):
    runs.score_all()
    before = score(account)
    assert Client().get("/healthz").json()["full_scoring"] == "ok"
    lake.rename(lake.with_suffix(".away"))
    changes.mark([account.pk])
    with pytest.raises(warehouse.WarehouseError):
        runs.score_all()
    failed = ScoringRun.objects.latest("started_at")
    assert failed.state == ScoringRun.State.FAILED
    assert failed.error.startswith("WarehouseError: USAGE_URL: cannot connect to duckdb: ")
    after = score(account)
    assert (after.score, after.scored_at) == (before.score, before.scored_at)
    assert changes.waiting(limit=1), "what changed still waits"
    assert Client().get("/healthz").json()["full_scoring"] == "failing"
    assert runs.score_changed() == 1, "with the usage that was kept"
    lake.with_suffix(".away").rename(lake)
    runs.score_all()
    assert Client().get("/healthz").json()["full_scoring"] == "ok"
    assert score(account).score == before.score


def test_a_past_day_is_asked_of_the_engine(lake, account):
    runs.score_all()
    today = features.matrix(timezone.now().date())
    week_ago = features.matrix(timezone.now().date() - dt.timedelta(days=7))
    assert (today["events_28"].tolist(), week_ago["events_28"].tolist()) == ([50.0], [15.0])


def test_the_clock_has_a_line_for_it_only_when_usage_is_elsewhere():
    assert from_warehouse(every_minutes=0) == {}
    (line,) = from_warehouse(every_minutes=30).values()
    assert (line["task"], line["schedule"]) == ("scoring.tasks.score_all", 1800)
