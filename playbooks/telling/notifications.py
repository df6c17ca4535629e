"""What a member is told: what, why now, and where. Written where the thing happens, in its transaction; shown by the bell, by the
browser and in the digest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.access import WORKERS
from accounts.models import Member, Role
from playbooks.models import Notification, QueueItem, WorkSettings
from playbooks.telling import quiet

#: Beyond these many the bell says “99+”.
MOST_COUNTED = 99
#: What is older than a day is no news: the browser does not pop it up, and a hand raised before is told to nobody.
NEWS = dt.timedelta(days=1)
#: Shown by the browser at once; the rest is on the page.
AT_ONCE = 4
#: Read ones are kept for so long.
KEPT = dt.timedelta(days=90)
_LENGTHS = {"text": 300, "why": 300, "link": 300, "key": 120}


@dataclass(frozen=True)
class Bell:
    """`unread` up to `MOST_COUNTED` + 1; `to_show`: what the browser has not shown yet and may show now, the newest first."""

    unread: int
    to_show: tuple[Notification, ...]

    @property
    def words(self) -> str:
        return "" if not self.unread else str(self.unread) if self.unread <= MOST_COUNTED else f"{MOST_COUNTED}+"

    @property
    def version(self) -> str:
        return f"{self.unread}.{self.to_show[0].pk if self.to_show else 0}"


def tell(*, member_id: int, kind: str, text: str, why: str, link: str, key: str, item_id: int | None = None) -> None:
    """Tells a member once for each `key`; also when called twice at the same time."""
    tell_all([unsaved(member_id=member_id, kind=kind, text=text, why=why, link=link, key=key, item_id=item_id)])


def unsaved(
    *, member_id: int, kind: str, text: str, why: str, link: str, key: str, item_id: int | None = None
) -> Notification:
    cut = {"text": text, "why": why, "link": link, "key": key}
    return Notification(
        member_id=member_id,
        kind=kind,
        item_id=item_id,
        **{name: value[: _LENGTHS[name]] for name, value in cut.items()},
    )


def tell_all(notifications: Iterable[Notification]) -> None:
    """In one statement; what was told already stays as it was."""
    Notification.objects.bulk_create(list(notifications), ignore_conflicts=True)


def link_to(item: QueueItem) -> str:
    """The item in its queue."""
    return reverse("queue_motion", args=[item.motion]) + f"?item={item.pk}"


def link_of(one: Notification) -> str:
    """Marks it as read and goes where it leads."""
    return reverse("notification", args=[one.pk])


def hands_raised(items: Collection[QueueItem], now: dt.datetime) -> list[Notification]:
    """Of items whose account raised a hand: for the owner, or for all who work the queue. Admins are told where nobody else is.

    Needs the items' accounts. One query, none when no hand is new.
    """
    new = [item for item in items if item.hand_raised_at is not None and item.hand_raised_at > now - NEWS]
    if not new:
        return []
    told: list[Notification] = []
    teams = _teams({item.motion for item in new if item.owner_id is None})
    for item in new:
        for member_id in [item.owner_id] if item.owner_id is not None else teams.get(item.motion, ()):
            told.append(
                unsaved(
                    member_id=member_id,
                    item_id=item.pk,
                    kind="hand",
                    text=item.called,
                    why=item.last_signal_text or item.why_now,
                    link=link_to(item),
                    key=f"hand {item.pk} {item.hand_raised_at:%Y-%m-%dT%H:%M:%S}",
                )
            )
    return told


def woken(items: Iterable[QueueItem]) -> list[Notification]:
    """Of items that woke: for their owners. Needs the items' accounts."""
    return [
        unsaved(
            member_id=item.owner_id,
            item_id=item.pk,
            kind="woke",
            text=item.called,
            why=item.woke_because,
            link=link_to(item),
            key=f"woke {item.pk} {item.woke_at:%Y-%m-%dT%H:%M:%S}",
        )
        for item in items
        if item.owner_id is not None and item.woke_at is not None
    ]


def team(motion: str) -> list[int]:
    """The ids of the members to tell of what is nobody's yet."""
    return _teams({motion}).get(motion, [])


def _teams(motions: Collection[str]) -> dict[str, list[int]]:
    if not motions:
        return {}
    members = Member.objects.filter(is_active=True).order_by("pk").values_list("pk", "role")
    by_role: dict[str, list[int]] = {}
    for member_id, role in members:
        by_role.setdefault(role, []).append(member_id)
    found = {}
    for motion in motions:
        own = [pk for role in sorted(WORKERS.get(motion, frozenset()) - {Role.ADMIN}) for pk in by_role.get(role, [])]
        found[motion] = own or by_role.get(Role.ADMIN, [])
    return found


# Reading -------------------------------------------------------------------------------------------------------------


def bell(member: Member, now: dt.datetime | None = None) -> Bell:
    """One query; two when there is something to pop up."""
    now = now or timezone.now()
    unread = Notification.objects.filter(member=member, read_at=None).order_by("-pk")
    rows = list(unread.values_list("pk", "shown_at", "created_at")[: MOST_COUNTED + 1])
    fresh = [pk for pk, shown_at, created_at in rows if shown_at is None and created_at > now - NEWS]
    if not fresh or not _may_pop_up(member, now):
        return Bell(len(rows), ())
    return Bell(len(rows), tuple(unread.filter(pk__in=fresh[:AT_ONCE])))


def _may_pop_up(member: Member, now: dt.datetime) -> bool:
    found = WorkSettings.objects.filter(pk=member.pk).values_list("in_browser", "quiet_from", "quiet_until").first()
    if found is None:
        return True
    in_browser, quiet_from, quiet_until = found
    return in_browser and not quiet.is_quiet(quiet.local(now, member.timezone).time(), quiet_from, quiet_until)


# Marking -------------------------------------------------------------------------------------------------------------


def read(*, member: Member, ids: Sequence[int] | None = None) -> tuple[int, dt.datetime]:
    """Marks some (none given: all) as read; how many, and the moment that `unread` takes it back by."""
    now = timezone.now()
    rows = Notification.objects.filter(member=member, read_at=None)
    return (rows if ids is None else rows.filter(pk__in=ids)).update(read_at=now), now


def unread(*, member: Member, at: dt.datetime) -> int:
    """Takes back what was marked at that moment."""
    return Notification.objects.filter(member=member, read_at=at).update(read_at=None)


def shown(*, member: Member, ids: Sequence[int]) -> int:
    """The browser has shown these; another tab does not."""
    rows = Notification.objects.filter(member=member, shown_at=None, pk__in=ids)
    return rows.update(shown_at=timezone.now())


def forget_old(now: dt.datetime) -> int:
    """Deletes what is older than 90 days; how many."""
    old = Q(created_at__lt=now - KEPT)
    return Notification.objects.filter(old).delete()[0]
