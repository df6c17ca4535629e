"""Asking for a full scoring run by hand: one at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from scoring import definitions
from scoring.models import Definition, ScoringRun

LOCK = 7_004
#: A run that has not ended by then was lost (its task is stopped after a quarter of an hour) and holds up nobody.
LOST_AFTER = dt.timedelta(hours=1)
LATE_AFTER = dt.timedelta(minutes=3)


@transaction.atomic
def ask_for_full_run(*, enqueue: Callable[[int], None]) -> ScoringRun | None:
    """A new full run, or None when one is under way. Of two clicks at once one gets a run.

    `enqueue` is given the run's id inside the transaction, and must send it when that commits.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    if under_way() is not None:
        return None
    return start_full_run(definitions.published(), enqueue=enqueue)


def start_full_run(definition: Definition, *, enqueue: Callable[[int], None]) -> ScoringRun:
    """A full run by this definition, whatever is under way; in the caller's transaction."""
    run = ScoringRun.objects.create(definition=definition, kind="full", as_of=timezone.now().date())
    enqueue(run.pk)
    return run


def under_way() -> ScoringRun | None:
    """The full run that was asked for and has not ended."""
    running = ScoringRun.objects.filter(kind="full", state=ScoringRun.State.RUNNING)
    return running.filter(started_at__gt=timezone.now() - LOST_AFTER).order_by("started_at").first()


def is_coming() -> bool:
    """Whether a full run was asked for just now, so that nobody else need score every account."""
    run = under_way()
    return run is not None and not is_late(run)


def is_late(run: ScoringRun) -> bool:
    """Whether a run takes so long that somebody should look for the worker."""
    return run.started_at <= timezone.now() - LATE_AFTER


def is_lost(run: ScoringRun) -> bool:
    """Whether a run says that it is running, but cannot be."""
    return run.state == ScoringRun.State.RUNNING and run.started_at <= timezone.now() - LOST_AFTER
