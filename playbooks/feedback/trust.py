"""Can a team trust its queue? What came of the last fifty accounts, and how often scores of each height were good.

Audits are told apart: they were drawn below the threshold, to find what the score misses (`playbooks.feedback.audits`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db.models import BooleanField, Count, ExpressionWrapper, Q
from django.db.models.functions import TruncWeek
from django.utils import timezone

from playbooks.feedback import audits
from playbooks.feedback.feedback import GOOD, WRONG, Group, groups
from playbooks.feedback.filter import band_of
from playbooks.feedback.intervals import Share
from playbooks.models import Answer, Closing, QueueItem
from playbooks.querysets import CLOSED_BY_PEOPLE

LAST = 50
WEEKS = 26


@dataclass(frozen=True)
class Last:
    """The last accounts that the team has closed: `sent` of them, and what came of them. `waiting` were not answered."""

    sent: int
    good: int
    not_now: int
    wrong: int
    meetings: int
    opportunities: int
    won: int

    @property
    def waiting(self) -> int:
        return self.sent - self.good - self.not_now - self.wrong


@dataclass(frozen=True)
class Band:
    """Answers about scores of one band of ten, and what they came to."""

    group: Group
    low: int
    meetings: int
    won: int


@dataclass(frozen=True)
class Trust:
    """`spaces`: the answers that are about workspaces, by the score of those; they are in all other counts too. `weeks`: each of
    the last 26, oldest first, its Monday as key. `versions` by their number, the newest first."""

    motion: str
    last: Last
    total: Group
    bands: list[Band]
    weeks: list[Group]
    versions: list[Group]
    audit: audits.Misses | None
    spaces: Group


def of_motion(motion: str, *, now: dt.datetime | None = None) -> Trust:
    """Two queries, and three more where audits were drawn."""
    now = now or timezone.now()
    first = monday(now.date()) - dt.timedelta(weeks=WEEKS - 1)
    since = dt.datetime.combine(first, dt.time(), tzinfo=dt.UTC)
    told = list(
        Answer.objects.filter(motion=motion, at__gte=since, is_audit=False)
        .order_by()
        .annotate(week=TruncWeek("at", tzinfo=dt.UTC))
        .annotate(of_space=ExpressionWrapper(Q(item__workspace__isnull=False), output_field=BooleanField()))
        .values_list("verdict", "score", "week", "definition__version", "item__outcome", "of_space")
        .annotate(answers=Count("pk"))
    )
    by_week = {group.key: group for group in groups((row[2].date(), row[0], row[-1]) for row in told)}
    mondays = [first + dt.timedelta(weeks=n) for n in range(WEEKS)]
    total = groups((None, row[0], row[-1]) for row in told)
    spaces = groups((None, row[0], row[-1]) for row in told if row[5])
    return Trust(
        motion=motion,
        last=_last(motion),
        total=total[0] if total else Group(None),
        bands=_bands(told),
        weeks=[by_week.get(day, Group(day)) for day in mondays],
        versions=[group for group in groups((row[3], row[0], row[-1]) for row in told) if group.key is not None],
        audit=audits.misses(motion, now=now),
        spaces=spaces[0] if spaces else Group(None),
    )


def monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def _last(motion: str) -> Last:
    closed = QueueItem.objects.filter(
        motion=motion, closed_at__isnull=False, state__in=CLOSED_BY_PEOPLE, is_audit=False
    )
    rows = list(closed.order_by("-closed_at").values_list("answer__verdict", "outcome")[:LAST])
    verdicts, outcomes = Counter(row[0] for row in rows), Counter(row[1] for row in rows)
    return Last(
        sent=len(rows),
        good=verdicts[GOOD],
        not_now=verdicts[Answer.Verdict.NOT_NOW],
        wrong=verdicts[WRONG],
        meetings=outcomes[Closing.MEETING],
        opportunities=outcomes[Closing.OPPORTUNITY],
        won=outcomes[Closing.WON],
    )


def _bands(told: list[tuple[str, int | None, dt.datetime, int | None, str, bool, int]]) -> list[Band]:
    """The highest first; without those that had no score."""
    came: Counter[tuple[int | None, str]] = Counter()
    for _verdict, score, _week, _version, outcome, _of_space, n in told:
        came[band_of(score), outcome] += n
    return [
        Band(group, group.key, came[group.key, Closing.MEETING.value], came[group.key, Closing.WON.value])
        for group in groups((band_of(row[1]), row[0], row[-1]) for row in told)
        if isinstance(group.key, int)
    ]


def best_told(bands: list[Band]) -> tuple[Band, Share] | None:
    """The band with most answers, which is told in a sentence; none where all are too few."""
    enough = [band for band in bands if not band.group.share.is_few]
    best = max(enough, key=lambda band: band.group.answered, default=None)
    return (best, best.group.share) if best else None
