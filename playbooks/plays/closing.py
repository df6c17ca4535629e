"""A play ends with its item: what closes the item ends what runs on it, what opens it again lets it go on.

Below the verbs, which call `follow` after they wrote: what changes here is one statement for all items, whatever their number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import F, Min, OuterRef, Q, Subquery

from playbooks.models import PlayUse, QueueItem, Step
from playbooks.querysets import OPEN

#: How a play ends whose item was closed, and one whose claim was undone.
CLOSED, UNDONE = "closed", "stopped"


def follow(acts: Iterable[tuple[QueueItem, Mapping[str, Any]]], now: dt.datetime) -> None:
    """Of items as they are now, and the columns that they had before. One query when none was closed or opened."""
    closed: list[int] = []
    opened: list[int] = []
    for item, was in acts:
        if (was["state"] in OPEN) != item.is_open:
            (opened if item.is_open else closed).append(item.pk)
    if closed:
        end(closed, CLOSED, now)
    if opened:
        _go_on(opened)


def end(item_ids: Collection[int], why: str, now: dt.datetime) -> None:
    """Ends what runs on these items; what is open of its steps is dropped, at the same moment, so that it can be taken back."""
    uses = list(PlayUse.objects.filter(item__in=item_ids, ended_at=None).values_list("pk", "item_id"))
    if not uses:
        return
    ids = [pk for pk, _item in uses]
    Step.objects.filter(play_use__in=ids, done_at=None, dropped_at=None).update(dropped_at=now)
    PlayUse.objects.filter(pk__in=ids).update(ended_at=now, end=why)
    _tell({item for _pk, item in uses})


def _go_on(item_ids: Collection[int]) -> None:
    running = PlayUse.objects.filter(item__in=item_ids, ended_at=None).values("item")
    ended = PlayUse.objects.filter(item__in=item_ids, end=CLOSED).exclude(item__in=running)
    last = dict(ended.order_by("ended_at", "pk").values_list("item_id", "pk"))
    if not last:
        return
    ids = list(last.values())
    dropped = Step.objects.filter(play_use__in=ids, done_at=None, dropped_at=F("play_use__ended_at"))
    dropped.update(dropped_at=None)
    PlayUse.objects.filter(pk__in=ids).update(ended_at=None, end="")
    _tell(last)


def _tell(item_ids: Collection[int]) -> None:
    """The earliest open step stands on its item."""
    undone = Step.objects.filter(Q(item=OuterRef("pk")), done_at=None, dropped_at=None).order_by().values("item")
    first = undone.annotate(first=Min("due_at")).values("first")
    QueueItem.objects.filter(pk__in=item_ids).update(step_due_at=Subquery(first))
