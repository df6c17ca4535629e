"""The list of drafts and versions as people read it. Values only; no query is left over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from scoring import definitions, differences, matrices, preview, rules
from scoring.models import Definition

#: Versions that the page shows.
SHOWN = 50
#: Discarded drafts can be brought back from the page for so many days.
KEPT_DAYS = 30


@dataclass(frozen=True)
class Line:
    """A draft or a version. `changes`: what differs from the one it began from; None when that is not known."""

    id: int
    name: str
    version: int | None
    state: str
    state_label: str
    who: str
    at: dt.datetime | None
    note: str
    based_on: int | None
    changes: list[str] | None
    is_discarded: bool


def drafts() -> list[Line]:
    """Drafts by their last save, then those that were discarded lately. One query."""
    rows = (
        Definition.objects.filter(state=Definition.State.DRAFT, version=None)
        .select_related("based_on", "updated_by", "created_by")
        .order_by("discarded_at", "-updated_at")
    )
    alive = [row for row in rows if row.discarded_at is None]
    gone = [row for row in rows if row.discarded_at is not None]
    gone.sort(key=lambda row: row.discarded_at, reverse=True)  # type: ignore[arg-type, return-value]
    return [
        _line(row, row.based_on, at=row.updated_at, who=row.updated_by or row.created_by) for row in [*alive, *gone[:5]]
    ]


def published_ones() -> list[Line]:
    """Versions, newest first. Each is compared with the one that was in force before it. One query."""
    rows = list(
        Definition.objects.filter(
            Q(state=Definition.State.PUBLISHED) | Q(state=Definition.State.RETIRED) | Q(version__gt=0)
        )
        .select_related("based_on", "published_by")
        .order_by("-version")[:SHOWN]
    )
    return [
        _line(row, before or row.based_on, at=row.published_at or row.created_at, who=row.published_by)
        for row, before in zip(rows, [*rows[1:], None], strict=True)
    ]


def _line(row: Definition, before: Definition | None, *, at: dt.datetime | None, who: object) -> Line:
    return Line(
        id=row.pk,
        name=row.name,
        version=row.version,
        state=row.state,
        state_label=str(row.get_state_display()),
        who=str(who) if who else "",
        at=at,
        note=row.note,
        based_on=before.version if before else None,
        changes=changes(before, row) if before else None,
        is_discarded=row.discarded_at is not None,
    )


def changes(before: Definition, after: Definition) -> list[str] | None:
    """What differs, in words; None when one of them cannot be read."""
    try:
        return differences.in_words(definitions.spec_of(before), definitions.spec_of(after))
    except rules.BadDefinition:
        return None


def carries(spec: rules.Spec) -> list[dict[str, int]]:
    """For each of `Spec.recipes`: component → percent of the score points of its accounts, 0 to 100; empty without accounts."""
    snapshot = matrices.at_hand()
    if not len(snapshot):
        return []
    found = preview.compare(spec, spec, snapshot=snapshot, tiers=preview.tiers_now(snapshot))
    return [{key: round(100 * share) for key, share in shares.items()} for shares in found.shares_of_recipes]
