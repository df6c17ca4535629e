"""The digest: once a day, by mail, what a member was told and has not read, and which of his steps are overdue.

A digest is claimed before it is sent: the row of the member's settings gets the day in a transaction of its own, so of two
workers one sends, and none comes twice on one day. A worker that dies in between loses nothing: what it did not mark as mailed
comes with the next digest. After a mail server refused, the job tries again a quarter of an hour later.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Member
from playbooks.models import Notification, QueueItem, WorkSettings
from playbooks.screens import notifications as screen
from playbooks.telling import quiet
from playbooks.telling.notifications import link_to

log = logging.getLogger(__name__)

#: Lines of one mail; how many more there are is told.
MOST, MOST_STEPS = 30, 10


@dataclass(frozen=True)
class Line:
    """What, why now, and an absolute link."""

    label: str
    text: str
    why: str
    href: str
    at: dt.datetime


@dataclass(frozen=True)
class Digest:
    """`more`: unread ones beyond the lines; `ids`: the notifications that it tells."""

    told: list[Line]
    more: int
    steps: list[Line]
    ids: list[int]

    @property
    def is_empty(self) -> bool:
        return not self.told and not self.steps

    @property
    def subject(self) -> str:
        count = len(self.told) + self.more
        parts = [ngettext("%(n)d thing for you", "%(n)d things for you", count) % {"n": count}] if count else []
        if self.steps:
            number = len(self.steps)
            parts.append(ngettext("%(n)d overdue step", "%(n)d overdue steps", number) % {"n": number})
        return " · ".join(parts)


def of_member(member: Member, now: dt.datetime | None = None) -> Digest:
    """What a digest would tell now. Two queries."""
    now = now or timezone.now()
    rows = list(_untold(member).order_by("-created_at", "-pk"))
    overdue = (
        QueueItem.objects.filter(owner=member, state="claimed", step_due_at__lt=now)
        .select_related("account")
        .order_by("step_due_at", "pk")[:MOST_STEPS]
    )
    return Digest(
        told=[
            Line(
                label=str(one.get_kind_display()),
                text=one.text,
                why=one.why,
                href=origin() + screen.row(one).href,
                at=one.created_at,
            )
            for one in rows[:MOST]
        ],
        more=max(0, len(rows) - MOST),
        steps=[
            Line(
                label=_("Overdue step"),
                text=item.account.name,
                why=item.why_now,
                href=origin() + link_to(item),
                at=item.step_due_at,
            )
            for item in overdue
            if item.step_due_at is not None
        ],
        ids=[one.pk for one in rows],
    )


def _untold(member: Member) -> QuerySet[Notification]:
    return Notification.objects.filter(member=member, read_at=None, mailed_at=None)


def origin() -> str:
    """What links in mails begin with: PUBLIC_URL, else the first host of ALLOWED_HOSTS."""
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL).rstrip("/")
    host = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    return f"{'https' if settings.SECURE_SSL_REDIRECT else 'http'}://{host}"


def send_due(now: dt.datetime | None = None) -> int:
    """Sends every digest whose hour has come; how many mails went out."""
    now = now or timezone.now()
    wanted = WorkSettings.objects.filter(by_mail=True, member__is_active=True).select_related("member").order_by("pk")
    sent = 0
    for row in wanted:
        if _is_due(row, now) and _claim(row.pk, now):
            sent += _send(row.member, row.digest_sent_on, now)
    return sent


def _is_due(row: WorkSettings, now: dt.datetime) -> bool:
    return row.by_mail and quiet.is_due(
        now,
        zone=row.member.timezone,
        digest_at=row.digest_at,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
        sent_on=row.digest_sent_on,
    )


@transaction.atomic
def _claim(member_id: int, now: dt.datetime) -> bool:
    """Whether it is this worker's to send today's digest."""
    found = WorkSettings.objects.select_related("member").filter(pk=member_id)
    row = found.select_for_update(skip_locked=True, of=("self",)).first()
    if row is None or not _is_due(row, now):
        return False
    row.digest_sent_on = quiet.local(now, row.member.timezone).date()
    row.save(update_fields=["digest_sent_on"])
    return True


def _send(member: Member, sent_before: dt.date | None, now: dt.datetime) -> int:
    found = of_member(member, now)
    if found.is_empty:
        return 0
    try:
        mail_of(member, found).send()
    except (OSError, smtplib.SMTPException):
        log.exception("The digest of member %d could not be sent", member.pk)
        WorkSettings.objects.filter(pk=member.pk).update(digest_sent_on=sent_before)
        return 0
    _mark(found.ids, now)
    return 1


def _mark(ids: Sequence[int], now: dt.datetime) -> None:
    Notification.objects.filter(pk__in=ids, mailed_at=None).update(mailed_at=now)


def mail_of(member: Member, found: Digest) -> EmailMultiAlternatives:
    """Text and HTML, with the way to switch it off."""
    profile = origin() + reverse("telling")
    context = {"member": member, "digest": found, "profile": profile, "all": origin() + reverse("notifications")}
    with timezone.override(
        quiet.local(timezone.now(), member.timezone).tzinfo
    ):  # its times are told in the member's zone
        mail = EmailMultiAlternatives(
            subject=found.subject,
            body=render_to_string("playbooks/digest.txt", context),
            to=[member.email],
            headers={"List-Unsubscribe": f"<{profile}>", "Auto-Submitted": "auto-generated"},
        )
        mail.attach_alternative(render_to_string("playbooks/digest.html", context), "text/html")
    return mail
