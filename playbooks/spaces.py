"""Workspaces in the queues, where the definition in force says so.

A workspace that qualifies by the recipe for workspaces stands in the queue as an item of its own, routed by its tier and by the
buyer and the segment of its account. How its items and its account's live together:

- in a motion where a workspace qualifies, the account's own item gives way: while nobody has it, it leaves;
- while somebody has the account's own item, or it came by hand or as an audit, no workspace of it enters that motion anew: two
  people would call one company. Items of workspaces that are there stay;
- a raised hand is the account's: it goes to sales' fast lane as one item, and the workspaces wait;
- a workspace rests by what was closed for itself, and by what was closed for its account.

When the definition queues workspaces no more, their items leave, marked where somebody has them, and the account's come back.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from playbooks import routing
from playbooks.models import QueueItem
from playbooks.verbs import cooling
from playbooks.verbs.cooling import Rest
from playbooks.verbs.transitions import OWNED
from scoring import definitions
from scoring.breakdown import features_of
from scoring.models import Score, Tier, WorkspaceScore

HOT = (Tier.PQA, Tier.ACTIVATE)

type Items = dict[str, QueueItem]


@dataclass(frozen=True)
class Standing:
    """A workspace as routing looks at an account's `Score`: its own score and tier, the buyer and the segment of the account.

    There is no history of workspaces, so it is always as a week ago.
    """

    row: WorkspaceScore
    buyer_state: str
    segment: str
    delta: None = None
    hand_raised_at: None = None

    @property
    def score(self) -> int | None:
        return self.row.score

    @property
    def tier(self) -> str:
        return self.row.tier

    @property
    def tier_reason(self) -> str:
        return self.row.tier_reason

    @property
    def scored_at(self) -> dt.datetime:
        return self.row.scored_at

    @property
    def feature_values(self) -> list[float]:
        return self.row.feature_values

    @property
    def contributions(self) -> list[dict[str, Any]]:
        return self.row.contributions

    @property
    def week_ago(self) -> list[dict[str, Any]]:
        return self.row.contributions

    @property
    def week_ago_score(self) -> int | None:
        return self.row.score

    def feature(self, key: str) -> float | None:
        return features_of(self.row.feature_values).get(key)


@dataclass
class Spaces:
    """The workspaces of a batch of accounts: standings by account and workspace, their open items by motion, and why they rest."""

    standings: dict[int, dict[int, Standing]] = field(default_factory=dict)
    items: dict[int, dict[int, Items]] = field(default_factory=dict)
    rests: dict[int, dict[str, Rest]] = field(default_factory=dict)
    are_queued: bool = False

    def ids(self, account_id: int) -> list[int]:
        """Those to be routed, in a steady order."""
        return sorted({*self.standings.get(account_id, ()), *self.items.get(account_id, ())})


def take(item: QueueItem, spaces: Spaces) -> bool:
    """Keeps an open item that is a workspace's; false for one of a whole account."""
    if item.workspace_id is None:
        return False
    spaces.items.setdefault(item.account_id, {}).setdefault(item.workspace_id, {})[item.motion] = item
    return True


def read(spaces: Spaces, account_ids: Collection[int], now: dt.datetime) -> None:
    """Reads the standings of these accounts' workspaces that qualify or have an item. Four queries, or one where none is queued."""
    spaces.are_queued = definitions.spec_of(definitions.published()).queues_workspaces
    if not spaces.are_queued or not account_ids:
        return
    with_items = [workspace for found in spaces.items.values() for workspace in found]
    rows = WorkspaceScore.objects.filter(
        Q(tier__in=HOT) | Q(workspace__in=with_items), workspace__account__in=account_ids
    )
    found: dict[int, list[WorkspaceScore]] = defaultdict(list)
    for row in rows.select_related("workspace", "definition"):
        found[row.workspace.account_id or 0].append(row)
    if not found:
        return
    told = Score.objects.filter(account__in=found, account__merged_into=None)
    for account_id, buyer_state, segment in told.values_list("account_id", "buyer_state", "segment"):
        spaces.standings[account_id] = {
            row.workspace_id: Standing(row, buyer_state, segment) for row in found[account_id]
        }
    spaces.rests = cooling.of_workspaces(found, now=now)


def route(standing: Standing, table: Mapping[tuple[str, str, str], routing.Cell]) -> routing.Route:
    """Where a workspace goes: by its own tier and usage, and by its account's buyer and segment."""
    return routing.route(
        tier=standing.tier,
        buyer_state=standing.buyer_state,
        segment=standing.segment,
        hand_raised=False,
        is_bare=routing.is_bare_sign_up(
            score=standing.score,
            active_users=standing.feature("active_users_28"),
            weekly_active_days=standing.feature("weekly_active_days"),
        ),
        table=table,
    )


def given_way(routes: Mapping[int, routing.Route], own: Mapping[str, QueueItem]) -> set[str]:
    """The motions in which the account's own item gives way to those of its workspaces. `routes`: by workspace."""
    return {motion for found in routes.values() for motion in found.motions} - waiting(own)


def waiting(own: Mapping[str, QueueItem]) -> set[str]:
    """The motions in which no workspace enters anew, since the account's own item is in somebody's hands."""
    return {motion for motion, item in own.items() if _is_held(item)}


def _is_held(item: QueueItem) -> bool:
    return item.state in OWNED or bool(item.returned_from) or item.is_audit


def why_given_way() -> str:
    return _("Its workspaces stand in the queue")


def why_left(*, are_queued: bool, hand_raised: bool) -> str:
    """Why a workspace that has no route now leaves; empty: by its score."""
    if not are_queued:
        return _("Workspaces stand in the queue no more")
    return _("The account raised a hand and stands for it") if hand_raised else ""
