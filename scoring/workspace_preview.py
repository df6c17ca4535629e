"""What a draft would do to every workspace: the accounts' preview, over the features of workspaces and the tiers that they have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoring import matrices, preview, rules, workspaces
from scoring.matrices import Snapshot
from scoring.preview import Effect, Mover
from scoring.rules import Spec


def newest() -> Snapshot:
    """The features of workspaces; of nobody while they cannot be computed."""
    return matrices.at_hand(matrices.latest_of_workspaces)


def compare(draft: Spec, published: Spec) -> Effect | None:
    """As `preview.compare`, where an account is a workspace; none when the draft does not score workspaces.

    Where the version in force does not, none has a score now, and their tier counts as self-serve.
    """
    recipe, in_force = draft.for_workspaces, published.for_workspaces
    if recipe is None or not workspaces.are_scored(draft):
        return None
    snapshot = newest()
    # Where nobody has a score now, the accounts' recipe stands in: it stays the same from one keystroke to the next.
    effect = preview.compare(recipe, in_force or published, snapshot=snapshot, tiers=tiers_now(snapshot))
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
    snapshot = newest()
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
    """As `preview.tiers_now`."""
    return preview.tiers_now(snapshot, table=workspaces.TABLE, key="workspace_id")
