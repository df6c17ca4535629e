"""Raised hands for programs, with what was frozen when they were raised."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.models import HandRaise
from scoring import frozen
from scoring.models import Tier


class FrozenSerializer(serializers.Serializer[Any]):
    """Written once: the account at the moment in which the hand was raised."""

    as_of = serializers.DateField()
    frozen_at = rest.Moment()
    score = serializers.IntegerField(allow_null=True)
    tier = serializers.ChoiceField(Tier.choices)
    definition = serializers.SerializerMethodField(help_text=_("Its version."))
    features = serializers.DictField(child=serializers.FloatField(), help_text=_("Those that were known."))

    def get_definition(self, row: Any) -> int | None:
        return row.definition.version if row.definition else None


class HandRaiseSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    received_at = rest.Moment()
    raised_at = rest.Moment(help_text=_("Earlier than its arrival where an SDK says so."))
    way = serializers.ChoiceField(
        [("form", "form"), ("server", "server"), ("event", "event")], help_text=_("How it came.")
    )
    event = serializers.SerializerMethodField(help_text=_("The event of an SDK that it was; empty: none."))
    form = serializers.SerializerMethodField(help_text=_("Its name; empty: none."))
    placement = serializers.CharField(allow_blank=True)
    email = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField()
    message = serializers.SerializerMethodField()
    user_id = serializers.IntegerField(allow_null=True, help_text=_("The person, once the loader knew."))
    account_id = serializers.IntegerField(allow_null=True)
    linked_at = rest.Moment(allow_null=True)
    then = FrozenSerializer(allow_null=True, help_text=_("The account as the engine saw it in that moment."))

    def get_event(self, row: Any) -> str:
        return str(row.fields.get("event", ""))

    def get_form(self, row: Any) -> str:
        return str(row.form or "")

    def get_email(self, row: Any) -> str:
        return str(row.fields.get("email", ""))

    def get_name(self, row: Any) -> str:
        return str(row.fields.get("name", ""))

    def get_message(self, row: Any) -> str:
        return str(row.fields.get("message", ""))


class HandRaisePageSerializer(rest.PageSerializer):
    results = HandRaiseSerializer(many=True)


class HandRaiseFilters(rest.Filters):
    account = filters.CharFilter(method="of_account", max_length=12, help_text=_("The id of an account."))
    placement = filters.CharFilter(max_length=120, help_text=_("Exactly."))

    def of_account(self, rows: QuerySet[HandRaise], name: str, value: str) -> QuerySet[HandRaise]:
        if not (value.isascii() and value.isdigit()):
            raise rest.bad("account", _("must be the id of an account."))  # type: ignore[arg-type]
        return rows.filter(pk__in=frozen.ids_of_account(int(value)))


@extend_schema(
    operation_id="list_hand_raises",
    summary="Raised hands",
    parameters=HandRaiseFilters.parameters(),
    responses=HandRaisePageSerializer,
)
@api_view(["GET"])
def hand_raises(request: Request) -> Response:
    """Those of forms, of servers and of SDKs, the newest first; what was held back as spam is left out."""
    rows = HandRaise.objects.filter(is_spam=False).select_related("form").order_by("-received_at", "-pk")
    pages = rest.Pages()
    listed = pages.paginate_queryset(HandRaiseFilters.rows(request, rows), request) or []
    for row, then in frozen.with_frozen(listed):
        row.then = then  # type: ignore[attr-defined]
    return pages.get_paginated_response(HandRaiseSerializer(listed, many=True).data)
