"""What changed from one definition to another, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from scoring import rules
from scoring.features import BY_KEY, Feature
from scoring.models import Segment, Tier
from scoring.recipes import OfWorkspaces
from scoring.screens import amount

#: A curve with more changed breakpoints than this is told as a whole.
FEW = 3


def in_words(old: rules.Spec, new: rules.Spec) -> list[str]:
    """One line for each change, in the order of the page: `Team size: weight 25 → 30`. Empty when both say the same."""
    lines = _of_recipe(old, new)
    before = {frozenset(variant.segments): variant for variant in old.variants}
    after = {frozenset(variant.segments): variant for variant in new.variants}
    for segments, variant in after.items():
        name = _segments(variant.segments)
        if segments in before:
            lines += [f"{name}: {line}" for line in _of_recipe(before[segments], variant)]
        else:
            words = _("%(name)s: a recipe of its own (%(parts)s; PQA from %(pqa)d)")
            parts = ", ".join(component.label for component in variant.components)
            lines.append(words % {"name": name, "parts": parts, "pqa": variant.thresholds.pqa})
    gone = [variant for segments, variant in before.items() if segments not in after]
    lines += [_("%(name)s: no recipe of its own any more") % {"name": _segments(variant.segments)} for variant in gone]
    return lines + _of_workspaces(old.workspace, new.workspace)


def _of_workspaces(old: OfWorkspaces | None, new: OfWorkspaces | None) -> list[str]:
    was, now = old is not None and old.in_queue, new is not None and new.in_queue
    lines = _of_their_recipe(old, new)
    if was != now:
        lines.append(_("Workspaces stand in the queues") if now else _("Workspaces stand in the queues no more"))
    return lines


def _of_their_recipe(old: OfWorkspaces | None, new: OfWorkspaces | None) -> list[str]:
    if new is None:
        return [] if old is None else [_("Workspaces are not scored any more")]
    if old is None:
        words = _("Workspaces are scored too (%(parts)s; PQA from %(pqa)d)")
        parts = ", ".join(component.label for component in new.components)
        return [words % {"parts": parts, "pqa": new.thresholds.pqa}]
    return [_("For workspaces: %(change)s") % {"change": line} for line in _of_recipe(old, new)]


def _of_recipe(old: rules.Recipe, new: rules.Recipe) -> list[str]:
    before = {component.key: component for component in old.components}
    after = {component.key: component for component in new.components}
    lines: list[str] = []
    for key, component in after.items():
        lines += _of_component(before[key], component) if key in before else [_new(component)]
    lines += [_("Removed: %(label)s") % {"label": part.label} for key, part in before.items() if key not in after]
    if [key for key in before if key in after] != [key for key in after if key in before]:
        lines.append(_("Order: %(labels)s") % {"labels": ", ".join(part.label for part in new.components)})
    for name in ("pqa", "activate"):
        was, now = getattr(old.thresholds, name), getattr(new.thresholds, name)
        if was != now:
            words = _("%(tier)s from %(was)d to %(now)d")
            lines.append(words % {"tier": Tier(name).label, "was": was, "now": now})
    if old.hysteresis != new.hysteresis:
        words = _("A tier is left %(was)d → %(now)d points below its threshold")
        lines.append(words % {"was": old.hysteresis, "now": new.hysteresis})
    return lines + _of_gates(old.gates, new.gates)


def _new(component: rules.Component) -> str:
    words = _("New: %(label)s (%(feature)s), weight %(weight)s") % {
        "label": component.label,
        "feature": feature_of(component.feature).label,
        "weight": _number(component.weight),
    }
    return words + (f"; {_fading(component.half_life)}" if component.half_life is not None else "")


def _of_component(old: rules.Component, new: rules.Component) -> list[str]:
    lines: list[str] = []
    if old.label != new.label:
        lines.append(_("is called “%(label)s” now") % {"label": new.label})
    if old.feature != new.feature:
        was, now = feature_of(old.feature).label, feature_of(new.feature).label
        lines.append(_("feature %(was)s → %(now)s") % {"was": was, "now": now})
    if old.weight != new.weight:
        lines.append(_("weight %(was)s → %(now)s") % {"was": _number(old.weight), "now": _number(new.weight)})
    if old.curve != new.curve:
        lines += _of_curve(old.curve, new.curve, feature_of(new.feature))
    if old.half_life != new.half_life:
        if new.half_life is None:
            lines.append(_("does not fade any more"))
        elif old.half_life is None:
            lines.append(_fading(new.half_life))
        else:
            was, now = _number(old.half_life), _number(new.half_life)
            lines.append(_("half-life %(was)s → %(now)s days") % {"was": was, "now": now})
    return [f"{old.label}: {line}" for line in lines]


def _fading(half_life: float) -> str:
    return _("half of it fades in %(n)s days") % {"n": _number(half_life)}


def _of_curve(old: rules.Curve, new: rules.Curve, feature: Feature) -> list[str]:
    """Shares of the most points, because those count; a curve that gives ten times the points is the same curve."""
    lines: list[str] = []
    if old.kind != new.kind:
        lines.append(_("in steps") if new.kind == "step" else _("straight from breakpoint to breakpoint"))
    was, now = (
        {x: round(100 * y / curve.max_points, 1) for x, y in curve.points if curve.max_points} for curve in (old, new)
    )
    if was == now:
        return lines or [_("the same curve in other points")]
    changes = sorted({x for x in {*was, *now} if was.get(x) != now.get(x)})
    if len(changes) > FEW:
        full = [next(x for x, share in curve.items() if share == 100) for curve in (was, now)]
        words = _("another curve, all of it from %(now)s on")
        if full[0] != full[1]:
            words = _("another curve, all of it from %(was)s → %(now)s on")
        return [*lines, words % {"was": amount(full[0], feature), "now": amount(full[1], feature)}]
    moved = [x for x in changes if x in was and x not in now], [x for x in changes if x in now and x not in was]
    if len(moved[0]) == len(moved[1]) == 1 and was[moved[0][0]] == now[moved[1][0]]:
        words = _("%(share)s %% at %(was)s → %(now)s")
        values = {"was": amount(moved[0][0], feature), "now": amount(moved[1][0], feature)}
        lines.append(words % {"share": _number(was[moved[0][0]]), **values})
        changes = [x for x in changes if x not in (moved[0][0], moved[1][0])]
    for x in changes:
        at = amount(x, feature)
        if x not in now:
            lines.append(_("no breakpoint at %(at)s any more") % {"at": at})
        elif x not in was:
            lines.append(_("new breakpoint: %(share)s %% at %(at)s") % {"share": _number(now[x]), "at": at})
        else:
            values = {"at": at, "was": _number(was[x]), "now": _number(now[x])}
            lines.append(_("at %(at)s %(was)s → %(now)s %%") % values)
    return lines


def _of_gates(old: Sequence[rules.Gate], new: Sequence[rules.Gate]) -> list[str]:
    """Gates on the same feature with the same cap are one gate that changed; there is seldom a second."""
    left = list(old)
    lines: list[str] = []
    for gate in new:
        if gate in left:
            left.remove(gate)
            continue
        was = next((one for one in left if (one.feature, one.cap) == (gate.feature, gate.cap) and one not in new), None)
        if was is None:
            lines.append(_("New gate: %(gate)s") % {"gate": gate_in_words(gate)})
            continue
        left.remove(was)
        feature = feature_of(gate.feature)
        if was.minimum != gate.minimum:
            words = _("Gate: %(feature)s below %(was)s → %(now)s: at most %(tier)s")
            values = {"was": amount(was.minimum, feature), "now": amount(gate.minimum, feature)}
            lines.append(words % {"feature": feature.label, "tier": Tier(gate.cap).label, **values})
        else:
            lines.append(_("Gate: the reason is “%(reason)s” now") % {"reason": gate.reason})
    return lines + [_("Gate removed: %(gate)s") % {"gate": gate_in_words(gate)} for gate in left]


def gate_in_words(gate: rules.Gate) -> str:
    """`Active people, 28 days below 3 people: at most Activate`."""
    feature = feature_of(gate.feature)
    return _("%(feature)s below %(value)s: at most %(tier)s") % {
        "feature": feature.label,
        "value": amount(gate.minimum, feature),
        "tier": Tier(gate.cap).label,
    }


def feature_of(key: str) -> Feature:
    """The feature, also one that the catalogue does not know any more."""
    return BY_KEY.get(key) or Feature(key, key, "", "")


def _segments(segments: Sequence[str]) -> str:
    return capfirst(", ".join(str(Segment(segment).label) for segment in segments))


def _number(value: float) -> str:
    """`25.0` → `25`."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else f"{value:g}"
