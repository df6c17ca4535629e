"""Outcomes for programs: a CRM tells what came of an account, and reads what is known."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import moments, rest
from accounts.models import Account, Member
from scoring import outcomes
from scoring.models import Outcome

LARGEST_ID = 2**63 - 1


class OutcomeSerializer(serializers.Serializer[Outcome]):
    id = serializers.IntegerField()
    account = rest.AccountNameSerializer()
    kind = serializers.ChoiceField(Outcome.Kind.choices)
    at = rest.Moment()
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    note = serializers.CharField(allow_blank=True)


class OutcomePageSerializer(rest.PageSerializer):
    results = OutcomeSerializer(many=True)


class ToldSerializer(serializers.Serializer[Any]):
    """An outcome to keep. The same account, kind, time and source is the same outcome."""

    account = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text=gettext_lazy("Its id."))
    kind = serializers.ChoiceField(Outcome.Kind.choices)
    at = serializers.CharField(max_length=40, help_text=gettext_lazy("ISO 8601; without an offset, UTC."))
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=60, required=False, allow_blank=True, help_text=gettext_lazy("Who says so.")
    )
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class OutcomeFilters(rest.Filters):
    kind = filters.ChoiceFilter(choices=Outcome.Kind.choices, help_text=gettext_lazy("Only this kind."))
    account = filters.CharFilter(
        method="of_account", max_length=19, help_text=gettext_lazy("Only of the account with this id.")
    )

    def of_account(self, rows: QuerySet[Outcome], name: str, value: str) -> QuerySet[Outcome]:
        if not (value.isascii() and value.isdigit()):
            raise rest.bad("account", _("is not an account's id."))
        return rows.filter(account=min(int(value), LARGEST_ID))


@extend_schema(
    methods=["GET"],
    operation_id="list_outcomes",
    summary="Outcomes of accounts, newest first",
    parameters=OutcomeFilters.parameters(),
    responses=OutcomePageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="record_outcome",
    summary="Keep an outcome of an account",
    request=ToldSerializer,
    responses={200: OutcomeSerializer, 201: OutcomeSerializer},
)
@api_view(["GET", "POST"])
def outcomes_of_accounts(request: Request) -> Response:
    """What definitions are judged by. Keeping an outcome that is known answers 200 and changes nothing; a new one answers 201.

    An account that was merged stands for the one it went into. Hand raises that came as events are signals, and not listed here.
    """
    if request.method == "POST":
        return _record(request)
    rows = Outcome.objects.select_related("account").order_by("-at", "-id")
    return rest.page(request, OutcomeFilters.rows(request, rows), OutcomeSerializer)


def _record(request: Request) -> Response:
    if not isinstance(request.data, dict):
        raise rest.bad("body", _("must be a JSON object."), "not_an_object")
    for field in request.data:
        if field not in ToldSerializer().fields:
            raise rest.bad(str(field)[:100], _("is not a field of this call."), "unknown_field")
    told = ToldSerializer(data=request.data)
    told.is_valid(raise_exception=True)
    said = told.validated_data
    at = moments.instant(said["at"])
    if at is None:
        raise rest.bad("at", _("is not a time in ISO 8601, as in 2026-01-31T12:00:00Z."))
    try:
        outcome, is_new = outcomes.record(
            account_id=said["account"],
            kind=said["kind"],
            at=at,
            source=said.get("source", ""),
            note=said.get("note", ""),
            by=cast(Member, request.user),
        )
    except outcomes.BadOutcome as problem:
        raise rest.bad(problem.field, problem.reason) from None
    except Account.DoesNotExist:
        raise rest.bad("account", _("there is none with this id.")) from None
    return Response(OutcomeSerializer(outcome).data, status=201 if is_new else 200)
