"""How a page answers after something was done: a toast, and the place where the member was."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from accounts.views.requests import MemberRequest


def done(request: MemberRequest, *, to: str, words: str, undo: str = "", kind: str = "success") -> HttpResponse:
    """Goes back to where the member was (`next`, else `to`) with a toast. `undo` is the address that takes it back."""
    level = {"success": messages.SUCCESS, "warning": messages.WARNING, "error": messages.ERROR}[kind]
    messages.add_message(request, level, words, extra_tags=f"undo={undo}" if undo else "")
    where = back(request, to)
    return HttpResponseClientRedirect(where) if request.htmx else redirect(where)


def back(request: MemberRequest, otherwise: str) -> str:
    """The posted `next` when it is an address of this app."""
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else otherwise


def with_query(path: str, **values: object) -> str:
    return f"{path}?{urlencode({name: str(value) for name, value in values.items()})}"
