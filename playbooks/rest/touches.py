"""Touches and next steps for programs. Every member reads; who works the motion writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from playbooks import steps, touches
from playbooks.models import QueueItem, Step, Touch
from playbooks.refused import Refused
from playbooks.rest.queue import no_item
from scoring.rest_shapes import LARGEST_ID, told

type Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]


class NewTouch(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    result: str = ""
    words: Annotated[str, msgspec.Meta(max_length=touches.WORDS_LENGTH)] = ""
    person: Id | None = None
    contact: Id | None = None
    at: str | None = None


class NewStep(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(max_length=steps.TEXT_LENGTH)]
    due_at: str | None = None


class Due(msgspec.Struct, forbid_unknown_fields=True):
    due_at: str | None


_ID = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID, "nullable": True}
_MOMENT = {"type": "string", "format": "date-time", "nullable": True}
_NEW_TOUCH = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": Touch.Kind.values},
        "result": {"type": "string", "enum": ["", *Touch.Result.values], "default": ""},
        "words": {"type": "string", "maxLength": touches.WORDS_LENGTH, "pattern": r"^[^\u0000]*$"},
        "person": _ID | {"description": "A product user of the account."},
        "contact": _ID | {"description": "Or a contact of it."},
        "at": _MOMENT | {"description": "Not in the future; null: now."},
    },
    "required": ["kind"],
    "additionalProperties": False,
}
_DUE_AT = {"due_at": _MOMENT | {"description": "From today on; null: no date."}}
_NEW_STEP = {
    "type": "object",
    "properties": {
        "text": {
            "type": "string",
            "minLength": 1,
            "maxLength": steps.TEXT_LENGTH,
            "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
        },
        **_DUE_AT,
    },
    "required": ["text"],
    "additionalProperties": False,
}
_DUE = {"type": "object", "properties": _DUE_AT, "required": ["due_at"], "additionalProperties": False}
NEW_TOUCH, NEW_STEP, DUE = ({"application/json": body} for body in (_NEW_TOUCH, _NEW_STEP, _DUE))


class TouchSerializer(serializers.Serializer[Touch]):
    id = serializers.IntegerField()
    item = serializers.IntegerField(source="item_id")
    kind = serializers.ChoiceField(Touch.Kind.choices)
    result = serializers.ChoiceField(Touch.Result.choices, allow_blank=True)
    words = serializers.CharField(allow_blank=True)
    person = serializers.IntegerField(source="person_id", allow_null=True)
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    who = serializers.SerializerMethodField(help_text=gettext_lazy("The person's or contact's name; empty: nobody."))
    member = serializers.SerializerMethodField(help_text=gettext_lazy("Who did it; empty: deleted since."))
    at = rest.Moment()
    removed_at = rest.Moment(allow_null=True)

    def get_who(self, touch: Touch) -> str:
        who = touch.person or touch.contact
        return str(who) if who else ""

    def get_member(self, touch: Touch) -> str:
        return str(touch.member) if touch.member else ""


class StepSerializer(serializers.Serializer[Step]):
    id = serializers.IntegerField()
    item = serializers.IntegerField(source="item_id")
    kind = serializers.ChoiceField(Step.Kind.choices)
    text = serializers.CharField()
    due_at = rest.Moment(allow_null=True)
    done_at = rest.Moment(allow_null=True)
    dropped_at = rest.Moment(allow_null=True)


class TouchPageSerializer(rest.PageSerializer):
    results = TouchSerializer(many=True)


class StepPageSerializer(rest.PageSerializer):
    results = StepSerializer(many=True)


class PageOnly(rest.Filters):
    """No filters: a page of rows."""


@extend_schema(
    methods=["GET"],
    operation_id="list_touches",
    summary="The touches of a queue item, newest first",
    parameters=PageOnly.parameters(),
    responses=TouchPageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="log_touch",
    summary="Log a call, an e-mail, a message or a meeting",
    request=NEW_TOUCH,
    responses={201: TouchSerializer},
)
@api_view(["GET", "POST"])
def touches_of(request: Request, item_id: int) -> Response:
    """Nothing is sent: what a rep did is written down. Those that were taken away are not listed."""
    item_or_gone(item_id)
    if request.method == "GET":
        return rest.page(request, PageOnly.rows(request, touches.of_item(item_id)), TouchSerializer)
    said = told(request, NewTouch)
    touch = heard(
        touches.log,
        item_id=item_id,
        member=request.user,
        kind=said.kind,
        result=said.result,
        words=said.words,
        person_id=said.person,
        contact_id=said.contact,
        at=moment("at", said.at),
    )
    return Response(TouchSerializer(touch).data, status=201)


@extend_schema(operation_id="remove_touch", summary="Take a touch away", request=None, responses=TouchSerializer)
@api_view(["POST"])
def touch_remove(request: Request, touch_id: int) -> Response:
    """By the member who logged it, or an admin. `put-back` is its undo."""
    return _touch(request, touch_id, touches.remove)


@extend_schema(operation_id="put_back_touch", summary="Put a touch back", request=None, responses=TouchSerializer)
@api_view(["POST"])
def touch_back(request: Request, touch_id: int) -> Response:
    """The undo of `remove`."""
    return _touch(request, touch_id, touches.put_back)


@extend_schema(
    methods=["GET"],
    operation_id="list_steps",
    summary="What is still to be done with a queue item, the most urgent first",
    parameters=PageOnly.parameters(),
    responses=StepPageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="add_step",
    summary="Add a next step",
    request=NEW_STEP,
    responses={201: StepSerializer},
)
@api_view(["GET", "POST"])
def steps_of(request: Request, item_id: int) -> Response:
    """Steps of a running play and lines of an activation plan are among them."""
    item_or_gone(item_id)
    if request.method == "GET":
        return rest.page(request, PageOnly.rows(request, steps.open_of(item_id)), StepSerializer)
    said = told(request, NewStep)
    step = heard(steps.add, item_id=item_id, member=request.user, text=said.text, due_at=moment("due_at", said.due_at))
    return Response(StepSerializer(step).data, status=201)


@extend_schema(operation_id="complete_step", summary="A step is done", request=None, responses=StepSerializer)
@api_view(["POST"])
def step_done(request: Request, step_id: int) -> Response:
    """`reopen` is its undo. The last step of a play ends it."""
    return _step(request, step_id, steps.complete)


@extend_schema(operation_id="drop_step", summary="A step is no longer wanted", request=None, responses=StepSerializer)
@api_view(["POST"])
def step_drop(request: Request, step_id: int) -> Response:
    """`reopen` is its undo."""
    return _step(request, step_id, steps.drop)


@extend_schema(operation_id="reopen_step", summary="A step is to be done again", request=None, responses=StepSerializer)
@api_view(["POST"])
def step_reopen(request: Request, step_id: int) -> Response:
    """The undo of done and of dropped."""
    return _step(request, step_id, steps.reopen)


@extend_schema(operation_id="postpone_step", summary="Give a step another date", request=DUE, responses=StepSerializer)
@api_view(["POST"])
def step_due(request: Request, step_id: int) -> Response:
    """Null takes the date away."""
    said = told(request, Due)
    try:
        step = heard(steps.postpone, step_id=step_id, member=request.user, due_at=moment("due_at", said.due_at))
    except Step.DoesNotExist:
        raise _no_step(step_id) from None
    return Response(StepSerializer(step).data)


def item_or_gone(item_id: int) -> None:
    """Raises `NotFound`."""
    if not QueueItem.objects.filter(pk=item_id).exists():
        raise no_item(item_id)


def heard[T](verb: Callable[..., T], **fields: Any) -> T:
    """What the verb answers. A refusal is the 400 that names the field."""
    try:
        return verb(**fields)
    except Refused as refused:
        raise rest.bad({"who": "person"}.get(refused.field, refused.field), refused.words) from None


def moment(field: str, said: str | None) -> dt.datetime | None:
    """A moment with its zone. Raises `ValidationError` naming the field."""
    if said is None:
        return None
    try:
        found = dt.datetime.fromisoformat(said)
        if found.tzinfo is None:
            raise rest.bad(field, _("needs a zone, such as Z or +02:00."))
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise rest.bad(field, _("is not a moment in ISO 8601.")) from None


def _touch(request: Request, touch_id: int, verb: Callable[..., Touch]) -> Response:
    rest.no_fields(request)
    try:
        touch = verb(touch_id=touch_id, member=request.user)
    except Touch.DoesNotExist:
        raise NotFound(_("There is no touch %(id)d.") % {"id": touch_id}) from None
    return Response(TouchSerializer(touch).data)


def _step(request: Request, step_id: int, verb: Callable[..., Step]) -> Response:
    rest.no_fields(request)
    try:
        step = verb(step_id=step_id, member=request.user)
    except Step.DoesNotExist:
        raise _no_step(step_id) from None
    return Response(StepSerializer(step).data)


def _no_step(step_id: int) -> NotFound:
    return NotFound(_("There is no step %(id)d.") % {"id": step_id})
