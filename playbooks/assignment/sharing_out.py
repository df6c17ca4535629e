"""Who gets which account: a pure decision over values, without a database.

Of those who may get an account, the one who had the company before comes first; else the one with the fewest open accounts for the
room there is; of equals the one who has waited longest. Nobody gets more than there is room for, or while away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

#: Whoever has no limit is measured as if this were it.
NOMINAL = 50
SAME, LOAD = "same", "load"


@dataclass(frozen=True)
class Rep:
    """Somebody who may get accounts, as things are now. Empty filters fit everything; 0 as a limit is none.

    `territories`: ends of domains, `".de"`. `open`: accounts under work; `today`: those that were begun today. `last_at`: when the
    last one was begun.
    """

    id: int
    segments: frozenset[str] = frozenset()
    territories: tuple[str, ...] = ()
    open_limit: int = NOMINAL
    daily_limit: int = 10
    open: int = 0
    today: int = 0
    is_away: bool = False
    last_at: dt.datetime | None = None

    def fits(self, wanted: Wanted) -> bool:
        """Whether the account is of the rep's segments and territories."""
        in_segment = not self.segments or wanted.segment in self.segments
        return in_segment and (not self.territories or f".{wanted.domain}".endswith(self.territories))

    def room(self) -> int | None:
        """Accounts that the rep may still get now; none: without limit."""
        if self.is_away:
            return 0
        rooms = [
            max(0, limit - used)
            for limit, used in ((self.open_limit, self.open), (self.daily_limit, self.today))
            if limit
        ]
        return min(rooms) if rooms else None


@dataclass(frozen=True)
class Wanted:
    """An account to be given to somebody. `had_by`: who had the company before; `not_to`: who gave it back or let it lie."""

    id: int
    segment: str = ""
    domain: str = ""
    had_by: int | None = None
    not_to: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Given:
    """`rule`: `SAME` or `LOAD`. `open`: how many the rep had open then."""

    item_id: int
    rep_id: int
    rule: str
    open: int


@dataclass
class _Load:
    rep: Rep
    left: int | None
    open: int
    turn: tuple[float, int] = field(default=(0.0, 0))

    @property
    def rank(self) -> tuple[float, tuple[float, int], int]:
        return (self.open / (self.rep.open_limit or NOMINAL), self.turn, self.rep.id)


def share_out(wanted: Iterable[Wanted], reps: Iterable[Rep]) -> list[Given]:
    """Gives out accounts in their order; those that nobody may get are left out."""
    loads = {}
    for rep in reps:
        waited = rep.last_at.timestamp() if rep.last_at else 0.0
        loads[rep.id] = _Load(rep, rep.room(), rep.open, (waited, 0))
    given = []
    for turn, one in enumerate(wanted, 1):
        load, rule = _choice(one, loads)
        if load is None:
            continue
        given.append(Given(one.id, load.rep.id, rule, load.open))
        load.open += 1
        load.left = None if load.left is None else load.left - 1
        load.turn = (float("inf"), turn)
    return given


def _choice(one: Wanted, loads: dict[int, _Load]) -> tuple[_Load | None, str]:
    free = {pk: load for pk, load in loads.items() if (load.left is None or load.left > 0) and pk not in one.not_to}
    if one.had_by in free:
        return free[one.had_by], SAME
    return min((load for load in free.values() if load.rep.fits(one)), key=lambda load: load.rank, default=None), LOAD
