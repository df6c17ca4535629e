"""Activation plans and contacts for programs. Every member reads; who works the motion writes. Lines are ticked as steps are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import contacts as known
from accounts import rest
from accounts.models import BuyingRole, Contact, Department, Seniority
from playbooks import contacts, plans
from playbooks.models import QueueItem, Step
from playbooks.rest.queue import no_item
from playbooks.rest.touches import PageOnly, heard, item_or_gone
from playbooks.steps import TEXT_LENGTH
from scoring.paths import MOST_PATHS
from scoring.rest import BucketField
from scoring.rest_shapes import told


class NewPlan(msgspec.Struct, forbid_unknown_fields=True):
    way: Annotated[int, msgspec.Meta(ge=0, lt=MOST_PATHS)] = 0


class NewLine(msgspec.Struct, forbid_unknown_fields=True):
    lever: str = ""
    n: Annotated[int, msgspec.Meta(ge=1, le=plans.MOST_STEPS)] = 1
    text: Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH)] = ""


class NewContact(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, msgspec.Meta(max_length=254)]
    name: Annotated[str, msgspec.Meta(max_length=contacts.LENGTHS["name"])]
    title: Annotated[str, msgspec.Meta(max_length=contacts.LENGTHS["title"])] = ""
    role: str = ""
    is_sure: bool = False
    source: Annotated[str, msgspec.Meta(max_length=contacts.LENGTHS["source"])] = ""
    anyway: bool = False


def _text(most: int, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": most, "pattern": r"^[^\u0000]*$", "default": ""} | more


_NEW_PLAN = {
    "type": "object",
    "properties": {
        "way": {
            "type": "integer",
            "minimum": 0,
            "maximum": MOST_PATHS - 1,
            "default": 0,
            "description": "Which of the account's ways to PQA; 0 is the cheapest.",
        }
    },
    "additionalProperties": False,
}
_NEW_LINE = {
    "type": "object",
    "properties": {
        "lever": {
            "type": "string",
            "enum": ["", *plans.LEVERS],
            "default": "",
            "description": "What usage can show; empty: `text` says what is to happen, and it is ticked by hand.",
        },
        "n": {"type": "integer", "minimum": 1, "maximum": plans.MOST_STEPS, "default": 1},
        "text": _text(TEXT_LENGTH),
    },
    "additionalProperties": False,
}
_NEW_CONTACT = {
    "type": "object",
    "properties": {
        "email": {"type": "string", "format": "email", "maxLength": 254},
        "name": {
            "type": "string",
            "minLength": 1,
            "maxLength": contacts.LENGTHS["name"],
            "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
        },
        "title": _text(contacts.LENGTHS["title"]),
        "role": {"type": "string", "enum": ["", *BuyingRole.values], "default": ""},
        "is_sure": {"type": "boolean", "default": False, "description": "The role is known, not thought."},
        "source": _text(contacts.LENGTHS["source"]),
        "anyway": {
            "type": "boolean",
            "default": False,
            "description": "Also when the address is not of the account's domains.",
        },
    },
    "required": ["email", "name"],
    "additionalProperties": False,
}
NEW_PLAN, NEW_LINE, NEW_CONTACT = ({"application/json": body} for body in (_NEW_PLAN, _NEW_LINE, _NEW_CONTACT))


class PlanLineSerializer(serializers.Serializer[Step]):
    id = serializers.IntegerField(help_text=gettext_lazy("A step: complete, drop and reopen it as one."))
    item = serializers.IntegerField(source="item_id")
    text = serializers.CharField()
    feature = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Empty: it is ticked by hand."))
    start = serializers.FloatField(allow_null=True, help_text=gettext_lazy("The feature when the line was made."))
    value = serializers.FloatField(allow_null=True, help_text=gettext_lazy("The feature when it was last looked at."))
    target = serializers.FloatField(allow_null=True)
    done_at = rest.Moment(allow_null=True)
    done_by = serializers.SerializerMethodField(help_text=gettext_lazy("Who ticked it; empty: usage, or not yet."))
    dropped_at = rest.Moment(allow_null=True)

    def get_done_by(self, line: Step) -> str:
        return str(line.done_by) if line.done_by else ""


class ContactSerializer(serializers.Serializer[Contact]):
    id = serializers.IntegerField()
    account = serializers.IntegerField(source="account_id", allow_null=True)
    email = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    title = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    department = serializers.ChoiceField(Department.choices, allow_blank=True)
    seniority = serializers.ChoiceField(Seniority.choices, allow_blank=True)
    user = serializers.IntegerField(
        source="user_id", allow_null=True, help_text=gettext_lazy("The person of the product that they are.")
    )
    role = serializers.ChoiceField(BuyingRole.choices, source="buying_role", allow_blank=True)
    confidence = serializers.FloatField(
        source="buying_confidence", help_text=gettext_lazy("0.9: known, 0.6: thought, 0: no role.")
    )
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    added_by = serializers.SerializerMethodField(help_text=gettext_lazy("Empty: not by a member."))
    bucket = BucketField(help_text=gettext_lazy("Of the account; `lead` without a known one."))
    removed_at = rest.Moment(allow_null=True)

    def get_added_by(self, contact: Contact) -> str:
        return str(contact.added_by) if contact.added_by else ""


class PlanLinePageSerializer(rest.PageSerializer):
    results = PlanLineSerializer(many=True)


class ContactPageSerializer(rest.PageSerializer):
    results = ContactSerializer(many=True)


@extend_schema(
    methods=["GET"],
    operation_id="list_plan_lines",
    summary="The activation plan of a queue item",
    parameters=PageOnly.parameters(),
    responses=PlanLinePageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="make_plan",
    summary="Make an activation plan",
    request=NEW_PLAN,
    responses={201: PlanLineSerializer(many=True)},
)
@api_view(["GET", "POST"])
def plan(request: Request, item_id: int) -> Response:
    """Made from the account's cheapest ways to PQA; an item of success that is claimed gets one by itself."""
    item_or_gone(item_id)
    if request.method == "GET":
        return rest.page(request, PageOnly.rows(request, plans.of_item(item_id)), PlanLineSerializer)
    said = told(request, NewPlan)
    return _lines(heard(plans.make, item_id=item_id, member=request.user, way=said.way), 201)


@extend_schema(
    operation_id="add_plan_line",
    summary="Add a line to an activation plan",
    request=NEW_LINE,
    responses={201: PlanLineSerializer},
)
@api_view(["POST"])
def line(request: Request, item_id: int) -> Response:
    """A thing that usage shows ticks itself; own words are ticked by hand."""
    item_or_gone(item_id)
    said = told(request, NewLine)
    made = heard(plans.add, item_id=item_id, member=request.user, lever=said.lever, n=said.n, text=said.text)
    return Response(PlanLineSerializer(made).data, status=201)


@extend_schema(
    operation_id="drop_plan",
    summary="Drop the open lines of an activation plan",
    request=None,
    responses=PlanLineSerializer(many=True),
)
@api_view(["POST"])
def plan_drop(request: Request, item_id: int) -> Response:
    """Answers what is left: the lines that are done. `put-back` is its undo."""
    return _plan_act(request, item_id, plans.drop)


@extend_schema(
    operation_id="put_back_plan",
    summary="Put back the lines that were dropped together",
    request=None,
    responses=PlanLineSerializer(many=True),
)
@api_view(["POST"])
def plan_back(request: Request, item_id: int) -> Response:
    """The undo of `drop`."""
    return _plan_act(request, item_id, plans.put_back)


@extend_schema(
    methods=["GET"],
    operation_id="list_contacts",
    summary="The contacts of a queue item's account, buyers first",
    parameters=PageOnly.parameters(),
    responses=ContactPageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="add_contact",
    summary="Add a contact to a queue item's account",
    request=NEW_CONTACT,
    responses={201: ContactSerializer},
)
@api_view(["GET", "POST"])
def contacts_of(request: Request, item_id: int) -> Response:
    """People who do not use the product. With an economic buyer the account is routed anew a few seconds later."""
    item = QueueItem.objects.filter(pk=item_id).first()
    if item is None:
        raise no_item(item_id)
    if request.method == "GET":
        return rest.page(request, PageOnly.rows(request, known.of_account(item.account_id)), ContactSerializer)
    said = told(request, NewContact)
    contact = heard(contacts.add, item_id=item_id, member=request.user, **msgspec.structs.asdict(said))
    return Response(ContactSerializer(contact).data, status=201)


@extend_schema(operation_id="remove_contact", summary="Take a contact away", request=None, responses=ContactSerializer)
@api_view(["POST"])
def contact_remove(request: Request, item_id: int, contact_id: int) -> Response:
    """`put-back` is its undo."""
    return _contact_act(request, item_id, contact_id, contacts.remove)


@extend_schema(operation_id="put_back_contact", summary="Put a contact back", request=None, responses=ContactSerializer)
@api_view(["POST"])
def contact_back(request: Request, item_id: int, contact_id: int) -> Response:
    """The undo of `remove`."""
    return _contact_act(request, item_id, contact_id, contacts.put_back)


def _plan_act(request: Request, item_id: int, verb: Callable[..., int]) -> Response:
    rest.no_fields(request)
    item_or_gone(item_id)
    heard(verb, item_id=item_id, member=request.user)
    return _lines(list(plans.of_item(item_id)[: 2 * plans.MOST_LINES]), 200)


def _lines(lines: Any, status: int) -> Response:
    return Response(PlanLineSerializer(lines, many=True).data, status=status)


def _contact_act(request: Request, item_id: int, contact_id: int, verb: Callable[..., Contact]) -> Response:
    rest.no_fields(request)
    item_or_gone(item_id)
    try:
        contact = heard(verb, item_id=item_id, contact_id=contact_id, member=request.user)
    except Contact.DoesNotExist:
        raise NotFound(_("There is no contact %(id)d of this account.") % {"id": contact_id}) from None
    return Response(ContactSerializer(contact).data)
