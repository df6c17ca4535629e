"""What was done with a queue item and what is to be done: next steps, touches, the answer, its history with the way back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import can
from accounts.models import Contact, Member
from accounts.people import Person
from playbooks import steps, touches
from playbooks.models import Answer, QueueItem, QueueItemEvent, Reason, Step, Touch
from playbooks.screens import find_buyer, plan, states
from playbooks.screens.pane import Pane
from playbooks.spaces import Rated
from playbooks.verbs import undo

#: So many of each are shown beside the queue; the account's page has more.
SHOWN = 6
TOUCH_ICONS = {"call": "phone", "email": "mail", "message": "send", "meeting": "users"}
VERDICT_TAGS = {"good": "green", "not_now": "grey", "wrong": "red"}


@dataclass(frozen=True)
class HistoryLine:
    """`undo` is the address that takes it back, while that is possible; `is_undone`: somebody has."""

    at: dt.datetime
    verb: str
    words: str
    actor: str
    detail: str
    undo: str = ""
    is_undone: bool = False


@dataclass(frozen=True)
class StepLine:
    id: int
    text: str
    due: str
    is_overdue: bool


@dataclass(frozen=True)
class TouchLine:
    id: int
    icon: str
    words: str
    said: str
    member: str
    at: dt.datetime
    may_remove: bool


@dataclass(frozen=True)
class AnswerLine:
    label: str
    tag: str
    reason: str
    words: str
    member: str
    at: dt.datetime


@dataclass(frozen=True)
class Work:
    """The lower half of the pane. `is_audit` is told only after the answer: before it would bias it."""

    id: int
    steps: list[StepLine]
    touches: list[TouchLine]
    answer: AnswerLine | None
    history: list[HistoryLine]
    is_audit: bool
    may_work: bool
    handover: str
    plan: plan.PlanBox | None
    finding: find_buyer.Finding | None

    @property
    def is_empty(self) -> bool:
        return not (self.steps or self.touches or self.answer or self.handover or self.plan or self.finding)


def of_item(
    item: QueueItem,
    member: Member,
    *,
    people: Sequence[Person] | None = None,
    score: Rated | None = None,
    told: Sequence[HistoryLine] | None = None,
    there: Pane | None = None,
    outside: Sequence[Contact] | None = None,
    early_days: int | None = None,
    with_finding: bool = True,
) -> Work:
    """Four queries; one more in success' queue, whose plan has a box of its own, and six in marketing's.

    Fewer with what is known: the account's `people`, `score` and contacts (`outside`), the motion's `early_days`, the history
    (`told`), and what is not `there`.
    """
    now = timezone.now()
    answer = (
        Answer.objects.filter(item=item).select_related("member").first() if not there or there.has_answer else None
    )
    may_work = can(member, "work", item)
    if told is None:
        events = QueueItemEvent.objects.filter(item=item).select_related("actor").order_by("-at", "-id")[:50]
        told = lines(list(events), member)
    return Work(
        id=item.pk,
        steps=[step_line(step, now) for step in steps.open_of(item.pk).exclude(kind=Step.Kind.PLAN)[:SHOWN]]
        if not there or there.has_steps
        else [],
        touches=[touch_line(touch, member) for touch in touches.of_item(item.pk)[:SHOWN]]
        if item.last_touched_at
        else [],
        answer=answer_line(answer),
        history=list(told),
        is_audit=item.is_audit and answer is not None,
        may_work=may_work,
        handover=item.handover,
        plan=plan.of_item(item, member),
        finding=find_buyer.of_item(item, member, people=people, score=score, outside=outside, early_days=early_days)
        if with_finding
        else None,
    )


def step_line(step: Step, now: dt.datetime) -> StepLine:
    is_overdue = step.due_at is not None and step.due_at < now
    if step.due_at is None:
        due = ""
    elif is_overdue:
        due = _("overdue by %(time)s") % {"time": states.span(now - step.due_at)}
    else:
        due = _("until %(moment)s") % {"moment": states.moment(step.due_at)}
    return StepLine(step.pk, step.text, due, is_overdue)


def touch_line(touch: Touch, member: Member) -> TouchLine:
    who = touch.person or touch.contact
    words = [str(touch.get_kind_display())]
    if who:
        words.append(str(who))
    if touch.result:
        words.append(str(touch.get_result_display()))
    return TouchLine(
        id=touch.pk,
        icon=TOUCH_ICONS.get(touch.kind, "send"),
        words=" · ".join(words),
        said=touch.words,
        member=str(touch.member) if touch.member else "",
        at=touch.at,
        may_remove=touch.member_id == member.pk or can(member, "administer"),
    )


def answer_line(answer: Answer | None) -> AnswerLine | None:
    if answer is None:
        return None
    return AnswerLine(
        label=str(answer.get_verdict_display()),
        tag=VERDICT_TAGS[answer.verdict],
        reason=str(Reason(answer.reason).label) if answer.reason else "",
        words=answer.words,
        member=str(answer.member) if answer.member else "",
        at=answer.at,
    )


def lines(events: Sequence[QueueItemEvent], member: Member) -> list[HistoryLine]:
    """One item's events, the newest first; the newest can be undone by whoever did it, for a while."""
    since = timezone.now() - dt.timedelta(minutes=undo.UNDO_MINUTES)
    last = next((one for one in events if one.undone_at is None and one.verb not in undo.NO_OBSTACLE), None)
    may = last is not None and last.before is not None and last.actor_id == member.pk and last.at > since
    return [
        line(event, undo=reverse("queue_undo", args=[event.pk]) if may and event is last else "") for event in events
    ]


def line(event: QueueItemEvent, *, undo: str) -> HistoryLine:
    return HistoryLine(
        at=event.at,
        verb=event.verb,
        words=str(event.get_verb_display()),
        actor=str(event.actor) if event.actor else "",
        detail=event.detail,
        undo=undo,
        is_undone=event.undone_at is not None,
    )


def by_item(events: Iterable[QueueItemEvent], member: Member) -> dict[int, list[HistoryLine]]:
    """The same for several items at once."""
    grouped: dict[int, list[QueueItemEvent]] = {}
    for event in events:
        grouped.setdefault(event.item_id, []).append(event)
    return {item_id: lines(rows, member) for item_id, rows in grouped.items()}
