"""The queues for programs: what a rep sees, and claim and release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F, Q, QuerySet
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
from playbooks import queue as verbs
from playbooks.models import Motion, QueueItem
from scoring.models import BuyerState, Segment, Tier

MOTIONS = (Motion.SALES, Motion.SUCCESS, Motion.MARKETING)
#: What may be ordered by; a leading `-` turns it round. Rows without a value come last both ways.
ORDERS = ("priority", "score", "delta", "entered_at", "hand_raised_at")
SHOWN = ("account", "owner", "buyer", "buyer_contact", "champion")


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


class QueueItemSerializer(serializers.Serializer[QueueItem]):
    """From an item that was read with its account, owner, buyer and champion."""

    id = serializers.IntegerField()
    motion = serializers.ChoiceField([(motion.value, motion.label) for motion in MOTIONS])
    account = rest.AccountNameSerializer()
    state = serializers.ChoiceField(QueueItem.State.choices)
    owner = OwnerSerializer(allow_null=True)
    score = serializers.IntegerField(allow_null=True)
    delta = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Points since a week ago."))
    tier = serializers.ChoiceField(Tier.choices)
    segment = serializers.ChoiceField(Segment.choices)
    buyer_state = serializers.ChoiceField(BuyerState.choices)
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
    priority = serializers.FloatField(help_text=gettext_lazy("The highest first."))

    @extend_schema_field(BuyingPersonSerializer(allow_null=True))
    def get_buyer(self, item: QueueItem) -> dict[str, Any] | None:
        return _person(item.buyer or item.buyer_contact, BuyingRole.ECONOMIC_BUYER)

    @extend_schema_field(BuyingPersonSerializer(allow_null=True))
    def get_champion(self, item: QueueItem) -> dict[str, Any] | None:
        return _person(item.champion, BuyingRole.CHAMPION)


class QueuePageSerializer(rest.PageSerializer):
    results = QueueItemSerializer(many=True)


class LostSerializer(serializers.Serializer[Any]):
    """Nothing was changed: who has the item now, and why."""

    error = rest.ErrorSerializer()
    reason = serializers.ChoiceField(["taken", "left", "not_owner", "not_claimed"])
    item = QueueItemSerializer()


class QueueFilters(rest.Filters):
    segment = filters.ChoiceFilter(choices=Segment.choices, help_text=gettext_lazy("Only this segment."))
    tier = filters.ChoiceFilter(choices=Tier.choices, help_text=gettext_lazy("Only this tier."))
    state = filters.ChoiceFilter(
        choices=[("new", "new"), ("claimed", "claimed")], help_text=gettext_lazy("Only this state.")
    )
    owner = filters.ChoiceFilter(
        choices=[("me", "me")], method="by_owner", help_text=gettext_lazy("Only what the signed-in member has claimed.")
    )
    hand_raised = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="by_hand",
        help_text=gettext_lazy("Only with a raised hand, or only without."),
    )
    search = filters.CharFilter(
        method="by_name", max_length=100, help_text=gettext_lazy("A part of the account's name or main domain.")
    )
    ordering = filters.ChoiceFilter(
        choices=[(sign + name, sign + name) for name in ORDERS for sign in ("", "-")],
        method="in_order_of",
        help_text=gettext_lazy("Without it the first row is what to do first."),
    )

    def by_owner(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        return rows.filter(state=QueueItem.State.CLAIMED, owner=self.request.user.pk)

    def by_hand(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        return rows.filter(hand_raised_at__isnull=value == "false")

    def by_name(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        return rows.filter(Q(account__name__icontains=value) | Q(account__domain__icontains=value))

    def in_order_of(self, rows: QuerySet[QueueItem], name: str, value: str) -> QuerySet[QueueItem]:
        column = F(value.removeprefix("-"))
        order = column.desc(nulls_last=True) if value.startswith("-") else column.asc(nulls_last=True)
        return rows.order_by(order, "id")


@extend_schema(
    operation_id="list_queue_items",
    summary="The open items of a motion's queue",
    parameters=[
        OpenApiParameter("motion", str, OpenApiParameter.PATH, enum=[motion.value for motion in MOTIONS]),
        *QueueFilters.parameters(),
    ],
    responses=QueuePageSerializer,
)
@api_view(["GET"])
def queue(request: Request, motion: str) -> Response:
    """To work and claimed, what to do first comes first. Every member may read every queue."""
    if motion not in [known.value for known in MOTIONS]:
        raise NotFound(_("The queues are sales, success and marketing."))
    items = QueueItem.objects.working().filter(motion=motion).select_related(*SHOWN).in_order()
    return rest.page(request, QueueFilters.rows(request, items), QueueItemSerializer)


@extend_schema(
    operation_id="claim_queue_item",
    summary="Make an item one's own",
    request=None,
    responses={200: QueueItemSerializer, 409: LostSerializer},
)
@api_view(["POST"])
def claim(request: Request, item_id: int) -> Response:
    """Exactly one member wins; claiming one's own item again is 200 too. For the roles that work the motion, and admins."""
    return _act(request, item_id, verbs.claim)


@extend_schema(
    operation_id="release_queue_item",
    summary="Give an item back to its queue",
    request=None,
    responses={200: QueueItemSerializer, 409: LostSerializer},
)
@api_view(["POST"])
def release(request: Request, item_id: int) -> Response:
    """For the owner, and admins. An item with a `mark` leaves the queue with it."""
    return _act(request, item_id, verbs.release)


def _act(request: Request, item_id: int, verb: Callable[..., verbs.Outcome]) -> Response:
    rest.no_fields(request)
    try:
        outcome = verb(item_id=item_id, member=request.user)
    except QueueItem.DoesNotExist:
        raise NotFound(_("There is no queue item %(id)d.") % {"id": item_id}) from None
    item = QueueItemSerializer(outcome.item).data
    if outcome.won:
        return Response(item)
    owner = str(outcome.item.owner) if outcome.item.owner else _("somebody else")
    words = {
        "taken": _("%(owner)s was faster: the item is claimed."),
        "left": _("The item has left the queue."),
        "not_owner": _("The item is claimed by %(owner)s; only the owner or an admin can release it."),
        "not_claimed": _("The item is not claimed by anybody."),
    }[outcome.reason] % {"owner": owner}
    return Response(
        {"error": {"code": outcome.reason, "message": words}, "reason": outcome.reason, "item": item}, status=409
    )
