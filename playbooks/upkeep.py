"""What the clock does to queues: items of members who left go back to the pool, items of merged accounts follow them."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, changes
from playbooks import owing
from playbooks.models import Answer, QueueItem, QueueItemEvent, Step, Touch
from playbooks.verbs import verbs
from playbooks.verbs.transitions import LEFT, OPEN, OWNED

#: Merged accounts whose items move in one transaction.
AT_ONCE = 200
Told = QueueItemEvent.Verb


def pool_absent() -> int:
    """Gives back what is owned by members who were deactivated, or whose role no longer works the motion; how many items."""
    gone = Q(owner__is_active=False)
    for motion, roles in access.WORKERS.items():
        gone |= Q(motion=motion) & ~Q(owner__role__in=roles)
    rows = (
        QueueItem.objects.filter(gone, state__in=OWNED).order_by("pk").values_list("pk", "owner__name", "owner__email")
    )
    pooled = 0
    for item_id, name, email in rows:
        because = _("%(member)s no longer works this queue") % {"member": name or email}
        pooled += verbs.release(item_id=item_id, member=None, because=because).won
    return pooled


@transaction.atomic
def follow_merged() -> int:
    """Moves the items of merged accounts to the accounts that they went into; how many items.

    One open item stays in a motion: the one that is owned, else the survivor's own. The other leaves and tells so.
    """
    rows = QueueItem.objects.filter(account__merged_into__isnull=False).order_by("account_id")
    pairs = rows.values_list("account_id", "account__merged_into").distinct()[:AT_ONCE]
    into = {old: target for old, target in pairs if target is not None}
    if not into:
        return 0
    known = QueueItem.objects.select_for_update().filter(
        Q(account__in=into) | Q(account__in=into.values(), state__in=OPEN)
    )
    items = list(known.order_by("pk"))
    now = timezone.now()
    working = {(item.account_id, item.motion): item for item in items if item.is_open and item.account_id not in into}
    moved = [item for item in items if item.account_id in into]
    events: list[QueueItemEvent] = []
    for item in moved:
        target = into[item.account_id]
        if item.is_open:
            other = working.get((target, item.motion))
            loser = None if other is None else other if item.owner_id and not other.owner_id else item
            if loser is not None:
                events.append(_leave(loser, now))
            if loser is not item:
                working[target, item.motion] = item
                events.append(_told(item, Told.HANDED_OVER, _("with its account, which was merged into this one"), now))
        item.account_id = target
    # What leaves first: there is one open item an account and motion at every moment.
    changed = moved + [item for item in items if item not in moved and item.state == LEFT]
    for item in sorted(changed, key=lambda one: one.is_open):
        item.updated_at = now
        item.save(update_fields=["account", "state", "owner", "claimed_at", "closed_at", "updated_at", *owing.COLUMNS])
    QueueItemEvent.objects.bulk_create(events)
    for old, target in into.items():
        for model in (Touch, Step, Answer):
            model._default_manager.filter(account=old).update(account=target)
    changes.mark(set(into.values()), table=changes.SCORED, urgent=True)
    return len(moved)


def _leave(item: QueueItem, now: dt.datetime) -> QueueItemEvent:
    item.state, item.owner, item.claimed_at, item.closed_at = LEFT, None, None, now
    owing.after(item, "closed", now)
    return _told(item, Told.LEFT, _("The account was merged; its other item stays"), now)


def _told(item: QueueItem, verb: str, detail: str, now: dt.datetime) -> QueueItemEvent:
    return QueueItemEvent(item=item, at=now, verb=verb, detail=detail)
