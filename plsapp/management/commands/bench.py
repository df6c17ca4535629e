"""`manage.py bench NAME`: a benchmark in a database of its own; the last line is one JSON object."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from plsapp import bench


class Command(BaseCommand):
    help = "Measures a part of the app: " + ", ".join(bench.NAMES)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(bench.NAMES))
        parser.add_argument("--accounts", type=int, help="other than the benchmark's own size")

    def handle(self, *args: Any, name: str, accounts: int | None, **options: Any) -> None:
        if accounts is not None and accounts < 10:
            raise CommandError("--accounts: 10 or more")
        report = bench.run(name, accounts=accounts)
        for line in report.table():
            self.stdout.write(line)
        self.stdout.write(json.dumps(report.as_json()))
