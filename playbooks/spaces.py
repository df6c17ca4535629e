"""Workspaces in the queues, where the definition in force says so.

A workspace that qualifies by the recipe for workspaces stands in the queue as an item of its own, routed by its tier and by the
buyer and the segment of its account. How its items and its account's live together:

- in a motion where a workspace qualifies, the account's own item gives way: while nobody has it, it leaves;
- while somebody has the account's own item, or it came by hand or as an audit, no workspace of it stands in that motion: two people
  would call one company. Items of workspaces that somebody has stay;
- it gives way as well while somebody has the item of a workspace, also of one that does not qualify any more;
- a raised hand is the account's: it goes to sales' fast lane as one item, and the workspaces wait;
- a workspace rests by what was closed for itself, and by what was closed for its account.

When the definition queues workspaces no more, their items leave, marked where somebody has them; the account's come back where
nobody has one of a workspace, and else when that one is closed or released.
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
from playbooks.faces import Face
from playbooks.models import QueueItem
from playbooks.verbs import cooling
from playbooks.verbs.cooling import Rest
from playbooks.verbs.transitions import OWNED
from scoring import definitions, rules, workspaces
from scoring.breakdown import recipe_of
from scoring.models import Score, Segment, Tier, WorkspaceScore

HOT = (Tier.PQA, Tier.ACTIVATE)

type Items = dict[str, QueueItem]


@dataclass(frozen=True)
class Standing:
    """A workspace as routing and pages look at a `Score`: its own score and reasons; buyer and segment of its account."""

    row: WorkspaceScore
    buyer_state: str
    segment: str
    hand_raised_at: dt.datetime | None = None

    @property
    def score(self) -> int | None:
        return self.row.score

    @property
    def delta(self) -> int | None:
        return self.row.delta

    @property
    def tier(self) -> str:
        return self.row.tier

    @property
    def tier_reason(self) -> str:
        return self.row.tier_reason

    @property
    def tier_since(self) -> dt.datetime:
        return self.row.tier_since or self.row.scored_at

    @property
    def scored_at(self) -> dt.datetime:
        return self.row.scored_at

    @property
    def definition_id(self) -> int:
        return self.row.definition_id

    @property
    def feature_values(self) -> list[float]:
        return self.row.feature_values

    @property
    def effects(self) -> list[int]:
        return self.row.effects

    @property
    def features(self) -> dict[str, float | None]:
        return self.row.features

    @property
    def contributions(self) -> list[dict[str, Any]]:
        return self.row.contributions

    @property
    def week_ago(self) -> list[dict[str, Any]]:
        return self.row.week_ago

    @property
    def week_ago_score(self) -> int | None:
        return self.row.week_ago_score

    @property
    def recipe(self) -> rules.Recipe:
        """What of the definition scored it."""
        return recipe_of(self.row)

    def get_tier_display(self) -> str:
        return str(Tier(self.tier).label)

    def get_segment_display(self) -> str:
        return str(Segment(self.segment).label)


type Rated = Score | Standing


def rated(item: QueueItem, score: Score | None = None) -> Rated | None:
    """The engine's word on what an item is about: the account's score, or the workspace's. None: not scored (any more).

    One query for a workspace; one for the account unless its `score` is given.
    """
    if score is None:
        score = Score.objects.filter(pk=item.account_id).select_related("definition").first()
    if item.workspace_id is None:
        return score
    row = WorkspaceScore.objects.filter(pk=item.workspace_id).select_related("definition").first()
    if row is None:
        return None
    if score is None:
        return Standing(row, item.buyer_state, item.segment)
    return Standing(row, score.buyer_state, score.segment)


def rated_of(items: Collection[QueueItem], scores: Mapping[int, Score]) -> dict[int, Rated]:
    """The same of several items by their ids, with the scores of their accounts. One query where any is a workspace's."""
    ids = {item.workspace_id for item in items if item.workspace_id is not None}
    rows = WorkspaceScore.objects.select_related("definition").in_bulk(ids) if ids else {}
    found: dict[int, Rated] = {}
    for item in items:
        score = scores.get(item.account_id)
        if item.workspace_id is None and score is not None:
            found[item.pk] = score
        elif item.workspace_id in rows:
            of = score or item
            found[item.pk] = Standing(rows[item.workspace_id], of.buyer_state, of.segment)
    return found


@dataclass
class Spaces:
    """The workspaces of a batch of accounts: standings by account and workspace, their open items by motion; faces and rests by
    their own ids."""

    standings: dict[int, dict[int, Standing]] = field(default_factory=dict)
    faces: dict[int, Face] = field(default_factory=dict)
    items: dict[int, dict[int, Items]] = field(default_factory=dict)
    rests: dict[int, dict[str, Rest]] = field(default_factory=dict)
    are_queued: bool = False

    def accounts(self) -> dict[int, int]:
        """Every workspace that is known here, with its account."""
        known = (self.standings, self.items)
        return {space: account for of in known for account, spaces in of.items() for space in spaces}

    def ids(self, account_id: int) -> list[int]:
        """Those to be routed, in a steady order."""
        return sorted({*self.standings.get(account_id, ()), *self.items.get(account_id, ())})


def take(item: QueueItem, spaces: Spaces) -> bool:
    """Keeps an open item that is a workspace's; false for one of a whole account."""
    if item.workspace_id is None:
        return False
    spaces.items.setdefault(item.account_id, {}).setdefault(item.workspace_id, {})[item.motion] = item
    return True


def are_queued() -> bool:
    """Whether workspaces stand in the queues by the definition in force. One query."""
    spec = definitions.spec_of(definitions.published())
    return spec.queues_workspaces and workspaces.are_scored(spec)


def read(spaces: Spaces, account_ids: Collection[int], now: dt.datetime) -> None:
    """Reads the standings of these accounts' workspaces that qualify or have an item. Three queries, none where none is queued."""
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
    """Where a workspace goes: by its own tier and usage, and by its account's buyer and segment; below both tiers nowhere."""
    if standing.tier not in HOT:
        return routing.Route(())
    return routing.route(
        tier=standing.tier,
        buyer_state=standing.buyer_state,
        segment=standing.segment,
        hand_raised=False,
        is_bare=routing.is_bare_sign_up(
            score=standing.score,
            active_users=standing.features.get("active_users_28"),
            weekly_active_days=standing.features.get("weekly_active_days"),
        ),
        table=table,
    )


def given_way(
    routes: Mapping[int, routing.Route], own: Mapping[str, QueueItem], items: Mapping[int, Items], *, hand_raised: bool
) -> set[str]:
    """The motions in which the account's own item gives way to those of its workspaces. `routes`, `items`: by workspace."""
    if hand_raised:
        return set()
    routed = {motion for found in routes.values() for motion in found.motions}
    return (routed | {motion for of_one in items.values() for motion in waiting(of_one)}) - waiting(own)


def waiting(own: Mapping[str, QueueItem]) -> set[str]:
    """The motions in which items are in somebody's hands: the account's own, so that no workspace enters anew, or a workspace's."""
    return {motion for motion, item in own.items() if is_held(item)}


def is_held(item: QueueItem) -> bool:
    return item.state in OWNED or bool(item.returned_from) or item.is_audit


def why_given_way() -> str:
    return _("Its workspaces stand in the queue")


def why_waiting() -> str:
    return _("Somebody works on its account")


def why_left(*, are_queued: bool, hand_raised: bool) -> str:
    """Why a workspace that has no route now leaves; empty: by its score."""
    if not are_queued:
        return _("Workspaces stand in the queue no more")
    return _("The account raised a hand and stands for it") if hand_raised else ""
