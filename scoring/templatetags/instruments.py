"""What pages say of events that fell silent, and of the components that an event feeds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils import timezone

from accounts import access
from accounts.models import EventType
from scoring import definitions, holding, notices, rules, silence
from scoring.holding import Held
from scoring.silence import Renamed

register = template.Library()


@dataclass(frozen=True)
class Warned:
    """A silent event as the page of events tells it. `held`: none when its features are not held (any more)."""

    event_type: EventType
    renamed: Renamed | None
    parts: list[str]
    held: Held | None


@register.simple_tag(takes_context=True)
def silent_events(context: template.RequestContext) -> list[Warned]:
    """Those that nobody has accepted, the newest silence first."""
    silent = (
        EventType.objects.exclude(silent_since=None).filter(silence_accepted_at=None).order_by("-silent_since", "name")
    )
    held = {one.event_type.pk: one for one in holding.held(timezone.now().date())}
    return [
        Warned(one, silence.renamed_to(one), _parts(context, holding.fed_features(one)), held.get(one.pk))
        for one in silent
    ]


@register.simple_tag(takes_context=True)
def used_by(context: template.RequestContext, event_type: EventType) -> list[str]:
    """The labels of the components in force that this event feeds."""
    return _parts(context, holding.fed_features(event_type))


@register.inclusion_tag("scoring/held.html", takes_context=True)
def held_notice(context: template.RequestContext, as_of: dt.date | None = None, short: bool = False) -> dict[str, Any]:
    """Says which features are held as of an earlier day, and why; nothing when none are.

    `short`: in one line, and only of those that a component in force reads.
    """
    silent = holding.held(as_of or timezone.now().date()) if as_of or _may_hold(context) else []
    held = [(one, _parts(context, one.features)) for one in silent]
    return {
        "held": [(one, parts) for one, parts in held if parts] if short else held,
        "short": short,
        "may_edit": access.can(context["request"].user, "edit_events") if "request" in context else False,
    }


def _may_hold(context: template.RequestContext) -> bool:
    return "request" not in context or notices.of(context["request"]).has_silence


def _parts(context: template.RequestContext, features: frozenset[str]) -> list[str]:
    known = context.render_context.get("instruments_parts")
    if known is None:
        try:
            spec = definitions.spec_of(definitions.published())
            recipes = [*spec.recipes, *([spec.workspace] if spec.workspace else [])]
            known = [(component.feature, component.label) for recipe in recipes for component in recipe.components]
        except rules.BadDefinition:
            known = []
        context.render_context["instruments_parts"] = known
    return list(dict.fromkeys(label for feature, label in known if feature in features))
