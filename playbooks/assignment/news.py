"""What members are told of what is given to them, taken from them, due soon and missed.

Needs the items' accounts and owners; no query.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Member
from playbooks.assignment import sla
from playbooks.models import Notification, QueueItem
from playbooks.telling import notifications


def assigned(items: Iterable[QueueItem]) -> list[Notification]:
    """For their owners: why they got them."""
    return [
        _about(item, item.owner_id, "assigned", item.assigned_because, item.assigned_at)
        for item in items
        if item.owner_id is not None and item.assigned_at is not None
    ]


def taken(item: QueueItem, member_id: int, because: str, now: dt.datetime) -> Notification:
    """For who had it."""
    return _about(item, member_id, "taken", because, now)


def warned(items: Iterable[QueueItem]) -> list[Notification]:
    """For the owners of what is due soon."""
    return [
        _about(item, item.owner_id, "warning", due_in_words(item, item.owner), item.due_at)
        for item in items
        if item.owner is not None and item.due_at is not None
    ]


def missed(items: Iterable[QueueItem]) -> list[Notification]:
    """For the owners of what was not done in time."""
    return [
        _about(item, item.owner_id, "missed", due_in_words(item, item.owner), item.due_at)
        for item in items
        if item.owner is not None and item.due_at is not None
    ]


def due_in_words(item: QueueItem, member: Member | None = None, clock: dt.tzinfo = dt.UTC) -> str:
    """`"First response: due Mon 23 Nov, 11:00"`, in the member's zone."""
    if item.due_at is None:
        return ""
    here = zoneinfo.ZoneInfo(member.timezone) if member else clock
    moment = date_format(item.due_at.astimezone(here), "D j M, H:i")
    return _("%(what)s: due %(moment)s") % {"what": sla.words(item), "moment": moment}


def _about(item: QueueItem, member_id: int | None, kind: str, why: str, at: dt.datetime | None) -> Notification:
    assert member_id is not None
    assert at is not None
    return notifications.unsaved(
        member_id=member_id,
        kind=kind,
        text=item.called,
        why=why,
        link=notifications.link_to(item),
        key=f"{kind} {item.pk} {at:%Y-%m-%dT%H:%M:%S.%f}",
        item_id=item.pk,
    )
