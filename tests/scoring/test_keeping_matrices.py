import json

import pytest
from django.core.management import CommandError, call_command

from plsapp.celery import SCHEDULE
from scoring import matrices, tasks
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def test_the_command_makes_the_weeks_that_are_missing(capsys):
    team(people=1, days=range(30))
    call_command("snapshots", "--weeks", "3")
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["weeks"], said["made"]) == (3, 4)
    assert matrices.missing(matrices.for_backtest(3)) == []
    call_command("snapshots", "--weeks", "3")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["made"] == 0


@pytest.mark.parametrize("weeks", ["0", str(matrices.KEPT_WEEKS + 1), "-1"])
def test_the_command_refuses_weeks_that_would_not_be_kept(weeks):
    with pytest.raises(CommandError, match="--weeks"):
        call_command("snapshots", "--weeks", weeks)


def test_every_night_the_weeks_of_a_backtest_are_made():
    team(people=1, days=range(10))
    tasks.keep_matrices()
    assert matrices.missing(matrices.for_backtest()) == []
    assert SCHEDULE["weeks for backtests"]["task"] == tasks.keep_matrices.name
