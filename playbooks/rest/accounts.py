"""The list of accounts for programs."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.models import Account, AccountDomain
from scoring import buckets
from scoring.buckets import Bucket
from scoring.models import BuyerState, Score, Segment, Tier
from scoring.rest import BucketField


class AccountRowSerializer(rest.AccountNameSerializer):
    """From an account that was read with its score, and with its `bucket`."""

    employees = serializers.IntegerField(allow_null=True)
    plan = serializers.CharField(allow_blank=True)
    score = serializers.SerializerMethodField(help_text=gettext_lazy("1 to 100; null: not enough evidence."))
    tier = serializers.SerializerMethodField()
    segment = serializers.SerializerMethodField()
    buyer_state = serializers.SerializerMethodField()
    bucket = BucketField()
    created_at = rest.Moment()

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_score(self, account: Account) -> int | None:
        score = _score(account)
        return score.score if score else None

    @extend_schema_field(serializers.ChoiceField(Tier.choices, allow_blank=True))
    def get_tier(self, account: Account) -> str:
        score = _score(account)
        return score.tier if score else ""

    @extend_schema_field(serializers.ChoiceField(Segment.choices, allow_blank=True))
    def get_segment(self, account: Account) -> str:
        score = _score(account)
        return score.segment if score else ""

    @extend_schema_field(serializers.ChoiceField(BuyerState.choices, allow_blank=True))
    def get_buyer_state(self, account: Account) -> str:
        score = _score(account)
        return score.buyer_state if score else ""


class AccountRowPageSerializer(rest.PageSerializer):
    results = AccountRowSerializer(many=True)


class AccountFilters(rest.Filters):
    bucket = filters.ChoiceFilter(
        choices=Bucket.choices, method="by_bucket", help_text=gettext_lazy("Only this attribution bucket.")
    )
    tier = filters.ChoiceFilter(
        choices=Tier.choices, field_name="score__tier", help_text=gettext_lazy("Only this tier.")
    )
    segment = filters.ChoiceFilter(
        choices=Segment.choices, field_name="score__segment", help_text=gettext_lazy("Only this segment.")
    )
    buyer = filters.ChoiceFilter(
        choices=BuyerState.choices, field_name="score__buyer_state", help_text=gettext_lazy("Only this buyer state.")
    )
    search = filters.CharFilter(
        method="by_name", max_length=100, help_text=gettext_lazy("A part of the name or of a domain.")
    )

    def by_bucket(self, rows: QuerySet[Account], name: str, value: str) -> QuerySet[Account]:
        return rows.filter(buckets.condition(value))

    def by_name(self, rows: QuerySet[Account], name: str, value: str) -> QuerySet[Account]:
        domains = AccountDomain.objects.filter(domain__icontains=value)
        return rows.filter(Q(name__icontains=value) | Q(pk__in=domains.values("account")))


@extend_schema(
    operation_id="list_accounts",
    summary="The accounts, in the order of their ids",
    parameters=AccountFilters.parameters(),
    responses=AccountRowPageSerializer,
)
@api_view(["GET"])
def accounts(request: Request) -> Response:
    """Without those that were merged into another."""
    rows = AccountFilters.rows(request, Account.objects.filter(merged_into=None).order_by("pk"))
    whole = Account.objects.select_related("score").annotate(bucket=buckets.value())
    return rest.page(request, rows, AccountRowSerializer, whole)


def _score(account: Account) -> Score | None:
    return getattr(account, "score", None)
