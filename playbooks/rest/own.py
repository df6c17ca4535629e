"""How the member who asks is told, and which facts the rows of the lists show to them."""

from __future__ import annotations

import datetime as dt
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

from accounts.models import Member
from playbooks import columns
from playbooks.models import WorkSettings
from playbooks.rest.rules import CLOCK, Clock, HourField
from playbooks.rest.rules import heard as heard_fields
from playbooks.rest.touches import heard
from playbooks.telling import being_told
from scoring.rest_shapes import told

UNSET = msgspec.UNSET
FACTS = sorted({column.key for known in columns.KNOWN.values() for column in known})


class TellingChange(msgspec.Struct, forbid_unknown_fields=True):
    in_browser: bool | msgspec.UnsetType = UNSET
    by_mail: bool | msgspec.UnsetType = UNSET
    digest_at: Clock | msgspec.UnsetType = UNSET
    quiet_from: Clock | msgspec.UnsetType | None = UNSET
    quiet_until: Clock | msgspec.UnsetType | None = UNSET


class Choice(msgspec.Struct, forbid_unknown_fields=True):
    shown: Annotated[list[str], msgspec.Meta(max_length=len(FACTS))] | None


TELLING = {
    "application/json": {
        "type": "object",
        "properties": {
            "in_browser": {"type": "boolean"},
            "by_mail": {"type": "boolean"},
            "digest_at": CLOCK,
            "quiet_from": CLOCK | {"nullable": True},
            "quiet_until": CLOCK | {"nullable": True},
        },
        "additionalProperties": False,
    }
}
CHOICE = {
    "application/json": {
        "type": "object",
        "properties": {
            "shown": {
                "type": "array",
                "items": {"type": "string", "enum": FACTS},
                "maxItems": len(FACTS),
                "nullable": True,
                "description": "Null: the usual ones again.",
            }
        },
        "required": ["shown"],
        "additionalProperties": False,
    }
}


class TellingSerializer(serializers.Serializer[WorkSettings]):
    """Hours by the member's own clock. Nothing pops up in quiet hours, which may go over midnight."""

    in_browser = serializers.BooleanField()
    by_mail = serializers.BooleanField(help_text=gettext_lazy("A digest, once a day."))
    digest_at = HourField()
    quiet_from = HourField(allow_null=True)
    quiet_until = HourField(allow_null=True)


class ColumnSerializer(serializers.Serializer[columns.Column]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    by_default = serializers.BooleanField()


class ColumnsSerializer(serializers.Serializer[Any]):
    """The facts that the rows of a list can show, and those that they show to the member."""

    known = ColumnSerializer(many=True)
    shown = serializers.ListField(child=serializers.CharField())


@extend_schema(
    methods=["GET"], operation_id="get_telling", summary="How you are told, and when not", responses=TellingSerializer
)
@extend_schema(
    methods=["PATCH"],
    operation_id="change_telling",
    summary="Change how you are told: browser, digest, quiet hours",
    request=TELLING,
    responses=TellingSerializer,
)
@api_view(["GET", "PATCH"])
def telling(request: Request) -> Response:
    """Your own. What is left out stays."""
    member = cast(Member, request.user)
    if request.method == "GET":
        return Response(TellingSerializer(being_told.of(member)).data)
    said = msgspec.structs.asdict(told(request, TellingChange))
    fields = {
        name: dt.time.fromisoformat(value) if isinstance(value, str) else value
        for name, value in said.items()
        if value is not UNSET
    }
    return Response(TellingSerializer(heard_fields(being_told.save, member=member, **fields)).data)


@extend_schema(
    methods=["GET"], operation_id="get_columns", summary="What the rows of a list show", responses=ColumnsSerializer
)
@extend_schema(
    methods=["PATCH"],
    operation_id="change_columns",
    summary="Choose what the rows of a list show",
    request=CHOICE,
    responses=ColumnsSerializer,
)
@api_view(["GET", "PATCH"])
def own_columns(request: Request, rows: str) -> Response:
    """Your own choice, for the list `queue` or `accounts`."""
    if rows not in columns.KNOWN:
        raise NotFound(_("There is no list %(list)s.") % {"list": rows[:20]})
    member = cast(Member, request.user)
    if request.method == "GET":
        shown = columns.of(member, rows)
    else:
        shown = heard(columns.choose, member=member, list_=rows, keys=told(request, Choice).shown)
    known = columns.KNOWN[rows]
    return Response(
        ColumnsSerializer({"known": known, "shown": [column.key for column in known if column.key in shown]}).data
    )
