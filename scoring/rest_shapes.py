"""Definitions as programs send and read them: the bodies of calls, what is answered, and both in the words of OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts import rest
from scoring import definitions, matrices, recipes, rules
from scoring.drafts import NAME_LENGTH
from scoring.features import BY_KEY
from scoring.models import Definition, Outcome, ScoringRun, Tier
from scoring.publishing import NOTE_LENGTH
from scoring.rest_workspaces import WorkspaceEffectSerializer

LARGEST_ID = 2**31 - 1
#: Weeks and days that a backtest can be asked for.
WEEKS, DAYS = (1, 60), (7, 365)

# What is sent -----------------------------------------------------------------------------------------------------------

type Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
type SpecBody = dict[str, Any]
type Kind = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(Outcome.Kind.values)})$")]


class NewDraft(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=NAME_LENGTH)] = ""
    based_on: Id | msgspec.UnsetType = msgspec.UNSET
    spec: SpecBody | msgspec.UnsetType = msgspec.UNSET


class DraftChange(msgspec.Struct, forbid_unknown_fields=True):
    revision: Id
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH)] | msgspec.UnsetType = msgspec.UNSET
    spec: SpecBody | msgspec.UnsetType = msgspec.UNSET


class PreviewAsked(msgspec.Struct, forbid_unknown_fields=True):
    spec: SpecBody | msgspec.UnsetType = msgspec.UNSET


class BacktestAsked(msgspec.Struct, forbid_unknown_fields=True):
    weeks: Annotated[int, msgspec.Meta(ge=WEEKS[0], le=WEEKS[1])] = 26
    horizon_days: Annotated[int, msgspec.Meta(ge=DAYS[0], le=DAYS[1])] = 90
    kinds: Annotated[list[Kind], msgspec.Meta(min_length=1, max_length=len(Outcome.Kind))] = msgspec.field(
        default_factory=lambda: ["hand_raise", "won"]
    )
    spec: SpecBody | msgspec.UnsetType = msgspec.UNSET


class Publication(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(max_length=1000)]
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_LENGTH)]


class Return(msgspec.Struct, forbid_unknown_fields=True):
    note: Annotated[str, msgspec.Meta(max_length=NOTE_LENGTH)] = ""


def told[T](request: Request, shape: type[T]) -> T:
    """The body of a call. Raises `ValidationError` naming the field."""
    try:
        return msgspec.convert(request.data, shape)
    except msgspec.ValidationError as error:
        raise rest.misread(error) from None


def spec_of(said: SpecBody) -> rules.Spec:
    """A spec that was sent, strictly: a text is no number. Raises `ValidationError` naming the field, `spec.…`."""
    try:
        return definitions.parsed(said, strict=True)
    except rules.BadDefinition as bad:
        raise complaint(bad) from None


def complaint(bad: rules.BadDefinition) -> Exception:
    """The 400 for a bad definition; what is wrong with the spec is told by its path in the body."""
    where = bad.field if bad.field in ("spec", "name", "note") else f"spec.{bad.field}"
    return rest.bad(where, bad.reason)


class NotNow(APIException):
    """What the answer is made of cannot be computed: the warehouse is away, memory or the disk is full."""

    status_code = 503
    default_code = "not_now"


def not_now(problem: str) -> NotNow:
    words = _("The features that this needs cannot be computed now; what is stored is kept. %(problem)s")
    return NotNow(words % {"problem": problem})


def newest() -> matrices.Snapshot:
    """The newest features. Raises `NotNow`."""
    snapshot = matrices.at_hand()
    if snapshot.problem:
        raise not_now(snapshot.problem)
    return snapshot


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    told = {"type": "object", "properties": properties, "additionalProperties": False}
    return told | ({"required": required} if required else {})


_TEXT = {"type": "string", "maxLength": recipes.MOST_TEXT}
_FEATURE = {"type": "string", "enum": list(BY_KEY)}
_CURVE = _object(
    ["points"],
    points={
        "type": "array",
        "description": "Breakpoints `[value, points]`, values rising.",
        "minItems": 1,
        "maxItems": recipes.MOST_BREAKPOINTS,
        "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    },
    kind={"type": "string", "enum": ["linear", "step"], "default": "linear"},
)
_COMPONENT = _object(
    ["key", "label", "feature", "curve", "weight"],
    key=_TEXT | {"minLength": 1},
    label=_TEXT,
    feature=_FEATURE,
    curve=_CURVE,
    weight={"type": "number", "minimum": 0, "maximum": recipes.MOST_WEIGHT},
    half_life={
        "type": "number",
        "nullable": True,
        "minimum": 0,
        "exclusiveMinimum": True,
        "maximum": recipes.MOST_DAYS,
        "description": f"Days; only of {', '.join(recipes.DECAYS)}.",
    },
)
_GATE = _object(
    ["feature", "minimum", "cap", "reason"],
    feature=_FEATURE,
    minimum={"type": "number"},
    cap={"type": "string", "enum": ["self_serve", "activate"]},
    reason=_TEXT,
)
_SCORE = {"type": "integer", "minimum": 1, "maximum": 100}
_RECIPE = {
    "components": {"type": "array", "items": _COMPONENT, "minItems": 1, "maxItems": recipes.MOST_COMPONENTS},
    "thresholds": _object([], pqa=_SCORE, activate=_SCORE),
    "hysteresis": {"type": "integer", "minimum": 0, "maximum": 50},
    "gates": {"type": "array", "items": _GATE, "maxItems": recipes.MOST_GATES},
}
_SEGMENTS = {
    "type": "array",
    "items": {"type": "string", "enum": list(rules.SEGMENTS)},
    "minItems": 1,
    "uniqueItems": True,
}
_VARIANT = _object(["segments", "components"], segments=_SEGMENTS, **_RECIPE)
_IN_QUEUE = {
    "type": "boolean",
    "default": False,
    "description": "Whether those that qualify stand in the queues, in place of their account.",
}
_OF_WORKSPACES = _object(["components"], **_RECIPE, in_queue=_IN_QUEUE) | {
    "nullable": True,
    "description": "Null or left out: not scored.",
}
SPEC = _object(["components"], **_RECIPE, variants={"type": "array", "items": _VARIANT}, workspace=_OF_WORKSPACES)
SPEC["description"] = "A definition; docs/definitions.md tells it in words."
_ID = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
_NAME = {"type": "string", "maxLength": NAME_LENGTH}


def _range(low: int, high: int, default: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": schema}


NEW_DRAFT = _body(_object([], name=_NAME, based_on=_ID, spec=SPEC))
DRAFT_CHANGE = _body(_object(["revision"], revision=_ID, name=_NAME | {"minLength": 1}, spec=SPEC))
PREVIEW_ASKED = _body(_object([], spec=SPEC))
BACKTEST_ASKED = _body(
    _object(
        [],
        weeks=_range(*WEEKS, 26),
        horizon_days=_range(*DAYS, 90),
        kinds={
            "type": "array",
            "items": {"type": "string", "enum": list(Outcome.Kind.values)},
            "minItems": 1,
            "maxItems": len(Outcome.Kind),
        },
        spec=SPEC,
    )
)
PUBLICATION = _body(
    _object(
        ["token", "note"],
        token={"type": "string", "maxLength": 1000},
        note={"type": "string", "minLength": 1, "maxLength": NOTE_LENGTH},
    )
)
RETURN = _body(_object([], note={"type": "string", "maxLength": NOTE_LENGTH}))

# What is answered -------------------------------------------------------------------------------------------------------


@extend_schema_field(SPEC)
class SpecField(serializers.JSONField):
    """A spec as it is stored."""


class DefinitionLineSerializer(serializers.Serializer[Definition]):
    """A version or a draft, without its spec. Published ones have a version; `revision` grows with every save of a draft."""

    id = serializers.IntegerField()
    version = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Null: a draft."))
    name = serializers.CharField()
    state = serializers.ChoiceField(Definition.State.choices)
    revision = serializers.IntegerField()
    note = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Why it was published."))
    based_on = serializers.IntegerField(
        source="based_on_id", allow_null=True, help_text=gettext_lazy("The id of the version that it began from.")
    )
    created_at = rest.Moment()
    created_by = serializers.CharField(allow_null=True)
    updated_at = rest.Moment(allow_null=True)
    updated_by = serializers.CharField(allow_null=True)
    discarded_at = rest.Moment(allow_null=True)
    published_at = rest.Moment(allow_null=True)
    published_by = serializers.CharField(allow_null=True)


class DefinitionPageSerializer(rest.PageSerializer):
    results = DefinitionLineSerializer(many=True)


class DefinitionSerializer(DefinitionLineSerializer):
    spec = SpecField()
    changes = serializers.ListField(
        child=serializers.CharField(),
        help_text=gettext_lazy("How it differs from the version before, or a draft from the one in force, in words."),
    )


class ConflictSerializer(serializers.Serializer[Any]):
    """Nothing was changed: somebody else was first, or the thing is not what it was. `current`: as it is now."""

    error = rest.ErrorSerializer()
    current = DefinitionSerializer()


class RunSerializer(serializers.Serializer[Any]):
    """A scoring run over all accounts; ask for the definition again to see how far it is."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(ScoringRun.State.choices)
    parts = serializers.IntegerField(help_text=gettext_lazy("Steps in all; 0: not told yet."))
    done_parts = serializers.IntegerField()
    started_at = rest.Moment()


class PublishedSerializer(serializers.Serializer[Any]):
    definition = DefinitionSerializer()
    run = RunSerializer()


class HistogramsSerializer(serializers.Serializer[Any]):
    """Accounts by score: 101 numbers, the first of those without a score."""

    now = serializers.ListField(child=serializers.IntegerField())
    draft = serializers.ListField(child=serializers.IntegerField())


class TransitionSerializer(serializers.Serializer[Any]):
    now = serializers.ChoiceField(Tier.choices)
    then = serializers.ChoiceField(Tier.choices)
    accounts = serializers.IntegerField()


class LoadSerializer(serializers.Serializer[Any]):
    """What the threshold for PQA sends, against what sales can work."""

    threshold = serializers.IntegerField()
    entering = serializers.FloatField(help_text=gettext_lazy("Accounts a week, the mean of eight weeks."))
    pqa = serializers.IntegerField(help_text=gettext_lazy("PQAs at the end of the last week."))
    kept = serializers.FloatField(
        allow_null=True, help_text=gettext_lazy("Share of past wins that had been a PQA; null: no wins.")
    )
    capacity = serializers.IntegerField(help_text=gettext_lazy("Accounts a week that all of sales can work."))


class PreviewSerializer(serializers.Serializer[Any]):
    as_of = serializers.DateField()
    made_at = rest.Moment(help_text=gettext_lazy("When the features were computed."))
    accounts = serializers.IntegerField()
    histogram = HistogramsSerializer()
    transitions = TransitionSerializer(many=True)
    shares = serializers.DictField(
        child=serializers.FloatField(),
        help_text=gettext_lazy(
            "Component → its part of all score points of the accounts that the definition's own recipe scores."
        ),
    )
    variant_shares = serializers.ListField(
        child=serializers.DictField(child=serializers.FloatField()),
        help_text=gettext_lazy("The same of each variant, over the accounts of its segments."),
    )
    load = LoadSerializer(allow_null=True, help_text=gettext_lazy("Null: past weeks are not worked out yet."))
    workspaces = WorkspaceEffectSerializer(
        allow_null=True, help_text=gettext_lazy("Null: the definition does not score workspaces.")
    )
    milliseconds = serializers.FloatField()


class MovedSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    points = serializers.IntegerField()


class MoverSerializer(serializers.Serializer[Any]):
    account = rest.AccountNameSerializer()
    score_now = serializers.IntegerField(allow_null=True)
    score_draft = serializers.IntegerField(allow_null=True)
    moved = MovedSerializer(many=True, help_text=gettext_lazy("What moved it, the biggest first."))


class MoversSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text=gettext_lazy("Accounts in the cell."))
    results = MoverSerializer(many=True)


class WeekSerializer(serializers.Serializer[Any]):
    day = serializers.DateField(help_text=gettext_lazy("Its last day, a Sunday."))
    entered = serializers.IntegerField()
    tiers = serializers.DictField(child=serializers.IntegerField())
    is_mature = serializers.BooleanField()
    positives = serializers.IntegerField()
    unknown = serializers.IntegerField()


class BandSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    low = serializers.IntegerField()
    high = serializers.IntegerField()
    accounts = serializers.IntegerField(help_text=gettext_lazy("Account-weeks."))
    distinct = serializers.IntegerField()
    mature = serializers.IntegerField()
    positives = serializers.IntegerField()
    precision = serializers.FloatField(allow_null=True)
    recall = serializers.FloatField(allow_null=True)
    lift = serializers.FloatField(allow_null=True)


class BacktestSerializer(serializers.Serializer[Any]):
    """docs/definitions.md tells what the words mean."""

    weeks = WeekSerializer(many=True)
    bands = BandSerializer(many=True)
    base_rate = serializers.FloatField(allow_null=True)
    lead_days = serializers.ListField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text=gettext_lazy("Lower quartile, median, upper quartile."),
    )
    positives = serializers.IntegerField()
    unknown = serializers.IntegerField()
    horizon_days = serializers.IntegerField()
    kinds = serializers.ListField(child=serializers.CharField())
    milliseconds = serializers.FloatField()


class NotYetSerializer(serializers.Serializer[Any]):
    """Past weeks are being worked out: ask again."""

    weeks = serializers.IntegerField()
    missing = serializers.IntegerField()
