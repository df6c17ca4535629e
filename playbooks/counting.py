"""How many open items a queue has, by state and owner. Counted again only when an item of it changed.

A queue of 30,000 takes twelve milliseconds to count, and is asked for by every page and every open browser every ten seconds. The
newest `updated_at` of a motion tells whether anything happened; it is read by index. As transactions may commit in another order
than their clocks say, no count is older than `AT_MOST` seconds.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Max

from playbooks.models import QueueItem
from scoring import buckets

if TYPE_CHECKING:
    from accounts.models import Member

AT_MOST = 5.0


@dataclass(frozen=True)
class Group:
    """The open items of one state and owner; `hands` of them because of a raised hand."""

    state: str
    owner_id: int | None
    items: int
    hands: int


@dataclass(frozen=True)
class Counted:
    """All groups of a motion, and when one of its items changed last, closed ones included."""

    groups: tuple[Group, ...]
    changed: dt.datetime | None


_kept: dict[tuple[str, str], tuple[float, Counted]] = {}


def of(motion: str) -> Counted:
    """One query by index when nothing changed, else two. Within a transaction, which sees its own changes, always counted."""
    items = QueueItem.objects.filter(motion=motion).order_by()
    changed = items.aggregate(at=Max("updated_at"))["at"]
    place = (str(connection.settings_dict["NAME"]), motion)
    kept = _kept.get(place)
    is_fresh = kept is not None and kept[1].changed == changed and time.monotonic() < kept[0] + AT_MOST
    if kept is not None and is_fresh and not connection.in_atomic_block:
        return kept[1]
    rows = items.open().values_list("state", "owner").annotate(Count("pk"), Count("hand_raised_at"))
    counted = Counted(tuple(Group(*row) for row in rows), changed)
    if not connection.in_atomic_block:  # what is not committed yet is nobody else's
        _kept[place] = (time.monotonic(), counted)
    return counted


def for_tabs(motion: str, member: Member) -> dict[str, int | dt.datetime | None]:
    """Counts of a motion's open items, and `changed`, the last time one of its items did.

    `snoozed` are the member's own, `asleep` everybody's.
    """
    found: dict[str, int] = dict.fromkeys(
        ("to_work", "unclaimed", "others", "mine", "hand_raised", "snoozed", "asleep"), 0
    )
    counted = of(motion)
    for group in counted.groups:
        if group.state == "snoozed":
            found["asleep"] += group.items
            found["snoozed"] += group.items if group.owner_id == member.pk else 0
            continue
        kind = "unclaimed" if group.state == "new" else "mine" if group.owner_id == member.pk else "others"
        found[kind] += group.items
        found["hand_raised"] += group.hands
    found["to_work"] = found["unclaimed"] + found["others"]
    return {**found, "changed": counted.changed}


def by_bucket(motion: str, *, fresh: bool = False) -> dict[str, int]:
    """How many items of a queue that are to be worked are in each attribution bucket; `buckets.KEPT` seconds old at most."""
    key = buckets.KEYS_OF_QUEUES[motion]
    known: dict[str, int] | None = None if fresh else cache.get(key)
    if known is None:
        items = QueueItem.objects.working().filter(motion=motion).order_by().annotate(bucket=buckets.value("account__"))
        found = dict(items.values_list("bucket").annotate(Count("pk")))
        known = {bucket: found.get(bucket, 0) for bucket in buckets.Bucket.values}
        cache.set(key, known, buckets.KEPT)
    return known


def keep() -> None:
    """Counts everything that pages keep, so that nobody who looks has to wait for it; every minute."""
    buckets.counts(fresh=True)
    buckets.of_contacts(fresh=True)
    for motion in buckets.KEYS_OF_QUEUES:
        by_bucket(motion, fresh=True)
