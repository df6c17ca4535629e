"""Holidays and cool-downs, for admins' programs."""

from __future__ import annotations

import datetime as dt
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
from accounts.access import WORKERS
from playbooks import tasks
from playbooks.assignment import policies
from playbooks.models import Holiday
from playbooks.rest.rules import MOTIONS, heard
from playbooks.verbs import reasons
from scoring.rest_shapes import told

NAME = 80
#: PostgreSQL's own dates go further than Python's; a holiday does not.
FIRST, LAST = dt.date(2000, 1, 1), dt.date(2200, 1, 1)


class NewHoliday(msgspec.Struct, forbid_unknown_fields=True):
    day: dt.date
    name: Annotated[str, msgspec.Meta(max_length=NAME)] = ""
    motion: str = ""


class CoolDownChange(msgspec.Struct, forbid_unknown_fields=True):
    days: dict[str, Annotated[int, msgspec.Meta(ge=0, le=policies.MOST_DAYS)] | None]


_LENGTH = {"type": "integer", "minimum": 0, "maximum": policies.MOST_DAYS, "nullable": True}
NEW_HOLIDAY = {
    "application/json": {
        "type": "object",
        "properties": {
            "day": {"type": "string", "format": "date"},
            "name": {"type": "string", "maxLength": NAME, "pattern": r"^[^\u0000]*$", "default": ""},
            "motion": {"type": "string", "enum": ["", *WORKERS], "default": "", "description": "Empty: every queue."},
        },
        "required": ["day"],
        "additionalProperties": False,
    }
}
COOL_DOWNS = {
    "application/json": {
        "type": "object",
        "properties": {
            "days": {
                "type": "object",
                "properties": {str(closing): _LENGTH for closing in reasons.MEANINGS},
                "additionalProperties": False,
            }
        },
        "required": ["days"],
        "additionalProperties": False,
    }
}


class HolidaySerializer(serializers.Serializer[Holiday]):
    """A day on which nobody owes an answer."""

    id = serializers.IntegerField()
    day = serializers.DateField()
    name = serializers.CharField(allow_blank=True)
    motion = serializers.ChoiceField(MOTIONS, allow_blank=True, help_text=gettext_lazy("Empty: every queue."))


class CoolDownSerializer(serializers.Serializer[Any]):
    """How long an account stays out of a queue after it was closed there."""

    motion = serializers.ChoiceField(MOTIONS)
    days = serializers.DictField(
        child=serializers.IntegerField(allow_null=True),
        help_text=gettext_lazy("By outcome or reason; null: until a strong signal."),
    )


@extend_schema(
    methods=["GET"],
    operation_id="list_holidays",
    summary="The days without working hours",
    responses=HolidaySerializer(many=True),
)
@extend_schema(
    methods=["POST"],
    operation_id="add_holiday",
    summary="Add a holiday",
    request=NEW_HOLIDAY,
    responses={201: HolidaySerializer},
)
@api_view(["GET", "POST"])
def holidays(request: Request) -> Response:
    """All of them, the first day first. Adding one sets the times to answer of open accounts again. Admins only."""
    if request.method == "GET":
        rows: Any = Holiday.objects.order_by("day", "motion")
        return Response(HolidaySerializer(rows, many=True).data)
    said = told(request, NewHoliday)
    if "\x00" in said.name:
        raise rest.bad("name", _("Holds a character that cannot be stored."))
    if not FIRST <= said.day < LAST:
        raise rest.bad("day", _("is not a day of this century or the next."))
    if said.motion and said.motion not in WORKERS:
        raise rest.bad("motion", _("Choose sales, success or marketing."))
    made = heard(policies.add_holiday, day=said.day, name=said.name, motion=said.motion)
    _set_times(made.motion)
    return Response(HolidaySerializer(made).data, status=201)


@extend_schema(operation_id="remove_holiday", summary="Take a holiday away", request=None, responses=HolidaySerializer)
@api_view(["POST"])
def holiday_remove(request: Request, holiday_id: int) -> Response:
    """Answers what it was: adding that again is the undo. Admins only."""
    rest.no_fields(request)
    try:
        was = policies.remove_holiday(holiday_id=holiday_id)
    except Holiday.DoesNotExist:
        raise NotFound(_("There is no holiday %(id)d.") % {"id": holiday_id}) from None
    _set_times(was.motion)
    return Response(HolidaySerializer(was).data)


@extend_schema(
    methods=["GET"],
    operation_id="get_cool_downs",
    summary="How long closed accounts rest",
    responses=CoolDownSerializer,
)
@extend_schema(
    methods=["PATCH"],
    operation_id="change_cool_downs",
    summary="Change how long closed accounts rest",
    request=COOL_DOWNS,
    responses=CoolDownSerializer,
)
@api_view(["GET", "PATCH"])
def cool_downs(request: Request, motion: str) -> Response:
    """Days by outcome or reason. What is left out stays; a change counts for what is closed from then on. Admins only."""
    if motion not in WORKERS:
        raise NotFound(_("There is no queue %(motion)s.") % {"motion": motion[:20]})
    if request.method == "PATCH":
        said = told(request, CoolDownChange)
        if unknown := sorted(set(said.days) - set(reasons.MEANINGS)):
            raise rest.bad(f"days.{unknown[0][:40]}", _("is not a way to close an account."))
        heard(policies.set_cool_downs, motion=motion, days=said.days)
    return Response(CoolDownSerializer({"motion": motion, "days": policies.cool_downs(motion)}).data)


def _set_times(motion: str) -> None:
    for one in [motion] if motion else WORKERS:
        tasks.set_times.delay_on_commit(one)
