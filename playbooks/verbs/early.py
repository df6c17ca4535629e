"""No outreach too early: in the first days after sign-up an account is left in peace, unless it raised a hand."""

from __future__ import annotations

import collections
import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from playbooks.models import QueueItem, QueuePolicy
from playbooks.refused import Refused


def days_of(motion: str) -> int:
    """The setting of a motion: days after sign-up without outreach. One query."""
    row = QueuePolicy.objects.filter(motion=motion).only("early_days").first()
    return row.early_days if row is not None else QueuePolicy().early_days


def days_of_all() -> dict[str, int]:
    """The same of every motion by one query; those that nobody has set have the default."""
    return collections.defaultdict(
        lambda: QueuePolicy().early_days, QueuePolicy.objects.values_list("motion", "early_days")
    )


def is_too_early(item: QueueItem, *, days: int | None = None, today: dt.date | None = None) -> bool:
    """Whether the item's account is to be left in peace. Rows give their motion's `days`; without it the setting is read."""
    if item.first_seen_on is None or item.hand_raised_at is not None:
        return False
    if days is None:
        days = days_of(item.motion)
    return ((today or timezone.now().date()) - item.first_seen_on).days < days


def ends_on(item: QueueItem, *, days: int | None = None) -> dt.date | None:
    """The first day on which outreach is in order; none: it is so already."""
    if days is None:
        days = days_of(item.motion)
    if item.first_seen_on is None or not is_too_early(item, days=days):
        return None
    return item.first_seen_on + dt.timedelta(days=days)


def refuse(item: QueueItem) -> None:
    """Raises `Refused` when it is too early to touch the item's account."""
    days = days_of(item.motion)
    if is_too_early(item, days=days):
        left = (ends_on(item, days=days) or timezone.now().date()) - timezone.now().date()
        raise Refused(
            "item",
            _(
                "%(account)s signed up %(since)d days ago and nobody raised a hand: no outreach for another %(left)d days."
            )
            % {
                "account": item.called,
                "since": (timezone.now().date() - item.first_seen_on).days if item.first_seen_on else 0,
                "left": left.days,
            },
        )
