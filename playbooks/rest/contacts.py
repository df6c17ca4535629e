"""Contacts for programs: the list, and one of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, rest
from accounts.contacts import CONFIRMED, book, rating
from accounts.contacts.fields import LENGTHS
from accounts.models import Account, BuyingRole, Contact, Member, RoleWord
from playbooks.rest.plans import ContactPageSerializer, ContactSerializer
from playbooks.rest.touches import heard
from scoring import buckets
from scoring.buckets import Bucket
from scoring.rest_shapes import told

TOKEN = 32
_NO_NUL = r"^[^\u0000]*$"
_NAMED = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


type Email = Annotated[str, msgspec.Meta(max_length=LENGTHS["email"])]
type Name = Annotated[str, msgspec.Meta(max_length=LENGTHS["name"])]
type Title = Annotated[str, msgspec.Meta(max_length=LENGTHS["title"])]
type Phone = Annotated[str, msgspec.Meta(max_length=LENGTHS["phone"])]
type Company = Annotated[str, msgspec.Meta(max_length=LENGTHS["company"])]
type Domain = Annotated[str, msgspec.Meta(max_length=LENGTHS["domain"])]
type From = Annotated[str, msgspec.Meta(max_length=LENGTHS["source"])]


class NewContact(msgspec.Struct, forbid_unknown_fields=True):
    email: Email
    name: Name
    title: Title = ""
    phone: Phone = ""
    company: Company = ""
    domain: Domain = ""
    role: str = ""
    is_sure: bool = False
    source: From = ""


class ContactChange(msgspec.Struct, forbid_unknown_fields=True):
    email: Email | msgspec.UnsetType = msgspec.UNSET
    name: Name | msgspec.UnsetType = msgspec.UNSET
    title: Title | msgspec.UnsetType = msgspec.UNSET
    phone: Phone | msgspec.UnsetType = msgspec.UNSET
    domain: Domain | msgspec.UnsetType = msgspec.UNSET
    role: str | msgspec.UnsetType = msgspec.UNSET
    is_sure: bool | msgspec.UnsetType = msgspec.UNSET
    source: From | msgspec.UnsetType = msgspec.UNSET


class Undo(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(max_length=TOKEN)]


def text(length: int, pattern: str = _NO_NUL, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": length, "pattern": pattern} | more


_SAID = {
    "email": {"type": "string", "format": "email", "maxLength": LENGTHS["email"]},
    "name": text(LENGTHS["name"], _NAMED, minLength=1),
    "title": text(LENGTHS["title"]),
    "phone": text(LENGTHS["phone"], description="3 to 15 digits, with the usual signs between them."),
    "domain": text(LENGTHS["domain"], description="The company's, where the e-mail does not say it."),
    "role": {
        "type": "string",
        "enum": ["", *BuyingRole.values],
        "description": "A member's word, which locks it; empty: what the CRM or the title says counts.",
    },
    "is_sure": {"type": "boolean", "description": "The role is known, not thought."},
    "source": text(LENGTHS["source"]),
}
NEW = {
    "application/json": {
        "type": "object",
        "properties": _SAID | {"company": text(LENGTHS["company"], description="Names an account that is made.")},
        "required": ["email", "name"],
        "additionalProperties": False,
    }
}
CHANGE = {"application/json": {"type": "object", "properties": _SAID, "additionalProperties": False}}
UNDO = {
    "application/json": {
        "type": "object",
        "properties": {"token": text(TOKEN, description="That a change answered as `undo`.")},
        "required": ["token"],
        "additionalProperties": False,
    }
}


class ContactChangedSerializer(ContactSerializer):
    """From a `book.Change`."""

    undo = serializers.CharField(help_text=gettext_lazy("For `undo-change`, within a quarter of an hour."))


class ContactFilters(rest.Filters):
    role = filters.ChoiceFilter(
        choices=BuyingRole.choices, field_name="buying_role", help_text=gettext_lazy("Only this buying role.")
    )
    bucket = filters.ChoiceFilter(
        choices=Bucket.choices,
        method="by_bucket",
        help_text=gettext_lazy("Only people at accounts of this bucket; leads may be of no known account."),
    )
    source = filters.CharFilter(max_length=LENGTHS["source"], help_text=gettext_lazy("Only from there."))
    search = filters.CharFilter(
        method="by_name", max_length=100, help_text=gettext_lazy("A part of name, e-mail or account.")
    )

    def by_bucket(self, rows: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        of_none = buckets.OF_NO_ACCOUNT if value == Bucket.LEAD else Q(pk__in=())
        return rows.filter(of_none | buckets.condition(value, "account__"))

    def by_name(self, rows: QuerySet[Contact], name: str, value: str) -> QuerySet[Contact]:
        at = Q(account__in=Account.objects.filter(name__icontains=value))
        return rows.filter(Q(name__icontains=value) | Q(email__icontains=value) | at)


@extend_schema(
    methods=["GET"],
    operation_id="list_all_contacts",
    summary="People who do not use the product, the newest first",
    parameters=ContactFilters.parameters(),
    responses=ContactPageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="create_contact",
    summary="Add a contact to the account of the e-mail's domain",
    request=NEW,
    responses={201: ContactSerializer},
)
@api_view(["GET", "POST"])
def contacts(request: Request) -> Response:
    """A company that nobody knew gets an account; a freemail address gets none. Who uses the product is linked to that person."""
    if request.method == "GET":
        rows = Contact.objects.filter(removed_at=None).order_by("-created_at", "-pk")
        whole = Contact.objects.select_related("added_by").annotate(bucket=buckets.value_of_contact())
        return rest.page(request, ContactFilters.rows(request, rows), ContactSerializer, whole)
    _may_write(request)
    said = msgspec.structs.asdict(told(request, NewContact))
    _check_role(said["role"])
    made = heard(book.add, member=request.user, is_sure=said.pop("is_sure"), said=said)
    buckets.forget()
    return Response(ContactSerializer(made).data, status=201)


@extend_schema(methods=["GET"], operation_id="read_contact", summary="One contact", responses=ContactSerializer)
@extend_schema(
    methods=["PATCH"],
    operation_id="change_contact",
    summary="Change a contact",
    request=CHANGE,
    responses=ContactChangedSerializer,
)
@api_view(["GET", "PATCH"])
def contact(request: Request, contact_id: int) -> Response:
    """What is not sent stays. Another address moves them to its account."""
    if request.method == "GET":
        return Response(ContactSerializer(_contact(contact_id)).data)
    _may_write(request)
    said = {
        name: value
        for name, value in msgspec.structs.asdict(told(request, ContactChange)).items()
        if value is not msgspec.UNSET
    }
    _check_role(said.get("role", ""))
    for last in (False, False, True):  # what is not sent stays as it is, also when somebody changes that at this moment
        try:
            changed = _change(request, _contact(contact_id), said)
        except Contact.DoesNotExist:
            raise _no_contact(contact_id) from None
        except book.StaleError:
            if last:
                raise rest.bad("contact", _("Somebody is changing it at this moment: try again.")) from None
        else:
            break
    buckets.forget()
    return Response(ContactSerializer(changed.contact).data | {"undo": changed.undo})


def _contact(contact_id: int) -> Contact:
    found = Contact.objects.filter(pk=contact_id).select_related("added_by").first()
    if found is None:
        raise _no_contact(contact_id)
    return found


def _change(request: Request, found: Contact, said: dict[str, Any]) -> book.Change:
    """Raises `Contact.DoesNotExist`, `book.StaleError` and `ValidationError`."""
    last_seen, said = book.seen(found), dict(said)
    word = rating.standing(contacts=[found.pk]).get(("contact", found.pk))
    human = word if word is not None and word.source == RoleWord.By.HUMAN else None
    is_sure = said.pop("is_sure", human is not None and human.confidence >= CONFIRMED)
    before = {name: getattr(found, name) for name in ("email", "name", "title", "phone", "source")}
    before["role"] = human.role if human else ""
    changed: book.Change = heard(
        book.change,
        contact_id=found.pk,
        member=request.user,
        is_sure=is_sure,
        said=before | said,
        last_seen=last_seen,
    )
    return changed


@extend_schema(operation_id="undo_contact_change", summary="Undo a change", request=UNDO, responses=ContactSerializer)
@api_view(["POST"])
def contact_change_undo(request: Request, contact_id: int) -> Response:
    """By the token that the change answered; refused when somebody changed the contact since."""
    token = told(request, Undo).token
    try:
        found = heard(book.undo_change, contact_id=contact_id, token=token)
    except Contact.DoesNotExist:
        raise _no_contact(contact_id) from None
    buckets.forget()
    return Response(ContactSerializer(found).data)


@extend_schema(
    operation_id="take_away_contact", summary="Take a contact away", request=None, responses=ContactSerializer
)
@api_view(["POST"])
def contact_remove(request: Request, contact_id: int) -> Response:
    """`put-back` is its undo."""
    return _act(request, contact_id, book.remove)


@extend_schema(operation_id="restore_contact", summary="Put a contact back", request=None, responses=ContactSerializer)
@api_view(["POST"])
def contact_back(request: Request, contact_id: int) -> Response:
    """The undo of `remove`."""
    return _act(request, contact_id, book.put_back)


def _act(request: Request, contact_id: int, verb: Any) -> Response:
    rest.no_fields(request)
    try:
        found = verb(contact_id=contact_id)
    except Contact.DoesNotExist:
        raise _no_contact(contact_id) from None
    buckets.forget()
    return Response(ContactSerializer(found).data)


def member_of(request: Request) -> Member:
    assert isinstance(request.user, Member)  # the middleware lets nobody else through
    return request.user


def _may_write(request: Request) -> None:
    if not access.can(member_of(request), "keep_contacts"):
        raise PermissionDenied


def _check_role(role: str) -> None:
    if role and role not in BuyingRole.values:
        raise rest.bad("role", _("Choose one of the roles."))


def _no_contact(contact_id: int) -> NotFound:
    return NotFound(_("There is no contact %(id)d.") % {"id": contact_id})
