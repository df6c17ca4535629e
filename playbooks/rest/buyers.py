"""Everybody who may buy, of all accounts, and how much is known of the people, for programs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.models import Account, BuyingRole, ProductUser
from playbooks import buyers, profiling
from playbooks.filters import BuyerFilter
from playbooks.rest.people import EvidenceSerializer
from playbooks.screens import profiling as screen
from scoring.models import Tier


class BuyerSerializer(serializers.Serializer[Any]):
    """From `playbooks.buyers.Buyer`."""

    kind = serializers.CharField(help_text=gettext_lazy("user: of the product, or contact: outside of it."))
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    title = serializers.CharField(allow_blank=True)
    role = serializers.ChoiceField(BuyingRole.choices)
    confidence = serializers.FloatField()
    is_locked = serializers.BooleanField(help_text=gettext_lazy("A member said what the role is."))
    evidence = EvidenceSerializer(source="reasons", many=True)
    source = serializers.CharField(  # type: ignore[assignment]
        allow_blank=True, help_text=gettext_lazy("Where a contact is from.")
    )
    last_seen_at = rest.Moment(allow_null=True)
    account = rest.AccountNameSerializer()
    score = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Of the account, 1 to 100."))
    tier = serializers.ChoiceField(Tier.choices, allow_blank=True)


class BuyerPageSerializer(rest.PageSerializer):
    results = BuyerSerializer(many=True)


class BuyerFilters(rest.Filters):
    role = filters.ChoiceFilter(
        choices=[choice for choice in BuyingRole.choices if choice[0] != BuyingRole.END_USER],
        method="as_they_are",
        help_text=gettext_lazy("Only this buying role."),
    )
    kind = filters.ChoiceFilter(
        choices=[(kind, kind) for kind in (buyers.USER, buyers.CONTACT)],
        method="as_they_are",
        help_text=gettext_lazy("user: who uses the product; contact: who does not."),
    )
    q = filters.CharFilter(
        max_length=100, method="as_they_are", help_text=gettext_lazy("In name, e-mail, title or the account's name.")
    )

    def as_they_are(self, rows: Any, _name: str, _value: str) -> Any:
        """Whom they fit is for `BuyerFilter` to say, as on the page."""
        return rows


@extend_schema(
    operation_id="list_buyers",
    summary="Everybody who may buy, the warmest accounts first",
    parameters=BuyerFilters.parameters(),
    responses=BuyerPageSerializer,
)
@api_view(["GET"])
def buyer_list(request: Request) -> Response:
    """People and contacts whose part in a purchase is likely or surer (0.6); asked for champions, all that are one."""
    BuyerFilters.rows(request, ProductUser.objects.none())
    pages = rest.Pages()
    wanted = BuyerFilter.read(request.query_params)
    found = buyers.Buyers(wanted, start=pages.get_offset(request), size=pages.get_limit(request))
    keys = pages.paginate_queryset(found, request)
    return pages.get_paginated_response(BuyerSerializer(buyers.rows_of(keys or []), many=True).data)


class KnownSerializer(serializers.Serializer[screen.Trait]):
    trait = serializers.CharField(source="key")
    people = serializers.IntegerField(source="n", help_text=gettext_lazy("Of whom it is known."))
    percent = serializers.FloatField(source="share")


class QuestionSerializer(serializers.Serializer[screen.Question]):
    trait = serializers.CharField(source="key")
    question = serializers.CharField(help_text=gettext_lazy("What to ask in the product."))
    why = serializers.CharField()
    send_as = serializers.CharField(source="traits", help_text=gettext_lazy("Traits that carry the answer."))
    warm_accounts = serializers.IntegerField(
        source="warm", help_text=gettext_lazy("PQA and activate accounts that the answer would settle.")
    )
    accounts = serializers.IntegerField()


class ProfilingSerializer(serializers.Serializer[screen.ProfilingPage]):
    counted_at = rest.Moment()
    people = serializers.IntegerField(help_text=gettext_lazy("Active in 28 days."))
    profiled_percent = serializers.FloatField(source="share", help_text=gettext_lazy("With a title or a seniority."))
    known = KnownSerializer(source="traits", many=True)
    questions = QuestionSerializer(many=True, help_text=gettext_lazy("Worth asking next, the best first."))


@extend_schema(
    operation_id="get_profiling",
    summary="How much is known of the people, and what to ask next",
    responses=ProfilingSerializer,
)
@api_view(["GET"])
def known(request: Request) -> Response:
    """As it was counted last; every night and by the page's button."""
    rest.Filters.rows(request, Account.objects.none())
    newest = profiling.newest() or profiling.keep(timezone.now().date())
    return Response(ProfilingSerializer(screen.page(newest, [])).data)
