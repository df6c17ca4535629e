"""What stands in queues, as rows of arrays: n accounts by their ids, then m of their workspaces by theirs.

It follows `playbooks.spaces` for whatever concerns all of them at once: who gives way to whom, who waits, who rests. Where no
definition queues workspaces and none has an item, m is 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from django.utils import timezone

from accounts import columns
from accounts.models import Account, Workspace
from playbooks import faces
from playbooks.models import Motion
from playbooks.models.items import called
from playbooks.verbs import cooling
from scoring import rules
from scoring.before import BUYER_STATES

NOBODY = np.empty(0, dtype=np.int64)
#: SQL of items in somebody's hands, as `spaces.is_held` says it.
HELD = "(state <> 'new' OR returned_from <> '' OR is_audit)::int"


@dataclass(frozen=True)
class Subjects:
    """Both ids sorted. `parent`: the place of each workspace's account among the accounts, int64 m."""

    account_ids: np.ndarray
    workspace_ids: np.ndarray = field(default_factory=lambda: NOBODY)
    parent: np.ndarray = field(default_factory=lambda: NOBODY)

    @property
    def n(self) -> int:
        return len(self.account_ids)

    @property
    def accounts(self) -> np.ndarray:
        """The account of each row, int64 n + m."""
        return np.concatenate([self.account_ids, self.account_ids[self.parent]]) if self.n else self.account_ids

    @property
    def is_space(self) -> np.ndarray:
        return np.arange(self.n + len(self.workspace_ids)) >= self.n

    def rows(self, account_id: np.ndarray, workspace_id: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The row of each of these (workspace 0: the account itself), and whether there is one."""
        of_account, has_account = _places(self.account_ids, account_id)
        of_space, has_space = _places(self.workspace_ids, workspace_id)
        is_space = workspace_id > 0
        return np.where(is_space, self.n + of_space, of_account), np.where(is_space, has_space, has_account)

    def given_way(self, motions: np.ndarray, held: np.ndarray, hands: np.ndarray) -> np.ndarray:
        """The motions (bits, int8 n + m) that rows are routed to, without those in which accounts give way or workspaces wait.

        Of accounts with raised `hands` (bool n) no workspace is routed. `held`: the motions in which somebody has the row's item.
        """
        n, found = self.n, motions.copy()
        if n == len(found):
            return found
        waits = held[:n][self.parent] & ~held[n:]  # somebody has the account's own item, and nobody the workspace's
        found[n:] = np.where(hands[self.parent], np.int8(0), found[n:] & ~waits)
        way = np.zeros(n, dtype=np.int8)
        np.bitwise_or.at(way, self.parent, found[n:] | held[n:])
        found[:n] &= ~np.where(hands, np.int8(0), way & ~held[:n])
        return found

    def without_resting(self, entering: np.ndarray, score: np.ndarray, motion: Motion) -> np.ndarray:
        """Those of them (bool) that no cool-down keeps out. One query, and some more where somebody rests. `score`: 0 for none."""
        now = timezone.now()
        asleep = columns.read(
            {"account_id": ("account_id", "int8"), "workspace_id": ("coalesce(workspace_id, 0)", "int8")},
            "FROM playbooks_queueitem WHERE cool_until > $1",
            [now],
        )
        whole = asleep["account_id"][asleep["workspace_id"] == 0]
        resting = np.isin(self.accounts, whole)
        resting[self.n :] |= np.isin(self.workspace_ids, asleep["workspace_id"])
        rows = np.flatnonzero(entering & resting)
        if not len(rows):
            return entering
        account_ids = np.unique(self.accounts[rows]).tolist()
        spaces = {int(self.workspace_ids[row - self.n]): int(self.accounts[row]) for row in rows if row >= self.n}
        of_accounts, seen = cooling.of_accounts(account_ids, now=now), faces.of_accounts(account_ids, now)
        of_spaces = cooling.of_workspaces(account_ids, now=now) if spaces else {}
        seen_in = faces.of_workspaces(spaces, seen, now) if spaces else {}
        left = entering.copy()
        for row in rows.tolist():
            account = int(self.accounts[row])
            space = int(self.workspace_ids[row - self.n]) if row >= self.n else 0
            rest = cooling.rest_of(of_spaces.get(space, {}) | of_accounts.get(account, {}), motion)
            signals = (seen_in[space] if space else seen[account]).signals
            if rest is not None and not cooling.news_since(rest, signals, int(score[row]) or None):
                left[row] = False
        return left

    def names(self, rows: np.ndarray) -> dict[int, str]:
        """What people call these rows. Two queries, one without workspaces."""
        accounts = Account.objects.in_bulk(np.unique(self.accounts[rows]).tolist())
        ids = self.workspace_ids[rows[rows >= self.n] - self.n].tolist()
        spaces: Mapping[int, Workspace] = Workspace.objects.in_bulk(ids) if ids else {}
        found = {}
        for row in np.unique(rows).tolist():
            account = accounts.get(int(self.accounts[row]))
            space = spaces.get(int(self.workspace_ids[row - self.n])) if row >= self.n else None
            if account is not None:
                found[row] = account.name if space is None else called(space, account)
        return found


@dataclass(frozen=True)
class Spaces:
    """Workspaces of accounts that are known: their places among those, ids, buyer states and segments (places) of the accounts."""

    workspace_id: np.ndarray
    parent: np.ndarray
    buyer_state: np.ndarray
    segment: np.ndarray


def spaces_of(account_ids: np.ndarray, *, among: Collection[int] | np.ndarray | None = None) -> Spaces:
    """Those that have an open item and those `among` these ids, sorted by id; all: none given. One query."""
    buyers = " ".join(f"WHEN '{state}' THEN {place}" for place, state in enumerate(BUYER_STATES))
    segments = " ".join(f"WHEN '{segment}' THEN {place}" for place, segment in enumerate(rules.SEGMENTS))
    told = columns.read(
        {
            "workspace_id": ("w.id", "int8"),
            "account_id": ("w.account_id", "int8"),
            "buyer_state": (f"CASE s.buyer_state {buyers} END", "int2"),
            "segment": (f"CASE s.segment {segments} END", "int2"),
            "has_item": ("(i.workspace_id IS NOT NULL)::int", "int2"),
        },
        "FROM accounts_workspace w JOIN scoring_score s ON s.account_id = w.account_id LEFT JOIN (SELECT DISTINCT workspace_id "
        "FROM playbooks_queueitem WHERE workspace_id IS NOT NULL AND state IN ('new', 'claimed', 'snoozed')) i "
        "ON i.workspace_id = w.id",
    )
    place, known = _places(account_ids, told["account_id"])
    if among is not None:
        known = known & ((told["has_item"] == 1) | np.isin(told["workspace_id"], np.asarray(among, dtype=np.int64)))
    kept = np.flatnonzero(known)
    kept = kept[np.argsort(told["workspace_id"][kept], kind="stable")]
    return Spaces(told["workspace_id"][kept], place[kept], told["buyer_state"][kept], told["segment"][kept])


def bits(of_motions: Collection[np.ndarray]) -> np.ndarray:
    """Of bool arrays in the order of `MOTIONS`: int8."""
    found = np.zeros(len(next(iter(of_motions))), dtype=np.int8)
    for place, where in enumerate(of_motions):
        found |= where.astype(np.int8) << np.int8(place)
    return found


def _places(known: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(known):
        return np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=bool)
    place = np.searchsorted(known, ids).clip(max=len(known) - 1)
    return place, known[place] == ids
