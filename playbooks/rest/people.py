"""Everybody of an account for programs, its buying group, and what members say of somebody's part in a purchase."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.core.exceptions import ValidationError as BadValues
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, contacts, organisation, people, rest, roles
from accounts.models import Account, BuyingRole, Contact, Department, Member, ProductUser, RoleWord, Seniority
from playbooks.screens import group
from playbooks.screens import organisation as listed
from scoring.models import BuyerState, Score
from scoring.rest_shapes import told

NOTE = 300


class NewWord(msgspec.Struct, forbid_unknown_fields=True):
    role: str
    note: Annotated[str, msgspec.Meta(max_length=NOTE)] = ""


NEW_WORD = {
    "application/json": {
        "type": "object",
        "properties": {
            "role": {
                "type": "string",
                "enum": ["", *BuyingRole.values],
                "description": "Locked by this word until it is withdrawn; empty: has no part in a purchase.",
            },
            "note": {"type": "string", "maxLength": NOTE, "pattern": r"^[^\u0000]*$", "default": ""},
        },
        "required": ["role"],
        "additionalProperties": False,
    }
}


class WordSerializer(serializers.Serializer[RoleWord]):
    id = serializers.IntegerField(help_text=gettext_lazy("To withdraw it by."))
    person = serializers.IntegerField(source="user_id", allow_null=True)
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    role = serializers.ChoiceField(BuyingRole.choices, allow_blank=True)
    confidence = serializers.FloatField()
    note = serializers.CharField(allow_blank=True)
    at = rest.Moment()
    by = serializers.SerializerMethodField(help_text=gettext_lazy("The member; empty: none."))
    withdrawn_at = rest.Moment(allow_null=True)

    def get_by(self, word: RoleWord) -> str:
        return str(word.by) if word.by else ""


class EvidenceSerializer(serializers.Serializer[Any]):
    source = serializers.ChoiceField(["human", "crm", "title", "behaviour"])  # type: ignore[assignment]
    role = serializers.ChoiceField(BuyingRole.choices, allow_blank=True)
    confidence = serializers.FloatField()
    what = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Of behaviour: invite, pricing, billing, …"))
    count = serializers.IntegerField()


class OneSerializer(serializers.Serializer[Any]):
    """From `accounts.organisation.One`."""

    kind = serializers.CharField(help_text=gettext_lazy("user: of the product, or contact: outside of it."))
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    title = serializers.CharField(allow_blank=True)
    department = serializers.ChoiceField(Department.choices, allow_blank=True)
    seniority = serializers.ChoiceField(Seniority.choices, allow_blank=True)
    role = serializers.ChoiceField(BuyingRole.choices, allow_blank=True)
    confidence = serializers.FloatField(source="sure")
    is_locked = serializers.BooleanField(help_text=gettext_lazy("A member said what the role is."))
    evidence = EvidenceSerializer(source="reasons", many=True)
    brought_by = serializers.SerializerMethodField(help_text=gettext_lazy("The id of the person; null: nobody known."))
    is_named = serializers.SerializerMethodField(help_text=gettext_lazy("The invitation named this address."))
    brought = serializers.ListField(child=serializers.IntegerField())
    first_seen_at = rest.Moment(allow_null=True)
    last_seen_at = rest.Moment(allow_null=True)
    is_active = serializers.BooleanField(help_text=gettext_lazy("Within 28 days."))

    def get_brought_by(self, one: organisation.One) -> int | None:
        return one.by.by if one.by else None

    def get_is_named(self, one: organisation.One) -> bool:
        return bool(one.by and one.by.is_named)


class OnePageSerializer(rest.PageSerializer):
    results = OneSerializer(many=True)


class HolderSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text=gettext_lazy("user: of the product, or contact: outside of it."))
    id = serializers.IntegerField()
    name = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    confidence = serializers.FloatField(source="sure")
    is_quiet = serializers.BooleanField(help_text=gettext_lazy("Has not been here for 28 days."))


class RoleSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(BuyingRole.choices)
    is_filled = serializers.BooleanField()
    holders = HolderSerializer(many=True, help_text=gettext_lazy("The surest first, three at most."))


class GroupSerializer(serializers.Serializer[Any]):
    """From `playbooks.screens.group.Group`."""

    buyer_state = serializers.ChoiceField(BuyerState.choices, source="state")
    settle = serializers.CharField(allow_blank=True, help_text=gettext_lazy("What would settle it, in words."))
    profiled = serializers.IntegerField(
        help_text=gettext_lazy("Of the active people, those with a title or a seniority.")
    )
    active = serializers.IntegerField(help_text=gettext_lazy("People active in 28 days, as of the last score."))
    roles = RoleSerializer(many=True)


class PeopleFilters(rest.Filters):
    q = filters.CharFilter(
        max_length=100, method="as_they_are", help_text=gettext_lazy("In name, e-mail or title, every word.")
    )
    department = filters.ChoiceFilter(
        choices=[*Department.choices, ("unknown", "")], method="as_they_are", help_text=gettext_lazy("Of the person.")
    )
    seniority = filters.ChoiceFilter(
        choices=[*Seniority.choices, ("unknown", "")], method="as_they_are", help_text=gettext_lazy("Of the person.")
    )
    role = filters.ChoiceFilter(
        choices=[*BuyingRole.choices, ("unknown", "")],
        method="as_they_are",
        help_text=gettext_lazy("Buying role."),
    )
    state = filters.ChoiceFilter(
        choices=[(value, value) for value in listed.STATES],
        method="as_they_are",
        help_text=gettext_lazy("Active in 28 days, quiet, or a contact outside of the product."),
    )

    def as_they_are(self, rows: Any, _name: str, _value: str) -> Any:
        """Whom they fit is for `PeopleFilter` to say, as on the page."""
        return rows


@extend_schema(
    operation_id="list_account_people",
    summary="Everybody of an account",
    parameters=PeopleFilters.parameters(),
    responses={200: OnePageSerializer, 308: None},
)
@api_view(["GET"])
def people_of(request: Request, account_id: int) -> Response:
    """People of its domains, members of its workspaces, and contacts, with their role and who brought them; roles first."""
    account = rest.account_or_gone(account_id)
    if account.merged_into_id is not None:
        return rest.moved(f"/api/accounts/{account.merged_into_id}/people/", request)
    PeopleFilters.rows(request, ProductUser.objects.none())
    found = organisation.of_account(account_id, now=timezone.now())
    rows = listed.listed(found, listed.PeopleFilter.read(request.query_params))
    return rest.page(request, rows, OneSerializer)  # type: ignore[arg-type]


@extend_schema(
    operation_id="get_buying_group",
    summary="The buying group of an account",
    responses={200: GroupSerializer, 308: None},
)
@api_view(["GET"])
def buying_group(request: Request, account_id: int) -> Response:
    """Whether it has a buyer, what would settle that, and who fills which role."""
    account = rest.account_or_gone(account_id)
    if account.merged_into_id is not None:
        return rest.moved(f"/api/accounts/{account.merged_into_id}/buying-group/", request)
    rest.Filters.rows(request, Account.objects.none())
    known = people.group_of(account_id, limit=25)
    score = Score.objects.filter(pk=account_id).select_related("definition").first()
    return Response(GroupSerializer(group.of_account(known, list(contacts.of_account(account_id)[:100]), score)).data)


@extend_schema(
    operation_id="say_role_of_person",
    summary="Say what part a person has in a purchase",
    request=NEW_WORD,
    responses={201: WordSerializer},
)
@api_view(["POST"])
def person_role(request: Request, user_id: int) -> Response:
    """Locks the role, and replaces what was said before. The account is routed anew a few seconds later."""
    return _say(request, user_id=user_id)


@extend_schema(
    operation_id="say_role_of_contact",
    summary="Say what part a contact has in a purchase",
    request=NEW_WORD,
    responses={201: WordSerializer},
)
@api_view(["POST"])
def contact_role(request: Request, contact_id: int) -> Response:
    """The same of somebody who does not use the product."""
    return _say(request, contact_id=contact_id)


@extend_schema(
    operation_id="withdraw_role", summary="Withdraw a word about somebody", request=None, responses=WordSerializer
)
@api_view(["POST"])
def role_withdraw(request: Request, word_id: int) -> Response:
    """What it replaced stands again; without that, the other evidence counts."""
    rest.no_fields(request)
    try:
        word = roles.withdraw(word_id=word_id, member=_member(request), way=audit.API)
    except RoleWord.DoesNotExist:
        raise NotFound(_("There is no word %(id)d.") % {"id": word_id}) from None
    return Response(WordSerializer(word).data)


def _say(request: Request, *, user_id: int | None = None, contact_id: int | None = None) -> Response:
    said = told(request, NewWord)
    try:
        word = roles.say(
            member=_member(request),
            role=said.role,
            note=said.note,
            user_id=user_id,
            contact_id=contact_id,
            way=audit.API,
        )
    except BadValues as bad:
        field, messages = next(iter(bad.message_dict.items()))
        raise rest.bad(field, messages[0]) from None
    except ProductUser.DoesNotExist:
        raise NotFound(_("There is no person %(id)d.") % {"id": user_id}) from None
    except Contact.DoesNotExist:
        raise NotFound(_("There is no contact %(id)d.") % {"id": contact_id}) from None
    return Response(WordSerializer(word).data, status=201)


def _member(request: Request) -> Member:
    assert isinstance(request.user, Member)  # the middleware lets nobody else through
    return request.user
