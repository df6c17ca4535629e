"""Scoring as jobs. Their messages are hints: the work table says which accounts changed."""

import datetime as dt

from celery import shared_task
from django.utils import timezone

from scoring import mirror, runs
from scoring.expressions import DAYS
from scoring.models import ScoringRun


@shared_task
def score_changed() -> None:
    """Scores the accounts that changed; every second."""
    for _ in range(20):
        if not runs.score_changed():
            break


@shared_task
def score_all(run_id: int | None = None) -> None:
    """Scores every account: nightly, or when asked for. A run that is done is not run again."""
    run = ScoringRun.objects.filter(pk=run_id).first() if run_id else None
    if run is not None and run.state != ScoringRun.State.RUNNING:
        return
    runs.score_all(run=run)
    runs.forget_old_runs()
    mirror.prune(before=timezone.now().date() - dt.timedelta(days=2 * DAYS))
