"""Scoring runs: features → score → tier, for all accounts or for those that changed.

A run computes the features as of the day and as of seven days before, so that "why now" is the difference of two scores
under the same definition. Only changed rows are written; every change of score, tier, buyer state or segment goes to the
history.
"""

from __future__ import annotations

import logging

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from accounts import changes
from scoring import before, definitions, signals, warehouse, writing
from scoring.models import Definition, ScoringRun
from scoring.scored import WEEK, Scored, compute

log = logging.getLogger(__name__)

LOCK = 7_002
#: Changed accounts scored in one transaction.
CHANGED_AT_ONCE = 1_000


def score_changed(*, limit: int = CHANGED_AT_ONCE) -> int:
    """Scores the accounts that changed longest ago; returns how many. 0 when another scorer is at work."""
    if not changes.waiting(limit=1):
        return 0
    if warehouse.is_used() and not warehouse.keeps(timezone.now().date()):
        return 0  # they wait for the next full run
    definition = definitions.published()
    run = ScoringRun.objects.create(definition=definition, kind="changed", as_of=timezone.now().date())
    try:
        with transaction.atomic():
            if not _locked(wait=False):
                run.delete()
                return 0
            pairs = changes.waiting(limit=limit)
            account_ids = [account for account, _ in pairs]
            scored, changed = _score(run, definition, account_ids)
            changes.done(pairs)
            changes.mark(account_ids, table=changes.SCORED)
            _finish(run, accounts=len(scored.account_id), changed=len(changed))
        return len(pairs)
    except Exception as error:
        _failed(run, error)
        raise


def score_all(*, run: ScoringRun | None = None) -> ScoringRun:
    """Scores every account; waits for a scorer that is at work."""
    definition = definitions.published()
    run = run or ScoringRun.objects.create(definition=definition, kind="full", as_of=timezone.now().date())
    try:
        if warehouse.is_used():
            warehouse.refresh(run.as_of)
        with transaction.atomic():
            _locked(wait=True)
            pairs = changes.waiting(limit=10_000_000)
            scored, changed = _score(run, definition, None)
            changes.done(pairs)
            # Also those that changed and scored the same: their people or signals may be others now.
            waited = np.array([account for account, _ in pairs], dtype=np.int64)
            changes.mark(np.union1d(changed, waited).tolist(), table=changes.SCORED)
            _finish(run, accounts=len(scored.account_id), changed=len(changed))
    except Exception as error:
        _failed(run, error)
        raise
    return run


def forget_old_runs() -> None:
    """Runs over changed accounts are kept for a week; full runs stay."""
    ScoringRun.objects.filter(kind="changed", started_at__lt=timezone.now() - WEEK).delete()


def _score(run: ScoringRun, definition: Definition, account_ids: list[int] | None) -> tuple[Scored, np.ndarray]:
    writing.forget_merged()
    past = before.read(account_ids)
    scored = compute(as_of=run.as_of, definition=definition, account_ids=account_ids, tiers_before=past.tiers)
    raised = signals.hand_raises(account_ids, as_of=run.as_of)
    changed = writing.write(run, definition, scored, past, raised)
    signals.record_spikes(scored)
    return scored, changed


def _locked(*, wait: bool) -> bool:
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _finish(run: ScoringRun, *, accounts: int, changed: int) -> None:
    run.finished_at = timezone.now()
    run.duration_ms = round((run.finished_at - run.started_at).total_seconds() * 1000)
    run.accounts, run.changed, run.state = accounts, changed, ScoringRun.State.DONE
    run.save(update_fields=["finished_at", "duration_ms", "accounts", "changed", "state"])


def _failed(run: ScoringRun, error: Exception) -> None:
    run.state, run.finished_at = ScoringRun.State.FAILED, timezone.now()
    run.error = f"{type(error).__name__}: {error}"[:2000]
    try:
        run.save(update_fields=["state", "finished_at", "error"])
    except Exception:
        log.exception("A failed scoring run could not be marked as failed")
