"""The left side of the workbench: a draft as inputs and drawings. Values only; no query is left over."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from scoring import drawing, fields, matrices, recipes, screens
from scoring.features import BY_KEY, CATALOGUE, Feature
from scoring.models import Segment

#: Days that the simulator of a half-life shows.
SIMULATED = 90
BINS = 24


@dataclass(frozen=True)
class Point:
    """A breakpoint: its inputs (name and value) and where its handle is, in percent."""

    path: str
    x: str
    y: str
    at_x: str
    at_y: str


@dataclass(frozen=True)
class Row:
    """A component with its inputs. `path` is `components[2]`, in a variant `variants[0].components[2]`."""

    path: str
    anchor: str
    key: str
    label: str
    feature: Feature
    weight: str
    share: str
    share_published: str
    kind: str
    points: list[Point]
    line: str
    area: str
    bars: list[drawing.Bar]
    low: float
    high: float
    top: float
    first: str
    last: str
    unknown: str
    half_life: str
    decays: bool
    decay: str
    is_first: bool
    is_last: bool


@dataclass(frozen=True)
class GateRow:
    path: str
    feature: str
    minimum: str
    cap: str
    reason: str


@dataclass(frozen=True)
class Tab:
    """A recipe of the definition: everyone else, or some segments."""

    number: int
    label: str
    is_here: bool


@dataclass(frozen=True)
class Side:
    """What the form shows of one recipe. `wrong`: path of a place in the form → what is wrong there."""

    recipe: int
    start: str
    tabs: list[Tab]
    rows: list[Row]
    gates: list[GateRow]
    pqa: str
    activate: str
    hysteresis: str
    segments: list[tuple[str, str, bool]]
    free_segments: list[tuple[str, str]]
    range_top: float
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """What is wrong with the whole."""
        return self.wrong.get("", "")


@dataclass(frozen=True)
class Line:
    """A feature of the catalogue with the distribution over all accounts."""

    feature: Feature
    bars: list[drawing.Bar]
    low: str
    high: str
    known: str
    used: bool


def side(
    spec: Mapping[str, Any],
    *,
    recipe: int,
    snapshot: matrices.Snapshot,
    published: Mapping[str, Any],
    typed: Mapping[str, str] | None = None,
    bad: recipes.BadDefinition | None = None,
) -> Side:
    """`typed`: what was posted and could not be saved; it stays in the inputs."""
    start = fields.prefix(recipe)
    shown = fields.recipe_of(spec, recipe)
    components = list(shown["components"])
    total = math.fsum(component["weight"] for component in components) or 1.0
    was_total = math.fsum(component["weight"] for component in published["components"]) or 1.0
    was = {component["key"]: 100 * component["weight"] / was_total for component in published["components"]}
    rows = [
        _row(
            component,
            f"{start}components[{place}]",
            share=100 * component["weight"] / total,
            was=was.get(component["key"]) if recipe == 0 else None,
            snapshot=snapshot,
            ends=(place == 0, place == len(components) - 1),
        )
        for place, component in enumerate(components)
    ]
    gates = [
        GateRow(f"{start}gates[{place}]", gate["feature"], plain(gate["minimum"]), gate["cap"], gate["reason"])
        for place, gate in enumerate(shown.get("gates", ()))
    ]
    thresholds = {"pqa": 80, "activate": 60} | dict(shown.get("thresholds", {}))
    taken = {name for variant in spec.get("variants", ()) for name in variant["segments"]}
    own = set(shown["segments"]) if recipe else set()
    result = Side(
        recipe=recipe,
        start=start,
        tabs=_tabs(spec, recipe),
        rows=rows,
        gates=gates,
        pqa=str(thresholds["pqa"]),
        activate=str(thresholds["activate"]),
        hysteresis=str(shown.get("hysteresis", 5)),
        segments=[
            (str(value), str(label), value in own)
            for value, label in Segment.choices
            if value in own or value not in taken
        ],
        free_segments=[(str(value), str(label)) for value, label in Segment.choices if value not in taken],
        range_top=max(40.0, 2 * max((component["weight"] for component in components), default=20.0)),
    )
    if typed:
        result = _with(result, typed)
    if bad is not None:
        result = replace(result, wrong={fields.place_of(bad.field, _places(result)): bad.reason})
    return result


def _tabs(spec: Mapping[str, Any], here: int) -> list[Tab]:
    variants = spec.get("variants", ())
    tabs = [Tab(0, _("Everyone else") if variants else _("All accounts"), here == 0)]
    for number, variant in enumerate(variants, start=1):
        names = ", ".join(str(Segment(name).label) for name in variant["segments"]) or _("no segment")
        tabs.append(Tab(number, names, here == number))
    return tabs


def _row(
    component: Mapping[str, Any],
    path: str,
    *,
    share: float,
    was: float | None,
    snapshot: matrices.Snapshot,
    ends: tuple[bool, bool],
) -> Row:
    key = component["feature"]
    feature = BY_KEY.get(key) or Feature(key, key, "", "")
    curve = component["curve"]
    points = [(float(x), float(y)) for x, y in curve["points"]]
    kind = curve.get("kind", "linear")
    values = snapshot.features.get(key, np.array([]))
    low, high = _domain(key, tuple(x for x, _y in points), snapshot.key, values)
    top = max((y for _x, y in points), default=1.0) or 1.0

    def x_of(value: float) -> float:
        return 100 * (value - low) / (high - low)

    def y_of(given: float) -> float:
        return 100 - drawing.ROOM * given / top

    line = corners([(x_of(x), y_of(y)) for x, y in points], kind)
    half_life = component.get("half_life")
    unknown = int(np.isnan(values).sum())
    counts = _counts(key, low, high, snapshot.key, values)
    return Row(
        path=path,
        anchor="part-" + component["key"],
        key=component["key"],
        label=component["label"],
        feature=feature,
        weight=plain(component["weight"]),
        share=plain(round(share, 1)),
        share_published="" if was is None else plain(round(was, 1)),
        kind=kind,
        points=[
            Point(f"{path}.curve.points[{place}]", plain(x), plain(y), drawing.pct(x_of(x)), drawing.pct(y_of(y)))
            for place, (x, y) in enumerate(points)
        ],
        line=line,
        area=f"0,100 {line} 100,100",
        bars=drawing.bars(_labels(low, high, feature), counts),
        low=low,
        high=high,
        top=top,
        first=screens.amount(_short(low), feature),
        last=screens.amount(_short(high), feature),
        unknown=number_format(unknown, use_l10n=True, force_grouping=True) if unknown else "",
        half_life="" if half_life is None else plain(half_life),
        decays=key in recipes.DECAYS,
        decay=decay_line(half_life),
        is_first=ends[0],
        is_last=ends[1],
    )


def corners(points: list[tuple[float, float]], kind: str) -> str:
    """The line of a curve in a box of 100 × 100: flat outside of the breakpoints; a step gives nothing below its first."""
    if not points:
        return ""
    drawn = [(0.0, 100.0 if kind == "step" else points[0][1])]
    for x, y in points:
        if kind == "step":
            drawn.append((x, drawn[-1][1]))
        drawn.append((x, y))
    drawn.append((100.0, drawn[-1][1]))
    return " ".join(f"{drawing.pct(x)},{drawing.pct(y)}" for x, y in drawn)


def decay_line(half_life: float | None) -> str:
    """What is left of a signal over 90 days, in a box of 100 × 100."""
    if not half_life or half_life <= 0:
        return ""
    days = range(0, SIMULATED + 1, 3)
    return " ".join(
        f"{drawing.pct(100 * day / SIMULATED)},{drawing.pct(100 - drawing.ROOM * 0.5 ** (day / half_life))}"
        for day in days
    )


def _domain(key: str, xs: tuple[float, ...], snapshot: str, values: np.ndarray) -> tuple[float, float]:
    """What the drawing of a curve spans: the breakpoints, and nearly all accounts."""
    most_low, most_high = _middle(key, snapshot, values)
    low = min([*xs, most_low])
    high = max([*xs, min(most_high, 3 * max([*xs, 1.0]))])
    span = (high - low) or 1.0
    return low - (0.04 * span if low else 0.0), high + 0.04 * span


def _short(value: float) -> float:
    """Ends of axes in few digits."""
    return round(value) if abs(value) >= 3 else round(value, 2)


def _labels(low: float, high: float, feature: Feature) -> list[str]:
    wide = (high - low) / BINS
    return [screens.amount(_short(low + place * wide), feature) for place in range(BINS)]


class _Values:
    """An array as the last part of a key: it is known by the other parts."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Values) and len(self.array) == len(other.array)

    def __hash__(self) -> int:
        return len(self.array)


def _middle(key: str, snapshot: str, values: np.ndarray) -> tuple[float, float]:
    return _middle_kept(key, snapshot, _Values(values))


@lru_cache(maxsize=256)
def _middle_kept(key: str, snapshot: str, values: _Values) -> tuple[float, float]:
    known = values.array[np.isfinite(values.array)]
    if not len(known):
        return 0.0, 1.0
    low, high = np.percentile(known, [1, 98])
    return float(low), float(high)


def _counts(key: str, low: float, high: float, snapshot: str, values: np.ndarray) -> list[int]:
    return _counts_kept(key, low, high, snapshot, _Values(values))


# A million accounts take 10 ms a feature, and a page has a dozen of them.
@lru_cache(maxsize=512)
def _counts_kept(key: str, low: float, high: float, snapshot: str, values: _Values) -> list[int]:
    return drawing.histogram(values.array, low, high, bins=BINS)


def catalogue(snapshot: matrices.Snapshot, used: set[str]) -> list[Line]:
    """Every feature with its distribution over all accounts."""
    lines = []
    for feature in CATALOGUE:
        values = snapshot.features.get(feature.key, np.array([]))
        low, high = _middle(feature.key, snapshot.key, values)
        high = high if high > low else low + 1
        counts = _counts(feature.key, low, high, snapshot.key, values)
        known = int(np.isfinite(values).sum())
        lines.append(
            Line(
                feature,
                drawing.bars(_labels(low, high, feature), counts),
                screens.amount(_short(low), feature),
                screens.amount(_short(high), feature),
                number_format(known, use_l10n=True, force_grouping=True),
                feature.key in used,
            )
        )
    return lines


def first_curve(snapshot: matrices.Snapshot, key: str) -> list[list[float]]:
    """A curve to begin with: from nothing at the middle account to all of it where a tenth of the accounts are."""
    values = snapshot.features.get(key, np.array([]))
    known = values[np.isfinite(values)]
    low, high = (float(part) for part in np.percentile(known, [50, 90])) if len(known) else (0.0, 1.0)
    low, high = round(low, 2), round(high, 2)
    return [[low, 0], [high if high > low else low + 1, 10]]


def plain(value: float) -> str:
    """A number for an input: never localised, without needless places."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def _places(shown: Side) -> Iterator[str]:
    """Where the form can show what is wrong."""
    start = shown.start
    yield "name"
    yield from (f"{start}thresholds", f"{start}hysteresis", f"{start}components", f"{start}gates")
    if shown.recipe:
        yield f"{start}segments"
    for row in shown.rows:
        yield from (row.path, f"{row.path}.weight", f"{row.path}.curve", f"{row.path}.half_life")
    for gate in shown.gates:
        yield gate.path


def _with(shown: Side, typed: Mapping[str, str]) -> Side:
    """The same with what was typed."""
    rows = []
    for row in shown.rows:
        points = [
            replace(point, x=typed.get(f"{point.path}[0]", point.x), y=typed.get(f"{point.path}[1]", point.y))
            for point in row.points
        ]
        rows.append(
            replace(
                row,
                label=typed.get(f"{row.path}.label", row.label),
                weight=typed.get(f"{row.path}.weight", row.weight),
                kind=typed.get(f"{row.path}.curve.kind", row.kind),
                half_life=typed.get(f"{row.path}.half_life", row.half_life),
                points=points,
            )
        )
    gates = [
        replace(
            gate,
            feature=typed.get(f"{gate.path}.feature", gate.feature),
            minimum=typed.get(f"{gate.path}.minimum", gate.minimum),
            cap=typed.get(f"{gate.path}.cap", gate.cap),
            reason=typed.get(f"{gate.path}.reason", gate.reason),
        )
        for gate in shown.gates
    ]
    return replace(
        shown,
        rows=rows,
        gates=gates,
        pqa=typed.get(f"{shown.start}thresholds.pqa", shown.pqa),
        activate=typed.get(f"{shown.start}thresholds.activate", shown.activate),
        hysteresis=typed.get(f"{shown.start}hysteresis", shown.hysteresis),
    )
