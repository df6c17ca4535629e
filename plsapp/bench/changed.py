"""Scoring 1,000 changed accounts among few and among many: what the others cost."""

from __future__ import annotations

from functools import partial

import numpy as np
from django.utils import timezone

from accounts import changes
from plsapp.bench import world
from plsapp.bench.measure import own_database, timed
from plsapp.bench.report import Report, Target
from plsapp.bench.score import use_today
from scoring import runs

#: The larger size; the smaller is a tenth of it.
ACCOUNTS = 100_000
CHANGED = 1_000
TRIES = 7


def run(*, accounts: int) -> Report:
    few = max(CHANGED, accounts // 10)
    among_few, one_of_few = _changed(few)
    among_many, one_of_many = _changed(accounts)
    return Report(
        bench="changed",
        sizes={"accounts": accounts, "fewer_accounts": few, "changed": CHANGED},
        figures={
            "changed_among_fewer_seconds": among_few,
            "changed_among_all_seconds": among_many,
            "one_among_fewer_seconds": one_of_few,
            "one_among_all_seconds": one_of_many,
        },
        targets=[Target(f"among {accounts} to among {few}, times", among_many / among_few, 1.5)],
    )


def _changed(accounts: int) -> tuple[float, float]:
    """The least seconds of several tries, each with other accounts: for `CHANGED` of them, and for one."""
    draw = np.random.default_rng(3)
    with own_database():
        made = world.fill(accounts=accounts)
        runs.score_all()
        least = {CHANGED: float("inf"), 1: float("inf")}
        for _ in range(TRIES):
            for number in least:
                some = draw.choice(accounts, number, replace=False) + 1
                use_today(made, timezone.now().date(), account_ids=some)
                changes.mark(some.tolist())
                done, seconds = timed(partial(runs.score_changed, limit=number, people=made.people))
                if done != number:
                    raise RuntimeError(f"{done} accounts were scored, not {number}")
                least[number] = min(least[number], seconds)
    return least[CHANGED], least[1]
