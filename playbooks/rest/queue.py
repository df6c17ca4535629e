"""The queues for programs: what a rep sees. `playbooks.rest.verbs` has what a rep does."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.models import BuyingRole, Contact, ProductUser
from playbooks.models import Closing, Motion, QueueItem, QueueItemEvent, Reason
from playbooks.querysets import named_in_queue
from scoring import buckets
from scoring.buckets import Bucket
from scoring.models import BuyerState, Segment, Tier
from scoring.rest import BucketField

MOTIONS = (Motion.SALES, Motion.SUCCESS, Motion.MARKETING)
MOTION_CHOICES = [(motion.value, motion.label) for motion in MOTIONS]
#: What may be ordered by; a leading `-` turns it round. Rows without a value come last both ways.
ORDERS = ("priority", "score", "delta", "entered_at", "hand_raised_at")
SHOWN = ("account", "workspace", "owner", "closed_by", "buyer", "buyer_contact", "champion")


class OwnerSerializer(serializers.Serializer[Any]):
    name = serializers.SerializerMethodField()
    email = serializers.CharField()

    def get_name(self, member: Any) -> str:
        return str(member)


class BuyingPersonSerializer(serializers.Serializer[Any]):
    """A `ProductUser` or a `Contact` in the part of a buyer or a champion."""

    name = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    role = serializers.ChoiceField(BuyingRole.choices)
    confidence = serializers.FloatField(
        allow_null=True, help_text=gettext_lazy("Of the role, 0 to 1; null where it rests on behaviour or a CRM.")
    )


def _person(who: ProductUser | Contact | None, role: BuyingRole) -> dict[str, Any] | None:
    if who is None:
        return None
    is_by_profile = isinstance(who, ProductUser) and who.buying_role == role
    confidence = round(who.buying_confidence, 2) if isinstance(who, ProductUser) and is_by_profile else None
    return {"name": str(who), "title": who.title, "role": role.value, "confidence": confidence}


class ItemWorkspaceSerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField(help_text=gettext_lazy("The `groupId` of its messages."))
    name = serializers.CharField(allow_blank=True)


class QueueItemSerializer(serializers.Serializer[QueueItem]):
    """From an item that was read with its account, owner, buyer and champion."""

    id = serializers.IntegerField()
    motion = serializers.ChoiceField(MOTION_CHOICES)
    account = rest.AccountNameSerializer()
    workspace = ItemWorkspaceSerializer(allow_null=True, help_text=gettext_lazy("Null: it is about the whole account."))
    state = serializers.ChoiceField(QueueItem.State.choices)
    owner = OwnerSerializer(allow_null=True)
    score = serializers.IntegerField(allow_null=True)
    delta = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Points since a week ago."))
    tier = serializers.ChoiceField(Tier.choices)
    segment = serializers.ChoiceField(Segment.choices)
    buyer_state = serializers.ChoiceField(BuyerState.choices)
    bucket = BucketField()
    why_now = serializers.CharField(allow_blank=True)
    first_step = serializers.CharField(allow_blank=True)
    mark = serializers.CharField(
        allow_blank=True, help_text=gettext_lazy("Why a claimed item no longer qualifies; empty: it does.")
    )
    buyer = serializers.SerializerMethodField()
    champion = serializers.SerializerMethodField()
    hand_raised_at = rest.Moment(allow_null=True)
    entered_at = rest.Moment()
    claimed_at = rest.Moment(allow_null=True)
    assigned_because = serializers.CharField(
        allow_blank=True, help_text=gettext_lazy("Why its owner has it; empty: claimed by hand.")
    )
    first_seen_on = serializers.DateField(
        allow_null=True, help_text=gettext_lazy("When the account's first person was seen.")
    )
    first_touched_at = rest.Moment(allow_null=True)
    last_touched_at = rest.Moment(allow_null=True)
    step_due_at = rest.Moment(allow_null=True, help_text=gettext_lazy("Of the earliest open step."))
    sla = serializers.ChoiceField(
        [("response", "response"), ("touch", "touch")],
        allow_blank=True,
        help_text=gettext_lazy("What is owed next: a first response or the next touch; empty: nothing."),
    )
    due_at = rest.Moment(allow_null=True, help_text=gettext_lazy("When that is owed."))
    breached_at = rest.Moment(allow_null=True, help_text=gettext_lazy("When it was missed."))
    snoozed_until = rest.Moment(allow_null=True, help_text=gettext_lazy("Null while snoozed: until a strong signal."))
    wakes_on_signal = serializers.BooleanField()
    woke_at = rest.Moment(allow_null=True)
    woke_because = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Empty: by hand."))
    look_again = serializers.CharField(
        allow_blank=True, help_text=gettext_lazy("The strong signal that brought it back while its account cools down.")
    )
    handover = serializers.CharField(allow_blank=True, help_text=gettext_lazy("What the team before has to tell."))
    returned_from = serializers.ChoiceField(
        MOTION_CHOICES, allow_blank=True, help_text=gettext_lazy("The motion that handed it over.")
    )
    closed_at = rest.Moment(allow_null=True)
    closed_by = OwnerSerializer(allow_null=True)
    outcome = serializers.ChoiceField(Closing.choices, allow_blank=True, help_text=gettext_lazy("Of what is done."))
    reason = serializers.ChoiceField(
        Reason.choices, allow_blank=True, help_text=gettext_lazy("Of what is disqualified.")
    )
    reason_words = serializers.CharField(allow_blank=True)
    returned_to = serializers.ChoiceField(
        MOTION_CHOICES, allow_blank=True, help_text=gettext_lazy("Of what is returned.")
    )
    cool_until = rest.Moment(
        allow_null=True, help_text=gettext_lazy("Before it the account comes back only with a strong signal.")
    )
    priority = serializers.FloatField(help_text=gettext_lazy("The highest first."))

    @extend_schema_field(BuyingPersonSerializer(allow_null=True))
    def get_buyer(self, item: QueueItem) -> dict[str, Any] | None:
        return _person(item.buyer or item.buyer_contact, BuyingRole.ECONOMIC_BUYER)

    @extend_schema_field(BuyingPersonSerializer(allow_null=True))
    def get_champion(self, item: QueueItem) -> dict[str, Any] | None:
        return _person(item.champion, BuyingRole.CHAMPION)


class QueuePageSerializer(rest.PageSerializer):
    results = QueueItemSerializer(many=True)


class EventSerializer(serializers.Serializer[QueueItemEvent]):
    id = serializers.IntegerField()
    at = rest.Moment()
    verb = serializers.ChoiceField(QueueItemEvent.Verb.choices)
    actor = OwnerSerializer(allow_null=True, help_text=gettext_lazy("Null: a rule or the clock."))
    detail = serializers.CharField(allow_blank=True)
    batch = serializers.UUIDField(allow_null=True, help_text=gettext_lazy("Of what was done to several at once."))
    undone_at = rest.Moment(allow_null=True)


class EventPageSerializer(rest.PageSerializer):
    results = EventSerializer(many=True)


class NoFilters(rest.Filters):
    """A page of rows."""


class QueueFilters(rest.Filters):
    segment = filters.ChoiceFilter(choices=Segment.choices, help_text=gettext_lazy("Only this segment."))
    tier = filters.ChoiceFilter(choices=Tier.choices, help_text=gettext_lazy("Only this tier."))
    state = filters.ChoiceFilter(
        choices=[(state, state) for state in QueueItem.State.values],
        help_text=gettext_lazy("Only this state; without it what is to be worked, new and claimed."),
    )
    owner = filters.ChoiceFilter(
        choices=[("me", "me")],
        method="by_owner",
        help_text=gettext_lazy("Only what the signed-in member has claimed or put to sleep."),
    )
    bucket = filters.ChoiceFilter(
        choices=Bucket.choices,
        method="by_bucket",
        help_text=gettext_lazy("Only accounts of this attribution bucket."),
    )
    hand_raised = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="by_hand",
        help_text=gettext_lazy("Only with a raised hand, or only without."),
    )
    workspace = filters.CharFilter(
        field_name="workspace__external_id",
        max_length=200,
        help_text=gettext_lazy("Only items of the workspace with this `groupId`."),
    )
    search = filters.CharFilter(
        method="by_name",
        max_length=100,
        help_text=gettext_lazy("A part of the account's name or main domain, or of the workspace's name."),
    )
    ordering = filters.ChoiceFilter(
        choices=[(sign + name, sign + name) for name in ORDERS for sign in ("", "-")],
        method="in_order_of",
        help_text=gettext_lazy("Without it the first row is what to do first."),
    )

    def by_owner(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        return rows.filter(owner=self.request.user.pk)

    def by_bucket(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        return rows.filter(buckets.condition(value, "account__"))

    def by_hand(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        return rows.filter(hand_raised_at__isnull=value == "false")

    def by_name(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        return rows.filter(named_in_queue(value))

    def in_order_of(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        column = F(value.removeprefix("-"))
        order = column.desc(nulls_last=True) if value.startswith("-") else column.asc(nulls_last=True)
        return rows.order_by(order, "id")


@extend_schema(
    operation_id="list_queue_items",
    summary="The items of a motion's queue",
    parameters=[
        OpenApiParameter("motion", str, OpenApiParameter.PATH, enum=[motion.value for motion in MOTIONS]),
        *QueueFilters.parameters(),
    ],
    responses=QueuePageSerializer,
)
@api_view(["GET"])
def queue(request: Request, motion: str) -> Response:
    """What to do first comes first. Every member may read every queue."""
    if motion not in [known.value for known in MOTIONS]:
        raise NotFound(_("The queues are sales, success and marketing."))
    items = QueueItem.objects.all() if "state" in request.query_params else QueueItem.objects.working()
    rows = QueueFilters.rows(request, items.filter(motion=motion).in_order())
    whole = QueueItem.objects.select_related(*SHOWN).annotate(bucket=buckets.value("account__"))
    return rest.page(request, rows, QueueItemSerializer, whole)


@extend_schema(operation_id="read_queue_item", summary="One item", responses=QueueItemSerializer)
@api_view(["GET"])
def item(request: Request, item_id: int) -> Response:
    """In whatever state it is."""
    found = QueueItem.objects.select_related(*SHOWN).filter(pk=item_id).first()
    if found is None:
        raise no_item(item_id)
    return Response(QueueItemSerializer(found).data)


@extend_schema(
    operation_id="list_queue_item_events",
    summary="What happened to an item, the newest first",
    parameters=NoFilters.parameters(),
    responses=EventPageSerializer,
)
@api_view(["GET"])
def events(request: Request, item_id: int) -> Response:
    """By members and by rules. A verb by oneself can be undone for a quarter of an hour, while nothing else happened since."""
    if not QueueItem.objects.filter(pk=item_id).exists():
        raise no_item(item_id)
    rows = QueueItemEvent.objects.filter(item=item_id).select_related("actor").order_by("-at", "-id")
    return rest.page(request, NoFilters.rows(request, rows), EventSerializer)


def no_item(item_id: int) -> NotFound:
    return NotFound(_("There is no queue item %(id)d.") % {"id": item_id})
