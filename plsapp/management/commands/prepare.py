"""`manage.py prepare`: what a new version needs before its processes start."""

from typing import Any

from django.core.management.base import BaseCommand

from plsapp import services


class Command(BaseCommand):
    help = "Brings the database to this version: migrations, the cache table and the queue. May be run again."
    requires_system_checks = ()  # they load every page, a second and a half

    def handle(self, *args: Any, **options: Any) -> None:
        services.prepare()
        self.stdout.write("The database is ready.")
