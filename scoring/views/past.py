"""Weeks of the past that a page needs: made a few seconds at a time, so that no request waits for all of them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Max
from django.utils import timezone

from accounts.models import Signal
from scoring import matrices
from scoring.models import Outcome

#: Seconds that one request makes missing weeks for.
PATIENCE = 2.0


@dataclass(frozen=True)
class Past:
    """So many of all the weeks are there."""

    made: int
    all: int

    @property
    def is_whole(self) -> bool:
        return self.made == self.all


def made(days: Collection[dt.date]) -> Past:
    """Makes missing weeks for about `PATIENCE` seconds, newest first."""
    until = time.monotonic() + PATIENCE
    left = sorted(matrices.missing(days))
    while left and time.monotonic() < until:
        matrices.make([left.pop()])
    return Past(len(days) - len(left), len(days))


def stamp() -> tuple[object, ...]:
    """Something that is the same while neither a day nor an outcome comes: what was worked out then may be shown again."""
    latest = Outcome.objects.aggregate(last=Max("pk"), n=Count("pk"))
    hands = Signal.objects.filter(kind="hand_raise").aggregate(last=Max("pk"))["last"]
    return timezone.now().date(), latest["last"], latest["n"], hands, connection.settings_dict["NAME"]
