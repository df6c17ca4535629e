"""Plays as programs read them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import BuyingRole, SignalKind
from playbooks.models import Motion, Play, PlayStep
from playbooks.plays import plays
from playbooks.plays.library import EXITS
from scoring.models import Tier

MOTIONS = [(motion.value, motion.label) for motion in (Motion.SALES, Motion.SUCCESS, Motion.MARKETING)]


class PlayResultsSerializer(serializers.Serializer[plays.Results]):
    """Accounts that the play was begun on."""

    begun = serializers.IntegerField()
    running = serializers.IntegerField()
    accepted = serializers.IntegerField(help_text=gettext_lazy("Answered good, or closed with any of the next two."))
    meetings = serializers.IntegerField(help_text=gettext_lazy("Closed with a meeting, an opportunity or a contract."))
    won = serializers.IntegerField()


class PlayLineSerializer(serializers.Serializer[Play]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    motion = serializers.ChoiceField(MOTIONS)
    tier = serializers.ChoiceField(Tier.choices, allow_blank=True, help_text=gettext_lazy("Empty: any."))
    signal = serializers.ChoiceField(SignalKind.choices, allow_blank=True, help_text=gettext_lazy("Empty: any."))
    persona = serializers.ChoiceField(BuyingRole.choices, allow_blank=True, help_text=gettext_lazy("Empty: anybody."))
    is_expansion = serializers.BooleanField(allow_null=True, help_text=gettext_lazy("Paying customers; null: both."))
    goal = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField(help_text=gettext_lazy("Whether it is suggested."))
    built_in = serializers.SerializerMethodField()
    results = serializers.SerializerMethodField()

    def get_built_in(self, play: Play) -> bool:
        return play.key is not None

    @extend_schema_field(PlayResultsSerializer)
    def get_results(self, play: Play) -> dict[str, Any]:
        return PlayResultsSerializer(self.context["results"].get(play.pk, plays.Results())).data


class PlayStepSerializer(serializers.Serializer[PlayStep]):
    kind = serializers.CharField(help_text=gettext_lazy("call, email, message, meeting or task."))
    after_days = serializers.IntegerField(help_text=gettext_lazy("Working days after the play began."))
    title = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    words = serializers.CharField(allow_blank=True, help_text=gettext_lazy("With merge fields."))


class PlaySerializer(PlayLineSerializer):
    talking_points = serializers.CharField(allow_blank=True, help_text=gettext_lazy("One a line."))
    exits = serializers.ListField(child=serializers.ChoiceField(EXITS))
    revision = serializers.IntegerField()
    steps = PlayStepSerializer(many=True)
