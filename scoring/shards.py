"""A full run in shards: several workers, each with a range of accounts, in a transaction of its own.

A run is split into rows of `ScoringShard`, and each row is one task. Shards hold the scorer's lock together, so that they work at
the same time, and each locks its own row, so that nobody scores a shard twice. A shard whose worker is killed is rolled back; its
message comes again. The run is done when its last shard is. All shards use the definition that the run began with; when another
is published meanwhile, the run is stale and its other shards are not scored.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from accounts import changes
from scoring import definitions, matrices, runs, warehouse
from scoring.models import ScoringRun, ScoringShard
from scoring.progress import Overtaken, ensure_wanted, make_stale
from scoring.writing import EVERYONE

type Range = tuple[int, int]


def score_all(*, shards: int, run: ScoringRun | None = None) -> ScoringRun:
    """Scores every account in this process, with as many threads as shards. Raises what a shard raised."""
    run = run or runs.begin("full")
    ids: list[int] = []
    split(run, shards=shards, enqueue=ids.append)
    with ThreadPoolExecutor(shards) as threads:
        for done in [threads.submit(_score_in_thread, id_) for id_ in ids]:
            done.result()
    run.refresh_from_db()
    return run


def split(run: ScoringRun, *, shards: int, enqueue: Callable[[int], None]) -> None:
    """Makes the shards of a run, or takes up those it has, and gives the ids of the unfinished to `enqueue`.

    Waits for a scorer that is at work. A full run in shards that is still under way is given up: this one does its work.
    """
    if warehouse.is_used():
        warehouse.refresh(run.as_of)
    with transaction.atomic():
        runs.lock(wait=True)
        if not ScoringRun.objects.filter(pk=run.pk, state=ScoringRun.State.RUNNING).exists():
            return  # overtaken, or given up
        if not run.shards.exists():
            under_way = ScoringRun.objects.filter(kind="full", state=ScoringRun.State.RUNNING, shards__isnull=False)
            under_way.exclude(pk=run.pk).update(
                state=ScoringRun.State.FAILED,
                finished_at=timezone.now(),
                error=f"Run {run.pk} began before it had ended",
            )
            run.definition, run.parts = definitions.published(), shards
            run.save(update_fields=["definition", "parts"])
            ScoringShard.objects.bulk_create(
                ScoringShard(run=run, place=place, low=low, high=high)
                for place, (low, high) in enumerate(ranges(shards))
            )
        for shard in run.shards.filter(finished_at=None).order_by("place"):
            enqueue(shard.pk)


def ranges(shards: int) -> list[Range]:
    """So many ranges of ids that hold about as many accounts each; together they hold every id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY id) FROM accounts_account",
            [[place / shards for place in range(1, shards)]],
        )
        inner = cursor.fetchone()[0] or []
    borders = [EVERYONE[0], *(border + 1 for border in inner), EVERYONE[1]]
    return list(itertools.pairwise(borders))


def score_shard(shard_id: int) -> bool:
    """Scores one shard. False when there is nothing to do: it is done, somebody is at it, or its run is overtaken."""
    try:
        with transaction.atomic():
            runs.lock(wait=True, shared=True)
            found = ScoringShard.objects.select_for_update(of=["self"], skip_locked=True).filter(pk=shard_id)
            shard = found.select_related("run__definition").first()
            if shard is None or shard.finished_at or shard.run.state != ScoringRun.State.RUNNING:
                return False
            run, between = shard.run, (shard.low, shard.high)
            pairs = changes.waiting(limit=runs.EVERYTHING, between=between)
            urgent = changes.urgent_of(pairs)
            is_today = run.as_of == timezone.now().date()
            scored, changed = runs.score(run, between=between)
            runs.settle(pairs, changed, is_valid=is_today)
            runs.mark_scored(changed, pairs, urgent=urgent)
            # Publishing marks every account: nothing of this may be kept when those marks were among the ones done.
            ensure_wanted(run, until_commit=True)
            shard.accounts, shard.changed, shard.finished_at = len(scored.account_id), len(changed), timezone.now()
            shard.save(update_fields=["accounts", "changed", "finished_at"])
            _finish_with_last(run)
    except Overtaken:
        make_stale(run.pk)
        return False
    except (OperationalError, InterfaceError):
        raise  # the database restarts: the task is tried again
    except Exception as error:
        runs.failed(ScoringRun.objects.get(shards=shard_id), error)
        raise
    matrices.keep_newest(run, scored.features, part=shard.place)
    if scored.workspaces is not None:
        matrices.keep_newest(run, scored.workspaces, part=shard.place, of=matrices.WORKSPACES)
    return True


def _finish_with_last(run: ScoringRun) -> None:
    """The lock makes shards end one after another, so that the last one knows it is."""
    ScoringRun.objects.filter(pk=run.pk).update(done_parts=F("done_parts") + 1)
    if not run.shards.filter(finished_at=None).exists():
        runs.finish(run, **run.shards.aggregate(accounts=Sum("accounts"), changed=Sum("changed")))


def _score_in_thread(shard_id: int) -> None:
    try:
        score_shard(shard_id)
    finally:
        connection.close()
