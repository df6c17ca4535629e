"""Rules beside each other at the same load: each week, each names the same number of accounts that have no outcome yet.

Words as in `scoring.backtest`: precision and lift are of account-weeks, recall of the outcomes that followed within seven days
upon a mature week, lead time from the first week in which the account was named to its outcome.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from django.db import connection
from django.utils import timezone

from scoring import matrices, outcomes, rules
from scoring.matrices import Snapshot
from scoring.preview import aligned
from scoring.rules import Spec

NAIVE_DAYS = 180
NEVER = np.datetime64("9999-01-01")
#: A rule gives each account of a snapshot a number; the highest are named.
type Rule = Callable[[Snapshot], np.ndarray]


@dataclass(frozen=True)
class Line:
    """What a rule did over the weeks. Shares are none where nothing is known. `lead_days`: the median."""

    name: str
    account_weeks: int
    mature: int
    positives: int
    precision: float | None
    lift: float | None
    recalled: int
    outcomes: int
    recall: float | None
    lead_days: float | None


class Volume:
    """Events of each account in the days up to a day, without noise; reads all usage once."""

    def __init__(self, days: int = NAIVE_DAYS) -> None:
        self.days = days
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT coalesce(w.account_id, p.account_id) AS account, u.day, sum(u.count)
                FROM accounts_usage u
                JOIN accounts_eventtype e ON e.id = u.event_type_id AND e.category <> 'noise'
                LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
                LEFT JOIN accounts_productuser p ON p.id = u.user_id
                WHERE coalesce(w.account_id, p.account_id) IS NOT NULL
                GROUP BY 1, 2 ORDER BY 2
                """
            )
            found = cursor.fetchall()
        self.account = np.array([row[0] for row in found], dtype=np.int64)
        self.day = np.array([row[1] for row in found], dtype="datetime64[D]")
        self.count = np.array([row[2] for row in found], dtype=np.float64)

    def of(self, account_ids: np.ndarray, as_of: dt.date) -> np.ndarray:
        """In the order of the ids; 0 for none."""
        last = np.datetime64(as_of)
        low, high = np.searchsorted(self.day, [last - np.timedelta64(self.days, "D"), last], side="right")
        ids, place = np.unique(self.account[low:high], return_inverse=True)
        return aligned(ids, np.bincount(place, self.count[low:high], minlength=len(ids)), account_ids, none=0)

    def rule(self, snapshot: Snapshot) -> np.ndarray:
        return self.of(np.asarray(snapshot.account_id), snapshot.as_of)


def by_score(spec: Spec) -> Rule:
    """Sorting by a definition's score before it is rounded; its gates and thresholds do not count."""

    def rule(snapshot: Snapshot) -> np.ndarray:
        found = rules.evaluate(spec, snapshot.features, evidence=snapshot.evidence, segment=snapshot.segment)
        weight = np.array([component.weight for component in spec.components])
        return np.where(snapshot.evidence, found.component[:, : len(weight)] @ weight, 0.0)

    return rule


def compare(
    named_rules: Mapping[str, Rule],
    *,
    days: Collection[dt.date],
    top: int = 10,
    kinds: Collection[str] = outcomes.GOOD,
    horizon_days: int = 90,
) -> list[Line]:
    """A line for each rule: its `top` accounts of each week, of those without an outcome so far; ties go to the older account.

    Lift is over all accounts with usage in 28 days and without an outcome.
    """
    known = outcomes.of_accounts(kinds)
    tallies = {name: _Tally(name, known, horizon_days) for name in named_rules}
    base = _Tally("base", known, horizon_days)
    for snapshot in matrices.of_days(days):
        due = aligned(known[0], known[1].astype("datetime64[D]"), np.asarray(snapshot.account_id), none=NEVER)  # type: ignore[arg-type]
        is_open = due > np.datetime64(snapshot.as_of)
        base.add(snapshot, snapshot.evidence & is_open)
        for name, rule in named_rules.items():
            value = np.where(is_open, rule(snapshot), 0.0)
            best = np.argsort(-value, kind="stable")[:top]
            named = np.zeros(len(value), dtype=bool)
            named[best] = value[best] > 0
            tallies[name].add(snapshot, named)
    rate = base.positives / base.mature if base.mature else 0.0
    return [tally.line(rate) for tally in tallies.values()]


class _Tally:
    def __init__(self, name: str, known: tuple[np.ndarray, np.ndarray], horizon_days: int) -> None:
        self.name, self.horizon = name, np.timedelta64(horizon_days, "D")
        self.ids, self.came = known[0], known[1].astype("datetime64[D]")
        self.today = np.datetime64(timezone.now().date())
        self.account_weeks = self.mature = self.positives = self.recalled = self.outcomes = 0
        self.first = np.full(len(self.ids), np.datetime64("NaT"), dtype="datetime64[D]")

    def add(self, snapshot: Snapshot, named: np.ndarray) -> None:
        day, ids = np.datetime64(snapshot.as_of), np.asarray(snapshot.account_id)
        is_mature = day + self.horizon < self.today
        due = aligned(self.ids, self.came, ids, none=NEVER)  # type: ignore[arg-type]
        ahead = due > day
        self.account_weeks += int(named.sum())
        is_named = aligned(ids, named, self.ids, none=False)
        is_there = aligned(ids, ahead, self.ids, none=False) & (self.came > day)
        starts = is_there & is_named & np.isnat(self.first)
        self.first[starts] = day
        if is_mature:
            self.mature += int((named & ahead).sum())
            self.positives += int((named & ahead & (due <= day + self.horizon)).sum())
            following = is_there & (self.came <= day + np.timedelta64(7, "D"))
            self.outcomes += int(following.sum())
            self.recalled += int((following & is_named).sum())

    def line(self, rate: float) -> Line:
        lead = (self.came - self.first)[~np.isnat(self.first)].astype(int)
        lead = lead[lead <= self.horizon.astype(int)]
        precision = self.positives / self.mature if self.mature else None
        return Line(
            name=self.name,
            account_weeks=self.account_weeks,
            mature=self.mature,
            positives=self.positives,
            precision=precision,
            lift=precision / rate if precision is not None and rate else None,
            recalled=self.recalled,
            outcomes=self.outcomes,
            recall=self.recalled / self.outcomes if self.outcomes else None,
            lead_days=float(np.median(lead)) if len(lead) else None,
        )
