"""The clock over times to answer: warns of what is due soon, marks what was missed, once, and gives it to somebody else where the
queue says so.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from playbooks.assignment import assignment, policies
from playbooks.assignment import news as telling
from playbooks.models import Notification, QueueItem, QueueItemEvent, SlaMiss
from playbooks.telling import notifications

#: Items in one transaction.
AT_ONCE = 500


def mark_missed(now: dt.datetime) -> int:
    """Marks what is overdue, the longest first; how many. Those that somebody is at come next time."""
    with policies.held(), transaction.atomic():
        rows = QueueItem.objects.working().filter(due_at__lte=now, breached_at=None).order_by("due_at", "pk")
        if not rows.exists():
            return 0
        assignment.lock(wait=True)
        rows = rows.select_related("account", "workspace", "owner").select_for_update(skip_locked=True, of=("self",))
        items = list(rows[:AT_ONCE])
        _write_down(items, now)
        given = _given_on(items, now)
        notifications.tell_all(telling.missed(item for item in items if item.pk not in given))
        return len(items)


def warn(now: dt.datetime) -> int:
    """Tells owners what is due soon, each once; how many."""
    told = Notification.objects.filter(item=OuterRef("pk"), kind="warning", created_at__gte=OuterRef("warn_at"))
    rows = QueueItem.objects.filter(state=QueueItem.State.CLAIMED, warn_at__lte=now, due_at__gt=now)
    items = list(rows.exclude(Exists(told)).select_related("account", "workspace", "owner")[:AT_ONCE])
    notifications.tell_all(telling.warned(items))
    return len(items)


def _write_down(items: list[QueueItem], now: dt.datetime) -> None:
    """The miss, the event and the mark on the item. What was recorded before, and then undone or touched, is no second miss."""
    before = set(SlaMiss.objects.filter(item__in=items).values_list("item_id", "sla", "due_at"))
    new = [item for item in items if (item.pk, item.sla, item.due_at) not in before]
    SlaMiss.objects.bulk_create(
        SlaMiss(item=item, sla=item.sla, due_at=item.due_at or now, at=now, owner_id=item.owner_id) for item in new
    )
    QueueItemEvent.objects.bulk_create(
        QueueItemEvent(item=item, at=now, verb=QueueItemEvent.Verb.MISSED, detail=_in_words(item)[:400]) for item in new
    )
    for item in items:
        item.breached_at = item.updated_at = now
    QueueItem.objects.filter(pk__in=[item.pk for item in items]).update(breached_at=now, updated_at=now)


def _in_words(item: QueueItem) -> str:
    """In the queue's zone, as its hours are."""
    told = telling.due_in_words(item, clock=policies.rules(item.motion).hours.clock)
    return _("%(told)s; with %(member)s") % {"told": told, "member": item.owner} if item.owner else told


def _given_on(items: list[QueueItem], now: dt.datetime) -> set[int]:
    by_motion: dict[str, list[QueueItem]] = {}
    for item in items:
        if item.state == QueueItem.State.CLAIMED and policies.of(item.motion).reassigns_on_breach:
            by_motion.setdefault(item.motion, []).append(item)
    given: set[int] = set()
    for motion, late in by_motion.items():
        team = assignment.team_of(motion, now)
        given |= assignment.give_out(motion, late, team=team, now=now, because=_("Missed by %(owner)s"))
    return given
