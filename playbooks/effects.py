"""What publishing a draft would do to the queues: items that enter and leave, and claimed ones that get a mark.

The draft and the definition in force are evaluated over the newest snapshot and routed by the table in force; what differs is the
draft's doing, and what happened since the snapshot is not. Then one query says which items there are: an account enters a queue
that it is not in, and leaves one that it is in. Nothing is written.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from accounts import columns
from accounts.models import Account, Member
from playbooks import queue, routing, spaces_effect
from playbooks.array_routing import MOTIONS, bare_sign_ups, motions_of
from scoring import definitions, matrices, preview, rules, signals
from scoring.matrices import Snapshot

#: Accounts that are named for each motion and outcome.
SHOWN = 50
NEW, CLAIMED, MARKED = 1, 2, 3


@dataclass(frozen=True)
class Line:
    """An account, named as an example. Scores are none without usage; `owner` is the name of who claimed its item."""

    account_id: int
    name: str
    score_now: int | None
    score_draft: int | None
    tier_now: str
    tier_draft: str
    owner: str = ""


@dataclass(frozen=True)
class MotionEffects:
    """One queue: how many items it has now and then, how many enter and leave, how many claimed ones get a mark or lose it.

    `enter`, `leave` and `mark` name up to `SHOWN` accounts each, the highest scores first.
    """

    motion: str
    label: str
    items_now: int
    items_then: int
    entering: int
    leaving: int
    marked: int
    unmarked: int
    enter: list[Line]
    leave: list[Line]
    mark: list[Line]


@dataclass(frozen=True)
class Effects:
    """All queues, as of the snapshot's day. `spaces`: items of workspaces, where either definition puts them into the queues."""

    as_of: dt.date
    made_at: dt.datetime
    motions: list[MotionEffects]
    milliseconds: float
    spaces: list[spaces_effect.Standing] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        """Whether every queue stays as it is."""
        if any(one.items_now != one.items_then for one in self.spaces):
            return False
        return not any(one.entering or one.leaving or one.marked or one.unmarked for one in self.motions)


@dataclass(frozen=True)
class _Side:
    """One definition over the snapshot: scores, tiers, and the motions of each account as bits in the order of `MOTIONS`."""

    score: np.ndarray
    tier: np.ndarray
    motions: np.ndarray


@dataclass(frozen=True)
class _Queue:
    """One motion's open items by account: `state` 0 (none), NEW, CLAIMED or MARKED (claimed, with a mark); `owner`: their ids."""

    items: int
    state: np.ndarray
    owner: np.ndarray


def of(draft: rules.Spec, *, published: rules.Spec | None = None, snapshot: Snapshot | None = None) -> Effects:
    """What the draft would do. The number of queries does not depend on the number of accounts."""
    started = time.perf_counter()
    snapshot = snapshot or matrices.latest()
    published = published or definitions.spec_of(definitions.published())
    tiers = preview.tiers_now(snapshot)
    raised = np.fromiter(signals.hand_raises(None, as_of=snapshot.as_of), dtype=np.int64)
    hands = np.isin(snapshot.account_id, raised)
    table = queue.table()
    now, then = (_side(spec, snapshot, tiers, hands, table) for spec in (published, draft))
    queues = _queues(snapshot.account_id)
    held = sum(
        ((own.state >= CLAIMED).astype(np.int8) << place for place, own in enumerate(queues)),
        np.zeros(len(snapshot), dtype=np.int8),
    )
    ways = [
        spaces_effect.queued(spec, account_ids=snapshot.account_id, hands=hands, held=held, table=table)
        for spec in (published, draft)
    ]
    # An account gives way to its workspaces, unless somebody has its own item.
    now, then = (
        replace(side, motions=side.motions & ~queued.way) for side, queued in zip((now, then), ways, strict=True)
    )
    found = []
    for bit, own in enumerate(queues):
        was, is_wanted = (now.motions >> bit & 1) == 1, (then.motions >> bit & 1) == 1
        lost, won = was & ~is_wanted, is_wanted & ~was
        rows = {
            "enter": won & (own.state == 0),
            "leave": lost & (own.state == NEW),
            "mark": lost & (own.state == CLAIMED),
            "unmark": won & (own.state == MARKED),
        }
        found.append({name: np.flatnonzero(these) for name, these in rows.items()})
    shown = [{name: _first(rows, now, then) for name, rows in one.items() if name != "unmark"} for one in found]
    names = _names(snapshot.account_id[np.concatenate([rows for one in shown for rows in one.values()])])
    owners = _owners([own.owner[one["mark"]] for own, one in zip(queues, shown, strict=True)])

    def lines(rows: np.ndarray, own: _Queue) -> list[Line]:
        return [
            Line(
                account_id=int(snapshot.account_id[row]),
                name=names.get(int(snapshot.account_id[row]), ""),
                score_now=int(now.score[row]) or None,
                score_draft=int(then.score[row]) or None,
                tier_now=rules.TIERS[now.tier[row]],
                tier_draft=rules.TIERS[then.tier[row]],
                owner=owners.get(int(own.owner[row]), ""),
            )
            for row in rows
        ]

    motions = [
        MotionEffects(
            motion=motion.value,
            label=str(motion.label),
            items_now=own.items,
            items_then=own.items + len(all_["enter"]) - len(all_["leave"]),
            entering=len(all_["enter"]),
            leaving=len(all_["leave"]),
            marked=len(all_["mark"]),
            unmarked=len(all_["unmark"]),
            **{name: lines(rows, own) for name, rows in some.items()},
        )
        for motion, own, all_, some in zip(MOTIONS, queues, found, shown, strict=True)
    ]
    return Effects(
        as_of=snapshot.as_of,
        made_at=snapshot.made_at,
        motions=motions,
        milliseconds=(time.perf_counter() - started) * 1000,
        spaces=spaces_effect.standing(*ways),
    )


def _side(
    spec: rules.Spec,
    snapshot: Snapshot,
    tiers: np.ndarray,
    hands: np.ndarray,
    table: Mapping[tuple[str, str, str], routing.Cell],
) -> _Side:
    found = rules.evaluate(
        spec,
        snapshot.features.narrow(),
        evidence=snapshot.evidence,
        tier_before=tiers,
        segment=snapshot.segment,
        detail=False,
    )
    motions = motions_of(
        table,
        tier=found.tier,
        buyer_state=snapshot.buyer_state,
        segment=snapshot.segment,
        hands=hands,
        bare=bare_sign_ups(
            score=found.score,
            active_users=snapshot.features["active_users_28"],
            weekly_active_days=snapshot.features["weekly_active_days"],
        ),
    )
    return _Side(found.score, found.tier, motions)


def _queues(account_ids: np.ndarray) -> list[_Queue]:
    """The open items of each motion by account, without those of workspaces. One query."""
    motion = " ".join(f"WHEN '{motion.value}' THEN {place}" for place, motion in enumerate(MOTIONS))
    items = columns.read(
        {
            "account_id": ("account_id", "int8"),
            "motion": (f"CASE motion {motion} ELSE -1 END", "int2"),
            "owner_id": ("coalesce(owner_id, 0)", "int8"),
            "state": (
                f"CASE WHEN state = 'new' THEN {NEW} WHEN mark = '' THEN {CLAIMED} ELSE {MARKED} END",
                "int2",
            ),
        },
        "FROM playbooks_queueitem WHERE state IN ('new', 'claimed', 'snoozed') AND workspace_id IS NULL",
    )
    queues = []
    for place in range(len(MOTIONS)):
        mine = np.flatnonzero(items["motion"] == place)
        state = np.zeros(len(account_ids), dtype=np.int8)
        owner = np.zeros(len(account_ids), dtype=np.int64)
        if len(account_ids):
            row = np.searchsorted(account_ids, items["account_id"][mine]).clip(max=len(account_ids) - 1)
            known = account_ids[row] == items["account_id"][mine]
            state[row[known]] = items["state"][mine][known]
            owner[row[known]] = items["owner_id"][mine][known]
        queues.append(_Queue(len(mine), state, owner))
    return queues


def _first(rows: np.ndarray, now: _Side, then: _Side) -> np.ndarray:
    """The rows that are shown: the highest scores first, now or by the draft, whichever is higher."""
    highest = np.maximum(now.score[rows], then.score[rows])
    return rows[np.argsort(-highest, kind="stable")[:SHOWN]]


def _names(account_ids: np.ndarray) -> dict[int, str]:
    wanted = Account.objects.filter(pk__in=np.unique(account_ids).tolist())
    return dict(wanted.values_list("pk", "name"))


def _owners(ids: list[np.ndarray]) -> dict[int, str]:
    wanted = np.unique(np.concatenate(ids)).tolist()
    return {member.pk: str(member) for member in Member.objects.filter(pk__in=wanted)} if wanted else {}
