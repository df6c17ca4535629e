import os
import subprocess
import sys
import threading
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction

from accounts import changes
from accounts.models import AccountChange
from plsapp import broker
from scoring import definitions, runs, shards, tasks
from scoring.models import Definition, Score, ScoreChange, ScoredAccount, ScoringRun, ScoringShard
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db(transaction=True)

SAME = ("account_id", "score", "tier", "tier_reason", "segment", "buyer_state", "digest", "effects", "week_ago_effects")


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def accounts():
    return [
        team(f"company-{number}.com", people=1 + number % 4, days=range(0, 20, 1 + number % 5)).pk
        for number in range(9)
    ]


def rows():
    return list(Score.objects.order_by("pk").values(*SAME))


def forget():
    for model in (Score, ScoreChange, ScoredAccount):
        model.objects.all().delete()


def split(count):
    run, ids = runs.begin("full"), []
    shards.split(run, shards=count, enqueue=ids.append)
    return run, ids


def test_four_shards_write_what_one_run_writes(accounts):
    whole = runs.score_all()
    expected = rows()
    forget()
    changes.mark(accounts)
    run = shards.score_all(shards=4)
    assert rows() == expected
    assert (run.state, run.accounts, run.changed) == ("done", whole.accounts, 9)
    assert sum(run.shards.values_list("accounts", flat=True)) == 9
    assert max(run.shards.values_list("accounts", flat=True)) <= 3
    assert ScoreChange.objects.count() == 9
    assert not AccountChange.objects.exists()
    assert sorted(ScoredAccount.objects.values_list("account_id", flat=True)) == accounts
    assert shards.score_all(shards=2).changed == 0


def test_four_worker_processes_write_what_one_run_writes(accounts):
    runs.score_all()
    expected = rows()
    forget()
    run, ids = split(4)
    database = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?host={quote(database['HOST'])}",
        "PLSAPP_HOME": str(django_settings.HOME),
        "DJANGO_SETTINGS_MODULE": "plsapp.settings",
    }
    work = "import django, sys; django.setup(); from scoring import shards; assert shards.score_shard(int(sys.argv[1]))"
    workers = [
        subprocess.Popen([sys.executable, "-c", work, str(id_)], env=environment, cwd=django_settings.BASE_DIR)
        for id_ in ids
    ]
    assert [worker.wait(120) for worker in workers] == [0, 0, 0, 0]
    assert rows() == expected
    run.refresh_from_db()
    assert (run.state, run.accounts) == ("done", 9)


def test_there_may_be_more_shards_than_accounts(accounts):
    assert shards.score_all(shards=30).accounts == 9
    assert len(rows()) == 9


def test_no_accounts_are_no_work():
    run = shards.score_all(shards=3)
    assert (run.state, run.accounts, run.changed) == ("done", 0, 0)


def test_every_id_is_in_one_range(accounts):
    for count in (1, 2, 5):
        ranges = shards.ranges(count)
        assert len(ranges) == count
        assert all(sum(low <= id_ < high for low, high in ranges) == 1 for id_ in [0, 1, *accounts, 2**62])


def test_a_shard_is_scored_by_one_worker_and_again_when_that_one_is_killed(accounts):
    _run, ids = split(2)
    held, killed = threading.Event(), threading.Event()

    def other():
        try:
            with transaction.atomic():
                ScoringShard.objects.select_for_update().get(pk=ids[0])
                held.set()
                killed.wait(30)
                transaction.set_rollback(True)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert held.wait(30)
    assert not shards.score_shard(ids[0])
    killed.set()
    thread.join(30)
    assert shards.score_shard(ids[0])
    assert not shards.score_shard(ids[0])
    assert ScoringRun.objects.get().state == "running"
    assert shards.score_shard(ids[1])
    assert ScoringRun.objects.get().state == "done"


def test_a_later_full_run_does_the_work_of_one_that_is_under_way(accounts):
    first, ids = split(3)
    assert shards.score_shard(ids[0])
    second = shards.score_all(shards=2)
    assert second.state == "done"
    assert not shards.score_shard(ids[1])
    first.refresh_from_db()
    assert (first.state, str(second.pk) in first.error) == ("failed", True)


def test_a_definition_published_in_mid_run_ends_it(accounts):
    run, ids = split(2)
    assert shards.score_shard(ids[0])
    run.refresh_from_db()
    assert (run.parts, run.done_parts, run.state) == (2, 1, "running")
    old = definitions.published()
    with transaction.atomic():
        Definition.objects.update(state="retired")
        Definition.objects.create(version=2, name="Two", state="published", spec=old.spec | {"hysteresis": 0})
        changes.mark_all()
    assert not shards.score_shard(ids[1])
    run.refresh_from_db()
    assert (run.state, run.done_parts) == ("stale", 1)
    assert set(Score.objects.values_list("definition__version", flat=True)) == {1}
    assert sorted(AccountChange.objects.values_list("account_id", flat=True)) == accounts
    assert runs.score_changed() == 9
    assert set(Score.objects.values_list("definition__version", flat=True)) == {2}


def test_a_shard_that_fails_ends_its_run_and_says_why(accounts):
    run, ids = split(2)
    Definition.objects.update(spec={"components": []})
    with pytest.raises(ValueError, match="components"):
        shards.score_shard(ids[0])
    run.refresh_from_db()
    assert (run.state, "components" in run.error) == ("failed", True)
    assert not shards.score_shard(ids[1])


def test_the_nightly_task_enqueues_one_task_a_shard(accounts, settings):
    settings.SCORE_SHARDS = 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgmq.purge_queue(%s)", [broker.QUEUE])
        tasks.score_all()
        cursor.execute(
            f"SELECT message #>> '{{headers,argsrepr}}' FROM pgmq.q_{broker.QUEUE} "
            "WHERE message #>> '{headers,task}' = 'scoring.tasks.score_shard' ORDER BY msg_id"
        )
        sent = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT pgmq.purge_queue(%s)", [broker.QUEUE])
    ids = list(ScoringShard.objects.order_by("place").values_list("pk", flat=True))
    assert sent == [f"({id_},)" for id_ in ids]
    for id_ in ids:
        tasks.score_shard(id_)
    assert ScoringRun.objects.get().state == "done"
