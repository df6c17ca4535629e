"""Scores over time, of accounts and of workspaces."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring.models import ScoreChange

#: (when, score, tier in words), the newest first
type Changes = Sequence[tuple[dt.datetime, int | None, str]]


@dataclass(frozen=True)
class ScoreCourse:
    """Score over time. `chart` is what static/js/charts.js draws; `table` is newest first."""

    title: str
    chart: dict[str, object]
    table: list[tuple[dt.datetime, int | None, str]]

    @property
    def is_empty(self) -> bool:
        return len(self.table) < 2


def score_course(account_id: int, *, limit: int = 400) -> ScoreCourse:
    changes = list(
        ScoreChange.objects.filter(account=account_id).order_by("-at", "-id").only("at", "score", "tier")[:limit]
    )
    table = [(change.at, change.score, str(change.get_tier_display())) for change in changes]
    points = [[change.at.isoformat(), change.score] for change in reversed(changes)]
    return ScoreCourse(title=finding(table), chart={"points": points, "unit": _("score")}, table=table)


def finding(table: Changes) -> str:
    known = [(at, score) for at, score, _tier in table if score is not None]
    if not known:
        return _("No score so far")
    now, first = known[0], known[-1]
    if len(known) < 2:
        return _("First score %(now)d on %(day)s") % {"now": now[1], "day": date_format(now[0], "j M")}
    if now[1] == first[1]:
        return _("Score %(now)d, unchanged") % {"now": now[1]}
    days = max(1, (now[0] - first[0]).days)
    words = _("Score up from %(first)d to %(now)d") if now[1] > first[1] else _("Score down from %(first)d to %(now)d")
    span = ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}
    return f"{words % {'first': first[1], 'now': now[1]}} {span}"
