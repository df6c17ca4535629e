"""Contacts for programs: the list, one of them, rows at once with a way back, and the attribution buckets."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, rest, tasks
from accounts.contacts import CONFIRMED, book, files, rating
from accounts.contacts.fields import FIELDS, LENGTHS
from accounts.models import BuyingRole, Contact, ContactImport, Member, RoleWord
from playbooks import counting
from playbooks.rest.plans import ContactPageSerializer, ContactSerializer
from playbooks.rest.queue import MOTIONS
from playbooks.rest.touches import heard
from scoring import buckets
from scoring.buckets import Bucket
from scoring.rest_shapes import told

#: Rows of one call: what a body has room for.
MOST_ROWS = 300
CELL = 500
_NO_NUL = r"^[^\u0000]*$"
_NAMED = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


type Email = Annotated[str, msgspec.Meta(max_length=LENGTHS["email"])]
type Name = Annotated[str, msgspec.Meta(max_length=LENGTHS["name"])]
type Title = Annotated[str, msgspec.Meta(max_length=LENGTHS["title"])]
type Phone = Annotated[str, msgspec.Meta(max_length=LENGTHS["phone"])]
type Company = Annotated[str, msgspec.Meta(max_length=LENGTHS["company"])]
type Domain = Annotated[str, msgspec.Meta(max_length=LENGTHS["domain"])]
type From = Annotated[str, msgspec.Meta(max_length=LENGTHS["source"])]
type Cell = Annotated[str, msgspec.Meta(max_length=CELL)]


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


class Rows(msgspec.Struct, forbid_unknown_fields=True):
    rows: Annotated[list[dict[str, Cell]], msgspec.Meta(min_length=1, max_length=MOST_ROWS)]
    source: From = ""
    dry_run: bool = False


def _text(length: int, pattern: str = _NO_NUL, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": length, "pattern": pattern} | more


_SAID = {
    "email": {"type": "string", "format": "email", "maxLength": LENGTHS["email"]},
    "name": _text(LENGTHS["name"], _NAMED, minLength=1),
    "title": _text(LENGTHS["title"]),
    "phone": _text(LENGTHS["phone"], description="3 to 15 digits, with the usual signs between them."),
    "domain": _text(LENGTHS["domain"], description="The company's, where the e-mail does not say it."),
    "role": {
        "type": "string",
        "enum": ["", *BuyingRole.values],
        "description": "A member's word, which locks it; empty: what the CRM or the title says counts.",
    },
    "is_sure": {"type": "boolean", "description": "The role is known, not thought."},
    "source": _text(LENGTHS["source"]),
}
NEW = {
    "application/json": {
        "type": "object",
        "properties": _SAID | {"company": _text(LENGTHS["company"], description="Names an account that is made.")},
        "required": ["email", "name"],
        "additionalProperties": False,
    }
}
CHANGE = {"application/json": {"type": "object", "properties": _SAID, "additionalProperties": False}}
ROWS = {
    "application/json": {
        "type": "object",
        "properties": {
            "rows": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_ROWS,
                "items": {
                    "type": "object",
                    "properties": {name: _text(CELL) for name in FIELDS},
                    "additionalProperties": False,
                },
            },
            "source": _text(LENGTHS["source"], description="Of rows that name none."),
            "dry_run": {"type": "boolean", "default": False, "description": "Only says what would happen."},
        },
        "required": ["rows"],
        "additionalProperties": False,
    }
}


class WrongSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text=gettext_lazy("Its place in the list that was sent, from 1."))
    field = serializers.CharField()
    message = serializers.CharField(help_text=gettext_lazy("What is wrong, and what to do."))


class ImportSerializer(serializers.Serializer[ContactImport]):
    id = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Null: a dry run keeps nothing."))
    state = serializers.ChoiceField(ContactImport.State.choices)
    read = serializers.IntegerField(source="result.read")
    new = serializers.IntegerField(source="result.new")
    changed = serializers.IntegerField(source="result.changed")
    same = serializers.IntegerField(source="result.same")
    users = serializers.IntegerField(
        source="result.users", help_text=gettext_lazy("Those who use the product: linked to that person.")
    )
    twice = serializers.IntegerField(
        source="result.twice", help_text=gettext_lazy("Rows that say again what another row says.")
    )
    progress = serializers.SerializerMethodField(help_text=gettext_lazy("Percent, while it is being taken in or back."))
    wrong = serializers.SerializerMethodField()

    @extend_schema_field(serializers.IntegerField(min_value=0, max_value=100))
    def get_progress(self, found: ContactImport) -> int:
        return files.progress(found) if found.state == ContactImport.State.RUNNING else 100

    @extend_schema_field(WrongSerializer(many=True))
    def get_wrong(self, found: ContactImport) -> list[dict[str, Any]]:
        return [
            {"row": row["row"], "field": one["field"], "message": one["words"]}
            for row in found.result["wrong_rows"]
            for one in row["wrong"]
        ]


class BucketCountsSerializer(serializers.Serializer[Any]):
    with_buyer = serializers.IntegerField(help_text=gettext_lazy("Accounts used in 28 days with a known buyer."))
    without_buyer = serializers.IntegerField(help_text=gettext_lazy("Accounts used in 28 days without one."))
    lead = serializers.IntegerField(help_text=gettext_lazy("Accounts with contacts and without usage."))


class QueueBucketsSerializer(serializers.Serializer[Any]):
    """Items to be worked, by motion."""

    sales = BucketCountsSerializer()
    success = BucketCountsSerializer()
    marketing = BucketCountsSerializer()


class BucketsSerializer(BucketCountsSerializer):
    queues = QueueBucketsSerializer()


class ContactFilters(rest.Filters):
    role = filters.ChoiceFilter(
        choices=BuyingRole.choices, field_name="buying_role", help_text=gettext_lazy("Only this role in buying.")
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
        return rows.filter(Q(name__icontains=value) | Q(email__icontains=value) | Q(account__name__icontains=value))


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
        rows = Contact.objects.filter(removed_at=None).select_related("added_by").order_by("-created_at", "-pk")
        rows = ContactFilters.rows(request, rows).annotate(bucket=buckets.value_of_contact())
        return rest.page(request, rows, ContactSerializer)
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
    responses=ContactSerializer,
)
@api_view(["GET", "PATCH"])
def contact(request: Request, contact_id: int) -> Response:
    """What is not sent stays. Another address moves them to its account."""
    found = Contact.objects.filter(pk=contact_id).select_related("added_by").first()
    if found is None:
        raise _no_contact(contact_id)
    if request.method == "GET":
        return Response(ContactSerializer(found).data)
    _may_write(request)
    said = {
        name: value
        for name, value in msgspec.structs.asdict(told(request, ContactChange)).items()
        if value is not msgspec.UNSET
    }
    _check_role(said.get("role", ""))
    word = rating.standing(contacts=[found.pk]).get(("contact", found.pk))
    human = word if word is not None and word.source == RoleWord.By.HUMAN else None
    is_sure = said.pop("is_sure", human is not None and human.confidence >= CONFIRMED)
    before = {name: getattr(found, name) for name in ("email", "name", "title", "phone", "source")}
    before["role"] = human.role if human else ""
    try:
        changed = heard(book.change, contact_id=contact_id, member=request.user, is_sure=is_sure, said=before | said)
    except Contact.DoesNotExist:
        raise _no_contact(contact_id) from None
    buckets.forget()
    return Response(ContactSerializer(changed).data)


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


@extend_schema(
    operation_id="import_contacts",
    summary="Take in many contacts at once",
    request=ROWS,
    responses={200: ImportSerializer, 201: ImportSerializer},
)
@api_view(["POST"])
def take(request: Request) -> Response:
    """As a file on the import page: good rows are taken in, wrong ones are named. All of it can be taken back by `undo`."""
    said = told(request, Rows)
    for number, row in enumerate(said.rows):
        for name, value in row.items():
            if name not in FIELDS:
                raise rest.bad(
                    "rows", _("%(field)s is not a field of row %(n)d.") % {"field": name[:40], "n": number + 1}
                )
            if "\x00" in value:
                raise rest.bad("rows", _("Row %(n)d holds a character that cannot be stored.") % {"n": number + 1})
    if "\x00" in said.source:
        raise rest.bad("source", _("holds a character that cannot be stored."))
    found = files.of_rows(rows=said.rows, source=said.source, member=_member(request))
    if said.dry_run:
        return Response(ImportSerializer(found).data)
    found.save()
    if found.result["good"]:
        files.begin(import_id=found.pk, member=_member(request))
        found = files.go_on(found.pk)
        buckets.forget()
    return Response(ImportSerializer(found).data, status=201)


@extend_schema(operation_id="read_contact_import", summary="What an import did", responses=ImportSerializer)
@api_view(["GET"])
def import_of(request: Request, import_id: int) -> Response:
    """Of rows or of a file: counts, and the rows that were wrong."""
    return Response(ImportSerializer(_import(import_id)).data)


@extend_schema(
    operation_id="undo_contact_import",
    summary="Take an import back",
    request=None,
    responses={200: ImportSerializer, 202: ImportSerializer},
)
@api_view(["POST"])
def import_undo(request: Request, import_id: int) -> Response:
    """Its new contacts go, and what it changed is as before, unless somebody has changed it since.

    A large one is taken back by a job: 202, and `Location` says where to look how far it is.
    """
    rest.no_fields(request)
    _import(import_id)
    found = heard(files.begin_undo, import_id=import_id, member=request.user)
    if found.result["good"] > files.SMALL:
        tasks.take_contacts.delay(found.pk)
        where = reverse("api_contact_imported", args=[found.pk])
        return Response(ImportSerializer(found).data, status=202, headers={"Location": where})
    found = files.go_on(found.pk)
    buckets.forget()
    return Response(ImportSerializer(found).data)


@extend_schema(operation_id="count_buckets", summary="Accounts by attribution bucket", responses=BucketsSerializer)
@api_view(["GET"])
def bucket_counts(request: Request) -> Response:
    """Of all accounts and of those in each queue, as of their last scores; counted once a minute at most."""
    queues = {motion.value: counting.by_bucket(motion) for motion in MOTIONS}
    return Response(BucketsSerializer({**buckets.counts(), "queues": queues}).data)


def _act(request: Request, contact_id: int, verb: Any) -> Response:
    rest.no_fields(request)
    try:
        found = verb(contact_id=contact_id)
    except Contact.DoesNotExist:
        raise _no_contact(contact_id) from None
    buckets.forget()
    return Response(ContactSerializer(found).data)


def _import(import_id: int) -> ContactImport:
    found = ContactImport.objects.defer("rows").filter(pk=import_id).first()
    if found is None:
        raise NotFound(_("There is no import %(id)d.") % {"id": import_id})
    return found


def _member(request: Request) -> Member:
    assert isinstance(request.user, Member)  # the middleware lets nobody else through
    return request.user


def _may_write(request: Request) -> None:
    if not access.can(_member(request), "keep_contacts"):
        raise PermissionDenied


def _check_role(role: str) -> None:
    if role and role not in BuyingRole.values:
        raise rest.bad("role", _("Choose one of the roles."))


def _no_contact(contact_id: int) -> NotFound:
    return NotFound(_("There is no contact %(id)d.") % {"id": contact_id})
