"""An account and its scores for programs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from scoring import buckets, holding, workspaces
from scoring.buckets import Bucket
from scoring.holding import Held
from scoring.models import BuyerState, Score, ScoreChange, Segment, Tier, WorkspaceScore

BUCKET_HELP = _("Of attribution; empty: neither usage nor contacts.")
MERGED = OpenApiResponse(description="The account was merged into the one at `Location`.")


class BucketField(serializers.ChoiceField):
    """The attribution bucket of a row that was read with it (`bucket`), else of the row's account."""

    def __init__(self, help_text: Any = BUCKET_HELP, **more: Any) -> None:
        fixed = {"allow_blank": True, "read_only": True, "source": "*", "help_text": help_text}
        super().__init__(Bucket.choices, **{**more, **fixed})

    def to_representation(self, row: Any) -> str:
        said: str | None = row.get("bucket") if isinstance(row, dict) else getattr(row, "bucket", None)
        if said is not None:
            return said
        if row.account_id is not None:
            return buckets.of_account(row.account_id)
        return Bucket.LEAD.value if row.user_id is None else ""  # a contact of no account


class EffectSerializer(serializers.Serializer[Any]):
    """A component's part of a score; the effects add up to the score."""

    key = serializers.CharField()
    value = serializers.FloatField(allow_null=True, help_text=_("The feature's value; null: not known."))
    effect = serializers.FloatField(help_text=_("In score points."))


class ContributionSerializer(EffectSerializer):
    label = serializers.CharField()  # type: ignore[assignment]
    feature = serializers.CharField()
    points = serializers.FloatField()
    max_points = serializers.FloatField()
    weight = serializers.FloatField()


class WeekAgoSerializer(serializers.Serializer[Score]):
    score = serializers.IntegerField(source="week_ago_score", allow_null=True)
    contributions = EffectSerializer(source="week_ago", many=True)


class JudgedSerializer(serializers.Serializer[Any]):
    """What a score and a former score share."""

    score = serializers.IntegerField(allow_null=True, help_text=_("1 to 100; null: not enough evidence."))
    tier = serializers.ChoiceField(Tier.choices)
    tier_reason = serializers.CharField(allow_blank=True, help_text=_("The gate that capped the tier."))
    segment = serializers.ChoiceField(Segment.choices)
    buyer_state = serializers.ChoiceField(BuyerState.choices)
    definition = serializers.IntegerField(source="definition.version", help_text=_("Its version."))
    contributions = ContributionSerializer(many=True)


class ScoreSerializer(JudgedSerializer):
    delta = serializers.IntegerField(allow_null=True, help_text=_("Points since a week ago."))
    tier_since = rest.Moment()
    scored_at = rest.Moment()
    hand_raised_at = rest.Moment(allow_null=True)
    week_ago = WeekAgoSerializer(source="*")


class ScoreChangeSerializer(JudgedSerializer):
    at = rest.Moment()


class ScoreChangePageSerializer(rest.PageSerializer):
    results = ScoreChangeSerializer(many=True)


class HeldSerializer(serializers.Serializer[Held]):
    """A steady event that fell silent, and the features that count as on the last day before it."""

    event = serializers.CharField(source="event_type.name")
    good_day = serializers.DateField(help_text=_("The day as on which they count."))
    until = serializers.DateField(help_text=_("The last day on which they are held, should the event stay silent."))
    features = serializers.SerializerMethodField()

    def get_features(self, held: Held) -> list[str]:
        return sorted(held.features)


class WorkspaceScoreSerializer(serializers.Serializer[WorkspaceScore]):
    """By the recipe for workspaces of the definition in force."""

    workspace = serializers.CharField(source="workspace.external_id")
    name = serializers.CharField(source="workspace.name", allow_blank=True)
    score = serializers.IntegerField(allow_null=True, help_text=_("1 to 100; null: not enough evidence."))
    tier = serializers.ChoiceField(Tier.choices)
    tier_reason = serializers.CharField(allow_blank=True, help_text=_("The gate that capped the tier."))
    tier_since = rest.Moment(allow_null=True, help_text=_("Null: since before this was kept."))
    definition = serializers.IntegerField(source="definition.version", help_text=_("Its version."))
    scored_at = rest.Moment()
    week_ago_score = serializers.IntegerField(allow_null=True, help_text=_("By the same recipe."))
    delta = serializers.IntegerField(allow_null=True, help_text=_("Points since a week ago."))
    contributions = ContributionSerializer(many=True)


class AccountSerializer(rest.AccountFactsSerializer):
    bucket = BucketField()
    score = ScoreSerializer(allow_null=True, help_text=_("Null: not scored yet."))
    workspace_scores = WorkspaceScoreSerializer(
        many=True,
        help_text=_("The highest first, at most 100; empty while the definition in force does not score workspaces."),
    )
    held = HeldSerializer(many=True, help_text=_("What is frozen in every score now because an event fell silent."))


class ScoreChangeFilters(rest.Filters):
    """Days are UTC, as those of usage are."""

    at__date__gte = filters.DateFilter(
        method="since", input_formats=["%Y-%m-%d"], help_text=_("Changes on this day (UTC) or later.")
    )
    at__date__lte = filters.DateFilter(
        method="until",
        input_formats=["%Y-%m-%d"],
        help_text=_("Changes on this day (UTC) or earlier: the first row is what was true at its end."),
    )

    def since(self, rows: QuerySet[ScoreChange], name: str, value: dt.date) -> QuerySet[ScoreChange]:
        return rows.filter(at__gte=_midnight(value))

    def until(self, rows: QuerySet[ScoreChange], name: str, value: dt.date) -> QuerySet[ScoreChange]:
        if value == dt.date.max:  # there is no day after it
            return rows
        return rows.filter(at__lt=_midnight(value + dt.timedelta(days=1)))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, dt.UTC)


@extend_schema(
    operation_id="get_account",
    summary="An account with its score and the reasons",
    responses={200: AccountSerializer, 308: MERGED},
)
@api_view(["GET"])
def account(request: Request, account_id: int) -> Response:
    """Facts, score with its contributions, domains, workspaces, people (buyers first) and the latest signals."""
    found = rest.account_or_gone(account_id)
    if found.merged_into_id is not None:
        return rest.moved(reverse("api_account", args=[found.merged_into_id]), request)
    score = Score.objects.filter(pk=found.pk).select_related("definition").first()
    told = rest.facts(found) | {
        "bucket": buckets.of_account(found.pk),
        "score": score,
        "workspace_scores": workspaces.of_account(found.pk, limit=AccountSerializer.LIMITS["workspaces"]),
        "held": holding.held(timezone.now().date()),
    }
    return Response(AccountSerializer(told).data)


@extend_schema(
    operation_id="list_account_scores",
    summary="The history of an account's score, newest first",
    parameters=ScoreChangeFilters.parameters(),
    responses={200: ScoreChangePageSerializer, 308: MERGED},
)
@api_view(["GET"])
def account_scores(request: Request, account_id: int) -> Response:
    """One row for each change of score, tier, buyer state or segment, with the contributions of then."""
    found = rest.account_or_gone(account_id)
    if found.merged_into_id is not None:
        return rest.moved(reverse("api_account_scores", args=[found.merged_into_id]), request)
    rows = ScoreChange.objects.filter(account=found).select_related("definition").order_by("-at", "-id")
    return rest.page(request, ScoreChangeFilters.rows(request, rows), ScoreChangeSerializer)
