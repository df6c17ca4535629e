"""What a change of the definition would have done to the accounts that reps have judged. Pure: arrays in, findings out.

For each reason the best minimum (a gate) of every feature is searched, the best PQA threshold, and of the tried weights the best:
the one that removes most wrong accounts over good ones, while it keeps nine in ten of the good ones. With 40 wrong answers the
change is found on the older half of the answers and told by what it does to the newer half, which it has never seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from playbooks.feedback.intervals import Share, difference_low

#: With fewer wrong answers of a reason nothing is searched; from so many on it is told on answers that it was not found on.
FEWEST, FEWEST_TO_SPLIT = 10, 40
#: Of each half.
FEWEST_IN_HALF = 5
KEEP = 0.9
#: A change that would have removed less of what was wrong is not worth a draft.
LEAST = 0.1
#: How sure it must be that more of the wrong than of the good ones goes: 95 %; and told on the very answers that it was picked by
#: from some fifty features, 99.7 %.
_Z, _Z_FOUND = 1.96, 3.0
GATE, THRESHOLD, WEIGHT = "gate", "threshold", "weight"


@dataclass(frozen=True)
class Change:
    """`kind` gate: feature `key` needs at least `value`. threshold: PQA from `value` on. weight: component `key` weighs `value`."""

    kind: str
    key: str
    value: float


@dataclass(frozen=True)
class Judged:
    """n accounts that were answered, all of which the definition in force would send again.

    `features`: name → float n (NaN: unknown). `score` float n by the definition in force; NaN where it is held by hysteresis alone,
    so that it cannot be told which threshold it once passed. `good`, `wrong[reason]`: bool n. `at` n, anything that sorts by time.
    `tried`: what else was tried, with the accounts it removes (bool n).
    """

    features: Mapping[str, np.ndarray]
    score: np.ndarray
    good: np.ndarray
    wrong: Mapping[str, np.ndarray]
    at: np.ndarray
    tried: Sequence[tuple[Change, np.ndarray]] = field(default_factory=tuple)


@dataclass(frozen=True)
class Finding:
    """One change, and what it removes of the wrong and of the good ones. `is_later`: told on answers newer than it was found on.

    `found_wrong`, `found_good` are those of the answers it was found on; it is ranked by them, so that the numbers that are told
    were not chosen. `holds`: it removes the wrong ones surely more than the good ones.
    """

    change: Change
    reason: str
    wrong: Share
    good: Share
    is_later: bool
    found_wrong: Share
    found_good: Share

    @property
    def net(self) -> int:
        return self.found_wrong.part - self.found_good.part

    @property
    def holds(self) -> bool:
        if self.wrong.part <= self.good.part or self.wrong.value < LEAST:
            return False
        return difference_low(self.wrong, self.good, _Z if self.is_later else _Z_FOUND) > 0

    @property
    def keeps(self) -> float:
        """The share of good ones that stays, of those it is told on."""
        return 1 - self.good.value if self.good.of else 1.0


def find(judged: Judged, *, keep: float = KEEP) -> dict[str, list[Finding]]:
    """reason → the changes that hold, the best first, one a feature or component. Reasons with too few answers are left out.

    The change of a reason that nothing mends: an empty list.
    """
    return {reason: _of_reason(judged, reason, keep) for reason, wrong in judged.wrong.items() if wrong.sum() >= FEWEST}


def effect(removed: np.ndarray, wrong: np.ndarray, good: np.ndarray) -> tuple[Share, Share]:
    """What a change that removes these (bool n each) takes of the wrong and of the good ones."""
    return Share(int((removed & wrong).sum()), int(wrong.sum())), Share(int((removed & good).sum()), int(good.sum()))


def below(values: np.ndarray, minimum: float) -> np.ndarray:
    """Whom a gate keeps out: also those whose value is not known."""
    return ~(values >= minimum)


def _of_reason(judged: Judged, reason: str, keep: float) -> list[Finding]:
    wrong = judged.wrong[reason]
    older, newer = _halves(judged.at, wrong, judged.good)
    is_later = newer is not None
    told = older if newer is None else newer
    found: list[Finding] = []
    for change, removed in _candidates(judged, older & wrong, older & judged.good, keep):
        found_wrong, found_good = effect(removed, older & wrong, older & judged.good)
        in_wrong, in_good = effect(removed, told & wrong, told & judged.good)
        finding = Finding(change, reason, in_wrong, in_good, is_later, found_wrong, found_good)
        if _is_worth(found_wrong, found_good, keep) and finding.holds:
            found.append(finding)
    return sorted(found, key=lambda one: (-one.net, one.found_good.part, one.change.kind, one.change.key))


def _is_worth(wrong: Share, good: Share, keep: float) -> bool:
    return wrong.value >= LEAST and wrong.part > good.part and good.part <= _allowed(good.of, keep)


def _allowed(good: int, keep: float) -> int:
    return math.floor((1 - keep) * good + 1e-9)


def _halves(at: np.ndarray, wrong: np.ndarray, good: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Masks of the older and the newer half of the answers that count; all and none when they are too few to be halved."""
    counted = wrong | good
    places = np.flatnonzero(counted)
    older = np.zeros(len(at), dtype=bool)
    older[places[np.argsort(at[places], kind="stable")][: len(places) // 2]] = True
    newer = counted & ~older
    if wrong.sum() < FEWEST_TO_SPLIT or min((wrong & older).sum(), (wrong & newer).sum()) < FEWEST_IN_HALF:
        return counted, None
    return older, newer


def _candidates(
    judged: Judged, wrong: np.ndarray, good: np.ndarray, keep: float
) -> Iterable[tuple[Change, np.ndarray]]:
    """The best change of each kind and key by the wrong and good ones given, with whom it removes."""
    for key, values in judged.features.items():
        minimum = best_minimum(values, wrong, good, keep=keep)
        if minimum is not None:
            yield Change(GATE, key, minimum), below(values, minimum)
    passed = np.where(np.isnan(judged.score), np.inf, judged.score)
    cut = _best_cut(passed, wrong, good, keep)
    if cut is not None and math.isfinite(cut[0]):
        threshold = math.floor(cut[0]) + 1
        yield Change(THRESHOLD, "", threshold), passed < threshold
    best: dict[tuple[str, str], tuple[int, Change, np.ndarray]] = {}
    for change, removed in judged.tried:
        of_wrong, of_good = effect(removed, wrong, good)
        net = of_wrong.part - of_good.part
        place = (change.kind, change.key)
        if of_good.part <= _allowed(of_good.of, keep) and (place not in best or net > best[place][0]):
            best[place] = (net, change, removed)
    for _net, change, removed in best.values():
        yield change, removed


def best_minimum(values: np.ndarray, wrong: np.ndarray, good: np.ndarray, *, keep: float = KEEP) -> float | None:
    """The minimum that removes most wrong over good ones and keeps `keep` of the good ones; of equals the mildest, and round.

    None: there is no such minimum. It never removes everything, so a value that all have is no minimum.
    """
    cut = _best_cut(values, wrong, good, keep)
    return None if cut is None else roundest(*cut)


def _best_cut(values: np.ndarray, wrong: np.ndarray, good: np.ndarray, keep: float) -> tuple[float, float] | None:
    """The largest value that goes, and the smallest that stays."""
    counted = wrong | good
    known = np.where(np.isnan(values), -np.inf, values)[counted]
    order = np.argsort(known, kind="stable")
    known = known[order]
    of_wrong, of_good = np.cumsum(wrong[counted][order]), np.cumsum(good[counted][order])
    last = np.flatnonzero(known[:-1] < known[1:])  # the last of each value but the largest
    last = last[of_good[last] <= _allowed(int(good.sum()), keep)]
    if not len(last):
        return None
    net = of_wrong[last] - of_good[last]
    place = last[np.argmax(net)]
    if net.max() <= 0:
        return None
    return float(known[place]), float(known[place + 1])


def roundest(low: float, high: float) -> float:
    """The number with the fewest digits above `low` and not above `high`; of several the smallest."""
    if not math.isfinite(low):
        return high
    if not math.isfinite(high):
        high = low + max(1.0, abs(low))
    for digits in range(-9, 10):
        number = round((math.floor(low * 10.0**digits) + 1) / 10.0**digits, max(digits, 0))
        if low < number <= high:
            return float(number)
    return high
