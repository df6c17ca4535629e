"""Times to answer: what an item's owner, or its queue, owes next, and by when. Counted in the motion's opening hours.

- A raised hand: an answer within `hand_minutes` of it, whoever has the item, or nobody.
- The first response: from being claimed or assigned, or from entering the queue where the policy says so.
- The next touch: from the last one, while somebody has the item.

Sleeping and closed items owe nothing; one that woke owes a first response from then on. In the first days after sign-up, in which
outreach is not allowed, no time runs. `playbooks.assignment.sla_watch` marks what was missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from playbooks.assignment import policies, working_time
from playbooks.models import QueueItem, QueuePolicy

RESPONSE, TOUCH = "response", "touch"
#: What `after` sets.
COLUMNS = ("sla", "warn_at", "due_at", "breached_at")
#: Items whose times are set anew in one transaction.
AT_ONCE = 1_000


@dataclass(frozen=True)
class Owed:
    """`sla` within `minutes` of opening hours from `start` on."""

    sla: str
    start: dt.datetime
    minutes: int


def owed(item: QueueItem, policy: QueuePolicy) -> Owed | None:
    """What is owed now, from the item's own columns. No query."""
    if item.state not in (QueueItem.State.NEW, QueueItem.State.CLAIMED):
        return None
    last, hand, woke = item.last_touched_at, item.hand_raised_at, item.woke_at
    since = max(item.entered_at, woke or item.entered_at)
    if hand is not None and policy.hand_minutes and (last is None or last < hand):
        return Owed(RESPONSE, max(hand, since), policy.hand_minutes)
    if last is None or (woke is not None and last < woke):
        begun = since if policy.counts_from_entering else item.claimed_at
        if begun is None or not policy.response_minutes:
            return None
        return Owed(RESPONSE, max(begun, since, _allowed_from(item, policy) or begun), policy.response_minutes)
    if item.claimed_at is None or not policy.touch_minutes:
        return None
    return Owed(TOUCH, max(last, item.claimed_at), policy.touch_minutes)


def after(item: QueueItem, what: str, now: dt.datetime) -> None:
    """Sets what is owed after something happened: entered, claimed, touched, closed, woke, hand. The caller saves `COLUMNS`.

    What was missed stays missed for as long as the same is due at the same time. Whom it is given to late by a rule or an admin has
    the whole time again.
    """
    rules = policies.rules(item.motion) if item.state in (QueueItem.State.NEW, QueueItem.State.CLAIMED) else None
    found = owed(item, rules.policy) if rules else None
    if rules is None or found is None:
        item.sla, item.warn_at, item.due_at, item.breached_at = "", None, None, None
        return
    is_given = what == "claimed" and bool(item.assigned_because)
    is_late = item.breached_at is not None or working_time.add(found.start, found.minutes, rules.hours) <= now
    _set(item, found, rules, start=max(found.start, now) if is_given and is_late else found.start)


def set_again(motion: str, now: dt.datetime) -> int:
    """Sets the times of every item under work, after the rules were changed; how many changed.

    A time that begins to be asked for by this does not begin in the past.
    """
    changed, last = 0, 0
    while True:
        with policies.held(), transaction.atomic():
            items = list(
                QueueItem.objects.working()
                .filter(motion=motion, pk__gt=last)
                .select_for_update(of=("self",))
                .order_by("pk")[:AT_ONCE]
            )
            if not items:
                return changed
            last = items[-1].pk
            told = [item for item in items if _is_other(item, lambda item: _set_again(item, now))]
            QueueItem.objects.bulk_update(told, COLUMNS, batch_size=250)
            changed += len(told)


def words(item: QueueItem) -> str:
    """What is owed, in words: `"An answer to a raised hand"`, `"First response"`, `"Next touch"`."""
    last, hand = item.last_touched_at, item.hand_raised_at
    if item.sla == RESPONSE and hand is not None and (last is None or last < hand):
        return _("An answer to the raised hand")
    return str(item.get_sla_display()) if item.sla else ""


def _set(item: QueueItem, found: Owed, rules: policies.Rules, *, start: dt.datetime) -> None:
    due = working_time.add(start, found.minutes, rules.hours)
    if (item.sla, item.due_at) != (found.sla, due):
        item.breached_at = None
    item.sla, item.due_at = found.sla, due
    item.warn_at = working_time.add(start, found.minutes * rules.policy.warn_share, rules.hours)


def _set_again(item: QueueItem, now: dt.datetime) -> None:
    due = item.due_at
    after(item, "entered", now)
    if item.due_at is not None and item.due_at <= now and item.due_at != due:
        rules = policies.rules(item.motion)
        found = owed(item, rules.policy)
        if found is not None:
            _set(item, found, rules, start=now)


def _is_other(item: QueueItem, change: Callable[[QueueItem], None]) -> bool:
    before = [getattr(item, name) for name in COLUMNS]
    change(item)
    return before != [getattr(item, name) for name in COLUMNS]


def _allowed_from(item: QueueItem, policy: QueuePolicy) -> dt.datetime | None:
    """When the first days ended, or will end, in which an account is left in peace (`playbooks.verbs.early`)."""
    if item.first_seen_on is None or item.hand_raised_at is not None:
        return None
    day = item.first_seen_on + dt.timedelta(days=policy.early_days)
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
