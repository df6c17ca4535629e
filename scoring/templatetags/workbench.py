"""What the templates of the workbench need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from accounts.models import Role
from scoring import definitions, news, notices

register = template.Library()


@register.filter
def at(known: Mapping[str, Any] | None, place: str) -> Any:
    """The entry of a dict; empty when there is none."""
    return (known or {}).get(place, "")


@register.simple_tag(takes_context=True)
def definition_news(context: template.RequestContext) -> definitions.News | None:
    """What sales is told of a new version; nothing for other roles and for whoever dismissed it."""
    request = context["request"]
    if request.user.role != Role.SALES or not notices.of(request).has_news:
        return None
    return news.of(request.session)
