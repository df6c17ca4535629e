"""The workspaces of an account with their scores, where the definition in force scores workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring import workspaces
from scoring.breakdown import features_of
from scoring.models import Tier, WorkspaceScore
from scoring.why import value_in_words

#: Shown at most; the others are counted.
BEST = 20
#: Components that are told before one asks for all.
FIRST = 2


@dataclass(frozen=True)
class Line:
    """A workspace. `parts`: component, its value in words and its points of the score, the largest first; `why`: the first ones."""

    name: str
    external_id: str
    score: int | None
    tier: str
    tier_words: str
    tier_reason: str
    active_people: int
    why: str
    parts: list[tuple[str, str, int]]


@dataclass(frozen=True)
class ScoredWorkspaces:
    """The best ones, and how many more there are. False without any."""

    lines: list[Line]
    more: int
    finding: str

    def __bool__(self) -> bool:
        return bool(self.lines)


def scored_workspaces(account_id: int) -> ScoredWorkspaces:
    """One query."""
    rows = workspaces.of_account(account_id, limit=BEST)
    whole = rows[0].among if rows else 0  # type: ignore[attr-defined]
    return ScoredWorkspaces(lines=[_line(row) for row in rows], more=whole - len(rows), finding=_finding(rows))


def _line(row: WorkspaceScore) -> Line:
    parts = sorted((_part(part) for part in row.contributions), key=lambda part: -part[2])
    return Line(
        name=str(row.workspace),
        external_id=row.workspace.external_id,
        score=row.score,
        tier=row.tier,
        tier_words=str(Tier(row.tier).label),
        tier_reason=row.tier_reason,
        active_people=round(features_of(row.feature_values).get("active_users_28") or 0),
        why=" · ".join(f"{label} {effect}" for label, _words, effect in parts[:FIRST] if effect),
        parts=parts if row.score is not None else [],
    )


def _part(part: Mapping[str, Any]) -> tuple[str, str, int]:
    return _(part["label"]), value_in_words(part["feature"], part["value"], part["parts"]), part["effect"]


def _finding(rows: list[WorkspaceScore]) -> str:
    """The rows are the highest, so that these are all PQAs unless a gate or twenty PQAs hide some."""
    number = sum(row.tier == Tier.PQA for row in rows)
    if not number:
        return _("no PQA among them")
    if number == BEST:
        return _("%(n)d PQAs or more") % {"n": number}
    return ngettext("%(n)d PQA", "%(n)d PQAs", number) % {"n": number}
