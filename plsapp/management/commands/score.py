"""`manage.py score`: one full scoring run in the foreground."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections import Counter
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Account
from playbooks import effects, queue, routing
from scoring import definitions, runs, signals, why
from scoring import shards as sharding
from scoring.models import ScoringRun
from scoring.scored import Scored, compute

#: Each is a thread and a connection.
MOST_SHARDS = 64


class Command(BaseCommand):
    help = "Scores every account and routes it. With a past --as-of it only computes and prints."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", help="a date, YYYY-MM-DD; a past one is printed, not published to the queues")
        parser.add_argument("--top", type=int, default=10, help="how many accounts to print")
        parser.add_argument(
            "--shards", type=int, default=settings.SCORE_SHARDS, help="parts of the accounts that are scored at once"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")

    def handle(self, *args: Any, as_of: str | None, top: int, shards: int, **options: Any) -> None:
        today = timezone.now().date()
        day = today
        if as_of:
            try:
                day = dt.date.fromisoformat(as_of)
            except ValueError:
                raise CommandError(f"--as-of {as_of}: not a date; write YYYY-MM-DD") from None
            if day > today:
                raise CommandError(f"--as-of {as_of}: lies in the future")
        if top < 0:
            raise CommandError(f"--top {top}: must be 0 or more")
        if not 1 <= shards <= MOST_SHARDS:
            raise CommandError(f"--shards {shards}: from 1 to {MOST_SHARDS}")
        started = time.monotonic()
        if day == today:
            run = sharding.score_all(shards=shards) if shards > 1 else runs.score_all()
            if run.state == ScoringRun.State.STALE:
                self._overtaken(run, as_json=options["json"])
                return
            while queue.route_scored():
                pass
        definition = definitions.published()
        scored = compute(as_of=day, definition=definition)
        report = self._report(scored, top, day)
        report |= {
            "published": day == today,
            "definition": definition.version,
            "seconds": round(time.monotonic() - started, 2),
        }
        self.stdout.write(json.dumps(report) if options["json"] else self._table(report))

    def _overtaken(self, run: ScoringRun, *, as_json: bool) -> None:
        """What was published meanwhile has a run of its own, so nothing went wrong."""
        version = definitions.published().version
        words = (
            f"Version {version} of the definition was published while this run was going. This run was given up and wrote nothing: "
            "the publication scores every account by itself, in the worker. To do it here, run this command again."
        )
        told = {"as_of": run.as_of.isoformat(), "published": False, "overtaken": True, "definition": version}
        self.stdout.write(json.dumps(told | {"message": words}) if as_json else words)

    def _report(self, scored: Scored, top: int, day: dt.date) -> dict[str, Any]:
        cells = queue.table()
        raised = signals.hand_raises(None, as_of=day)
        account_ids = scored.account_id.tolist()
        bare = effects.bare_sign_ups(
            score=scored.now.score,
            active_users=scored.features["active_users_28"],
            weekly_active_days=scored.features["weekly_active_days"],
        )
        routes = [
            routing.route(
                tier=scored.tier(place),
                buyer_state=str(scored.buyer_state[place]),
                segment=str(scored.segment[place]),
                hand_raised=account in raised,
                is_bare=bool(bare[place]),
                table=cells,
            )
            for place, account in enumerate(account_ids)
        ]
        tiers = Counter(scored.tier(place) for place in range(len(account_ids)))
        motions = Counter(motion for route in routes for motion in route.motions or ("self_serve",))
        order = np.lexsort((scored.account_id, -scored.features["events_28"], -scored.now.score))[:top].tolist()
        names = Account.objects.in_bulk([account_ids[place] for place in order])
        return {
            "as_of": day.isoformat(),
            "accounts": len(account_ids),
            "scored": int((scored.now.score > 0).sum()),
            "tiers": {tier: tiers.get(tier, 0) for tier in routing.TIERS},
            "motions": {motion: motions.get(motion, 0) for motion in ("sales", "success", "marketing", "self_serve")},
            "top": [
                {
                    "account": names[account_ids[place]].name,
                    "domain": names[account_ids[place]].domain,
                    "id": account_ids[place],
                    "score": scored.score(place),
                    "week_ago": scored.week_ago_score(place),
                    "tier": scored.tier(place),
                    "tier_reason": scored.tier_reason(place),
                    "motions": list(routes[place].motions or ("self_serve",)),
                    "segment": str(scored.segment[place]),
                    "buyer_state": str(scored.buyer_state[place]),
                    "contributions": scored.contributions(place),
                }
                for place in order
            ],
        }

    def _table(self, report: dict[str, Any]) -> str:
        lines = [
            f"As of {report['as_of']}, definition version {report['definition']}: {report['scored']} of "
            f"{report['accounts']} accounts have a score ({report['seconds']} s)"
            + ("" if report["published"] else "; computed only, the queues are as they were"),
            "Tiers    " + "   ".join(f"{tier} {count}" for tier, count in report["tiers"].items()),
            "Motions  " + "   ".join(f"{motion} {count}" for motion, count in report["motions"].items()),
            "",
        ]
        for place, one in enumerate(report["top"], start=1):
            score = "–" if one["score"] is None else one["score"]
            lines.append(f"{place:>3}. {score:>3}  {one['account']:<32} {one['tier']:<11} {', '.join(one['motions'])}")
            for part in one["contributions"]:
                words = why.value_in_words(part["feature"], part["value"], part["parts"])
                lines.append(f"          {part['effect']:>3}  {part['label']:<12} {words}")
            if one["tier_reason"]:
                lines.append(f"               {one['tier_reason']}")
        return "\n".join(lines)
