"""`manage.py import_outcomes FILE`: what came of accounts, from a CRM's list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import importing
from scoring import outcome_files
from scoring.models import Outcome


class Command(BaseCommand):
    help = (
        "Imports outcomes of accounts from CSV, NDJSON or Parquet (also .gz). Columns: domain or account; at, date, "
        "won_at or won_on; and, where the file has them, kind and note. A second import of the same file changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--kind", default="won", choices=Outcome.Kind.values, help="of rows that name none")
        parser.add_argument("--source", default="import", help="who says so; the same again is the same outcome")

    def handle(self, *args: Any, file: Path, kind: str, source: str, **options: Any) -> None:
        if len(source) > 60 or "\x00" in source:
            raise CommandError("--source: at most 60 characters")
        try:
            done = outcome_files.import_file(
                file, kind=kind, source=source, rejects=settings.HOME / "rejects" / f"{file.name}.ndjson"
            )
        except importing.BadFile as error:
            raise CommandError(str(error)) from error
        if done.rejects:
            for line in done.rejects.read_text().splitlines():
                bad = json.loads(line)
                self.stderr.write(f"row {bad['row']}: {bad['field']}: {bad['reason']}")
        self.stdout.write(
            json.dumps(
                {
                    "read": done.read,
                    "recorded": done.recorded,
                    "known": done.known,
                    "rejected": done.rejected,
                    "unknown_accounts": done.unknown_accounts,
                    "reasons": dict(done.reasons),
                    "rejects": str(done.rejects) if done.rejects else None,
                }
            )
        )
