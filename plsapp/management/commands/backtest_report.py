"""`manage.py backtest_report`: what the definition in force would have found, learnt weights on later weeks, and volume."""

from __future__ import annotations

import datetime as dt
import math
import sys
from typing import Any

import msgspec
import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from scoring import backtest, comparison, definitions, discrimination, learning, matrices, outcomes, rules
from scoring.backtest import Backtest
from scoring.comparison import Line, Volume
from scoring.discrimination import Auc
from scoring.features import BY_KEY
from scoring.learning import Proposal, Rows
from scoring.models import Outcome


class Command(BaseCommand):
    help = "Prints, as Markdown, a backtest of the definition in force, of learnt weights on later weeks, and of sorting by volume."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--weeks", type=int, default=52)
        parser.add_argument("--kind", action="append", choices=Outcome.Kind.values, help="of outcomes; may be repeated")
        parser.add_argument("--horizon", type=int, default=90, help="days within which an outcome counts")
        parser.add_argument("--top", type=int, default=10, help="accounts a week that each rule names")
        parser.add_argument("--until", help="the last day, YYYY-MM-DD; yesterday without it")

    def handle(
        self, *args: Any, weeks: int, kind: list[str] | None, horizon: int, top: int, until: str | None, **options: Any
    ) -> None:
        if top < 1:
            raise CommandError("--top: at least 1")
        if not 2 <= weeks <= 2_000:
            raise CommandError("--weeks: from 2 to 2000")
        if not 1 <= horizon <= 730:
            raise CommandError("--horizon: from 1 to 730 days")
        try:
            last = dt.date.fromisoformat(until) if until else None
        except ValueError:
            raise CommandError(f"--until {until}: not a date; write YYYY-MM-DD") from None
        kinds = kind or list(outcomes.GOOD)
        days = matrices.weeks(weeks, until=last)
        matrices.make(days, progress=lambda missing: tqdm(missing, desc="weeks", file=sys.stderr))
        definition = definitions.published()
        spec = definitions.spec_of(definition)
        volume = Volume()
        say = self.stdout.write
        say(f"Outcomes: {', '.join(kinds)}. Horizon: {horizon} days. Weeks: {days[0]} to {days[-1]} ({len(days)}).\n")
        say(f"## {definition.name}, version {definition.version}\n")
        self._bands(backtest.run(spec, weeks=weeks, kinds=kinds, horizon_days=horizon, until=last))
        others = {
            f"{definition.name}: highest score": comparison.by_score(spec),
            f"most events in {volume.days} days": volume.rule,
        }
        same: dict[str, Any] = {"top": top, "kinds": kinds, "horizon_days": horizon}
        say(f"\n## {top} accounts a week, all weeks\n")
        self._lines(comparison.compare(others, days=days, **same))
        say("\n## Learnt weights, judged on later weeks\n")
        of = learning.rows(kinds, weeks=weeks, horizon_days=horizon, until=last)
        proposal = learning.propose(of=of)
        self._proposal(proposal, of, spec, volume, definition.name)
        if proposal.tried is None or proposal.figures.trained_until is None:
            return
        later = [day for day in days if day > proposal.figures.trained_until]
        others["learnt weights"] = comparison.by_score(rules.parse(proposal.tried, features=BY_KEY))
        say(f"\n## {top} accounts a week, later weeks ({later[0]} to {later[-1]})\n")
        self._lines(comparison.compare(others, days=later, **same))

    def _bands(self, found: Backtest) -> None:
        say = self.stdout.write
        say("| band | account-weeks | accounts | mature | positive | precision | lift | recall |")
        say("|---|---|---|---|---|---|---|---|")
        for band in found.bands:
            if band.accounts:
                say(
                    f"| {band.name} | {band.accounts:,} | {band.distinct:,} | {band.mature:,} | {band.positives:,} "
                    f"| {_share(band.precision)} | {_times(band.lift)} | {_share(band.recall)} |"
                )
        lead = "none" if found.lead_days is None else " / ".join(f"{day:.0f}" for day in found.lead_days)
        say(
            f"\nBase rate {_share(found.base_rate)}; recall is of {found.positives} outcomes; {found.unknown:,} account-weeks are "
            f"not known yet. Days from first becoming a PQA to the outcome (quartiles): {lead}."
        )

    def _lines(self, lines: list[Line]) -> None:
        say = self.stdout.write
        say(
            "| rule | account-weeks | mature | positive | precision | lift | outcomes found | recall | median lead, days |"
        )
        say("|---|---|---|---|---|---|---|---|---|")
        for line in lines:
            lead = "–" if line.lead_days is None else f"{line.lead_days:.0f}"
            say(
                f"| {line.name} | {line.account_weeks:,} | {line.mature:,} | {line.positives:,} | {_share(line.precision)} "
                f"| {_times(line.lift)} | {line.recalled} of {line.outcomes} | {_share(line.recall)} | {lead} |"
            )

    def _proposal(self, proposal: Proposal, of: Rows, spec: rules.Spec, volume: Volume, name: str) -> None:
        say, figures = self.stdout.write, proposal.figures
        say(
            f"Accounts with an outcome: {figures.positives}; others: {figures.others}; without usage before: {of.early}."
        )
        if proposal.problem:
            say(f"No proposal: {proposal.problem}")
        if proposal.tried is None or figures.trained_until is None:
            return
        say(
            f"Learnt from {figures.trained_positives} and {figures.trained_others} up to {figures.trained_until}; judged on "
            f"{figures.later_positives} and {figures.later_others} later ones.\n"
        )
        later = of.only(of.week > np.datetime64(figures.trained_until))
        spec = msgspec.structs.replace(spec, variants=())  # its own recipe, for accounts of every segment
        default = rules.evaluate(spec, later.features, evidence=np.ones(len(later.week), dtype=bool))
        plain = default.component[:, : len(spec.components)] @ np.array([one.weight for one in spec.components])
        naive = np.array(
            [
                volume.of(later.account_id[place : place + 1], week.astype(object))[0]
                for place, week in enumerate(later.week)
            ]
        )
        say("| on later weeks | AUC | 95 % (DeLong) |")
        say("|---|---|---|")
        for label, auc in (
            ("learnt weights", figures.auc),
            (f"{name}: score", _auc(plain, later)),
            ("events in 28 days", figures.auc_volume),
            (f"events in {volume.days} days", _auc(naive, later)),
        ):
            say(f"| {label} | {auc.value:.3f} | {auc.low:.3f} to {auc.high:.3f} |")
        say(
            f"\nLearnt weights minus events in 28 days: {figures.difference.value:+.3f} "
            f"({figures.difference.low:+.3f} to {figures.difference.high:+.3f}).\n"
        )
        say("| component | weight | curve |")
        say("|---|---|---|")
        for part in proposal.tried["components"]:
            points = ", ".join(f"{x:g} → {y:g}" for x, y in part["curve"]["points"])
            say(f"| {part['label']} | {part['weight']:g} | {points} |")


def _auc(values: np.ndarray, of: Rows) -> Auc:
    return discrimination.auc(values[of.is_positive], values[~of.is_positive])


def _share(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def _times(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}×"
