"""Erasing a person by a program."""

from __future__ import annotations

from typing import Any, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.erasing import verbs
from accounts.models import Member

LENGTH = 254
BODY: Any = {
    "application/json": {
        "type": "object",
        "properties": {
            "subject": {
                "type": "string",
                "minLength": 1,
                "maxLength": LENGTH,
                "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
                "description": "An e-mail, a userId or an anonymousId, whole.",
            },
        },
        "required": ["subject"],
        "additionalProperties": False,
    }
}


class ErasedSerializer(serializers.Serializer[verbs.Erased]):
    people = serializers.IntegerField(help_text=gettext_lazy("Users of the product."))
    contacts = serializers.IntegerField()
    texts = serializers.IntegerField(help_text=gettext_lazy("Rows in whose texts they were named."))
    waiting = serializers.IntegerField(help_text=gettext_lazy("Requests that waited for the loader."))
    set_aside = serializers.IntegerField()


@extend_schema(
    operation_id="erase_person",
    summary="Erase a person for good",
    request=BODY,
    responses=ErasedSerializer,
)
@api_view(["POST"])
def erase(request: Request) -> Response:
    """Names, e-mail and traits go, counts stay. Cannot be undone; for somebody who is not known it answers zeros. For admins."""
    said = request.data
    if not isinstance(said, dict):
        raise rest.bad("body", _("must be a JSON object."), "not_an_object")
    for field in said:
        if field != "subject":
            raise rest.bad(str(field)[:100], _("is not a field of this call."), "unknown_field")
    subject = said.get("subject")
    if not isinstance(subject, str) or not subject.strip() or "\x00" in subject or len(subject) > LENGTH:
        raise rest.bad("subject", _("must be an e-mail or an id."))
    return Response(ErasedSerializer(verbs.erase(said=subject, member=cast(Member, request.user))).data)
