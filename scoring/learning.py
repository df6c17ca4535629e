"""What matters: how the features of accounts with an outcome differ from the others', and weights that follow from it.

Rows are point in time: an account's features as of the end of a week, with what came within the horizon after it. Only weeks
whose horizon is over are used, so no account counts as "nothing came" because it is too early to tell.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from scoring import definitions, discrimination, matrices, outcomes, rules
from scoring.discrimination import Auc
from scoring.event_map import EventPoint, events_map
from scoring.features import BY_KEY

__all__ = ["EventPoint", "FeatureLine", "Proposal", "Rows", "events_map", "importance", "propose", "rows"]

WEEKS, HORIZON_DAYS = 52, 90
#: With fewer accounts with an outcome no weights are proposed, nor with fewer among those that weights are judged on.
FEWEST, FEWEST_LATER = 30, 10
MOST_COMPONENTS = 8
BINS = 12
#: An AUC nearer to a half tells nothing worth a component, however sure it is: where nobody with an outcome did something that
#: one in a hundred of the others did, the interval has no width.
LEAST = 0.03
VOLUME = "events_28"
#: More of the others tell no more, and a regression over them takes long.
MOST_OTHERS = 50_000


@dataclass(frozen=True)
class Rows:
    """n rows: an account as of the end of a week, each account at most once a class.

    Positives stand at their last week before the outcome, the others at a random week of theirs. Only weeks with usage in the 28
    days before, and none after an outcome. `decided` is the day on which the class was known: that of the outcome, or the end of
    the horizon. `early` counts accounts with an outcome that had no usage in any week before it.
    """

    account_id: np.ndarray
    week: np.ndarray
    decided: np.ndarray
    is_positive: np.ndarray
    features: dict[str, np.ndarray]
    weeks: list[dt.date] = field(default_factory=list)
    early: int = 0

    @property
    def positives(self) -> int:
        return int(self.is_positive.sum())

    @property
    def others(self) -> int:
        return len(self.is_positive) - self.positives

    def only(self, chosen: np.ndarray) -> Rows:
        """The chosen rows (a mask)."""
        return Rows(
            self.account_id[chosen],
            self.week[chosen],
            self.decided[chosen],
            self.is_positive[chosen],
            {key: values[chosen] for key, values in self.features.items()},
            self.weeks,
            self.early,
        )


def rows(
    kinds: Collection[str] = outcomes.GOOD,
    *,
    weeks: int = WEEKS,
    horizon_days: int = HORIZON_DAYS,
    until: dt.date | None = None,
    seed: int = 0,
) -> Rows:
    """The rows of the last mature weeks. `until` (yesterday) is the last day up to which outcomes are known."""
    until = until or timezone.now().date() - dt.timedelta(days=1)
    days = matrices.weeks(weeks, until=until - dt.timedelta(days=horizon_days))
    with_outcome, at = outcomes.of_accounts(kinds)
    came = at.astype("datetime64[D]")
    snapshots = matrices.of_days(days)
    draw = np.random.default_rng(seed)
    accounts, places, in_week, outcome_day, chance = [], [], [], [], []
    for number, snapshot in enumerate(snapshots):
        place = np.flatnonzero(np.asarray(snapshot.features[VOLUME]) > 0)
        ids = np.asarray(snapshot.features["account_id"])[place]
        found = np.searchsorted(with_outcome, ids)
        has = np.zeros(len(ids), dtype=bool)
        inside = found < len(with_outcome)
        has[inside] = with_outcome[found[inside]] == ids[inside]
        day = np.full(len(ids), np.datetime64("NaT"), dtype="datetime64[D]")
        day[has] = came[found[has]]
        open_still = np.isnat(day) | (day > np.datetime64(snapshot.as_of))
        accounts.append(ids[open_still])
        places.append(place[open_still])
        in_week.append(np.full(int(open_still.sum()), number))
        outcome_day.append(day[open_still])
        chance.append(draw.random(int(open_still.sum())))
    account, place, week, day = (np.concatenate(part) for part in (accounts, places, in_week, outcome_day))
    as_of = np.array(days, dtype="datetime64[D]")
    end = as_of[week] + np.timedelta64(horizon_days, "D")
    positive = ~np.isnat(day) & (day <= end)
    # The last of an account is kept: in order of weeks for the positives, of chance for the others.
    order = np.lexsort((np.where(positive, week, np.concatenate(chance)), positive, account))
    last = np.append((np.diff(account[order]) != 0) | (np.diff(positive[order].astype(int)) != 0), [True])[: len(order)]
    kept = order[last]
    others = kept[~positive[kept]]
    if len(others) > MOST_OTHERS:
        others = draw.choice(others, MOST_OTHERS, replace=False)
    kept = np.sort(np.concatenate([kept[positive[kept]], others]))
    features = {}
    for key in BY_KEY:
        parts = [
            np.asarray(snapshot.features[key])[place[kept[week[kept] == number]]].astype(np.float64)
            for number, snapshot in enumerate(snapshots)
        ]
        features[key] = np.concatenate(parts) if parts else np.empty(0)
    is_positive = positive[kept]
    possible = (came > as_of[0]) & (came <= as_of[-1] + np.timedelta64(horizon_days, "D"))
    return Rows(
        account[kept],
        as_of[week[kept]],
        np.where(is_positive, day[kept], end[kept]),
        is_positive,
        features,
        days,
        early=int(possible.sum()) - int(is_positive.sum()),
    )


# What each feature says ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FeatureLine:
    """How a feature of the positives differs from the others'.

    Histograms are accounts in each bin [a, b), the last with its end. `auc` with its 95 % interval (DeLong) is over the accounts
    of which the feature is known: above a half, more is better. `curve` and `weight` are a proposal, none where the feature
    cannot be told from chance.
    """

    key: str
    label: str
    unit: str
    auc: float
    low: float
    high: float
    bin_edges: list[float]
    histogram_positive: list[int]
    histogram_others: list[int]
    unknown_positive: int
    unknown_others: int
    curve: tuple[tuple[float, float], ...] | None
    weight: int

    @property
    def tells(self) -> bool:
        """Whether it lies away from a half, and its interval on one side of it."""
        return _tells(self.auc, self.low, self.high)


def _tells(auc: float, low: float, high: float) -> bool:
    return abs(auc - 0.5) >= LEAST and (low > 0.5 or high < 0.5)


def importance(kinds: Collection[str] = outcomes.GOOD, *, of: Rows | None = None) -> list[FeatureLine]:
    """A line for every feature, the most telling first. `of` are rows that were read before."""
    of = of or rows(kinds)
    lines = [_line(key, of.features[key], of.is_positive) for key in BY_KEY]
    return sorted(lines, key=lambda line: -abs(line.auc - 0.5) if not math.isnan(line.auc) else 0.0)


def _line(key: str, values: np.ndarray, is_positive: np.ndarray) -> FeatureLine:
    known = ~np.isnan(values)
    positives, others = values[is_positive & known], values[~is_positive & known]
    found = discrimination.auc(positives, others)
    edges = discrimination.bins(
        discrimination.balanced(positives, others) if len(positives) + len(others) else positives, most=BINS
    )
    curve = discrimination.curve(positives, others) if _tells(found.value, found.low, found.high) else None
    feature = BY_KEY[key]
    return FeatureLine(
        key=key,
        label=feature.label,
        unit=feature.unit,
        auc=found.value,
        low=found.low,
        high=found.high,
        bin_edges=edges.tolist(),
        histogram_positive=np.histogram(positives, edges)[0].tolist(),
        histogram_others=np.histogram(others, edges)[0].tolist(),
        unknown_positive=int((is_positive & ~known).sum()),
        unknown_others=int((~is_positive & ~known).sum()),
        curve=curve,
        # An AUC of 0.75 weighs 25: the scale of the default definition, whose weights add up to 100.
        weight=max(1, round(100 * abs(found.value - 0.5))) if curve else 0,
    )


# Weights -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """How the proposal was made and what it does on later weeks. AUCs come with 95 % intervals (DeLong)."""

    positives: int
    others: int
    trained_positives: int = 0
    trained_others: int = 0
    later_positives: int = 0
    later_others: int = 0
    trained_until: dt.date | None = None
    auc: Auc = discrimination.NOT_KNOWN
    auc_volume: Auc = discrimination.NOT_KNOWN
    difference: Auc = discrimination.NOT_KNOWN
    found: float = math.nan
    """share of the later positives among as many best-scored accounts as there are positives"""
    found_volume: float = math.nan


@dataclass(frozen=True)
class Proposal:
    """A spec to begin a draft from, or the reason in words why there is none."""

    spec: dict[str, Any] | None
    problem: str
    figures: Figures
    tried: dict[str, Any] | None = None
    """what was judged, also when it was not good enough"""


def propose(kinds: Collection[str] = outcomes.GOOD, *, of: Rows | None = None) -> Proposal:
    """Weights by a logistic regression (L2) on standardised points, trained on older weeks and judged on later ones.

    Each feature goes through the curve that `importance` proposes from the older weeks alone. What was decided only after the
    first later week is not learnt from. The judge is sorting by volume: what does not beat it on the later weeks is no proposal.
    """
    of = of or rows(kinds)
    figures = Figures(of.positives, of.others)
    if of.positives < FEWEST:
        words = _("Only %(found)d accounts have an outcome in the weeks that can be judged; weights need %(needed)d.")
        return Proposal(None, words % {"found": of.positives, "needed": FEWEST}, figures)
    # The later weeks begin where two fifths of the positives are left.
    split = np.sort(of.week[of.is_positive])[math.floor(of.positives * 0.6)]
    older, later = of.only((of.week < split) & (of.decided <= split)), of.only(of.week >= split)
    figures = Figures(
        of.positives,
        of.others,
        older.positives,
        older.others,
        later.positives,
        later.others,
        split.astype(object) - dt.timedelta(days=1),
    )
    if min(older.positives, later.positives) < FEWEST_LATER or min(older.others, later.others) < FEWEST_LATER:
        words = _("The outcomes lie too close together in time: %(older)d older ones and %(later)d later ones.")
        return Proposal(None, words % {"older": older.positives, "later": later.positives}, figures)
    components = _components(older)
    if not components:
        return Proposal(None, _("No feature tells accounts with an outcome from the others."), figures)
    spec = _spec(components, older)
    figures = _judged(figures, rules.parse(spec, features=BY_KEY), later)
    if not figures.auc.value > figures.auc_volume.value:
        words = _("On later weeks the weights do not beat sorting by volume: AUC %(ours).2f against %(volume).2f.")
        return Proposal(None, words % {"ours": figures.auc.value, "volume": figures.auc_volume.value}, figures, spec)
    return Proposal(spec, "", figures, spec)


def _components(of: Rows) -> list[rules.Component]:
    """The features that help together, with their curves and weights that add up to about 100; the heaviest first."""
    # A second to import, and no page needs it.
    from sklearn.linear_model import LogisticRegression

    lines = [line for line in importance(of=of) if line.curve]
    curves = {line.key: rules.Curve(line.curve) for line in lines if line.curve}
    points = {key: curve.at(of.features[key]) for key, curve in curves.items()}
    kept = [key for key in curves if points[key].std() > 0]
    weights: dict[str, float] = {}
    while kept:
        x = np.column_stack([points[key] for key in kept])
        spread = x.std(axis=0)
        model = LogisticRegression(C=1.0, max_iter=1000).fit((x - x.mean(axis=0)) / spread, of.is_positive)
        effect = model.coef_[0]
        # Points already say which way is better: a feature that would count against it only corrects another.
        if (effect <= 0).any():
            kept = [key for key, value in zip(kept, effect, strict=True) if value > 0]
        elif len(kept) > MOST_COMPONENTS:
            kept = [kept[place] for place in sorted(np.argsort(-effect)[:MOST_COMPONENTS])]
        else:
            # Of points, not of standard deviations: the score adds up points.
            weights = dict(zip(kept, (effect / spread).tolist(), strict=True))
            break
    total = math.fsum(weights.values())
    found = [
        rules.Component(key, BY_KEY[key].label, key, curves[key], round(100 * weight / total, 1))
        for key, weight in weights.items()
    ]
    return sorted((one for one in found if one.weight >= 1), key=lambda one: -one.weight)


def _spec(components: Sequence[rules.Component], of: Rows) -> dict[str, Any]:
    """With gates and hysteresis of the definition in force, and thresholds that let as many of the others through as it does."""
    published = definitions.spec_of(definitions.published())
    evidence = np.ones(int((~of.is_positive).sum()), dtype=bool)
    others = {key: values[~of.is_positive] for key, values in of.features.items()}
    draft = rules.Spec(components=tuple(components))
    scores = np.sort(rules.evaluate(draft, others, evidence=evidence).score)
    before = rules.evaluate(rules.Spec(components=published.components), others, evidence=evidence).score

    def as_strict_as(threshold: int) -> int:
        place = math.floor((before < threshold).mean() * len(scores))
        return int(scores[min(place, len(scores) - 1)])

    pqa = min(100, max(2, as_strict_as(published.thresholds.pqa)))
    activate = min(pqa - 1, max(1, as_strict_as(published.thresholds.activate)))
    spec = msgspec.structs.replace(
        draft,
        thresholds=rules.Thresholds(pqa=pqa, activate=activate),
        hysteresis=published.hysteresis,
        gates=published.gates,
    )
    plain: dict[str, Any] = msgspec.to_builtins(spec)
    return plain


def _judged(figures: Figures, spec: rules.Spec, later: Rows) -> Figures:
    evaluated = rules.evaluate(spec, later.features, evidence=np.ones(len(later.week), dtype=bool))
    # Before it is rounded: ties of whole points would cost the proposal what no rounding costs volume.
    weight = np.array([component.weight for component in spec.components])
    ours, volume = evaluated.component @ weight, later.features[VOLUME]
    positive = later.is_positive
    return replace(
        figures,
        auc=discrimination.auc(ours[positive], ours[~positive]),
        auc_volume=discrimination.auc(volume[positive], volume[~positive]),
        difference=discrimination.difference((ours[positive], volume[positive]), (ours[~positive], volume[~positive])),
        found=_found(ours, positive),
        found_volume=_found(volume, positive),
    )


def _found(values: np.ndarray, positive: np.ndarray) -> float:
    """Of ties at the edge, the share that chance would give."""
    wanted = int(positive.sum())
    edge = np.sort(values)[-wanted]
    above, at = values > edge, values == edge
    room = wanted - int(above.sum())
    return float((positive[above].sum() + positive[at].sum() * room / at.sum()) / wanted)
