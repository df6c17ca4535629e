"""A full scoring run, beside the same features by other means: SQL written by hand, ClickHouse's engine, and raw events.

Cold: no mirror, no scores. Warm: a tenth of the accounts have new usage today, or every one, and their rows are written again.
All means answer for the same accounts; those of one engine are checked to give the same numbers.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
from django.db import connection
from django.utils import timezone

from plsapp.bench import world, yardsticks
from plsapp.bench.measure import PeakMemory, best, own_database, timed
from plsapp.bench.report import Report, Target
from scoring import columnar, definitions, features, rules, runs
from scoring.models import ScoringRun

ACCOUNTS = 100_000
#: The raw events of one account in so many are laid out and queried; all would take minutes.
RAW_SHARE = 10


def run(*, accounts: int) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        return _run(made)


def _run(made: world.World) -> Report:
    today = timezone.now().date()
    with PeakMemory() as memory:
        _, cold = timed(runs.score_all)
        _, everything = _warm_run(made, today, share=1)
        changed, warm = _warm_run(made, today, share=10)
        unchanged, again = best(runs.score_all)
    columnar.aggregates(today)
    (now, _), step = best(lambda: features.pair(today))
    spec = definitions.spec_of(definitions.published())
    _, arithmetic = best(lambda: rules.evaluate(spec, now, evidence=now["events_28"] > 0))
    with yardsticks.engine(today) as measured:
        query, by_hand, clickhouse = measured.ours(), measured.by_hand(), measured.clickhouse()
    raw_accounts, raw = yardsticks.raw_events(today, accounts=max(1, made.accounts // RAW_SHARE))
    times = (raw / raw_accounts) / (step / made.accounts)
    return Report(
        bench="score",
        sizes=made.sizes() | {"raw_accounts": raw_accounts},
        figures={
            "cold_run_seconds": cold,
            "warm_run_seconds": warm,
            "warm_run_rows_written": changed.changed,
            "warm_run_all_rows_seconds": everything,
            "unchanged_run_seconds": again,
            "unchanged_run_rows_written": unchanged.changed,
            "peak_memory_mb": memory.megabytes,
            "feature_step_seconds": step,
            "arithmetic_seconds": arithmetic,
            "feature_query_seconds": query,
            "by_hand_in_duckdb_seconds": by_hand,
            "clickhouse_engine_seconds": clickhouse,
            "raw_events_in_postgresql_seconds": raw,
        },
        targets=[
            Target("full run, warm, seconds", warm, 3),
            Target("full run, warm, every row written, seconds", everything, 3),
            Target("full run, cold, seconds", cold, 15),
            Target("peak memory, MB", memory.megabytes, 2_000),
            Target("feature query to one by hand, times", query / by_hand, 1.3),
            *([Target("feature query to ClickHouse's engine, times", query / clickhouse, 1)] if clickhouse else []),
            Target("raw events to feature step, per account, times", times, 10, at_least=True),
        ],
    )


def _warm_run(made: world.World, today: dt.date, *, share: int) -> tuple[ScoringRun, float]:
    """The last of three runs, and the least seconds; one account in `share` has new usage before each."""
    least = float("inf")
    for place in range(3):
        use_today(made, today, account_ids=np.arange(1 + place, made.accounts + 1, share))
        run, seconds = timed(runs.score_all)
        least = min(least, seconds)
    return run, least


def use_today(made: world.World, today: dt.date, *, account_ids: np.ndarray | None = None) -> None:
    """One more event today for the first person of every account (or of those given). What was scored has been routed."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE scoring_scoredaccount")
        cursor.execute(
            """
            INSERT INTO accounts_usage (user_id, day, event_type_id, workspace_id, count)
            SELECT min(p.id), %s, (SELECT min(id) FROM accounts_eventtype), 0, 1
            FROM accounts_productuser p WHERE %s::bigint[] IS NULL OR p.account_id = ANY(%s::bigint[])
            GROUP BY p.account_id
            ON CONFLICT (user_id, day, event_type_id, workspace_id)
            DO UPDATE SET count = accounts_usage.count + 1
            """,
            [today, *([account_ids.tolist() if account_ids is not None else None] * 2)],
        )
