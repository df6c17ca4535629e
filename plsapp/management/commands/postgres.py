"""`manage.py postgres pg_dump …`: PostgreSQL's own programs, pointed at the app's database."""

import subprocess
import sys
from argparse import REMAINDER
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from plsapp import backup, embedded


class Command(BaseCommand):
    help = "Runs psql, pg_dump, pg_restore or another program of PostgreSQL 18 on the app's database."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("program", help="psql, pg_dump, pg_restore, vacuumdb, …")
        parser.add_argument("arguments", nargs=REMAINDER, help="passed on as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        programs = embedded.programs()
        known = sorted(path.name for path in programs.iterdir())
        if options["program"] not in known:
            raise CommandError(f"No program {options['program']}. There are {', '.join(known)}")
        done = subprocess.run(  # noqa: S603 - one of PostgreSQL's programs, by its name
            [str(programs / options["program"]), *options["arguments"]],
            env=backup.client_environment(),
            check=False,
        )
        sys.exit(done.returncode)
