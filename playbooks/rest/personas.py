"""What titles say, and personas, for programs: the admin's rules, changing them, and how far everybody is looked at again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, audit, personas, rest, tasks
from accounts.models import BuyingRole, Department, Persona, ProfilingRun, Seniority, TitleRule
from accounts.personas import again, editing
from accounts.personas import told as said_of
from scoring.rest_shapes import told

UNSET = msgspec.UNSET
type Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
type Size = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
type Cases = Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=120)]], msgspec.Meta(max_length=50)]


class NewRule(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    value: str
    pattern: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    is_regex: bool = False


class Move(msgspec.Struct, forbid_unknown_fields=True):
    up: bool


class PersonaChange(msgspec.Struct, forbid_unknown_fields=True):
    name: Name | msgspec.UnsetType = UNSET
    seniorities: list[str] | msgspec.UnsetType = UNSET
    departments: list[str] | msgspec.UnsetType = UNSET
    employees_from: Size | msgspec.UnsetType | None = UNSET
    employees_below: Size | msgspec.UnsetType | None = UNSET
    use_cases: Cases | msgspec.UnsetType = UNSET
    buying_role: str | msgspec.UnsetType = UNSET
    confidence: Annotated[float, msgspec.Meta(ge=0, le=editing.MOST_CONFIDENCE)] | msgspec.UnsetType = UNSET
    angle: Annotated[str, msgspec.Meta(max_length=1000)] | msgspec.UnsetType = UNSET
    is_active: bool | msgspec.UnsetType = UNSET


_SIZE = {"type": "integer", "minimum": 0, "maximum": 10_000_000, "nullable": True}
_NO_NULL = r"^[^\u0000]*$"
_PERSONA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 80, "pattern": _NO_NULL},
        "seniorities": {"type": "array", "items": {"type": "string", "enum": Seniority.values}},
        "departments": {"type": "array", "items": {"type": "string", "enum": Department.values}},
        "employees_from": _SIZE,
        "employees_below": _SIZE,
        "use_cases": {
            "type": "array",
            "maxItems": 50,
            "items": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": _NO_NULL},
        },
        "buying_role": {"type": "string", "enum": ["", *BuyingRole.values]},
        "confidence": {"type": "number", "minimum": 0, "maximum": editing.MOST_CONFIDENCE},
        "angle": {"type": "string", "maxLength": 1000, "pattern": _NO_NULL},
        "is_active": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_RULE = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": TitleRule.Kind.values},
        "value": {"type": "string", "description": "Of the seniorities or departments."},
        "pattern": {"type": "string", "minLength": 1, "maxLength": 200},
        "is_regex": {"type": "boolean", "default": False},
    },
    "required": ["kind", "value", "pattern"],
    "additionalProperties": False,
}
_MOVE = {
    "type": "object",
    "properties": {"up": {"type": "boolean", "description": "One place earlier; else one later."}},
    "required": ["up"],
    "additionalProperties": False,
}
RULE, MOVE, CHANGE = ({"application/json": body} for body in (_RULE, _MOVE, _PERSONA))
NEW = {"application/json": _PERSONA | {"required": ["name"]}}


class TitleSerializer(serializers.Serializer[said_of.Said]):
    """Of a company whose size is not known. Empty: nothing is said."""

    title = serializers.CharField()
    seniority = serializers.CharField(source="seniority_value", allow_blank=True)
    seniority_by = serializers.CharField(help_text=gettext_lazy("The rule that said it, in words."))
    department = serializers.CharField(source="department_value", allow_blank=True)
    department_by = serializers.CharField()
    persona = serializers.IntegerField(source="persona_id", allow_null=True)
    role = serializers.CharField(source="role_value", allow_blank=True)
    confidence = serializers.FloatField(help_text=gettext_lazy("Of the role, 0 to 0.6."))


class TitleRuleSerializer(serializers.Serializer[TitleRule]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(TitleRule.Kind.choices)
    value = serializers.CharField()
    pattern = serializers.CharField()
    is_regex = serializers.BooleanField()
    created_at = rest.Moment()
    removed_at = rest.Moment(allow_null=True)


class PersonaSerializer(serializers.Serializer[Persona]):
    """Empty lists and null fit anybody; a size that is not known fits no bound."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    key = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Of a built-in one."))
    seniorities = serializers.ListField(child=serializers.ChoiceField(Seniority.choices))
    departments = serializers.ListField(child=serializers.ChoiceField(Department.choices))
    employees_from = serializers.IntegerField(allow_null=True)
    employees_below = serializers.IntegerField(allow_null=True)
    use_cases = serializers.ListField(child=serializers.CharField())
    buying_role = serializers.ChoiceField(
        BuyingRole.choices, allow_blank=True, help_text=gettext_lazy("Empty: as the title says.")
    )
    confidence = serializers.FloatField(help_text=gettext_lazy("What the fit is worth, 0 to 0.6."))
    angle = serializers.CharField(allow_blank=True, help_text=gettext_lazy("What to say to them."))
    is_active = serializers.BooleanField()
    removed_at = rest.Moment(allow_null=True)


class TitleRulePageSerializer(rest.PageSerializer):
    results = TitleRuleSerializer(many=True)


class PersonaPageSerializer(rest.PageSerializer):
    results = PersonaSerializer(many=True)


class ProfilingRunSerializer(serializers.Serializer[ProfilingRun]):
    """Everybody looked at by the rules as they are now."""

    started_at = rest.Moment()
    ended_at = rest.Moment(allow_null=True, help_text=gettext_lazy("Null: under way."))
    people = serializers.IntegerField(help_text=gettext_lazy("To be looked at, when it began."))
    seen = serializers.IntegerField()
    changed = serializers.IntegerField()
    accounts = serializers.IntegerField(help_text=gettext_lazy("To be scored again because of it."))


class NoFilters(rest.Filters):
    """Pages only."""


@extend_schema(
    operation_id="read_title",
    summary="What a job title says",
    parameters=[
        OpenApiParameter(
            "title",
            {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\u0000]*\S[^\u0000]*$"},
            required=True,
        )
    ],
    responses=TitleSerializer,
)
@api_view(["GET"])
def title(request: Request) -> Response:
    """By the admin's rules first, then the built-in ones."""
    for name in request.query_params:
        if name != "title":
            raise rest.bad(name[:100], _("is not a parameter of this call."), "unknown_parameter")
    asked = request.query_params.get("title", "")
    if len(asked) > 200 or "\x00" in asked:
        raise rest.bad("title", _("At most 200 characters, none of them null."))
    said = said_of.of_title(asked)
    if said is None:
        raise rest.bad("title", _("is empty."), "empty")
    return Response(TitleSerializer(said).data)


@extend_schema(
    methods=["GET"],
    operation_id="list_title_rules",
    summary="The admin's rules of titles",
    parameters=NoFilters.parameters(),
    responses=TitleRulePageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="add_title_rule",
    summary="Add a rule of titles",
    request=RULE,
    responses={201: TitleRuleSerializer},
)
@api_view(["GET", "POST"])
def rules(request: Request) -> Response:
    """In the order in which they are tried; a new one is the last. Admins only."""
    if request.method == "GET":
        rows = NoFilters.rows(request, TitleRule.objects.filter(removed_at=None).order_by("position", "pk"))
        return rest.page(request, rows, TitleRuleSerializer)
    said = told(request, NewRule)
    made = _done(request, editing.add_rule, **msgspec.structs.asdict(said))
    return Response(TitleRuleSerializer(made).data, status=201)


@extend_schema(
    operation_id="remove_title_rule", summary="Remove a rule of titles", request=None, responses=TitleRuleSerializer
)
@api_view(["POST"])
def rule_remove(request: Request, rule_id: int) -> Response:
    """`put-back` is the undo."""
    return _rule(request, editing.remove_rule, rule_id)


@extend_schema(
    operation_id="restore_title_rule", summary="Put a rule of titles back", request=None, responses=TitleRuleSerializer
)
@api_view(["POST"])
def rule_back(request: Request, rule_id: int) -> Response:
    """At its old place."""
    return _rule(request, editing.put_rule_back, rule_id)


@extend_schema(
    operation_id="move_title_rule", summary="Move a rule of titles", request=MOVE, responses=TitleRuleSerializer
)
@api_view(["POST"])
def rule_move(request: Request, rule_id: int) -> Response:
    """One place; the first and the last stay where they are."""
    made = _done(request, editing.move_rule, rule_id=rule_id, up=told(request, Move).up)
    return Response(TitleRuleSerializer(made).data)


@extend_schema(
    methods=["GET"],
    operation_id="list_personas",
    summary="The personas",
    parameters=NoFilters.parameters(),
    responses=PersonaPageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="add_persona",
    summary="Add a persona",
    request=NEW,
    responses={201: PersonaSerializer},
)
@api_view(["GET", "POST"])
def persona_list(request: Request) -> Response:
    """In the order in which they are tried; a new one is the first. Adding: admins only."""
    if request.method == "GET":
        personas.refresh()
        rows = NoFilters.rows(request, Persona.objects.filter(removed_at=None).order_by("position", "pk"))
        return rest.page(request, rows, PersonaSerializer)
    _admin(request)
    said = _given(told(request, PersonaChange))
    if "name" not in said:
        raise rest.bad("name", _("is needed."), "required")
    if "is_active" in said:
        raise rest.bad("is_active", _("A new persona is on."))
    made = _done(request, editing.add_persona, said=said)
    return Response(PersonaSerializer(made).data, status=201)


@extend_schema(methods=["GET"], operation_id="get_persona", summary="A persona", responses=PersonaSerializer)
@extend_schema(
    methods=["PATCH"],
    operation_id="change_persona",
    summary="Change a persona",
    request=CHANGE,
    responses=PersonaSerializer,
)
@api_view(["GET", "PATCH"])
def persona(request: Request, persona_id: int) -> Response:
    """What is left out stays. Reading: removed ones too. Changing: admins only."""
    if request.method == "PATCH":
        _admin(request)
        said = _given(told(request, PersonaChange))
        on = said.pop("is_active", None)
        if said:
            _done(request, editing.change_persona, persona_id=persona_id, said=said)
        if on is not None:
            _done(request, editing.switch_persona, persona_id=persona_id, on=on)
    found = Persona.objects.filter(pk=persona_id).first()
    if found is None:
        raise NotFound(_("There is no persona %(id)d.") % {"id": persona_id})
    return Response(PersonaSerializer(found).data)


@extend_schema(operation_id="move_persona", summary="Move a persona", request=MOVE, responses=PersonaSerializer)
@api_view(["POST"])
def persona_move(request: Request, persona_id: int) -> Response:
    """One place; the first and the last stay where they are."""
    made = _done(request, editing.move_persona, persona_id=persona_id, up=told(request, Move).up)
    return Response(PersonaSerializer(made).data)


@extend_schema(operation_id="remove_persona", summary="Remove a persona", request=None, responses=PersonaSerializer)
@api_view(["POST"])
def persona_remove(request: Request, persona_id: int) -> Response:
    """`put-back` is the undo."""
    rest.no_fields(request)
    return Response(PersonaSerializer(_done(request, editing.remove_persona, persona_id=persona_id)).data)


@extend_schema(operation_id="restore_persona", summary="Put a persona back", request=None, responses=PersonaSerializer)
@api_view(["POST"])
def persona_back(request: Request, persona_id: int) -> Response:
    """At its old place."""
    rest.no_fields(request)
    return Response(PersonaSerializer(_done(request, editing.put_persona_back, persona_id=persona_id)).data)


@extend_schema(
    operation_id="get_profiling_run", summary="How far everybody is looked at again", responses=ProfilingRunSerializer
)
@api_view(["GET"])
def profiling_run(request: Request) -> Response:
    """The newest; 404 when there was none yet. Admins only."""
    run = again.newest()
    if run is None:
        raise NotFound(_("Nobody was looked at again so far."))
    return Response(ProfilingRunSerializer(run).data)


def _rule(request: Request, verb: Callable[..., TitleRule], rule_id: int) -> Response:
    rest.no_fields(request)
    return Response(TitleRuleSerializer(_done(request, verb, rule_id=rule_id)).data)


def _done(request: Request, verb: Callable[..., Any], **fields: Any) -> Any:
    """What the verb answers, with everybody looked at again; its refusals as answers of the API."""
    try:
        answer = verb(**fields, member=request.user, way=audit.API)
    except TitleRule.DoesNotExist:
        raise NotFound(_("There is no such rule.")) from None
    except Persona.DoesNotExist:
        raise NotFound(_("There is no such persona.")) from None
    except ValidationError as error:
        name, words = (
            next(iter(error.message_dict.items())) if hasattr(error, "error_dict") else ("body", error.messages)
        )
        raise rest.bad(name, " ".join(words)) from None
    tasks.profile_again.delay_on_commit()
    return answer


def _admin(request: Request) -> None:
    if not access.can(request.user, "administer"):  # type: ignore[arg-type]
        raise PermissionDenied


def _given(said: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(said).items() if value is not UNSET}
