"""What publishing a draft would do to the queues, for programs; with the token that publishing needs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from playbooks import effects
from scoring import definitions, publishing, rest_shapes, rules
from scoring.models import Tier
from scoring.rest_definitions import find


class EffectLineSerializer(serializers.Serializer[Any]):
    account_id = serializers.IntegerField()
    name = serializers.CharField()
    score_now = serializers.IntegerField(allow_null=True)
    score_draft = serializers.IntegerField(allow_null=True)
    tier_now = serializers.ChoiceField(Tier.choices)
    tier_draft = serializers.ChoiceField(Tier.choices)
    owner = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Who claimed the item."))


class MotionEffectsSerializer(serializers.Serializer[Any]):
    motion = serializers.ChoiceField([(motion.value, motion.label) for motion in effects.MOTIONS])
    items_now = serializers.IntegerField()
    items_then = serializers.IntegerField()
    entering = serializers.IntegerField()
    leaving = serializers.IntegerField()
    marked = serializers.IntegerField(help_text=gettext_lazy("Claimed items that stay with a mark."))
    unmarked = serializers.IntegerField(help_text=gettext_lazy("Marked items that qualify again."))
    enter = EffectLineSerializer(many=True, help_text=gettext_lazy("Up to 50, the highest scores first."))
    leave = EffectLineSerializer(many=True)
    mark = EffectLineSerializer(many=True)


class SpacesSerializer(serializers.Serializer[Any]):
    motion = serializers.ChoiceField([(motion.value, motion.label) for motion in effects.MOTIONS])
    items_now = serializers.IntegerField()
    items_then = serializers.IntegerField()
    entering = serializers.IntegerField()
    leaving = serializers.IntegerField()
    marked = serializers.IntegerField(help_text=gettext_lazy("Claimed items that stay with a mark."))
    unmarked = serializers.IntegerField(help_text=gettext_lazy("Marked items that qualify again."))


class EffectsSerializer(serializers.Serializer[Any]):
    as_of = serializers.DateField()
    made_at = rest.Moment()
    motions = MotionEffectsSerializer(many=True)
    workspaces = SpacesSerializer(
        many=True,
        source="spaces",
        help_text=gettext_lazy("Items of workspaces; empty where neither definition puts them into the queues."),
    )
    token = serializers.CharField(
        allow_null=True, help_text=gettext_lazy("What publishing needs: proof that this was shown. Null: not a draft.")
    )
    milliseconds = serializers.FloatField()


@extend_schema(
    operation_id="get_definition_effects",
    summary="What publishing a draft would do to the queues",
    responses=EffectsSerializer,
)
@api_view(["GET"])
def effects_of(request: Request, definition_id: int) -> Response:
    """Items that enter and leave, and claimed ones that get a mark: those never vanish. Nothing is changed."""
    found = find(definition_id)
    try:
        spec = definitions.spec_of(found)
    except rules.BadDefinition as bad:
        raise rest_shapes.complaint(bad) from None
    told = effects.of(spec, snapshot=rest_shapes.newest())
    token = publishing.token(found) if found.version is None and not found.discarded_at else None
    names = ("as_of", "made_at", "motions", "milliseconds", "spaces")
    return Response(EffectsSerializer({name: getattr(told, name) for name in names} | {"token": token}).data)
