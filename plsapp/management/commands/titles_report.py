"""`manage.py titles_report FILE…`: how often titles are read right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import title_report


class Command(BaseCommand):
    help = "Measures how often titles are read right, on lists of real ones: TSV with the columns Position and Classification."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        try:
            reports = {str(path): title_report.of_file(path) for path in files}
        except title_report.BadList as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            told = {
                name: {"kind": one.kind, "titles": one.titles, "right": round(one.right, 3)}
                | {"matrix": {f"{truth} → {guess}": n for (truth, guess), n in one.matrix.items()}}
                for name, one in reports.items()
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for name, one in reports.items():
            self.stdout.write(
                f"{name}: {one.kind} of {one.titles} titles, {one.right:.3f} right"
                f" ({one.halves[0]:.3f} on the even lines, {one.halves[1]:.3f} on the odd ones). Rows are the list's answer."
            )
            self.stdout.write(one.table())
