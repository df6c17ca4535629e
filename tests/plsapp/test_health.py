"""`/healthz` in-process; with real deaths it is in test_up.py and test_redis.py."""

import datetime as dt
import re
import time
import tomllib
from pathlib import Path

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

import plsapp
from accounts.models import Landing, LoadState
from plsapp import broker, health
from tests.factories import SourceFactory

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def patient(monkeypatch):
    """A busy machine may take longer over a healthy answer than a load balancer waits."""
    monkeypatch.setattr(health, "PATIENCE", 30)


@pytest.mark.django_db(transaction=True)
def test_it_tells_what_was_loaded_and_what_waits(patient):
    loaded = timezone.now() - dt.timedelta(minutes=3)
    LoadState.objects.update_or_create(id=1, defaults={"loaded_at": loaded})
    Landing.objects.create(source=SourceFactory(), received_at=loaded, path="batch", body=b"{}", size=1)
    broker.prepare()
    answer = Client().get("/healthz")
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {
        "status",
        "database",
        "broker",
        "last_load",
        "last_score",
        "full_scoring",
        "ambiguous_workspaces",
        "landing_backlog",
        "bare_sign_ups_in_sales",
        "version",
    }
    assert dt.datetime.fromisoformat(told["last_load"]) == loaded.replace(microsecond=loaded.microsecond // 1000 * 1000)
    assert (told["status"], told["last_score"], told["landing_backlog"]) == ("ok", None, 1)
    assert not answer.cookies, "no session"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db(transaction=True)
def test_a_missing_queue_is_ill_health(patient):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgmq.drop_queue(%s)", [broker.QUEUE])
    try:
        answer = Client().get("/healthz")
        assert (answer.status_code, answer.json()["database"], answer.json()["broker"]) == (503, "ok", "failing")
    finally:
        broker.prepare()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_hangs_is_told():
    """A lock that nobody gives back stands for a server that does not answer."""
    blocker = connections["default"].copy()
    try:
        blocker.set_autocommit(False)
        with blocker.cursor() as cursor:
            cursor.execute("LOCK TABLE accounts_loadstate IN ACCESS EXCLUSIVE MODE")
        begun = time.monotonic()
        answer = Client().get("/healthz")
        assert time.monotonic() - begun < 15, "not as long as the lock is held"
        assert (answer.status_code, answer.json()["status"]) == (503, "failing")
    finally:
        blocker.rollback()
        blocker.close()
    deadline = time.monotonic() + 60
    while Client().get("/healthz").status_code != 200:
        assert time.monotonic() < deadline, "well again"


def test_the_version_is_the_one_of_the_project():
    assert plsapp.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", plsapp.__version__)
