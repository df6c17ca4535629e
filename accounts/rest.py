"""What every view of the REST API shares: pages, filters that refuse what they do not know, bounded bodies, UTC times."""

from __future__ import annotations

import datetime as dt
import re
from typing import IO, Any, ClassVar

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from django_filters.utils import translate_validation
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import people, signals
from accounts.models import Account, BuyingRole, SignalKind

PAGE, MOST = 50, 200
#: No call of the API needs a body of more bytes.
BODY_LIMIT = 64 * 1024


def bad(field: str, message: str, code: str = "invalid") -> ValidationError:
    """The 400 that names one field."""
    return ValidationError({field: [ErrorDetail(message, code)]})


_OF_A_FIELD = re.compile(r"^Object (missing required|contains unknown) field `([^`]*)`$")


def misread(error: msgspec.ValidationError, within: str = "") -> ValidationError:
    """A body that is not what the call takes: the 400 that names the field, in `within`, also one that is missing or unknown."""
    message, _at, path = str(error).partition(" - at `$")
    path = ".".join(filter(None, (within.rstrip("."), path.rstrip("`").lstrip("."))))
    if not (found := _OF_A_FIELD.match(message)):
        return bad(path or "body", message)
    words = _("is needed.") if found[1] == "missing required" else _("is not a field of this call.")
    return bad(".".join(filter(None, (path, found[2][:100]))) or "body", words)


class BoundedJSON(BaseParser):
    """A JSON body. Its own parser, because the usual one answers 500 to deep nesting and takes numbers that are none."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises `ValidationError` naming `body`: too large, too deep, no JSON."""
        raw = stream.read(BODY_LIMIT + 1)
        if len(raw) > BODY_LIMIT:
            raise bad("body", _("is larger than %(limit)d bytes.") % {"limit": BODY_LIMIT}, "too_large")
        try:
            return msgspec.json.decode(raw) if raw.strip() else {}
        except RecursionError:
            raise bad("body", _("is nested too deeply."), "too_deep") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise bad("body", _("is not JSON: %(reason)s.") % {"reason": error}, "not_json") from None


def no_fields(request: Request) -> None:
    """Refuses a body that says something: an action takes its object from the address."""
    said = request.data
    if not isinstance(said, dict):
        raise bad("body", _("must be empty or an empty JSON object."), "not_an_object")
    for field in said:
        raise bad(str(field)[:100], _("is not a field of this call."), "unknown_field")


class Pages(LimitOffsetPagination):
    """`limit` (1 to 200) and `offset`. A wrong one is refused: a client that guesses must not miss rows in silence."""

    default_limit, max_limit = PAGE, MOST

    def get_limit(self, request: Request) -> int:
        said = request.query_params.get("limit")
        if said is None:
            return PAGE
        limit = _whole(said)
        if limit is None or not 1 <= limit <= MOST:
            raise bad("limit", _("must be a whole number from 1 to %(most)d.") % {"most": MOST})
        return limit

    def get_offset(self, request: Request) -> int:
        said = request.query_params.get("offset")
        if said is None:
            return 0
        offset = _whole(said)
        if offset is None:
            raise bad("offset", _("must be a whole number from 0 on."))
        return offset


def _whole(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 12 else None


class Filters(filters.FilterSet):
    """Filters from the query string. Names that are not filters here, and names said twice, are refused."""

    @classmethod
    def rows(cls, request: Request, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Raises `ValidationError` naming the parameter."""
        known = {"limit", "offset", *cls.base_filters}
        for name, values in request.query_params.lists():
            if name not in known:
                raise bad(name[:100], _("is not a parameter of this call."), "unknown_parameter")
            if len(values) > 1:
                raise bad(name, _("is given more than once."), "repeated")
            if values == [""] and name in cls.base_filters and "max_length" not in cls.base_filters[name].extra:
                raise bad(name, _("is empty; leave it out."), "empty")
        asked = cls(request.query_params, rows, request=request)
        if not asked.is_valid():
            raise translate_validation(asked.errors)
        return asked.qs

    @classmethod
    def parameters(cls) -> list[OpenApiParameter]:
        """All query parameters of a list for the schema."""
        page = [
            ("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": PAGE}, _("Rows in a page.")),
            ("offset", {"type": "integer", "minimum": 0, "maximum": 10**12 - 1, "default": 0}, _("Rows to skip.")),
        ]
        told = [(name, _schema(field), str(field.extra["help_text"])) for name, field in cls.base_filters.items()]
        return [OpenApiParameter(name, schema, description=words) for name, schema, words in told + page]


def _schema(field: filters.Filter) -> dict[str, Any]:
    if "choices" in field.extra:
        values = [value for value, _label in field.extra["choices"]]
        return {"type": "boolean"} if values == ["true", "false"] else {"type": "string", "enum": values}
    if isinstance(field, filters.DateFilter):
        return {"type": "string", "format": "date"}
    return {"type": "string", "maxLength": field.extra["max_length"], "pattern": r"^[^\u0000]*$"}


def page(
    request: Request, rows: QuerySet[Any], shape: type[serializers.BaseSerializer], whole: QuerySet[Any] | None = None
) -> Response:
    """One page of rows: `{count, next, previous, results}`. Two queries.

    With `whole`, how rows are read with all they show, three: `rows` sorts and skips ids alone, which deep in a long list takes a
    tenth of the time.
    """
    pages = Pages()
    if whole is None:
        return pages.get_paginated_response(shape(pages.paginate_queryset(rows, request), many=True).data)
    ids = pages.paginate_queryset(rows.values_list("pk", flat=True), request) or []
    found = whole.in_bulk(ids)
    return pages.get_paginated_response(shape([found[pk] for pk in ids if pk in found], many=True).data)


class Moment(serializers.DateTimeField):
    """A time in UTC, whatever zone the member looks at the pages in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=dt.UTC, **options)


class ErrorSerializer(serializers.Serializer[Any]):
    """What is wrong: `code` for programs, `message` for people, `field` where one is to blame."""

    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(required=False)


class PageSerializer(serializers.Serializer[Any]):
    """What every page has beside its `results`."""

    count = serializers.IntegerField(help_text=gettext_lazy("Rows in all pages."))
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


def account_or_gone(account_id: int) -> Account:
    """The account, also one that was merged into another. Raises `NotFound`."""
    found = Account.objects.filter(pk=account_id).first()
    if found is None:
        raise NotFound(_("There is no account %(id)d.") % {"id": account_id})
    return found


def moved(address: str, request: Request) -> Response:
    """308 to where a merged account is now, with the same query."""
    query = request.META.get("QUERY_STRING", "")
    return Response(status=308, headers={"Location": f"{address}?{query}" if query else address})


# Shapes of accounts' facts -------------------------------------------------------------------------------------------


class AccountNameSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    domain = serializers.CharField(allow_blank=True, help_text=gettext_lazy("The main domain."))


class WorkspaceSerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField(help_text=gettext_lazy("The `groupId` of its messages."))
    name = serializers.CharField(allow_blank=True)
    domain = serializers.CharField(allow_blank=True)
    plan = serializers.CharField(allow_blank=True)
    employees = serializers.IntegerField(allow_null=True)
    created_at = Moment()


class PersonSerializer(serializers.Serializer[Any]):
    """From `accounts.people.Person`."""

    id = serializers.IntegerField(source="user.pk")
    name = serializers.CharField(source="user")
    email = serializers.CharField(source="user.email", allow_blank=True)
    title = serializers.CharField(source="user.title", allow_blank=True)
    role = serializers.ChoiceField(BuyingRole.choices, allow_blank=True, help_text=gettext_lazy("Empty: not known."))
    confidence = serializers.FloatField(help_text=gettext_lazy("Of the role, 0 to 1."))
    evidence = serializers.CharField(help_text=gettext_lazy("Why the role, in words."))
    active_days_28 = serializers.IntegerField()
    invites_90 = serializers.IntegerField()
    last_seen_at = Moment(allow_null=True)


class SignalSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(SignalKind.choices)
    at = Moment()
    who = serializers.SerializerMethodField(help_text=gettext_lazy("The person; empty for the account as a whole."))
    workspace = serializers.SerializerMethodField(help_text=gettext_lazy("Its external id; empty: none."))
    detail = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField(help_text=gettext_lazy("The same by the same person on the same day."))

    def get_who(self, signal: Any) -> str:
        who = signal.user or signal.contact
        return str(who) if who else ""

    def get_workspace(self, signal: Any) -> str:
        return signal.workspace.external_id if signal.workspace else ""


class AccountFactsSerializer(AccountNameSerializer):
    employees = serializers.IntegerField(allow_null=True)
    industry = serializers.CharField(allow_blank=True)
    plan = serializers.CharField(allow_blank=True)
    created_at = Moment()
    domains = serializers.ListField(child=serializers.CharField())
    workspaces = WorkspaceSerializer(many=True)
    people = PersonSerializer(many=True)
    signals = SignalSerializer(many=True)

    #: Kept together so that a reader sees what of an account is cut off.
    LIMITS: ClassVar[dict[str, int]] = {"workspaces": 100, "people": 50, "signals": 20}


def facts(account: Account) -> dict[str, Any]:
    """What `AccountFactsSerializer` shows of an account, in five queries: workspaces, people and signals up to its limits."""
    limits = AccountFactsSerializer.LIMITS
    shown: dict[str, Any] = {
        name: getattr(account, name) for name in ("id", "name", "domain", "employees", "industry", "plan", "created_at")
    }
    return shown | {
        "domains": list(account.domains.order_by("domain").values_list("domain", flat=True)),
        "workspaces": account.workspaces.order_by("name", "id")[: limits["workspaces"]],
        "people": people.of_account(account.pk, limit=limits["people"]),
        "signals": signals.of_account(account.pk, limit=limits["signals"]),
    }
