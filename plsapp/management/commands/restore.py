"""`manage.py restore FILE`: the app's database as it was when the backup was made."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from plsapp import backup, services, supervisor


class Command(BaseCommand):
    help = "Makes the app's database what a backup holds, and brings it to this version. The app must be stopped."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")
        parser.add_argument("--replace", action="store_true", help="all that is in the database now is lost")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            with supervisor.only_one(settings.HOME, "restoring a backup"):
                content = backup.put_back(file, replace=replace)
                services.prepare()
                with connection.cursor() as cursor:
                    cursor.execute("ANALYZE")
        except supervisor.AlreadyRunningError as error:
            raise CommandError(f"{error}. Stop it first.") from error
        self.stdout.write(f"Restored {content.tables} tables. Start the app: it loads and scores on from there.")
