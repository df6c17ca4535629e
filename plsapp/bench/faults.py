"""Every fault in a running app with a home of its own: what was answered, counted and set aside, and whether the promise holds.

`accounts` here is companies in each fault's own set of events; each sends a hundred events a fault.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from plsapp.bench.report import Report, Target
from plsapp.faults import brokers, scenarios
from plsapp.faults.scene import Outcome, Stage
from plsapp.running import App

ACCOUNTS = 50
EVENTS_AN_ACCOUNT = 100
HEADINGS = ("fault", "answered 200", "counted", "set aside", "healthy again after s", "holds")


@dataclass
class FaultReport(Report):
    """With a row for each fault in place of the figures."""

    outcomes: list[Outcome] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return super().as_json() | {"faults": [_row(outcome) for outcome in self.outcomes]}

    def table(self) -> list[str]:
        lines = [_line(*HEADINGS)]
        for outcome in self.outcomes:
            lines.append(_line(*_row(outcome).values()))
            lines += [f"    {text}" for text in (*outcome.problems, *outcome.notes)]
        return [*lines, *super().table()]


def run(*, accounts: int) -> FaultReport:
    outcomes: list[Outcome] = []
    wanted = [scenario for scenario in scenarios.ALL if scenario.broker == "" or brokers.redis_program()]
    with tqdm(total=len(wanted), desc="Faults", file=sys.stderr) as progress:
        for broker in dict.fromkeys(scenario.broker for scenario in wanted):
            with _stage(broker, accounts) as stage:
                for scenario in scenarios.of(broker):
                    progress.set_postfix_str(scenario.name)
                    outcomes.append(stage.play(scenario))
                    progress.update()
    left_out = [scenario.title for scenario in scenarios.ALL if scenario not in wanted]
    report = FaultReport(
        bench="faults",
        sizes={"accounts": accounts, "events_a_fault": accounts * EVENTS_AN_ACCOUNT},
        outcomes=outcomes,
        targets=[
            *(Target(outcome.scenario.title, len(outcome.problems), 0) for outcome in outcomes),
            *(Target(f"{title} (no redis-server here)", None, 0) for title in left_out),
        ],
    )
    report.figures["faults_that_hold"] = sum(outcome.holds for outcome in outcomes)
    return report


@contextmanager
def _stage(broker: str, accounts: int) -> Iterator[Stage]:
    """A running app in a new home, with a Redis of its own when wanted; nothing of them stays."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="plsapp-bench-faults-"))
        folder.chmod(0o755)  # as root, PostgreSQL runs as another user, who must get in
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis = None
        more = {}
        if broker == "redis":
            redis = brokers.Redis(folder)
            stack.callback(redis.kill)
            redis.start()
            more = {"CELERY_BROKER_URL": redis.url}
        app = App(folder / "home", **more)
        stack.callback(app.clean_up)
        app.wait_until_ready()
        yield Stage(app, size=accounts * EVENTS_AN_ACCOUNT, companies=accounts, broker=redis)


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "fault": outcome.scenario.title,
        "answered_200": outcome.answered,
        "counted": outcome.counted,
        "set_aside": outcome.set_aside,
        "healthy_after_seconds": None if outcome.healthy_after is None else round(outcome.healthy_after, 1),
        "holds": outcome.holds,
    }


def _line(fault: str, *cells: object) -> str:
    said = ["–" if cell is None else ("✓" if cell else "✗") if isinstance(cell, bool) else cell for cell in cells]
    said = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in said]
    widths = [len(heading) for heading in HEADINGS[1:]]
    return "  ".join([f"{fault:<52}", *(f"{cell:>{width}}" for cell, width in zip(said, widths, strict=True))])
