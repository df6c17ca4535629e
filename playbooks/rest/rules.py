"""How the queues are run, for admins' programs, and how the member who asks works."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any, cast

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.access import WORKERS
from playbooks import tasks
from playbooks.assignment import policies
from playbooks.models import Motion, QueuePolicy, WorkSettings
from scoring.models import Segment
from scoring.rest_shapes import told

UNSET = msgspec.UNSET
MOTIONS = [(motion, Motion(motion).label) for motion in WORKERS]
TERRITORY = r"^[a-zA-Z0-9.*-]+$"
type Minutes = Annotated[int, msgspec.Meta(ge=0, le=policies.MOST_MINUTES)]
type Days = Annotated[int, msgspec.Meta(ge=0, le=policies.MOST_DAYS)]
type Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class PolicyChange(msgspec.Struct, forbid_unknown_fields=True):
    is_automatic: bool | msgspec.UnsetType = UNSET
    same_owner_days: Days | msgspec.UnsetType = UNSET
    untouched_days: Days | msgspec.UnsetType = UNSET
    early_days: Days | msgspec.UnsetType = UNSET
    audit_share: Annotated[float, msgspec.Meta(ge=0, le=0.05)] | msgspec.UnsetType = UNSET
    hand_minutes: Minutes | msgspec.UnsetType = UNSET
    response_minutes: Minutes | msgspec.UnsetType = UNSET
    counts_from_entering: bool | msgspec.UnsetType = UNSET
    touch_minutes: Minutes | msgspec.UnsetType = UNSET
    warn_share: Annotated[float, msgspec.Meta(gt=0, le=1)] | msgspec.UnsetType = UNSET
    reassigns_on_breach: bool | msgspec.UnsetType = UNSET
    day_begins: Clock | msgspec.UnsetType = UNSET
    day_ends: Clock | msgspec.UnsetType = UNSET
    weekdays: Annotated[str, msgspec.Meta(pattern="^[1-7]{1,7}$")] | msgspec.UnsetType = UNSET
    timezone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | msgspec.UnsetType = UNSET


class WorkChange(msgspec.Struct, forbid_unknown_fields=True):
    takes_automatic: bool | msgspec.UnsetType = UNSET
    segments: list[str] | msgspec.UnsetType = UNSET
    territories: (
        Annotated[
            list[Annotated[str, msgspec.Meta(max_length=60, pattern=TERRITORY)]],
            msgspec.Meta(max_length=policies.MOST_TERRITORIES),
        ]
        | msgspec.UnsetType
    ) = UNSET
    open_limit: Days | msgspec.UnsetType = UNSET
    daily_limit: Days | msgspec.UnsetType = UNSET
    away_from: dt.date | msgspec.UnsetType | None = UNSET
    away_until: dt.date | msgspec.UnsetType | None = UNSET


_MINUTES = {"type": "integer", "minimum": 0, "maximum": policies.MOST_MINUTES}
_DAYS = {"type": "integer", "minimum": 0, "maximum": policies.MOST_DAYS}
CLOCK = {"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_DATE = {"type": "string", "format": "date", "nullable": True}
_POLICY = {
    "type": "object",
    "properties": {
        "is_automatic": {"type": "boolean"},
        "same_owner_days": _DAYS,
        "untouched_days": _DAYS,
        "early_days": _DAYS,
        "audit_share": {"type": "number", "minimum": 0, "maximum": 0.05},
        "hand_minutes": _MINUTES,
        "response_minutes": _MINUTES,
        "counts_from_entering": {"type": "boolean"},
        "touch_minutes": _MINUTES,
        "warn_share": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1},
        "reassigns_on_breach": {"type": "boolean"},
        "day_begins": CLOCK,
        "day_ends": CLOCK,
        "weekdays": {"type": "string", "pattern": "^[1-7]{1,7}$"},
        "timezone": {"type": "string", "minLength": 1, "maxLength": 64},
    },
    "additionalProperties": False,
}
_WORK = {
    "type": "object",
    "properties": {
        "takes_automatic": {"type": "boolean"},
        "segments": {"type": "array", "items": {"type": "string", "enum": Segment.values}},
        "territories": {
            "type": "array",
            "maxItems": policies.MOST_TERRITORIES,
            "items": {"type": "string", "maxLength": 60, "pattern": TERRITORY},
        },
        "open_limit": _DAYS,
        "daily_limit": _DAYS,
        "away_from": _DATE,
        "away_until": _DATE,
    },
    "additionalProperties": False,
}
POLICY, WORK = ({"application/json": body} for body in (_POLICY, _WORK))


@extend_schema_field(CLOCK)
class HourField(serializers.TimeField):
    """`"09:00"`; OpenAPI's own times have seconds and a zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%H:%M", **options)


class PolicySerializer(serializers.Serializer[QueuePolicy]):
    """Times are minutes of working time; 0: none is asked for."""

    motion = serializers.ChoiceField(MOTIONS)
    is_automatic = serializers.BooleanField(help_text=gettext_lazy("Accounts are given to members by itself."))
    same_owner_days = serializers.IntegerField()
    untouched_days = serializers.IntegerField(help_text=gettext_lazy("Then back to the pool; 0: never."))
    early_days = serializers.IntegerField(help_text=gettext_lazy("No outreach in so many days after sign-up."))
    audit_share = serializers.FloatField()
    hand_minutes = serializers.IntegerField(help_text=gettext_lazy("To answer a raised hand."))
    response_minutes = serializers.IntegerField()
    counts_from_entering = serializers.BooleanField(
        help_text=gettext_lazy("The first response; else from being claimed or assigned.")
    )
    touch_minutes = serializers.IntegerField()
    warn_share = serializers.FloatField()
    reassigns_on_breach = serializers.BooleanField()
    day_begins = HourField()
    day_ends = HourField()
    weekdays = serializers.CharField(help_text=gettext_lazy("1: Monday … 7: Sunday"))
    timezone = serializers.CharField()


class WorkSerializer(serializers.Serializer[WorkSettings]):
    """Empty filters fit every account; 0 as a limit is none."""

    takes_automatic = serializers.BooleanField()
    segments = serializers.ListField(child=serializers.ChoiceField(Segment.choices))
    territories = serializers.ListField(child=serializers.CharField(), help_text=gettext_lazy("Ends of domains."))
    open_limit = serializers.IntegerField()
    daily_limit = serializers.IntegerField()
    away_from = serializers.DateField(allow_null=True)
    away_until = serializers.DateField(allow_null=True)


@extend_schema(operation_id="list_queue_rules", summary="How the queues are run", responses=PolicySerializer(many=True))
@api_view(["GET"])
def rule_list(request: Request) -> Response:
    """A line a queue, with defaults where nothing was set. Admins only."""
    return Response(PolicySerializer(instance=_rules(), many=True).data)


@extend_schema(
    operation_id="change_queue_rules",
    summary="Change how a queue is run",
    request=POLICY,
    responses=PolicySerializer,
)
@api_view(["PATCH"])
def rule_change(request: Request, motion: str) -> Response:
    """What is left out stays. Times to answer of open accounts are set again. Admins only."""
    if motion not in WORKERS:
        raise NotFound(_("There is no queue %(motion)s.") % {"motion": motion[:20]})
    said = _said(told(request, PolicyChange))
    for name in ("day_begins", "day_ends"):
        if name in said:
            said[name] = dt.time.fromisoformat(said[name])
    policy = heard(policies.save, motion=motion, **said)
    tasks.set_times.delay_on_commit(motion)
    return Response(PolicySerializer(policy).data)


@extend_schema(methods=["GET"], operation_id="get_own_work", summary="What you get by itself", responses=WorkSerializer)
@extend_schema(
    methods=["PATCH"],
    operation_id="change_own_work",
    summary="Change what you get by itself, and when you are away",
    request=WORK,
    responses=WorkSerializer,
)
@api_view(["GET", "PATCH"])
def own_work(request: Request) -> Response:
    """Your own. What is left out stays."""
    if request.method == "GET":
        found = policies.work_settings([cast(int, request.user.pk)])[cast(int, request.user.pk)]
    else:
        found = heard(policies.save_work, member=request.user, **_said(told(request, WorkChange)))
    return Response(WorkSerializer(found).data)


def _said(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(struct).items() if value is not UNSET}


def _rules() -> Any:
    return list(policies.all_of().values())


def heard[T](verb: Callable[..., T], **fields: Any) -> T:
    """What the verb answers. A refusal is the 400 that names the field."""
    try:
        return verb(**fields)
    except ValidationError as error:
        name, words = next(iter(error.message_dict.items()))
        raise rest.bad(name, " ".join(words)) from None
