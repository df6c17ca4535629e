"""The forms of raised hands: made, changed and switched by admins, found by the key in a page, counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, stale
from accounts.models import HandRaise, HandRaiseForm, Member

#: What a form may ask beside the e-mail, in the order in which it does.
ASKS = {
    "name": gettext_lazy("Name"),
    "title": gettext_lazy("Job title"),
    "company": gettext_lazy("Company"),
    "message": gettext_lazy("Message"),
}
#: Columns that an admin says, as they are kept in the audit log.
SAID = (
    *("name", "placement", "question", "button", "thanks", "thanks_url", "asks", "origins", "consent", "consent_url"),
)
MOST_ORIGINS = 20
KEY = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True)
class Words:
    """A form as a visitor reads it, saved or being made; what was left empty has its default."""

    question: str
    button: str
    thanks: str
    asks: list[tuple[str, str]]
    consent: str
    consent_url: str


@dataclass(frozen=True)
class Row:
    """A form as the page lists it, with what came by it."""

    form: HandRaiseForm
    raised: int
    spam: int
    last_at: Any
    by_placement: list[tuple[str, int]]


def words(form: HandRaiseForm) -> Words:
    return Words(
        question=form.question or _("Talk to us"),
        button=form.button or _("Send"),
        thanks=form.thanks or _("Thank you. We have your message and will be in touch soon."),
        asks=[(name, str(label)) for name, label in ASKS.items() if name in form.asks],
        consent=form.consent,
        consent_url=form.consent_url,
    )


def find(key: object) -> HandRaiseForm | None:
    """The form in use with this key: neither removed nor switched off, nor its source."""
    if not isinstance(key, str) or not KEY.fullmatch(key):
        return None
    used = HandRaiseForm.objects.select_related("source").filter(
        removed_at=None, is_active=True, source__is_active=True
    )
    return used.filter(key=key).first()


def overview() -> list[Row]:
    """All forms, those in use first. Two queries, however many there are."""
    forms = (
        HandRaiseForm.objects.filter(removed_at=None)
        .select_related("source")
        .annotate(
            number=Count("raised", filter=Q(raised__is_spam=False)),
            spam=Count("raised", filter=Q(raised__is_spam=True)),
            last_at=Max("raised__received_at", filter=Q(raised__is_spam=False)),
        )
        .order_by("-is_active", "name")
    )
    places: dict[int | None, list[tuple[str, int]]] = {}
    counted = HandRaise.objects.filter(form__isnull=False, is_spam=False).values_list("form", "placement")
    for form, placement, number in counted.annotate(n=Count("pk")).order_by("form", "-n", "placement"):
        places.setdefault(form, []).append((placement, number))
    return [Row(form, form.number, form.spam, form.last_at, places.get(form.pk, [])) for form in forms]


def text_of(form: HandRaiseForm) -> dict[str, Any]:
    """What the admin says of it, as JSON."""
    return {name: getattr(form, name) for name in SAID} | {"source": form.source_id}


@transaction.atomic
def save(*, form: HandRaiseForm, member: Member, last_seen: str = "") -> HandRaiseForm:
    """A new form, or a changed one. Raises `ValidationError` naming the field.

    `last_seen`: `stale.seen` of what the member looked at; raises `StaleError` when somebody has changed it since.
    """
    form.origins = origins(form.origins)
    form.thanks_url, form.consent_url = page("thanks_url", form.thanks_url), page("consent_url", form.consent_url)
    if form.consent_url and not form.consent:
        raise ValidationError({"consent": _("Say what is agreed to, or leave out the page about it.")})
    form.asks = [name for name in ASKS if name in form.asks]
    is_new = form.pk is None
    before = {} if is_new else text_of(HandRaiseForm.objects.select_for_update().get(pk=form.pk))
    if is_new:
        form.created_by = member
    form.full_clean(exclude=["created_by", "removed_at"])
    now = text_of(form)
    changed = {name: value for name, value in now.items() if is_new or before[name] != value}
    if not changed:
        return form
    stale.check(before, last_seen)
    try:
        with transaction.atomic():
            form.save(update_fields=None if is_new else [*SAID, "source"])
            audit.record(
                "form.make" if is_new else "form.change",
                by=member,
                subject="form",
                subject_id=form.pk,
                label=form.name,
                before={name: before[name] for name in changed if not is_new},
                after=changed,
            )
    except IntegrityError:  # another admin was a moment faster
        raise name_taken() from None
    return form


def name_taken() -> ValidationError:
    return ValidationError({"name": _("There is a form of this name already.")})


@transaction.atomic
def switch(*, form: HandRaiseForm, on: bool, member: Member) -> None:
    """A form that is off shows nothing and takes nothing; what it took stays."""
    if HandRaiseForm.objects.filter(pk=form.pk, removed_at=None, is_active=not on).update(is_active=on):
        action = "form.on" if on else "form.off"
        audit.record(action, by=member, subject="form", subject_id=form.pk, label=form.name)


@transaction.atomic
def remove(*, form: HandRaiseForm, member: Member) -> None:
    """Not listed any more, and takes nothing; what it took stays. `put_back` is the undo. The second of two clicks does nothing."""
    if HandRaiseForm.objects.filter(pk=form.pk, removed_at=None).update(removed_at=timezone.now()):
        audit.record("form.remove", by=member, subject="form", subject_id=form.pk, label=form.name)


def put_back(*, form: HandRaiseForm, member: Member) -> None:
    """As it was, with its key. Raises `ValidationError` when another form has its name by now."""
    try:
        with transaction.atomic():
            if HandRaiseForm.objects.filter(pk=form.pk, removed_at__isnull=False).update(removed_at=None):
                audit.record("form.put_back", by=member, subject="form", subject_id=form.pk, label=form.name)
    except IntegrityError:
        raise name_taken() from None


def page(field: str, said: str) -> str:
    """The address of a page of the admin's own. Raises `ValidationError`: only http and https, whole, and without a password."""
    said = said.strip()
    if not said:
        return ""
    try:
        parts = urlsplit(said)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_odd = bool(re.search(r"[\s\\\x00-\x1f\x7f\"'<>]", said))
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or is_odd:
        raise ValidationError({field: _("It must be a whole address, such as https://www.acme.com/thanks.")})
    return said


def origin_of(address: str) -> str:
    """`"https://www.acme.com/thanks"` → `"https://www.acme.com"`."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def origins(said: list[str]) -> list[str]:
    """`["HTTPS://Www.Acme.com/pricing"]` → `["https://www.acme.com"]`: as browsers name a site. Raises `ValidationError`."""
    found = []
    for line in said:
        line = line.strip()
        if not line:
            continue
        try:
            parts = urlsplit(line if "://" in line else f"https://{line}")
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:
            host, port, parts = "", None, urlsplit("")
        if parts.scheme not in ("http", "https") or not re.fullmatch(r"[a-z0-9.-]+", host):
            raise ValidationError(
                {"origins": _("“%(line)s” is no site, such as https://www.acme.com.") % {"line": line[:80]}}
            )
        usual = {"http": 80, "https": 443}[parts.scheme]
        one = f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")
        if one not in found:
            found.append(one)
    if len(found) > MOST_ORIGINS:
        raise ValidationError({"origins": _("At most %(n)d sites.") % {"n": MOST_ORIGINS}})
    return found
