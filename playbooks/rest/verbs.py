"""What a rep does with queue items, for programs: a POST a verb, several at once, and undo.

A verb that was lost is 409 and says who did what; bad input is 400 and names the field.
"""

from __future__ import annotations

import uuid
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

from accounts import access, rest
from accounts.models import Member
from playbooks.models import Closing, QueueItem, QueueItemEvent, Reason
from playbooks.refused import Refused
from playbooks.rest.queue import QueueItemSerializer, no_item
from playbooks.rest.touches import moment
from playbooks.verbs import undo as undoing
from playbooks.verbs import verbs
from scoring.rest_shapes import LARGEST_ID, told

#: Why a verb was lost.
LOST = (
    *("taken", "left", "closed", "asleep", "not_owner", "not_claimed", "not_asleep", "not_closed", "open"),
    *("late", "undone", "moved_on", "not_yours", "opened_taken"),
)
type Words = Annotated[str, msgspec.Meta(max_length=verbs.WORDS)]
type Note = Annotated[str, msgspec.Meta(max_length=verbs.NOTE)]
type Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
UNSET = msgspec.UNSET


class Snooze(msgspec.Struct, forbid_unknown_fields=True):
    until: str | None
    on_signal: bool = True


class Finish(msgspec.Struct, forbid_unknown_fields=True):
    outcome: str
    words: Words = ""


class Disqualify(msgspec.Struct, forbid_unknown_fields=True):
    reason: str
    words: Words = ""


class GiveBack(msgspec.Struct, forbid_unknown_fields=True):
    to: str
    words: Note = ""


class Assign(msgspec.Struct, forbid_unknown_fields=True):
    to: Annotated[str, msgspec.Meta(max_length=254, pattern=r"^[^\x00]*$")]
    because: Words = ""


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class Bulk(msgspec.Struct, forbid_unknown_fields=True):
    verb: str
    items: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=verbs.MOST)]
    fields: dict[str, Any] = {}


class UndoBatch(msgspec.Struct, forbid_unknown_fields=True):
    batch: uuid.UUID


SHAPES: dict[str, type[Any]] = {
    "claim": Nothing,
    "release": Nothing,
    "snooze": Snooze,
    "wake": Nothing,
    "finish": Finish,
    "disqualify": Disqualify,
    "give_back": GiveBack,
    "assign": Assign,
    "reopen": Nothing,
}


def _body(required: tuple[str, ...], **properties: dict[str, Any]) -> dict[str, Any]:
    shape = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"application/json": shape}


def _words(most: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": most, "pattern": r"^[^\u0000]*$", "default": ""}


_UNTIL = {
    "type": "string",
    "format": "date-time",
    "nullable": True,
    "description": "Within a year; null: until a strong signal.",
}
_ON_SIGNAL = {"type": "boolean", "default": True, "description": "A strong signal wakes it before."}
_TO_MEMBER = {
    "type": "string",
    "minLength": 1,
    "maxLength": 254,
    "pattern": r"^[^\u0000]*$",
    "description": "A member's e-mail.",
}
_TO_MOTION = {"type": "string", "enum": sorted(access.WORKERS)}
BODIES = {
    "snooze": _body(("until",), until=_UNTIL, on_signal=_ON_SIGNAL),
    "finish": _body(("outcome",), outcome={"type": "string", "enum": Closing.values}, words=_words(verbs.WORDS)),
    "disqualify": _body(("reason",), reason={"type": "string", "enum": Reason.values}, words=_words(verbs.WORDS)),
    "give_back": _body(("to",), to=_TO_MOTION, words=_words(verbs.NOTE)),
    "assign": _body(("to",), to=_TO_MEMBER, because=_words(verbs.WORDS)),
    "bulk": _body(
        ("verb", "items"),
        verb={"type": "string", "enum": sorted(SHAPES)},
        items={
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
            "minItems": 1,
            "maxItems": verbs.MOST,
        },
        fields={"type": "object", "description": "As the verb's own call has them.", "default": {}},
    ),
    "undo_batch": _body(("batch",), batch={"type": "string", "format": "uuid"}),
}


class ActedSerializer(QueueItemSerializer):
    """The item as it is now."""

    event_id = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("What to undo; null: it was so already.")
    )


class LostSerializer(serializers.Serializer[Any]):
    """Nothing was changed: who has the item now, and why."""

    error = rest.ErrorSerializer()
    reason = serializers.ChoiceField(LOST)
    item = QueueItemSerializer()


class LostOneSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    reason = serializers.ChoiceField(LOST)
    message = serializers.CharField()


class ManySerializer(serializers.Serializer[Any]):
    """What came of a verb on several items. Ids that there are not are in neither list."""

    batch = serializers.UUIDField(help_text=gettext_lazy("Undoes all that was won."))
    won = serializers.ListField(child=serializers.IntegerField())
    lost = LostOneSerializer(many=True)


ANSWERS: dict[int, Any] = {200: ActedSerializer, 409: LostSerializer}


@extend_schema(operation_id="claim_queue_item", summary="Make an item one's own", request=None, responses=ANSWERS)
@api_view(["POST"])
def claim(request: Request, item_id: int) -> Response:
    """Exactly one member wins; claiming one's own item again is 200 too. For the roles that work the motion, and admins."""
    return _act(request, item_id, "claim")


@extend_schema(
    operation_id="release_queue_item", summary="Give an item back to its queue", request=None, responses=ANSWERS
)
@api_view(["POST"])
def release(request: Request, item_id: int) -> Response:
    """For the owner, and admins. An item with a `mark` leaves the queue with it."""
    return _act(request, item_id, "release")


@extend_schema(
    operation_id="snooze_queue_item", summary="Put an item to sleep", request=BODIES["snooze"], responses=ANSWERS
)
@api_view(["POST"])
def snooze(request: Request, item_id: int) -> Response:
    """Of a new item one becomes the owner. Asleep already, it gets the new date."""
    return _act(request, item_id, "snooze")


@extend_schema(operation_id="wake_queue_item", summary="Wake a sleeping item", request=None, responses=ANSWERS)
@api_view(["POST"])
def wake(request: Request, item_id: int) -> Response:
    """For the owner, and admins."""
    return _act(request, item_id, "wake")


@extend_schema(
    operation_id="finish_queue_item", summary="Close an item as done", request=BODIES["finish"], responses=ANSWERS
)
@api_view(["POST"])
def finish(request: Request, item_id: int) -> Response:
    """For the owner, and admins. Won, a meeting or an opportunity of sales are outcomes that backtests learn from."""
    return _act(request, item_id, "finish")


@extend_schema(
    operation_id="disqualify_queue_item",
    summary="Close an item as wrong",
    request=BODIES["disqualify"],
    responses=ANSWERS,
)
@api_view(["POST"])
def disqualify(request: Request, item_id: int) -> Response:
    """`other` and `bad_timing` need words. Personal and bot usage and competitors leave every queue."""
    return _act(request, item_id, "disqualify")


@extend_schema(
    operation_id="give_back_queue_item",
    summary="Hand an item over to another motion",
    request=BODIES["give_back"],
    responses=ANSWERS,
)
@api_view(["POST"])
def give_back(request: Request, item_id: int) -> Response:
    """It is returned, and an item with the words as a note opens in the other motion."""
    return _act(request, item_id, "give_back")


@extend_schema(
    operation_id="assign_queue_item", summary="Make a member the owner", request=BODIES["assign"], responses=ANSWERS
)
@api_view(["POST"])
def assign(request: Request, item_id: int) -> Response:
    """Of a new item by everybody who works the motion, of an owned one by its owner and admins."""
    return _act(request, item_id, "assign")


@extend_schema(operation_id="reopen_queue_item", summary="Open a closed item again", request=None, responses=ANSWERS)
@api_view(["POST"])
def reopen(request: Request, item_id: int) -> Response:
    """As one's own, unless the account has another open item in this queue."""
    return _act(request, item_id, "reopen")


@extend_schema(
    operation_id="undo_queue_item_event", summary="Undo what one has done to an item", request=None, responses=ANSWERS
)
@api_view(["POST"])
def undo(request: Request, event_id: int) -> Response:
    """For a quarter of an hour, while nothing else happened to the item."""
    rest.no_fields(request)
    try:
        outcome = _heard(undoing.undo, event_id=event_id, member=request.user)
    except QueueItemEvent.DoesNotExist:
        raise NotFound(_("There is no event %(id)d.") % {"id": event_id}) from None
    return _answer("undo", outcome)


@extend_schema(
    operation_id="act_on_queue_items",
    summary="A verb on several items",
    request=BODIES["bulk"],
    responses=ManySerializer,
)
@api_view(["POST"])
def bulk(request: Request) -> Response:
    """At most 200, in one transaction; what was lost says who did what."""
    said = told(request, Bulk)
    if said.verb not in SHAPES:
        raise rest.bad("verb", _("is none of %(verbs)s.") % {"verbs": ", ".join(sorted(SHAPES))})
    fields = _fields(said.verb, said.fields, "fields.")
    many = _heard(verbs.many, said.verb, item_ids=said.items, member=request.user, **fields)
    return _answer_many(said.verb, many)


@extend_schema(
    operation_id="undo_batch_of_queue_items",
    summary="Undo what one has done to several items at once",
    request=BODIES["undo_batch"],
    responses=ManySerializer,
)
@api_view(["POST"])
def undo_batch(request: Request) -> Response:
    """As far as each item can be: what was lost says why not."""
    said = told(request, UndoBatch)
    try:
        many = _heard(undoing.undo_batch, batch=said.batch, member=request.user)
    except QueueItemEvent.DoesNotExist:
        raise rest.bad("batch", _("is not known.")) from None
    return _answer_many("undo", many)


def _act(request: Request, item_id: int, verb: str) -> Response:
    if SHAPES[verb] is Nothing:
        rest.no_fields(request)
    elif not QueueItem.objects.filter(pk=item_id).exists():
        raise no_item(item_id)
    fields = _fields(verb, request.data, "")
    try:
        outcome = _heard(getattr(verbs, verb), item_id=item_id, member=request.user, **fields)
    except QueueItem.DoesNotExist:
        raise no_item(item_id) from None
    return _answer(verb, outcome)


def _fields(verb: str, said: Any, path: str) -> dict[str, Any]:
    """The verb's own fields. Raises `ValidationError` naming the field, in `path`."""
    try:
        shape = msgspec.convert(said, SHAPES[verb])
    except msgspec.ValidationError as error:
        raise rest.misread(error, path) from None
    fields: dict[str, Any] = msgspec.structs.asdict(shape)
    if verb == "snooze":
        fields["until"] = moment(f"{path}until", fields["until"])
    if verb == "assign":
        member = Member.objects.filter(email__iexact=fields["to"], is_active=True).first()
        if member is None:
            raise rest.bad(f"{path}to", _("is no member's e-mail."))
        fields["to"] = member
    return fields


def _heard[T](verb: Callable[..., T], *args: Any, **fields: Any) -> T:
    try:
        return verb(*args, **fields)
    except Refused as refused:
        raise rest.bad(refused.field, refused.words) from None


def _answer(verb: str, outcome: verbs.Outcome) -> Response:
    item = QueueItemSerializer(outcome.item).data
    if outcome.won:
        return Response(item | {"event_id": outcome.event_id})
    words = verbs.in_words(verb, outcome)
    return Response(
        {"error": {"code": outcome.reason, "message": words}, "reason": outcome.reason, "item": item}, status=409
    )


def _answer_many(verb: str, many: verbs.Many) -> Response:
    lost = [
        {"id": item_id, "reason": outcome.reason, "message": verbs.in_words(verb, outcome)}
        for item_id, outcome in many.lost.items()
    ]
    return Response({"batch": str(many.batch), "won": many.won, "lost": lost})
