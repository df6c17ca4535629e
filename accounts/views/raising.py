"""The raised hand from outside: what is posted to `/hand-raise`, and a form as a page of its own and as a script.

All of it is public and made to be put into other sites: forms may be framed by the sites they allow, or by any, and answers may
be read by those.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts import addresses, api, hand_raise
from accounts.api import FORMS, RETRY_SECONDS, Refused
from accounts.messages import Bad
from accounts.models import HandRaiseForm, Source
from accounts.raising import forms, spam, taking

#: Seconds for which a browser keeps the script: a changed form is seen after a minute.
SCRIPT_SECONDS = 60


@dataclass
class Asked:
    """What is learnt of a request while it is answered: its form, if it names one, and what was filled in."""

    form: HandRaiseForm | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    is_limited: bool = False


# What is posted ------------------------------------------------------------------------------------------------------


@csrf_exempt
def hand_raised(request: HttpRequest) -> HttpResponse:
    """With a write key, as from a server, or with the key of a form (`form`)."""
    asked = Asked()
    answer, page = partial(_hand_raised, asked=asked), partial(_page, asked=asked)
    response = api.edge(request, hand_raise.PATH, answer, page)
    if response.status_code == 503 and asked.fields and _wants_page(request):
        response = _again(request, asked.fields)
    if asked.form is not None:
        _for_sites(request, response, asked.form)
    return response


def _hand_raised(request: HttpRequest, path: str, *, asked: Asked) -> HttpResponse:
    received_at = timezone.now()
    source, kept, value = api.admit(request, api.form_of, partial(_open, asked=asked))
    try:
        if isinstance(value, Bad):
            raise value
        if not isinstance(value, dict):
            raise Bad("not_an_object", "body: must be a JSON object or a form.", "body")
        kept = msgspec.json.encode({name: said for name, said in value.items() if name != "token"})
        is_server = asked.form is None
        if asked.form is None and value.get("form"):  # with a write key, to be counted with the form
            asked.form = forms.find(value["form"])
        asked.fields, token, form = value, value.get("token"), asked.form
        origin = request.headers.get("Origin", "")
        elsewhere = form is not None and not spam.is_allowed(origin, ours=_ours(request), allowed=form.origins)
        taken = api.by_source(
            source,
            lambda one: taking.take(
                source=one,
                form=form,
                fields=value,
                received_at=received_at,
                sender="" if is_server else spam.sender(_address(request)),
                token=token if isinstance(token, str) else "",
                from_elsewhere=elsewhere,
                is_server=is_server,
            ),
        )
    except Bad as bad:
        raise Refused(api.status_of(bad), bad, source=source, body=kept) from None
    if taken.is_limited:
        return _limited(request, asked, is_kept=taken.row is not None)
    return _page(request, None, 200, asked=asked) or JsonResponse({"success": True})


def _limited(request: HttpRequest, asked: Asked, *, is_kept: bool) -> HttpResponse:
    """Too many came from there: 429. What is kept waits for an admin and need not be sent again; else the form has it still."""
    if is_kept:
        words = _(
            "Many messages came from where you are within a few minutes, so this one is looked at by a person first. "
            "It is kept: you need not send it again."
        )
    else:
        words = _(
            "Too many messages came from where you are. Nothing you typed is lost: please try again in ten minutes."
        )
    bad = Bad("too_many", words)
    if not is_kept:
        response = _page(request, bad, 429, asked=asked)
    elif asked.form is not None and _wants_page(request):
        context = {
            "title": _("We have your message"),
            "text": words,
            "style": static("css/hand-form.css"),
            "theme": _theme(asked.fields),
        }
        response = render(request, "accounts/hand_form_thanks.html", context, status=429)
    else:
        response = None
    if response is None:
        error = {"code": bad.code, "field": "", "message": bad.reason, "kept": is_kept}
        response = JsonResponse({"success": False, "error": error}, status=429)
    response["Retry-After"] = str(round(spam.WITHIN.total_seconds()))
    return response


def _theme(said: dict[str, Any]) -> str:
    """light or dark, as the site has it that frames the form; empty: as the visitor has it."""
    theme = said.get("theme")
    return theme if theme in ("light", "dark") else ""


def _wants_page(request: HttpRequest) -> bool:
    return request.content_type in FORMS and "text/html" in request.headers.get("Accept", "")


def _open(value: object, *, asked: Asked) -> Source | None:
    """The source of the form that a body without a write key names."""
    if not isinstance(value, dict) or not value.get("form"):
        return None
    asked.fields = value
    asked.form = forms.find(value["form"])
    if asked.form is None:
        raise Refused(404, Bad("unknown_form", "form: is not known here, or is switched off.", "form"))
    return asked.form.source


def _page(request: HttpRequest, bad: Bad | None, status: int, *, asked: Asked) -> HttpResponse | None:
    """A page for a person who sent a plain HTML form, else None. What was typed into one of our forms is there still."""
    if not _wants_page(request):
        return None
    if asked.form is None:
        context = {"problem": bad.reason if bad else ""}
        response = render(request, "accounts/hand_raised.html", context, status=status)
    elif bad is None:
        # To where an admin said, never to where a request says.
        theme = _theme(asked.fields)
        here = reverse("hand_form_thanks", args=[asked.form.key]) + (f"?theme={theme}" if theme else "")
        there = asked.form.thanks_url or here
        response = redirect(there)
    else:
        response = _drawn(request, asked.form, asked.fields, bad=bad, status=status)
    if status == 429:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _again(request: HttpRequest, fields: dict[str, Any]) -> HttpResponse:
    """The database is away, and with it the form: what was typed, to be sent again by a button."""
    typed = hand_raise.typed(fields)
    more = {name: value for name in ("form", "token", "theme") if isinstance(value := fields.get(name), str)}
    context = {"fields": more | typed, "message": typed.get("message", ""), "theme": _theme(fields)}
    return _away(request, "accounts/hand_form_again.html", context)


def _away(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Which sites may frame it is not known now, and there is nothing in it that any may not."""
    context |= {"action": reverse("hand_raise"), "style": static("css/hand-form.css")}
    response = render(request, template, context, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    # The page of thanks, to which a browser may be sent after it, is not known either.
    _framed(response, form_action=[CSP.SELF, "https:", "http:"], ancestors=["*"])
    return response


# The form itself -----------------------------------------------------------------------------------------------------


@require_safe
def form_page(request: HttpRequest, form_key: str) -> HttpResponse:
    """The form as a page, also within another. The query fills in what is known: `email`, `name`, `user_id`, `placement`, …"""
    try:
        form = forms.find(form_key)
    except DatabaseError:
        return _away(request, "accounts/hand_form_again.html", {})
    if form is None:
        return _gone(request)
    return _for_sites(request, _drawn(request, form, request.GET.dict()), form)


@require_safe
def form_thanks(request: HttpRequest, form_key: str) -> HttpResponse:
    form = forms.find(form_key)
    if form is None:
        return _gone(request)
    context = {
        "title": _("Thank you"),
        "text": form.thanks or _("We have your message and will be in touch soon."),
        "style": static("css/hand-form.css"),
        "theme": _theme(request.GET.dict()),
    }
    return _for_sites(request, render(request, "accounts/hand_form_thanks.html", context), form)


@require_safe
def form_script(request: HttpRequest, form_key: str) -> HttpResponse:
    """A script that puts the form where its tag stands. It needs nothing but this host, and no eval."""
    form = forms.find(form_key)
    if form is None:
        return HttpResponse(
            "// This form is switched off.\n", content_type="text/javascript; charset=utf-8", status=404
        )
    words = forms.words(form)
    told = {
        "key": form.key,
        "action": request.build_absolute_uri(reverse("hand_raise")),
        "style": request.build_absolute_uri(static("css/hand-form.css")),
        "token": spam.token(timezone.now()),
        "question": words.question,
        "button": words.button,
        "thanks": words.thanks,
        "thanks_url": form.thanks_url,
        "asks": words.asks,
        "consent": words.consent,
        "consent_url": words.consent_url,
        "about": _("Read more"),
        "page": request.build_absolute_uri(reverse("hand_form_page", args=[form.key])),
        "email": _("E-mail"),
        "sending": _("Sending …"),
        "problems": problems(),
        "failed": _("This could not be sent. Nothing you typed is lost: please try again."),
    }
    # As JSON within a script: ASCII only, and no "</".
    data = json.dumps(told).replace("<", "\\u003c")
    text = render_to_string("accounts/hand_form.js", {"data": data})
    response = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={SCRIPT_SECONDS}"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def problems() -> dict[str, str]:
    """What a visitor reads when a field is wrong; a program reads which field and why."""
    return {
        "email": _("Please check the e-mail address: we could not answer to this one."),
        "consent": _("Please tick the box: we need it to write to you."),
        "message": _("The message is too long: 10,000 characters are the most."),
        "name": _("The name is too long: 200 characters are the most."),
        "title": _("The job title is too long: 200 characters are the most."),
        "company": _("The company is too long: 200 characters are the most."),
    }


def _drawn(
    request: HttpRequest, form: HandRaiseForm, fields: dict[str, Any], *, bad: Bad | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "words": forms.words(form),
        "action": reverse("hand_raise"),
        "style": static("css/hand-form.css"),
        "token": spam.token(timezone.now()),
        "values": hand_raise.typed(fields),
        "theme": _theme(fields),
        "wrong": bad.field if bad else "",
        "problem": problems().get(bad.field, bad.reason) if bad else "",
    }
    return render(request, "accounts/hand_form.html", context, status=status)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/hand_form_gone.html", {"style": static("css/hand-form.css")}, status=404)


def _for_sites(request: HttpRequest, response: HttpResponse, form: HandRaiseForm) -> HttpResponse:
    """Lets the sites of a form, or all, frame the answer and read it; others read nothing."""
    ours, origin = _ours(request), request.headers.get("Origin", "")
    if form.origins:
        response["Access-Control-Allow-Origin"] = origin if origin in form.origins else ours
        patch_vary_headers(response, ["Origin"])
    # A browser holds what an answer redirects to against this too.
    form_action = [CSP.SELF, forms.origin_of(form.thanks_url)] if form.thanks_url else [CSP.SELF]
    _framed(response, form_action=form_action, ancestors=[CSP.SELF, *form.origins] if form.origins else ["*"])
    return response


def _framed(response: HttpResponse, *, form_action: Sequence[str], ancestors: Sequence[str]) -> None:
    policy = {
        "default-src": [CSP.NONE],
        "style-src": [CSP.SELF],
        "form-action": form_action,
        "base-uri": [CSP.NONE],
        "frame-ancestors": ancestors,
    }
    response._csp_config = policy  # type: ignore[attr-defined]
    response.xframe_options_exempt = True


def _ours(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def _address(request: HttpRequest) -> str:
    """The client's address, of IPv6 its network."""
    forwarded, peer = request.headers.get("X-Forwarded-For", ""), str(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.ENV.TRUSTED_PROXIES
    return addresses.to_count_by(addresses.of_client(peer=peer, forwarded=forwarded, proxies=proxies))
