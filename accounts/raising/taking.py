"""Taking a raised hand: kept as it came, before anything else is done with it, and landed unless it is spam.

Both rows are written in one transaction, so that what was answered with thanks is there. Spam is kept with its reason and not
landed; an admin who sees that it is none lets it through.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from accounts import audit, domains, hand_raise, landing
from accounts.messages import Bad
from accounts.models import HandRaise, HandRaiseForm, Member, Source
from accounts.raising import spam, trust
from accounts.requests import key

HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Taken:
    """What became of it. `row` none: spam of which enough is kept, so that it is only counted. `because`: why it is held back."""

    row: HandRaise | None
    because: str = ""

    @property
    def is_limited(self) -> bool:
        """Too many came: the sender is told, since he may be a person."""
        return self.because in spam.LIMITS


@transaction.atomic
def take(
    *,
    source: Source,
    form: HandRaiseForm | None,
    fields: dict[str, Any],
    received_at: dt.datetime,
    sender: str = "",
    token: str = "",
    from_elsewhere: bool = False,
    is_server: bool = False,
) -> Taken:
    """Keeps and lands what was filled in. The same again within ten minutes, as by a double click, is counted on the first row.

    `sender`: the digest of the client's address; `from_elsewhere`: from a site that the form does not allow; `is_server`: it has
    the write key, so that it may say who it is. Limits and times hold for forms: a server sends for many people from one address.

    Raises `Bad` for fields that cannot be taken, and `landing.UnknownKey`.
    """
    because = "honeypot" if hand_raise.is_from_a_program(fields) else ""
    in_public = None if is_server else form
    if in_public:
        because = because or spam.of_token(token, received_at) or ("origin" if from_elsewhere else "")
    if form is not None and form.placement and not fields.get("placement"):
        fields = fields | {"placement": form.placement}
    said = hand_raise.cut(fields) if because == "honeypot" else hand_raise.clean(fields)
    if form is not None and form.consent and because != "honeypot":
        said["consent"] = _agreed(fields, form)
    if in_public:
        said.pop("message_id", None)
        user_hash = fields.get("user_hash")
        said = trust.settle(in_public, said, user_hash if isinstance(user_hash, str) else "")
        # "jo@gmail" is what people type in a hurry: nobody could answer.
        is_whole = because or domains.host_of(said["email"])
        if not is_whole or (not because and not said.get("user_id") and len(said["email"]) > hand_raise.LONGEST_EMAIL):
            raise hand_raise.bad_email()
    said = {name: value for name, value in said.items() if value}
    row_id = _row_id(source, said.pop("message_id", ""))
    _one_at_a_time(f"{in_public.pk}|{said.get('email')}" if in_public else row_id)
    before = _same(in_public, said, sender, received_at, because) if in_public else _by_id(row_id)
    if before is not None:
        HandRaise.objects.filter(pk=before.pk).update(sent=F("sent") + 1)
        return Taken(before, before.spam_because if before.is_spam else "")
    if in_public:
        because = because or spam.of_counts(_seen(in_public, sender, said.get("email", ""), received_at))
    if because and _is_full(source, received_at):
        reason = str(spam.REASONS[because])
        landing.refuse(source=source, path=hand_raise.PATH, body=b"", status=429, code="spam", reason=reason)
        return Taken(None, because)
    row = HandRaise.objects.create(
        form=form,
        source=source,
        received_at=received_at,
        raised_at=received_at,
        message_id=row_id,
        fields=said,
        placement=said.get("placement", ""),
        is_spam=bool(because),
        spam_because=because,
        sender=sender,
    )
    if not because:
        _land(row, source)
    return Taken(row, because)


@transaction.atomic
def let_through(*, raise_id: int, member: Member) -> HandRaise:
    """What was taken for spam is none: it is landed, as of its first arrival. The second of two clicks does nothing.

    Raises `HandRaise.DoesNotExist`, and `ValidationError` with what is wrong with it.
    """
    row = HandRaise.objects.select_for_update(of=("self",)).select_related("source", "form").get(pk=raise_id)
    if not row.is_spam:
        return row
    try:
        _land(row, row.source)
    except hand_raise.Bad as bad:
        raise ValidationError(_("It cannot be let through: %(reason)s") % {"reason": bad.reason}) from None
    except landing.UnknownKey:
        words = _("Its source is switched off: switch %(source)s on first.")
        raise ValidationError(words % {"source": row.source}) from None
    row.is_spam = False
    row.save(update_fields=["is_spam"])
    audit.record(
        "hand_raise.not_spam",
        by=member,
        subject="hand_raise",
        subject_id=row.pk,
        label=str(row.form or row.source),
        reason=row.spam_because,
    )
    return row


def _land(row: HandRaise, source: Source) -> None:
    """Somebody who is known by the e-mail alone raises it as the person whose usage is here."""
    if row.way == "event":  # it came as a message, which is loaded
        return
    fields = row.fields | {"user_id": row.fields.get("user_id") or trust.known_by(row.fields.get("email", ""))}
    message = hand_raise.to_message(fields if row.form is None else trust.facts(fields), message_id=row.message_id)
    body = msgspec.json.encode(message)
    landing.accept(source=source, path="track", body=body, size=1, received_at=row.received_at)


def _agreed(fields: dict[str, Any], form: HandRaiseForm) -> str:
    """The words that were agreed to. Raises `Bad`."""
    if str(fields.get("consent", "")).strip().lower() in ("", "0", "false", "no", "off", "none"):
        raise Bad("no_consent", "consent: must be agreed to.", "consent")
    return form.consent


def _row_id(source: Source, said: str) -> str:
    """Of a server that says a `message_id` always the same, so that it can send again what it does not know to have come."""
    return hand_raise.PREFIX + (key(source.pk, said).hex() if said else str(uuid.uuid4()))


def _by_id(row_id: str) -> HandRaise | None:
    return HandRaise.objects.filter(message_id=row_id).first()


def _same(form: HandRaiseForm, said: dict[str, str], sender: str, now: dt.datetime, because: str) -> HandRaise | None:
    """What was sent before, and was judged alike: who was too fast and sends it again is heard."""
    lately = HandRaise.objects.filter(received_at__gt=now - spam.WITHIN, form=form, sender=sender, fields=said)
    alike = Q(is_spam=True, spam_because=because) if because else Q(is_spam=False) | Q(spam_because__in=spam.LIMITS)
    return lately.filter(alike).order_by("pk").first()


def _one_at_a_time(name: str) -> None:
    """The second of two clicks waits for the first, to see it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7021))", [name])


def _seen(form: HandRaiseForm, sender: str, email: str, now: dt.datetime) -> spam.Seen:
    """One query over the rows of ten minutes; without those of servers, which have no sender."""
    lately = HandRaise.objects.filter(received_at__gt=now - spam.WITHIN, form__isnull=False).exclude(sender="")
    found = lately.aggregate(
        of_address=Count("pk", filter=Q(sender=sender)),
        of_email=Count("pk", filter=Q(fields__email=email)),
        of_form=Count("pk", filter=Q(form=form, is_spam=False)),
    )
    return spam.Seen(found["of_address"] if sender else 0, found["of_email"] if email else 0, found["of_form"])


def _is_full(source: Source, now: dt.datetime) -> bool:
    kept = HandRaise.objects.filter(received_at__gt=now - HOUR, source=source, is_spam=True)
    return kept[: spam.KEPT_AN_HOUR].count() >= spam.KEPT_AN_HOUR
