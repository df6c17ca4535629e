"""Scoring as jobs. Their messages are hints: the work table says which accounts changed."""

import datetime as dt

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts import changes
from scoring import learnt, matrices, mirror, past, runs, shards, silence
from scoring.expressions import DAYS
from scoring.models import ScoringRun

#: Seconds after which the job begins no further batch of changed accounts.
SHARE = 0.5
#: Seconds of work on the past before other tasks have their turn, and for which a message about it is of use: pages ask again.
SLICE, EXPIRES = 20, 55


@shared_task
def score_changed() -> None:
    """Scores the accounts that changed; every second, and for about half of it, so that others have the machine too."""
    changes.work_off(runs.score_changed, seconds=SHARE)


@shared_task
def score_all(run_id: int | None = None) -> None:
    """Scores every account: nightly, or when asked for. A run that is done is not run again."""
    run = ScoringRun.objects.filter(pk=run_id).first() if run_id else None
    if run is not None and run.state != ScoringRun.State.RUNNING:
        return
    silence.find()  # before the run, so that what it would break is held
    if settings.SCORE_SHARDS > 1:
        shards.split(run or runs.begin("full"), shards=settings.SCORE_SHARDS, enqueue=score_shard.delay_on_commit)
    else:
        runs.score_all(run=run)
    runs.forget_old_runs()
    mirror.prune(before=timezone.now().date() - dt.timedelta(days=2 * DAYS))


@shared_task
def score_shard(shard_id: int) -> None:
    """Scores one shard of a full run."""
    shards.score_shard(shard_id)


@shared_task
def keep_matrices() -> None:
    """Makes what pages ask of the past, so that nobody need wait: missing or stale weeks, and what they tell. Removes old ones."""
    matrices.prune()
    matrices.make(sorted({*matrices.for_backtest(), *learnt.weeks()}))
    learnt.make()


@shared_task
def work_on_past() -> None:
    """Works out what pages wait for."""
    if past.work(seconds=SLICE):
        ask_for_past()


def ask_for_past() -> None:
    work_on_past.apply_async_on_commit(expires=EXPIRES)


@shared_task
def find_silent() -> None:
    """Marks events whose volume fell to zero; every hour, by the days that are over."""
    silence.find()
