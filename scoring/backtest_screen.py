"""How a draft would have done beside the published definition: figures, a line over weeks, bands. Values only."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from scoring import drawing
from scoring.backtest import Backtest, Band
from scoring.effect_screen import big
from scoring.models import Tier


@dataclass(frozen=True)
class Figure:
    """A number by the draft, and the same by the published definition."""

    value: str
    words: str
    published: str


@dataclass(frozen=True)
class WeekLine:
    day: dt.date
    entered: str
    entered_published: str
    pqa: str
    positives: str
    is_mature: bool


@dataclass(frozen=True)
class BandLine:
    name: str
    accounts: str
    mature: str
    positives: str
    precision: str
    recall: str
    lift: str
    is_tier: bool


@dataclass(frozen=True)
class Judged:
    """`immature_x`: where the weeks begin that are too young to judge, in percent; none when all are old enough.

    `positives`: outcomes in the week after a mature one, which recall is of; `followed`: mature account-weeks that an outcome
    followed within the horizon, which precision and lift are of.
    """

    finding: str
    figures: list[Figure]
    line: str
    line_published: str
    ticks: list[drawing.Tick]
    days: list[drawing.Tick]
    immature_x: str
    immature_width: str
    immature: int
    weeks: list[WeekLine]
    bands: list[BandLine]
    positives: int
    followed: int
    unknown: str
    horizon_days: int
    milliseconds: int


def judged(draft: Backtest, published: Backtest) -> Judged:
    """Both must be of the same weeks."""
    entered = [week.entered for week in draft.weeks]
    was = [week.entered for week in published.weeks]
    # Even, so that half of it is a whole number of accounts.
    top = 2.0 * math.ceil(drawing.nice_top(max([*entered, *was, 1]) * 100 / drawing.ROOM) / 2)
    scaled = top * drawing.ROOM / 100
    immature = sum(not week.is_mature for week in draft.weeks)
    last = max(len(draft.weeks) - 1, 1)
    begins = 100 * max(len(draft.weeks) - immature - 0.5, 0) / last if immature else 100.0
    return Judged(
        finding=_finding(draft, published),
        figures=_figures(draft, published),
        line=drawing.line(entered, top=scaled),
        line_published=drawing.line(was, top=scaled),
        ticks=[drawing.Tick(drawing.pct(100 - 100 * part / 4), big(top * part / 4)) for part in (0, 2, 4)],
        days=[
            drawing.Tick(drawing.pct(100 * place / last), date_format(draft.weeks[place].day, "j M"))
            for place in range(0, len(draft.weeks), max(len(draft.weeks) // 5, 1))
        ],
        immature_x=drawing.pct(begins),
        immature_width=drawing.pct(100 - begins),
        immature=immature,
        weeks=[
            WeekLine(
                week.day,
                big(week.entered),
                big(other.entered),
                big(week.counts[2]),
                big(week.positives) + (" + ?" if week.unknown else ""),
                week.is_mature,
            )
            for week, other in zip(reversed(draft.weeks), reversed(published.weeks), strict=True)
        ],
        bands=[_band(band) for band in draft.bands],
        positives=draft.positives,
        followed=_followed(draft),
        unknown=big(draft.unknown),
        horizon_days=draft.horizon_days,
        milliseconds=round(draft.milliseconds),
    )


def _figures(draft: Backtest, published: Backtest) -> list[Figure]:
    top, was = draft.band("pqa"), published.band("pqa")
    return [
        Figure(_percent(top.recall), _("of outcomes found before"), _percent(was.recall)),
        Figure(_times(top.lift), _("PQAs over the base rate"), _times(was.lift)),
        Figure(_days(draft.lead_median), _("median lead time"), _days(published.lead_median)),
        Figure(_percent(top.precision), _("of PQA weeks followed by an outcome"), _percent(was.precision)),
    ]


def _finding(draft: Backtest, published: Backtest) -> str:
    ours, theirs = draft.band("pqa"), published.band("pqa")
    if not _followed(draft):
        return _("No outcomes in the weeks that can be judged")
    if not draft.positives or ours.recall is None or theirs.recall is None:
        return _("An outcome follows a PQA %(lift)s as often as any account; published: %(was)s") % {
            "lift": _times(ours.lift),
            "was": _times(theirs.lift),
        }
    if round(ours.recall, 3) == round(theirs.recall, 3):
        return _("Finds as many outcomes as the published version: %(share)s") % {"share": _percent(ours.recall)}
    words = (
        _("Finds more outcomes than the published version: %(share)s against %(was)s")
        if ours.recall > theirs.recall
        else _("Finds fewer outcomes than the published version: %(share)s against %(was)s")
    )
    return words % {"share": _percent(ours.recall), "was": _percent(theirs.recall)}


def _followed(found: Backtest) -> int:
    return sum(found.band(tier).positives for tier in Tier.values)


def _band(band: Band) -> BandLine:
    name, is_tier = band.name, band.name in Tier.values
    return BandLine(
        name=str(Tier(name).label) if is_tier else name.replace("-", "–"),
        accounts=big(band.accounts),
        mature=big(band.mature),
        positives=big(band.positives),
        precision=_percent(band.precision),
        recall=_percent(band.recall),
        lift=_times(band.lift),
        is_tier=is_tier,
    )


def _percent(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{round(100 * value)}\u00a0%" if value >= 0.1 or not value else f"{big(round(100 * value, 1))}\u00a0%"


def _times(value: float | None) -> str:
    return "–" if value is None else f"{big(round(value, 1))}\u00a0×"


def _days(value: float | None) -> str:
    return "–" if value is None else _("%(n)s days") % {"n": big(round(value))}
