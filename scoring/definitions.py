"""Definitions: which recipe is in force."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from scoring import defaults, rules
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
    return rules.parse(definition.spec, features=BY_KEY)
