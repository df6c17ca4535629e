"""Accounts are given to members by the rules of their queue, and go back to the pool when nobody touches them.

`sharing_out` decides; here its values are read and what it says is done, under one lock: two processes never give one account
twice, nor more than somebody has room for. Admins get nothing by itself.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import WORKERS
from accounts.models import Member, Role
from playbooks.assignment import news as telling
from playbooks.assignment import policies, sharing_out
from playbooks.assignment.sharing_out import Given, Rep, Wanted
from playbooks.models import Notification, QueueItem, QueueItemEvent, WorkSettings
from playbooks.telling import notifications
from playbooks.verbs import acting, verbs
from playbooks.verbs.acting import Act
from scoring.models import Segment

LOCK = 7_008
#: New accounts looked at together, and at most in one go: those on top may be for nobody who has room.
AT_ONCE, LOOKED_AT = 500, 5_000
Told = QueueItemEvent.Verb


def assign_due(now: dt.datetime | None = None) -> int:
    """Gives out the new accounts of every queue that does so by itself; how many. 0 when another process is at it."""
    given = 0
    with policies.held():
        for motion, policy in policies.all_of().items():
            if policy.is_automatic:
                given += assign_new(motion, now or timezone.now())
    return given


def assign_new(motion: str, now: dt.datetime) -> int:
    """Gives out new accounts of one queue, the most urgent first, while somebody has room; how many."""
    with policies.held(), transaction.atomic():
        if not lock(wait=False):
            return 0
        given, nobodys = 0, set[int]()
        team = team_of(motion, now)
        while len(nobodys) < LOOKED_AT:
            free = {pk: one for pk, one in team.items() if one.rep.room() != 0}
            if not free:
                break
            waiting = QueueItem.objects.filter(_for_some_of(free, motion, now), motion=motion, state="new")
            rows = waiting.exclude(pk__in=nobodys).in_order().select_related("account", "workspace")
            items = list(rows.select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
            if not items:
                break
            done = give_out(motion, items, team=free, now=now)
            given += len(done)
            nobodys |= {item.pk for item in items} - done
            team = team_of(motion, now)
        return given


def give_out(
    motion: str,
    items: Sequence[QueueItem],
    *,
    team: Mapping[int, Teammate],
    now: dt.datetime,
    because: str = "",
) -> set[int]:
    """Gives locked items (with their accounts) of one motion to whom the rules say; the ids of those that somebody got.

    Who has an item does not get it again. `because` is said before the rule's own words and may name `%(owner)s`.
    """
    wanted, had = _wanted(motion, items, now)
    plan = {given.item_id: given for given in sharing_out.share_out(wanted, [one.rep for one in team.values()])}
    by_id = {item.pk: item for item in items}
    words = {}
    for pk, given in plan.items():
        before = because % {"owner": by_id[pk].owner} if because else ""
        told = _because(given, team[given.rep_id], by_id[pk], had)
        words[pk] = f"{before}. {told}" if before else told
    owners = {item.pk: item.owner_id for item in items}
    news: list[Notification] = []

    def check(item: QueueItem) -> str:
        return "taken" if item.owner_id != owners[item.pk] else ""

    def change(act: Act, moment: dt.datetime) -> None:
        item = act.item
        if item.owner_id is not None:
            news.append(telling.taken(item, item.owner_id, words[item.pk], moment))
        verbs.hand_to(act, team[plan[item.pk].rep_id].member, words[item.pk], moment)
        news.extend(telling.assigned([item]))

    outcomes = acting.perform("assign", Told.ASSIGNED, item_ids=list(plan), member=None, change=change, check=check)
    notifications.tell_all(news)
    return {outcome.item.pk for outcome in outcomes if outcome.won}


def pool_untouched(now: dt.datetime) -> int:
    """Gives back what its owner has not touched for as many days as the queue allows; how many.

    A next step with a date to come is a plan, and holds it.
    """
    pooled = 0
    for motion, policy in policies.all_of().items():
        if not policy.untouched_days:
            continue
        since = now - dt.timedelta(days=policy.untouched_days)
        idle = (
            Q(claimed_at__lt=since) & ~Q(last_touched_at__gte=since) & ~Q(woke_at__gte=since) & ~Q(step_due_at__gte=now)
        )
        because = ngettext("Untouched for %(n)d day", "Untouched for %(n)d days", policy.untouched_days) % {
            "n": policy.untouched_days
        }
        with transaction.atomic():
            rows = (
                QueueItem.objects.filter(idle, motion=motion, state="claimed")
                .order_by("pk")
                .select_related("account", "workspace")
            )
            items = list(rows.select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
            if not items:
                continue
            told = [telling.taken(item, item.owner_id, because, now) for item in items if item.owner_id]
            pooled += sum(outcome.won for outcome in verbs.pool(item_ids=[item.pk for item in items], because=because))
            notifications.tell_all(told)
    return pooled


def lock(*, wait: bool) -> bool:
    """Only one process gives out accounts, until its transaction ends."""
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


# What the decision rests on ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Teammate:
    member: Member
    rep: Rep


def team_of(motion: str, now: dt.datetime) -> dict[int, Teammate]:
    """Who may get accounts of a motion by itself, as things are now. Three queries."""
    roles = WORKERS.get(motion, frozenset()) - {Role.ADMIN}
    members = Member.objects.filter(role__in=roles, is_active=True).in_bulk()
    work = policies.work_settings(members)
    midnight = now.astimezone(policies.rules(motion).hours.clock).replace(hour=0, minute=0, second=0, microsecond=0)
    open_now, today = Q(state="claimed"), Q(claimed_at__gte=midnight)
    counted: dict[int, Any] = {
        row["owner"]: row
        for row in QueueItem.objects.filter(open_now | today, owner__in=members)
        .order_by()
        .values("owner")
        .annotate(open=Count("pk", filter=open_now), today=Count("pk", filter=today), last=Max("claimed_at"))
    }
    nothing: dict[str, Any] = {"open": 0, "today": 0, "last": None}
    found = {}
    for pk, member in members.items():
        if not work[pk].takes_automatic:
            continue
        used = counted.get(pk, nothing)
        rep = Rep(
            id=pk,
            segments=frozenset(work[pk].segments),
            territories=tuple(work[pk].territories),
            open_limit=work[pk].open_limit,
            daily_limit=work[pk].daily_limit,
            open=used["open"],
            today=used["today"],
            is_away=is_away(work[pk], now.astimezone(zoneinfo.ZoneInfo(member.timezone)).date()),
            last_at=used["last"],
        )
        found[pk] = Teammate(member, rep)
    return found


def is_away(work: WorkSettings, today: dt.date) -> bool:
    """Whether the member is out of office on that day. One end may be open."""
    if work.away_from is None and work.away_until is None:
        return False
    return (work.away_from or today) <= today <= (work.away_until or today)


def _for_some_of(team: Mapping[int, Teammate], motion: str, now: dt.datetime) -> Q:
    """The accounts that somebody of these may get."""
    wanted = Q(pk__in=[])
    for one in team.values():
        theirs = Q()
        if one.rep.segments:
            theirs &= Q(segment__in=one.rep.segments)
        if one.rep.territories:
            ends = Q()
            for end in one.rep.territories:
                ends |= Q(account__domain__endswith=end) | Q(account__domain=end[1:])
            theirs &= ends
        if not theirs:
            return Q()
        wanted |= theirs
    return wanted | Q(account__in=_had(motion, now).filter(owner__in=team).values("account"))


def _had(motion: str, now: dt.datetime) -> QuerySet[QueueItem]:
    """The items that say who had a company before, the latest last."""
    since = now - dt.timedelta(days=policies.of(motion).same_owner_days)
    return QueueItem.objects.filter(motion=motion, owner__isnull=False, closed_at__gte=since).order_by(
        "closed_at", "pk"
    )


def _wanted(motion: str, items: Collection[QueueItem], now: dt.datetime) -> tuple[list[Wanted], dict[int, dt.datetime]]:
    """The values of these items, and when their companies were closed by who had them. Two queries."""
    had: dict[int, tuple[int, dt.datetime]] = {}
    accounts = [item.account_id for item in items]
    rows = _had(motion, now).filter(account__in=accounts).values_list("account_id", "owner_id", "closed_at")
    for account_id, owner_id, closed_at in rows:
        if owner_id is not None and closed_at is not None:
            had[account_id] = (owner_id, closed_at)
    # Who gave it back, let it lie or missed it.
    not_to: dict[int, set[int]] = {item.pk: {item.owner_id} if item.owner_id else set() for item in items}
    events = QueueItemEvent.objects.filter(item__in=items, verb__in=[Told.RELEASED, Told.ASSIGNED], undone_at=None)
    for item_id, before in events.values_list("item_id", "before"):
        if before and before.get("owner_id"):
            not_to[item_id].add(before["owner_id"])
    wanted = [
        Wanted(
            id=item.pk,
            segment=item.segment,
            domain=item.account.domain,
            had_by=had[item.account_id][0] if item.account_id in had else None,
            not_to=frozenset(not_to[item.pk]),
        )
        for item in items
    ]
    return wanted, {account_id: closed_at for account_id, (_owner, closed_at) in had.items()}


def _because(given: Given, to: Teammate, item: QueueItem, had: Mapping[int, dt.datetime]) -> str:
    """Why this member, in words."""
    if given.rule == sharing_out.SAME:
        day = date_format(had[item.account_id], "DATE_FORMAT")
        return _("%(member)s had this company before, until %(day)s") % {"member": to.member, "day": day}
    names = {"n": given.open, "limit": to.rep.open_limit}
    if to.rep.open_limit:
        told = _("Most room: %(n)d of %(limit)d accounts open") % names
    else:
        told = ngettext("Most room: %(n)d account open", "Most room: %(n)d accounts open", given.open) % names
    if to.rep.territories:
        end = next(end for end in to.rep.territories if f".{item.account.domain}".endswith(end))
        told += "; " + _("territory %(end)s") % {"end": end}
    if to.rep.segments:
        told += "; " + _("segment %(segment)s") % {"segment": Segment(item.segment).label}
    return told
