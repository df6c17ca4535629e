"""Kept views, the facts of rows, and lists as files."""

from __future__ import annotations

import zoneinfo

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import access
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks import columns, csv_lines, exports, saved_views
from playbooks.filters import AccountFilter, QueueFilter
from playbooks.models import SavedView
from playbooks.refused import Refused
from playbooks.telling import quiet


@require_http_methods(["GET", "HEAD", "POST"])
def view_list(request: MemberRequest) -> HttpResponse:
    """All views that the member may use; POST keeps a new one. What was refused stands in the form with its reason."""
    said = {name: request.POST.get(name, "") for name in ("list", "name", "query", "next")}
    said["is_shared"] = "1" if request.POST.get("is_shared") else ""
    refused: Refused | None = None
    if request.method == "POST":
        try:
            view = saved_views.save(
                member=request.user,
                list_=said["list"],
                name=said["name"],
                query=said["query"],
                is_shared=bool(said["is_shared"]),
            )
        except Refused as error:
            refused = error
        else:
            words = _("View kept: %(name)s.") % {"name": view.name}
            return done(request, to=saved_views.address(view.motion) + view.query, words=words)
    context = {
        "views": [(saved_views.label(view.place), view) for view in saved_views.of(request.user)],
        "said": said if refused else None,
        "refused": refused,
        "list_label": saved_views.label(said["list"]) if said["list"] in saved_views.LISTS else "",
    }
    return render(request, "playbooks/views.html", context, status=422 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def view_change(request: MemberRequest, view_id: int) -> HttpResponse:
    """Renames a view and says whether it is shared."""
    view = _changeable(request, view_id)
    if request.method != "POST":
        return redirect("views")
    try:
        view = saved_views.change(
            view_id=view_id,
            member=request.user,
            name=request.POST.get("name", ""),
            is_shared=bool(request.POST.get("is_shared")),
        )
    except Refused as refused:
        return done(request, to=reverse("views"), words=refused.words, kind="warning")
    words = _("%(name)s is shared now.") if view.is_shared else _("%(name)s is saved.")
    return done(request, to=reverse("views"), words=words % {"name": view.name})


@require_http_methods(["GET", "HEAD", "POST"])
def view_remove(request: MemberRequest, view_id: int) -> HttpResponse:
    _changeable(request, view_id)
    if request.method != "POST":
        return redirect("views")
    view, token = saved_views.remove(view_id=view_id, member=request.user)
    words = _("View deleted: %(name)s.") % {"name": view.name}
    return done(request, to=reverse("views"), words=words, undo=reverse("view_back", args=[token]))


@require_http_methods(["GET", "HEAD", "POST"])
def view_back(request: MemberRequest, token: str) -> HttpResponse:
    """Takes a deletion back."""
    if request.method != "POST":
        return redirect("views")
    try:
        view = saved_views.put_back(token=token, member=request.user)
    except SavedView.DoesNotExist:
        return done(request, to=reverse("views"), words=_("It is too late to undo that."), kind="warning")
    except Refused as refused:
        return done(request, to=reverse("views"), words=refused.words, kind="warning")
    return done(request, to=reverse("views"), words=_("%(name)s is back.") % {"name": view.name})


@require_http_methods(["GET", "HEAD", "POST"])
def choose_columns(request: MemberRequest, rows: str) -> HttpResponse:
    """Which facts the rows of a list show; with `usual` the usual ones again."""
    if rows not in columns.KNOWN:
        raise Http404
    place = reverse("accounts") if rows == columns.ACCOUNTS else reverse("queue")
    if request.method != "POST":
        return redirect(place)
    keys = None if "usual" in request.POST else request.POST.getlist("columns")
    try:
        columns.choose(member=request.user, list_=rows, keys=keys)
    except Refused as refused:
        return done(request, to=place, words=refused.words, kind="warning")
    return done(request, to=place, words=_("Rows show what you chose."))


@require_GET
def queue_csv(request: MemberRequest, motion: str) -> HttpResponseBase:
    """A tab of a queue, for those who work it, product and admins: it has people's addresses in it."""
    if motion not in access.WORKERS:
        raise Http404
    if not access.can(request.user, "export", motion):
        raise PermissionDenied
    wanted = QueueFilter.read(motion, request.GET)
    return file_answer(request, exports.of_queue(wanted, request.user, origin=origin(request)), wanted.errors)


@require_GET
def accounts_csv(request: MemberRequest) -> HttpResponseBase:
    wanted = AccountFilter.read(request.GET)
    return file_answer(request, exports.of_accounts(wanted, origin=origin(request)), wanted.errors)


def file_answer(request: MemberRequest, export: exports.Export, errors: tuple[str, ...]) -> HttpResponseBase:
    """Streams the rows. A filter that was not understood is an error: a file of all rows would not be what was asked for."""
    if errors:
        return HttpResponse("\n".join(errors), status=400, content_type="text/plain; charset=utf-8")
    zone = quiet.local(timezone.now(), request.user.timezone).tzinfo
    assert isinstance(zone, zoneinfo.ZoneInfo)
    has_bom = request.GET.get("bom") != "0"
    answer = StreamingHttpResponse(
        csv_lines.lines(export.heads, export.rows, zone=zone, bom=has_bom), content_type="text/csv; charset=utf-8"
    )
    cut = f"-first-{exports.MOST}" if export.left_out else ""
    name = f"{export.name}-{timezone.localdate()}{cut}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Rows-Left-Out"] = str(export.left_out)
    answer["Cache-Control"] = "no-store"
    return answer


def origin(request: MemberRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _changeable(request: MemberRequest, view_id: int) -> SavedView:
    try:
        return saved_views.changeable(view_id, request.user)
    except SavedView.DoesNotExist:
        raise Http404 from None
