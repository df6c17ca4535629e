"""What every template needs: icons, times, signed numbers. `{% load ui %}`."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.contrib.messages.storage.base import Message
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.models import initials as initials_of
from playbooks.models import QueueItem
from playbooks.screens.queue import Row
from playbooks.telling import notifications

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """A symbol of static/icons.svg. Without a label it is decoration and hidden from screen readers."""
    return _symbol(name, label, css)


# A queue page has 300 of them, and they are few different ones.
@lru_cache(maxsize=512)
def _symbol(name: str, label: str, css: str) -> SafeString:
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}"></use></svg>', css, label, href
        )
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}"></use></svg>', css, href)


@register.simple_tag
def ago(value: dt.datetime | None, style: str = "ago") -> SafeString | str:
    """`<time>`: relative, with the absolute time in the member's zone on hover.

    Styles: `ago` ("3 hours ago"), `age` ("3 hours"), `day` ("09:14", "Tuesday", "12 Nov"). "–" for none.
    """
    if value is None:
        return "–"
    local = timezone.localtime(value)
    absolute = f"{_date(local.date(), get_language())}, {local:%H:%M} {local.tzname()}"
    words = _day(local) if style == "day" else _relative(value, suffix=style == "ago")
    return format_html(
        '<time datetime="{}" title="{}" data-style="{}">{}</time>', value.isoformat(), absolute, style, words
    )


@register.simple_tag
def day(value: dt.date | None) -> SafeString | str:
    """`<time>` of a date without a clock: "12 Nov 2026". "–" for none."""
    if value is None:
        return "–"
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), date_format(value, "j M Y"))


def _relative(value: dt.datetime, *, suffix: bool) -> str:
    seconds = max(0.0, (timezone.now() - value).total_seconds())
    if seconds < MINUTE:
        return _("just now")
    if seconds < HOUR:
        number = int(seconds // MINUTE)
        words = ngettext("%(n)d min", "%(n)d min", number) % {"n": number}
    elif seconds < DAY:
        number = int(seconds // HOUR)
        words = ngettext("%(n)d hour", "%(n)d hours", number) % {"n": number}
    elif seconds < 60 * DAY:
        number = int(seconds // DAY)
        words = ngettext("%(n)d day", "%(n)d days", number) % {"n": number}
    else:
        number = int(seconds // (30 * DAY))
        words = ngettext("%(n)d month", "%(n)d months", number) % {"n": number}
    return _("%(time)s ago") % {"time": words} if suffix else words


@lru_cache(maxsize=1024)
def _date(value: dt.date, language: str | None) -> str:
    return date_format(value, "j M Y")


def _day(local: dt.datetime) -> str:
    today = timezone.localtime().date()
    days = (today - local.date()).days
    if days <= 0:
        return _("%(time)s today") % {"time": date_format(local, "H:i")}
    if days < 7:
        return date_format(local, "l")
    return date_format(local, "j M" if local.year == today.year else "j M Y")


@register.filter
def signed(value: int | float | None, places: int = 0) -> str:
    """`14` → `+14`, `-3` → `−3`, `0` → `±0`, none → empty."""
    if value is None:
        return ""
    number = round(float(value), places)
    if number == 0:
        return "±0"
    text = intcomma(abs(number)) if places else intcomma(round(abs(number)))
    return f"+{text}" if number > 0 else f"−{text}"


@register.filter
def percent(value: float | None) -> str:
    """`0.78` → `78 %`, none → `–`."""
    return "–" if value is None else f"{round(value * 100)}\u00a0%"


@register.filter
def breaks(text: object) -> SafeString:
    """An address or domains that may break where parts meet and not within a word: after `@`, and before dots of a domain."""
    local, at, domain = str(text).rpartition("@")
    parts = [local + at, *re.split(r"(?=\.\w)", domain)] if at else re.split(r"(?=\.\w)", domain)
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))


@register.filter
def initials(name: str) -> str:
    """`"Dana Ortiz"` → `"DO"`."""
    return initials_of(name)


@register.filter
def tint(name: str) -> str:
    """One of eight colours for an avatar, always the same for the same name."""
    return f"tint-{sum(map(ord, name)) % 8}"


@register.filter
def undo_url(message: Message) -> str:
    """The address that takes back what a message tells, or empty. Views write it as `extra_tags="undo=/…"`."""
    tag = message.extra_tags or ""
    return tag.removeprefix("undo=") if tag.startswith("undo=/") else ""


@register.simple_tag
def queue_row(row: Row) -> SafeString:
    """A row of the queue. Whoever sees the same row within a minute gets what was drawn before: half the work of a page."""
    return _drawn(row, get_language(), timezone.get_current_timezone_name(), int(timezone.now().timestamp() // MINUTE))


@lru_cache(maxsize=2048)
def _drawn(row: Row, language: str | None, zone: str, minute: int) -> SafeString:
    return get_template("playbooks/row.html").render({"row": row})  # type: ignore[return-value]


@register.simple_tag(takes_context=True)
def bell(context: template.RequestContext) -> notifications.Bell:
    """What the signed-in member has not read. Read once a page."""
    request = context["request"]
    if not hasattr(request, "bell"):  # the queue has asked for it already
        request.bell = notifications.bell(request.user)
    return request.bell


@register.simple_tag(takes_context=True)
def open_work(context: template.RequestContext) -> int:
    """How many items of the member's own queue wait for somebody; 0 for roles without one. One query a page at most."""
    request = context["request"]
    if not hasattr(request, "open_work"):  # the queue's own page has counted them
        own = {Role.SALES: "sales", Role.SUCCESS: "success", Role.MARKETING: "marketing"}.get(request.user.role)
        request.open_work = QueueItem.objects.filter(motion=own, state="new").count() if own else 0
    return request.open_work
