"""What the owner of an item owes next: the verbs tell `playbooks.sla`, which sets the times on the item."""

from __future__ import annotations

import datetime as dt

from playbooks.models import QueueItem


def after(item: QueueItem, what: str, now: dt.datetime) -> None:
    """`what`: entered, claimed, touched, woke or closed. The caller saves the item."""
    if what == "closed":
        item.sla, item.warn_at, item.due_at, item.breached_at = "", None, None, None
