"""`manage.py backup FILE`: everything that matters, in one file."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from plsapp import backup


class Command(BaseCommand):
    help = "Writes a backup of the app's database into a new file; the app may run. SECRET_KEY is not in it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="where to, for example plsapp-2026-11-22.backup")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        begun = time.monotonic()
        content = backup.take(file)
        size, seconds = file.stat().st_size / 1_000_000, time.monotonic() - begun
        self.stdout.write(
            f"{content.tables} tables in {file}, {size:,.1f} MB, {seconds:.1f} s. Keep SECRET_KEY beside it."
        )
