"""What was taken from a member who was switched off, or whose role changed, is his again when he is back.

As far as nobody has it: of the rest he is told who has it, or what came of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import access
from playbooks.assignment import news as telling
from playbooks.models import HeldPlace, QueueItem
from playbooks.telling import notifications
from playbooks.verbs import cooling, reasons, verbs

#: Places looked at in one run of the job.
AT_ONCE = 200


def hold(taken: Collection[tuple[int, int]], now: dt.datetime) -> None:
    """Notes whose these items were: pairs of an item's and its member's id."""
    for item_id, member_id in taken:
        HeldPlace.objects.update_or_create(item_id=item_id, defaults={"member_id": member_id, "at": now})


def give_back(now: dt.datetime) -> int:
    """Gives members who are back what was theirs; how many items. One query when nobody is."""
    back = (place for motion in access.WORKERS for place in _places_of(motion))
    given = 0
    for place in back:
        given += _give_back(place.pk, now)
    return given


def _places_of(motion: str) -> list[HeldPlace]:
    rows = HeldPlace.objects.filter(
        item__motion=motion, member__is_active=True, member__role__in=access.WORKERS[motion]
    )
    return list(rows.order_by("pk")[:AT_ONCE])


@transaction.atomic
def _give_back(place_id: int, now: dt.datetime) -> bool:
    rows = HeldPlace.objects.select_related("member", "item__account", "item__owner", "item__closed_by")
    place = rows.select_for_update(of=("self",)).filter(pk=place_id).first()
    if place is None:  # another process did
        return False
    place.delete()
    day = date_format(place.at, "DATE_FORMAT")
    because = _("%(member)s had this account until %(day)s") % {"member": place.member, "day": day}
    outcome = verbs.assign(item_id=place.item_id, to=place.member, because=because, was=None)
    if not outcome.won:
        told = telling.taken(outcome.item, place.member_id, _why_not(outcome.item), now)
        notifications.tell_all([told])
    return outcome.won


def _why_not(item: QueueItem) -> str:
    if item.owner is not None and item.is_open:
        return _("While you were away %(owner)s took it over") % {"owner": item.owner}
    closing = cooling.closing_of(item)
    if closing:
        return _("It was closed while you were away: %(closing)s") % {"closing": reasons.label(closing)}
    return _("It left the queue while you were away")
