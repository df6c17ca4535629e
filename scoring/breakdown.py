"""The breakdown of a score: numbers as they are stored, lists of components as they are read.

A row of `Score` or `ScoreChange` has `feature_values`, every feature in the order of `features.CATALOGUE` (NaN: not known), and
`effects`, the score points of each component of its definition, or of the variant for its segment (then filled up with zeros to
the widest recipe). Labels, weights, curves and points are the definition's and follow from it when they are read: a tenth of the
bytes of the same as JSON, and arrays can be written without a loop.

The catalogue is only ever appended to: a row that was written when it was shorter knows nothing of the later features. A
definition that has scored an account is not changed any more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import F, FloatField, Value
from django.db.models.functions import NullIf

from scoring import rules
from scoring.features import CATALOGUE, PARTS
from scoring.models import Definition, Score, ScoreChange, WorkspaceScore

#: What the places of `feature_values` mean.
KEYS = tuple(feature.key for feature in CATALOGUE)
PLACES = {key: place for place, key in enumerate(KEYS)}
#: (database, definition) → what it says. As many as there are versions.
_SPECS: dict[tuple[str, int], rules.Spec] = {}


def number(value: float) -> float | None:
    """As people and programs read it: none when it is not known, else to four places."""
    return None if math.isnan(value) else round(float(value), 4)


def features_of(values: Sequence[float]) -> dict[str, float | None]:
    """Stored values by the feature's key; empty when none were stored."""
    if not values:
        return {}
    return {key: number(_at(values, place)) for place, key in enumerate(KEYS)}


def values_of(features: Mapping[str, float | None]) -> list[float]:
    """The reverse: what is stored of these features."""
    known = (features.get(key) for key in KEYS)
    return [math.nan if value is None else float(value) for value in known]


def contributions(row: Score | ScoreChange | WorkspaceScore) -> list[dict[str, Any]]:
    """`{key, label, feature, value, parts, points, max_points, weight, effect}` for each component; empty without effects.

    Effects add up to the score. `parts` are the features that a feature is made of.
    """
    values, effects = row.feature_values, row.effects
    if not effects:
        return []
    return [
        {
            "key": component.key,
            "label": component.label,
            "feature": component.feature,
            "value": number(value := _feature(values, component.feature)),
            "parts": {name: number(_feature(values, name)) for name in parts_of(component)},
            "points": round(component.points_at(value, _age(values, component)), 2),
            "max_points": component.curve.max_points,
            "weight": component.weight,
            "effect": effect,
        }
        for component, effect in zip(recipe_of(row).components, effects, strict=False)
    ]


def contributions_before(row: Score | WorkspaceScore) -> list[dict[str, Any]]:
    """The same of seven days earlier, only `{key, value, effect}`."""
    values, effects = row.week_ago_values, row.week_ago_effects
    if not effects:
        return []
    return [
        {"key": component.key, "value": number(value), "effect": effect}
        for component, value, effect in zip(recipe_of(row).components, values, effects, strict=False)
    ]


def parts_of(component: rules.Component) -> tuple[str, ...]:
    """The features that say more than the component's own: what it is made of, and how old its last is when it fades."""
    parts = PARTS.get(component.feature, ())
    return parts if component.age is None else (*parts, component.age)


def recipe_of(row: Score | ScoreChange | WorkspaceScore) -> rules.Recipe:
    """What of the definition a row was scored with: that of its segment, or that for workspaces."""
    spec = spec_of(row)
    if isinstance(row, WorkspaceScore):
        return spec.workspace or spec
    return spec.recipe(row.segment)


def spec_of(row: Score | ScoreChange | WorkspaceScore) -> rules.Spec:
    """The definition that a row was scored with. One query a process for each definition that did not come with its row."""
    # By database too: benchmarks and tests make others in one process.
    key = (str(connection.settings_dict["NAME"]), row.definition_id)
    spec = _SPECS.get(key)
    if spec is None:
        if row._meta.get_field("definition").is_cached(row):
            found = row.definition.spec
        else:
            found = Definition.objects.values_list("spec", flat=True).get(pk=row.definition_id)
        spec = _SPECS[key] = rules.parse(found)
    return spec


def feature_in_query(path: str, key: str) -> NullIf:
    """A feature as a column of a query, none when it is not known. `path` leads to `feature_values`."""
    return NullIf(F(f"{path}__{PLACES[key]}"), Value(math.nan, output_field=FloatField()))


def _feature(values: Sequence[float], key: str) -> float:
    """NaN also for a feature that a definition names and the catalogue does not know (any more)."""
    place = PLACES.get(key)
    return math.nan if place is None else _at(values, place)


def _age(values: Sequence[float], component: rules.Component) -> float:
    return math.nan if component.age is None else _feature(values, component.age)


def _at(values: Sequence[float], place: int) -> float:
    return values[place] if place < len(values) else math.nan
