"""`manage.py import_domains FILE`: which domains are one company, from a list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.company_domains import companies


class Command(BaseCommand):
    help = (
        "Takes over which domains are one company, from a CSV with the columns company (or company_name), domain and perhaps "
        "aliases, parted by |. Lines of one company belong together. Conflicts are told; nothing is merged in silence."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="only says what would be done")
        parser.add_argument(
            "--every",
            action="store_true",
            help="makes accounts also of companies with a single domain that nobody uses",
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, every: bool, **options: Any) -> None:
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {error}") from error
        try:
            done = companies.plan(text, every=every) if dry_run else companies.take_over(text, member=None, every=every)
        except companies.BadList as error:
            raise CommandError(str(error)) from error
        for problem in done.problems:
            self.stderr.write(problem)
        for company in done.companies:
            if company.new:
                where = "new account" if company.makes_account else f"account {company.account_id}"
                self.stdout.write(f"{company.name} ({where}): {', '.join(company.new)}")
        self.stdout.write(
            json.dumps(
                {
                    "dry_run": dry_run,
                    "read": done.read,
                    "domains": done.domains,
                    "known": done.known,
                    "added": done.added,
                    "accounts_made": done.made,
                    "problems": len(done.problems),
                }
            )
        )
