"""What the answers say of the definition, and what would mend it: counts by whatever they differ in, components, counterfactuals.

All of it is read from the answers, which keep what the engine said when they were given; the newest 4,000 of them at most.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Count, F, QuerySet

from playbooks.feedback import counterfactuals
from playbooks.feedback.counterfactuals import GATE, THRESHOLD, WEIGHT, Change, Finding, Judged
from playbooks.feedback.filter import band_of
from playbooks.feedback.intervals import Share
from playbooks.models import Answer, Motion, Reason
from scoring import rules
from scoring.breakdown import PLACES
from scoring.models import Definition

#: Of each list of arrays.
MOST = 4_000
GOOD, NOT_NOW, WRONG = Answer.Verdict.GOOD.value, Answer.Verdict.NOT_NOW.value, Answer.Verdict.WRONG.value
#: Weights are tried times these.
TIMES = (0.0, 0.5, 1.5, 2.0)
#: Wrong for whatever reason.
ALL = ""


# Counts --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """The answers that have something in common: `key` is a reason, version, band, segment, or None where it is not known."""

    key: Hashable
    good: int = 0
    not_now: int = 0
    wrong: int = 0

    @property
    def answered(self) -> int:
        return self.good + self.not_now + self.wrong

    @property
    def share(self) -> Share:
        """Good of all that were answered."""
        return Share(self.good, self.answered)


@dataclass(frozen=True)
class Counts:
    """Answers counted in every way; each list by its key, reasons by how often."""

    total: Group
    reasons: list[tuple[str, int, int]]
    """(reason, answered wrong, answered not now)"""
    versions: list[Group]
    bands: list[Group]
    segments: list[Group]


def counts(rows: QuerySet[Answer]) -> Counts:
    """One query."""
    told = list(
        rows.order_by()
        .values_list("verdict", "reason", "definition__version", "score", "segment")
        .annotate(answers=Count("pk"))
    )
    by_reason: dict[str, list[int]] = {}
    for verdict, reason, *_rest, n in told:
        if verdict != GOOD:
            by_reason.setdefault(reason, [0, 0])[verdict == NOT_NOW] += n
    return Counts(
        total=_group(None, [(row[0], row[-1]) for row in told]),
        reasons=sorted(((key, n[0], n[1]) for key, n in by_reason.items()), key=lambda one: (-one[1], -one[2], one[0])),
        versions=groups((row[2], row[0], row[-1]) for row in told),
        bands=groups((band_of(row[3]), row[0], row[-1]) for row in told),
        segments=groups((row[4], row[0], row[-1]) for row in told),
    )


def groups(told: Iterable[tuple[Any, str, int]]) -> list[Group]:
    """From (key, verdict, how many); by their keys, the highest first, not known last."""
    found: dict[Any, list[tuple[str, int]]] = {}
    for key, verdict, n in told:
        found.setdefault(key, []).append((verdict, n))
    known = sorted((key for key in found if key is not None), reverse=True)
    return [_group(key, found[key]) for key in (*known, *([None] if None in found else []))]


def _group(key: Hashable, told: Iterable[tuple[str, int]]) -> Group:
    n = dict.fromkeys((GOOD, NOT_NOW, WRONG), 0)
    for verdict, many in told:
        n[verdict] += many
    return Group(key, n[GOOD], n[NOT_NOW], n[WRONG])


# Arrays --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """n answers with a score, newest first, as arrays. `features` n × the catalogue, NaN: not known."""

    verdict: np.ndarray
    reason: np.ndarray
    score: np.ndarray
    tier: np.ndarray
    segment: np.ndarray
    at: np.ndarray
    definition: np.ndarray
    by_itself: np.ndarray
    """neither an audit nor a raised hand brought it: the score did"""
    features: np.ndarray
    of_space: np.ndarray
    """about a workspace, whose score, features and recipe those of the workspace are"""
    effects: list[list[int]] = field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.verdict)

    @cached_property
    def named(self) -> dict[str, np.ndarray]:
        return {key: self.features[:, place] for key, place in PLACES.items()}

    def only(self, chosen: np.ndarray) -> Told:
        names = (
            "verdict",
            "reason",
            "score",
            "tier",
            "segment",
            "at",
            "definition",
            "by_itself",
            "features",
            "of_space",
        )
        kept = {name: getattr(self, name)[chosen] for name in names}
        return Told(**kept, effects=[one for one, is_kept in zip(self.effects, chosen, strict=True) if is_kept])


def arrays(rows: QuerySet[Answer], *, most: int = MOST) -> Told:
    """One query."""
    read = list(
        rows.filter(score__isnull=False)
        .annotate(hand=F("item__hand_raised_at"))
        .values_list(
            *("verdict", "reason", "score", "tier", "segment", "at", "definition_id"),
            *("is_audit", "hand", "feature_values", "effects", "item__workspace"),
        )[:most]
    )
    columns = list(zip(*read, strict=True)) if read else [()] * 12
    verdict, reason, score, tier, segment, at, definition, audit, hand, values, effects, spaces = columns
    features = np.full((len(read), len(PLACES)), math.nan)
    for place, one in enumerate(values):
        features[place, : min(len(one), len(PLACES))] = one[: len(PLACES)]
    return Told(
        verdict=np.array(verdict, dtype="U8"),
        reason=np.array(reason, dtype="U16"),
        score=np.array(score, dtype=float),
        tier=np.array(tier, dtype="U10"),
        segment=np.array(
            [rules.SEGMENTS.index(one) if one in rules.SEGMENTS else -1 for one in segment], dtype=np.int8
        ),
        at=np.array([moment.timestamp() for moment in at]),
        definition=np.array([pk or 0 for pk in definition], dtype=np.int64),
        by_itself=np.array(
            [not drawn and raised is None for drawn, raised in zip(audit, hand, strict=True)], dtype=bool
        ),
        features=features,
        of_space=np.array([space is not None for space in spaces], dtype=bool),
        effects=[list(one) for one in effects],
    )


@dataclass(frozen=True)
class Carried:
    """A component, and its mean part of the score (0 to 1) of wrong and of good accounts."""

    key: str
    label: str
    wrong: float
    good: float

    @property
    def more(self) -> float:
        return self.wrong - self.good


def components(told: Told) -> list[Carried]:
    """Which components carried the wrong accounts more than the good ones, the most so first. One query for the definitions.

    Empty without wrong or without good answers. A component that a definition or variant has not counts as 0 there.
    """
    specs = {
        pk: rules.parse(spec)
        for pk, spec in Definition.objects.filter(pk__in=set(told.definition.tolist())).values_list("pk", "spec")
    }
    parts: dict[bool, dict[str, float]] = {True: {}, False: {}}
    n = {True: 0, False: 0}
    labels: dict[str, str] = {}
    for place in range(told.n):
        spec, effects = specs.get(int(told.definition[place])), told.effects[place]
        is_wrong = told.verdict[place] == WRONG
        if spec is None or not effects or not (is_wrong or told.verdict[place] == GOOD):
            continue
        recipe = _recipe(spec, int(told.segment[place]), of_space=bool(told.of_space[place]))
        n[is_wrong] += 1
        for component, effect in zip(recipe.components, effects, strict=False):
            labels.setdefault(component.key, component.label)
            mine = parts[is_wrong]
            mine[component.key] = mine.get(component.key, 0.0) + effect / max(float(told.score[place]), 1.0)
    if not n[True] or not n[False]:
        return []
    found = [
        Carried(key, label, parts[True].get(key, 0.0) / n[True], parts[False].get(key, 0.0) / n[False])
        for key, label in labels.items()
    ]
    return sorted(found, key=lambda one: (-one.more, one.key))


def _recipe(spec: rules.Spec, segment: int, *, of_space: bool) -> rules.Recipe:
    if of_space:
        return spec.workspace or spec
    return spec.recipe(rules.SEGMENTS[segment] if segment >= 0 else "")


# Counterfactuals -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mending:
    """`found` by reason (`counterfactuals.find`; "" is all of them). `judged` answers were looked at; of `wrong` ones the
    definition in force would no longer send `mended`. `counted`: reason → wrong answers. `of_spaces`: all of it is about
    workspaces, by the recipe for them; `others` answers are about what this is not about."""

    tier: str
    found: dict[str, list[Finding]]
    good: int
    wrong: int
    mended: int
    counted: dict[str, int]
    of_spaces: bool = False
    others: int = 0


def tier_of(motion: str) -> str:
    """The tier whose accounts a motion works; sales' where no motion is said."""
    return "activate" if motion == Motion.SUCCESS else "pqa"


def are_of_spaces(told: Told, of: str) -> bool:
    """Whether answers about workspaces are weighed: where one asked for them (`of`), or most are about those."""
    return of == "workspace" or (not of and bool(2 * int(told.of_space.sum()) > told.n))


def recipe_for(spec: rules.Spec, *, of_spaces: bool) -> rules.Spec:
    """What of the definition answers are held against: that for accounts, or that for workspaces."""
    return (spec.for_workspaces if of_spaces else None) or spec


def mending(
    told: Told, spec: rules.Spec, *, motion: str = "", keep: float = counterfactuals.KEEP, of: str = ""
) -> Mending:
    """What would have kept wrong accounts out of a motion's queue, by the definition `spec` that is in force.

    About accounts or about workspaces (`of`), which have recipes of their own. Where the definition queues workspaces no more, it
    would send none of them again. Only answers about what its score brought: audits and raised hands would have come anyway.
    """
    tier, of_spaces = tier_of(motion), are_of_spaces(told, of)
    is_gone = of_spaces and not spec.queues_workspaces
    others = int((told.of_space != of_spaces).sum())
    told, spec = told.only(told.of_space == of_spaces), recipe_for(spec, of_spaces=of_spaces)
    sent = told.only(told.by_itself & (told.tier == tier) & ~np.isnan(told.features).all(axis=1))
    is_sent = _is_sent(spec, sent, tier) & (not is_gone)
    now = sent.only(is_sent)
    wrong = now.verdict == WRONG
    by_reason = {reason: wrong & (now.reason == reason) for reason in Reason.values}
    judged = Judged(
        features=now.named,
        score=_passed(spec, now, tier),
        good=now.verdict == GOOD,
        wrong={ALL: wrong} | {reason: mask for reason, mask in by_reason.items() if mask.any()},
        at=now.at,
        tried=list(_weights(spec, now, tier)),
    )
    return Mending(
        tier=tier,
        found=counterfactuals.find(judged, keep=keep),
        good=int(judged.good.sum()),
        wrong=int(wrong.sum()),
        mended=int((sent.verdict == WRONG).sum() - wrong.sum()),
        counted={reason: int(mask.sum()) for reason, mask in judged.wrong.items()},
        of_spaces=of_spaces,
        others=others,
    )


def _evaluated(spec: rules.Spec, told: Told, before: int = -1) -> rules.Evaluated:
    return rules.evaluate(
        spec,
        told.named,
        evidence=np.ones(told.n, dtype=bool),
        tier_before=np.full(told.n, before, dtype=np.int8),
        segment=told.segment,
        detail=False,
    )


def _is_sent(spec: rules.Spec, told: Told, tier: str) -> np.ndarray:
    """Whom the definition would send again; with hysteresis, for they were in that tier."""
    place = rules.TIERS.index(tier)
    return np.asarray(_evaluated(spec, told, place).tier == place)


def _passed(spec: rules.Spec, told: Told, tier: str) -> np.ndarray:
    """The score where it passes the threshold, NaN where hysteresis alone holds it."""
    found = _evaluated(spec, told)
    return np.where(found.score >= _threshold(spec, found, tier), found.score, math.nan)


def _threshold(spec: rules.Spec, found: rules.Evaluated, tier: str) -> np.ndarray:
    return np.array([getattr(recipe.thresholds, tier) for recipe in spec.recipes])[found.recipe]


def _weights(spec: rules.Spec, told: Told, tier: str) -> Iterable[tuple[Change, np.ndarray]]:
    passed = ~np.isnan(_passed(spec, told, tier))
    for key in dict.fromkeys(component.key for recipe in spec.recipes for component in recipe.components):
        for times in TIMES:
            change = Change(WEIGHT, key, times)
            try:
                other = rules.parse(changed(spec.as_json(), change, tier=tier))
            except rules.BadDefinition:  # nothing is left that weighs
                continue
            found = _evaluated(other, told)
            yield change, passed & (found.score < _threshold(other, found, tier))


def changed(
    spec: dict[str, Any], change: Change, *, tier: str, words: str = "", of_spaces: bool = False
) -> dict[str, Any]:
    """The spec with a change, in all of its recipes for accounts or in that for workspaces; `words` are a gate's reason.

    A gate on a feature that has one for the same tier makes that one stricter.
    """
    if of_spaces:
        return {**spec, "workspace": _recipe_changed(spec["workspace"], change, tier, words)}
    return {
        **_recipe_changed(spec, change, tier, words),
        **(
            {"variants": [_recipe_changed(one, change, tier, words) for one in spec["variants"]]}
            if spec.get("variants")
            else {}
        ),
    }


def _recipe_changed(recipe: dict[str, Any], change: Change, tier: str, words: str) -> dict[str, Any]:
    if change.kind == THRESHOLD:
        limits = {"pqa": 80, "activate": 60} | recipe.get("thresholds", {})
        return {**recipe, "thresholds": limits | {tier: max(limits[tier], int(change.value))}}
    if change.kind == WEIGHT:
        weighed = [
            {**one, "weight": round(one["weight"] * change.value, 2)} if one["key"] == change.key else one
            for one in recipe["components"]
        ]
        return {**recipe, "components": weighed}
    cap = rules.TIERS[rules.TIERS.index(tier) - 1]
    gate = {"feature": change.key, "minimum": change.value, "cap": cap, "reason": words}
    others: Sequence[dict[str, Any]] = recipe.get("gates") or ()
    kept = [one for one in others if (one["feature"], one["cap"]) != (change.key, cap) or one["minimum"] > change.value]
    return {**recipe, "gates": [*kept, gate]}


def find(found: Mending, *, kind: str, key: str, reason: str) -> Finding | None:
    """The finding of a reason with this change, if it still is one."""
    kinds: Collection[str] = (GATE, THRESHOLD, WEIGHT)
    if kind not in kinds:
        return None
    return next((one for one in found.found.get(reason, []) if (one.change.kind, one.change.key) == (kind, key)), None)
