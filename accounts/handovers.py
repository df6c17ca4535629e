"""One company's people stop while as many new ones begin at another: what a take-over looks like in usage. Pure.

Nobody's identity is needed, so this works where ids are hashes. What it sees is weak by itself: companies stop and start all the
time. So a handover counts the more, the larger it is, the better the numbers agree, the more alike both use the product, and the
fewer other companies grew as much at that time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Days without usage after which a company counts as gone.
QUIET = 90
#: Days before its last one in which its people may have left, and after it in which they may begin at the other.
BEFORE, AFTER = 240, 120
#: People who leave, and who begin, at least.
FEWEST = 3
#: The other company's surplus of new people as a share of those who left, at least and at most.
LEAST, MOST = 0.5, 2.5
#: Companies that grew enough at the same time; with more of them the time says nothing.
MOST_RIVALS = 12
#: Likeness of what both do, 0 to 1, below which it is another thing.
ALIKE = 0.5

#: Pairs of which the usage is compared.
MOST_PAIRS = 400

type Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Handover:
    """From account `source` to `target` around day `last` (a proleptic ordinal), in numbers; `confidence` 0 to 1."""

    source: int
    target: int
    last: int
    left: int
    began: int
    expected: float
    alike: float
    rivals: int
    confidence: float


@dataclass(frozen=True)
class People:
    """Everybody: parallel arrays of account ids and first and last day of usage, as ordinals."""

    account: Days
    first: Days
    last: Days


type Alike = Callable[[Sequence[tuple[int, int]]], Mapping[tuple[int, int], float]]
type _Found = tuple[int, int, int, int, float, int]


def find(people: People, *, today: int, alike: Alike) -> list[Handover]:
    """The handovers, surest first. `alike` gives, for pairs of accounts, how alike their usage is (0 to 1); it is asked once.

    Time grows with people plus (accounts that stopped × months), not with pairs of accounts.
    """
    if not len(people.account):
        return []
    ids, account = np.unique(people.account, return_inverse=True)
    stopped = _stopped(account, people.last, today, len(ids))
    by_month: dict[int, list[int]] = {}
    for one in stopped:
        by_month.setdefault(int(one[1]) // 30, []).append(int(one[0]))
    last_of = {int(one[0]): int(one[1]) for one in stopped}
    left_of = {int(one[0]): int(one[2]) for one in stopped}
    order = np.argsort(people.first, kind="stable")
    first, of = people.first[order], account[order]
    found: list[_Found] = []
    for sources in by_month.values():
        last = max(last_of[source] for source in sources)
        began, expected, before = _growth(first, of, last, len(ids))
        surplus = began - expected
        grew = np.flatnonzero((began >= FEWEST) & (surplus >= FEWEST * LEAST) & (surplus >= (before + expected) / 2))
        for source in sources:
            left = left_of[source]
            fits = grew[(surplus[grew] >= LEAST * left) & (surplus[grew] <= MOST * left) & (grew != source)]
            if 0 < len(fits) <= MOST_RIVALS:
                found += [
                    (source, int(one), last_of[source], left, float(expected[one]), int(began[one])) for one in fits
                ]
    found = sorted(found, key=lambda one: -_agree(one) * min(one[3], one[5]))[:MOST_PAIRS]
    likeness = alike([(int(ids[source]), int(ids[target])) for source, target, *_rest in found])
    return _weighed(found, ids, likeness)


def _stopped(account: Days, last: Days, today: int, n: int) -> NDArray[np.int64]:
    """(account, its last day, people who left around it) of those that stopped and were enough.

    A few stragglers do not count: the last day is that of the last but a tenth of its people, when many more left then.
    """
    order = np.lexsort((-last, account))
    size = np.bincount(account, minlength=n)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    latest = last[order][start]
    end = last[order][start + size // 10]

    def around(day: Days) -> Days:
        here = (last >= day[account] - BEFORE) & (last <= day[account])
        return np.bincount(account[here], minlength=n)

    left = around(end)
    fades = (size // 10) * 3 <= left
    end = np.where(fades, end, latest)
    left = np.where(fades, left, around(latest))
    gone = np.flatnonzero((latest <= today - QUIET) & (left >= FEWEST))
    return np.stack([gone, end[gone], left[gone]], axis=1)


def _growth(
    first: Days, of: Days, last: int, n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each account: people who began around `last`, how many were to be expected, and all who began in the year before."""
    lo, hi = last - BEFORE, last + AFTER
    span, year = hi - lo, 365

    def count(start: int, end: int) -> NDArray[np.float64]:
        here = of[np.searchsorted(first, start) : np.searchsorted(first, end)]
        return np.bincount(here, minlength=n).astype(np.float64)

    earlier = count(lo - 2 * year, lo)
    return count(lo, hi), earlier * span / (2 * year), count(lo - year, lo)


def _agree(found: _Found) -> float:
    """How well the number of those who left agrees with the surplus of those who began, 0 to 1."""
    *_pair, left, expected, began = found
    surplus = began - expected
    return min(surplus, left) / max(surplus, left)


def _weighed(found: Sequence[_Found], ids: Days, likeness: Mapping[tuple[int, int], float]) -> list[Handover]:
    weights: dict[tuple[int, int], float] = {}
    for source, target, _last, left, expected, began in found:
        alike = likeness.get((int(ids[source]), int(ids[target])), 0.0)
        agree = _agree((source, target, _last, left, expected, began))
        weights[source, target] = agree * alike * ((began - expected) / began) if alike >= ALIKE else 0.0
    of_source: dict[int, float] = {}
    rivals: dict[int, int] = {}
    for (source, _target), weight in weights.items():
        of_source[source] = of_source.get(source, 0.0) + weight**2
        rivals[source] = rivals.get(source, -1) + 1
    result = []
    for source, target, last, left, expected, began in found:
        weight = weights[source, target]
        if not weight:
            continue
        alone = weight**2 / of_source[source]
        confidence = 0.95 * weight * alone * (1 - 0.8 ** min(left, began))
        alike = likeness[int(ids[source]), int(ids[target])]
        result.append(
            Handover(
                int(ids[source]),
                int(ids[target]),
                last,
                left,
                began,
                round(expected, 1),
                round(alike, 3),
                rivals[source],
                round(confidence, 3),
            )
        )
    return sorted(result, key=lambda one: -one.confidence)
