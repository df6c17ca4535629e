"""Kept views and notifications for programs: each member's own, and the shared views."""

from __future__ import annotations

from typing import Annotated, Any, cast

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest
from accounts.models import Member
from playbooks import saved_views
from playbooks.models import Notification, SavedView
from playbooks.rest.touches import heard
from playbooks.telling import notifications
from scoring.rest_shapes import LARGEST_ID, told

type Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID)]
#: Ids in one call.
MOST_IDS = 200
KINDS: Any = Notification._meta.get_field("kind").choices
LISTS = [(list_, list_) for list_ in saved_views.LISTS]


class NewView(msgspec.Struct, forbid_unknown_fields=True):
    list: str
    name: Annotated[str, msgspec.Meta(max_length=saved_views.NAME_LENGTH)]
    query: Annotated[str, msgspec.Meta(max_length=saved_views.QUERY_LENGTH)] = ""
    is_shared: bool = False


class ViewChange(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=saved_views.NAME_LENGTH)] | msgspec.UnsetType = msgspec.UNSET
    is_shared: bool | msgspec.UnsetType = msgspec.UNSET


class Removed(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(max_length=4000)]


class Ids(msgspec.Struct, forbid_unknown_fields=True):
    ids: Annotated[list[Id], msgspec.Meta(max_length=MOST_IDS)]


class IdsOrAll(msgspec.Struct, forbid_unknown_fields=True):
    ids: Annotated[list[Id], msgspec.Meta(max_length=MOST_IDS)] | msgspec.UnsetType = msgspec.UNSET


_NAME = {
    "type": "string",
    "minLength": 1,
    "maxLength": saved_views.NAME_LENGTH,
    "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$",
}
_QUERY = {
    "type": "string",
    "maxLength": saved_views.QUERY_LENGTH,
    "pattern": r"^[^\u0000]*$",
    "description": "The query string of the list's page, such as `?tab=mine&low=80`.",
}
_IDS = {
    "type": "array",
    "items": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
    "maxItems": MOST_IDS,
}


def _body(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"application/json": shape | ({"required": list(required)} if required else {})}


NEW_VIEW = _body(
    {
        "list": {"type": "string", "enum": list(saved_views.LISTS)},
        "name": _NAME,
        "query": _QUERY,
        "is_shared": {"type": "boolean", "default": False},
    },
    "list",
    "name",
)
VIEW_CHANGE = _body({"name": _NAME, "is_shared": {"type": "boolean"}})
TOKEN = _body({"token": {"type": "string", "maxLength": 4000}}, "token")
IDS = _body({"ids": _IDS}, "ids")
IDS_OR_ALL = _body({"ids": _IDS | {"description": "Left out: all."}})


class ViewSerializer(serializers.Serializer[saved_views.View]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    list = serializers.ChoiceField(LISTS, source="place")
    query = serializers.CharField(allow_blank=True)
    address = serializers.CharField(source="href", help_text=gettext_lazy("Its page."))
    is_own = serializers.BooleanField()
    is_shared = serializers.BooleanField()
    owner = serializers.CharField(allow_blank=True, help_text=gettext_lazy("Empty for one’s own."))
    may_change = serializers.BooleanField()
    broken = serializers.ListField(
        source="errors",
        child=serializers.CharField(),
        help_text=gettext_lazy("Filters of its query that are none any more."),
    )


class RemovedViewSerializer(serializers.Serializer[Any]):
    view = ViewSerializer()
    token = serializers.CharField(help_text=gettext_lazy("For `put-back`, within a quarter of an hour."))


class NotificationSerializer(serializers.Serializer[Notification]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(KINDS)
    text = serializers.CharField()
    why = serializers.CharField(allow_blank=True)
    link = serializers.CharField(allow_blank=True, help_text=gettext_lazy("A path of this app."))
    item = serializers.IntegerField(source="item_id", allow_null=True)
    created_at = rest.Moment()
    shown_at = rest.Moment(allow_null=True, help_text=gettext_lazy("When a browser popped it up."))
    read_at = rest.Moment(allow_null=True)
    mailed_at = rest.Moment(allow_null=True, help_text=gettext_lazy("When a digest told it."))


class NotificationPageSerializer(rest.PageSerializer):
    results = NotificationSerializer(many=True)


class ToShowSerializer(serializers.Serializer[Notification]):
    id = serializers.IntegerField()
    title = serializers.SerializerMethodField()
    why = serializers.CharField(allow_blank=True)
    href = serializers.SerializerMethodField(help_text=gettext_lazy("Marks it as read and leads to its item."))

    def get_title(self, one: Notification) -> str:
        return f"{one.get_kind_display()}: {one.text}"

    def get_href(self, one: Notification) -> str:
        return notifications.link_of(one)


class NewsSerializer(serializers.Serializer[notifications.Bell]):
    unread = serializers.IntegerField(help_text=gettext_lazy("Up to 100."))
    unread_words = serializers.CharField(source="words", allow_blank=True)
    to_show = serializers.SerializerMethodField(
        help_text=gettext_lazy("What no browser has popped up yet and, outside quiet hours, may.")
    )

    @extend_schema_field(ToShowSerializer(many=True))
    def get_to_show(self, bell: notifications.Bell) -> Any:
        return ToShowSerializer(many=True, instance=cast(Any, bell.to_show)).data


class CountSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text=gettext_lazy("How many."))


class NotificationFilters(rest.Filters):
    unread = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="by_unread",
        help_text=gettext_lazy("Only those that are not read, or only those that are."),
    )

    def by_unread(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(read_at__isnull=value == "true")


@extend_schema(
    methods=["GET"],
    operation_id="list_views",
    summary="One's own kept views and the shared ones",
    responses=ViewSerializer(many=True),
)
@extend_schema(
    methods=["POST"], operation_id="keep_view", summary="Keep a view", request=NEW_VIEW, responses={201: ViewSerializer}
)
@api_view(["GET", "POST"])
def view_list(request: Request) -> Response:
    """All of them at once, by list and name. One's own of the same list and name gets the new query."""
    if request.method == "GET":
        return Response(ViewSerializer(cast(Any, saved_views.of(_member(request))), many=True).data)
    said = told(request, NewView)
    view = heard(
        saved_views.save,
        member=_member(request),
        list_=said.list,
        name=said.name,
        query=said.query,
        is_shared=said.is_shared,
    )
    return Response(_shown(view, request), status=201)


@extend_schema(
    operation_id="change_view", summary="Rename or share a view", request=VIEW_CHANGE, responses=ViewSerializer
)
@api_view(["POST"])
def view_change(request: Request, view_id: int) -> Response:
    """By its owner; a shared one by admins too."""
    said = told(request, ViewChange)
    fields = {name: value for name in ("name", "is_shared") if (value := getattr(said, name)) is not msgspec.UNSET}
    try:
        view = heard(saved_views.change, view_id=view_id, member=_member(request), **fields)
    except SavedView.DoesNotExist:
        raise _no_view(view_id) from None
    return Response(_shown(view, request))


@extend_schema(operation_id="remove_view", summary="Delete a view", request=None, responses=RemovedViewSerializer)
@api_view(["POST"])
def view_remove(request: Request, view_id: int) -> Response:
    """By its owner; a shared one by admins too. `put-back` is its undo."""
    rest.no_fields(request)
    try:
        saved_views.changeable(view_id, _member(request))
        view, token = saved_views.remove(view_id=view_id, member=_member(request))
    except SavedView.DoesNotExist:
        raise _no_view(view_id) from None
    view.pk = view_id
    return Response({"view": _shown(view, request), "token": token})


@extend_schema(
    operation_id="put_back_view", summary="Take a deletion back", request=TOKEN, responses={201: ViewSerializer}
)
@api_view(["POST"])
def view_back(request: Request) -> Response:
    """By the token that `remove` answered, for a quarter of an hour."""
    said = told(request, Removed)
    try:
        view = heard(saved_views.put_back, token=said.token, member=_member(request))
    except SavedView.DoesNotExist:
        raise rest.bad("token", _("is none, or it is too late.")) from None
    return Response(_shown(view, request), status=201)


@extend_schema(
    operation_id="list_notifications",
    summary="What the member was told, the newest first",
    parameters=NotificationFilters.parameters(),
    responses=NotificationPageSerializer,
)
@api_view(["GET"])
def notification_list(request: Request) -> Response:
    """One's own."""
    rows = Notification.objects.filter(member=_member(request)).order_by("-created_at", "-pk")
    return rest.page(request, NotificationFilters.rows(request, rows), NotificationSerializer)


@extend_schema(operation_id="notification_news", summary="What the bell shows", responses=NewsSerializer)
@api_view(["GET"])
def notification_news(request: Request) -> Response:
    """For clients that ask again and again: cheap."""
    return Response(NewsSerializer(notifications.bell(_member(request))).data)


@extend_schema(operation_id="read_notifications", summary="Mark as read", request=IDS_OR_ALL, responses=CountSerializer)
@api_view(["POST"])
def notifications_read(request: Request) -> Response:
    """Some, or without `ids` all. What is not one's own is left alone."""
    said = told(request, IdsOrAll)
    ids = None if said.ids is msgspec.UNSET else said.ids
    number, _at = notifications.read(member=_member(request), ids=ids)
    return Response({"changed": number})


@extend_schema(
    operation_id="notifications_shown", summary="A browser has popped these up", request=IDS, responses=CountSerializer
)
@api_view(["POST"])
def notifications_shown(request: Request) -> Response:
    """So that no other does."""
    return Response({"changed": notifications.shown(member=_member(request), ids=told(request, Ids).ids)})


def _member(request: Request) -> Member:
    return cast(Member, request.user)


def _shown(view: SavedView, request: Request) -> Any:
    return ViewSerializer(saved_views.seen(view, _member(request))).data


def _no_view(view_id: int) -> NotFound:
    return NotFound(_("There is no view %(id)d that you may change.") % {"id": view_id})
