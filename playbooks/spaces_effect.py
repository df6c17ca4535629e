"""What a definition makes of workspaces in the queues: how many stand in each, and which accounts give way to theirs. Over arrays.

It follows `playbooks.spaces` for workspaces without an item: cool-downs are not looked at, as nowhere in the effect of a draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from django.db.models import Count

from accounts import columns
from playbooks import routing
from playbooks.array_routing import MOTIONS, bare_sign_ups, motions_of
from playbooks.models import QueueItem
from scoring import rules, workspace_preview, workspaces
from scoring.before import BUYER_STATES
from scoring.matrices import Snapshot

type Table = Mapping[tuple[str, str, str], routing.Cell]


@dataclass(frozen=True)
class Queued:
    """Workspaces that a definition puts into each motion, and bits of the motions in which each account gives way, int8 n."""

    standing: list[int]
    way: np.ndarray


@dataclass(frozen=True)
class Standing:
    """One motion: items of workspaces now and then."""

    motion: str
    label: str
    items_now: int
    items_then: int


def queued(spec: rules.Spec, *, account_ids: np.ndarray, hands: np.ndarray, held: np.ndarray, table: Table) -> Queued:
    """Nobody gives way where no workspace is queued. `account_ids`: sorted, n; `hands`: raised ones, bool n; `held`: bits of the
    motions in which somebody has the account's own item, int8 n: there its workspaces wait. One query."""
    nothing = Queued([0] * len(MOTIONS), np.zeros(len(account_ids), dtype=np.int8))
    recipe = spec.for_workspaces
    if recipe is None or not spec.queues_workspaces or not workspaces.are_scored(spec) or not len(account_ids):
        return nothing
    snapshot = workspace_preview.newest()
    if not len(snapshot):
        return nothing
    row, buyer_state, segment, known = _of_accounts(snapshot, account_ids)
    found = rules.evaluate(
        recipe,
        snapshot.features.narrow(),
        evidence=snapshot.evidence,
        tier_before=workspace_preview.tiers_now(snapshot),
        detail=False,
    )
    bits = motions_of(
        table,
        tier=found.tier,
        buyer_state=buyer_state,
        segment=segment,
        hands=np.zeros(len(row), dtype=bool),
        bare=bare_sign_ups(
            score=found.score,
            active_users=snapshot.features["active_users_28"],
            weekly_active_days=snapshot.features["weekly_active_days"],
        ),
    )
    bits = np.where(known & ~hands[row], bits & ~held[row], np.int8(0))
    way = nothing.way.copy()
    np.bitwise_or.at(way, row, bits)
    return Queued([int((bits >> place & 1).sum()) for place in range(len(MOTIONS))], way)


def _of_accounts(snapshot: Snapshot, account_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each workspace: the place of its account, that one's buyer state and segment as places, and whether it is known at all."""
    buyers = " ".join(f"WHEN '{state}' THEN {place}" for place, state in enumerate(BUYER_STATES))
    segments = " ".join(f"WHEN '{segment}' THEN {place}" for place, segment in enumerate(rules.SEGMENTS))
    told = columns.read(
        {
            "workspace_id": ("w.id", "int8"),
            "account_id": ("w.account_id", "int8"),
            "buyer_state": (f"CASE s.buyer_state {buyers} END", "int2"),
            "segment": (f"CASE s.segment {segments} END", "int2"),
        },
        "FROM accounts_workspace w JOIN scoring_score s ON s.account_id = w.account_id ",
    )
    n = len(snapshot)
    if not len(told["workspace_id"]):
        nothing = np.zeros(n, dtype=np.int64)
        return nothing, nothing, nothing, np.zeros(n, dtype=bool)
    order = np.argsort(told["workspace_id"], kind="stable")
    ids = told["workspace_id"][order]
    place = np.searchsorted(ids, snapshot.account_id).clip(max=len(ids) - 1)
    is_there = ids[place] == snapshot.account_id
    accounts = told["account_id"][order][place]
    row = np.searchsorted(account_ids, accounts).clip(max=len(account_ids) - 1)
    known = is_there & (account_ids[row] == accounts)
    return row, told["buyer_state"][order][place], told["segment"][order][place], known


def standing(now: Queued, then: Queued) -> list[Standing]:
    """By motion, what stands there now as it is, and by the draft; empty when neither definition queues workspaces. One query."""
    if not (any(now.standing) or any(then.standing)):
        return []
    rows = QueueItem.objects.open().filter(workspace__isnull=False).values_list("motion").annotate(n=Count("pk"))
    there = dict(rows.order_by())
    return [
        Standing(motion.value, str(motion.label), there.get(motion.value, 0), number)
        for motion, number in zip(MOTIONS, then.standing, strict=True)
    ]
