"""The workspaces of an account with their scores, where the definition in force scores workspaces."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playbooks.models import QueueItem
from playbooks.screens import course
from playbooks.telling.notifications import link_to
from scoring import workspaces
from scoring.models import Tier, WorkspaceScore
from scoring.why import value_in_words, why_now

#: Shown at most; the others are counted.
BEST = 20
#: Components that are told before one asks for all.
FIRST = 2
#: Changes of a workspace's score that are listed.
SHOWN = 12


@dataclass(frozen=True)
class InQueue:
    """Where a workspace stands: its open item. `owner` is empty while nobody has it."""

    href: str
    motion: str
    state: str
    owner: str
    mark: str


@dataclass(frozen=True)
class Line:
    """A workspace. `parts`: component, its value in words and its points of the score, the largest first; `why`: the first ones.

    `course`: when it had which score, the newest first, with what that comes to in words.
    """

    name: str
    external_id: str
    score: int | None
    tier: str
    tier_words: str
    tier_reason: str
    active_people: int
    why: str
    parts: list[tuple[str, str, int]]
    delta: int | None
    since: dt.datetime | None
    why_now: str
    in_queue: list[InQueue]
    course: Sequence[tuple[dt.datetime, int | None, str]]
    finding: str


@dataclass(frozen=True)
class ScoredWorkspaces:
    """The best ones, and how many more there are. False without any."""

    lines: list[Line]
    more: int
    finding: str

    def __bool__(self) -> bool:
        return bool(self.lines)


def scored_workspaces(account_id: int) -> ScoredWorkspaces:
    """Three queries, one where none is scored."""
    rows = workspaces.of_account(account_id, limit=BEST)
    if not rows:
        return ScoredWorkspaces([], 0, "")
    ids = [row.workspace_id for row in rows]
    courses, items = workspaces.course_of(ids, most=SHOWN), _items(ids)
    lines = [_line(row, items.get(row.workspace_id, []), courses.get(row.workspace_id, [])) for row in rows]
    whole = rows[0].among  # type: ignore[attr-defined]
    return ScoredWorkspaces(lines=lines, more=whole - len(rows), finding=_finding(rows))


def _items(workspace_ids: list[int]) -> dict[int, list[InQueue]]:
    found: dict[int, list[InQueue]] = {}
    rows = QueueItem.objects.open().filter(workspace__in=workspace_ids).select_related("owner").order_by("motion", "pk")
    for item in rows:
        found.setdefault(item.workspace_id or 0, []).append(
            InQueue(
                href=link_to(item),
                motion=str(item.get_motion_display()),
                state=str(item.get_state_display()),
                owner=str(item.owner or ""),
                mark=item.mark,
            )
        )
    return found


def _line(row: WorkspaceScore, items: list[InQueue], changes: course.Changes) -> Line:
    parts = sorted((_part(part) for part in row.contributions), key=lambda part: -part[2])
    return Line(
        name=str(row.workspace),
        external_id=row.workspace.external_id,
        score=row.score,
        tier=row.tier,
        tier_words=str(Tier(row.tier).label),
        tier_reason=row.tier_reason,
        active_people=round(row.features.get("active_users_28") or 0),
        why=" · ".join(f"{label} {effect}" for label, _words, effect in parts[:FIRST] if effect),
        parts=parts if row.score is not None else [],
        delta=row.delta,
        since=row.tier_since,
        why_now=_why_now(row),
        in_queue=items,
        course=changes,
        finding=course.finding(changes),
    )


def _why_now(row: WorkspaceScore) -> str:
    if row.score is None:
        return ""
    return why_now(row.contributions, row.week_ago, score=row.score, score_before=row.week_ago_score)


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
