"""The routing table for programs: as it is, what another would move, and putting it in force."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, audit, rest
from playbooks import effects, lead_guard, queue, routing, routing_preview, routing_table
from playbooks.models import Motion
from playbooks.routing import Cell
from playbooks.routing_table import Key
from scoring.models import BuyerState, Segment, Tier
from scoring.rest_shapes import told

Step = Annotated[str, msgspec.Meta(max_length=routing_table.STEP_LENGTH, pattern="^[^\x00]*$")]


class SaidCell(msgspec.Struct, forbid_unknown_fields=True):
    tier: str
    buyer_state: str
    segment: str
    motion: str
    first_step: Step = ""
    also_marketing: bool = False


class SaidTable(msgspec.Struct, forbid_unknown_fields=True):
    cells: Annotated[list[SaidCell], msgspec.Meta(max_length=len(routing.DEFAULT_TABLE))]


_CELL = {
    "type": "object",
    "properties": {
        "tier": {"type": "string", "enum": list(routing.TIERS)},
        "buyer_state": {"type": "string", "enum": list(routing.BUYER_STATES)},
        "segment": {"type": "string", "enum": list(routing.SEGMENTS)},
        "motion": {"type": "string", "enum": Motion.values},
        "first_step": {"type": "string", "maxLength": routing_table.STEP_LENGTH, "pattern": r"^[^\u0000]*$"},
        "also_marketing": {"type": "boolean"},
    },
    "required": ["tier", "buyer_state", "segment", "motion"],
    "additionalProperties": False,
}
_TABLE = {
    "type": "object",
    "properties": {"cells": {"type": "array", "maxItems": len(routing.DEFAULT_TABLE), "items": _CELL}},
    "required": ["cells"],
    "additionalProperties": False,
}
TABLE = {"application/json": _TABLE}


class CellSerializer(serializers.Serializer[Any]):
    tier = serializers.ChoiceField(Tier.choices)
    buyer_state = serializers.ChoiceField(BuyerState.choices)
    segment = serializers.ChoiceField(Segment.choices)
    motion = serializers.ChoiceField(Motion.choices)
    first_step = serializers.CharField(allow_blank=True)
    also_marketing = serializers.BooleanField()
    is_changed = serializers.BooleanField(help_text=gettext_lazy("It is not the default."))
    accounts = serializers.IntegerField(help_text=gettext_lazy("That are in it now."))


class RoutingSerializer(serializers.Serializer[Any]):
    cells = CellSerializer(many=True)
    bare_sign_ups_in_sales = serializers.IntegerField(help_text=gettext_lazy("Must be zero."))
    bare_sign_ups_held = serializers.IntegerField(
        help_text=gettext_lazy("Accounts that the table would give to sales, were they not bare sign-ups.")
    )


class RoutingSavedSerializer(RoutingSerializer):
    changed = serializers.IntegerField(help_text=gettext_lazy("Cells that this call changed."))


class MoveSerializer(serializers.Serializer[Any]):
    account_id = serializers.IntegerField()
    name = serializers.CharField()
    score = serializers.IntegerField(allow_null=True)
    owner = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Who claimed the item."))


class MovesSerializer(serializers.Serializer[Any]):
    motion = serializers.ChoiceField([(motion.value, motion.label) for motion in effects.MOTIONS])
    items_now = serializers.IntegerField()
    items_then = serializers.IntegerField()
    entering = serializers.IntegerField()
    leaving = serializers.IntegerField()
    keeping = serializers.IntegerField(help_text=gettext_lazy("Claimed items that stay with their owner, marked."))
    handing = serializers.IntegerField(help_text=gettext_lazy("Claimed items that go over to sales with a note."))
    unmarked = serializers.IntegerField(help_text=gettext_lazy("Marked items that qualify again."))
    enter = MoveSerializer(many=True, help_text=gettext_lazy("Up to 10, the highest scores first."))
    leave = MoveSerializer(many=True)
    keep = MoveSerializer(many=True)
    hand = MoveSerializer(many=True)


class CellMovesSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text=gettext_lazy("`tier.buyer_state.segment`"))
    before = serializers.CharField()
    after = serializers.CharField()
    accounts = serializers.IntegerField()
    hands = serializers.IntegerField(help_text=gettext_lazy("Of them with a raised hand: those stay with sales."))
    held = serializers.IntegerField(help_text=gettext_lazy("Of them bare sign-ups that sales does not get."))


class RoutingPreviewSerializer(serializers.Serializer[Any]):
    cells = CellMovesSerializer(many=True, help_text=gettext_lazy("Those that would change."))
    motions = MovesSerializer(many=True)
    milliseconds = serializers.FloatField()


@extend_schema(methods=["GET"], operation_id="get_routing", summary="The routing table", responses=RoutingSerializer)
@extend_schema(
    methods=["PUT"],
    operation_id="put_routing",
    summary="Put a routing table in force",
    request=TABLE,
    responses=RoutingSavedSerializer,
)
@api_view(["GET", "PUT"])
def table(request: Request) -> Response:
    """Cells that are left out are the default. Every account is routed again within seconds. Only admins change it."""
    if request.method == "GET":
        return Response(RoutingSerializer(_shown()).data)
    if not access.can(request.user, "administer"):  # type: ignore[arg-type]
        raise PermissionDenied
    saved = routing_table.save(table=_read(request), member=request.user, way=audit.API)  # type: ignore[arg-type]
    return Response(RoutingSavedSerializer(_shown() | {"changed": saved.changed}).data)


@extend_schema(
    operation_id="preview_routing",
    summary="What a routing table would move",
    request=TABLE,
    responses=RoutingPreviewSerializer,
)
@api_view(["POST"])
def preview(request: Request) -> Response:
    """What putting it in force would do to the queues now. Nothing is changed. Admins only."""
    return Response(RoutingPreviewSerializer(routing_preview.of(_read(request))).data)


def _shown() -> dict[str, Any]:
    accounts = routing_table.counts()
    cells = [
        {
            "tier": key[0],
            "buyer_state": key[1],
            "segment": key[2],
            "motion": cell.motion,
            "first_step": cell.first_step,
            "also_marketing": cell.also_marketing,
            "is_changed": cell != routing.DEFAULT_TABLE[key],
            "accounts": accounts.get(key, 0),
        }
        for key, cell in queue.table().items()
    ]
    return {
        "cells": cells,
        "bare_sign_ups_in_sales": lead_guard.count(),
        "bare_sign_ups_held": lead_guard.held(),
    }


def _read(request: Request) -> dict[Key, Cell]:
    """The table of a body. Raises `ValidationError` naming the field."""
    found: dict[Key, Cell] = {}
    for place, said in enumerate(told(request, SaidTable).cells):
        key = (said.tier, said.buyer_state, said.segment)
        for name, values in (
            ("tier", routing.TIERS),
            ("buyer_state", routing.BUYER_STATES),
            ("segment", routing.SEGMENTS),
            ("motion", Motion.values),
        ):
            if getattr(said, name) not in values:
                words = _("must be one of %(values)s.") % {"values": ", ".join(values)}
                raise rest.bad(f"cells[{place}].{name}", words)
        if key in found:
            raise rest.bad(f"cells[{place}]", _("is the same cell as another."), "repeated")
        found[key] = Cell(said.motion, " ".join(said.first_step.split()), said.also_marketing)
    return found
