"""What a definition makes of workspaces in the queues: which rows they are beside accounts, their motions, what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from playbooks import routing
from playbooks.array_routing import bare_sign_ups, motions_of
from playbooks.models import QueueItem
from playbooks.subjects import Spaces, Subjects, spaces_of
from scoring import rules, workspace_preview, workspaces
from scoring.matrices import Snapshot

type Table = Mapping[tuple[str, str, str], routing.Cell]


@dataclass(frozen=True)
class Standing:
    """One motion: items of workspaces now and then, and what happens to how many: claimed ones stay, marked."""

    motion: str
    label: str
    items_now: int
    items_then: int
    entering: int
    leaving: int
    marked: int
    unmarked: int

    @property
    def is_nothing(self) -> bool:
        return not (self.entering or self.leaving or self.marked or self.unmarked)


@dataclass(frozen=True)
class Queued:
    """The rows of workspaces; none where neither definition queues them and none has an item. `place`: of each its place in the
    `snapshot` of workspaces, −1 where it is not there."""

    spaces: Spaces
    snapshot: Snapshot | None
    place: np.ndarray

    def subjects(self, account_ids: np.ndarray) -> Subjects:
        return Subjects(account_ids, self.spaces.workspace_id, self.spaces.parent)

    def motions(self, spec: rules.Spec, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """Scores and the motions (bits) that this definition routes each to; 0 where it does not queue workspaces."""
        m = len(self.place)
        score, bits = np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int8)
        recipe, snapshot = spec.for_workspaces, self.snapshot
        if recipe is None or snapshot is None or not _queues(spec):
            return score, bits
        found = rules.evaluate(
            recipe,
            snapshot.features.narrow(),
            evidence=snapshot.evidence,
            tier_before=workspace_preview.tiers_now(snapshot),
            detail=False,
        )
        known = np.flatnonzero(self.place >= 0)
        place = self.place[known]
        routed = motions_of(
            table,
            tier=found.tier[place],
            buyer_state=self.spaces.buyer_state[known],
            segment=self.spaces.segment[known],
            hands=np.zeros(len(known), dtype=bool),
            bare=bare_sign_ups(
                score=found.score[place],
                active_users=snapshot.features["active_users_28"][place],
                weekly_active_days=snapshot.features["weekly_active_days"][place],
            ),
        )
        score[known] = found.score[place]
        bits[known] = np.where(found.tier[place] == rules.SELF_SERVE, np.int8(0), routed)
        return score, bits


def of(specs: tuple[rules.Spec, rules.Spec], account_ids: np.ndarray) -> Queued:
    """The workspaces that either of two definitions may queue, and those with an item. Two queries at most."""
    nothing = np.empty(0, dtype=np.int64)
    if any(_queues(spec) for spec in specs):
        snapshot = workspace_preview.newest()
        spaces = spaces_of(account_ids, among=snapshot.account_id)
        ids = np.asarray(snapshot.account_id)
        place = np.searchsorted(ids, spaces.workspace_id).clip(max=max(len(ids) - 1, 0))
        there = ids[place] == spaces.workspace_id if len(ids) else np.zeros(len(place), dtype=bool)
        return Queued(spaces, snapshot, np.where(there, place, -1))
    if QueueItem.objects.open().filter(workspace__isnull=False).exists():
        spaces = spaces_of(account_ids, among=nothing)
        return Queued(spaces, None, np.full(len(spaces.workspace_id), -1))
    return Queued(Spaces(nothing, nothing, nothing, nothing), None, nothing)


def _queues(spec: rules.Spec) -> bool:
    return spec.queues_workspaces and workspaces.are_scored(spec)
