"""A definition as people read it: sentences, curves, and where the accounts stand. Values only; no query is left over."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db.models import Count
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from scoring import rules
from scoring.features import BY_KEY, Feature
from scoring.models import Score, ScoringRun, Segment, Tier

#: The box of a curve's drawing, and the space in it for the line.
WIDTH, HEIGHT = 240.0, 96.0
LEFT, RIGHT, TOP, BOTTOM = 8.0, 232.0, 8.0, 72.0
BINS = 20
#: Units that come in whole numbers only.
COUNTED = frozenset({"people", "events", "event types", "kinds", "levels"})
SINGULAR = {
    "days": "day",
    "people": "person",
    "events": "event",
    "event types": "event type",
    "kinds": "kind",
    "levels": "level",
}


@dataclass(frozen=True)
class Breakpoint:
    """One line of a curve's table. `score` is what the component then adds to the score."""

    value: str
    points: str
    share: str
    score: str
    x: str
    y: str


@dataclass(frozen=True)
class Part:
    """One component, in words and as a drawing."""

    key: str
    label: str
    feature: str
    meaning: str
    unit: str
    sentence: str
    weight: str
    """share of the whole: "25 %" """
    share: float
    """the same, 0 to 100"""
    line: str
    """points of the curve in a box of 240 × 96"""
    area: str
    kind: str
    breakpoints: list[Breakpoint]
    first: str
    last: str


@dataclass(frozen=True)
class Rung:
    """One tier on the ladder of scores, of 1000 units in width."""

    tier: str
    label: str
    words: str
    stay: str
    x: str
    width: str
    accounts: int


@dataclass(frozen=True)
class GateLine:
    """A gate as a sentence."""

    words: str
    reason: str


@dataclass(frozen=True)
class Bin:
    """One bar of the histogram, in a box of 400 × 100."""

    label: str
    accounts: int
    tier: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Reading:
    """The whole definition."""

    parts: list[Part]
    rungs: list[Rung]
    gates: list[GateLine]
    hysteresis: int
    hysteresis_words: str


@dataclass(frozen=True)
class Standing:
    """Where the accounts stand now. `finding` says it in a sentence; `top` is the tallest bar."""

    finding: str
    bins: list[Bin]
    top: int
    scored: int
    without: int
    by_tier: dict[str, int]


@dataclass(frozen=True)
class VariantReading:
    """The recipe of some segments, or of workspaces. `carries`: component → points of 100 over their accounts, if known."""

    name: str
    words: str
    reading: Reading
    pqa: int
    activate: int
    carries: dict[str, int]


def variants(spec: rules.Spec, carries: list[dict[str, int]]) -> list[VariantReading]:
    """The recipes beside the definition's own. `carries`: by place in `Spec.recipes`; empty when it is not known."""
    found = []
    for place, variant in enumerate(spec.variants, 1):
        names = ", ".join(str(Segment(name).label) for name in variant.segments)
        words = _("Accounts of this segment are scored by this recipe instead.")
        found.append(_variant(names, words, variant, carries[place] if carries else {}))
    if spec.workspace is not None:
        found.append(_variant(_("Workspaces"), _("Each workspace gets a score of its own."), spec.workspace, {}))
    return found


def _variant(name: str, words: str, recipe: rules.Recipe, carries: dict[str, int]) -> VariantReading:
    thresholds = recipe.thresholds
    return VariantReading(name, words, read(recipe, {}), thresholds.pqa, thresholds.activate, carries)


def read(spec: rules.Recipe, by_tier: dict[str, int]) -> Reading:
    """`by_tier`: accounts now, by tier; empty when the definition is not the one in force."""
    total = math.fsum(component.weight for component in spec.components)
    pqa, activate = spec.thresholds.pqa, spec.thresholds.activate
    down = spec.hysteresis
    rungs = [
        _rung("self_serve", 0, activate, _("below %(n)d") % {"n": activate}, "", by_tier),
        _rung(
            "activate",
            activate,
            pqa,
            _("from %(n)d") % {"n": activate},
            _("leaves below %(n)d") % {"n": max(activate - down, 1)} if down else "",
            by_tier,
        ),
        _rung(
            "pqa",
            pqa,
            100,
            _("from %(n)d") % {"n": pqa},
            _("leaves below %(n)d") % {"n": max(pqa - down, 1)} if down else "",
            by_tier,
        ),
    ]
    return Reading(
        parts=[_part(component, total) for component in spec.components],
        rungs=rungs,
        gates=[_gate(gate) for gate in spec.gates],
        hysteresis=down,
        hysteresis_words=_(
            "An account enters a tier at its threshold and leaves it %(n)d points lower, so that it does not flap from "
            "day to day."
        )
        % {"n": down}
        if down
        else _("An account leaves a tier as soon as its score is below the threshold."),
    )


def standing(spec: rules.Spec) -> Standing:
    """Where the accounts stand now. One query."""
    counts = [0] * BINS
    tiers = dict.fromkeys(Tier.values, 0)
    scored = without = 0
    for score, tier, accounts in Score.objects.values_list("score", "tier").annotate(n=Count("pk")).order_by():
        tiers[tier] += accounts
        if score is None:
            without += accounts
            continue
        scored += accounts
        counts[min((score - 1) * BINS // 100, BINS - 1)] += accounts
    top = max(counts)
    width = 400 / BINS
    bins = []
    for place, accounts in enumerate(counts):
        low, high = place * 100 // BINS + 1, (place + 1) * 100 // BINS
        # The root keeps a handful of accounts visible beside thousands; the table has the numbers.
        height = 92 * math.sqrt(accounts / top) if top else 0.0
        height = max(height, 2.0) if accounts else 0.0
        tier = "pqa" if high > spec.thresholds.pqa else "activate" if high > spec.thresholds.activate else "self_serve"
        bins.append(
            Bin(f"{low}–{high}", accounts, tier, _n(place * width + 1), _n(100 - height), _n(width - 2), _n(height))
        )
    if scored:
        finding = _("%(pqa)s of %(all)s accounts with a score are PQAs, %(activate)s are close") % {
            "pqa": number_format(tiers["pqa"], use_l10n=True, force_grouping=True),
            "all": number_format(scored, use_l10n=True, force_grouping=True),
            "activate": number_format(tiers["activate"], use_l10n=True, force_grouping=True),
        }
    else:
        finding = _("No account has a score yet")
    return Standing(finding, bins, top, scored, without, tiers)


def _part(component: rules.Component, total: float) -> Part:
    feature = BY_KEY.get(component.feature) or Feature(component.feature, component.feature, "", "")
    share = 100 * component.weight / total
    curve = component.curve
    xs = [x for x, _y in curve.points]
    low, high = min(xs), max(xs)
    span = (high - low) or 1.0

    def at_x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low) / span

    def at_y(points: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * points / curve.max_points

    breakpoints = [
        Breakpoint(
            value=amount(value, feature),
            points=_plain(points),
            share=f"{round(100 * points / curve.max_points)} %",
            score=_plain(round(share * points / curve.max_points, 1)),
            x=_n(at_x(value)),
            y=_n(at_y(points)),
        )
        for value, points in curve.points
    ]
    corners: list[tuple[float, float]] = []
    for value, points in curve.points:
        if curve.kind == "step" and corners:
            corners.append((at_x(value), corners[-1][1]))
        corners.append((at_x(value), at_y(points)))
    # Flat outside of the breakpoints, as `Curve.at` has it; a step gives nothing below its first.
    start = at_y(0) if curve.kind == "step" else corners[0][1]
    corners = [(0.0, start), *([(corners[0][0], start)] if curve.kind == "step" else []), *corners]
    corners.append((WIDTH, corners[-1][1]))
    line = " ".join(f"{_n(x)},{_n(y)}" for x, y in corners)
    return Part(
        key=component.key,
        label=component.label,
        feature=feature.label,
        meaning=feature.meaning,
        unit=feature.unit,
        sentence=_sentence(component, feature),
        weight=f"{_plain(round(share, 1))} %",
        share=share,
        line=line,
        area=f"0,{_n(BOTTOM)} {line} {_n(WIDTH)},{_n(BOTTOM)}",
        kind=_("in steps") if curve.kind == "step" else _("straight between the breakpoints"),
        breakpoints=breakpoints,
        first=breakpoints[0].value,
        last=breakpoints[-1].value,
    )


def _sentence(component: rules.Component, feature: Feature) -> str:
    curve = component.curve
    full = next(value for value, points in curve.points if points == curve.max_points)
    words = _("All of it from %(value)s on") % {"value": amount(full, feature)}
    first_value, first_points = curve.points[0]
    if first_points == 0:
        none = _("nothing at %(value)s") if first_value == 0 else _("nothing up to %(value)s")
        words += "; " + none % {"value": amount(first_value, feature)}
    half = _reaches(curve, curve.max_points / 2)
    if half is not None and half != full:
        if feature.unit in COUNTED:
            half = math.ceil(half)
        words += "; " + _("half from %(value)s") % {"value": amount(half, feature)}
    if curve.points[-1][1] < curve.max_points:
        words += "; " + _("less again above")
    if component.half_life is not None:
        words += "; " + _("fades by half every %(n)s days") % {"n": _plain(component.half_life)}
    return words + "."


def _reaches(curve: rules.Curve, points: float) -> float | None:
    """The lowest value that gives so many points, to one place."""
    for (x0, y0), (x1, y1) in zip(curve.points, curve.points[1:], strict=False):
        if curve.kind == "step":
            if y1 >= points:
                return x1
        elif y0 <= points <= y1 and y1 > y0:
            return round(x0 + (x1 - x0) * (points - y0) / (y1 - y0), 2 if abs(x1 - x0) <= 1 else 1)
    return None


def _rung(tier: str, low: int, high: int, words: str, stay: str, by_tier: dict[str, int]) -> Rung:
    return Rung(
        tier=tier,
        label=str(Tier(tier).label),
        words=words,
        stay=stay,
        x=_n(low * 10.0),
        width=_n((high - low) * 10.0),
        accounts=by_tier.get(tier, 0),
    )


def _gate(gate: rules.Gate) -> GateLine:
    feature = BY_KEY.get(gate.feature) or Feature(gate.feature, gate.feature, "", "")
    words = _("%(feature)s below %(value)s: at most %(tier)s, whatever the score") % {
        "feature": feature.label,
        "value": amount(gate.minimum, feature),
        "tier": Tier(gate.cap).label,
    }
    return GateLine(words, gate.reason)


def amount(value: float, feature: Feature) -> str:
    """A value with its unit: `5 days`, `+50 %`."""
    if feature.unit == "share":
        percent = round(value * 100)
        if feature.key.endswith("growth"):
            return f"+{percent} %" if percent > 0 else f"−{-percent} %" if percent < 0 else "±0 %"
        return f"{percent} %"
    unit = SINGULAR.get(feature.unit, feature.unit) if value == 1 else feature.unit
    return f"{_plain(value)} {unit}".strip()


def took(run: ScoringRun) -> str:
    """How long a run took: `840 ms`, `12.4 s`; "–" while it runs."""
    if run.duration_ms is None:
        return "–"
    if run.duration_ms < 1000:
        return f"{run.duration_ms} ms"
    return f"{_plain(round(run.duration_ms / 1000, 1))} s"


def _plain(value: float) -> str:
    """A number without needless places: `5`, `2.5`."""
    text = number_format(value if value % 1 else int(value), use_l10n=True, force_grouping=True)
    return str(text).replace("-", "−")


def _n(value: float) -> str:
    """A coordinate. Never localised: SVG knows only the point."""
    return f"{value:.1f}"
