"""Corrections for programs: look before, do, undo; and likely merges. Admins and product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, cast

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, corrections, rest, suggesting
from accounts.corrections import Refused, listing
from accounts.corrections.listing import STATES, CorrectionFilter
from accounts.corrections.verbs import MOST
from accounts.models import Correction, Member, MergeSuggestion
from playbooks import following, foreseeing
from scoring.rest_shapes import LARGEST_ID, NotNow, told

Kind = Correction.Kind
type Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
type Ids = Annotated[list[Id], msgspec.Meta(max_length=MOST)]
type Domain = Annotated[str, msgspec.Meta(max_length=253)]
KINDS = ("merge", "move_domain", "move_space", "split")


class NewCorrection(msgspec.Struct, forbid_unknown_fields=True):
    kind: Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(KINDS)})$")]
    account: Id | msgspec.UnsetType = msgspec.UNSET
    into: Id | msgspec.UnsetType = msgspec.UNSET
    domain: Domain | msgspec.UnsetType = msgspec.UNSET
    workspace: Id | msgspec.UnsetType = msgspec.UNSET
    domains: Annotated[list[Domain], msgspec.Meta(max_length=MOST)] = []
    workspaces: Ids = []
    people: Ids = []
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    note: Annotated[str, msgspec.Meta(max_length=corrections.NOTE)] = ""


_ID = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
_IDS = {"type": "array", "items": _ID, "maxItems": MOST}
_DOMAIN = {"type": "string", "maxLength": 253}
NEW = {
    "application/json": {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": list(KINDS)},
            "account": _ID | {"description": "`merge`: the one that goes. `split`: the one that is split."},
            "into": _ID | {"description": "The account that gets it; not for `split`."},
            "domain": _DOMAIN | {"description": "For `move_domain`."},
            "workspace": _ID | {"description": "The id of it here, for `move_space`."},
            "domains": {"type": "array", "items": _DOMAIN, "maxItems": MOST},
            "workspaces": _IDS,
            "people": _IDS | {"description": "Linked by hand. With `domains` and `workspaces`: what a `split` takes."},
            "name": {"type": "string", "maxLength": 200, "description": "Of the account that a `split` makes."},
            "note": {"type": "string", "maxLength": corrections.NOTE},
        },
        "required": ["kind"],
        "additionalProperties": False,
    }
}


class MovedAlongSerializer(serializers.Serializer[Any]):
    people = serializers.IntegerField()
    workspaces = serializers.IntegerField()
    domains = serializers.IntegerField()
    contacts = serializers.IntegerField()


class CorrectionSerializer(serializers.Serializer[Correction]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Kind.choices)
    what = serializers.SerializerMethodField(help_text=gettext_lazy("In words."))
    from_account = rest.AccountNameSerializer()
    to_account = rest.AccountNameSerializer()
    domains = serializers.ListField(child=serializers.CharField())
    moved = MovedAlongSerializer(source="counts")
    note = serializers.CharField(allow_blank=True)
    made_at = rest.Moment()
    made_by = serializers.CharField(allow_null=True)
    undone_at = rest.Moment(allow_null=True)
    undone_by = serializers.CharField(allow_null=True)

    def get_what(self, one: Correction) -> str:
        return corrections.in_words(one)


class CorrectionPageSerializer(rest.PageSerializer):
    results = CorrectionSerializer(many=True)


class PlaceSerializer(serializers.Serializer[foreseeing.Place]):
    queue = serializers.CharField(source="motion")
    state = serializers.CharField()
    owner = serializers.CharField(allow_blank=True)


class SideSerializer(serializers.Serializer[foreseeing.Side]):
    id = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("None of an account that is made by it."))
    name = serializers.CharField()
    is_gone = serializers.BooleanField(help_text=gettext_lazy("It was merged away and is only an address."))
    people = serializers.IntegerField(source="weight.people")
    active_people = serializers.IntegerField(source="weight.active", help_text=gettext_lazy("In 28 days."))
    workspaces = serializers.IntegerField(source="weight.workspaces")
    contacts = serializers.IntegerField(source="weight.contacts")
    domains = serializers.ListField(child=serializers.CharField(), source="weight.domains")
    events_28 = serializers.IntegerField(source="weight.events")
    events_90 = serializers.IntegerField(source="weight.events_long")
    score = serializers.IntegerField(source="rated.score", allow_null=True)
    tier = serializers.CharField(source="rated.tier", allow_blank=True)
    buyer_state = serializers.CharField(source="rated.buyer", allow_blank=True)
    queues = PlaceSerializer(source="places", many=True)


class ForeseenSerializer(serializers.Serializer[foreseeing.Foreseen]):
    account = SideSerializer(source="away")
    into = SideSerializer(allow_null=True)
    account_after = SideSerializer(source="away_after")
    into_after = SideSerializer()
    moved = MovedAlongSerializer(source="counts")
    items_that_give_way = serializers.IntegerField(source="leaving")
    is_scored = serializers.BooleanField(
        source="is_rated", help_text=gettext_lazy("Whether scores after were computed; not with a warehouse.")
    )


class SuggestionSerializer(serializers.Serializer[MergeSuggestion]):
    id = serializers.IntegerField()
    account = rest.AccountNameSerializer(help_text=gettext_lazy("The one that fades."))
    into = rest.AccountNameSerializer()
    score = serializers.FloatField(help_text=gettext_lazy("0 to 1."))
    evidence = serializers.JSONField()
    words = serializers.SerializerMethodField(help_text=gettext_lazy("The evidence in sentences, the strongest first."))
    would_settle = serializers.SerializerMethodField(help_text=gettext_lazy("What to look at before saying yes."))
    found_at = rest.Moment()
    dismissed_at = rest.Moment(allow_null=True)

    def get_words(self, one: MergeSuggestion) -> list[str]:
        return suggesting.words(one.evidence)

    def get_would_settle(self, one: MergeSuggestion) -> str:
        return suggesting.would_settle(one.evidence)


class SuggestionPageSerializer(rest.PageSerializer):
    results = SuggestionSerializer(many=True)


class CorrectionFilters(rest.Filters):
    kind = filters.ChoiceFilter(choices=Kind.choices, help_text=gettext_lazy("Only of this kind."))
    state = filters.ChoiceFilter(
        choices=[(state, state) for state in STATES], method="as_page", help_text=gettext_lazy("Standing or undone.")
    )

    def as_page(self, rows: QuerySet[Correction], _name: str, value: str) -> QuerySet[Correction]:
        return rows.filter(undone_at__isnull=value == "standing")


class SuggestionFilters(rest.Filters):
    dismissed = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="by_dismissed",
        help_text=gettext_lazy("Those that were dismissed, instead of those that were not."),
    )

    def by_dismissed(self, rows: QuerySet[MergeSuggestion], _name: str, value: str) -> QuerySet[MergeSuggestion]:
        return listing.suggestions(dismissed=value == "true")


@extend_schema(
    methods=["GET"],
    operation_id="list_corrections",
    summary="What was corrected, the newest first",
    parameters=CorrectionFilters.parameters(),
    responses=CorrectionPageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="correct",
    summary="Merge, move or split",
    request=NEW,
    responses={201: CorrectionSerializer},
)
@api_view(["GET", "POST"])
def correction_list(request: Request) -> Response:
    """Scores follow within seconds; of two queue items of one motion one stays."""
    if request.method == "GET":
        return rest.page(request, CorrectionFilters.rows(request, CorrectionFilter().rows()), CorrectionSerializer)
    verb, said = _asked(request)
    made = _heard(following.correct, verb=verb, **said, member=_member(request), way=audit.API)
    return Response(_shown(made), status=201)


@extend_schema(
    operation_id="foresee_correction",
    summary="What a correction would change",
    request=NEW,
    responses=ForeseenSerializer,
)
@api_view(["POST"])
def correction_preview(request: Request) -> Response:
    """Exactly: it is made, measured and rolled back. 503 while messages are being loaded for longer than some seconds."""
    verb, said = _asked(request)
    try:
        seen = _heard(foreseeing.foresee, verb=verb, **said, member=_member(request))
    except foreseeing.Busy:
        raise NotNow(_("Messages are being loaded right now. Ask again in a moment.")) from None
    return Response(ForeseenSerializer(seen).data)


@extend_schema(operation_id="undo_correction", summary="Take one back", request=None, responses=CorrectionSerializer)
@api_view(["POST"])
def correction_undo(request: Request, correction_id: int) -> Response:
    """Whenever it was made. What a later correction moved on has to come back first: the message names that one."""
    rest.no_fields(request)
    try:
        undone = _heard(
            following.correct,
            verb=corrections.undo,
            correction_id=correction_id,
            member=_member(request),
            way=audit.API,
        )
    except Correction.DoesNotExist:
        raise NotFound(_("There is no correction %(id)d.") % {"id": correction_id}) from None
    return Response(_shown(undone))


@extend_schema(
    operation_id="list_merge_suggestions",
    summary="Accounts that may be one company, the likeliest first",
    parameters=SuggestionFilters.parameters(),
    responses=SuggestionPageSerializer,
)
@api_view(["GET"])
def suggestion_list(request: Request) -> Response:
    """Found every night. Those that were merged or whose account is gone are left out."""
    return rest.page(request, SuggestionFilters.rows(request, listing.suggestions()), SuggestionSerializer)


@extend_schema(
    operation_id="dismiss_merge_suggestion",
    summary="They are two companies",
    request=None,
    responses=SuggestionSerializer,
)
@api_view(["POST"])
def suggestion_dismiss(request: Request, suggestion_id: int) -> Response:
    """`put-back` is its undo."""
    return _suggested(request, listing.dismiss, suggestion_id)


@extend_schema(
    operation_id="put_back_merge_suggestion",
    summary="They may be one company after all",
    request=None,
    responses=SuggestionSerializer,
)
@api_view(["POST"])
def suggestion_back(request: Request, suggestion_id: int) -> Response:
    """The undo of `dismiss`."""
    return _suggested(request, listing.put_back, suggestion_id)


def _suggested(request: Request, verb: Callable[..., MergeSuggestion], suggestion_id: int) -> Response:
    rest.no_fields(request)
    try:
        found = _heard(verb, suggestion_id=suggestion_id, member=_member(request), way=audit.API)
    except MergeSuggestion.DoesNotExist:
        raise NotFound(_("There is no suggestion %(id)d.") % {"id": suggestion_id}) from None
    return Response(SuggestionSerializer(found).data)


def _asked(request: Request) -> tuple[Callable[..., Correction], dict[str, Any]]:
    """The verb and its words. Raises `ValidationError` naming what is missing."""
    said = told(request, NewCorrection)

    def needed(name: str) -> Any:
        value = getattr(said, name)
        if value is msgspec.UNSET:
            raise rest.bad(name, _("is needed for this kind."), "required")
        return value

    verb: Callable[..., Correction]
    words: dict[str, Any]
    match said.kind:
        case Kind.MERGE:
            verb, words = corrections.merge, {"account_id": needed("account"), "into_id": needed("into")}
        case Kind.MOVE_DOMAIN:
            verb, words = corrections.move_domain, {"domain": needed("domain"), "into_id": needed("into")}
        case Kind.MOVE_WORKSPACE:
            verb, words = corrections.move_workspace, {"workspace_id": needed("workspace"), "into_id": needed("into")}
        case _:
            verb, words = (
                corrections.split,
                {
                    "account_id": needed("account"),
                    "name": said.name,
                    "domains": said.domains,
                    "workspace_ids": said.workspaces,
                    "people": said.people,
                },
            )
    return verb, words | {"note": said.note}


def _heard[T](call: Callable[..., T], /, **said: Any) -> T:
    try:
        return call(**said)
    except Refused as refused:
        raise rest.bad(refused.field, refused.words, "later_correction" if refused.first else "invalid") from None


def _shown(one: Correction) -> Any:
    return CorrectionSerializer(CorrectionFilter().rows().get(pk=one.pk)).data


def _member(request: Request) -> Member:
    return cast(Member, request.user)
