"""Usage by week: the small chart of the queue and the data of the account page's charts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import Category

#: (first day of the week, category or "" for all, events, active people), as `accounts.usage.weekly_by_category` gives them
type Rows = Sequence[tuple[dt.date, str, int, int]]

WIDTH, HEIGHT, TOP, GAP = 240, 72, 4, 4


@dataclass(frozen=True)
class Week:
    """One week's people. `box` are the attributes of its bar in a 240 × 72 picture, `short` and `day` its first day in words."""

    people: int
    box: SafeString
    short: str
    day: str


@dataclass(frozen=True)
class People:
    """Active people by week. `title` says the finding; `top` is the axis' upper end."""

    title: str
    weeks: list[Week]
    top: int

    @property
    def is_empty(self) -> bool:
        return not any(week.people for week in self.weeks)


def people(rows: Rows, *, until: dt.date, weeks: int = 12) -> People:
    """The last weeks' active people, also the empty ones, oldest first."""
    active = {first: count for first, category, _events, count in rows if category == ""}
    firsts = _firsts(until, weeks)
    counts = [active.get(first, 0) for first in firsts]
    top = max([*counts, 4])
    step = WIDTH / weeks
    language = get_language()
    bars = [
        Week(count, _box(index * step + GAP / 2, (HEIGHT - TOP) * count / top, step - GAP), *_words(first, language))
        for index, (first, count) in enumerate(zip(firsts, counts, strict=True))
    ]
    return People(title=_finding(counts), weeks=bars, top=top)


def _box(x: float, height: float, width: float) -> SafeString:
    return mark_safe(f'x="{x:.1f}" y="{HEIGHT - height:.1f}" width="{width:.1f}" height="{height:.1f}"')  # noqa: S308 - numbers


@lru_cache(maxsize=512)
def _words(first: dt.date, language: str | None) -> tuple[str, str]:
    """The same dozen of weeks for every account: `"3 Nov"`, `"3 Nov 2026"`."""
    return date_format(first, "j M"), date_format(first, "j M Y")


def _finding(counts: list[int]) -> str:
    if not any(counts):
        return _("Nobody active in %(n)d weeks") % {"n": len(counts)}
    now = counts[-1]
    words = ngettext("%(n)d active person this week", "%(n)d active people this week", now) % {"n": now}
    before = round(sum(counts[-5:-1]) / 4)
    if now > before:
        return _("%(now)s, up from %(before)d") % {"now": words, "before": before}
    if now < before:
        return _("%(now)s, down from %(before)d") % {"now": words, "before": before}
    return _("%(now)s, steady") % {"now": words}


def _firsts(until: dt.date, weeks: int) -> list[dt.date]:
    return [until - dt.timedelta(days=7 * back + 6) for back in reversed(range(weeks))]


@dataclass(frozen=True)
class Usage:
    """Events by week and category: `chart` is what static/js/charts.js draws, `table` the same for reading.

    `table` rows are (first day, events per category in the order of `categories`, all events, active people).
    """

    title: str
    categories: list[str]
    table: list[tuple[dt.date, list[int], int, int]]
    chart: dict[str, object]

    @property
    def is_empty(self) -> bool:
        return not any(total for _first, _events, total, _people in self.table)


def usage(rows: Rows, *, until: dt.date, weeks: int = 26) -> Usage:
    events = {(first, category): count for first, category, count, _people in rows}
    active = {first: count for first, category, _events, count in rows if category == ""}
    firsts = _firsts(until, weeks)
    shown = [category for category in Category if category != Category.NOISE]
    used = [category for category in shown if any(events.get((first, category.value)) for first in firsts)]
    table = []
    for first in firsts:
        counts = [events.get((first, category.value), 0) for category in used]
        table.append((first, counts, sum(counts), active.get(first, 0)))
    totals = [row[2] for row in table]
    return Usage(
        title=_usage_finding(totals),
        categories=[str(category.label) for category in used],
        table=table[::-1],
        chart={
            "labels": [date_format(first, "j M") for first in firsts],
            "unit": _("events"),
            "series": [
                {
                    "name": str(category.label),
                    "key": category.value,
                    "values": [events.get((first, category.value), 0) for first in firsts],
                }
                for category in used
            ],
        },
    )


def _usage_finding(totals: list[int]) -> str:
    if not any(totals):
        return _("No usage in %(n)d weeks") % {"n": len(totals)}
    now, before = sum(totals[-4:]), sum(totals[-8:-4])
    if not before:
        return _("Usage began within the last four weeks") if now else _("No usage in the last four weeks")
    change = round(100 * (now - before) / before)
    if change > 5:
        return _("Usage is up %(n)d %% on the four weeks before") % {"n": change}
    if change < -5:
        return _("Usage is down %(n)d %% on the four weeks before") % {"n": -change}
    return _("Usage is steady over eight weeks")
