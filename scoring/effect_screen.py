"""The right side of the workbench: what a draft does to the accounts, and how it would have done. Values only."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import numpy as np
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.views.answers import with_query
from scoring import drawing, preview, rules
from scoring.backtest import Loads
from scoring.models import Segment, Tier

#: Scores in one bar.
WIDE = 5


@dataclass(frozen=True)
class Cell:
    """Accounts that are in one tier now and in another (or the same) by the draft."""

    accounts: str
    href: str
    kind: str
    """`up`, `down`, or nothing for those who stay"""
    words: str


@dataclass(frozen=True)
class Effect:
    """`pqas`, `movement`: the finding in few words. `whose`: whose scores are drawn, where that is not every account.

    `carries`: component → percent of their points.
    """

    accounts: int
    pqas: str
    movement: str
    whose: str
    finding: str
    milliseconds: int
    as_of: dt.date
    made_at: dt.datetime
    bars: list[drawing.Bar]
    stairs: str
    ticks: list[drawing.Tick]
    table: list[tuple[str, str, str]]
    matrix: list[tuple[str, list[Cell]]]
    columns: list[str]
    carries: dict[str, str]
    pqa: int
    activate: int
    of_workspaces: bool = False
    queues_workspaces: bool = False

    @property
    def carries_json(self) -> str:
        return json.dumps(self.carries)


def effect(
    found: preview.Effect,
    spec: rules.Spec,
    *,
    draft_id: int,
    made_at: dt.datetime,
    place: int = 0,
    movers: str = "draft_movers",
) -> Effect:
    """`found`: what `preview.compare` answered. The histogram is that of the accounts that the recipe at `place` scores.

    `movers`: the name of the URL that lists a cell.
    """
    now, draft = (_binned(histogram) for histogram in found.histograms_of_recipes[:, place])
    thresholds = spec.recipes[place].thresholds
    top = max([*now, *draft, 1])
    labels = _bands()
    transitions = found.transitions
    return Effect(
        accounts=int(found.accounts),
        pqas=_("PQA %(now)s → %(draft)s")
        % {"now": big(int(transitions[rules.PQA].sum())), "draft": big(int(transitions[:, rules.PQA].sum()))},
        movement=_movement(transitions),
        whose=_whose(spec, place, int(found.histograms_of_recipes[1, place].sum())),
        finding=_finding(transitions),
        milliseconds=round(found.milliseconds),
        as_of=found.as_of,
        made_at=made_at,
        bars=drawing.bars(labels, now, height=drawing.log_height, gap=1.0, top=top),
        stairs=drawing.stairs(draft, top=top, height=drawing.log_height),
        ticks=_log_ticks(top),
        table=[(label, big(a), big(b)) for label, a, b in zip(labels, now, draft, strict=True)][::-1],
        matrix=_matrix(transitions, reverse(movers, args=[draft_id])),
        columns=[str(Tier(tier).label) for tier in reversed(rules.TIERS)],
        carries={key: str(round(100 * share)) for key, share in found.shares_of_recipes[place].items()},
        pqa=thresholds.pqa,
        activate=thresholds.activate,
    )


def _movement(transitions: np.ndarray) -> str:
    enters = int(transitions[: rules.PQA, rules.PQA].sum())
    leaves = int(transitions[rules.PQA, : rules.PQA].sum())
    if not enters and not leaves:
        return _("nobody enters or leaves")
    return _("%(enters)s enter, %(leaves)s leave") % {"enters": big(enters), "leaves": big(leaves)}


def _whose(spec: rules.Spec, place: int, accounts: int) -> str:
    if not spec.variants:
        return ""
    words = {"n": big(accounts)}
    if not place:
        return (
            ngettext(
                "Scores of %(n)s account of everyone else.", "Scores of %(n)s accounts of everyone else.", accounts
            )
            % words
        )
    words["segments"] = ", ".join(str(Segment(name).label) for name in spec.variants[place - 1].segments)
    return (
        ngettext("Scores of %(n)s account of %(segments)s.", "Scores of %(n)s accounts of %(segments)s.", accounts)
        % words
    )


def _bands() -> list[str]:
    return [f"{low}–{low + WIDE - 1}" for low in range(1, 101, WIDE)]


def _binned(histogram: np.ndarray) -> list[int]:
    """Scores 1–100 in bars; accounts without a score are not drawn."""
    counts = histogram[1:101]
    return [int(part) for part in counts.reshape(-1, WIDE).sum(axis=1)]


def _log_ticks(top: float) -> list[drawing.Tick]:
    values, power = [], 1
    while power <= top:
        values.append(power)
        power *= 10
    return [drawing.Tick(drawing.pct(100 - drawing.log_height(value, top)), big(value)) for value in values]


def _finding(transitions: np.ndarray) -> str:
    enters = int(transitions[: rules.PQA, rules.PQA].sum())
    leaves = int(transitions[rules.PQA, : rules.PQA].sum())
    if not enters and not leaves:
        moved = int(transitions.sum() - np.trace(transitions))
        if not moved:
            return _("No account changes its tier")
        return ngettext(
            "%(n)s account changes its tier, none enters or leaves PQA",
            "%(n)s accounts change their tier, none enters or leaves PQA",
            moved,
        ) % {"n": big(moved)}
    return _("%(enters)s would enter PQA, %(leaves)s would leave") % {"enters": big(enters), "leaves": big(leaves)}


def _matrix(transitions: np.ndarray, movers: str) -> list[tuple[str, list[Cell]]]:
    rows = []
    for now in reversed(range(len(rules.TIERS))):
        cells = []
        for then in reversed(range(len(rules.TIERS))):
            accounts = int(transitions[now, then])
            kind = "" if now == then or not accounts else "up" if then > now else "down"
            href = with_query(movers, now=rules.TIERS[now], then=rules.TIERS[then])
            words = _("now %(now)s, by the draft %(then)s") % {
                "now": Tier(rules.TIERS[now]).label,
                "then": Tier(rules.TIERS[then]).label,
            }
            cells.append(Cell(big(accounts), href if accounts else "", kind, words))
        rows.append((str(Tier(rules.TIERS[now]).label), cells))
    return rows


@dataclass(frozen=True)
class Capacity:
    """Whether the team can work what the draft sends. `threshold`: a better one, if there is."""

    words: str
    more: str
    threshold: int | None
    is_too_much: bool


def capacity(loads: Loads, spec: rules.Spec, *, team: int, place: int = 0) -> Capacity:
    """`team`: accounts a week that sales can work; `place`: of the recipe whose threshold `loads` moved."""
    known, own = {line.threshold: line for line in loads.lines}, spec.recipes[place].thresholds
    here = min(known, key=lambda threshold: abs(threshold - own.pqa))
    # Whole accounts, as they are told: "10 a week" is not too much for a team that works 10.
    entering = round(known[here].entering)
    words = _("%(n)s a week would become PQAs; the team works %(team)s.") % {
        "n": big(entering),
        "team": big(team),
    }
    if not team:
        return Capacity(words, _("Nobody in sales has a capacity: an admin sets it with each person."), None, False)
    best = next((line for line in loads.lines if round(line.entering) <= team and line.threshold > own.activate), None)
    if best is None:
        return Capacity(words, _("No threshold sends so few."), None, entering > team)
    if best.threshold == own.pqa:
        return Capacity(words, _("This is the lowest threshold that the team can work."), None, False)
    more = _("At %(threshold)s: %(n)s a week") % {"threshold": best.threshold, "n": big(round(best.entering))}
    if best.kept is not None:
        more += _(", keeping %(share)s %% of past wins") % {"share": round(100 * best.kept)}
    return Capacity(words, more + ".", best.threshold, entering > team)


def big(value: float) -> str:
    """A number as people read it."""
    return str(number_format(value if value % 1 else int(value), use_l10n=True, force_grouping=True))
