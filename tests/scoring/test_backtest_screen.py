"""What the page says of a backtest."""

import dataclasses
import datetime as dt

from scoring.backtest import Backtest, Band, Week
from scoring.backtest_screen import judged
from scoring.models import Tier


def a_backtest(*, positives: int, recall: float | None) -> Backtest:
    bands = [Band(tier, 1, 100, 40, 20, 30, 6, 0.2, recall, 7.5) for tier in (*Tier.values, "90-100")]
    week = Week(**{field.name: 0 for field in dataclasses.fields(Week)} | {
        "day": dt.date(2026, 8, 2), "counts": (1, 2, 3), "is_mature": True,
    })  # fmt: skip
    return Backtest([week], bands, 0.03, (10.0, 40.0, 60.0), positives, 12, 90, ("won",), 1.0)


def test_outcomes_later_than_a_week_are_told_as_lift_when_recall_is_unknown():
    found = a_backtest(positives=0, recall=None)

    shown = judged(found, found)

    assert (shown.positives, shown.followed) == (0, 18)
    assert "7.5\u00a0×" in shown.finding


def test_outcomes_of_the_next_week_are_told_as_recall():
    found = a_backtest(positives=3, recall=1 / 3)

    assert "33\u00a0%" in judged(found, found).finding
