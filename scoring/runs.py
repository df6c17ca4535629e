"""Scoring runs: features → score → tier, for all accounts or for those that changed.

A run computes the features as of the day and as of seven days before, so that "why now" is the difference of two scores
under the same definition. Only changed rows are written; every change of score, tier, buyer state or segment goes to the
history.

A run asks between its steps and before it commits whether its definition is still in force. Publishing another makes it stale:
it is rolled back and writes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts import changes
from scoring import asking, before, definitions, frozen, matrices, signals, warehouse, workspaces, writing
from scoring.models import Score, ScoringRun
from scoring.progress import Overtaken, Progress, ensure_wanted, make_stale, stale_when_overtaken
from scoring.scored import WEEK, Scored, compute

log = logging.getLogger(__name__)

LOCK = 7_002
#: Changed accounts scored in one transaction, and about how many people they have together: half a second.
CHANGED_AT_ONCE, PEOPLE_AT_ONCE = 1_000, 20_000
#: When more than so many accounts wait, and more than this share of all, scoring every account costs less than those alone.
MANY, MANY_SHARE = 1_000, 0.05
EVERYTHING = 10_000_000


def score_changed(*, limit: int = CHANGED_AT_ONCE, people: int = PEOPLE_AT_ONCE, urgent: bool | None = None) -> int:
    """Scores the urgent accounts, or those that changed longest ago; returns how many. 0 when another scorer is at work.

    With `urgent`, of this lane only.
    """
    if not changes.is_waiting(urgent=urgent):
        return 0
    if warehouse.is_used() and not warehouse.keeps(timezone.now().date()):
        return 0  # they wait for the next full run
    run = begin("changed")
    try:
        with transaction.atomic():
            if not lock(wait=False):
                run.delete()
                return 0
            batch = changes.next_batch(limit=limit, people=people, urgent=urgent)
            if not batch.pairs:
                run.delete()
                return 0
            pairs, everybody = batch.pairs, not batch.is_urgent and many_wait()
            if everybody and asking.is_coming():
                run.delete()
                return 0
            if everybody:
                commit_lazily()
                pairs = changes.waiting(limit=EVERYTHING, ordinary=True)
            # Read after the work: publishing marks every account, so who is marked has the new definition to be scored with.
            run.definition, run.as_of = definitions.published(), timezone.now().date()
            scored, changed = score(run, account_ids=None if everybody else batch.account_ids)
            changes.done(pairs)
            mark_scored(changed, pairs, urgent=batch.is_urgent)
            finish(run, accounts=len(scored.account_id), changed=len(changed))
        return len(pairs)
    except Overtaken:
        make_stale(run.pk)
        return 0
    except Exception as error:
        failed(run, error)
        raise


def many_wait() -> bool:
    """Whether one pass over all accounts is cheaper than the waiting ones by themselves, which are read by index."""
    number = changes.how_many()
    return number > MANY and number > MANY_SHARE * Score.objects.count()


def score_all(*, run: ScoringRun | None = None) -> ScoringRun:
    """Scores every account in one transaction; waits for a scorer that is at work.

    A run that was overtaken, before or on the way, is answered as it is then: not done, and nothing was written.
    """
    run = run or begin("full")
    scored = None
    try:
        with stale_when_overtaken(run), Progress(run) as progress:
            if warehouse.is_used():
                warehouse.refresh(run.as_of)
            with transaction.atomic():
                lock(wait=True)
                commit_lazily()
                pairs = changes.waiting(limit=EVERYTHING)
                urgent = changes.urgent_of(pairs)
                run.definition = definitions.published()
                is_today = run.as_of == timezone.now().date()
                ensure_wanted(run)
                whole, changed = score(run, step=progress.step)
                settle(pairs, changed, is_valid=is_today)
                mark_scored(changed, pairs, urgent=urgent)
                progress.step()
                finish(run, accounts=len(whole.account_id), changed=len(changed))
                give_up_older(run)
            scored = whole
    except Exception as error:
        failed(run, error)
        raise
    if scored is None:
        return run
    matrices.keep_newest(run, scored.features)
    if scored.workspaces is not None:
        matrices.keep_newest(run, scored.workspaces, of=matrices.WORKSPACES)
    return run


def commit_lazily() -> None:
    """This transaction's commit does not wait for the disk: when a crash takes it, it takes all, and the accounts still wait."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def give_up_older(run: ScoringRun) -> None:
    """Full runs that began before this one and never ended: their process was killed, and this one did their work."""
    ScoringRun.objects.filter(kind="full", state=ScoringRun.State.RUNNING, pk__lt=run.pk).update(
        state=ScoringRun.State.FAILED, finished_at=timezone.now(), error="It never ended. A later run did its work."
    )


def forget_old_runs() -> None:
    """Runs over changed accounts are kept for a week; full runs stay."""
    ScoringRun.objects.filter(kind="changed", started_at__lt=timezone.now() - WEEK).delete()


def begin(kind: Literal["full", "changed"]) -> ScoringRun:
    """A new run by the definition in force."""
    return ScoringRun.objects.create(definition=definitions.published(), kind=kind, as_of=timezone.now().date())


def score(
    run: ScoringRun,
    *,
    account_ids: list[int] | None = None,
    between: tuple[int, int] | None = None,
    step: Callable[[], None] | None = None,
) -> tuple[Scored, np.ndarray]:
    """Scores and writes the given accounts, or those between two ids, or all, in the caller's transaction.

    Answers them, and the ids of those that changed. `step` is called between the steps; by itself it asks whether the run is
    still wanted. Raises `Overtaken` when it is not.
    """
    step = step or partial(ensure_wanted, run)
    writing.forget_merged(between=between or writing.EVERYONE)
    past = before.read(account_ids, between=between)
    step()
    scored = compute(
        as_of=run.as_of,
        definition=run.definition,
        account_ids=account_ids,
        between=between,
        tiers_before=past.tiers,
    )
    raised = signals.hand_raises(account_ids, as_of=run.as_of)
    step()
    changed = writing.write(run, run.definition, scored, past, raised)
    frozen.freeze(scored.account_id, tiers_before=past.tiers, definition=run.definition, account_ids=account_ids)
    signals.record_spikes(scored)
    of_workspaces, moved = workspaces.score(
        run.definition, scored.spec, as_of=run.as_of, account_ids=account_ids, between=between
    )
    step()
    return replace(scored, workspaces=of_workspaces), np.union1d(changed, moved)


def settle(pairs: list[tuple[int, int]], changed: np.ndarray, *, is_valid: bool) -> None:
    """Ends the wait of these. What a run by another day or definition than those of now wrote has to wait instead."""
    if is_valid:
        changes.done(pairs)
    else:
        changes.mark(changed.tolist())


def mark_scored(changed: np.ndarray, pairs: list[tuple[int, int]], *, urgent: bool | Collection[int] = False) -> None:
    """Asks for the changed accounts to be routed; also for those that waited and scored the same: their people or signals may be
    others now."""
    waited = np.array([account for account, _ in pairs], dtype=np.int64)
    changes.mark(np.union1d(changed, waited).tolist(), table=changes.SCORED, urgent=urgent)


def lock(*, wait: bool, shared: bool = False) -> bool:
    """Takes the scorer's lock until the transaction ends; false when another has it and this shall not wait.

    Shards of one run hold it `shared`, everybody else alone.
    """
    kind = "_shared" if shared else ""
    with connection.cursor() as cursor:
        if wait:
            cursor.execute(f"SELECT pg_advisory_xact_lock{kind}(%s)", [LOCK])
            return True
        cursor.execute(f"SELECT pg_try_advisory_xact_lock{kind}(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def finish(run: ScoringRun, *, accounts: int, changed: int) -> None:
    """The run is done. Raises `Overtaken` when it is not wanted any more; else nobody publishes before this commits."""
    ensure_wanted(run, until_commit=True)
    run.finished_at = timezone.now()
    run.duration_ms = round((run.finished_at - run.started_at).total_seconds() * 1000)
    run.accounts, run.changed, run.state = accounts, changed, ScoringRun.State.DONE
    names = ("definition", "finished_at", "duration_ms", "accounts", "changed", "state")
    told = {name: getattr(run, name) for name in names}
    # Whoever made it stale in this moment was first.
    if not ScoringRun.objects.filter(pk=run.pk, state=ScoringRun.State.RUNNING).update(**told, done_parts=F("parts")):
        raise Overtaken


def failed(run: ScoringRun, error: Exception) -> None:
    told = {
        "state": ScoringRun.State.FAILED,
        "finished_at": timezone.now(),
        "error": f"{type(error).__name__}: {error}"[:2000],
    }
    try:
        ScoringRun.objects.filter(pk=run.pk, state=ScoringRun.State.RUNNING).update(**told)
    except Exception:
        log.exception("A failed scoring run could not be marked as failed")
