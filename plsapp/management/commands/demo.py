"""`manage.py demo`: everything on this machine, with a demo company in it."""

import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from accounts.models import Account, Member, Role
from playbooks.models import Motion, QueueItem
from plsapp import services, supervisor
from plsapp.demo import fill
from plsapp.management.commands.up import add_address

NAMES = {
    Role.SALES: "Sam Rivera",
    Role.SUCCESS: "Suki Tanaka",
    Role.MARKETING: "Mara Lindqvist",
    Role.PRODUCT: "Priya Nair",
    Role.ADMIN: "Ade Okafor",
}


class Command(BaseCommand):
    help = "Runs the app with a simulated company loaded through the real intake; loads it once per home."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_address(parser)
        parser.add_argument("--no-serve", action="store_true", help="load, print one JSON line, end")
        parser.add_argument("--accounts", type=int, default=2000, help="companies to simulate (default: 2000)")
        parser.add_argument("--days", type=int, default=120, help="days of usage up to today (default: 120)")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port, serves = options["host"], options["port"], not options["no_serve"]
        if options["accounts"] < 1 or options["days"] < 1:
            raise CommandError("--accounts and --days: 1 or more")
        begun, code = time.monotonic(), 0
        try:
            with supervisor.only_one(settings.HOME, services.url(host, port) if serves else "loading the demo"):
                if serves:
                    supervisor.ensure_port_is_free(host, port)
                with services.database() as server:
                    services.prepare()
                    self.fill_once(options["accounts"], options["days"])
                    services.ensure_first_rows()  # nothing, unless the demo's source was removed since
                    if serves:
                        self.stdout.write("Starting the app …")
                        self.stdout.flush()
                        code = services.serve(host=host, port=port, server=server)
                    else:
                        self.stdout.write(json.dumps(counts() | {"seconds": round(time.monotonic() - begun, 1)}))
        except (supervisor.AlreadyRunningError, supervisor.PortTakenError, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            code = 130
        sys.exit(code)

    def fill_once(self, accounts: int, days: int) -> None:
        """Loads the demo unless this home has it, and prints how to sign in."""
        file = settings.HOME / "demo.json"
        known = json.loads(file.read_text()) if file.exists() else {"password": secrets.token_urlsafe(9)}
        keep(file, known)
        ensure_members(known["password"])
        if known.get("loaded"):
            self.stdout.write(
                "The demo was loaded into this home before. For a new one, set PLSAPP_HOME to another folder."
            )
        else:
            self.stdout.write(f"Loading a demo company: {accounts:,} accounts, {days} days of usage. About a minute.")
            self.stdout.flush()
            fill(accounts=accounts, days=days, progress=self.stdout.write)
            keep(file, known | {"loaded": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
        self.stdout.write(f"Sign in with the password {known['password']} as")
        for role in Role:
            self.stdout.write(f"  {role.value}@demo.example")


def keep(file: Path, known: dict[str, str]) -> None:
    """Writes the file for its owner only, whole or not at all."""
    half = file.with_suffix(".half")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(known, handle)
    half.replace(file)


def ensure_members(password: str) -> None:
    for role in Role:
        email = f"{role.value}@demo.example"
        member = Member.objects.filter(email=email).first()
        if member is None:
            Member.objects.create_user(email, password, role=role, name=NAMES[role])
        elif not member.check_password(password):
            # The home was removed and its database was not (docs/operations.md): the printed password must work.
            member.set_password(password)
            member.save(update_fields=["password"])


def counts() -> dict[str, Any]:
    """Open queue items per motion that people work, and accounts."""
    found = dict(
        QueueItem.objects.filter(state__in=[QueueItem.State.NEW, QueueItem.State.CLAIMED])
        .values_list("motion")
        .annotate(Count("pk"))
    )
    motions = (Motion.SALES, Motion.SUCCESS, Motion.MARKETING)
    return {
        "queues": {motion.value: found.get(motion.value, 0) for motion in motions},
        "accounts": Account.objects.current().count(),
    }
