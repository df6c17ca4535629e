"""Next steps: what is to be done with an item, and when. The earliest that is due stands on the item, so that it rises in time.

A step is open until it is done or dropped; both can be taken back. Steps of a play and lines of a plan are steps too.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Member
from playbooks.models import PlayUse, QueueItem, Step
from playbooks.refused import Refused

TEXT_LENGTH = 300
#: A date further away than this is a typing error.
FURTHEST = dt.timedelta(days=2 * 366)
#: How a play ends whose steps are all done or dropped.
FINISHED = "finished"


@transaction.atomic
def add(*, item_id: int, member: Member, text: str, due_at: dt.datetime | None = None) -> Step:
    """A next step of an open item. The same words for the same moment are one step, whoever adds them, however often.

    Raises `QueueItem.DoesNotExist`, `PermissionDenied` when the member does not work this motion, and `Refused` naming the field.
    """
    item = _workable(item_id, member)
    text = " ".join(text.split())
    if not text:
        raise Refused("text", _("Say what is to be done."))
    if len(text) > TEXT_LENGTH:
        raise Refused("text", _("At most %(n)d characters.") % {"n": TEXT_LENGTH})
    if "\x00" in text:
        raise Refused("text", _("Holds a character that cannot be stored."))
    if not item.is_open:
        raise Refused("text", _("This account is not under work any more: open it again first."))
    check_due(due_at)
    same = Step.objects.filter(item=item, kind=Step.Kind.NEXT, text=text, due_at=due_at, done_at=None, dropped_at=None)
    if (step := same.first()) is not None:
        return step
    step = Step.objects.create(item=item, account_id=item.account_id, text=text, due_at=due_at, created_by=member)
    tell_item(item)
    return step


@transaction.atomic
def complete(*, step_id: int, member: Member) -> Step:
    """It is done. Doing it twice is doing it once, and the first who did it stays its doer.

    Raises `Step.DoesNotExist` and `PermissionDenied`.
    """
    return _set(step_id, member, done_at=timezone.now(), done_by=member)


@transaction.atomic
def drop(*, step_id: int, member: Member) -> Step:
    """It is no longer wanted. Raises as `complete` does."""
    return _set(step_id, member, dropped_at=timezone.now())


@transaction.atomic
def reopen(*, step_id: int, member: Member) -> Step:
    """The undo of `complete` and `drop`: the step is to be done again. Raises as they do."""
    step, item = _mine(step_id, member)
    if step.done_at or step.dropped_at:
        step.done_at = step.done_by = step.dropped_at = None
        step.save(update_fields=["done_at", "done_by", "dropped_at"])
        if step.play_use_id and not PlayUse.objects.filter(item=item, ended_at=None).exists():
            PlayUse.objects.filter(pk=step.play_use_id, end=FINISHED).update(ended_at=None, end="")
        tell_item(item)
    return step


@transaction.atomic
def postpone(*, step_id: int, member: Member, due_at: dt.datetime | None) -> Step:
    """Another date, or none. Raises as `complete` does, and `Refused` naming the field."""
    step, item = _mine(step_id, member)
    check_due(due_at)
    step.due_at = due_at
    step.save(update_fields=["due_at"])
    tell_item(item)
    return step


def open_of(item_id: int) -> QuerySet[Step]:
    """What is still to be done with an item, the most urgent first."""
    rows = Step.objects.filter(item=item_id, done_at=None, dropped_at=None).select_related("play_step")
    return rows.order_by(F("due_at").asc(nulls_last=True), "place", "id")


def tell_item(item: QueueItem, **also: Any) -> None:
    """Keeps `step_due_at`; whoever makes or ends steps in another way calls it. `also`: other columns to save with it."""
    undone = Step.objects.filter(item=item, done_at=None, dropped_at=None)
    item.step_due_at = undone.aggregate(first=Min("due_at"))["first"]
    item.updated_at = timezone.now()
    for name, value in also.items():
        setattr(item, name, value)
    item.save(update_fields=["step_due_at", "updated_at", *also])


def check_due(due_at: dt.datetime | None) -> None:
    """Raises `Refused`: a step is due from today on."""
    if due_at is None:
        return
    now = timezone.now()
    if due_at < now - dt.timedelta(days=1):
        raise Refused("due_at", _("That day has passed."))
    if due_at > now + FURTHEST:
        raise Refused("due_at", _("That is more than two years away."))


def _workable(item_id: int, member: Member) -> QueueItem:
    item = QueueItem.objects.select_for_update(of=("self",)).select_related("account").get(pk=item_id)
    if not access.can(member, "work", item):
        raise PermissionDenied
    return item


def _mine(step_id: int, member: Member) -> tuple[Step, QueueItem]:
    # The item first, as every other verb does: two locks in one order.
    item = _workable(Step.objects.values_list("item_id", flat=True).get(pk=step_id), member)
    return Step.objects.select_for_update().get(pk=step_id), item


def _set(step_id: int, member: Member, **values: Any) -> Step:
    step, item = _mine(step_id, member)
    if step.done_at or step.dropped_at:
        return step
    for name, value in values.items():
        setattr(step, name, value)
    step.save(update_fields=list(values))
    moved = {"progressed_at": step.done_at} if step.kind == Step.Kind.PLAN and step.done_at else {}
    if step.play_use_id:
        undone = Step.objects.filter(play_use=step.play_use_id, done_at=None, dropped_at=None)
        if not undone.exists():
            PlayUse.objects.filter(pk=step.play_use_id, ended_at=None).update(ended_at=timezone.now(), end=FINISHED)
    tell_item(item, **moved)
    return step
