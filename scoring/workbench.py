"""The left side of the workbench: a draft as inputs and drawings. Values only; no query is left over."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from scoring import distributions, drawing, fields, matrices, recipes, screens, warehouse
from scoring.features import BY_KEY, Feature
from scoring.models import Segment

#: Days that the simulator of a half-life shows.
SIMULATED = 90
LEFT_DAYS = (7, 14, 30, 60, 90)


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
    left: list[tuple[int, str]]
    """days → percent that is left then"""
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
    workspaces: bool
    """whether it is the recipe for workspaces"""
    queues_workspaces: bool
    """whether workspaces stand in the queues"""
    may_score_workspaces: bool
    workspaces_wait: bool
    """whether they are not scored now, since usage lies in a warehouse"""
    range_top: float
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """What is wrong with the whole."""
        return self.wrong.get("", "")


def side(
    spec: Mapping[str, Any],
    *,
    recipe: int,
    snapshot: matrices.Snapshot,
    published: Mapping[str, Any],
    typed: Mapping[str, str] | None = None,
    chosen: Collection[str] | None = None,
    bad: recipes.BadDefinition | None = None,
) -> Side:
    """`typed`: what was posted and could not be saved, with the segments that were `chosen`; it stays in the inputs."""
    start = fields.prefix(recipe)
    shown = fields.recipe_of(spec, recipe)
    components = list(shown["components"])
    total = math.fsum(component["weight"] for component in components) or 1.0
    before = _in_force(published, recipe, list(shown.get("segments", ())))["components"]
    was_total = math.fsum(component["weight"] for component in before) or 1.0
    was = {component["key"]: 100 * component["weight"] / was_total for component in before}
    rows = [
        _row(
            component,
            f"{start}components[{place}]",
            share=100 * component["weight"] / total,
            was=was.get(component["key"]),
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
    own = set(shown.get("segments", ()))
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
            (str(value), str(label), value in (own if chosen is None else chosen))
            for value, label in Segment.choices
            if value in own or value not in taken or value in (chosen or ())
        ],
        free_segments=[(str(value), str(label)) for value, label in Segment.choices if value not in taken],
        workspaces=recipe == fields.WORKSPACES,
        queues_workspaces=bool((spec.get("workspace") or {}).get("in_queue")),
        workspaces_wait=bool(spec.get("workspace")) and warehouse.is_used(),
        may_score_workspaces=not spec.get("workspace") and not warehouse.is_used(),
        range_top=max(40.0, 2 * max((component["weight"] for component in components), default=20.0)),
    )
    if typed:
        result = _with(result, typed)
    if bad is not None:
        result = replace(result, wrong={fields.place_of(bad.field, _places(result)): bad.reason})
    return result


def _in_force(published: Mapping[str, Any], recipe: int, segments: list[str]) -> Mapping[str, Any]:
    """The published recipe that scores these segments (the first of them, where they differ), or workspaces; of no segment: the
    definition's own."""
    if recipe == fields.WORKSPACES:
        return published.get("workspace") or {"components": []}
    variants = published.get("variants", ())
    return next((one for one in variants if segments and segments[0] in one["segments"]), published)


def _tabs(spec: Mapping[str, Any], here: int) -> list[Tab]:
    variants = spec.get("variants", ())
    tabs = [Tab(0, _("Everyone else") if variants else _("All accounts"), here == 0)]
    for number, variant in enumerate(variants, start=1):
        names = ", ".join(str(Segment(name).label) for name in variant["segments"]) or _("no segment")
        tabs.append(Tab(number, names, here == number))
    if spec.get("workspace"):
        tabs.append(Tab(fields.WORKSPACES, _("Workspaces"), here == fields.WORKSPACES))
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
    values = distributions.values_of(snapshot, key)
    low, high = distributions.domain(key, tuple(x for x, _y in points), snapshot.key, values)
    top = max((y for _x, y in points), default=1.0) or 1.0

    def x_of(value: float) -> float:
        return 100 * (value - low) / (high - low)

    def y_of(given: float) -> float:
        return 100 - drawing.ROOM * given / top

    line = corners([(x_of(x), y_of(y)) for x, y in points], kind)
    half_life = component.get("half_life")
    unknown = int(np.isnan(values).sum())
    counts = distributions.counts(key, low, high, snapshot.key, values)
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
        bars=drawing.bars(distributions.labels(low, high, feature), counts),
        low=low,
        high=high,
        top=top,
        first=screens.amount(distributions.short(low), feature),
        last=screens.amount(distributions.short(high), feature),
        unknown=number_format(unknown, use_l10n=True, force_grouping=True) if unknown else "",
        half_life="" if half_life is None else plain(half_life),
        decays=key in recipes.DECAYS,
        decay=decay_line(half_life),
        left=[(day, left_after(day, half_life)) for day in LEFT_DAYS],
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


def left_after(days: int, half_life: float | None) -> str:
    """What is left of a signal, in percent; all of it without a half-life."""
    return f"{round(100 * 0.5 ** (days / half_life)) if half_life and half_life > 0 else 100}"


def decay_line(half_life: float | None) -> str:
    """What is left of a signal over 90 days, in a box of 100 × 100."""
    if not half_life or half_life <= 0:
        return ""
    days = range(0, SIMULATED + 1, 3)
    return " ".join(
        f"{drawing.pct(100 * day / SIMULATED)},{drawing.pct(100 - drawing.ROOM * 0.5 ** (day / half_life))}"
        for day in days
    )


def plain(value: float) -> str:
    """A number for an input: never localised, without needless places."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def _places(shown: Side) -> Iterator[str]:
    """Where the form can show what is wrong."""
    start = shown.start
    yield "name"
    yield from (f"{start}thresholds", f"{start}hysteresis", f"{start}components", f"{start}gates")
    if shown.recipe and not shown.workspaces:
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
