"""A full scoring run at three sizes: the seconds an account must not rise. Every account has new usage before each run."""

from __future__ import annotations

from django.utils import timezone

from plsapp.bench import world
from plsapp.bench.measure import own_database, timed
from plsapp.bench.report import Report, Target
from plsapp.bench.score import use_today
from scoring import runs

#: The middle size; the others are a tenth and three times of it.
ACCOUNTS = 100_000


def run(*, accounts: int) -> Report:
    report = Report(bench="growth")
    sizes = [max(10, accounts // 10), accounts, 3 * accounts]
    cost = []
    for size in sizes:
        seconds = _warm_run(size)
        cost.append(seconds / size)
        report.figures[f"run_of_{size}_seconds"] = seconds
        report.figures[f"microseconds_an_account_of_{size}"] = seconds / size * 1e6
    report.sizes = {"smallest": sizes[0], "largest": sizes[-1]}
    report.targets = [
        Target(f"an account of {sizes[1]} to one of {sizes[0]}, times", cost[1] / cost[0], 1.3),
        Target(f"an account of {sizes[2]} to one of {sizes[1]}, times", cost[2] / cost[1], 1.3),
    ]
    return report


def _warm_run(accounts: int) -> float:
    with own_database():
        made = world.fill(accounts=accounts)
        runs.score_all()
        least = float("inf")
        for _ in range(2):
            use_today(made, timezone.now().date())
            _, seconds = timed(runs.score_all)
            least = min(least, seconds)
    return least
