"""The path to PQA: the cheapest few things that people of an account could do so that it would become a PQA.

Only what usage can move: active people, active days, features used, invitations, an admin's set-up and so on; never the company's
size, who its buyers are, or growth, which stays as it is. Every combination of at most three things is scored by the definition
itself, gates included, so a path that is told holds. Pure NumPy over one account's features.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring import rules
from scoring.features import BY_KEY

MOST_THINGS, MOST_PATHS = 3, 3
BEHAVIOURS = ("invites_28", "creation_28", "admin_28", "intent_28")


@dataclass(frozen=True)
class Lever:
    """One thing that people can do. A step adds 1 to each of `features`, up to `ceiling` of the first, and sets `ages` to 0 days.

    `cost` is of one step: 1 is what one person does in a moment.
    """

    key: str
    features: tuple[str, ...]
    cost: float
    most: int
    words: Callable[[int], str]
    ages: tuple[str, ...] = ()
    ceiling: float = math.inf
    step: float = 1.0


LEVERS = (
    Lever(
        "people",
        ("active_users_28", "active_users_7"),
        3,
        20,
        lambda n: ngettext("%(n)d more weekly user", "%(n)d more weekly users", n) % {"n": n},
    ),
    Lever(
        "days",
        ("weekly_active_days",),
        2,
        6,
        lambda n: ngettext("use on %(n)d more day a week", "use on %(n)d more days a week", n) % {"n": n},
        ceiling=7,
    ),
    Lever(
        "breadth",
        ("breadth_28",),
        2,
        12,
        lambda n: ngettext("%(n)d more feature used", "%(n)d more features used", n) % {"n": n},
    ),
    Lever(
        "invites",
        ("invites_28",),
        1,
        5,
        lambda n: ngettext("%(n)d invitation", "%(n)d invitations", n) % {"n": n},
        ages=("days_since_invite", "days_since_behaviour"),
    ),
    Lever(
        "admin",
        ("admin_28",),
        2,
        5,
        lambda n: ngettext("an admin set-up, such as SSO", "%(n)d admin set-ups, such as SSO", n) % {"n": n},
        ages=("days_since_admin", "days_since_behaviour"),
    ),
    Lever(
        "creation",
        ("creation_28",),
        1,
        5,
        lambda n: ngettext("%(n)d thing created", "%(n)d things created", n) % {"n": n},
        ages=("days_since_behaviour",),
    ),
    Lever(
        "advanced",
        ("advanced_28",),
        2,
        5,
        lambda n: ngettext("%(n)d use of an advanced feature", "%(n)d uses of advanced features", n) % {"n": n},
    ),
    Lever(
        "collaboration",
        ("collaboration_28",),
        2,
        5,
        lambda n: ngettext("%(n)d shared piece of work", "%(n)d shared pieces of work", n) % {"n": n},
    ),
    Lever(
        "volume",
        ("events_28", "events_7"),
        2,
        10,
        lambda n: ngettext("%(n)d0 more events", "%(n)d0 more events", n) % {"n": n},
        step=10.0,
    ),
)


@dataclass(frozen=True)
class Path:
    """Things to do together, with the score that they lead to. `steps`: lever → how many."""

    steps: dict[str, int]
    cost: float
    score: int
    words: str


@dataclass(frozen=True)
class Paths:
    """The cheapest ways, cheapest first, each with other things; or in `problem` why there is none. Both empty: it is a PQA."""

    paths: list[Path] = field(default_factory=list)
    problem: str = ""

    @property
    def words(self) -> str:
        """`"2 more weekly users, or 1 invitation and an admin set-up"`."""
        return _(", or ").join(path.words for path in self.paths)


def find(spec: rules.Spec, features: Mapping[str, float | None], *, segment: str) -> Paths:
    """Of one account, by its features and segment."""
    now = {key: math.nan if features.get(key) is None else float(features[key]) for key in BY_KEY}  # type: ignore[arg-type]
    if not now["events_28"] > 0:
        return Paths(problem=_("Nobody used the product in the last 28 days: first somebody has to come back."))
    recipe = spec.recipe(segment)
    place = rules.SEGMENTS.index(segment)
    if int(_evaluated(spec, changed(now, [{}]), place).tier[0]) == rules.PQA:
        return Paths()
    read = {name for part in recipe.components for name in (part.feature,)} | {gate.feature for gate in recipe.gates}
    levers = [lever for lever in LEVERS if _moves(lever) & read and _room(lever, now)]
    ways = list(_ways(levers, now))
    found = _evaluated(spec, changed(now, ways), place)
    good = np.flatnonzero(found.tier == rules.PQA)
    if not len(good):
        return Paths(problem=_problem(recipe, found))
    cost = {lever.key: lever.cost for lever in levers}
    costs = np.array([sum(cost[key] * n for key, n in ways[row].items()) for row in good])
    order = sorted(range(len(good)), key=lambda i: (costs[i], len(ways[good[i]]), sum(ways[good[i]].values())))
    chosen: list[Path] = []
    for number in order:
        steps = ways[good[number]]
        if any(set(path.steps) <= set(steps) for path in chosen):
            continue  # a dearer way with the same things and more
        chosen.append(Path(steps, float(costs[number]), int(found.score[good[number]]), in_words(steps)))
        if len(chosen) == MOST_PATHS:
            break
    return Paths(chosen)


def changed(now: Mapping[str, float], ways: Sequence[Mapping[str, int]]) -> dict[str, np.ndarray]:
    """The features after each way: name → float array, one entry a way; what follows from the moved ones follows."""
    columns = {key: np.full(len(ways), value) for key, value in now.items()}
    for lever in LEVERS:
        steps = np.array([way.get(lever.key, 0) for way in ways])
        done = steps > 0
        if not done.any():
            continue
        for name in lever.features:
            moved = np.minimum(np.nan_to_num(columns[name]) + steps * lever.step, lever.ceiling)
            columns[name] = np.where(done, moved, columns[name])
        for name in lever.ages:
            columns[name] = np.where(done, 0.0, columns[name])
    columns["behaviours_28"] = np.sum([np.nan_to_num(columns[name]) > 0 for name in BEHAVIOURS], axis=0, dtype=float)
    columns["feature_depth"] = np.where(columns["core_28"] > 0, 1.0 + (columns["advanced_28"] > 0), 0.0)
    columns["days_since_last_use"] = np.where([bool(way) for way in ways], 0.0, columns["days_since_last_use"])
    return columns


def in_words(steps: Mapping[str, int]) -> str:
    """`{"people": 2, "invites": 1}` → `"2 more weekly users and 1 invitation"`."""
    said = [lever.words(steps[lever.key]) for lever in LEVERS if lever.key in steps]
    return (
        said[0] if len(said) == 1 else _("%(first)s and %(last)s") % {"first": ", ".join(said[:-1]), "last": said[-1]}
    )


def _evaluated(spec: rules.Spec, columns: dict[str, np.ndarray], place: int) -> rules.Evaluated:
    n = len(columns["events_28"])
    segment = np.full(n, place, dtype=np.int8)
    return rules.evaluate(spec, columns, evidence=np.ones(n, dtype=bool), segment=segment, detail=False)


def _moves(lever: Lever) -> set[str]:
    names = {*lever.features, *lever.ages}
    if set(lever.features) & set(BEHAVIOURS):
        names.add("behaviours_28")
    return names | ({"feature_depth"} if "advanced_28" in names else set())


def _room(lever: Lever, now: Mapping[str, float]) -> int:
    """Whole steps up to its ceiling; a rest below one step is one, which is cut at the ceiling."""
    value = np.nan_to_num(now[lever.features[0]])
    return lever.most if math.isinf(lever.ceiling) else max(0, min(lever.most, math.ceil(lever.ceiling - value)))


def _ways(levers: Sequence[Lever], now: Mapping[str, float]) -> list[dict[str, int]]:
    found: list[dict[str, int]] = []
    for size in range(1, MOST_THINGS + 1):
        for some in itertools.combinations(levers, size):
            steps = itertools.product(*(range(1, _room(lever, now) + 1) for lever in some))
            found += [{lever.key: n for lever, n in zip(some, counts, strict=True)} for counts in steps]
    return found or [{}]


def _problem(recipe: rules.Recipe, found: rules.Evaluated) -> str:
    """Why no way leads there."""
    held_back = np.flatnonzero(found.score >= recipe.thresholds.pqa)
    if len(held_back):
        reason = recipe.gates[int(found.gate[held_back[0]])].reason
        return _("It cannot be reached by usage alone: %(reason)s.") % {"reason": reason}
    most = int(found.score.max())
    words = _(
        "It cannot be reached by usage alone: with three things done the score is %(most)d, and a PQA has %(pqa)d."
    )
    return words % {"most": most, "pqa": recipe.thresholds.pqa}
