"""The digest: once a day, by mail, what a member was told and has not read, and which of his steps are overdue.

A digest is claimed before it is sent: a row of the member's day with what it tells, in a transaction of its own, so of two workers
one sends, and what it tells comes in no other one. A worker that dies on the way leaves the row as being sent: a quarter of an hour
later it is tried once more, as the same message by its id, which a mailbox that has it keeps once. When that worker dies too, the
member's profile says that the mail was possibly sent. After a mail server refused nothing is claimed, and the job tries again.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import make_msgid
from urllib.parse import urlsplit

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
from playbooks.models import DigestMail, Notification, QueueItem, WorkSettings
from playbooks.screens import notifications as screen
from playbooks.telling import quiet
from playbooks.telling.notifications import link_to

log = logging.getLogger(__name__)

#: Lines of one mail; how many more there are is told.
MOST, MOST_STEPS = 30, 10
#: After so long without word a worker that was sending is held for dead; tries in all; and how long a digest is kept.
PATIENCE, MOST_TRIES = dt.timedelta(minutes=15), 2
KEPT = dt.timedelta(days=90)


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


def of_member(member: Member, now: dt.datetime | None = None, *, ids: Sequence[int] | None = None) -> Digest:
    """What a digest would tell now; `ids`: these notifications, whatever became of them. Two queries."""
    now = now or timezone.now()
    told = _untold(member) if ids is None else Notification.objects.filter(member=member, pk__in=ids)
    rows = list(told.order_by("-created_at", "-pk"))
    overdue = (
        QueueItem.objects.filter(owner=member, state="claimed", step_due_at__lt=now)
        .select_related("account", "workspace")
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
                text=item.called,
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
    """Sends every digest whose hour has come, and those whose worker died; how many mails went out."""
    now = now or timezone.now()
    sent = 0
    dead = DigestMail.objects.filter(state=DigestMail.State.SENDING, began_at__lte=now - PATIENCE).order_by("pk")
    for pk in list(dead.values_list("pk", flat=True)):
        again = _claim_again(pk, now)
        sent += _send(again, None, now) if again is not None else 0
    wanted = WorkSettings.objects.filter(by_mail=True, member__is_active=True).select_related("member").order_by("pk")
    for row in wanted:
        mail = _claim(row.pk, now) if _is_due(row, now) else None
        sent += _send(mail, row.digest_sent_on, now) if mail is not None else 0
    return sent


def unsure_of(member: Member) -> DigestMail | None:
    """The member's last digest when nobody knows whether it went out."""
    last = DigestMail.objects.filter(member=member).order_by("-day").first()
    return last if last is not None and last.state == DigestMail.State.UNSURE else None


def forget_old(now: dt.datetime) -> None:
    """Digests of a quarter ago."""
    DigestMail.objects.filter(began_at__lt=now - KEPT).delete()


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
def _claim(member_id: int, now: dt.datetime) -> DigestMail | None:
    """Today's digest when it is this worker's to send and tells something."""
    found = WorkSettings.objects.select_related("member").filter(pk=member_id)
    row = found.select_for_update(skip_locked=True, of=("self",)).first()
    if row is None or not _is_due(row, now):
        return None
    row.digest_sent_on = quiet.local(now, row.member.timezone).date()
    row.save(update_fields=["digest_sent_on"])
    told = of_member(row.member, now)
    if told.is_empty:
        return None
    _mark(told.ids, now)
    return DigestMail.objects.update_or_create(
        member=row.member,
        day=row.digest_sent_on,
        defaults={
            "state": DigestMail.State.SENDING,
            "message_id": make_msgid(domain=urlsplit(origin()).hostname),
            "tells": told.ids,
            "tries": 1,
            "began_at": now,
        },
    )[0]


@transaction.atomic
def _claim_again(pk: int, now: dt.datetime) -> DigestMail | None:
    """One whose worker died, for the second try; after that it stays as possibly sent."""
    found = DigestMail.objects.select_for_update(skip_locked=True, of=("self",)).select_related("member")
    mail = found.filter(pk=pk, state=DigestMail.State.SENDING, began_at__lte=now - PATIENCE).first()
    if mail is None:
        return None
    is_last = mail.tries >= MOST_TRIES or not mail.member.is_active
    mail.state = DigestMail.State.UNSURE if is_last else mail.state
    mail.tries, mail.began_at = mail.tries + (not is_last), now
    mail.save(update_fields=["state", "tries", "began_at"])
    return None if is_last else mail


def _send(mail: DigestMail, sent_before: dt.date | None, now: dt.datetime) -> int:
    """`sent_before`: the day of the digest before, to which a refused one goes back."""
    try:
        mail_of(mail.member, of_member(mail.member, now, ids=mail.tells), message_id=mail.message_id).send()
    except (OSError, smtplib.SMTPException):
        log.exception("The digest of member %d could not be sent", mail.member_id)
        if mail.tries == 1:  # it was not sent: what it tells is free again
            with transaction.atomic():
                Notification.objects.filter(pk__in=mail.tells).update(mailed_at=None)
                WorkSettings.objects.filter(pk=mail.member_id).update(digest_sent_on=sent_before)
                DigestMail.objects.filter(pk=mail.pk).delete()
        return 0
    DigestMail.objects.filter(pk=mail.pk).update(state=DigestMail.State.SENT)
    return 1


def _mark(ids: Sequence[int], now: dt.datetime) -> None:
    Notification.objects.filter(pk__in=ids, mailed_at=None).update(mailed_at=now)


def mail_of(member: Member, found: Digest, *, message_id: str) -> EmailMultiAlternatives:
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
            headers={"Message-ID": message_id, "List-Unsubscribe": f"<{profile}>", "Auto-Submitted": "auto-generated"},
        )
        mail.attach_alternative(render_to_string("playbooks/digest.html", context), "text/html")
    return mail
