"""Sources: where messages come from. Each has one write key."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, landing
from accounts.models import Landing, SetAside, Source, new_write_key

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """A source as the page shows it."""

    source: Source
    waiting: int
    """messages that wait for the loader"""
    refused: int
    """requests refused and messages set aside in the last 24 hours"""

    @property
    def state(self) -> str:
        """off, never (nothing has come yet), quiet (nothing for a day) or live"""
        if not self.source.is_active:
            return "off"
        if self.source.last_seen_at is None:
            return "never"
        return "live" if timezone.now() - self.source.last_seen_at < DAY else "quiet"


def overview() -> list[Row]:
    """Every source in order of its name. Three queries, however many there are."""
    waiting = dict(Landing.objects.values_list("source").annotate(n=Sum("size")).order_by())
    refused = dict(
        SetAside.objects.filter(received_at__gte=timezone.now() - DAY, replayed_at=None)
        .values_list("source")
        .annotate(n=Sum("count"))
        .order_by()
    )
    return [
        Row(source, waiting.get(source.pk, 0), refused.get(source.pk, 0))
        for source in Source.objects.order_by("-is_active", "name")
    ]


def add(*, name: str) -> Source:
    """A new source with its write key. Raises `ValidationError` naming the field."""
    return _saved(Source(name=name.strip()), "source.add")


def rename(*, source: Source, name: str) -> Source:
    """Raises `ValidationError` naming the field."""
    former, source.name = source.name, name.strip()
    return _saved(source, "source.rename", "name", **audit.changed({"name": former}, {"name": source.name}))


@transaction.atomic
def switch(*, source: Source, on: bool) -> None:
    """A source that is off answers 401; what it landed before is still loaded."""
    was, source.is_active = source.is_active, on
    source.save(update_fields=["is_active"])
    landing.forget()
    if was != on:
        _record("source.on" if on else "source.off", source)


@transaction.atomic
def rotate(*, source: Source) -> Source:
    """Gives the source another key. The old one stops at once, in every process (`landing.accept` checks it again)."""
    source.write_key = new_write_key()
    source.save(update_fields=["write_key"])
    landing.forget()
    _record("source.rotate", source)
    return source


def _record(action: str, source: Source, **detail: Any) -> None:
    audit.record(action, subject="source", subject_id=source.pk, label=source.name, **detail)


def _saved(source: Source, action: str, *fields: str, **detail: Any) -> Source:
    source.full_clean(exclude=["last_seen_at"])
    try:
        with transaction.atomic():
            source.save(update_fields=fields or None)
            if detail or not fields:
                _record(action, source, **detail)
    except IntegrityError:  # another admin was a moment faster
        raise ValidationError({"name": _("There is a source of this name already.")}) from None
    return source
