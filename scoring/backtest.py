"""How a definition would have done: every past week scored with what was known then, against what came of the accounts.

The words here mean:

- A *week* is told by its last day, a Sunday; an account's score and tier of a week are those as of the end of that day. Tiers carry
  their hysteresis from week to week; the week before the first is scored for that, and is not reported.
- An account *entered* in a week when it is a PQA then and was none the week before.
- An *outcome* is the first of the asked kinds that an account ever had. Weeks that end on its day or later are not judged by it,
  and the account counts in none of them: it is won or has spoken, and is neither a hit nor a miss any more.
- An account of a week is *positive* when its outcome comes within `horizon_days` after the week's last day.
- A week is *mature* when these days are over. The accounts of a week that is not are *unknown* unless they are positive already;
  to be fair to both sides, precision and recall are of mature weeks only. Nothing that is not known yet counts as a miss.
- A *band* counts account-weeks: an account once for each week that it was in it. *Precision* is the share of its mature
  account-weeks that are positive; the *base rate* the same of all accounts with a score; *lift* is precision over base rate.
  *Recall* is the share of the outcomes that followed within seven days upon a mature week whose account was in the band in that
  week. Who had no score then was missed by every band.
- *Lead time*: days from the end of the week in which an account first entered to its outcome, of entries in mature weeks with the
  outcome within the horizon.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils import timezone

from scoring import matrices, outcomes, rules
from scoring.matrices import Snapshot
from scoring.preview import aligned
from scoring.rules import ACTIVATE, PQA, SELF_SERVE, TIERS, Evaluated, Spec

WEEK = dt.timedelta(weeks=1)
#: Thresholds that are weighed against what a team can work.
THRESHOLDS = range(50, 100)
#: No outcome: further away than any day.
NEVER = np.iinfo(np.int32).max
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Week:
    """A week: how many accounts entered, how many were in each tier (order of `rules.TIERS`), and what came of those that entered.

    `positives`: of those that entered, who had the outcome in time; `unknown`: of whom it is not known yet.
    """

    day: dt.date
    entered: int
    counts: tuple[int, int, int]
    is_mature: bool
    positives: int
    unknown: int


@dataclass(frozen=True)
class Band:
    """Account-weeks with a score from `low` to `high`, both included, or of a tier (`name`).

    `accounts`: account-weeks; `distinct`: different accounts; `mature`: account-weeks of which it is known what came; `positives`:
    those of them with the outcome. Shares are none where nothing is known.
    """

    name: str
    low: int
    high: int
    accounts: int
    distinct: int
    mature: int
    positives: int
    precision: float | None
    recall: float | None
    lift: float | None


@dataclass(frozen=True)
class Backtest:
    """`bands`: the tiers from the top, then scores by ten from the top. `lead_days`: lower quartile, median, upper; or none.

    `positives`: outcomes that followed within seven days upon a mature week, which recall is of. `unknown`: account-weeks with a
    score in weeks that are not mature, without the outcome so far.
    """

    weeks: list[Week]
    bands: list[Band]
    base_rate: float | None
    lead_days: tuple[float, float, float] | None
    positives: int
    unknown: int
    horizon_days: int
    kinds: tuple[str, ...]
    milliseconds: float

    @property
    def lead_median(self) -> float | None:
        return self.lead_days[1] if self.lead_days else None

    def band(self, name: str) -> Band:
        """By the name of a tier, or `"80-89"`. Raises KeyError."""
        return {band.name: band for band in self.bands}[name]


@dataclass(frozen=True)
class Load:
    """At a threshold: accounts that become a PQA in a week (mean), PQAs at the end, and which share of past outcomes had been a PQA
    in the last week before (none without outcomes)."""

    threshold: int
    entering: float
    pqa: int
    kept: float | None


@dataclass(frozen=True)
class Loads:
    """One line for each threshold, rising; `weeks`: how many were looked at; `outcomes`: how many past ones shares are of."""

    lines: list[Load]
    weeks: int
    outcomes: int
    milliseconds: float

    def at(self, threshold: int) -> Load:
        """Raises KeyError."""
        return {line.threshold: line for line in self.lines}[threshold]

    def fitting(self, capacity: float) -> Load | None:
        """The lowest threshold at which no more enter a week than can be worked; none when there are too many at each."""
        return next((line for line in self.lines if line.entering <= capacity), None)


def run(
    spec: Spec,
    *,
    weeks: int = 26,
    kinds: Collection[str] = outcomes.GOOD,
    horizon_days: int = 90,
    until: dt.date | None = None,
) -> Backtest:
    """The last weeks by this definition; makes the matrices that are missing. Raises ValueError for kinds that there are not.

    Beside each other, two definitions must be given the same weeks, kinds and horizon.
    """
    started = time.perf_counter()
    tally = _Tally(known=outcomes.of_accounts(kinds), horizon=horizon_days, today=timezone.now().date())
    for snapshot, found, before in weekly(spec, matrices.weeks(weeks, until=until)):
        tally.add(snapshot, found, before)
    base = _share(tally.positive[0], tally.mature[0])
    positives = int(tally.last_known.sum())
    return Backtest(
        weeks=tally.weeks,
        bands=[tally.band(place, base) for place in range(1, len(_BANDS))],
        base_rate=base,
        lead_days=_quartiles(tally.leads()),
        positives=positives,
        unknown=tally.unknown,
        horizon_days=horizon_days,
        kinds=tuple(kinds),
        milliseconds=(time.perf_counter() - started) * 1000,
    )


def weekly(
    spec: Spec, days: Sequence[dt.date], *, detail: bool = False
) -> Iterator[tuple[Snapshot, Evaluated, np.ndarray]]:
    """Each of the weeks with its scores, and the tiers of its accounts the week before (−1: not there)."""
    snapshots = matrices.of_days([days[0] - WEEK, *days]) if days else []
    ids, tiers = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int8)
    for place, snapshot in enumerate(snapshots):
        before = aligned(ids, tiers, snapshot.account_id, none=-1)
        found = rules.evaluate(
            spec,
            snapshot.features if detail else snapshot.features.narrow(),
            evidence=snapshot.evidence,
            tier_before=before,
            segment=snapshot.segment,
            detail=detail,
        )
        ids, tiers = snapshot.account_id, found.tier.astype(np.int8)
        if place:
            yield snapshot, found, before


def loads(
    spec: Spec,
    *,
    weeks: int = 8,
    thresholds: Sequence[int] = THRESHOLDS,
    kinds: Collection[str] = (outcomes.GOOD[1],),
    place: int = 0,
) -> Loads:
    """What each threshold for `pqa` would send a week, and which share of past outcomes it keeps. Other rules are the spec's.

    The threshold replaces that of the recipe at `place` in `Spec.recipes`; accounts of other recipes are counted by their own.
    Hysteresis and gates stay. An outcome is kept when its account was a PQA in the last week before it.
    """
    started = time.perf_counter()
    ids, at = outcomes.of_accounts(kinds)
    at_day = at.astype("datetime64[D]").astype(np.int64)
    entering, pqa = np.zeros(len(thresholds)), np.zeros(len(thresholds), dtype=np.int64)
    kept, total = np.zeros(len(thresholds)), 0
    was: list[np.ndarray] = [np.zeros(0, dtype=np.int64) for _ in thresholds]
    days = matrices.weeks(weeks)
    for number, snapshot in enumerate(matrices.of_days([days[0] - WEEK, *days])):
        score, slack, is_free, own, is_moved = _bare(spec, snapshot, place)
        last = (snapshot.as_of - _EPOCH).days
        due = aligned(ids, at_day, snapshot.account_id, none=-1)
        is_next = (due > last) & (due <= last + 7)
        total += int(is_next.sum()) if number else 0
        # Nobody below the lowest threshold can be a PQA at any.
        lowest = np.where(is_moved, min(thresholds, default=0), own)
        hot = np.flatnonzero(is_free & (score >= lowest - slack))
        hot_ids, hot_score, hot_slack, hot_next = snapshot.account_id[hot], score[hot], slack[hot], is_next[hot]
        hot_own, hot_moved = own[hot], is_moved[hot]
        for line, threshold in enumerate(thresholds):
            before = np.isin(hot_ids, was[line], assume_unique=True)
            is_in = hot_score >= np.where(hot_moved, threshold, hot_own) - np.where(before, hot_slack, 0)
            was[line] = hot_ids[is_in]
            if number:
                entering[line] += np.count_nonzero(is_in & ~before)
                pqa[line] = np.count_nonzero(is_in)
                kept[line] += np.count_nonzero(is_in & hot_next)
    return Loads(
        lines=[
            Load(threshold, float(entering[line] / weeks), int(pqa[line]), _share(kept[line], total))
            for line, threshold in enumerate(thresholds)
        ],
        weeks=weeks,
        outcomes=total,
        milliseconds=(time.perf_counter() - started) * 1000,
    )


def _bare(
    spec: Spec, snapshot: Snapshot, moved: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each account: score, its recipe's hysteresis, whether no gate keeps it from being a PQA, its recipe's threshold, and
    whether its recipe is the one at `moved`."""
    narrow = snapshot.features.narrow()
    found = rules.evaluate(spec, narrow, evidence=snapshot.evidence, segment=snapshot.segment, detail=False)
    slack = np.array([recipe.hysteresis for recipe in spec.recipes])[found.recipe]
    own = np.array([recipe.thresholds.pqa for recipe in spec.recipes])[found.recipe]
    is_free = np.ones(len(snapshot), dtype=bool)
    for place, recipe in enumerate(spec.recipes):
        for gate in recipe.gates:
            is_free &= (narrow[gate.feature] >= gate.minimum) | (found.recipe != place)
    return found.score, slack, is_free, own, found.recipe == moved


#: (name, tier or none, lowest, highest score); the first is everybody with a score.
_BANDS: list[tuple[str, int | None, int, int]] = [
    ("all", None, 1, 100),
    (TIERS[PQA], PQA, 1, 100),
    (TIERS[ACTIVATE], ACTIVATE, 1, 100),
    (TIERS[SELF_SERVE], SELF_SERVE, 1, 100),
    ("90-100", None, 90, 100),
    *((f"{low}-{low + 9}", None, low, low + 9) for low in range(80, 0, -10)),
    ("1-9", None, 1, 9),
]


#: Score and tier as one number, and for each such number the bands it lies in: as bits, and as a table of numbers × bands.
_CODES = 101 * 3
_BITS = np.array(
    [
        sum(
            1 << place
            for place, (_, tier, low, high) in enumerate(_BANDS)
            if low <= code // 3 <= high and tier in (None, code % 3)
        )
        for code in range(_CODES)
    ]
)
_INSIDE = (_BITS[:, None] >> np.arange(len(_BANDS))) & 1


@dataclass
class _Tally:
    """Adds up weeks, oldest first. Arrays have one entry a band, or one an outcome."""

    known: tuple[np.ndarray, np.ndarray]
    horizon: int
    today: dt.date
    weeks: list[Week] = field(default_factory=list)
    unknown: int = 0

    def __post_init__(self) -> None:
        n = len(_BANDS)
        self.accounts, self.mature, self.positive = (np.zeros(n, dtype=np.int64) for _ in range(3))
        self.ids, at = self.known
        self.outcome_day = at.astype("datetime64[D]").astype(np.int64)
        #: Of each outcome: the bands of the last week before it (bits), whether that week is known, first entry as a PQA.
        self.last_bands = np.zeros(len(self.ids), dtype=np.int64)
        self.last_known = np.zeros(len(self.ids), dtype=bool)
        self.first_entry = np.full(len(self.ids), NEVER, dtype=np.int64)
        self.seen_ids = np.zeros(0, dtype=np.int64)
        self.seen = np.zeros(0, dtype=np.int64)

    def add(self, snapshot: Snapshot, found: Evaluated, before: np.ndarray) -> None:
        day = (snapshot.as_of - _EPOCH).days
        is_mature = snapshot.as_of + dt.timedelta(days=self.horizon) < self.today
        due = aligned(self.ids, self.outcome_day, snapshot.account_id, none=NEVER)
        ahead = due > day
        positive = ahead & (due <= day + self.horizon)
        entered = (found.tier == PQA) & (before != PQA)
        judged = entered & ahead
        self.weeks.append(
            Week(
                day=snapshot.as_of,
                entered=int(np.count_nonzero(entered)),
                counts=tuple(np.bincount(found.tier, minlength=3).tolist()),  # type: ignore[arg-type]
                is_mature=is_mature,
                positives=int(np.count_nonzero(judged & positive)),
                unknown=0 if is_mature else int(np.count_nonzero(judged & ~positive)),
            )
        )
        codes = found.score * 3 + found.tier
        self._count(codes, ahead, positive, is_mature)
        self._see(snapshot.account_id, np.where(ahead, _BITS[codes], 0))
        if len(snapshot):
            self._look_up(snapshot, codes, entered, day=day, is_mature=is_mature)

    def _look_up(
        self, snapshot: Snapshot, codes: np.ndarray, entered: np.ndarray, *, day: int, is_mature: bool
    ) -> None:
        """What concerns outcomes, for the few accounts that have one."""
        place = np.searchsorted(snapshot.account_id, self.ids).clip(max=len(snapshot) - 1)
        ahead = (snapshot.account_id[place] == self.ids) & (self.outcome_day > day)
        is_next = ahead & (self.outcome_day <= day + 7)
        self.last_bands = np.where(is_next, _BITS[codes[place]], self.last_bands)
        self.last_known |= is_next & is_mature
        first = ahead & entered[place] & (self.first_entry == NEVER)
        self.first_entry = np.where(first, day, self.first_entry)

    def _count(self, codes: np.ndarray, ahead: np.ndarray, positive: np.ndarray, is_mature: bool) -> None:
        everybody, good = (np.bincount(codes[which], minlength=_CODES) @ _INSIDE for which in (ahead, positive))
        self.accounts += everybody
        if is_mature:
            self.mature += everybody
            self.positive += good
        else:
            self.unknown += int(everybody[0] - good[0])

    def _see(self, ids: np.ndarray, bits: np.ndarray) -> None:
        if not np.array_equal(self.seen_ids, ids):
            union = np.union1d(self.seen_ids, ids)
            self.seen, bits = aligned(self.seen_ids, self.seen, union, none=0), aligned(ids, bits, union, none=0)
            self.seen_ids = union
        self.seen = self.seen | bits

    def band(self, place: int, base: float | None) -> Band:
        name, _, low, high = _BANDS[place]
        precision = _share(self.positive[place], self.mature[place])
        caught = int(np.count_nonzero((self.last_bands >> place) & 1 & self.last_known))
        return Band(
            name=name,
            low=low,
            high=high,
            accounts=int(self.accounts[place]),
            distinct=int(np.count_nonzero(self.seen & (1 << place))),
            mature=int(self.mature[place]),
            positives=int(self.positive[place]),
            precision=precision,
            recall=_share(caught, int(np.count_nonzero(self.last_known))),
            lift=None if precision is None or not base else precision / base,
        )

    def leads(self) -> np.ndarray:
        """Days from the first entry to the outcome."""
        days = self.outcome_day - self.first_entry
        last_mature = (self.today - _EPOCH).days - self.horizon
        return days[(self.first_entry < last_mature) & (days > 0) & (days <= self.horizon)]


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _quartiles(values: np.ndarray) -> tuple[float, float, float] | None:
    if not len(values):
        return None
    low, middle, high = np.percentile(values, [25, 50, 75]).tolist()
    return low, middle, high
