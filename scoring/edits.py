"""What a person does to a definition beside changing a value: add, remove, reorder. Pure: a spec goes in, another comes out."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from scoring import fields
from scoring.features import BY_KEY
from scoring.recipes import BadDefinition

SALT = "scoring.edits"


@dataclass(frozen=True)
class Edit:
    """The spec after it, the words for it, and what takes it back (`put_back`), if a piece was removed."""

    spec: dict[str, Any]
    words: str = ""
    undo: str = ""


def apply(spec: dict[str, Any], verb: str, *, curve: list[list[float]] | None = None) -> Edit:
    """`verb` is `what:path`, such as `remove:components[2]`; what is not known changes nothing.

    `curve`: breakpoints for a component that is added. Raises `BadDefinition` for a path where there is nothing.
    """
    what, _colon, path = verb.partition(":")
    if what not in _VERBS:
        return Edit(spec)
    changed = copy.deepcopy(spec)
    try:
        words, removed = _VERBS[what](changed, path, curve)
    except (ValueError, IndexError, KeyError, TypeError):
        raise BadDefinition(path or "spec", _("there is nothing of that name any more")) from None
    return Edit(
        changed, words, signing.dumps({"at": path, "thing": removed}, salt=SALT, compress=True) if removed else ""
    )


def put_back(spec: dict[str, Any], packed: str) -> dict[str, Any]:
    """The spec with the removed piece in its place again. Raises `signing.BadSignature`, `BadDefinition`."""
    kept = signing.loads(packed, salt=SALT, max_age=86_400)
    changed = copy.deepcopy(spec)
    if kept["at"] == "workspace":
        if "workspace" in changed:
            raise BadDefinition("workspace", _("its place is taken"))
        return {**changed, "workspace": kept["thing"]}
    try:
        siblings, place = _siblings(changed, kept["at"], may_end=True)
    except ValueError:
        raise BadDefinition(kept["at"], _("its place is gone")) from None
    siblings.insert(place, kept["thing"])
    return changed


def _siblings(spec: dict[str, Any], path: str, *, may_end: bool = False) -> tuple[list[Any], int]:
    """The list that holds the thing at the path, and its place in it."""
    found = fields.steps(path)
    place = found.pop()
    node: Any = spec
    for step in found:
        if isinstance(node, dict) and step in ("gates", "variants"):
            node.setdefault(step, [])
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            raise ValueError(path) from None
    if not isinstance(node, list) or not isinstance(place, int) or not 0 <= place < len(node) + may_end:
        raise ValueError(path)
    return node, place


def _remove(spec: dict[str, Any], path: str, _curve: Any) -> tuple[str, Any]:
    if path == "workspace":
        return _("Workspaces are not scored any more."), spec.pop(path)
    siblings, place = _siblings(spec, path)
    removed = siblings.pop(place)
    what = fields.steps(path)[-2]
    if what == "components":
        return _("%(name)s is removed.") % {"name": removed.get("label", "")}, removed
    return {"gates": _("The gate is removed."), "variants": _("The variant is removed.")}.get(
        str(what), _("Removed.")
    ), removed


def _move(by: int) -> Any:
    def move(spec: dict[str, Any], path: str, _curve: Any) -> tuple[str, None]:
        siblings, place = _siblings(spec, path)
        to = min(max(place + by, 0), len(siblings) - 1)
        siblings.insert(to, siblings.pop(place))
        return "", None

    return move


def _to(spec: dict[str, Any], path: str, _curve: Any) -> tuple[str, None]:
    """`path`: the thing and its new place, as in `components[2]:0`."""
    path, _colon, to = path.rpartition(":")
    siblings, place = _siblings(spec, path)
    moved = siblings.pop(place)
    siblings.insert(min(max(int(to), 0), len(siblings)), moved)
    return "", None


def _add(spec: dict[str, Any], path: str, curve: list[list[float]] | None) -> tuple[str, None]:
    """`path`: the feature, or `prefix` and feature as in `variants[0].growth`."""
    start, _dot, key = path.rpartition(".")
    feature = BY_KEY[key]
    recipe = fields.at(spec, start) if start else spec
    used = {component["key"] for component in recipe["components"]}
    name = key
    while name in used:
        name += "_again"
    mean = sum(component["weight"] for component in recipe["components"]) / max(len(recipe["components"]), 1)
    recipe["components"].append(
        {
            "key": name,
            "label": str(feature.label),
            "feature": key,
            "weight": round(mean, 1) or 10,
            "curve": {"kind": "linear", "points": curve or [[0, 0], [10, 10]]},
        }
    )
    return _("%(name)s is added.") % {"name": feature.label}, None


def _point(spec: dict[str, Any], path: str, _curve: Any) -> tuple[str, None]:
    """Another breakpoint: in the middle of the widest gap, or after the only one."""
    points = fields.at(spec, path)["curve"]["points"]
    if len(points) == 1:
        points.append([points[0][0] + 1, points[0][1]])
        return "", None
    gaps = [right[0] - left[0] for left, right in itertools.pairwise(points)]
    widest = gaps.index(max(gaps))
    (x0, y0), (x1, y1) = points[widest], points[widest + 1]
    points.insert(widest + 1, [round((x0 + x1) / 2, 4), round((y0 + y1) / 2, 4)])
    return "", None


def _gate(spec: dict[str, Any], path: str, _curve: Any) -> tuple[str, None]:
    recipe = fields.at(spec, path.rstrip(".")) if path else spec
    recipe["gates"] = [
        *recipe.get("gates", ()),
        {
            "feature": "active_users_28",
            "minimum": 3,
            "cap": "activate",
            "reason": _("Fewer than 3 active people in 28 days"),
        },
    ]
    return "", None


def _variant(spec: dict[str, Any], path: str, _curve: Any) -> tuple[str, None]:
    """A recipe of its own for a segment; it begins as the base."""
    base = {key: copy.deepcopy(spec[key]) for key in fields.PARTS if key in spec}
    spec["variants"] = [*spec.get("variants", ()), {"segments": [path], **base}]
    return "", None


def _workspaces(spec: dict[str, Any], _path: str, _curve: Any) -> tuple[str, None]:
    """A recipe for workspaces; it begins as the base."""
    if not spec.get("workspace"):
        spec["workspace"] = {key: copy.deepcopy(spec[key]) for key in fields.PARTS if key in spec}
    return _("Workspaces are scored too."), None


def _in_queue(spec: dict[str, Any], path: str, _curve: Any) -> tuple[str, None]:
    """`path`: 1 or 0. Whether workspaces that qualify stand in the queues."""
    if not spec.get("workspace"):
        raise ValueError(path)
    spec["workspace"]["in_queue"] = path == "1"
    if path == "1":
        return _("Workspaces stand in the queues."), None
    return _("Workspaces stand in no queue."), None


def _threshold(spec: dict[str, Any], path: str, _curve: Any) -> tuple[str, None]:
    """`path`: the score, or the prefix of a recipe and the score as in `variants[0].78`."""
    start, _dot, score = path.rpartition(".")
    recipe = fields.at(spec, start) if start else spec
    recipe["thresholds"] = {**recipe.get("thresholds", {}), "pqa": int(score)}
    return _("Sales from %(n)s.") % {"n": score}, None


_VERBS: dict[str, Any] = {
    "remove": _remove,
    "up": _move(-1),
    "down": _move(1),
    "to": _to,
    "add": _add,
    "point": _point,
    "gate": _gate,
    "variant": _variant,
    "workspaces": _workspaces,
    "in_queue": _in_queue,
    "threshold": _threshold,
}
