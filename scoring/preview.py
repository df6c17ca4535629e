"""What a draft would do to every account, beside the definition in force: the same rules as a run, over the newest snapshot.

Nothing is read but the snapshot and the tiers that accounts have, and nothing is written. What stays the same from one keystroke to
the next (the scores by the published definition) is kept in the process.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from accounts import columns
from scoring import rules
from scoring.matrices import Snapshot
from scoring.rules import SELF_SERVE, TIERS, Component, Evaluated, Spec

#: Scores by a spec over a snapshot, one byte an account.
_KEPT = 6
#: Distributions of features that are kept.
_VALUES_KEPT = 60


@dataclass(frozen=True)
class Effect:
    """A draft beside the definition in force, over n accounts as of a day.

    `histogram_now`, `histogram_draft`: int[101], accounts by score (place 0: no score). `transitions`: int 3 × 3, row: the tier
    now, column: the tier by the draft, in the order of `rules.TIERS`. `shares_of_recipes`: for each of `Spec.recipes`, component →
    its part of the score points of the accounts that this recipe scores (by the draft, before rounding; they add up to 1, or to 0
    when none of them has a score). `histograms_of_recipes`: int 2 × recipes × 101, the
    histograms (now, draft) of the accounts that each recipe scores.
    """

    as_of: dt.date
    accounts: int
    histogram_now: np.ndarray
    histogram_draft: np.ndarray
    transitions: np.ndarray
    shares_of_recipes: tuple[dict[str, float], ...]
    histograms_of_recipes: np.ndarray
    milliseconds: float
    account_id: np.ndarray = field(repr=False)
    tier_now: np.ndarray = field(repr=False)
    tier_draft: np.ndarray = field(repr=False)

    @property
    def shares(self) -> dict[str, float]:
        """Those of the definition's own recipe."""
        return self.shares_of_recipes[0]

    def cell(self, now: str, then: str) -> np.ndarray:
        """The ids of the accounts that go from one tier to the other. Raises ValueError for a tier that there is not."""
        return self.account_id[self.places(now, then)]

    def places(self, now: str, then: str) -> np.ndarray:
        return np.flatnonzero((self.tier_now == TIERS.index(now)) & (self.tier_draft == TIERS.index(then)))


@dataclass(frozen=True)
class Mover:
    """An account of a cell. Scores are none without usage. `moved`: component's label and the points it gained, biggest first."""

    account_id: int
    score_now: int | None
    score_draft: int | None
    moved: list[tuple[str, int]]
    recipe: int = 0
    """place in the draft's `recipes` of the one that scores it"""


def compare(draft: Spec, published: Spec, *, snapshot: Snapshot, tiers: np.ndarray) -> Effect:
    """The effect of a draft. `tiers`: the tier of each account of the snapshot (`tiers_now`), which hysteresis holds on to.

    The row of an account is the tier it has; its column is what a run of the draft would give it now.
    """
    started = time.perf_counter()
    scores = _scores(published, snapshot)
    found = _evaluate(draft, snapshot, tiers)
    tier_now = np.where(tiers < 0, SELF_SERVE, tiers)
    histograms = _histograms(draft, scores, found)
    _keep(draft, snapshot, found.score.astype(np.int8))
    return Effect(
        as_of=snapshot.as_of,
        accounts=len(snapshot),
        histogram_now=histograms[0].sum(axis=0),
        histogram_draft=histograms[1].sum(axis=0),
        transitions=np.bincount(tier_now * 3 + found.tier, minlength=9).reshape(3, 3),
        shares_of_recipes=_shares(draft, snapshot, found),
        histograms_of_recipes=histograms,
        milliseconds=(time.perf_counter() - started) * 1000,
        account_id=snapshot.account_id,
        tier_now=tier_now,
        tier_draft=found.tier,
    )


def movers(
    draft: Spec,
    published: Spec,
    *,
    snapshot: Snapshot,
    tiers: np.ndarray,
    now: str,
    then: str,
    limit: int = 50,
    offset: int = 0,
) -> list[Mover]:
    """Accounts of a cell of the matrix with what moved them: those whose score changes most first, then the highest."""
    found = _evaluate(draft, snapshot, tiers)
    tier_now = np.where(tiers < 0, SELF_SERVE, tiers)
    inside = np.flatnonzero((tier_now == TIERS.index(now)) & (found.tier == TIERS.index(then)))
    before, after = _scores(published, snapshot)[inside].astype(np.int64), found.score[inside]
    order = np.lexsort((snapshot.account_id[inside], -np.maximum(before, after), -np.abs(after - before)))
    places = inside[order[offset : offset + limit]]
    old, new = (_detail(spec, snapshot, tiers, places) for spec in (published, draft))
    return [
        Mover(
            account_id=int(snapshot.account_id[place]),
            score_now=int(old.score[row]) or None,
            score_draft=int(new.score[row]) or None,
            moved=_moved(published, old, draft, new, row),
            recipe=int(new.recipe[row]),
        )
        for row, place in enumerate(places)
    ]


def tiers_now(snapshot: Snapshot, *, table: str = "scoring_score", key: str = "account_id") -> np.ndarray:
    """Places in `rules.TIERS` of the stored scores, for each account of the snapshot (int8); self-serve also without a row.

    Read anew each time, so that it is never behind: only the few accounts above self-serve, by an index that holds no others.
    Rules and hysteresis make no difference between self-serve and no tier yet.
    """
    places = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(TIERS))
    rows = columns.read(
        {"id": (key, "int8"), "tier": (f"CASE tier {places} END", "int2")},
        f"FROM {table} WHERE tier IN ('pqa', 'activate')",
        (),
    )
    tiers = np.full(len(snapshot), SELF_SERVE, dtype=np.int8)
    if len(tiers):
        place = np.searchsorted(snapshot.account_id, rows["id"]).clip(max=len(tiers) - 1)
        is_there = snapshot.account_id[place] == rows["id"]
        tiers[place[is_there]] = rows["tier"][is_there]
    return tiers


def aligned(known: np.ndarray, values: np.ndarray, account_ids: np.ndarray, *, none: int) -> np.ndarray:
    """The values of the known accounts (sorted) in the order of `account_ids`; `none` for those not known."""
    if np.array_equal(known, account_ids):
        return values
    if not len(known):
        return np.full(len(account_ids), none, dtype=values.dtype)
    place = np.searchsorted(known, account_ids).clip(max=len(known) - 1)
    return np.where(known[place] == account_ids, values[place], np.array(none, dtype=values.dtype))


_kept: OrderedDict[tuple[str, Spec], np.ndarray] = OrderedDict()
#: (snapshot, feature, whose) → the values that occur, and how often.
_occurring: OrderedDict[tuple[str, str, tuple[object, ...]], tuple[np.ndarray, np.ndarray]] = OrderedDict()


def _scores(spec: Spec, snapshot: Snapshot) -> np.ndarray:
    """The scores by a spec, int8; kept for the specs that were last asked about."""
    found = _kept.get((snapshot.key, spec))
    return _keep(spec, snapshot, _evaluate(spec, snapshot).score.astype(np.int8)) if found is None else found


def _keep(spec: Spec, snapshot: Snapshot, scores: np.ndarray) -> np.ndarray:
    _kept[snapshot.key, spec] = scores
    while len(_kept) > _KEPT:
        _kept.popitem(last=False)
    return scores


def _evaluate(spec: Spec, snapshot: Snapshot, tiers: np.ndarray | None = None) -> Evaluated:
    return rules.evaluate(
        spec,
        snapshot.features.narrow(),
        evidence=snapshot.evidence,
        tier_before=tiers,
        segment=snapshot.segment,
        detail=False,
    )


def _detail(spec: Spec, snapshot: Snapshot, tiers: np.ndarray, places: np.ndarray) -> Evaluated:
    return rules.evaluate(
        spec,
        snapshot.features.narrow().rows(places),
        evidence=snapshot.evidence[places],
        tier_before=tiers[places],
        segment=snapshot.segment[places],
    )


def _histograms(spec: Spec, now: np.ndarray, found: Evaluated) -> np.ndarray:
    places = len(spec.recipes)
    row = found.recipe.astype(np.int16) * 101 if spec.variants else 0
    both = [np.bincount(row + scores, minlength=places * 101) for scores in (now, found.score)]
    return np.stack(both).reshape(2, places, 101)


def _shares(spec: Spec, snapshot: Snapshot, found: Evaluated) -> tuple[dict[str, float], ...]:
    shares = []
    for place, recipe in enumerate(spec.recipes):
        rows = snapshot.evidence & (found.recipe == place) if spec.variants else snapshot.evidence
        # Who is scored by a recipe is the same as long as its segments are.
        who = (place, *(variant.segments for variant in spec.variants))
        points = {one.key: _given(one, snapshot, rows, who) * one.weight for one in recipe.components}
        whole = sum(points.values())
        shares.append({key: value / whole if whole else 0.0 for key, value in points.items()})
    return tuple(shares)


def _given(component: Component, snapshot: Snapshot, rows: np.ndarray, who: tuple[object, ...]) -> float:
    """The sum of a component over the accounts in `rows`: at each value that occurs, times how often it does."""
    if component.age is not None:  # a value counts by its age as well
        features = snapshot.features.narrow()
        theirs = {name: features[name][rows] for name in (component.feature, component.age)}
        return float(rules.component_at(component, theirs).sum())
    key = (snapshot.key, component.feature, who)
    if key not in _occurring:
        values = snapshot.features.narrow()[component.feature][rows]
        _occurring[key] = np.unique(values, return_counts=True)
        while len(_occurring) > _VALUES_KEPT:
            _occurring.popitem(last=False)
    values, counts = _occurring[key]
    return float(rules.component_at(component, {component.feature: values.astype(np.float64)}) @ counts)


def _moved(old_spec: Spec, old: Evaluated, new_spec: Spec, new: Evaluated, row: int) -> list[tuple[str, int]]:
    """Components that are only in one of both count from or to nothing."""
    labels: dict[str, str] = {}
    gained: dict[str, int] = {}
    for spec, evaluated, sign in ((old_spec, old, -1), (new_spec, new, 1)):
        for place, component in enumerate(spec.recipes[evaluated.recipe[row]].components):
            labels[component.key] = component.label
            gained[component.key] = gained.get(component.key, 0) + sign * int(evaluated.effect[row, place])
    moved = [(labels[key], points) for key, points in gained.items() if points]
    return sorted(moved, key=lambda pair: -abs(pair[1]))
