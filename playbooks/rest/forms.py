"""The forms of raised hands for programs: an admin's scripts make them, change them, switch and remove them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.models import HandRaiseForm, Source
from accounts.raising import forms
from scoring.rest_shapes import told

UNSET = msgspec.UNSET
type Text[T] = T | msgspec.UnsetType
_NO_NULL = r"^[^\u0000]*$"
#: Field → characters at most.
_TEXTS = {
    "placement": 120,
    "question": 200,
    "button": 60,
    "thanks": 300,
    "thanks_url": 400,
    "consent": 400,
    "consent_url": 400,
}
_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 80, "pattern": _NO_NULL},
        "source": {"type": "string", "description": "The name of a source; without it the only one that is on."},
        **{name: {"type": "string", "maxLength": most, "pattern": _NO_NULL} for name, most in _TEXTS.items()},
        "asks": {"type": "array", "maxItems": 10, "items": {"type": "string", "enum": list(forms.ASKS)}},
        "origins": {
            "type": "array",
            "maxItems": forms.MOST_ORIGINS,
            "items": {"type": "string", "maxLength": 200},
            "description": "Sites that may use it, such as `https://www.acme.com`; empty: any.",
        },
        "is_active": {"type": "boolean", "description": "Of a form that is there: switches it."},
    },
    "additionalProperties": False,
}
CHANGE = {"application/json": _BODY}
NEW = {"application/json": _BODY | {"required": ["name"]}}


class Said(msgspec.Struct, forbid_unknown_fields=True):
    name: Text[Annotated[str, msgspec.Meta(min_length=1, max_length=80)]] = UNSET
    source: Text[str] = UNSET
    placement: Text[str] = UNSET
    question: Text[str] = UNSET
    button: Text[str] = UNSET
    thanks: Text[str] = UNSET
    thanks_url: Text[str] = UNSET
    consent: Text[str] = UNSET
    consent_url: Text[str] = UNSET
    asks: Text[Annotated[list[str], msgspec.Meta(max_length=10)]] = UNSET
    origins: Text[Annotated[list[Annotated[str, msgspec.Meta(max_length=200)]], msgspec.Meta(max_length=100)]] = UNSET
    is_active: Text[bool] = UNSET


class FormSerializer(serializers.Serializer[HandRaiseForm]):
    id = serializers.IntegerField()
    key = serializers.CharField(help_text=gettext_lazy("Public: what a page sends as `form`."))
    name = serializers.CharField()
    source = serializers.CharField(source="source.name")  # type: ignore[assignment]
    placement = serializers.CharField(allow_blank=True)
    question = serializers.CharField(allow_blank=True, help_text=gettext_lazy("The heading. Empty: the usual one."))
    button = serializers.CharField(allow_blank=True)
    thanks = serializers.CharField(allow_blank=True)
    thanks_url = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Where the visitor goes then."))
    asks = serializers.ListField(child=serializers.ChoiceField(list(forms.ASKS.items())))
    origins = serializers.ListField(child=serializers.CharField())
    consent = serializers.CharField(allow_blank=True, help_text=gettext_lazy("What must be agreed to."))
    consent_url = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    created_at = rest.Moment()
    removed_at = rest.Moment(allow_null=True)
    script = serializers.SerializerMethodField(help_text=gettext_lazy("For a script tag."))
    page = serializers.SerializerMethodField(help_text=gettext_lazy("The form as a page."))
    raised = serializers.IntegerField(source="number", help_text=gettext_lazy("Hands that were raised with it."))
    spam = serializers.IntegerField(help_text=gettext_lazy("Held back."))

    def get_script(self, form: HandRaiseForm) -> str:
        return self._address("hand_form_script", form)

    def get_page(self, form: HandRaiseForm) -> str:
        return self._address("hand_form_page", form)

    def _address(self, name: str, form: HandRaiseForm) -> str:
        request = self.context["request"]
        return str(request.build_absolute_uri(reverse(name, args=[form.key])))


class FormPageSerializer(rest.PageSerializer):
    results = FormSerializer(many=True)


class FormFilters(rest.Filters):
    removed = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="of_removed",
        help_text=gettext_lazy("Those that were removed. Without it: those that are there."),
    )

    def of_removed(self, rows: QuerySet[HandRaiseForm], name: str, value: str) -> QuerySet[HandRaiseForm]:
        return rows


@extend_schema(
    methods=["GET"],
    operation_id="list_forms",
    summary="The forms of raised hands",
    parameters=FormFilters.parameters(),
    responses=FormPageSerializer,
)
@extend_schema(
    methods=["POST"], operation_id="make_form", summary="Make a form", request=NEW, responses={201: FormSerializer}
)
@api_view(["GET", "POST"])
def form_list(request: Request) -> Response:
    """In the order of their names. Admins only."""
    if request.method == "GET":
        is_removed = request.query_params.get("removed") == "true"
        rows = FormFilters.rows(request, _rows().filter(removed_at__isnull=not is_removed).order_by("name", "pk"))
        pages = rest.Pages()
        listed = pages.paginate_queryset(rows, request) or []
        shown = FormSerializer(listed, many=True, context={"request": request}).data  # type: ignore[arg-type]
        return pages.get_paginated_response(shown)
    said = told(request, Said)
    if said.name is UNSET:
        raise rest.bad("name", _("is needed."), "required")
    if said.is_active is not UNSET:
        raise rest.bad("is_active", _("A new form is on."))
    form = HandRaiseForm(asks=["name", "message"], source=_source(said))
    _save(request, form, said)
    return _shown(request, form.pk, status=201)


@extend_schema(methods=["GET"], operation_id="get_form", summary="A form", responses=FormSerializer)
@extend_schema(
    methods=["PATCH"], operation_id="change_form", summary="Change a form", request=CHANGE, responses=FormSerializer
)
@api_view(["GET", "PATCH"])
def form(request: Request, form_id: int) -> Response:
    """What is left out stays. `is_active` switches it off and on again. Admins only."""
    found = _found(form_id)
    if request.method == "PATCH":
        said = told(request, Said)
        if found.removed_at is not None:
            raise rest.bad("body", _("It is removed: put it back first."), "removed")
        if said.source is not UNSET:
            found.source = _source(said)
        _save(request, found, said)
        if said.is_active is not UNSET:
            forms.switch(form=found, on=said.is_active, member=request.user)  # type: ignore[arg-type]
    return _shown(request, form_id)


@extend_schema(operation_id="remove_form", summary="Remove a form", request=None, responses=FormSerializer)
@api_view(["POST"])
def form_remove(request: Request, form_id: int) -> Response:
    """It takes nothing any more; what it took stays. `put-back` is the undo. Admins only."""
    rest.no_fields(request)
    forms.remove(form=_found(form_id), member=request.user)  # type: ignore[arg-type]
    return _shown(request, form_id)


@extend_schema(operation_id="restore_form", summary="Put a form back", request=None, responses=FormSerializer)
@api_view(["POST"])
def form_back(request: Request, form_id: int) -> Response:
    """As it was, with its key. Admins only."""
    rest.no_fields(request)
    try:
        forms.put_back(form=_found(form_id), member=request.user)  # type: ignore[arg-type]
    except ValidationError as error:
        raise _complaint(error) from None
    return _shown(request, form_id)


def _rows() -> QuerySet[HandRaiseForm]:
    return HandRaiseForm.objects.select_related("source").annotate(
        number=Count("raised", filter=Q(raised__is_spam=False)),
        spam=Count("raised", filter=Q(raised__is_spam=True)),
    )


def _found(form_id: int) -> HandRaiseForm:
    found = HandRaiseForm.objects.select_related("source").filter(pk=form_id).first()
    if found is None:
        raise NotFound(_("There is no form %(id)d.") % {"id": form_id})
    return found


def _shown(request: Request, form_id: int, *, status: int = 200) -> Response:
    return Response(FormSerializer(_rows().get(pk=form_id), context={"request": request}).data, status=status)


def _source(said: Said) -> Source:
    if said.source is UNSET:
        on = list(Source.objects.filter(is_active=True).order_by("pk")[:2])
        if len(on) == 1:
            return on[0]
        raise rest.bad("source", _("is needed: the name of a source."), "required")
    found = Source.objects.filter(name=said.source).first() if "\x00" not in said.source else None
    if found is None:
        raise rest.bad("source", _("There is no source of this name."))
    return found


def _save(request: Request, form: HandRaiseForm, said: Said) -> None:
    for name in forms.SAID:
        if (value := getattr(said, name)) is not UNSET:
            setattr(form, name, value)
    for ask in form.asks:
        if ask not in forms.ASKS:
            raise rest.bad("asks", _("must be among %(all)s.") % {"all": ", ".join(forms.ASKS)})
    try:
        forms.save(form=form, member=request.user)  # type: ignore[arg-type]
    except ValidationError as error:
        raise _complaint(error) from None


def _complaint(error: ValidationError) -> Exception:
    if not hasattr(error, "error_dict"):
        return rest.bad("body", " ".join(error.messages))
    name, words = next(iter(error.message_dict.items()))
    return rest.bad("name" if name == "__all__" else name, " ".join(words))
