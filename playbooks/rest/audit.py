"""The audit log for programs."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit_words, rest
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
    results = EntrySerializer(many=True)


class EntryFilters(rest.Filters):
    by = filters.CharFilter(method="of_number", max_length=19, help_text=gettext_lazy("The id of who did it."))
    action = filters.CharFilter(
        method="of_action", max_length=40, help_text=gettext_lazy("An action, or its noun: `member`.")
    )
    subject = filters.CharFilter(max_length=20, help_text=gettext_lazy("What kind of thing was changed."))
    subject_id = filters.CharFilter(method="of_number", max_length=19, help_text=gettext_lazy("Its id."))
    since = filters.DateFilter(
        field_name="at", lookup_expr="date__gte", help_text=gettext_lazy("On this day (UTC) or later.")
    )
    until = filters.DateFilter(
        field_name="at", lookup_expr="date__lte", help_text=gettext_lazy("On this day (UTC) or before.")
    )

    def of_number(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        if not (value.isascii() and value.isdigit()):
            raise rest.bad(name, _("is not an id."))
        return rows.filter(**{name: min(int(value), LARGEST_ID)})

    def of_action(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        return rows.filter(Q(action=value) | Q(action__startswith=f"{value}."))


@extend_schema(
    operation_id="list_audit_entries",
    summary="Who changed what, newest first",
    parameters=EntryFilters.parameters(),
    responses=EntryPageSerializer,
)
@api_view(["GET"])
def audit(request: Request) -> Response:
    """Corrections of identity and every change of settings. Entries are only ever added. For admins."""
    rows: Any = AuditEntry.objects.order_by("-at", "-id")
    return rest.page(request, EntryFilters.rows(request, rows), EntrySerializer)
