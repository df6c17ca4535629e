"""The shell of the REST API: one form of errors, a JSON 404, and the OpenAPI description with what is not seen by itself."""

from __future__ import annotations

import functools
import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts import hand_raise
from accounts.api import PATHS, RETRY_SECONDS

log = logging.getLogger(__name__)


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


# Errors --------------------------------------------------------------------------------------------------------------


def body_of(code: str, message: str, field: str = "") -> dict[str, Any]:
    """`{"error": {"code", "message", "field"?}}`."""
    return {"error": {"code": code, "message": message} | ({"field": field} if field else {})}


def no(status: int, code: str, message: str) -> HttpResponse:
    """An error from outside the API's views."""
    response = JsonResponse(body_of(code, message), status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Session realm="plsapp"'
    return response


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's errors in our form. None: not ours, it becomes a 500."""
    if isinstance(error, OperationalError | InterfaceError):
        log.error("The API cannot reach its database", exc_info=error)
        body = body_of("unavailable", _("The database cannot be reached; send this again later."))
        return Response(body, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    if isinstance(error, RequestDataTooBig):
        return Response(body_of("too_large", _("body: is too large."), "body"), status=413)
    if isinstance(error, UnreadablePostError):
        return Response(body_of("cut", _("body: the connection ended before all of it had come."), "body"), status=400)
    if isinstance(error, SuspiciousOperation):
        return Response(body_of("bad_request", str(error)), status=400)
    response = exception_handler(error, context)
    if response is not None:
        # Http404 and Django's PermissionDenied have only the words that the answer has.
        detail = error.detail if isinstance(error, APIException) else response.data
        field, first = _first(detail)
        code = getattr(first, "code", None) or "error"
        response.data = body_of(code, f"{field}: {first}" if field else str(first), field)
    return response


def _first(detail: Any, field: str = "") -> tuple[str, Any]:
    """The first complaint of REST framework's nested lists and dictionaries, and its field."""
    while isinstance(detail, dict | list):
        if isinstance(detail, dict):
            name, detail = next(iter(detail.items()))
            field = field if name in ("detail", "non_field_errors") else str(name)
        else:
            detail = detail[0]
    return field, detail


@csrf_exempt
def not_here(request: HttpRequest) -> HttpResponse:
    """The JSON 404 of everything under `/api/` that is nothing."""
    path = request.path_info
    message = _("There is nothing at this address; /api/schema/ lists what there is.")
    if not path.endswith("/"):
        try:
            match = resolve(path + "/")
        except Resolver404:
            match = None
        if match is not None and match.func is not not_here:
            message = _("Addresses end with a slash: %(path)s") % {"path": path + "/"}
    return no(404, "not_found", message)


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 of the whole app: JSON under `/api/`, else the page."""
    if is_api(request):
        return no(500, "server_error", _("Something went wrong here; it is in the log."))
    return defaults.server_error(request)


# Description ---------------------------------------------------------------------------------------------------------


@extend_schema(exclude=True)
@api_view(["GET"])
def schema(request: Request) -> Response:
    """The OpenAPI description of all that programs may call."""
    return Response(described())


@functools.cache
def described() -> dict[str, Any]:
    """The OpenAPI description; made once, a tenth of a second."""
    return SchemaGenerator().get_schema(request=None, public=True)


ERROR = {"$ref": "#/components/schemas/ErrorAnswer"}
WORDS = {
    "400": "A parameter or the body is wrong; `field` names it.",
    "401": "Not signed in.",
    "403": "The member's role may not do this, or the CSRF token is missing or wrong.",
    "404": "There is no such thing.",
    "default": "Any other error, in the same form: 405, 406, 413, 415, 500, 503.",
}


def describe(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Adds the errors, which are not seen by themselves, and the intake, whose views are plain ones."""
    schemas = result["components"]["schemas"]
    schemas["ErrorAnswer"] = {
        "type": "object",
        "properties": {"error": {"$ref": "#/components/schemas/Error"}},
        "required": ["error"],
    }
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            statuses = {"401", "403", "default"} | ({"404"} if "{" in path else set())
            if "requestBody" in operation or any(p["in"] == "query" for p in operation.get("parameters", [])):
                statuses.add("400")
            if method in ("post", "patch"):
                statuses.add("400")
                operation["parameters"] = [*operation.get("parameters", []), CSRF]
            for status in sorted(statuses):
                operation["responses"].setdefault(status, _answer(WORDS[status], ERROR))
            for status, answer in operation["responses"].items():
                if status == "308":
                    answer["headers"] = {"Location": {"schema": {"type": "string"}, "required": True}}
    schemas["Refusal"] = REFUSAL
    result["components"].setdefault("securitySchemes", {}).update(KEYS)
    result["paths"] |= INTAKE
    return result


def _answer(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _refusal(words: str, *, again: bool = False) -> dict[str, Any]:
    answer = _answer(words, {"$ref": "#/components/schemas/Refusal"})
    if again:
        seconds = {"schema": {"type": "integer"}, "required": True, "description": "Seconds."}
        answer["headers"] = {"Retry-After": seconds}
    return answer


CSRF = {
    "in": "header",
    "name": "X-CSRFToken",
    "required": True,
    "schema": {"type": "string"},
    "description": "The value of the cookie `csrftoken`. Over HTTPS a `Referer` or `Origin` of this site is needed too.",
}
KEYS = {
    "writeKeyBasic": {"type": "http", "scheme": "basic", "description": "The write key as user name, no password."},
    "writeKeyBearer": {"type": "http", "scheme": "bearer", "description": "The write key."},
}
REFUSAL = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean", "enum": [False]},
        "error": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("code", "field", "message")},
            "required": ["code", "field", "message"],
        },
    },
    "required": ["success", "error"],
}
STORED = {
    "type": "object",
    "properties": {"success": {"type": "boolean", "enum": [True]}},
    "required": ["success"],
}
ANSWERS = {
    "200": _answer("It is stored.", STORED),
    "400": _refusal("No JSON, no message, or a bad message on a path of its own; `field` names what is wrong."),
    "401": _refusal("The write key is missing, unknown or switched off."),
    "413": _refusal("Too large: 32 KB a message, 500 KB a batch."),
    "429": _refusal("Too much waits to be loaded: send it again.", again=True),
    "503": _refusal("The database is away: send it again.", again=True),
}
#: A key in the body is as good as one in the header, hence the empty one.
SECURITY: list[dict[str, list[str]]] = [{"writeKeyBasic": []}, {"writeKeyBearer": []}, {}]
FORM = {
    "type": "object",
    "properties": {
        "write_key": {"type": "string"},
        "form": {"type": "string", "maxLength": 32, "description": "The key of a form, instead of the write key."},
        "token": {"type": "string", "description": "The signed time at which one of our own forms was drawn."},
        "user_hash": {"type": "string", "description": "HMAC-SHA256 of `user_id` with the form's secret: proves it."},
        "consent": {"type": "string", "description": "Anything, where the form asks for consent."},
    }
    | {name: {"type": "string", "maxLength": most} for name, _other, most in hand_raise.FIELDS}
    | {
        hand_raise.HONEYPOT: {
            "type": "string",
            "description": "Hidden from people: what programs fill in is kept as spam.",
        }
    },
    "required": ["email"],
}
INTAKE = {
    "/v1/{kind}": {
        "post": {
            "operationId": "send_messages",
            "summary": "Send product events: Segment's HTTP API",
            "description": "See docs/intake.md. The content type is not looked at; gzip is.",
            "tags": ["intake"],
            "parameters": [
                {
                    "in": "path",
                    "name": "kind",
                    "required": True,
                    "schema": {"type": "string", "enum": sorted(PATHS)},
                    "description": "The kind of message, or a batch; the short ones are the browser's.",
                }
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"type": "object", "additionalProperties": {}}}},
            },
            "security": SECURITY,
            "responses": ANSWERS,
        }
    },
    "/hand-raise": {
        "post": {
            "operationId": "raise_hand",
            "summary": "Somebody asks for sales",
            "description": "From a form of the customer's own site (`form`), or from a server (`write_key`), which may send again "
            "with the same `message_id` what it does not know to have come. A plain HTML form is answered with a page. By a form "
            "a `user_id` counts only where it is proven or fits the e-mail. See docs/hand-raises.md.",
            "tags": ["intake"],
            "requestBody": {
                "required": True,
                "content": {
                    kind: {"schema": FORM}
                    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
                },
            },
            "security": SECURITY,
            "responses": ANSWERS
            | {
                "400": _refusal("`field` names what is wrong: `email`, `message`, `consent`, …"),
                "404": _refusal("There is no such form, or it is switched off."),
                "413": _refusal("Larger than 500 KB."),
                "429": _refusal(
                    "`too_many` from one address or with one e-mail: kept, and looked at. `busy`: again.", again=True
                ),
            },
        }
    },
}
