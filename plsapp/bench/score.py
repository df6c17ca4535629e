"""A full scoring run, beside its feature query alone and its arithmetic alone."""

from __future__ import annotations

from django.utils import timezone

from plsapp.bench import world
from plsapp.bench.measure import own_database, timed
from plsapp.bench.report import Report
from scoring import definitions, features, rules, runs

ACCOUNTS = 100_000


def run(*, accounts: int) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        today = timezone.now().date()
        matrix, query = timed(lambda: features.matrix(today))
        spec = definitions.spec_of(definitions.published())
        _, arithmetic = timed(lambda: rules.evaluate(spec, matrix, evidence=matrix["events_28"] > 0))
        _, first = timed(runs.score_all)
        again, second = timed(runs.score_all)
    return Report(
        bench="score",
        sizes=made.sizes(),
        figures={
            "full_run_seconds": first,
            "unchanged_run_seconds": second,
            "changed_the_second_time": again.changed,
            "feature_query_seconds": query,
            "arithmetic_seconds": arithmetic,
        },
    )
