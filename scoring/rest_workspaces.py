"""What a definition does to workspaces, for programs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from scoring import rules, workspace_preview
from scoring.models import Tier


class WorkspaceHistogramsSerializer(serializers.Serializer[Any]):
    """Workspaces by score: 101 numbers, the first of those without a score."""

    now = serializers.ListField(child=serializers.IntegerField())
    draft = serializers.ListField(child=serializers.IntegerField())


class WorkspaceTransitionSerializer(serializers.Serializer[Any]):
    now = serializers.ChoiceField(Tier.choices, help_text=gettext_lazy("Without a score: self-serve."))
    then = serializers.ChoiceField(Tier.choices)
    workspaces = serializers.IntegerField()


class WorkspaceEffectSerializer(serializers.Serializer[Any]):
    workspaces = serializers.IntegerField(help_text=gettext_lazy("Those that belong to an account."))
    histogram = WorkspaceHistogramsSerializer()
    transitions = WorkspaceTransitionSerializer(many=True)
    shares = serializers.DictField(
        child=serializers.FloatField(), help_text=gettext_lazy("Component → its part of all score points.")
    )


def effect(draft: rules.Spec, published: rules.Spec) -> dict[str, Any] | None:
    """What `WorkspaceEffectSerializer` tells; none when the draft does not score workspaces."""
    found = workspace_preview.compare(draft, published)
    if found is None:
        return None
    return {
        "workspaces": found.accounts,
        "histogram": {"now": found.histogram_now.tolist(), "draft": found.histogram_draft.tolist()},
        "transitions": [
            {"now": now, "then": then, "workspaces": int(found.transitions[row, column])}
            for row, now in enumerate(rules.TIERS)
            for column, then in enumerate(rules.TIERS)
        ],
        "shares": found.shares,
    }
