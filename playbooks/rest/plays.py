"""Plays for programs: the list with what came of them, one with its steps, beginning and stopping, and a preview on an item."""

from __future__ import annotations

from typing import Annotated, Any, cast

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.models import Member
from playbooks.models import Play, PlayUse, QueueItem
from playbooks.plays import plays
from playbooks.plays import rows as play_rows
from playbooks.rest import play_editing
from playbooks.rest.play_shapes import MOTIONS, PlayLineSerializer, PlaySerializer
from playbooks.rest.queue import no_item
from playbooks.rest.touches import StepSerializer, heard
from playbooks.screens import play_preview
from playbooks.screens import plays as screen
from scoring.rest_shapes import LARGEST_ID, told


class Beginning(msgspec.Struct, forbid_unknown_fields=True):
    play: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]


BEGINNING = {
    "application/json": {
        "type": "object",
        "properties": {"play": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID, "description": "Its id."}},
        "required": ["play"],
        "additionalProperties": False,
    }
}


class PlayPageSerializer(rest.PageSerializer):
    results = PlayLineSerializer(many=True)


class PlayUseSerializer(serializers.Serializer[PlayUse]):
    """A play begun on an item."""

    id = serializers.IntegerField()
    play = serializers.IntegerField(source="play_id")
    item = serializers.IntegerField(source="item_id")
    started_at = rest.Moment()
    ended_at = rest.Moment(allow_null=True)
    end = serializers.CharField(
        allow_blank=True, help_text=gettext_lazy("finished, stopped, or the exit that was met.")
    )
    steps = serializers.SerializerMethodField()

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, use: PlayUse) -> Any:
        steps: Any = use.steps.order_by("place", "id")
        return StepSerializer(steps, many=True).data


class FilledSerializer(serializers.Serializer[screen.Words]):
    """A text with its merge fields filled; what is missing stands in brackets."""

    title = serializers.CharField(source="title.plain")
    subject = serializers.CharField(source="subject.plain", allow_blank=True)
    words = serializers.CharField(source="words.plain", allow_blank=True)
    to = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Whom it speaks to; empty: nobody by name."))
    missing = serializers.ListField(child=serializers.CharField(), help_text=gettext_lazy("What is not known."))


class PlayPreviewSerializer(serializers.Serializer[play_preview.Preview]):
    account = serializers.CharField()
    fits = serializers.CharField(
        allow_blank=True, help_text=gettext_lazy("Why it fits; empty: the item is in another situation.")
    )
    goal = serializers.CharField(source="goal.plain", allow_blank=True)
    talking_points = serializers.SerializerMethodField()
    steps = FilledSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField())

    def get_talking_points(self, preview: play_preview.Preview) -> list[str]:
        return [point.plain for point in preview.points]


class PlayFilters(rest.Filters):
    motion = filters.ChoiceFilter(choices=MOTIONS, help_text=gettext_lazy("Only of this queue."))
    active = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="by_active",
        help_text=gettext_lazy("Only those that are suggested, or only the others."),
    )

    def by_active(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(is_active=value == "true")


@extend_schema(
    methods=["GET"],
    operation_id="list_plays",
    summary="The plays with what came of them",
    parameters=PlayFilters.parameters(),
    responses=PlayPageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="add_play",
    summary="Add a play",
    request=play_editing.NEW_PLAY,
    responses={201: PlaySerializer},
)
@api_view(["GET", "POST"])
def play_list(request: Request) -> Response:
    """Without those that were removed, by queue and name. Adding one: product, admins and whoever works its queue."""
    if request.method == "POST":
        return play_editing.add(request)
    play_rows.built_in()
    rows = PlayFilters.rows(request, Play.objects.filter(removed_at=None).order_by("motion", "name"))
    pages = rest.Pages()
    listed: Any = pages.paginate_queryset(rows, request)
    context = {"results": plays.results()}
    return pages.get_paginated_response(PlayLineSerializer(listed, many=True, context=context).data)


@extend_schema(methods=["GET"], operation_id="get_play", summary="A play with its steps", responses=PlaySerializer)
@extend_schema(
    methods=["PATCH"],
    operation_id="change_play",
    summary="Change a play or its steps",
    request=play_editing.PLAY_CHANGE,
    responses={200: PlaySerializer, 409: play_editing.PlayConflictSerializer},
)
@api_view(["GET", "PATCH"])
def play(request: Request, play_id: int) -> Response:
    """Removed ones too: items may still run them. A change keeps what is left out; `steps` are all steps.

    `revision` is the one that was read: when it is not the play's any more, the answer is 409 with what is there now.
    """
    if request.method == "PATCH":
        return play_editing.change(request, play_id)
    found = _play(play_id)
    return Response(PlaySerializer(found, context={"results": plays.results()}).data)


@extend_schema(operation_id="preview_play", summary="A play filled for a queue item", responses=PlayPreviewSerializer)
@api_view(["GET"])
def preview(request: Request, play_id: int, item_id: int) -> Response:
    """Its words with what is known of the item's account. Nothing is begun."""
    found = _play(play_id)
    item = play_preview.ROWS.filter(pk=item_id).first()
    if item is None:
        raise no_item(item_id)
    shown = play_preview.of_item(play_rows.text_of(found), item, cast(Member, request.user))
    return Response(PlayPreviewSerializer(shown).data)


@extend_schema(
    operation_id="begin_play", summary="Begin a play on a queue item", request=BEGINNING, responses=PlayUseSerializer
)
@api_view(["POST"])
def begin(request: Request, item_id: int) -> Response:
    """Its steps become the item's next steps, and the item the member's when nobody has it. Beginning it twice is once."""
    said = told(request, Beginning)
    try:
        use = heard(plays.begin, item_id=item_id, play_id=said.play, member=request.user)
    except QueueItem.DoesNotExist:
        raise no_item(item_id) from None
    return Response(PlayUseSerializer(use).data)


@extend_schema(operation_id="stop_play", summary="Stop a running play", request=None, responses=PlayUseSerializer)
@api_view(["POST"])
def stop(request: Request, use_id: int) -> Response:
    """What is open of its steps is dropped; `resume` is the undo."""
    return _act(request, use_id, plays.stop)


@extend_schema(operation_id="resume_play", summary="Let a play go on", request=None, responses=PlayUseSerializer)
@api_view(["POST"])
def resume(request: Request, use_id: int) -> Response:
    """After it was stopped or ended by an exit."""
    return _act(request, use_id, plays.resume)


def _act(request: Request, use_id: int, verb: Any) -> Response:
    rest.no_fields(request)
    try:
        use = heard(verb, use_id=use_id, member=request.user)
    except PlayUse.DoesNotExist:
        raise NotFound(_("There is no begun play %(id)d.") % {"id": use_id}) from None
    return Response(PlayUseSerializer(use).data)


def _play(play_id: int) -> Play:
    found = Play.objects.filter(pk=play_id).prefetch_related("steps").first()
    if found is None:
        raise NotFound(_("There is no play %(id)d.") % {"id": play_id})
    return found
