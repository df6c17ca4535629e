"""What matters, as people read it. Values only; no query is left over."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from scoring import drawing, screens
from scoring.event_map import EventPoint
from scoring.features import BY_KEY
from scoring.learning import FeatureLine

#: Event types whose names stand on the map; the table names all.
NAMED = 8


@dataclass(frozen=True)
class Shape:
    """A feature: both groups over the same bins, each as a share of its own.

    `way`: `more` or `less` of it goes with an outcome, or `none` where that cannot be told from chance. `auc_x`, `low_x` and
    `wide` place the AUC and its interval on a line from 0 to 1, in percent.
    """

    key: str
    label: str
    meaning: str
    sentence: str
    way: str
    auc_x: str
    low_x: str
    wide: str
    auc: str
    interval: str
    tells: bool
    can_add: bool
    positive: list[drawing.Bar]
    others: str
    first: str
    last: str
    table: list[tuple[str, int, int]]


@dataclass(frozen=True)
class Spot:
    """An event type on the map, in percent."""

    name: str
    x: str
    y: str
    radius: str
    words: str
    is_named: bool
    is_right: bool
    necessity: str
    sufficiency: str
    accounts: int
    before: str
    judged: str


def shapes(lines: Sequence[FeatureLine]) -> tuple[list[Shape], list[Shape]]:
    """Those that tell something, and those that cannot be told from chance; each in the order of the lines."""
    found = [_shape(line) for line in lines if not math.isnan(line.auc)]
    return [shape for shape in found if shape.tells], [shape for shape in found if not shape.tells]


def _shape(line: FeatureLine) -> Shape:
    feature = BY_KEY[line.key]
    edges = line.bin_edges
    labels = [
        f"{screens.amount(_short(low), feature)} – {screens.amount(_short(high), feature)}"
        for low, high in itertools.pairwise(edges)
    ]
    ours, theirs = _shares(line.histogram_positive), _shares(line.histogram_others)
    top = max([*ours, *theirs, 1])
    way = "none" if not line.tells else "more" if line.auc > 0.5 else "less"
    sentence = {
        "none": _("Cannot be told from chance"),
        "more": _("More goes with an outcome"),
        "less": _("Less goes with an outcome"),
    }[way]
    return Shape(
        key=line.key,
        label=line.label,
        meaning=feature.meaning,
        sentence=sentence,
        way=way,
        auc_x=drawing.pct(100 * line.auc),
        low_x=drawing.pct(100 * line.low),
        wide=drawing.pct(100 * (line.high - line.low)),
        auc=f"{line.auc:.2f}",
        interval=f"{line.low:.2f}–{line.high:.2f}",
        tells=line.tells,
        can_add=line.curve is not None,
        positive=drawing.bars(labels, ours, height=drawing.plain_height, gap=0.8, top=top),
        others=drawing.stairs(theirs, top=top, height=drawing.plain_height),
        first=screens.amount(_short(edges[0]), feature) if edges else "",
        last=screens.amount(_short(edges[-1]), feature) if edges else "",
        table=list(zip(labels, line.histogram_positive, line.histogram_others, strict=True)),
    )


def _shares(counts: Sequence[int]) -> list[int]:
    """Parts of a thousand: both groups are drawn as shares of their own, for one is a hundred times the other."""
    total = sum(counts) or 1
    return [round(1000 * count / total) for count in counts]


def _short(value: float) -> float:
    return round(value) if abs(value) >= 10 else round(value, 2)


def spots(points: Sequence[EventPoint]) -> tuple[list[Spot], str]:
    """The map, and the share at the top of its second axis: sufficiency is small where outcomes are rare."""
    top = drawing.nice_top(max((point.sufficiency for point in points), default=0.0) or 0.01)
    most = max((point.accounts for point in points), default=1)
    named = _named(points, top)
    drawn = [
        Spot(
            name=point.event_type,
            x=drawing.pct(100 * point.necessity),
            y=drawing.pct(100 - 100 * point.sufficiency / top),
            radius=f"{4 + 6 * math.sqrt(point.accounts / most):.1f}",
            words=_("%(name)s: %(need)s of the outcomes did it before, %(then)s of those that did it came to one")
            % {"name": point.event_type, "need": share(point.necessity), "then": share(point.sufficiency)},
            is_named=point.event_type_id in named,
            is_right=point.necessity > 0.6,
            necessity=share(point.necessity),
            sufficiency=share(point.sufficiency),
            accounts=point.accounts,
            before=f"{point.positives_before} / {point.positives}",
            judged=f"{point.judged_positive} / {point.judged}",
        )
        for point in points
    ]
    return drawn, share(top)


def _named(points: Sequence[EventPoint], top: float) -> set[int]:
    """The first ones whose names do not lie upon each other's."""
    shown: list[EventPoint] = []
    for point in points:
        near = any(
            abs(point.sufficiency - other.sufficiency) < 0.06 * top and abs(point.necessity - other.necessity) < 0.25
            for other in shown
        )
        if not near and len(shown) < NAMED:
            shown.append(point)
    return {point.event_type_id for point in shown}


def share(value: float) -> str:
    return f"{100 * value:.1f} %" if value < 0.1 else f"{round(100 * value)} %"
