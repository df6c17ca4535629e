"""Audits: accounts below the threshold, drawn at random into a queue to find what the score misses.

Off unless an admin sets a share. Over the weeks they are that share of the items that enter the queue: where a week's share is
not whole (a small team's is less than one) a lot decides, the same for the whole week. An audit stands among the others by
chance, and its score is not shown until it is closed and answered. Drawn are accounts that the routing table would send to the
motion if only their tier were the motion's: not those that somebody works or worked lately, that rest, or that signed up a few
days ago. Sales gets no bare sign-ups. Where workspaces stand in the queues, those below their threshold are drawn with the
accounts.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import MD5, Cast, Concat
from django.utils import timezone

from playbooks import lead_guard, owing, queue, routing
from playbooks.assignment import policies
from playbooks.feedback.feedback import GOOD, tier_of
from playbooks.feedback.intervals import Share
from playbooks.models import Answer, Motion, QueueItem, QueueItemEvent, QueuePolicy
from playbooks.spaces import Standing
from playbooks.verbs import acting, cooling, early
from scoring import definitions
from scoring.breakdown import feature_in_query
from scoring.models import Score, WorkspaceScore

WEEK = dt.timedelta(days=7)
#: An account is drawn again at the earliest after so long, and one that the motion had before too.
AGAIN = dt.timedelta(days=180)
MOST_SHARE = 0.05


# Drawing -------------------------------------------------------------------------------------------------------------


def draw_due(*, now: dt.datetime | None = None) -> dict[str, int]:
    """Draws what is due today in every queue with a share; motion → how many. Running it twice draws no more."""
    policies = QueuePolicy.objects.filter(audit_share__gt=0).order_by("motion")
    return {policy.motion: draw(policy.motion, share=policy.audit_share, now=now) for policy in policies}


@policies.held()
@transaction.atomic
def draw(motion: str, *, share: float, now: dt.datetime | None = None) -> int:
    """Draws audits into a motion's queue up to its share of the last week's items; how many.

    The draw is by chance, and the same for the same day and accounts.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:  # nobody routes meanwhile, and no second draw sees the same room
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [queue.LOCK])
    places = room(motion, share=share, now=now)
    if not places:
        return 0
    seed = f"{motion} {now.date()}"
    drawn = _awake(
        [*_lot(eligible(motion, now=now), seed, 4 * places), *_spaces(motion, seed, 4 * places, now)], motion, now
    )
    drawn = sorted(drawn, key=lambda one: one.lot)[:places]
    priorities = _priorities(motion, len(drawn), seed)
    items = []
    for one, priority in zip(drawn, priorities, strict=True):
        score = one.score
        item = acting.unsaved(
            account_id=one.account_id,
            workspace_id=one.workspace_id,
            motion=motion,
            is_audit=True,
            entered_at=now,
            updated_at=now,
            priority=priority,
            score=score.score,
            tier=score.tier,
            segment=score.segment,
            buyer_state=score.buyer_state,
        )
        owing.after(item, "entered", now)
        try:
            with transaction.atomic():
                item.save(force_insert=True)
        except IntegrityError:  # a member opened one by hand meanwhile
            continue
        items.append(item)
    queue.route_accounts([item.account_id for item in items])  # shows what any item shows
    told = QueueItem.objects.in_bulk([item.pk for item in items]).values()
    QueueItemEvent.objects.bulk_create(
        QueueItemEvent(item=item, at=now, verb=QueueItemEvent.Verb.ENTERED, detail=item.why_now) for item in told
    )
    return len(items)


@dataclass(frozen=True)
class _Drawn:
    """An account or a workspace, with its lot: the lowest are drawn."""

    account_id: int
    workspace_id: int | None
    lot: str
    score: Score | Standing


def _lot(scores: QuerySet[Score], seed: str, most: int) -> list[_Drawn]:
    order = MD5(Concat(Value(seed + " "), Cast("pk", CharField())))
    return [_Drawn(row.pk, None, row.lot, row) for row in scores.annotate(lot=order).order_by("lot", "pk")[:most]]


def _spaces(motion: str, seed: str, most: int, now: dt.datetime) -> list[_Drawn]:
    """Of workspaces; none where they do not stand in the queues."""
    if not definitions.spec_of(definitions.published()).queues_workspaces:
        return []
    order = MD5(Concat(Value(seed + " workspace "), Cast("pk", CharField())))
    rows = (
        eligible_spaces(motion, now=now).annotate(lot=order).select_related("workspace__account__score", "definition")
    )
    found = []
    for row in rows.order_by("lot", "pk")[:most]:
        account = row.workspace.account
        assert account is not None
        standing = Standing(row, account.score.buyer_state, account.score.segment)
        found.append(_Drawn(account.pk, row.pk, row.lot, standing))
    return found


def _awake(drawn: list[_Drawn], motion: str, now: dt.datetime) -> list[_Drawn]:
    """Those that do not rest, by themselves or with their account."""
    accounts = [one.account_id for one in drawn]
    resting = cooling.of_accounts(accounts, now=now)
    spaces = cooling.of_workspaces(accounts, now=now) if any(one.workspace_id for one in drawn) else {}
    return [
        one
        for one in drawn
        if cooling.rest_of(spaces.get(one.workspace_id or 0, {}) | resting.get(one.account_id, {}), motion) is None
    ]


def room(motion: str, *, share: float, now: dt.datetime) -> int:
    """How many audits may be drawn now, so that over the weeks they are `share` of the items of seven days.

    The part of one that is left over is drawn by lot: 0.42 of an audit is one audit in 42 of 100 weeks.
    """
    entered = QueueItem.objects.filter(motion=motion, entered_at__gt=now - WEEK, entered_at__lte=now)
    found = entered.aggregate(audits=Count("pk", filter=Q(is_audit=True)), others=Count("pk", filter=Q(is_audit=False)))
    share = min(max(share, 0.0), MOST_SHARE)
    year, week, _day = now.isocalendar()
    lot = random.Random(f"{motion} {year} {week}").random()  # noqa: S311 — a lot, not a secret
    return max(0, math.floor(share * found["others"] / (1 - share) + lot) - int(found["audits"]))


def eligible(motion: str, *, now: dt.datetime, with_drawn: bool = False) -> QuerySet[Score]:
    """The accounts that may be drawn. `with_drawn`: also those that were, or could be but for what the team did lately."""
    where = _cells(motion)
    if where is None:
        return Score.objects.none()
    found = Score.objects.filter(where, score__isnull=False, hand_raised_at=None, account__merged_into=None)
    found = found.annotate(days=feature_in_query("feature_values", "days_since_first_use"))
    found = found.filter(Q(days=None) | Q(days__gte=early.days_of(motion)))
    if motion == Motion.SALES:
        found = found.exclude(lead_guard.bare())
    items = QueueItem.objects.filter(account=OuterRef("pk"))
    is_open = Q(state__in=queue.OPEN)
    if with_drawn:
        return found.exclude(Exists(items.filter(is_open, is_audit=False)))
    lately = Q(motion=motion) & (Q(entered_at__gt=now - AGAIN) | Q(closed_at__gt=now - AGAIN))
    return found.exclude(Exists(items.filter(is_open | lately)))


def eligible_spaces(motion: str, *, now: dt.datetime) -> QuerySet[WorkspaceScore]:
    """The workspaces that may be drawn: as accounts, and not while their account has an item of its own in the motion."""
    where = _cells(motion, of_account="workspace__account__score__")
    if where is None:
        return WorkspaceScore.objects.none()
    found = WorkspaceScore.objects.filter(
        where, score__isnull=False, workspace__account__score__hand_raised_at=None, workspace__account__merged_into=None
    )
    found = found.annotate(days=feature_in_query("feature_values", "days_since_first_use"))
    found = found.filter(Q(days=None) | Q(days__gte=early.days_of(motion)))
    if motion == Motion.SALES:
        found = found.exclude(lead_guard.bare())
    lately = Q(entered_at__gt=now - AGAIN) | Q(closed_at__gt=now - AGAIN)
    items = QueueItem.objects.filter(
        Q(workspace=OuterRef("pk")) | Q(workspace=None, account=OuterRef("workspace__account"))
    )
    return found.exclude(Exists(items.filter(Q(state__in=queue.OPEN) | (Q(motion=motion) & lately))))


def _cells(motion: str, *, of_account: str = "") -> Q | None:
    """The rows below the motion's tier that would go to it in that tier; none: no cell leads there."""
    tier, table = tier_of(motion), queue.table()
    cells = [
        Q(**{"tier": below, f"{of_account}buyer_state": buyer, f"{of_account}segment": segment})
        for below in routing.TIERS[routing.TIERS.index(tier) + 1 :]
        for buyer in routing.BUYER_STATES
        for segment in routing.SEGMENTS
        if motion
        in routing.route(
            tier=tier, buyer_state=buyer, segment=segment, hand_raised=False, is_bare=False, table=table
        ).motions
    ]
    where = None
    for cell in cells:
        where = cell if where is None else where | cell
    return where


def _priorities(motion: str, n: int, seed: str) -> list[float]:
    """Places among the rows that wait, by chance; never before a raised hand."""
    waiting = QueueItem.objects.filter(motion=motion, state=QueueItem.State.NEW, hand_raised_at=None, is_audit=False)
    known = list(waiting.order_by("-priority").values_list("priority", flat=True)[:1_000])
    draw_of = random.Random(seed)  # noqa: S311 — a lot, not a secret
    return [draw_of.choice(known) if known else 80.0 for _place in range(n)]


# What they say -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Misses:
    """Of `drawn` audits, `good.of` were answered and `good.part` were good. `below`: accounts that could be drawn now.

    The draw is by chance, so about `good.value` of those below are missed.
    """

    drawn: int
    good: Share
    below: int

    @property
    def missed(self) -> int:
        return round(self.good.value * self.below) if self.good.of else 0

    @property
    def missed_low(self) -> int:
        return math.floor(self.good.low * self.below)

    @property
    def missed_high(self) -> int:
        return math.ceil(self.good.high * self.below)


def misses(motion: str, *, now: dt.datetime | None = None) -> Misses | None:
    """What the audits of the last half year say; none when nothing was drawn. One query then, else three."""
    now = now or timezone.now()
    drawn = QueueItem.objects.filter(motion=motion, is_audit=True, entered_at__gt=now - AGAIN)
    n = drawn.count()
    if not n:
        return None
    answers = Answer.objects.filter(item__in=drawn).aggregate(all=Count("pk"), good=Count("pk", filter=Q(verdict=GOOD)))
    return Misses(n, Share(answers["good"], answers["all"]), eligible(motion, now=now, with_drawn=True).count())
