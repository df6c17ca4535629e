"""Ambiguous workspaces, what domains are and whose they are, for admins' programs."""

from __future__ import annotations

from typing import Annotated, Any, cast

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import corrections, domains, rest, tasks
from accounts.company_domains import aliases, companies, rules
from accounts.company_domains import told as told_of
from accounts.ladder import deciding
from accounts.models import Ambiguity, DomainRule, Member
from playbooks import following
from scoring.rest_shapes import told

LARGEST = 2**63 - 1
HOST, NOTE, LIST = 253, 200, 60_000
type Host = Annotated[str, msgspec.Meta(max_length=HOST)]
_HOST = {"type": "string", "minLength": 1, "maxLength": HOST, "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    account: Annotated[int, msgspec.Meta(ge=1, le=LARGEST)] | None


class NewRule(msgspec.Struct, forbid_unknown_fields=True):
    domain: Host
    kind: str
    note: Annotated[str, msgspec.Meta(max_length=NOTE)] = ""


class DomainOfAccount(msgspec.Struct, forbid_unknown_fields=True):
    domain: Host
    remove: bool = False


class CompanyList(msgspec.Struct, forbid_unknown_fields=True):
    list: Annotated[str, msgspec.Meta(max_length=LIST)]
    dry_run: bool = False


def _body(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    said = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"application/json": said}


_ACCOUNT = {
    "type": "integer",
    "minimum": 1,
    "maximum": LARGEST,
    "nullable": True,
    "description": "Null: the workspace stands for itself.",
}
DECISION = _body({"account": _ACCOUNT}, "account")
NEW_RULE = _body(
    {
        "domain": _HOST,
        "kind": {"type": "string", "enum": DomainRule.Kind.values},
        "note": {"type": "string", "maxLength": NOTE, "pattern": r"^[^\u0000]*$"},
    },
    "domain",
    "kind",
)
DOMAIN = _body({"domain": _HOST, "remove": {"type": "boolean", "default": False}}, "domain")
COMPANIES = _body(
    {
        "list": {
            "type": "string",
            "maxLength": LIST,
            "description": "CSV with the columns company and domain, and perhaps aliases, parted by |.",
        },
        "dry_run": {"type": "boolean", "default": False, "description": "Only says what would happen."},
    },
    "list",
)


class CandidateSerializer(serializers.Serializer[Any]):
    account = serializers.IntegerField()
    domain = serializers.CharField(allow_blank=True)
    people = serializers.IntegerField(help_text=gettext_lazy("Members of the workspace."))
    since = serializers.DateField(allow_null=True)


class AmbiguitySerializer(serializers.Serializer[Ambiguity]):
    """A workspace on which two or more companies have an equal claim. Until it is settled it stands for itself."""

    id = serializers.IntegerField()
    workspace = serializers.CharField(source="workspace.external_id")
    name = serializers.CharField(source="workspace.name", allow_blank=True)
    account = serializers.IntegerField(source="workspace.account_id", allow_null=True)
    step = serializers.ChoiceField(Ambiguity.Step.choices)
    candidates = CandidateSerializer(many=True)
    first_seen_at = rest.Moment()
    settled_at = rest.Moment(allow_null=True)
    settled_by = serializers.SerializerMethodField(help_text=gettext_lazy("The member; empty: nobody, or later data."))
    settled_because = serializers.CharField(allow_blank=True)

    def get_settled_by(self, row: Ambiguity) -> str:
        return str(row.settled_by or "")


class AmbiguityPageSerializer(rest.PageSerializer):
    results = AmbiguitySerializer(many=True)


class AmbiguityFilters(rest.Filters):
    settled = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")], method="of_state", help_text=gettext_lazy("Settled ones.")
    )

    def of_state(self, rows: Any, name: str, value: str) -> Any:
        return rows.exclude(settled_at=None) if value == "true" else rows.filter(settled_at=None)


class RuleSerializer(serializers.Serializer[DomainRule]):
    """What an admin says of a domain and the hosts below it."""

    id = serializers.IntegerField()
    domain = serializers.CharField()
    kind = serializers.ChoiceField(DomainRule.Kind.choices)
    note = serializers.CharField(allow_blank=True)
    created_at = rest.Moment()
    removed_at = rest.Moment(allow_null=True)


class RulePageSerializer(rest.PageSerializer):
    results = RuleSerializer(many=True)


class RuleFilters(rest.Filters):
    kind = filters.ChoiceFilter(choices=DomainRule.Kind.choices, help_text=gettext_lazy("What they say."))


class ToldSerializer(serializers.Serializer[Any]):
    """What a domain is, and who says so."""

    host = serializers.CharField(allow_blank=True)
    registrable = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(
        [domains.COMPANY, domains.SHARED, domains.DISPOSABLE],
        allow_blank=True,
        help_text=gettext_lazy("Empty: no domain."),
    )
    by = serializers.CharField(allow_blank=True, help_text=gettext_lazy("The list or rule that says so."))
    entry = serializers.CharField(allow_blank=True)
    account_id = serializers.IntegerField(allow_null=True)


class DomainSerializer(serializers.Serializer[Any]):
    domain = serializers.CharField()
    account = serializers.IntegerField(help_text=gettext_lazy("Whose it is now."), allow_null=True)
    correction = serializers.IntegerField(
        allow_null=True,
        help_text=gettext_lazy("The split that gave its people an account of their own; undo it by this id."),
    )


class PlanSerializer(serializers.Serializer[Any]):
    read = serializers.IntegerField()
    domains = serializers.IntegerField()
    known = serializers.IntegerField()
    added = serializers.IntegerField()
    accounts_made = serializers.IntegerField(source="made")
    problems = serializers.ListField(child=serializers.CharField())


@extend_schema(
    operation_id="list_ambiguities",
    summary="Workspaces that two companies claim",
    parameters=AmbiguityFilters.parameters(),
    responses=AmbiguityPageSerializer,
)
@api_view(["GET"])
def ambiguities(request: Request) -> Response:
    """Newest first, open and settled ones."""
    rows: Any = Ambiguity.objects.select_related("workspace", "settled_by").order_by("-first_seen_at", "-pk")
    return rest.page(request, AmbiguityFilters.rows(request, rows), AmbiguitySerializer)


@extend_schema(
    operation_id="decide_ambiguity",
    summary="Say whose a workspace is",
    request=DECISION,
    responses=AmbiguitySerializer,
)
@api_view(["POST"])
def decide(request: Request, ambiguity_id: int) -> Response:
    """One of the candidates, any other account, or none: then it stands for itself. No message overrules it."""
    said = told(request, Decision)
    return _done(request, deciding.decide, ambiguity_id=ambiguity_id, account_id=said.account)


@extend_schema(
    operation_id="take_back_ambiguity",
    summary="Take a decision back",
    request=None,
    responses=AmbiguitySerializer,
)
@api_view(["POST"])
def take_back(request: Request, ambiguity_id: int) -> Response:
    """It is open again, unless later data has made it plain."""
    rest.no_fields(request)
    return _done(request, deciding.take_back, ambiguity_id=ambiguity_id)


def _done(request: Request, verb: Any, *, ambiguity_id: int, **said: Any) -> Response:
    try:
        with transaction.atomic():
            made = verb(ambiguity_id=ambiguity_id, member=cast("Member", request.user), **said)
            following.catch_up()
    except Ambiguity.DoesNotExist:
        raise NotFound(_("There is no ambiguity %(id)d.") % {"id": ambiguity_id}) from None
    except corrections.Refused as refused:
        raise rest.bad(refused.field, refused.words) from None
    return Response(AmbiguitySerializer(made).data)


@extend_schema(
    methods=["GET"],
    operation_id="list_domain_rules",
    summary="Your rules of what domains are",
    parameters=RuleFilters.parameters(),
    responses=RulePageSerializer,
)
@extend_schema(
    methods=["POST"],
    operation_id="add_domain_rule",
    summary="Say what a domain is",
    request=NEW_RULE,
    responses={201: RuleSerializer},
)
@api_view(["GET", "POST"])
def domain_rules(request: Request) -> Response:
    """Those that hold. Adding one replaces that of the same domain; whoever it concerns finds the account again."""
    if request.method == "GET":
        rows: Any = DomainRule.objects.filter(removed_at=None).order_by("domain")
        return rest.page(request, RuleFilters.rows(request, rows), RuleSerializer)
    said = told(request, NewRule)
    host = domains.host_of(said.domain)
    if not host:
        raise rest.bad("domain", _("is no domain."))
    if said.kind not in DomainRule.Kind.values:
        raise rest.bad("kind", _("must be one of %(kinds)s.") % {"kinds": ", ".join(DomainRule.Kind.values)})
    _made, job = rules.add(
        wanted=[rules.Wanted(host, said.kind, said.note.replace("\x00", ""))], member=cast("Member", request.user)
    )
    if job is not None:
        tasks.resettle.delay_on_commit()
    return Response(RuleSerializer(DomainRule.objects.get(domain=host, removed_at=None)).data, status=201)


@extend_schema(operation_id="remove_domain_rule", summary="Take a rule away", request=None, responses=RuleSerializer)
@api_view(["POST"])
def domain_rule_remove(request: Request, domain_rule_id: int) -> Response:
    """The lists count again."""
    return _rule(request, rules.remove, domain_rule_id)


@extend_schema(
    operation_id="put_back_domain_rule", summary="Let a removed rule hold again", request=None, responses=RuleSerializer
)
@api_view(["POST"])
def domain_rule_back(request: Request, domain_rule_id: int) -> Response:
    """One that was made for its domain meanwhile gives way."""
    return _rule(request, rules.put_back, domain_rule_id)


def _rule(request: Request, verb: Any, rule_id: int) -> Response:
    rest.no_fields(request)
    try:
        rule, job = verb(rule_id=rule_id, member=request.user)
    except DomainRule.DoesNotExist:
        raise NotFound(_("There is no such rule %(id)d.") % {"id": rule_id}) from None
    if job is not None:
        tasks.resettle.delay_on_commit()
    return Response(RuleSerializer(rule).data)


@extend_schema(
    operation_id="look_at_domain",
    summary="What a domain is",
    parameters=[
        OpenApiParameter(
            "q",
            {"type": "string", "minLength": 1, "maxLength": 500, "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"},
            required=True,
            description="An address, a URL or a host.",
        )
    ],
    responses=ToldSerializer,
)
@api_view(["GET"])
def domain(request: Request) -> Response:
    """Its registrable domain, whether it can be a company's, which list says so, and whose it is."""
    for name, values in request.query_params.lists():
        if name != "q":
            raise rest.bad(name[:100], _("is not a parameter of this call."), "unknown_parameter")
        if len(values) > 1:
            raise rest.bad(name, _("is given more than once."), "repeated")
    said = request.query_params.get("q", "")
    found = told_of.of(said) if len(said) <= 500 and "\x00" not in said else None
    if found is None:
        raise rest.bad("q", _("must be an address, a URL or a host, at most 500 characters."))
    return Response(ToldSerializer(found).data)


@extend_schema(
    operation_id="change_domains_of_account",
    summary="Add a domain to an account, or take one away",
    request=DOMAIN,
    responses=DomainSerializer,
)
@api_view(["POST"])
def account_domains(request: Request, account_id: int) -> Response:
    """Nothing is taken from another account. With `remove` the people of the domain get an account of their own."""
    rest.account_or_gone(account_id)
    said = told(request, DomainOfAccount)
    member = cast("Member", request.user)
    try:
        if not said.remove:
            row = aliases.add(account_id=account_id, domain=said.domain, member=member)
            return Response(DomainSerializer({"domain": row.domain, "account": account_id, "correction": None}).data)
        with transaction.atomic():
            gone = aliases.remove(account_id=account_id, domain=said.domain, member=member)
            following.catch_up()
    except corrections.Refused as refused:
        raise rest.bad(refused.field, refused.words) from None
    split = gone.correction
    answer = {"domain": gone.domain, "account": split and split.to_account_id, "correction": split and split.pk}
    return Response(DomainSerializer(answer).data)


@extend_schema(
    operation_id="import_company_domains",
    summary="Take over which domains are one company",
    request=COMPANIES,
    responses=PlanSerializer,
)
@api_view(["POST"])
def company_domains(request: Request) -> Response:
    """Lines of one company belong together. Nothing is merged: conflicts are told in `problems`."""
    said = told(request, CompanyList)
    try:
        if said.dry_run:
            made = companies.plan(said.list)
        else:
            made = companies.take_over(said.list, member=cast("Member", request.user))
    except companies.BadList as error:
        raise rest.bad("list", str(error).removeprefix("file: ")) from None
    return Response(PlanSerializer(made).data)
