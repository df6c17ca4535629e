"""Answers, trust and counterfactuals for programs. Every member reads; who has worked an item answers; product opens drafts."""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from playbooks.feedback import answers, mending, trust
from playbooks.feedback.counterfactuals import GATE, THRESHOLD, WEIGHT, Finding
from playbooks.feedback.filter import DAYS, DEFAULT_KEEP, KEEPS, OF, FeedbackFilter
from playbooks.feedback.intervals import Share
from playbooks.models import Answer, Reason
from playbooks.rest.queue import MOTION_CHOICES, MOTIONS, ItemWorkspaceSerializer
from playbooks.rest.touches import heard, item_or_gone
from scoring import rules
from scoring.models import Segment, Tier
from scoring.rest_shapes import told

KINDS = (GATE, THRESHOLD, WEIGHT)
_WAYS = [(str(days), str(days)) for days in DAYS]
_SHARES = [(str(keep), str(keep)) for keep in KEEPS]

# What is sent ----------------------------------------------------------------------------------------------------------


class NewAnswer(msgspec.Struct, forbid_unknown_fields=True):
    verdict: str
    reason: str = ""
    words: Annotated[str, msgspec.Meta(max_length=answers.WORDS_LENGTH)] = ""


class NewDraft(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    key: Annotated[str, msgspec.Meta(max_length=100)] = ""
    reason: str = ""
    motion: str = ""
    days: int = 180
    keep: int = DEFAULT_KEEP
    of: str = ""


def _body(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    shape = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"application/json": shape}


ANSWER_BODY = _body(
    "verdict",
    verdict={"type": "string", "enum": Answer.Verdict.values},
    reason={"type": "string", "enum": ["", *Reason.values], "default": "", "description": "Left out of a good one."},
    words={"type": "string", "maxLength": answers.WORDS_LENGTH, "pattern": r"^[^\u0000]*$", "default": ""},
)
DRAFT_BODY = _body(
    "kind",
    kind={"type": "string", "enum": list(KINDS)},
    key={
        "type": "string",
        "maxLength": 100,
        "default": "",
        "description": "A feature or a component; of a threshold: empty.",
    },
    reason={
        "type": "string",
        "enum": ["", *Reason.values],
        "default": "",
        "description": "Empty: wrong for any reason.",
    },
    motion={"type": "string", "enum": ["", *(motion.value for motion in MOTIONS)], "default": ""},
    days={"type": "integer", "enum": list(DAYS), "default": 180},
    keep={"type": "integer", "enum": list(KEEPS), "default": DEFAULT_KEEP},
    of={"type": "string", "enum": ["", *OF], "default": "", "description": "As `of` of the list."},
)

# What is answered ------------------------------------------------------------------------------------------------------


class AnswerSerializer(serializers.Serializer[Answer]):
    """With what the engine said when it was given."""

    item = serializers.IntegerField(source="item_id")
    account = rest.AccountNameSerializer()
    workspace = ItemWorkspaceSerializer(
        source="item.workspace",
        allow_null=True,
        help_text=gettext_lazy("Null: about the whole account. Else score and tier are the workspace's."),
    )
    motion = serializers.ChoiceField(MOTION_CHOICES)
    verdict = serializers.ChoiceField(Answer.Verdict.choices)
    reason = serializers.ChoiceField(Reason.choices, allow_blank=True)
    words = serializers.CharField(allow_blank=True)
    member = serializers.SerializerMethodField(help_text=gettext_lazy("Who answered; empty: deleted since."))
    at = rest.Moment()
    score = serializers.IntegerField(allow_null=True)
    tier = serializers.ChoiceField(Tier.choices, allow_blank=True)
    segment = serializers.ChoiceField(Segment.choices, allow_blank=True)
    version = serializers.SerializerMethodField(help_text=gettext_lazy("Of the definition; null: there was no score."))
    is_audit = serializers.BooleanField(help_text=gettext_lazy("Below the threshold, drawn at random."))

    def get_member(self, answer: Answer) -> str:
        return str(answer.member) if answer.member else ""

    def get_version(self, answer: Answer) -> int | None:
        return answer.definition.version if answer.definition else None


class AnswerPageSerializer(rest.PageSerializer):
    results = AnswerSerializer(many=True)


class ShareSerializer(serializers.Serializer[Share]):
    """A part of a number, with the 95 % interval (Wilson) of its share."""

    part = serializers.IntegerField()
    of = serializers.IntegerField()
    share = serializers.SerializerMethodField()
    low = serializers.FloatField()
    high = serializers.FloatField()

    def get_share(self, share: Share) -> float | None:
        return None if math.isnan(share.value) else share.value


class CountedSerializer(serializers.Serializer[Any]):
    good = serializers.IntegerField()
    not_now = serializers.IntegerField()
    wrong = serializers.IntegerField()
    share = ShareSerializer(help_text=gettext_lazy("Good of all answers."))


class LastSerializer(serializers.Serializer[Any]):
    """The last fifty accounts that were closed, and what came of them."""

    sent = serializers.IntegerField()
    good = serializers.IntegerField()
    not_now = serializers.IntegerField()
    wrong = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text=gettext_lazy("Not answered."))
    meetings = serializers.IntegerField()
    opportunities = serializers.IntegerField()
    won = serializers.IntegerField()


class AnswerBandSerializer(serializers.Serializer[Any]):
    low = serializers.IntegerField(help_text=gettext_lazy("The lowest score of the band of ten; 90 goes to 100."))
    answers = CountedSerializer(source="group")
    meetings = serializers.IntegerField()
    won = serializers.IntegerField()


class AnswerWeekSerializer(CountedSerializer):
    monday = serializers.DateField(source="key")


class VersionAnswersSerializer(CountedSerializer):
    version = serializers.IntegerField(source="key")


class MissesSerializer(serializers.Serializer[Any]):
    """Accounts below the threshold that were drawn at random, and how many of them the score misses."""

    drawn = serializers.IntegerField()
    good = ShareSerializer()
    below = serializers.IntegerField(help_text=gettext_lazy("Accounts that could be drawn."))
    missed = serializers.IntegerField()
    missed_low = serializers.IntegerField()
    missed_high = serializers.IntegerField()


class TrustSerializer(serializers.Serializer[Any]):
    motion = serializers.ChoiceField(MOTION_CHOICES)
    last = LastSerializer()
    total = CountedSerializer()
    bands = AnswerBandSerializer(many=True)
    weeks = AnswerWeekSerializer(many=True)
    versions = VersionAnswersSerializer(many=True)
    audit = MissesSerializer(allow_null=True)
    workspaces = CountedSerializer(
        source="spaces", help_text=gettext_lazy("Those of `total` that are about workspaces, by their own score.")
    )


class ChangeSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS)
    key = serializers.CharField(allow_blank=True, help_text=gettext_lazy("A feature or a component."))
    value = serializers.FloatField(help_text=gettext_lazy("A minimum, a threshold, or what a weight is multiplied by."))


class FindingSerializer(serializers.Serializer[Any]):
    change = ChangeSerializer()
    wrong = ShareSerializer(help_text=gettext_lazy("Removed of the wrong ones."))
    good = ShareSerializer(help_text=gettext_lazy("Removed of the good ones."))
    is_later = serializers.BooleanField(help_text=gettext_lazy("Told on answers newer than it was found on."))


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(Reason.choices, allow_blank=True, help_text=gettext_lazy("Empty: any."))
    wrong = serializers.IntegerField()
    is_enough = serializers.BooleanField(help_text=gettext_lazy("Whether there are enough answers to search."))
    findings = FindingSerializer(many=True)


class MendingSerializer(serializers.Serializer[Any]):
    """Only answers about accounts that the definition in force would send again, because of their score."""

    of = serializers.ChoiceField([(one, one) for one in OF], help_text=gettext_lazy("What the answers are about."))
    tier = serializers.ChoiceField(Tier.choices)
    good = serializers.IntegerField()
    wrong = serializers.IntegerField()
    mended = serializers.IntegerField(help_text=gettext_lazy("Wrong ones that would no longer be sent."))
    reasons = ReasonSerializer(many=True)


class OpenedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    note = serializers.CharField()


# Calls -----------------------------------------------------------------------------------------------------------------


@extend_schema(
    methods=["GET"], operation_id="get_answer", summary="The answer about a queue item", responses=AnswerSerializer
)
@extend_schema(
    methods=["POST"],
    operation_id="give_answer",
    summary="Say whether an account was worth the time",
    request=ANSWER_BODY,
    responses=AnswerSerializer,
)
@api_view(["GET", "POST"])
def answer(request: Request, item_id: int) -> Response:
    """By who has worked the item, and admins. Within a day another one takes its place."""
    item_or_gone(item_id)
    if request.method == "POST":
        said = told(request, NewAnswer)
        heard(
            answers.give,
            item_id=item_id,
            member=request.user,
            verdict=said.verdict,
            reason=said.reason,
            words=said.words,
        )
    given = _shown().filter(item=item_id).first()
    if given is None:
        raise NotFound(_("Nobody has answered about queue item %(id)d.") % {"id": item_id})
    return Response(AnswerSerializer(given).data)


class AnswerFilters(rest.Filters):
    motion = filters.ChoiceFilter(choices=MOTION_CHOICES, help_text=gettext_lazy("Only of this queue."))
    verdict = filters.ChoiceFilter(choices=Answer.Verdict.choices, help_text=gettext_lazy("Only this answer."))
    reason = filters.ChoiceFilter(choices=Reason.choices, help_text=gettext_lazy("Only this reason."))
    segment = filters.ChoiceFilter(choices=Segment.choices, help_text=gettext_lazy("Only this segment."))
    audit = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="by_audit",
        help_text=gettext_lazy("Only audits, or only others."),
    )

    def by_audit(self, rows: QuerySet[Answer], name: str, value: str) -> QuerySet[Answer]:
        return rows.filter(is_audit=value == "true")


@extend_schema(
    operation_id="list_answers",
    summary="What reps answered, newest first",
    parameters=AnswerFilters.parameters(),
    responses=AnswerPageSerializer,
)
@api_view(["GET"])
def answer_list(request: Request) -> Response:
    """Of all queues, audits among them."""
    rows = AnswerFilters.rows(request, _shown().order_by("-at", "-pk"))
    return rest.page(request, rows, AnswerSerializer)


@extend_schema(
    operation_id="get_trust",
    summary="What came of what a queue was sent",
    parameters=[OpenApiParameter("motion", str, OpenApiParameter.PATH, enum=[motion.value for motion in MOTIONS])],
    responses=TrustSerializer,
)
@api_view(["GET"])
def trust_of(request: Request, motion: str) -> Response:
    """The last fifty, and the answers of 26 weeks by score, week and version of the definition."""
    if motion not in [known.value for known in MOTIONS]:
        raise NotFound(_("The queues are sales, success and marketing."))
    return Response(TrustSerializer(trust.of_motion(motion)).data)


class Weighed(rest.Filters):
    """Which answers are weighed. No rows are listed."""

    motion = filters.ChoiceFilter(
        choices=MOTION_CHOICES, method="as_it_is", help_text=gettext_lazy("Only of this queue.")
    )
    days = filters.ChoiceFilter(
        choices=_WAYS, method="as_it_is", help_text=gettext_lazy("Days that are looked back, 180 by default; 0: all.")
    )
    keep = filters.ChoiceFilter(
        choices=_SHARES, method="as_it_is", help_text=gettext_lazy("Percent of the good ones to keep, 90 by default.")
    )

    of = filters.ChoiceFilter(
        choices=[(one, one) for one in OF],
        method="as_it_is",
        help_text=gettext_lazy("Answers about whole accounts, or about workspaces; by default what most are about."),
    )

    def as_it_is(self, rows: QuerySet[Answer], name: str, value: str) -> QuerySet[Answer]:
        return rows


@extend_schema(
    methods=["GET"],
    operation_id="get_counterfactuals",
    summary="What would have kept wrong accounts out",
    parameters=[one for one in Weighed.parameters() if one.name in Weighed.base_filters],
    responses=MendingSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="open_draft_of_counterfactual",
    summary="Open a draft of the definition with one of the changes",
    request=DRAFT_BODY,
    responses={201: OpenedSerializer},
)
@api_view(["GET", "POST"])
def counterfactuals(request: Request) -> Response:
    """By the definition in force, about accounts or about workspaces (`of`). A draft is opened by product and admins, while the
    change is still one that was found."""
    if request.method == "POST":
        return _open(request)
    Weighed.rows(request, Answer.objects.none())
    for name in ("limit", "offset"):
        if name in request.query_params:
            raise rest.bad(name, _("is not a parameter of this call."), "unknown_parameter")
    found = mending.found_for(FeedbackFilter.read(request.query_params))
    reasons = [
        {
            "reason": reason,
            "wrong": wrong,
            "is_enough": reason in found.found,
            "findings": found.found.get(reason, list[Finding]()),
        }
        for reason, wrong in sorted(found.counted.items(), key=lambda one: (-one[1], one[0]))
    ]
    shown = {
        "of": OF[found.of_spaces],
        "tier": found.tier,
        "good": found.good,
        "wrong": found.wrong,
        "mended": found.mended,
    }
    return Response(MendingSerializer(shown | {"reasons": reasons}).data)


def _open(request: Request) -> Response:
    said = told(request, NewDraft)
    params = {"motion": said.motion, "days": str(said.days), "keep": str(said.keep), "of": said.of}
    wanted = FeedbackFilter.read(params)
    if wanted.errors:
        names = {
            "motion": wanted.motion == said.motion,
            "days": wanted.days == said.days,
            "keep": wanted.keep == said.keep,
            "of": wanted.of == said.of,
        }
        raise rest.bad(next((name for name, is_same in names.items() if not is_same), "motion"), wanted.errors[0])
    try:
        draft = heard(
            mending.begin, member=request.user, wanted=wanted, kind=said.kind, key=said.key, reason=said.reason
        )
    except rules.BadDefinition as bad:
        raise rest.bad(bad.field, bad.reason) from None
    if draft is None:
        raise rest.bad("key", _("That change is none of those that were found."))
    return Response(OpenedSerializer(draft).data, status=201)


def _shown() -> QuerySet[Answer]:
    return Answer.objects.select_related("account", "item__workspace", "member", "definition")
