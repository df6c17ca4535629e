"""The catalogue of features as a PM picks from it: each with its distribution, and a curve to begin with. Values only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils.formats import number_format

from scoring import distributions, drawing, matrices, screens
from scoring.features import CATALOGUE, Feature


@dataclass(frozen=True)
class Line:
    """A feature of the catalogue with the distribution over all accounts."""

    feature: Feature
    bars: list[drawing.Bar]
    low: str
    high: str
    known: str
    used: bool


def lines(snapshot: matrices.Snapshot, used: set[str]) -> list[Line]:
    """Every feature with its distribution over all accounts."""
    found = []
    for feature in CATALOGUE:
        values = distributions.values_of(snapshot, feature.key)
        low, high = distributions.middle(feature.key, snapshot.key, values)
        high = high if high > low else low + 1
        counts = distributions.counts(feature.key, low, high, snapshot.key, values)
        known = int(np.isfinite(values).sum())
        found.append(
            Line(
                feature,
                drawing.bars(distributions.labels(low, high, feature), counts),
                screens.amount(distributions.short(low), feature),
                screens.amount(distributions.short(high), feature),
                number_format(known, use_l10n=True, force_grouping=True),
                feature.key in used,
            )
        )
    return found


def first_curve(snapshot: matrices.Snapshot, key: str) -> list[list[float]]:
    """A curve to begin with: from nothing at the middle account to all of it where a tenth of the accounts are."""
    values = distributions.values_of(snapshot, key)
    known = values[np.isfinite(values)]
    low, high = (float(part) for part in np.percentile(known, [50, 90])) if len(known) else (0.0, 1.0)
    low, high = round(low, 2), round(high, 2)
    return [[low, 0], [high if high > low else low + 1, 10]]
