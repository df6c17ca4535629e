"""What a definition says: components with curves, thresholds, gates, and what is wrong with one. Pure values.

A spec is a recipe for every account, or for those whose segment has no variant: a variant is a whole recipe of its own. It may
hold one more, for the workspaces that accounts have.
`scoring.rules` scores by it.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np

#: In the order of `scoring.models.Segment`; arrays of segments are places in it.
SEGMENTS = ("smb", "mid_market", "enterprise", "unknown")
#: Features whose points can fade → the feature that says how many days ago the last of it was.
DECAYS = {
    "intent_28": "days_since_intent",
    "admin_28": "days_since_admin",
    "invites_28": "days_since_invite",
    "behaviours_28": "days_since_behaviour",
}
#: What a definition can be at most: every account is scored by it at once.
MOST_COMPONENTS, MOST_GATES, MOST_BREAKPOINTS, MOST_TEXT = 30, 20, 50, 1_000
MOST_WEIGHT, MOST_POINTS, MOST_VALUE, MOST_DAYS = 1e6, 1e6, 1e12, 3650.0
#: Breakpoints that lie closer make a line so steep that its points are no numbers any more.
LEAST_STEP = 1e-6


def _(msgid: str) -> str:
    """Marks words for translators. They are translated where people read them (`scoring.definitions.parsed`)."""
    return msgid


class BadDefinition(ValueError):
    """A definition that cannot be used. `field` is the path of the bad value, such as `components[2].curve`.

    `reason` says what is wrong, as part of a sentence: `message`, which can be translated, with its parameters.
    """

    def __init__(self, field: str, message: str, **params: object) -> None:
        self.field, self.message, self.params = field, message, params
        self.reason = message % params if params else message
        super().__init__(f"{field}: {self.reason}")

    def translated(self, gettext: Callable[[str], str], **params: object) -> BadDefinition:
        """The same in the words of a language, with these parameters in the place of its own."""
        return BadDefinition(self.field, gettext(self.message), **self.params | params)


def by_table(of: Callable[[np.ndarray], np.ndarray], values: np.ndarray) -> np.ndarray:
    """`of` whole numbers, worked out once for each that can occur; one by one when they lie far apart."""
    if not len(values):
        return of(values.astype(np.float64))
    low, high = int(values.min()), int(values.max())
    if high - low >= max(len(values), 1_000):
        return of(values.astype(np.float64))
    table = of(np.arange(low, high + 1, dtype=np.float64))
    return table[values if low == 0 else values.astype(np.int64) - low]


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points by value: breakpoints `[value, points]` in rising order of value.

    `linear` goes straight between breakpoints and is flat outside of them; `step` holds a breakpoint's points until the
    next one and gives none below the first. An unknown value gives no points.
    """

    points: tuple[tuple[float, float], ...]
    kind: Literal["linear", "step"] = "linear"

    def at(self, values: np.ndarray) -> np.ndarray:
        """Points for each value; same shape."""
        if values.dtype.kind in "iu":
            return by_table(self.at, values)
        xs = np.array([x for x, _ in self.points])
        ys = np.array([y for _, y in self.points])
        if self.kind == "linear":
            result = np.interp(values, xs, ys)
        else:
            place = np.searchsorted(xs, values, side="right")
            result = np.concatenate([[0.0], ys])[place]
        return np.where(np.isnan(values), 0.0, result)

    def points_at(self, value: float) -> float:
        """`at` for one value, without the cost of arrays."""
        if math.isnan(value):
            return 0.0
        place = bisect.bisect_right(self.points, value, key=lambda point: point[0]) - 1
        if place < 0:
            return self.points[0][1] if self.kind == "linear" else 0.0
        x0, y0 = self.points[place]
        if self.kind == "step" or place + 1 == len(self.points):
            return y0
        x1, y1 = self.points[place + 1]
        return (y1 - y0) / (x1 - x0) * (value - x0) + y0

    @property
    def max_points(self) -> float:
        return max(y for _, y in self.points)


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One part of the score: a feature, its curve and its weight; with a `half_life` (days), points that fade."""

    key: str
    label: str
    feature: str
    curve: Curve
    weight: float
    half_life: float | None = None

    @property
    def age(self) -> str | None:
        """The feature that says how old the component's is, in days; none when its points do not fade."""
        return None if self.half_life is None else DECAYS[self.feature]

    def points(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        """Points for each account, float n. Of an unknown age: none."""
        points = self.curve.at(np.asarray(features[self.feature]))
        if self.age is None:
            return points
        age = np.asarray(features[self.age], dtype=np.float64)
        return np.where(np.isnan(age), 0.0, points * 0.5 ** (np.maximum(age, 0.0) / self.half_life))

    def points_at(self, value: float, age: float = math.nan) -> float:
        """`points` for one account."""
        points = self.curve.points_at(value)
        if self.half_life is None:
            return points
        return 0.0 if math.isnan(age) else points * 0.5 ** (max(age, 0.0) / self.half_life)


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Caps the tier (never the score) while `feature` is below `minimum`; an unknown value does not pass."""

    feature: str
    minimum: float
    cap: Literal["self_serve", "activate"]
    reason: str


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pqa: int = 80
    activate: int = 60


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that makes a score and a tier of features."""

    components: tuple[Component, ...]
    thresholds: Thresholds = Thresholds()
    hysteresis: int = 5
    gates: tuple[Gate, ...] = ()

    @property
    def features(self) -> set[str]:
        """The features that it looks at."""
        ages = {component.age for component in self.components if component.age}
        return ages | {component.feature for component in self.components} | {gate.feature for gate in self.gates}


class Variant(Recipe, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The recipe of some segments, in place of the definition's own."""

    segments: tuple[str, ...]


class OfWorkspaces(Recipe, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The recipe of workspaces. `in_queue`: those that qualify stand in the queues, in place of their account."""

    in_queue: bool = False


class Spec(Recipe, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A definition: what is stored in `Definition.spec`."""

    variants: tuple[Variant, ...] = ()
    workspace: OfWorkspaces | None = None

    @property
    def queues_workspaces(self) -> bool:
        return self.workspace is not None and self.workspace.in_queue

    @property
    def for_workspaces(self) -> Spec | None:
        """The recipe for workspaces as a definition of its own: what scores accounts then scores workspaces by it."""
        one = self.workspace
        if one is None:
            return None
        return Spec(components=one.components, thresholds=one.thresholds, hysteresis=one.hysteresis, gates=one.gates)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """What `Evaluated.recipe` is a place in: the definition's own, then its variants."""
        return (self, *self.variants)

    @property
    def width(self) -> int:
        """Components of the widest recipe."""
        return max(len(recipe.components) for recipe in self.recipes)

    def place(self, segment: str) -> int:
        """The place in `recipes` of the one that scores this segment."""
        return next((n for n, variant in enumerate(self.variants, 1) if segment in variant.segments), 0)

    def recipe(self, segment: str) -> Recipe:
        """The recipe that scores this segment."""
        return self.recipes[self.place(segment)]

    def recipe_of(self, segment: np.ndarray) -> np.ndarray:
        """`place` for places in `SEGMENTS`; int8 n. Of a place that is none: 0."""
        by_segment = np.array([*(self.place(name) for name in SEGMENTS), 0], dtype=np.int8)
        return by_segment[np.where((segment < 0) | (segment >= len(SEGMENTS)), len(SEGMENTS), segment)]

    def as_json(self) -> dict[str, Any]:
        """What is stored, and what `parse` reads; without variants, half-lives and workspaces where there are none, and without
        their place in the queues unless they have it."""
        told = msgspec.json.decode(msgspec.json.encode(self))
        if told["workspace"] and not told["workspace"]["in_queue"]:
            del told["workspace"]["in_queue"]
        return {name: value for name, value in told.items() if value or name not in ("variants", "workspace")}


def parse(spec: Any, *, features: Mapping[str, Any] | None = None, strict: bool = False) -> Spec:
    """The checked definition. Raises `BadDefinition` naming the field; unknown features only when `features` is given.

    A text that is a number counts as one, unless `strict`.
    """
    try:
        parsed = msgspec.convert(spec, Spec, strict=strict)
    except msgspec.ValidationError as error:
        message, _at, path = str(error).partition(" - at `$")
        raise _in_words(path.rstrip("`").lstrip(".") or "spec", message) from None
    except (OverflowError, RecursionError):
        raise BadDefinition("spec", _("it is too large, or too deep, to be read")) from None
    _check_recipe(parsed, "", features)
    taken: set[str] = set()
    for place, variant in enumerate(parsed.variants):
        at = f"variants[{place}]."
        if not variant.segments:
            raise BadDefinition(f"{at}segments", _("it needs at least one segment"))
        for segment in variant.segments:
            if segment not in SEGMENTS:
                raise BadDefinition(f"{at}segments", _("there is no segment “%(name)s”"), name=segment[:40])
            if segment in taken:
                raise BadDefinition(f"{at}segments", _("the segment “%(name)s” has a recipe already"), name=segment)
            taken.add(segment)
        _check_recipe(variant, at, features)
    if parsed.workspace is not None:
        _check_recipe(parsed.workspace, "workspace.", features)
    return parsed


#: What the parser says → what people read.
_SAID = (
    (re.compile(r"Expected `int(?: \| null)?`"), _("a whole number is needed here")),
    (re.compile(r"Expected `(?:float|int \| float)(?: \| null)?`"), _("a number is needed here")),
    (re.compile(r"Expected `str`"), _("a text is needed here")),
    (re.compile(r"Expected `array` of length 2"), _("a breakpoint is two numbers: a value and its points")),
    (re.compile(r"Expected `array`"), _("a list is needed here")),
    (re.compile(r"Expected `object"), _("an object with named fields is needed here")),
    (re.compile(r"Object missing required field `(?P<name>[^`]*)`"), _("“%(name)s” is missing")),
    (re.compile(r"Object contains unknown field `(?P<name>[^`]*)`"), _("there is no field “%(name)s”")),
    (re.compile(r"Invalid enum value '(?P<name>.*)'", re.DOTALL), _("“%(name)s” is not one of the choices")),
    (re.compile(r"(?:Integer|Number).*out of range"), _("the number is too large")),
)


def _in_words(field: str, said: str) -> BadDefinition:
    for pattern, message in _SAID:
        if found := pattern.match(said):
            return BadDefinition(field, message, **{key: text[:40] for key, text in found.groupdict().items()})
    return BadDefinition(field, said)


def _check_recipe(recipe: Recipe, at: str, features: Mapping[str, Any] | None) -> None:
    if not recipe.components:
        raise BadDefinition(f"{at}components", _("a score needs at least one component"))
    if len(recipe.components) > MOST_COMPONENTS:
        raise BadDefinition(f"{at}components", _("there can be at most %(n)d components"), n=MOST_COMPONENTS)
    keys: set[str] = set()
    for place, component in enumerate(recipe.components):
        here = f"{at}components[{place}]"
        if component.key in keys:
            raise BadDefinition(f"{here}.key", _("the key “%(name)s” is used twice"), name=component.key[:40])
        keys.add(component.key)
        _check_component(component, here, features)
    if sum(component.weight for component in recipe.components) <= 0:
        raise BadDefinition(f"{at}components", _("at least one component needs a weight above 0"))
    if not 1 <= recipe.thresholds.activate < recipe.thresholds.pqa <= 100:
        raise BadDefinition(
            f"{at}thresholds", _("the PQA threshold must be above the activate threshold; both lie between 1 and 100")
        )
    if not 0 <= recipe.hysteresis <= 50:
        raise BadDefinition(f"{at}hysteresis", _("the points that keep a tier lie between 0 and 50"))
    if len(recipe.gates) > MOST_GATES:
        raise BadDefinition(f"{at}gates", _("there can be at most %(n)d gates"), n=MOST_GATES)
    for place, gate in enumerate(recipe.gates):
        here = f"{at}gates[{place}]"
        if features is not None and gate.feature not in features:
            raise BadDefinition(f"{here}.feature", _("there is no feature “%(feature)s”"), feature=gate.feature[:40])
        if not math.isfinite(gate.minimum) or abs(gate.minimum) > MOST_VALUE:
            raise BadDefinition(f"{here}.minimum", _("a minimum is a number"))
        _check_text(gate.reason, f"{here}.reason")


def _check_component(component: Component, at: str, features: Mapping[str, Any] | None) -> None:
    if not component.key:
        raise BadDefinition(f"{at}.key", _("it is empty"))
    _check_text(component.key, f"{at}.key")
    _check_text(component.label, f"{at}.label")
    if features is not None and component.feature not in features:
        raise BadDefinition(f"{at}.feature", _("there is no feature “%(feature)s”"), feature=component.feature[:40])
    if not 0 <= component.weight <= MOST_WEIGHT:
        raise BadDefinition(f"{at}.weight", _("a weight is a number from 0 to 1 million"))
    _check_curve(component.curve, f"{at}.curve")
    if component.half_life is None:
        return
    if not 0 < component.half_life <= MOST_DAYS:
        raise BadDefinition(f"{at}.half_life", _("a half-life is a number of days above 0, at most ten years"))
    age = DECAYS.get(component.feature)
    if age is None or (features is not None and age not in features):
        raise BadDefinition(
            f"{at}.half_life",
            _("points of “%(feature)s” do not fade: leave the half-life empty"),
            feature=component.feature[:40],
        )


def _check_text(text: str, at: str) -> None:
    if len(text) > MOST_TEXT:
        raise BadDefinition(at, _("at most %(n)d characters"), n=MOST_TEXT)
    if any(character < " " or "\ud800" <= character <= "\udfff" for character in text):
        raise BadDefinition(at, _("holds a character that cannot be shown"))


def _check_curve(curve: Curve, at: str) -> None:
    if not curve.points:
        raise BadDefinition(at, _("a curve needs at least one breakpoint"))
    if len(curve.points) > MOST_BREAKPOINTS:
        raise BadDefinition(at, _("a curve can have at most %(n)d breakpoints"), n=MOST_BREAKPOINTS)
    if not all(abs(x) <= MOST_VALUE and abs(y) <= MOST_POINTS for x, y in curve.points):
        raise BadDefinition(at, _("a breakpoint is two numbers that are not too large: a value and its points"))
    if any(y < 0 for _x, y in curve.points):
        raise BadDefinition(at, _("points are 0 or more"))
    if any(right[0] - left[0] < LEAST_STEP for left, right in zip(curve.points, curve.points[1:], strict=False)):
        raise BadDefinition(at, _("the values of the breakpoints must rise from left to right"))
    if curve.max_points <= 0:
        raise BadDefinition(at, _("at least one breakpoint must give points"))
