"""Touches: calls, e-mails, messages and meetings that reps logged. Nothing is sent by this app.

A touch belongs to an item and names a person or a contact of its account, or nobody. Logging one tells the item's times to answer
(`sla`) and ends a running play whose exits it meets. It can be taken away and put back.
"""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Contact, Member, Membership, ProductUser
from playbooks import owing, steps
from playbooks.models import QueueItem, Step, Touch
from playbooks.plays import plays
from playbooks.refused import Refused
from playbooks.verbs import early

WORDS_LENGTH = 4_000
#: A rep's clock may be ahead of ours by so much.
SLACK = dt.timedelta(minutes=5)
#: Further back than this it is a typing error.
OLDEST = dt.timedelta(days=366)


@transaction.atomic
def log(
    *,
    item_id: int,
    member: Member,
    kind: str,
    words: str = "",
    result: str = "",
    person_id: int | None = None,
    contact_id: int | None = None,
    at: dt.datetime | None = None,
) -> Touch:
    """Writes down what the member did, `at` (now when none) a moment in the past.

    Raises `QueueItem.DoesNotExist`, `PermissionDenied` when the member does not work this motion, and `Refused` naming the field.
    """
    item = _workable(item_id, member)
    now = timezone.now()
    at = at or now
    _check(item, kind=kind, result=result, words=words, at=at, now=now)
    if person_id is not None and contact_id is not None:
        raise Refused("who", _("Name one person, not two."))
    if person_id is not None and not people_of(item.account_id).filter(pk=person_id).exists():
        raise Refused("who", _("That person does not belong to this account."))
    if contact_id is not None and not Contact.objects.filter(pk=contact_id, account=item.account_id).exists():
        raise Refused("who", _("That contact does not belong to this account."))
    if result != Touch.Result.REPLIED:  # to answer them is never too early
        early.refuse(item)
    touch = Touch.objects.create(
        item=item,
        account_id=item.account_id,
        kind=kind,
        result=result,
        at=min(at, now),
        member=member,
        person_id=person_id,
        contact_id=contact_id,
        words=words.strip(),
    )
    _tell_item(item)
    plays.end_exited(item_id=item.pk)
    return touch


@transaction.atomic
def log_step(
    *, step_id: int, member: Member, person_id: int | None = None, contact_id: int | None = None
) -> tuple[Step, Touch]:
    """A play's call, e-mail, message or meeting was done: logs it as a touch and completes the step.

    Raises `Step.DoesNotExist`, and as `log` and `steps.complete` do; `Refused` for a step that is no touch.
    """
    step = Step.objects.select_related("play_step").get(pk=step_id)
    kind = step.play_step.kind if step.play_step else ""
    if kind not in Touch.Kind.values:
        raise Refused("kind", _("This step is not a call, an e-mail, a message or a meeting."))
    touch = log(
        item_id=step.item_id, member=member, kind=kind, words=step.text, person_id=person_id, contact_id=contact_id
    )
    return steps.complete(step_id=step_id, member=member), touch


@transaction.atomic
def remove(*, touch_id: int, member: Member) -> Touch:
    """Takes a touch away that was logged by mistake. Its member or an admin may; doing it twice is doing it once.

    Raises `Touch.DoesNotExist` and `PermissionDenied`.
    """
    return _put(touch_id, member, away=True)


@transaction.atomic
def put_back(*, touch_id: int, member: Member) -> Touch:
    """The undo of `remove`. Raises as it does."""
    return _put(touch_id, member, away=False)


def people_of(account_id: int) -> QuerySet[ProductUser]:
    """The product users who belong to an account: by their e-mail's domain or as members of its workspaces."""
    # Two ways by index: one condition with OR reads all people there are.
    own = ProductUser.objects.filter(account=account_id).values("pk")
    members = Membership.objects.filter(workspace__account=account_id).values("user")
    return ProductUser.objects.filter(pk__in=own.union(members))


def of_item(item_id: int) -> QuerySet[Touch]:
    """The touches of an item, newest first, with their people."""
    kept = Touch.objects.filter(item=item_id, removed_at=None)
    return kept.select_related("member", "person", "contact").order_by("-at", "-id")


def _check(item: QueueItem, *, kind: str, result: str, words: str, at: dt.datetime, now: dt.datetime) -> None:
    if kind not in Touch.Kind.values:
        raise Refused("kind", _("Choose a call, an e-mail, a message or a meeting."))
    if result and result not in Touch.Result.values:
        raise Refused("result", _("That is no result of a touch."))
    if len(words) > WORDS_LENGTH:
        raise Refused("words", _("At most %(n)d characters.") % {"n": WORDS_LENGTH})
    if "\x00" in words:
        raise Refused("words", _("Holds a character that cannot be stored."))
    if at > now + SLACK:
        raise Refused("at", _("That is in the future. A touch is something that happened; plan it as a next step."))
    if at < now - OLDEST:
        raise Refused("at", _("That is more than a year ago."))


def _workable(item_id: int, member: Member) -> QueueItem:
    item = QueueItem.objects.select_for_update(of=("self",)).select_related("account").get(pk=item_id)
    if not access.can(member, "work", item):
        raise PermissionDenied
    return item


def _put(touch_id: int, member: Member, *, away: bool) -> Touch:
    # The item first, as every other verb does: two locks in one order.
    item = _workable(Touch.objects.values_list("item_id", flat=True).get(pk=touch_id), member)
    touch = Touch.objects.select_for_update().get(pk=touch_id)
    if touch.member_id != member.pk and not access.can(member, "administer"):
        raise PermissionDenied
    if bool(touch.removed_at) != away:
        touch.removed_at = timezone.now() if away else None
        touch.save(update_fields=["removed_at"])
        _tell_item(item)
        if away:
            plays.look_again(item_id=item.pk)
        else:
            plays.end_exited(item_id=item.pk)
    return touch


def _tell_item(item: QueueItem) -> None:
    """The item's first and last touch, from those that are left, and what its owner owes after it."""
    kept = Touch.objects.filter(item=item, removed_at=None).aggregate(first=Min("at"), last=Max("at"))
    item.first_touched_at, item.last_touched_at = kept["first"], kept["last"]
    item.updated_at = timezone.now()
    owing.after(item, "touched", item.updated_at)
    item.save(update_fields=["first_touched_at", "last_touched_at", "updated_at", *owing.COLUMNS])
