"""How we know what belongs to an account, for programs: what the page of the same name shows."""

from __future__ import annotations

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.models import Account
from playbooks.screens import identity as screen


class KnownDomainSerializer(serializers.Serializer[screen.DomainLine]):
    domain = serializers.CharField()
    is_main = serializers.BooleanField()
    source = serializers.CharField(  # type: ignore[assignment]
        source="by", help_text=gettext_lazy("`workspace`, `e-mail`, `contact`, `import` or `member`.")
    )
    confidence = serializers.FloatField(help_text=gettext_lazy("0 to 1."))
    since = rest.Moment()
    added_by = serializers.CharField(source="who", allow_blank=True, help_text=gettext_lazy("The member, if one did."))


class KnownWorkspaceSerializer(serializers.Serializer[screen.SpaceLine]):
    external_id = serializers.CharField(help_text=gettext_lazy("The `groupId` of its messages."))
    name = serializers.CharField()
    step = serializers.CharField(
        source="by", allow_blank=True, help_text=gettext_lazy("`hand`, `domain`, `members` or `own`.")
    )
    how = serializers.CharField(help_text=gettext_lazy("The step in words."))
    states = serializers.CharField(
        source="stated", allow_blank=True, help_text=gettext_lazy("The domains that it states.")
    )
    confidence = serializers.FloatField(help_text=gettext_lazy("0 to 1."))
    since = rest.Moment(allow_null=True)
    is_ambiguous = serializers.BooleanField(help_text=gettext_lazy("Two companies claim it."))


class LinksSerializer(serializers.Serializer[screen.Known]):
    domains = KnownDomainSerializer(many=True)
    workspaces = KnownWorkspaceSerializer(source="spaces", many=True)
    more_workspaces = serializers.IntegerField(source="more_spaces", help_text=gettext_lazy("Beyond the first 200."))
    people_by_email = serializers.IntegerField(source="by_email")
    people_by_hand = serializers.IntegerField(source="by_hand")
    people_by_contact = serializers.IntegerField(source="by_contact")


@extend_schema(
    operation_id="how_account_is_known",
    summary="How we know what belongs to an account",
    responses={200: LinksSerializer, 308: None},
)
@api_view(["GET"])
def known(request: Request, account_id: int) -> Response:
    """Each domain and workspace with its source, how sure it is and since when; people by how their account was found."""
    account = rest.account_or_gone(account_id)
    if account.merged_into_id is not None:
        return rest.moved(f"/api/accounts/{account.merged_into_id}/identity/", request)
    rest.Filters.rows(request, Account.objects.none())
    return Response(LinksSerializer(screen.known(account)).data)
