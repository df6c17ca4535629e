"""Cool-downs: after an item was closed its account stays out of the motion's queue for a while.

A strong signal brings it back before, as a new item that says "look again" and why: a raised hand, a buyer who joined, an admin
switch, or a score that jumped. What was excluded for its usage (personal, bots) comes back by a raised hand alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import SignalKind
from playbooks.models import CoolDown, QueueItem
from playbooks.verbs import reasons

#: `cool_until` of what is out for good. PostgreSQL's infinity is none that Python can read.
FOR_GOOD = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
#: Points of score above that of the closing (or of going to sleep) which are news.
JUMP = 15
STRONG = (SignalKind.HAND_RAISE, SignalKind.BUYER_JOINED, SignalKind.ADMIN_SWITCH)

#: account → kind → (when, in words): the newest of each kind, as routing reads them.
type Signals = Mapping[str, tuple[dt.datetime, str]]


@dataclass(frozen=True)
class Rest:
    """Why an account is not to come back yet. `everywhere`: into no motion."""

    motion: str
    closing: str
    since: dt.datetime
    until: dt.datetime
    score: int | None

    @property
    def everywhere(self) -> bool:
        return self.closing in reasons.EVERYWHERE


def days(motion: str, closing: str) -> int | None:
    """Days of cool-down in force: the motion's setting, else the default of `playbooks.verbs.reasons`; none: for good."""
    row = CoolDown.objects.filter(motion=motion, closing=closing).first()
    return reasons.MEANINGS[closing].days if row is None else row.days


def until(motion: str, closing: str, now: dt.datetime) -> dt.datetime | None:
    """When an account that is closed now may come back; none: at once."""
    length = days(motion, closing)
    if length is None:
        return FOR_GOOD
    return now + dt.timedelta(days=length) if length else None


def closing_of(item: QueueItem) -> str:
    """What an item was closed with, a key of `reasons.MEANINGS`; empty for what is open or left by itself."""
    if item.state == QueueItem.State.DONE:
        return item.outcome
    if item.state == QueueItem.State.DISQUALIFIED:
        return item.reason
    return reasons.RETURNED if item.state == QueueItem.State.RETURNED else ""


def of_accounts(account_ids: Collection[int], *, now: dt.datetime) -> dict[int, dict[str, Rest]]:
    """account → motion → why it rests, by what was closed for the whole account; only accounts that do. One query.

    News is what came after the newest closing in the motion, also when that one has cooled down and an older one has not.
    """
    return _rests(QueueItem.objects.filter(account__in=account_ids, workspace=None), "account_id", now)


def of_workspaces(account_ids: Collection[int], *, now: dt.datetime) -> dict[int, dict[str, Rest]]:
    """The same of the workspaces of these accounts, each by what was closed for itself: by the workspace's id. One query."""
    return _rests(QueueItem.objects.filter(account__in=account_ids, workspace__isnull=False), "workspace_id", now)


def _rests(items: QuerySet[QueueItem], key: str, now: dt.datetime) -> dict[int, dict[str, Rest]]:
    rows = items.filter(cool_until__isnull=False).order_by("closed_at", "pk")
    newest: dict[tuple[int, str], tuple[dt.datetime, int | None]] = {}
    own: dict[int, dict[str, Rest]] = {}
    excluded: dict[int, Rest] = {}
    for item in rows.only(key, "motion", "state", "outcome", "reason", "closed_at", "cool_until", "score"):
        if item.closed_at is None or item.cool_until is None:
            continue
        subject: int = getattr(item, key)
        newest[subject, item.motion] = (item.closed_at, item.score)
        if item.cool_until <= now:
            continue
        rest = Rest(item.motion, closing_of(item), item.closed_at, item.cool_until, item.score)
        if rest.everywhere:
            excluded[subject] = rest
        own.setdefault(subject, {})[item.motion] = rest
    found: dict[int, dict[str, Rest]] = {}
    for subject, rests in own.items():
        everywhere = dict.fromkeys(access.WORKERS, excluded[subject]) if subject in excluded else {}
        for motion, rest in (rests | everywhere).items():
            at, score = newest.get((subject, motion), (rest.since, rest.score))
            if at > rest.since:
                rest = replace(rest, since=at, score=score)
            found.setdefault(subject, {})[motion] = rest
    return found


def rest_of(rests: Mapping[str, Rest], motion: str) -> Rest | None:
    """What holds an account off this motion: that it is excluded everywhere, else the motion's own closing."""
    return rests.get(motion)


def strong_signal(
    signals: Signals, *, since: dt.datetime, score: int | None, score_then: int | None, only_a_hand: bool = False
) -> str:
    """The news that is strong enough to come back for, in words; empty: none. Pure."""
    for kind in STRONG[:1] if only_a_hand else STRONG:
        if kind in signals and signals[kind][0] > since:
            return signals[kind][1]
    if not only_a_hand and score is not None and score_then is not None and score - score_then >= JUMP:
        return _("The score rose from %(then)d to %(now)d") % {"then": score_then, "now": score}
    return ""


def news_since(rest: Rest, signals: Signals, score: int | None) -> str:
    """The strong signal since an account rests, in words; empty: none."""
    meaning = reasons.MEANINGS.get(rest.closing)
    return strong_signal(
        signals,
        since=rest.since,
        score=score,
        score_then=rest.score,
        only_a_hand=meaning is not None and meaning.only_a_hand,
    )


def again_in_words(rest: Rest, news: str) -> str:
    """`"Buyer joined: Dana Ortiz. Closed before: Too small"`."""
    return (_("%(news)s. Closed before: %(closing)s") % {"news": news, "closing": reasons.label(rest.closing)})[:300]


def excluded_in_words(rest: Rest) -> str:
    """`"Out of every queue: Personal or student use"`."""
    return _("Out of every queue: %(reason)s") % {"reason": reasons.label(rest.closing)}
