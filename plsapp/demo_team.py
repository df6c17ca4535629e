"""What the demo's team did in the last eight weeks: accounts that were PQAs then, worked, closed and answered for.

Which accounts those are and what they scored is the engine's own history; only the reps' part is made up, the same each time.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from accounts.models import Member, Role
from playbooks import steps, touches
from playbooks.models import Answer, Closing, Motion, QueueItem, QueueItemEvent, Reason, Touch
from playbooks.verbs import early, verbs
from scoring import outcomes
from scoring.breakdown import features_of
from scoring.models import Outcome, ScoreChange

COLLEAGUE = ("noor@colleagues.example", "Noor Haddad")
#: How far back the answers go.
WEEKS = 8
DAY = dt.timedelta(days=1)


def work() -> None:
    """Fills the past with closed items and their answers, and gives a colleague a few of today's. Once: later calls do nothing."""
    if Answer.objects.exists():
        return
    seller = Member.objects.get(email="sales@demo.example")
    colleague, made = Member.objects.get_or_create(
        email=COLLEAGUE[0], defaults={"name": COLLEAGUE[1], "role": Role.SALES}
    )
    if made:
        colleague.set_unusable_password()
        colleague.save()
    _past([seller, colleague])
    _today(seller, colleague)


def _past(reps: list[Member]) -> None:
    now, draw = timezone.now(), np.random.default_rng(5)
    for number, change in enumerate(_were_pqa(now - WEEKS * 7 * DAY)):
        said = _said(change, draw)
        entered = change.at + DAY * float(draw.uniform(0.1, 1.5))
        closed = min(entered + DAY * float(draw.uniform(0.5, 24)), now - dt.timedelta(hours=3))
        touched = closed - (closed - entered) / 2
        rep = reps[number % 2]
        item = QueueItem.objects.create(
            account_id=change.account_id,
            motion=Motion.SALES,
            state=QueueItem.State.DISQUALIFIED if said["verdict"] == "wrong" else QueueItem.State.DONE,
            outcome=said["outcome"],
            reason=said["reason"] if said["verdict"] == "wrong" else "",
            owner=None,
            entered_at=entered,
            claimed_at=None,
            closed_at=closed,
            closed_by=rep,
            updated_at=closed,
            first_touched_at=touched,
            last_touched_at=touched,
            score=change.score,
            tier=change.tier,
            segment=change.segment,
            buyer_state=change.buyer_state,
        )
        for verb, at, actor in (("entered", entered, None), ("claimed", entered + (closed - entered) / 4, rep)):
            QueueItemEvent.objects.create(item=item, at=at, verb=verb, actor=actor)
        QueueItemEvent.objects.create(item=item, at=closed, verb=item.state, actor=rep)
        Touch.objects.create(
            item=item, account_id=item.account_id, kind="email", at=touched, member=rep, result="replied"
        )
        Answer.objects.create(
            item=item,
            account_id=item.account_id,
            motion=item.motion,
            member=rep,
            at=closed,
            verdict=said["verdict"],
            reason=said["reason"],
            definition_id=change.definition_id,
            score=change.score,
            tier=change.tier,
            segment=change.segment,
            buyer_state=change.buyer_state,
            feature_values=change.feature_values,
            effects=change.effects,
        )
        kind = Outcome.Kind.REJECTED if said["verdict"] == "wrong" else Outcome.Kind.ACCEPTED
        if said["verdict"] != "not_now":
            outcomes.record(account_id=item.account_id, kind=kind, at=closed, source="demo")


def _were_pqa(since: dt.datetime) -> list[ScoreChange]:
    """Each account's first time as a PQA since then, of those that are in no sales queue now; oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (account_id) id FROM scoring_scorechange c
            WHERE tier = 'pqa' AND at >= %s AND at < now() - interval '4 days' AND cardinality(feature_values) > 0
            AND NOT EXISTS (SELECT FROM playbooks_queueitem q WHERE q.account_id = c.account_id AND q.motion = 'sales')
            ORDER BY account_id, at
            """,
            [since],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    return list(ScoreChange.objects.filter(pk__in=ids).order_by("at", "pk"))


def _said(change: ScoreChange, draw: np.random.Generator) -> dict[str, Any]:
    """A believable answer: small teams are often too small, where nobody can buy it is often said, the rest is mostly good."""
    known = features_of(change.feature_values)
    people, buyers, luck = known["active_users_28"] or 0, known["buyers"] or 0, draw.random()
    if people < 7 and luck < 0.4:
        return {"verdict": "wrong", "reason": Reason.TOO_SMALL.value, "outcome": ""}
    if not buyers and luck < 0.22:
        return {"verdict": "wrong", "reason": Reason.NO_BUYER.value, "outcome": ""}
    if luck > 0.86:
        return {"verdict": "not_now", "reason": Reason.BAD_TIMING.value, "outcome": Closing.NO_INTEREST.value}
    came = draw.choice(
        [Closing.MEETING.value, Closing.OPPORTUNITY.value, Closing.WON.value, Closing.NO_ANSWER.value],
        p=[0.4, 0.25, 0.1, 0.25],
    )
    return {"verdict": "good", "reason": "", "outcome": str(came)}


def _today(seller: Member, colleague: Member) -> None:
    """Some of today's items are under work: each rep has a few, with a touch and a next step; one sleeps."""
    waiting = list(QueueItem.objects.working().filter(motion=Motion.SALES, state="new").in_order()[4:24])
    now = timezone.now()
    for number, item in enumerate(waiting[::2]):
        rep = seller if number % 3 == 1 else colleague
        if early.is_too_early(item) or not verbs.claim(item_id=item.pk, member=rep).won or number % 4 == 3:
            continue
        touches.log(item_id=item.pk, member=rep, kind=("email", "call")[number % 2], result="left_word")
        steps.add(item_id=item.pk, member=rep, text="Send the usage summary", due_at=now + DAY * (1 + number % 4))
    sleeping = next((item for item in waiting[1::2] if item.hand_raised_at is None), None)
    if sleeping is not None:
        verbs.snooze(item_id=sleeping.pk, member=seller, until=now + 3 * DAY)
