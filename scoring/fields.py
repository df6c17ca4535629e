"""A definition as a form: every input is named by its path in the spec, such as `components[2].curve.points[0][1]`.

So a refusal that names a path (`rules.BadDefinition.field`) names the input, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from scoring.recipes import BadDefinition

STEP = re.compile(r"\.?([a-z_]+)|\[(\d{1,3})\]")
#: The number of the recipe for workspaces; those of variants are never so high, because segments are few.
WORKSPACES = 99
PARTS = ("components", "thresholds", "hysteresis", "gates")
WHOLE = frozenset({"pqa", "activate", "hysteresis"})
NUMBERS = frozenset({"weight", "minimum", "half_life"}) | WHOLE
#: May be left empty, which means: without.
OPTIONAL = frozenset({"half_life"})
#: Texts that stand on the pages of accounts: without them a part or a reason would be blank there.
NEEDED = frozenset({"label", "reason"})


def steps(path: str) -> list[str | int]:
    """`gates[0].minimum` → `["gates", 0, "minimum"]`. Raises `ValueError`."""
    found, at = [], 0
    for match in STEP.finditer(path):
        if match.start() != at:
            raise ValueError(path)
        name, place = match.groups()
        found.append(name if place is None else int(place))
        at = match.end()
    if at != len(path) or not found:
        raise ValueError(path)
    return found


def at(spec: Any, path: str) -> Any:
    """What stands at the path. Raises `ValueError` when there is nothing."""
    try:
        for step in steps(path):
            spec = spec[step]
    except (KeyError, IndexError, TypeError):
        raise ValueError(path) from None
    return spec


def prefix(recipe: int) -> str:
    """The beginning of the paths of a recipe: nothing for the base (0), `variants[n-1].` or `workspace.` for the others."""
    if recipe == WORKSPACES:
        return "workspace."
    return f"variants[{recipe - 1}]." if recipe else ""


def recipe_of(spec: Mapping[str, Any], recipe: int) -> dict[str, Any]:
    """The base (0), a variant (from 1), or the recipe for workspaces. Raises `ValueError`."""
    return spec if recipe == 0 else at(spec, prefix(recipe).rstrip("."))  # type: ignore[return-value]


def put_there(
    posted: Mapping[str, str], spec: Mapping[str, Any], recipe: int
) -> tuple[dict[str, str], dict[str, Any], int]:
    """A recipe that was posted and is not in the spec (any more), as a copy of the base: what was posted with the names that it
    has there, the spec with it, and its number."""
    base = {key: spec[key] for key in PARTS if key in spec}
    if recipe == WORKSPACES:
        return dict(posted), {**spec, "workspace": base}, recipe
    variants = [*spec.get("variants", ()), {"segments": [], **base}]
    old, new = prefix(recipe), prefix(len(variants))
    named = {new + name.removeprefix(old) if name.startswith(old) else name: text for name, text in posted.items()}
    return named, {**spec, "variants": variants}, len(variants)


def read(
    posted: Mapping[str, str], spec: Mapping[str, Any], *, recipe: int, segments: Iterable[str] = ()
) -> dict[str, Any]:
    """The spec with one recipe replaced by what was posted. Raises `BadDefinition` for what is no number."""
    start = prefix(recipe)
    tree: dict[Any, Any] = {}
    for name, text in posted.items():
        if not name.startswith(start) or not name.removeprefix(start).startswith(PARTS):
            continue
        try:
            path = steps(name.removeprefix(start))
        except ValueError:
            continue
        value = _value(name, path, text.strip())
        if value is None:
            continue
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise BadDefinition(name, _("said twice"))
        node[path[-1]] = value
    if not tree:
        return dict(spec)
    read_back = {"gates": []} | {key: _listed(value) for key, value in tree.items()}
    if recipe == 0:
        return {**spec, **read_back}
    if recipe == WORKSPACES:
        return {**spec, "workspace": {**spec["workspace"], **read_back}}
    variants = list(spec.get("variants", ()))
    variants[recipe - 1] = {**variants[recipe - 1], **read_back, "segments": list(segments)}
    return {**spec, "variants": variants}


#: A thousand to some and one to others.
_GROUPED = re.compile(r"[-−]?[1-9]\d{0,2}(,\d{3})+$")


def _value(name: str, path: list[str | int], text: str) -> str | float | int | None:
    leaf = path[-1]
    is_number = leaf in NUMBERS or "points" in path
    if not is_number:
        if not text and leaf in NEEDED:
            raise BadDefinition(name, _("people read this: it cannot be empty"))
        return text
    if not text and leaf in OPTIONAL:
        return None
    if _GROUPED.match(text):
        raise BadDefinition(name, _("write thousands without a comma"))
    try:
        number = float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        raise BadDefinition(name, _("a number is needed here")) from None
    if leaf in WHOLE:
        if number != number or abs(number) > 1000 or number != int(number):
            raise BadDefinition(name, _("a whole number is needed here"))
        return int(number)
    return number


def _listed(node: Any) -> Any:
    """Dicts with numbers as keys become lists, in the order of the numbers."""
    if not isinstance(node, dict):
        return node
    if node and all(isinstance(key, int) for key in node):
        return [_listed(node[key]) for key in sorted(node)]
    return {key: _listed(value) for key, value in node.items()}


def place_of(field: str, known: Iterable[str]) -> str:
    """Where to show what is wrong with `field`: at itself, else at the nearest thing around it, else at the top (empty)."""
    here, found = set(known), field
    while found and found not in here:
        found = re.sub(r"(?:\.[a-z_]+|\[\d+\]|^[a-z_]+)$", "", found)
    return found
