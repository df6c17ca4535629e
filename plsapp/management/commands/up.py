"""`manage.py up`: everything on this machine, in one command."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from plsapp import services, supervisor


def port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError(text)
    return number


def add_address(parser: CommandParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
    parser.add_argument("--port", type=port, default=8000, help="default: 8000")


class Command(BaseCommand):
    help = "Runs the app: database, migrations, web, worker and beat. Ctrl-C stops all; the data stays."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_address(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        try:
            with supervisor.only_one(settings.HOME, services.url(host, port)):
                supervisor.ensure_port_is_free(host, port)
                with services.database() as server:
                    services.prepare()
                    if password := services.ensure_first_rows():
                        self.stdout.write("A first admin was made. Shown this once:")
                        self.stdout.write(f"  admin@localhost  {password}")
                        self.stdout.flush()
                    code = services.serve(host=host, port=port, server=server)
        except (supervisor.AlreadyRunningError, supervisor.PortTakenError, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            code = 130
        sys.exit(code)
