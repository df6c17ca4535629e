"""Writing plays by program: adding, changing, copying, switching, removing and what takes it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, cast

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
from accounts.models import BuyingRole, Member, SignalKind
from playbooks.models import Play
from playbooks.plays import editing, plays
from playbooks.plays import rows as play_rows
from playbooks.plays.library import EXITS, PlayText, StepText
from playbooks.rest.play_shapes import PlaySerializer
from playbooks.rest.touches import heard
from scoring.models import Tier
from scoring.rest_shapes import LARGEST_ID, told

UNSET = msgspec.UNSET


class StepSaid(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    title: str
    after_days: int = 0
    subject: str = ""
    words: str = ""


type Steps = Annotated[list[StepSaid], msgspec.Meta(min_length=1, max_length=editing.MOST_STEPS)]


class NewPlay(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    motion: str
    steps: Steps
    tier: str = ""
    signal: str = ""
    persona: str = ""
    is_expansion: bool | None = None
    goal: str = ""
    talking_points: str = ""
    exits: list[str] = []
    is_active: bool = True


class PlayChange(msgspec.Struct, forbid_unknown_fields=True):
    revision: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
    name: str | msgspec.UnsetType = UNSET
    motion: str | msgspec.UnsetType = UNSET
    steps: Steps | msgspec.UnsetType = UNSET
    tier: str | msgspec.UnsetType = UNSET
    signal: str | msgspec.UnsetType = UNSET
    persona: str | msgspec.UnsetType = UNSET
    is_expansion: bool | msgspec.UnsetType | None = UNSET
    goal: str | msgspec.UnsetType = UNSET
    talking_points: str | msgspec.UnsetType = UNSET
    exits: list[str] | msgspec.UnsetType = UNSET
    is_active: bool | msgspec.UnsetType = UNSET


class Switched(msgspec.Struct, forbid_unknown_fields=True):
    on: bool


#: A line without characters that cannot be shown, and one that says something; texts of several lines.
_LINE, _SAID = r"^[^\u0000-\u001f]*$", r"^[^\u0000-\u001f]*[^\s\u0000-\u001f][^\u0000-\u001f]*$"
_LINES = r"^[^\u0000-\u0008\u000b-\u001f]*$"


def _text(most: int, pattern: str = _LINE) -> dict[str, Any]:
    return {"type": "string", "maxLength": most, "pattern": pattern}


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_STEP = {
    "type": "object",
    "properties": {
        "kind": _one_of(*editing.KINDS),
        "after_days": {"type": "integer", "minimum": 0, "maximum": editing.MOST_DAYS, "default": 0},
        "title": _text(editing.TITLE, _SAID),
        "subject": _text(editing.SUBJECT),
        "words": _text(editing.WORDS, _LINES),
    },
    "required": ["kind", "title"],
    "additionalProperties": False,
}
_PLAY: dict[str, Any] = {
    "name": _text(editing.NAME, _SAID),
    "motion": _one_of(*(motion.value for motion in editing.MOTIONS)),
    "tier": _one_of("", *Tier.values),
    "signal": _one_of("", *SignalKind.values),
    "persona": _one_of("", *BuyingRole.values),
    "is_expansion": {"type": "boolean", "nullable": True, "description": "Paying customers; null: both."},
    "goal": _text(editing.GOAL),
    "talking_points": _text(editing.POINTS, _LINES) | {"description": "One a line."},
    "exits": {"type": "array", "items": _one_of(*EXITS), "maxItems": 20},
    "is_active": {"type": "boolean", "description": "Whether it is suggested."},
    "steps": {"type": "array", "items": _STEP, "minItems": 1, "maxItems": editing.MOST_STEPS},
}


def _body(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "application/json": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
    }


NEW_PLAY = _body(["name", "motion", "steps"], **_PLAY)
REVISION = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID, "description": "The one that was read."}
PLAY_CHANGE = _body(["revision"], revision=REVISION, **_PLAY)
SWITCHED = _body(["on"], on={"type": "boolean"})


class PlayConflictSerializer(serializers.Serializer[Any]):
    """Nothing was changed: somebody changed or removed the play meanwhile. `current`: as it is now."""

    error = rest.ErrorSerializer()
    current = PlaySerializer(help_text=gettext_lazy("As it is now."))


def add(request: Request) -> Response:
    """A new play of a queue whose plays the member edits."""
    said = msgspec.structs.asdict(told(request, NewPlay))
    made = heard(editing.add, member=_member(request), text=PlayText(**_values(said)))
    return Response(_shown(made.pk), status=201)


def change(request: Request, play_id: int) -> Response:
    """Writes what is said over what there is."""
    said = msgspec.structs.asdict(told(request, PlayChange))
    revision = said.pop("revision")
    found = Play.objects.filter(pk=play_id).prefetch_related("steps").first()
    if found is None:
        raise _no_play(play_id)
    text = replace(play_rows.text_of(found), **_values({k: v for k, v in said.items() if v is not UNSET}))
    try:
        heard(editing.save, play_id=play_id, revision=revision, member=_member(request), text=text)
    except editing.Changed as changed:
        error = {"code": "changed", "message": str(changed)}
        return Response({"error": error, "current": _shown(changed.current.pk)}, status=409)
    return Response(_shown(play_id))


@extend_schema(operation_id="copy_play", summary="Copy a play", request=None, responses={201: PlaySerializer})
@api_view(["POST"])
def play_copy(request: Request, play_id: int) -> Response:
    """Under another name, and not suggested until it is switched on."""
    return Response(_done(request, play_id, editing.copy), status=201)


@extend_schema(operation_id="switch_play", summary="Suggest a play, or not", request=SWITCHED, responses=PlaySerializer)
@api_view(["POST"])
def play_switch(request: Request, play_id: int) -> Response:
    """Items that run it go on."""
    on = told(request, Switched).on
    return Response(_act(request, play_id, editing.switch, on=on))


@extend_schema(operation_id="remove_play", summary="Put a play away", request=None, responses=PlaySerializer)
@api_view(["POST"])
def play_remove(request: Request, play_id: int) -> Response:
    """Items that run it go on. `put-back` is its undo."""
    return Response(_done(request, play_id, editing.remove))


@extend_schema(operation_id="put_back_play", summary="Bring a play back", request=None, responses=PlaySerializer)
@api_view(["POST"])
def play_back(request: Request, play_id: int) -> Response:
    """After it was removed."""
    return Response(_done(request, play_id, editing.put_back))


@extend_schema(
    operation_id="restore_play", summary="Give a built-in play its text back", request=None, responses=PlaySerializer
)
@api_view(["POST"])
def play_restore(request: Request, play_id: int) -> Response:
    """As it came with the app; whether it is suggested stays."""
    return Response(_done(request, play_id, editing.reset))


def _done(request: Request, play_id: int, verb: Any) -> Any:
    rest.no_fields(request)
    return _act(request, play_id, verb)


def _act(request: Request, play_id: int, verb: Any, **said: Any) -> Any:
    try:
        answer = heard(verb, play_id=play_id, member=_member(request), **said)
    except Play.DoesNotExist:
        raise _no_play(play_id) from None
    return _shown((answer[0] if isinstance(answer, tuple) else answer).pk)


def _values(said: dict[str, Any]) -> dict[str, Any]:
    """The fields of a `PlayText`, its steps in the order of their days."""
    if "exits" in said:
        said["exits"] = tuple(dict.fromkeys(said["exits"]))
    if "steps" in said:
        steps = (StepText(**msgspec.structs.asdict(step)) for step in said["steps"])
        said["steps"] = tuple(sorted(steps, key=lambda step: step.after_days))
    return said


def _shown(play_id: int) -> Any:
    found = Play.objects.prefetch_related("steps").get(pk=play_id)
    return PlaySerializer(found, context={"results": plays.results()}).data


def _member(request: Request) -> Member:
    return cast(Member, request.user)


def _no_play(play_id: int) -> NotFound:
    return NotFound(_("There is no play %(id)d.") % {"id": play_id})
