"""Definitions: which recipe is in force, and what its publication changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from scoring import defaults, differences, rules
from scoring.features import BY_KEY
from scoring.models import Definition


def published() -> Definition:
    """The definition in force. A fresh installation publishes the default as version 1 at its first use."""
    found = Definition.objects.filter(state=Definition.State.PUBLISHED).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return Definition.objects.create(
                version=1,
                name=defaults.NAME,
                state=Definition.State.PUBLISHED,
                spec=defaults.SPEC,
                note="What every installation starts with.",
                published_at=timezone.now(),
            )
    except IntegrityError:  # another process was first
        return Definition.objects.get(state=Definition.State.PUBLISHED)


def spec_of(definition: Definition) -> rules.Spec:
    """The checked spec of a definition. Raises `rules.BadDefinition`."""
    return parsed(definition.spec)


def parsed(spec: Any, *, strict: bool = False) -> rules.Spec:
    """`rules.parse` with the features that there are. Raises `rules.BadDefinition` in the reader's language."""
    try:
        return rules.parse(spec, features=BY_KEY, strict=strict)
    except rules.BadDefinition as bad:
        feature = BY_KEY.get(str(bad.params.get("feature")))
        raise bad.translated(_, **{"feature": feature.label} if feature else {}) from None


@dataclass(frozen=True)
class News:
    """A version that was published: what sales is told. `changes`: how it differs from the version before, in words."""

    definition_id: int
    version: int
    name: str
    note: str
    who: str
    at: dt.datetime
    changes: list[str]


def news(since: dt.datetime | None = None) -> News | None:
    """The version in force when it was published after `since` (none given: at any time); never the first. Two queries."""
    rows = Definition.objects.filter(version__isnull=False).select_related("published_by").order_by("-version")[:2]
    newest, before = [*rows, None, None][:2]
    if newest is None or before is None or newest.version is None or newest.published_at is None:
        return None
    if since is not None and newest.published_at <= since:
        return None
    try:
        changes = differences.in_words(spec_of(before), spec_of(newest))
    except rules.BadDefinition:
        changes = []
    return News(
        definition_id=newest.pk,
        version=newest.version,
        name=newest.name,
        note=newest.note,
        who=str(newest.published_by or ""),
        at=newest.published_at,
        changes=changes,
    )
