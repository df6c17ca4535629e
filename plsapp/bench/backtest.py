"""A backtest of 26 weeks from kept matrices, beside the same scores and counts by SQL in DuckDB.

The weeks are made of one matrix of real features: each week a tenth of the accounts has another account's. How long a matrix takes
to compute from usage is told beside. Two thousandths of the accounts have an outcome, spread over the weeks.
"""

from __future__ import annotations

import datetime as dt
import itertools
import time

import duckdb
import numpy as np
import pyarrow as pa
from django.db import connection
from django.utils import timezone

from plsapp.bench import drafts, world
from plsapp.bench.measure import best, own_database, timed
from plsapp.bench.report import Report, Target
from scoring import backtest, definitions, features, matrices, rules
from scoring.models import Outcome

ACCOUNTS = 100_000
WEEKS, HORIZON = 26, 28


def run(*, accounts: int) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        return _run(made)


def _run(made: world.World) -> Report:
    today = timezone.now().date()
    features.matrix(today)  # the mirror is made
    _, matrix = timed(lambda: features.matrix(today))
    days = matrices.for_backtest(WEEKS)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_usageday (day) SELECT %s::date + n FROM generate_series(-90, 7 * %s) AS n ON CONFLICT DO NOTHING",
            [days[0], len(days)],
        )
    drafts.keep_weeks(days, matrices.latest())
    if matrices.missing(days):
        raise RuntimeError("The weeks are not where a backtest looks for them")
    outcomes = _outcomes(made, days)
    published = definitions.spec_of(definitions.published())
    _, cold = timed(lambda: backtest.run(published, weeks=WEEKS, horizon_days=HORIZON))
    report, seconds = best(lambda: backtest.run(published, weeks=WEEKS, horizon_days=HORIZON))
    before = time.process_time()
    backtest.run(published, weeks=WEEKS, horizon_days=HORIZON)
    cpu = time.process_time() - before
    draft = drafts.some(1)[0]
    _, both = best(lambda: [backtest.run(spec, weeks=WEEKS, horizon_days=HORIZON) for spec in (published, draft)])
    _, loads = best(lambda: backtest.loads(published))
    counts, sql = _by_sql(published, days[1:])
    ours = [week.counts[rules.PQA] for week in report.weeks]
    # SQL has no hysteresis: it never counts more.
    if any(plain > held for plain, held in zip(counts, ours, strict=True)):
        raise RuntimeError("DuckDB counts other PQAs")
    return Report(
        bench="backtest",
        sizes=made.sizes() | {"weeks": WEEKS, "outcomes": outcomes},
        figures={
            "seconds": seconds,
            "cpu_seconds": cpu,
            "cold_seconds": cold,
            "draft_beside_published_seconds": both,
            "loads_seconds": loads,
            "duckdb_sql_seconds": sql,
            "matrix_seconds": matrix,
            "entered": sum(week.entered for week in report.weeks),
        },
        targets=[
            Target(f"{WEEKS} weeks, seconds", seconds, 1),
            Target(f"{WEEKS} weeks, draft beside published, seconds", both, 2),
        ],
    )


def _outcomes(made: world.World, days: list[dt.date]) -> int:
    draw = np.random.default_rng(8)
    number = max(2, made.accounts // 500)
    accounts = draw.choice(np.arange(1, made.accounts + 1), number, replace=False)
    ages = draw.integers(0, (timezone.now().date() - days[0]).days, number)
    Outcome.objects.bulk_create(
        Outcome(account_id=account, kind="won", at=timezone.now() - dt.timedelta(days=age))
        for account, age in zip(accounts.tolist(), ages.tolist(), strict=True)
    )
    return number


def _by_sql(spec: rules.Spec, days: list[dt.date]) -> tuple[list[int], float]:
    """PQAs of each week, without hysteresis, entries and outcomes: less than ours answers. The matrices are in memory before."""
    total = sum(component.weight for component in spec.components)
    parts = " + ".join(
        f"{component.weight / total * 100 / component.curve.max_points} * {_curve(component)}"
        for component in spec.components
    )
    gates = (
        " AND ".join(f"NOT isnan({gate.feature}) AND {gate.feature} >= {gate.minimum}" for gate in spec.gates) or "true"
    )
    query = f"""
        SELECT week, count(*) FILTER (WHERE floor(round({parts}, 9) + 0.5) >= {spec.thresholds.pqa} AND events_28 > 0 AND {gates})
        FROM weeks GROUP BY week ORDER BY week
    """
    names = sorted(spec.features | {"events_28"})
    tables = [
        pa.table({name: one.features[name] for name in names} | {"week": np.full(len(one), place)})
        for place, one in enumerate(matrices.of_days(days))
    ]
    with duckdb.connect() as duck:
        duck.register("arriving", pa.concat_tables(tables))
        duck.execute("CREATE TABLE weeks AS SELECT * FROM arriving")
        rows, seconds = best(lambda: duck.sql(query).fetchall())
    return [count for _, count in rows], seconds


def _curve(component: rules.Component) -> str:
    """Straight lines between breakpoints, flat outside."""
    name, points = component.feature, component.curve.points
    whens = [f"WHEN isnan({name}) THEN 0", f"WHEN {name} <= {points[0][0]} THEN {points[0][1]}"]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        whens.append(f"WHEN {name} <= {x1} THEN {y0} + ({name} - {x0}) * {(y1 - y0) / (x1 - x0)}")
    return f"CASE {' '.join(whens)} ELSE {points[-1][1]} END"
