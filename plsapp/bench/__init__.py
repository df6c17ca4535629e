"""Benchmarks: `manage.py bench NAME`. One module a benchmark, with `run(accounts) -> Report` and its default `ACCOUNTS`.

Each makes its own data in a database (or a home) of its own and cleans up. A figure stands beside a simpler thing that was
measured in the same run on the same data: the ratio is what can be compared between machines, seconds are for orientation.
docs/performance.md tells what each number means.
"""

from __future__ import annotations

import importlib

from plsapp.bench.report import Report

NAMES = (
    "backtest",
    "changed",
    "faults",
    "freshness",
    "growth",
    "ingest",
    "load",
    "merge",
    "preview",
    "queue",
    "reps",
    "score",
    "workspaces",
)


def run(name: str, *, accounts: int | None = None) -> Report:
    """Runs one benchmark; `accounts` overrides its default size."""
    module = importlib.import_module(f"plsapp.bench.{name}")
    report: Report = module.run(accounts=accounts or module.ACCOUNTS)
    return report
