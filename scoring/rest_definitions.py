"""Definitions for programs: versions and drafts, what a draft does and how it would have done, publishing and going back.

Every member reads; product and admins write.
"""

from __future__ import annotations

import time
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import UNSET, UnsetType
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, rest
from accounts.models import Account, Member, Role
from scoring import backtest, definitions, differences, drafts, matrices, preview, publishing, rest_workspaces, rules
from scoring import rest_shapes as shapes
from scoring.models import Definition, ScoringRun, Tier

ROWS = Definition.objects.select_related("created_by", "updated_by", "published_by")
#: Weeks of which the load is the mean.
LOAD_WEEKS = 8
#: Seconds that one call works out past weeks for; then it answers how many are missing.
PATIENCE = 5.0


class DefinitionFilters(rest.Filters):
    state = filters.ChoiceFilter(choices=Definition.State.choices, help_text=gettext_lazy("Only this state."))
    discarded = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="put_away",
        help_text=gettext_lazy("Only drafts that were discarded, or none of them."),
    )

    def put_away(self, rows: QuerySet[Definition], name: str, value: str) -> QuerySet[Definition]:
        return rows.filter(discarded_at__isnull=value == "false")


@extend_schema(
    methods=["GET"],
    operation_id="list_definitions",
    summary="Drafts, newest first, then versions, newest first",
    parameters=DefinitionFilters.parameters(),
    responses=shapes.DefinitionPageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="begin_draft",
    summary="Begin a draft",
    request=shapes.NEW_DRAFT,
    responses={201: shapes.DefinitionSerializer},
)
@api_view(["GET", "POST"])
def definition_list(request: Request) -> Response:
    """A new draft has the spec of `based_on` (the version in force when none is given), or the `spec` that is sent."""
    if request.method == "POST":
        return _begin(request)
    definitions.published()  # a fresh installation gets its first version
    rows = ROWS.defer("spec").order_by(F("version").desc(nulls_first=True), "-updated_at", "-id")
    return rest.page(request, DefinitionFilters.rows(request, rows), shapes.DefinitionLineSerializer)


def _begin(request: Request) -> Response:
    _may(request)
    said = shapes.told(request, shapes.NewDraft)
    based_on = None
    if not isinstance(said.based_on, UnsetType):
        based_on = Definition.objects.filter(pk=said.based_on).first()
        if based_on is None:
            raise rest.bad("based_on", _("there is no definition with this id."))
    spec = None if isinstance(said.spec, UnsetType) else shapes.spec_of(said.spec).as_json()
    try:
        draft = drafts.begin(member=_member(request), based_on=based_on, name=said.name, spec=spec)
    except rules.BadDefinition as bad:
        raise shapes.complaint(bad) from None
    return Response(_whole(draft), status=201)


@extend_schema(
    methods=["GET"],
    operation_id="get_definition",
    summary="A version or a draft, with its spec and what it changed",
    responses=shapes.DefinitionSerializer,
)
@extend_schema(
    methods=["PATCH"],
    operation_id="save_draft",
    summary="Save a draft",
    request=shapes.DRAFT_CHANGE,
    responses={200: shapes.DefinitionSerializer, 409: shapes.ConflictSerializer},
)
@api_view(["GET", "PATCH"])
def definition(request: Request, definition_id: int) -> Response:
    """`revision` is the one that was read: when it is not the draft's any more, the answer is 409 with what is there now."""
    found = find(definition_id)
    if request.method == "GET":
        return Response(_whole(found))
    _may(request)
    said = shapes.told(request, shapes.DraftChange)
    try:
        saved = drafts.save(
            draft_id=found.pk,
            revision=said.revision,
            member=_member(request),
            name=None if isinstance(said.name, UnsetType) else said.name,
            spec=None if isinstance(said.spec, UnsetType) else shapes.spec_of(said.spec).as_json(),
        )
    except drafts.Changed as changed:
        return _conflict("changed", str(changed), changed.current)
    except rules.BadDefinition as bad:
        raise shapes.complaint(bad) from None
    return Response(_whole(saved))


@extend_schema(
    operation_id="preview_definition",
    summary="What a definition does to every account now",
    request=shapes.PREVIEW_ASKED,
    responses=shapes.PreviewSerializer,
)
@api_view(["POST"])
def preview_of(request: Request, definition_id: int) -> Response:
    """Beside the version in force, over the features of the last full run: of the stored spec, or of the `spec` that is sent."""
    found = find(definition_id)
    spec = _wanted(found, shapes.told(request, shapes.PreviewAsked).spec)
    snapshot = shapes.newest()
    published = definitions.spec_of(definitions.published())
    effect = preview.compare(spec, published, snapshot=snapshot, tiers=preview.tiers_now(snapshot))
    answer = {
        "as_of": effect.as_of,
        "made_at": snapshot.made_at,
        "accounts": effect.accounts,
        "histogram": {"now": effect.histogram_now.tolist(), "draft": effect.histogram_draft.tolist()},
        "transitions": [
            {"now": now, "then": then, "accounts": int(effect.transitions[row, column])}
            for row, now in enumerate(rules.TIERS)
            for column, then in enumerate(rules.TIERS)
        ],
        "shares": effect.shares,
        "variant_shares": list(effect.shares_of_recipes[1:]),
        "load": _load(spec),
        "workspaces": rest_workspaces.effect(spec, published),
        "milliseconds": effect.milliseconds,
    }
    return Response(shapes.PreviewSerializer(answer).data)


def _load(spec: rules.Spec) -> dict[str, Any] | None:
    """None where weeks would have to be worked out first: a preview is quick."""
    days = matrices.weeks(LOAD_WEEKS)
    if matrices.missing([days[0] - backtest.WEEK, *days]):
        return None
    load = backtest.loads(spec, weeks=LOAD_WEEKS, thresholds=[spec.thresholds.pqa]).lines[0]
    team = Member.objects.filter(role=Role.SALES, is_active=True).aggregate(n=Sum("weekly_capacity"))["n"] or 0
    names = ("threshold", "entering", "pqa", "kept")
    return {name: getattr(load, name) for name in names} | {"capacity": team}


#: Those that would enter are looked at first.
CELL = {"now": Tier.ACTIVATE.value, "then": Tier.PQA.value}


def _choice(name: str, words: Any) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, enum=list(Tier.values), default=CELL[name], description=words)


@extend_schema(
    operation_id="list_movers",
    summary="The accounts that a definition moves from one tier to another",
    parameters=[
        _choice("now", gettext_lazy("The tier that they have.")),
        _choice("then", gettext_lazy("The tier that they would have.")),
        *(parameter for parameter in DefinitionFilters.parameters() if parameter.name in ("limit", "offset")),
    ],
    responses=shapes.MoversSerializer,
)
@api_view(["GET"])
def movers(request: Request, definition_id: int) -> Response:
    """One cell of the transition matrix: those whose score changes most first."""
    found = find(definition_id)
    for name, values in request.query_params.lists():
        if name not in ("now", "then", "limit", "offset"):
            raise rest.bad(name[:100], _("is not a parameter of this call."), "unknown_parameter")
        if len(values) > 1:
            raise rest.bad(name, _("is given more than once."), "repeated")
    tiers = {name: request.query_params.get(name, default) for name, default in CELL.items()}
    for name, tier in tiers.items():
        if tier not in Tier.values:
            raise rest.bad(name, _("must be one of %(tiers)s.") % {"tiers": ", ".join(Tier.values)})
    pages = rest.Pages()
    limit, offset = pages.get_limit(request), pages.get_offset(request)
    spec, published = _wanted(found), definitions.spec_of(definitions.published())
    snapshot = shapes.newest()
    stored = preview.tiers_now(snapshot)
    now, then = tiers["now"], tiers["then"]
    count = len(preview.compare(spec, published, snapshot=snapshot, tiers=stored).places(now, then))
    lines = preview.movers(
        spec, published, snapshot=snapshot, tiers=stored, now=now, then=then, limit=limit, offset=offset
    )
    accounts = Account.objects.in_bulk([line.account_id for line in lines])
    results = [
        {
            "account": accounts[line.account_id],
            "score_now": line.score_now,
            "score_draft": line.score_draft,
            "moved": [{"label": label, "points": points} for label, points in line.moved],
        }
        for line in lines
        if line.account_id in accounts
    ]
    return Response(shapes.MoversSerializer({"count": count, "results": results}).data)


@extend_schema(
    operation_id="backtest_definition",
    summary="How a definition would have done over past weeks",
    request=shapes.BACKTEST_ASKED,
    responses={200: shapes.BacktestSerializer, 202: shapes.NotYetSerializer},
)
@api_view(["POST"])
def backtest_of(request: Request, definition_id: int) -> Response:
    """With what was known then. Weeks that were never asked for are worked out first: 202 says how many are missing; ask again."""
    found = find(definition_id)
    said = shapes.told(request, shapes.BacktestAsked)
    spec = _wanted(found, said.spec)
    days = matrices.weeks(said.weeks)
    missing = matrices.missing([days[0] - backtest.WEEK, *days])
    until = time.monotonic() + PATIENCE
    while missing:
        if time.monotonic() > until:
            return Response({"weeks": len(days), "missing": len(missing)}, status=202)
        try:
            matrices.make([missing.pop()])
        except matrices.TROUBLE as error:
            raise shapes.not_now(str(error)) from error
    result = backtest.run(spec, weeks=said.weeks, kinds=sorted(set(said.kinds)), horizon_days=said.horizon_days)
    names = ("bands", "base_rate", "lead_days", "positives", "unknown", "horizon_days", "kinds", "milliseconds")
    answer: dict[str, Any] = {name: getattr(result, name) for name in names}
    answer["weeks"] = [
        {
            "day": week.day,
            "entered": week.entered,
            "tiers": dict(zip(rules.TIERS, map(int, week.counts), strict=True)),
            "is_mature": week.is_mature,
            "positives": week.positives,
            "unknown": week.unknown,
        }
        for week in result.weeks
    ]
    return Response(shapes.BacktestSerializer(answer).data)


@extend_schema(
    operation_id="publish_draft",
    summary="Put a draft in force",
    request=shapes.PUBLICATION,
    responses={200: shapes.PublishedSerializer, 409: shapes.ConflictSerializer},
)
@api_view(["POST"])
def publish(request: Request, definition_id: int) -> Response:
    """`token` is that of the draft's effects, as they were shown. All accounts are scored by the new version at once."""
    found = find(definition_id)
    said = shapes.told(request, shapes.Publication)
    try:
        version, run = publishing.publish(draft_id=found.pk, token=said.token, note=said.note, member=_member(request))
    except publishing.Refused as refused:
        if refused.code in ("note", "token"):
            raise rest.bad(refused.code, refused.message) from None
        return _conflict(refused.code, refused.message, find(found.pk))
    except rules.BadDefinition as bad:
        raise shapes.complaint(bad) from None
    return _published(version, run)


@extend_schema(
    operation_id="roll_back_definition",
    summary="Put an earlier version in force again",
    request=shapes.RETURN,
    responses={200: shapes.PublishedSerializer, 409: shapes.ConflictSerializer},
)
@api_view(["POST"])
def roll_back(request: Request, definition_id: int) -> Response:
    """Its spec becomes the next version. Without a `note` the note says to which version it went back."""
    found = find(definition_id)
    said = shapes.told(request, shapes.Return)
    if found.version is None:
        return _conflict("draft", _("A draft was never in force: publish it."), found)
    try:
        version, run = publishing.roll_back(to_version=found.version, note=said.note, member=_member(request))
    except publishing.Refused as refused:
        return _conflict(refused.code, refused.message, found)
    except rules.BadDefinition as bad:
        raise shapes.complaint(bad) from None
    return _published(version, run)


@extend_schema(
    operation_id="discard_draft",
    summary="Put a draft away",
    request=None,
    responses={200: shapes.DefinitionSerializer, 409: shapes.ConflictSerializer},
)
@api_view(["POST"])
def discard(request: Request, definition_id: int) -> Response:
    """It can be brought back. Doing it again changes nothing."""
    return _put(request, definition_id, drafts.discard)


@extend_schema(
    operation_id="restore_draft",
    summary="Bring a discarded draft back",
    request=None,
    responses={200: shapes.DefinitionSerializer, 409: shapes.ConflictSerializer},
)
@api_view(["POST"])
def restore(request: Request, definition_id: int) -> Response:
    """Doing it again changes nothing."""
    return _put(request, definition_id, drafts.restore)


def _put(request: Request, definition_id: int, verb: Any) -> Response:
    rest.no_fields(request)
    found = find(definition_id)
    if found.version is not None:
        return _conflict("published", _("This is version %(n)d, not a draft.") % {"n": found.version}, found)
    return Response(_whole(verb(draft_id=found.pk, member=_member(request))))


# What they share --------------------------------------------------------------------------------------------------------


def find(definition_id: int) -> Definition:
    """Raises `NotFound`."""
    found = ROWS.filter(pk=definition_id).first()
    if found is None:
        raise NotFound(_("There is no definition %(id)d.") % {"id": definition_id})
    return found


def _member(request: Request) -> Member:
    assert isinstance(request.user, Member)  # the middleware lets nobody else in
    return request.user


def _may(request: Request) -> None:
    if not access.can(_member(request), "edit_definitions"):
        raise PermissionDenied


def _wanted(found: Definition, said: Any = UNSET) -> rules.Spec:
    """The spec that was sent, or the stored one."""
    if not isinstance(said, UnsetType):
        return shapes.spec_of(said)
    try:
        return definitions.spec_of(found)
    except rules.BadDefinition as bad:  # of before a feature went
        raise shapes.complaint(bad) from None


def _whole(found: Definition) -> dict[str, Any]:
    if found.version is None:
        before = definitions.published()
    else:
        before = Definition.objects.filter(version__lt=found.version).order_by("-version").first() or found
    try:
        changes = differences.in_words(definitions.spec_of(before), definitions.spec_of(found))
    except rules.BadDefinition:
        changes = []
    found.changes = changes  # type: ignore[attr-defined]
    return shapes.DefinitionSerializer(found).data


def _published(version: Definition, run: ScoringRun) -> Response:
    return Response({"definition": _whole(version), "run": shapes.RunSerializer(run).data})


def _conflict(code: str, message: str, current: Definition) -> Response:
    return Response({"error": {"code": code, "message": message}, "current": _whole(current)}, status=409)
