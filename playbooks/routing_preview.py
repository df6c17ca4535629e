"""What another routing table would do to the queues, before it is saved: what enters, leaves, is handed over, keeps its owner.

It works over arrays, by `routing.route` itself and the accounts and workspaces as they are scored now, and follows what routing
does with items that are there (`queue.route_accounts`): a test holds it equal to what a save does. Nothing is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import columns
from accounts.models import Member
from playbooks import handing, queue, routing
from playbooks.effects import MOTIONS, bare_sign_ups, motions_of
from playbooks.models import Motion, QueueItem
from playbooks.routing import Cell
from playbooks.routing_table import Key, name_of, title
from playbooks.subjects import HELD, Subjects, bits, spaces_of
from scoring import definitions, rules
from scoring.before import BUYER_STATES
from scoring.breakdown import PLACES

#: Accounts that are named for each motion and outcome.
SHOWN = 10
NEW, OWNED, MARKED = 1, 2, 3
SALES = MOTIONS.index(Motion.SALES)


@dataclass(frozen=True)
class Line:
    """An account or a workspace of it, named as an example; `owner` is the name of who has its item."""

    account_id: int
    name: str
    score: int | None
    owner: str = ""


@dataclass(frozen=True)
class Moves:
    """One queue: items now and then, and how many of them do what. Each list names up to `SHOWN`, the highest scores first.

    `keep` stay with their owner, marked as no longer qualifying; `hand` are claimed ones that go over to sales with a note;
    `unmarked` lose their mark.
    """

    motion: str
    label: str
    items_now: int
    items_then: int
    entering: int
    leaving: int
    keeping: int
    handing: int
    unmarked: int
    enter: list[Line]
    leave: list[Line]
    keep: list[Line]
    hand: list[Line]

    @property
    def is_nothing(self) -> bool:
        return not (self.entering or self.leaving or self.keeping or self.handing or self.unmarked)


@dataclass(frozen=True)
class CellMoves:
    """A cell that would change. Of its `accounts`, `hands` stay in sales' fast lane and `held` are bare sign-ups."""

    name: str
    title: str
    before: str
    after: str
    accounts: int
    hands: int
    held: int


@dataclass(frozen=True)
class Preview:
    cells: list[CellMoves]
    motions: list[Moves]
    milliseconds: float

    @property
    def is_nothing(self) -> bool:
        """Whether every queue stays as it is."""
        return all(one.is_nothing for one in self.motions)


@dataclass(frozen=True)
class _Scored:
    """Accounts and workspaces as rows of `subjects`; tier, buyer state and segment are places in their lists; `score`: 0 for none.

    A workspace has the buyer and the segment of its account, and no hand of its own.
    """

    subjects: Subjects
    tier: np.ndarray
    buyer_state: np.ndarray
    segment: np.ndarray
    score: np.ndarray
    hands: np.ndarray
    bare: np.ndarray

    def motions(self, table: Mapping[Key, Cell], held: np.ndarray) -> np.ndarray:
        found = motions_of(
            table,
            tier=self.tier,
            buyer_state=self.buyer_state,
            segment=self.segment,
            hands=self.hands,
            bare=self.bare,
        )
        n = self.subjects.n
        found[n:] = np.where(self.tier[n:] == rules.SELF_SERVE, np.int8(0), found[n:])
        return self.subjects.given_way(found, held, self.hands[:n])


@dataclass(frozen=True)
class _Items:
    """The open items of one motion by row: `state` is 0 where there is none. `stays`: not routing's to close."""

    number: int
    state: np.ndarray
    item_id: np.ndarray
    owner: np.ndarray
    stays: np.ndarray
    held: np.ndarray
    entered: np.ndarray
    claimed: np.ndarray


def of(table: Mapping[Key, Cell]) -> Preview:
    """What saving this table would do now. Cells that are left out are the default. The number of queries does not grow."""
    started = time.perf_counter()
    in_force, wanted = queue.table(), routing.DEFAULT_TABLE | dict(table)
    scored = _scored()
    items = _items(scored.subjects)
    held = bits([own.held for own in items])
    then = scored.motions(wanted, held)
    enters, rows = [], []
    for bit, own in enumerate(items):
        entering = then >> bit & 1 == 1
        enters.append(scored.subjects.without_resting(entering & (own.state == 0), scored.score, MOTIONS[bit]))
    for bit, own in enumerate(items):
        is_wanted = then >> bit & 1 == 1
        lost = ~is_wanted & ~own.stays
        handed = _handed(bit, lost, enters[SALES], then, items)
        rows.append(
            {
                "enter": enters[bit],
                "leave": lost & (own.state == NEW),
                "keep": lost & (own.state == OWNED) & ~handed,
                "hand": handed,
                "unmark": is_wanted & (own.state == MARKED),
            }
        )
    return Preview(
        cells=_cells(in_force, wanted, scored),
        motions=_moves(rows, items, scored),
        milliseconds=(time.perf_counter() - started) * 1000,
    )


def _scored() -> _Scored:
    """Every account that has a score row and was not merged away, and the workspaces that stand in queues. Four queries at most."""
    accounts = _accounts()
    are_queued = definitions.spec_of(definitions.published()).queues_workspaces
    if not are_queued and not QueueItem.objects.open().filter(workspace__isnull=False).exists():
        return _Scored(Subjects(accounts.pop("account_id")), **accounts)
    rated = _of_spaces()
    if not are_queued:  # those with an item are looked at alone: they have no route
        rated = {name: values[:0] for name, values in rated.items()}
    spaces = spaces_of(accounts["account_id"], among=rated["workspace_id"])
    m = len(spaces.workspace_id)
    place = np.searchsorted(rated["workspace_id"], spaces.workspace_id).clip(max=max(len(rated["workspace_id"]) - 1, 0))
    known = rated["workspace_id"][place] == spaces.workspace_id if len(rated["workspace_id"]) else np.zeros(m, bool)

    def of(name: str, missing: int) -> np.ndarray:
        return np.where(known, rated[name][place], missing) if known.any() else np.full(m, missing)

    own = {
        "tier": of("tier", rules.SELF_SERVE),
        "score": of("score", 0),
        "bare": of("bare", 1) == 1,
        "hands": np.zeros(m, dtype=bool),
        "buyer_state": spaces.buyer_state,
        "segment": spaces.segment,
    }
    subjects = Subjects(accounts.pop("account_id"), spaces.workspace_id, spaces.parent)
    return _Scored(subjects, **{name: np.concatenate([values, own[name]]) for name, values in accounts.items()})


def _feature(key: str) -> tuple[str, str]:
    return f"coalesce(s.feature_values[{PLACES[key] + 1}], 'NaN')", "float8"


def _of_spaces() -> dict[str, np.ndarray]:
    """Workspaces that have a score row, by their ids."""
    found = columns.read(
        {
            "workspace_id": ("s.workspace_id", "int8"),
            "tier": (_place("s.tier", rules.TIERS), "int2"),
            "score": ("coalesce(s.score, 0)", "int2"),
            "people": _feature("active_users_28"),
            "days": _feature("weekly_active_days"),
        },
        "FROM scoring_workspacescore s WHERE s.tier <> 'self_serve'",
    )
    order = np.argsort(found["workspace_id"], kind="stable")
    told = {name: values[order] for name, values in found.items()}
    people, days = told.pop("people"), told.pop("days")
    bare = bare_sign_ups(score=told["score"], active_users=people, weekly_active_days=days)
    return told | {"bare": bare.astype(np.int8)}


def _accounts() -> dict[str, np.ndarray]:
    found = columns.read(
        {
            "account_id": ("s.account_id", "int8"),
            "tier": (_place("s.tier", rules.TIERS), "int2"),
            "buyer_state": (_place("s.buyer_state", BUYER_STATES), "int2"),
            "segment": (_place("s.segment", rules.SEGMENTS), "int2"),
            "score": ("coalesce(s.score, 0)", "int2"),
            "hands": ("(s.hand_raised_at IS NOT NULL)::int", "int2"),
            "people": _feature("active_users_28"),
            "days": _feature("weekly_active_days"),
        },
        "FROM scoring_score s JOIN accounts_account a ON a.id = s.account_id WHERE a.merged_into_id IS NULL",
    )
    order = np.argsort(found["account_id"], kind="stable")
    told = {name: values[order] for name, values in found.items()}
    people, days = told.pop("people"), told.pop("days")
    told["hands"] = told["hands"] == 1
    told["bare"] = bare_sign_ups(score=told["score"], active_users=people, weekly_active_days=days)
    return told


def _items(subjects: Subjects) -> list[_Items]:
    """The open items of each motion. One query."""
    n = len(subjects.accounts)
    found = columns.read(
        {
            "account_id": ("account_id", "int8"),
            "workspace_id": ("coalesce(workspace_id, 0)", "int8"),
            "item_id": ("id", "int8"),
            "motion": (_place("motion", MOTIONS), "int2"),
            "owner": ("coalesce(owner_id, 0)", "int8"),
            "state": (
                f"CASE WHEN owner_id IS NULL THEN {NEW} WHEN mark = '' THEN {OWNED} ELSE {MARKED} END",
                "int2",
            ),
            "stays": ("(returned_from <> '' OR is_audit)::int", "int2"),
            "held": (HELD, "int2"),
            "entered": ("entered_at", "timestamptz"),
            "claimed": ("coalesce(claimed_at, '2999-01-01'::timestamptz)", "timestamptz"),
        },
        "FROM playbooks_queueitem WHERE state IN ('new', 'claimed', 'snoozed') AND motion <> 'self_serve'",
    )
    rows, known = subjects.rows(found["account_id"], found["workspace_id"])
    result = []
    for place in range(len(MOTIONS)):
        mine = np.flatnonzero(found["motion"] == place)
        source = mine[known[mine]]
        at = rows[source]
        spread = {}
        for name in ("state", "item_id", "owner", "stays", "held", "entered", "claimed"):
            values = np.zeros(n, dtype=found[name].dtype)
            values[at] = found[name][source]
            spread[name] = values
        spread |= {name: spread[name] == 1 for name in ("stays", "held")}
        result.append(_Items(number=len(mine), **spread))
    return result


def _handed(bit: int, lost: np.ndarray, enters_sales: np.ndarray, then: np.ndarray, items: list[_Items]) -> np.ndarray:
    """As `handing.is_due`: claimed items of another team that are done because sales has the account now, bool n."""
    own, sales = items[bit], items[SALES]
    if MOTIONS[bit] not in handing.FROM:
        return np.zeros(len(lost), dtype=bool)
    sales_wanted = then >> SALES & 1 == 1
    has_news = (sales.state == MARKED) | (sales.entered > own.claimed)
    due = lost & (own.owner > 0) & sales_wanted & (enters_sales | ((sales.state > 0) & has_news))
    due_rows = np.flatnonzero(due)
    if len(due_rows):
        busy = handing.in_conversation_ids(own.item_id[due_rows].tolist(), timezone.now())
        due[due_rows[np.isin(own.item_id[due_rows], list(busy))]] = False
    return due


def _cells(in_force: Mapping[Key, Cell], wanted: Mapping[Key, Cell], scored: _Scored) -> list[CellMoves]:
    found = []
    for key, cell in wanted.items():
        if cell == in_force[key]:
            continue
        here = (scored.tier == rules.TIERS.index(key[0])) & (scored.buyer_state == BUYER_STATES.index(key[1]))
        here &= (scored.segment == rules.SEGMENTS.index(key[2])) & ~scored.subjects.is_space
        found.append(
            CellMoves(
                name=name_of(key),
                title=title(key),
                before=in_words(in_force[key]),
                after=in_words(cell),
                accounts=int(here.sum()),
                hands=int((here & scored.hands).sum()),
                held=int((here & scored.bare & ~scored.hands).sum()) if cell.motion == Motion.SALES else 0,
            )
        )
    return found


def in_words(cell: Cell) -> str:
    """`"Sales, also marketing: Confirm the buyer"`."""
    words = str(Motion(cell.motion).label)
    if cell.also_marketing and cell.motion not in (Motion.MARKETING, Motion.SELF_SERVE):
        words += _(", also marketing")
    return f"{words}: {cell.first_step}" if cell.first_step else words


def _moves(rows: list[dict[str, np.ndarray]], items: list[_Items], scored: _Scored) -> list[Moves]:
    shown = [{name: _first(where, scored) for name, where in one.items() if name != "unmark"} for one in rows]
    names = scored.subjects.names(np.concatenate([places for one in shown for places in one.values()]))
    accounts = scored.subjects.accounts
    owners = _owners(own.owner[places] for own, one in zip(items, shown, strict=True) for places in one.values())

    def lines(places: np.ndarray, own: _Items) -> list[Line]:
        return [
            Line(
                account_id=int(accounts[place]),
                name=names.get(int(place), ""),
                score=int(scored.score[place]) or None,
                owner=owners.get(int(own.owner[place]), ""),
            )
            for place in places
        ]

    found = []
    for motion, own, where, some in zip(MOTIONS, items, rows, shown, strict=True):
        counts = {name: int(places.sum()) for name, places in where.items()}
        found.append(
            Moves(
                motion=motion.value,
                label=str(motion.label),
                items_now=own.number,
                items_then=own.number + counts["enter"] - counts["leave"] - counts["hand"],
                entering=counts["enter"],
                leaving=counts["leave"],
                keeping=counts["keep"],
                handing=counts["hand"],
                unmarked=counts["unmark"],
                **{name: lines(places, own) for name, places in some.items()},
            )
        )
    return found


def _first(where: np.ndarray, scored: _Scored) -> np.ndarray:
    places = np.flatnonzero(where)
    return places[np.argsort(-scored.score[places], kind="stable")[:SHOWN]]


def _owners(ids: Iterable[np.ndarray]) -> dict[int, str]:
    wanted = np.unique(np.concatenate([*ids])).tolist()
    return {member.pk: str(member) for member in Member.objects.filter(pk__in=wanted)} if any(wanted) else {}


def _place(column: str, words: Iterable[str]) -> str:
    whens = " ".join(f"WHEN '{word}' THEN {place}" for place, word in enumerate(words))
    return f"CASE {column} {whens} END"
