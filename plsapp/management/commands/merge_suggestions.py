"""`manage.py merge_suggestions`: accounts that may be one company."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import suggesting
from accounts.models import MergeSuggestion


class Command(BaseCommand):
    help = "Looks for accounts that may be one company, keeps them as suggestions, and prints those that stand, surest first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        result = suggesting.refresh()
        rows = (
            MergeSuggestion.objects.filter(dismissed_at=None, correction=None)
            .select_related("account", "into")
            .order_by("-score", "pk")
        )
        told = [
            {
                "account": row.account.name,
                "into": row.into.name,
                "score": row.score,
                "why": suggesting.words(row.evidence),
                "evidence": row.evidence,
            }
            for row in rows
        ]
        if options["json"]:
            self.stdout.write(
                json.dumps({"standing": result.standing, "new": result.new, "gone": result.gone, "suggestions": told})
            )
            return
        for one in told:
            self.stdout.write(f"{one['score']:.2f}  {one['account']} → {one['into']}")
            for why in one["why"]:
                self.stdout.write(f"      {why}")
        self.stdout.write(f"{result.standing} suggestions, {result.new} new, {result.gone} gone")
