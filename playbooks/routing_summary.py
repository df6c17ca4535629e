"""The routing table as people read it in one glance: buyer states that go the same ways share a line. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _

from playbooks import queue
from playbooks.models import Motion
from playbooks.routing import BUYER_STATES, SEGMENTS, TIERS, Cell
from scoring.models import BuyerState, Segment, Tier


@dataclass(frozen=True)
class Way:
    """What becomes of the accounts of one segment. `motion` is empty where nobody is asked to act."""

    segment: str
    motion: str
    label: str
    also: str
    first_step: str


@dataclass(frozen=True)
class Line:
    """Buyer states of a tier that go the same ways, with a way for each of `SEGMENTS`."""

    tier: str
    label: str
    buyers: str
    ways: list[Way]

    @property
    def is_quiet(self) -> bool:
        return not any(way.motion for way in self.ways)


def lines(table: Mapping[tuple[str, str, str], Cell] | None = None) -> list[Line]:
    """The table in force, or the given one. One query."""
    cells = queue.table() if table is None else table
    found = []
    for tier in TIERS:
        rows = [(state, [cells[tier, state, segment] for segment in SEGMENTS]) for state in BUYER_STATES]
        for row, same in groupby(rows, key=lambda pair: pair[1]):
            states = [state for state, _row in same]
            buyers = (
                _("any buyer")
                if len(states) == len(BUYER_STATES)
                else ", ".join(str(BuyerState(state).label) for state in states)
            )
            ways = [_way(segment, cell) for segment, cell in zip(SEGMENTS, row, strict=True)]
            found.append(Line(tier, str(Tier(tier).label), buyers, ways))
    return found


def _way(segment: str, cell: Cell) -> Way:
    label = str(Segment(segment).label)
    if cell.motion == Motion.SELF_SERVE:
        return Way(label, "", "", "", "")
    also = str(Motion.MARKETING.label) if cell.also_marketing and cell.motion != Motion.MARKETING else ""
    return Way(label, cell.motion, str(Motion(cell.motion).label), also, cell.first_step)
