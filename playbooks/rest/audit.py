"""The audit log for programs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts import audit_log, audit_words, rest
from accounts.models import AuditEntry

LARGEST_ID = 2**63 - 1


class EntrySerializer(serializers.Serializer[AuditEntry]):
    id = serializers.IntegerField()
    at = rest.Moment()
    by = serializers.IntegerField(
        source="by_id", allow_null=True, help_text=gettext_lazy("The member; none: by itself.")
    )
    by_name = serializers.CharField()
    action = serializers.CharField(help_text=gettext_lazy("noun.verb, such as `member.add`."))
    subject = serializers.CharField()
    subject_id = serializers.IntegerField(allow_null=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    words = serializers.SerializerMethodField(help_text=gettext_lazy("What was done, in words."))
    detail = serializers.DictField()
    way = serializers.CharField(help_text=gettext_lazy("page, api, message or system."))

    def get_words(self, entry: AuditEntry) -> str:
        return audit_words.sentence(entry.action, label=entry.label, subject=entry.subject, subject_id=entry.subject_id)


class EntryPageSerializer(rest.PageSerializer):
    count = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("Rows in all pages; none on a page that `before` begins.")
    )
    results = EntrySerializer(many=True)


class EntryFilters(rest.Filters):
    by = filters.CharFilter(method="of_number", max_length=19, help_text=gettext_lazy("The id of who did it."))
    action = filters.CharFilter(
        method="of_action", max_length=40, help_text=gettext_lazy("An action, or its noun: `member`.")
    )
    subject = filters.CharFilter(max_length=20, help_text=gettext_lazy("What kind of thing was changed."))
    subject_id = filters.CharFilter(method="of_number", max_length=19, help_text=gettext_lazy("Its id."))
    since = filters.DateFilter(method="from_day", help_text=gettext_lazy("On this day (UTC) or later."))
    until = filters.DateFilter(method="to_day", help_text=gettext_lazy("On this day (UTC) or before."))
    q = filters.CharFilter(
        method="having",
        max_length=100,
        help_text=gettext_lazy("Words, or how they begin: of the name, of who did it, of the action."),
    )
    before = filters.CharFilter(
        method="below",
        max_length=19,
        help_text=gettext_lazy("Only what is older than the entry of this id, as in `next`."),
    )

    def of_number(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        return rows.filter(**{name: _id(name, value)})

    def of_action(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        return rows.filter(audit_log.of_action(value))

    def from_day(self, rows: QuerySet[AuditEntry], name: str, value: dt.date) -> QuerySet[AuditEntry]:
        return rows.filter(at__gte=audit_log.midnight(value, dt.UTC))

    def to_day(self, rows: QuerySet[AuditEntry], name: str, value: dt.date) -> QuerySet[AuditEntry]:
        return rows.filter(at__lt=audit_log.midnight(value, dt.UTC, later=1))

    def having(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        return audit_log.having(rows, value)

    def below(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        return audit_log.below(rows, _id(name, value))


def _id(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise rest.bad(name, _("is not an id."))
    return min(int(value), LARGEST_ID)


@extend_schema(
    operation_id="list_audit_entries",
    summary="Who changed what, newest first",
    parameters=EntryFilters.parameters(),
    responses=EntryPageSerializer,
)
@api_view(["GET"])
def audit(request: Request) -> Response:
    """Corrections of identity and every change of settings. Entries are only ever added. For admins.

    `next` leads on by `before`: a page costs the same however far down it is, and none is missed while entries are added.
    """
    rows: Any = EntryFilters.rows(request, AuditEntry.objects.order_by("-at", "-id"))
    if "offset" in request.query_params:
        return rest.page(request, rows, EntrySerializer)
    pages = rest.Pages()
    limit = pages.get_limit(request)
    found = list(rows[: limit + 1])
    shown: Any = found[:limit]
    is_first = "before" not in request.query_params
    return Response(
        {
            "count": rows.count() if is_first else None,
            "next": _next(request, shown[-1].pk) if len(found) > limit else None,
            "previous": None,
            "results": EntrySerializer(shown, many=True).data,
        }
    )


def _next(request: Request, last: int) -> str:
    return replace_query_param(request.build_absolute_uri(), "before", last)
