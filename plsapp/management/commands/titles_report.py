"""`manage.py titles_report FILE…`: how often titles are read right."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import title_report


class Command(BaseCommand):
    help = (
        "Measures how often titles are read right, on lists of real ones: TSV with the columns Position and Classification,"
        " or Position and any of Level, Area and Department."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        try:
            reports = [(str(path), one) for path in files for one in title_report.of_file(path)]
        except title_report.BadList as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            files_of = Counter(name for name, _one in reports)
            told = {
                name if files_of[name] == 1 else f"{name} {one.kind}": {
                    "kind": one.kind,
                    "titles": one.titles,
                    "right": round(one.right, 3),
                    "even": round(one.halves[0], 3),
                    "odd": round(one.halves[1], 3),
                    "matrix": {f"{truth} → {guess}": n for (truth, guess), n in one.matrix.items()},
                }
                for name, one in reports
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for name, one in reports:
            self.stdout.write(
                f"{name}: {one.kind} of {one.titles} titles, {one.right:.3f} right"
                f" ({one.halves[0]:.3f} on the even lines, {one.halves[1]:.3f} on the odd ones). Rows are the list's answer."
            )
            self.stdout.write(one.table())
