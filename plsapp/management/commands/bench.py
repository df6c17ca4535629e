"""`manage.py bench NAME`: a benchmark in a database of its own; the last line is one JSON object."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from plsapp import bench


class Command(BaseCommand):
    help = "Measures a part of the app: " + ", ".join(bench.BENCHES)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(bench.BENCHES))
        parser.add_argument("--accounts", type=int, default=2_000)
        parser.add_argument("--events", type=int, default=100_000)

    def handle(self, *args: Any, name: str, accounts: int, events: int, **options: Any) -> None:
        if accounts < 1 or events < 1_000:
            raise CommandError("--accounts: 1 or more; --events: 1,000 or more")
        with bench.own_database():
            figures = bench.BENCHES[name](accounts=accounts, events=events)
        for figure, value in figures.items():
            self.stdout.write(
                f"{figure:<32} {value:>14,}" if not isinstance(value, str) else f"{figure:<32} {value:>14}"
            )
        self.stdout.write(json.dumps(figures))
