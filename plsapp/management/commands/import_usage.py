"""`manage.py import_usage FILE…`: usage from CSV, NDJSON or Parquet, through the same loader as the API."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts import importing
from accounts.models import Source


class Command(BaseCommand):
    help = "Imports usage from files. Fields: " + ", ".join(importing.FIELDS)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--source", default="Import", help="the source that the messages belong to")
        parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN[+COLUMN]")
        parser.add_argument(
            "--shift-to-now", action="store_true", help="move all times so that the newest row is today's"
        )

    def handle(self, *args: Any, files: list[Path], source: str, shift_to_now: bool, **options: Any) -> None:
        started = time.monotonic()
        total = importing.Imported()
        rejects = []
        try:
            mapping = importing.parse_mapping(options["map"])
            for path in files:
                importing.check_columns(path, mapping)
            row, _ = Source.objects.get_or_create(name=source)
            for path in files:
                one = self._import(path, row, mapping, shift_to_now)
                total.read += one.read
                total.loaded += one.loaded
                total.duplicate += one.duplicate
                total.rejected += one.rejected
                total.reasons.update(one.reasons)
                if one.rejects:
                    rejects.append(str(one.rejects))
                    self.stderr.write(f"{one.rejected} rows of {path.name} were rejected; see {one.rejects}")
        except importing.BadFile as error:
            raise CommandError(str(error)) from error
        seconds = time.monotonic() - started
        summary = {
            "read": total.read,
            "loaded": total.loaded,
            "duplicate": total.duplicate,
            "rejected": total.rejected,
            "reasons": dict(total.reasons),
            "rejects": rejects,
            "seconds": round(seconds, 2),
            "rows_per_second": round(total.read / seconds) if seconds else 0,
        }
        self.stdout.write(json.dumps(summary))

    def _import(
        self, path: Path, source: Source, mapping: dict[str, list[str]], shift_to_now: bool
    ) -> importing.Imported:
        with tqdm(total=path.stat().st_size, unit="B", unit_scale=True, desc=path.name, file=sys.stderr) as bar:
            one = importing.import_file(
                path,
                source=source,
                mapping=mapping,
                shift_to_now=shift_to_now,
                rejects=settings.HOME / "rejects" / f"{path.name}.ndjson",
                progress=lambda bytes_read: bar.update(bytes_read - bar.n),
            )
            bar.update(bar.total - bar.n)
        return one
