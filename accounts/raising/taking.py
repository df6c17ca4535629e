"""Taking a raised hand: kept as it came, before anything else is done with it, and landed unless it is spam.

Both rows are written in one transaction, so that what was answered with thanks is there. Spam is kept with its reason and not
landed; an admin who sees that it is none lets it through.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts import audit, hand_raise, landing
from accounts.models import HandRaise, HandRaiseForm, Member, ProductUser, Source
from accounts.raising import spam

HOUR = dt.timedelta(hours=1)


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
) -> HandRaise | None:
    """Keeps and lands what was filled in. None: spam of which enough is kept, so that it is only counted.

    `sender`: the digest of the client's address; `from_elsewhere`: from a site that the form does not allow. Limits and times hold
    for forms: who has a write key is a server, and sends for many people from one address.

    Raises `Bad` for fields that cannot be taken, and `landing.UnknownKey`.
    """
    because = "honeypot" if hand_raise.is_from_a_program(fields) else ""
    if form is not None:
        because = because or spam.of_token(token, received_at) or ("origin" if from_elsewhere else "")
        if form.placement and not fields.get("placement"):
            fields = fields | {"placement": form.placement}
    said = hand_raise.cut(fields) if because == "honeypot" else hand_raise.clean(fields)
    if form is not None:
        because = because or spam.of_counts(_seen(sender, said.get("email", ""), received_at))
    if because and _is_full(source, received_at):
        reason = str(spam.REASONS[because])
        landing.refuse(source=source, path=hand_raise.PATH, body=b"", status=429, code="spam", reason=reason)
        return None
    row = HandRaise.objects.create(
        form=form,
        source=source,
        received_at=received_at,
        raised_at=received_at,
        message_id=f"{hand_raise.PREFIX}{uuid.uuid4()}",
        fields={name: value for name, value in said.items() if value},
        placement=said.get("placement", ""),
        is_spam=bool(because),
        spam_because=because,
        sender=sender,
    )
    if not because:
        _land(row, source)
    return row


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
    fields = (
        row.fields if row.fields.get("user_id") else row.fields | {"user_id": _known_by(row.fields.get("email", ""))}
    )
    message = msgspec.json.encode(hand_raise.to_message(fields, message_id=row.message_id))
    landing.accept(source=source, path="track", body=message, size=1, received_at=row.received_at)


def _known_by(email: str) -> str:
    """The user id of the one person with this e-mail; empty: nobody, or several. One query by index."""
    people = ProductUser.objects.alias(low=Lower("email")).filter(low=email.lower(), key__startswith="u:")
    keys = list(people.exclude(email="").values_list("key", flat=True)[:2])
    return keys[0].removeprefix("u:") if len(keys) == 1 else ""


def _seen(sender: str, email: str, now: dt.datetime) -> spam.Seen:
    """One query over the rows of ten minutes."""
    lately = HandRaise.objects.filter(received_at__gt=now - spam.WITHIN, form__isnull=False)
    found = lately.aggregate(
        of_address=Count("pk", filter=Q(sender=sender)), of_email=Count("pk", filter=Q(fields__email=email))
    )
    return spam.Seen(found["of_address"] if sender else 0, found["of_email"] if email else 0)


def _is_full(source: Source, now: dt.datetime) -> bool:
    kept = HandRaise.objects.filter(received_at__gt=now - HOUR, source=source, is_spam=True)
    return kept[: spam.KEPT_AN_HOUR].count() >= spam.KEPT_AN_HOUR
