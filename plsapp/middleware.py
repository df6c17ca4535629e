"""Permissions on every URL, who acts, each member's own time zone, and a page for addresses that are none."""

from __future__ import annotations

import contextlib
import zoneinfo
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.defaults import permission_denied

from accounts import audit
from accounts.models import Member
from plsapp import rest
from plsapp.permissions import MATRIX, allows

type GetResponse = Callable[[HttpRequest], HttpResponse]


class Permissions:
    """Holds every request to the matrix. Runs before the view, so a view cannot forget it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        row = MATRIX.get(match.view_name) if match else None
        if row is None:
            raise Http404
        if allows(row, None):
            return None
        if rest.is_api(request) and not request.user.is_authenticated:
            return rest.no(401, "not_signed_in", _("Sign in first; the session cookie is missing or has expired."))
        if not request.user.is_authenticated:
            if request.headers.get("HX-Request"):
                # A fragment cannot show the sign-in page: ask the browser to load it whole.
                return HttpResponse(status=204, headers={"HX-Redirect": redirect_to_login(_seen_at(request)).url})
            return redirect_to_login(_seen_at(request))
        if not allows(row, request.user.role):
            if rest.is_api(request):
                return rest.no(403, "permission_denied", _("Your role may not do this."))
            # Raised, it would put a traceback into the log for a link that was only passed on.
            return permission_denied(request, PermissionDenied())
        return None


#: Beside the address of a form that came by htmx: the page around it, in case the address is a button's and has no page.
AROUND = "around"


def _seen_at(request: HttpRequest) -> str:
    """Where somebody goes on who has to sign in: at the page that is asked for, of a fragment at the one around it, of a form at
    the one with the form."""
    is_asked_for = request.method in ("GET", "HEAD")
    around = urlsplit(
        request.headers.get("HX-Current-URL", "" if is_asked_for else request.headers.get("Referer", "/"))
    )
    if around.netloc not in ("", request.get_host()) or not around.path:
        return request.get_full_path() if is_asked_for else "/"
    page = f"{around.path}?{around.query}" if around.query else around.path
    if is_asked_for or not request.headers.get("HX-Request"):
        return page
    return f"{request.path}?{urlencode({AROUND: page})}"


class PagesOnly:
    """A page in place of the browser's blank one for whoever opens the address of a button."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if answer.status_code == 405 and request.method == "GET" and not answer.content:
            around = request.GET.get(AROUND, "")
            if url_has_allowed_host_and_scheme(around, allowed_hosts=None):
                return redirect(around)
            allowed = answer["Allow"]
            answer = render(request, "405.html", status=405)
            answer["Allow"] = allowed
        return answer


class Acting:
    """Tells the audit log who acts while a request is served."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def who() -> Member | None:
            user: Any = getattr(request, "user", None)
            return user if user is not None and user.is_authenticated else None

        with audit.done_by(who, audit.API if rest.is_api(request) else audit.PAGE):
            return self.get_response(request)


class MemberTimezone:
    """Shows times in the signed-in member's zone. Public URLs have no member: machines and health cost no session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        if match is None or allows(MATRIX.get(match.view_name), None) or not request.user.is_authenticated:
            return
        with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError, ValueError):
            timezone.activate(zoneinfo.ZoneInfo(request.user.timezone))
