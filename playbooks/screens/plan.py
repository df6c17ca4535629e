"""The activation plan beside the queue: its lines, how far each is, and since when nothing moved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import can
from accounts.models import Member
from playbooks import plans
from playbooks.models import Motion, QueueItem, Step
from playbooks.screens.states import Chip, moment

#: Days without progress that are told in yellow.
STALE_DAYS, NEW_DAYS = 14, 7


@dataclass(frozen=True)
class Line:
    """`value` and `target` as people read them, empty for a line that is ticked by hand; `share` of the way, 0 to 100."""

    id: int
    text: str
    value: str
    target: str
    share: int
    is_done: bool
    done_words: str


@dataclass(frozen=True)
class PlanBox:
    """`moved`: when it last moved, in words; empty before there is a plan."""

    item_id: int
    lines: list[Line]
    done: int
    has_open: bool
    moved: Chip | None
    may_work: bool

    @property
    def words(self) -> str:
        return _("%(done)d of %(all)d done") % {"done": self.done, "all": len(self.lines)}


def of_item(item: QueueItem, member: Member) -> PlanBox | None:
    """None but in success' queue. One query."""
    if item.motion != Motion.SUCCESS:
        return None
    lines = [_line(step) for step in plans.of_item(item.pk)]
    return PlanBox(
        item_id=item.pk,
        lines=lines,
        done=sum(line.is_done for line in lines),
        has_open=any(not line.is_done for line in lines),
        moved=chip(item, timezone.now()) if lines else None,
        may_work=item.is_open and can(member, "work", item),
    )


def chip(item: QueueItem, now: dt.datetime) -> Chip | None:
    """What a row of success says first: how long ago the plan moved, or how long since the claim nothing did."""
    since = item.progressed_at or item.claimed_at
    if item.motion != Motion.SUCCESS or since is None or not item.is_open:
        return None
    days, title = max((now - since).days, 0), moment(since)
    if item.progressed_at is None and days < NEW_DAYS:
        return None
    if days == 0:
        return Chip("green", "trend-up", _("plan moved today"), title)
    if days < NEW_DAYS:
        words = ngettext("plan moved %(n)d day ago", "plan moved %(n)d days ago", days) % {"n": days}
        return Chip("green", "trend-up", words, title)
    words = ngettext("no progress for %(n)d day", "no progress for %(n)d days", days) % {"n": days}
    return Chip("yellow" if days >= STALE_DAYS else "plain", "clock", words, title)


def _line(step: Step) -> Line:
    share, value, target = 0, "", ""
    if step.feature and step.target is not None:
        start, now = step.start or 0.0, step.value or 0.0
        way = step.target - start
        share = 100 if way <= 0 else round(100 * min(max((now - start) / way, 0.0), 1.0))
        value, target = plans.number(now), plans.number(step.target)
    done = ""
    if step.done_at:
        share = 100
        when = moment(step.done_at)
        if step.done_by:
            done = _("ticked by %(member)s, %(when)s") % {"member": step.done_by, "when": when}
        else:
            done = _("seen in the usage, %(when)s") % {"when": when}
    return Line(step.pk, step.text, value, target, share, step.done_at is not None, done)
