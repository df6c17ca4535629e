"""`manage.py snapshots`: the feature matrices of past weeks, which previews and backtests score."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from scoring import matrices

#: Older weeks would be removed again by the nightly job.
MOST_WEEKS = matrices.KEPT_WEEKS


class Command(BaseCommand):
    help = "Makes the feature matrices of the past weeks that are missing or stale, from usage history, for backtests."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--weeks", type=int, default=26, help="weeks up to the last Sunday (default: 26)")

    def handle(self, *args: Any, weeks: int, **options: Any) -> None:
        if not 1 <= weeks <= MOST_WEEKS:
            raise CommandError(f"--weeks {weeks}: from 1 to {MOST_WEEKS}")
        started, made = time.monotonic(), 0

        def bar(days: list[Any]) -> Any:
            nonlocal made
            made = len(days)
            return tqdm(days, desc="Weeks", file=sys.stderr)

        matrices.make(matrices.for_backtest(weeks), progress=bar)
        seconds = round(time.monotonic() - started, 1)
        self.stdout.write(json.dumps({"weeks": weeks, "made": made, "seconds": seconds}))
