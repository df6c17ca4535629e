"""Accounts of so many people that adding up what they did is no work for a page: a worker does it every hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models.lookups import GreaterThan
from django.utils import timezone

from accounts import usage
from scoring.breakdown import feature_in_query
from scoring.models import Score

#: Weeks that an account's page shows, and the pane beside a queue.
PAGE, PANE = 26, 12


def people(score: Score | None) -> float | None:
    """How many people the account has, as of the last score."""
    return score.features.get("people") if score is not None else None


def keep(*, today: dt.date) -> int:
    """Adds up the weeks of all crowds; how many there are."""
    many = GreaterThan(feature_in_query("feature_values", "people"), float(usage.CROWD))
    crowds = list(Score.objects.filter(many).values_list("account_id", flat=True))
    for account_id in crowds:
        for weeks in (PAGE, PANE):
            usage.weeks_of(account_id, people=usage.CROWD + 1, weeks=weeks, until=today, fresh=True)
    return len(crowds)


def forget(account_ids: Iterable[int]) -> None:
    """Of accounts that were corrected."""
    usage.forget_weeks(account_ids, weeks=(PAGE, PANE), until=timezone.now().date())
