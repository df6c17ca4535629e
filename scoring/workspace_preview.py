"""What a draft would do to every workspace: the accounts' preview, over the features of workspaces and the tiers that they have."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from scoring import matrices, preview, rules, workspaces
from scoring.matrices import Snapshot
from scoring.preview import Effect, Mover
from scoring.rules import Spec

#: Seconds for which the tiers are taken as they were read, while no full run comes between.
TIERS_FOR = 15.0

#: The newest snapshot's key → when they were read, and the tiers.
_tiers: dict[str, tuple[float, np.ndarray]] = {}


def compare(draft: Spec, published: Spec) -> Effect | None:
    """As `preview.compare`, where an account is a workspace; none when the draft does not score workspaces.

    Where the version in force does not, none has a score now, and their tier counts as self-serve.
    """
    recipe, in_force = draft.for_workspaces, published.for_workspaces
    if recipe is None or not workspaces.are_scored(draft):
        return None
    snapshot = matrices.latest_of_workspaces()
    effect = preview.compare(recipe, in_force or recipe, snapshot=snapshot, tiers=tiers_now(snapshot))
    if in_force is not None:
        return effect
    nobody = np.zeros_like(effect.histogram_now)
    nobody[rules.NO_SCORE] = len(snapshot)
    histograms = effect.histograms_of_recipes.copy()
    histograms[0, 0] = nobody
    return replace(effect, histogram_now=nobody, histograms_of_recipes=histograms)


def movers(draft: Spec, published: Spec, *, now: str, then: str, limit: int = 50, offset: int = 0) -> list[Mover]:
    """As `preview.movers`, with the ids of workspaces; by a first recipe, nothing moved them, and the highest come first."""
    recipe, in_force = draft.for_workspaces, published.for_workspaces
    if recipe is None or not workspaces.are_scored(draft):
        return []
    snapshot = matrices.latest_of_workspaces()
    found = preview.movers(
        recipe,
        in_force or recipe,
        snapshot=snapshot,
        tiers=tiers_now(snapshot),
        now=now,
        then=then,
        limit=limit,
        offset=offset,
    )
    return found if in_force is not None else [replace(mover, score_now=None, moved=[]) for mover in found]


def tiers_now(snapshot: Snapshot) -> np.ndarray:
    """Places in `rules.TIERS` of the stored scores, for each workspace of the snapshot; −1 without a row."""
    known = _tiers.get(snapshot.key)
    if known is not None and time.monotonic() - known[0] < TIERS_FOR:
        return known[1]
    tiers = workspaces.read().of(snapshot.account_id).tier.astype(np.int8)
    _tiers.clear()
    _tiers[snapshot.key] = (time.monotonic(), tiers)
    return tiers
