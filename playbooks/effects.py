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
from accounts.models import Member
from playbooks import queue, routing, spaces_effect
from playbooks.array_routing import MOTIONS, bare_sign_ups, motions_of
from playbooks.subjects import HELD, Subjects, bits
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
        if not all(one.is_nothing for one in self.spaces):
            return False
        return not any(one.entering or one.leaving or one.marked or one.unmarked for one in self.motions)


@dataclass(frozen=True)
class _Side:
    """One definition over the snapshot: scores and motions (bits in the order of `MOTIONS`) of each row, tiers of accounts."""

    score: np.ndarray
    tier: np.ndarray
    motions: np.ndarray


@dataclass(frozen=True)
class _Queue:
    """One motion's open items by row: `state` 0 (none), NEW, CLAIMED or MARKED (claimed, with a mark); `owner`: their ids.

    `items` of accounts, `of_spaces` of workspaces; `held`: in somebody's hands; `stays`: came by hand or as an audit.
    """

    items: int
    of_spaces: int
    state: np.ndarray
    owner: np.ndarray
    held: np.ndarray
    stays: np.ndarray


def of(draft: rules.Spec, *, published: rules.Spec | None = None, snapshot: Snapshot | None = None) -> Effects:
    """What the draft would do. The number of queries does not depend on the number of accounts."""
    started = time.perf_counter()
    snapshot = snapshot or matrices.latest()
    published = published or definitions.spec_of(definitions.published())
    tiers = preview.tiers_now(snapshot)
    raised = np.fromiter(signals.hand_raises(None, as_of=snapshot.as_of), dtype=np.int64)
    hands = np.isin(snapshot.account_id, raised)
    table = queue.table()
    queued = spaces_effect.of((published, draft), snapshot.account_id)
    subjects = queued.subjects(snapshot.account_id)
    queues = _queues(subjects)
    held = bits([own.held for own in queues])
    now, then = (_side(spec, snapshot, tiers, hands, table, queued) for spec in (published, draft))
    # An account gives way to its workspaces, unless somebody has its own item.
    now, then = (replace(side, motions=subjects.given_way(side.motions, held, hands)) for side in (now, then))
    found = []
    for bit, own in enumerate(queues):
        was, is_wanted = (now.motions >> bit & 1) == 1, (then.motions >> bit & 1) == 1
        lost, won = was & ~is_wanted & ~own.stays, is_wanted & ~was
        entering = won & (own.state == 0)
        rows = {
            "enter": subjects.without_resting(entering, then.score, MOTIONS[bit]),
            "leave": lost & (own.state == NEW),
            "mark": lost & (own.state == CLAIMED),
            "unmark": won & (own.state == MARKED),
        }
        found.append({name: np.flatnonzero(these) for name, these in rows.items()})
    of_spaces = [_standing(own, all_, subjects, bit) for bit, (own, all_) in enumerate(zip(queues, found, strict=True))]
    found = [{name: rows[rows < subjects.n] for name, rows in one.items()} for one in found]
    shown = [{name: _first(rows, now, then) for name, rows in one.items() if name != "unmark"} for one in found]
    names = subjects.names(np.concatenate([rows for one in shown for rows in one.values()]))
    owners = _owners([own.owner[one["mark"]] for own, one in zip(queues, shown, strict=True)])

    def lines(rows: np.ndarray, own: _Queue) -> list[Line]:
        return [
            Line(
                account_id=int(snapshot.account_id[row]),
                name=names.get(int(row), ""),
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
        spaces=of_spaces if any(one.items_now or not one.is_nothing for one in of_spaces) else [],
    )


def _standing(own: _Queue, rows: Mapping[str, np.ndarray], subjects: Subjects, bit: int) -> spaces_effect.Standing:
    number = {name: int((these >= subjects.n).sum()) for name, these in rows.items()}
    return spaces_effect.Standing(
        motion=MOTIONS[bit].value,
        label=str(MOTIONS[bit].label),
        items_now=own.of_spaces,
        items_then=own.of_spaces + number["enter"] - number["leave"],
        entering=number["enter"],
        leaving=number["leave"],
        marked=number["mark"],
        unmarked=number["unmark"],
    )


def _side(
    spec: rules.Spec,
    snapshot: Snapshot,
    tiers: np.ndarray,
    hands: np.ndarray,
    table: Mapping[tuple[str, str, str], routing.Cell],
    queued: spaces_effect.Queued,
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
    score, of_spaces = queued.motions(spec, table)
    return _Side(np.concatenate([found.score, score]), found.tier, np.concatenate([motions, of_spaces]))


def _queues(subjects: Subjects) -> list[_Queue]:
    """The open items of each motion. One query."""
    motion = " ".join(f"WHEN '{motion.value}' THEN {place}" for place, motion in enumerate(MOTIONS))
    items = columns.read(
        {
            "account_id": ("account_id", "int8"),
            "workspace_id": ("coalesce(workspace_id, 0)", "int8"),
            "motion": (f"CASE motion {motion} ELSE -1 END", "int2"),
            "owner": ("coalesce(owner_id, 0)", "int8"),
            "state": (
                f"CASE WHEN state = 'new' THEN {NEW} WHEN mark = '' THEN {CLAIMED} ELSE {MARKED} END",
                "int2",
            ),
            "held": (HELD, "int2"),
            "stays": ("(returned_from <> '' OR is_audit)::int", "int2"),
        },
        "FROM playbooks_queueitem WHERE state IN ('new', 'claimed', 'snoozed')",
    )
    rows, known = subjects.rows(items["account_id"], items["workspace_id"])
    queues = []
    for place in range(len(MOTIONS)):
        mine = np.flatnonzero(items["motion"] == place)
        spread = {}
        for name, kind in (("state", np.int8), ("owner", np.int64), ("held", bool), ("stays", bool)):
            spread[name] = np.zeros(len(subjects.accounts), dtype=kind)
            spread[name][rows[mine[known[mine]]]] = items[name][mine[known[mine]]]
        of_spaces = int((items["workspace_id"][mine] > 0).sum())
        queues.append(_Queue(len(mine) - of_spaces, of_spaces, **spread))
    return queues


def _first(rows: np.ndarray, now: _Side, then: _Side) -> np.ndarray:
    """The rows that are shown: the highest scores first, now or by the draft, whichever is higher."""
    highest = np.maximum(now.score[rows], then.score[rows])
    return rows[np.argsort(-highest, kind="stable")[:SHOWN]]


def _owners(ids: list[np.ndarray]) -> dict[int, str]:
    wanted = np.unique(np.concatenate(ids)).tolist()
    return {member.pk: str(member) for member in Member.objects.filter(pk__in=wanted)} if wanted else {}
