"""What domains are: a box to try one, the admin's own rules, and lists of companies."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import tasks
from accounts.company_domains import companies, rules, settling, told
from accounts.models import DomainRule
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from accounts.views.titles import whole_id

PAGE = 100
#: Rules that one click takes back.
UNDONE = 100


@require_http_methods(["GET", "HEAD", "POST"])
def domain_rules(request: MemberRequest) -> HttpResponse:
    """`q` tries a domain; POST with `action`: foresee or add (`lines`, `kind`), remove, undo or back (`id`), look or import.

    The last two read a `list`.
    """
    if request.method == "POST":
        return _act(request)
    if request.htmx and "box" in request.GET:
        return render(request, "accounts/domain_rules.html#said", {"said": told.of(request.GET.get("q", ""))})
    if request.htmx and "run" in request.GET:
        context = {"run": settling.newest(), "here": reverse("domain_rules")}
        return render(request, "accounts/domain_rules.html#run", context)
    return _page(request)


def _act(request: MemberRequest) -> HttpResponse:
    said = request.POST if "action" in request.POST else request.GET
    here, action = reverse("domain_rules"), said.get("action", "")
    if action in ("foresee", "add"):
        return _add(request, said, action)
    if action in ("look", "import"):
        return _companies(request, said, action)
    verbs = {"remove": (rules.remove, "back"), "undo": (rules.take_back, "back"), "back": (rules.put_back, "undo")}
    if action not in verbs:
        raise Http404
    ids, (verb, back) = said.get("id", ""), verbs[action]
    try:
        with transaction.atomic():
            changed = [verb(rule_id=whole_id(id_), member=request.user)[0] for id_ in ids.split(",")[:UNDONE]]
    except DomainRule.DoesNotExist:
        return done(request, to=here, words=_("That rule is gone."), kind="warning")
    tasks.resettle.delay_on_commit()
    words = _("The rule for %(domain)s holds again.") if action == "back" else _("The rule for %(domain)s is removed.")
    told_of = ", ".join(map(str, changed[:3])) + (" …" if len(changed) > 3 else "")
    return done(request, to=here, words=words % {"domain": told_of}, undo=f"{here}?action={back}&id={ids}")


def _add(request: MemberRequest, said: Any, action: str) -> HttpResponse:
    here = reverse("domain_rules")
    wanted, wrong = rules.read_lines(said.get("lines", ""), kind=said.get("kind", ""))
    if not wanted and not wrong:
        wrong = [_("Domains: write at least one.")]
    if wrong:
        return _page(request, wrong=wrong, typed=said)
    if action == "foresee":
        concerned = settling.concerned([one.domain for one in wanted])
        return _page(request, concerned=concerned, typed=said, status=200)
    try:
        made, job = rules.add(wanted=wanted, member=request.user)
    except ValidationError as error:
        return _page(request, wrong=error.messages, typed=said)
    if job is None:
        return done(request, to=here, words=_("These rules hold already."), kind="warning")
    tasks.resettle.delay_on_commit()
    words = ngettext("%(n)d rule holds now.", "%(n)d rules hold now.", len(made)) % {"n": len(made)}
    ids = ",".join(str(rule.pk) for rule in made)
    undo = f"{here}?action=undo&id={ids}" if len(made) <= UNDONE else ""
    return done(request, to=here, words=words, undo=undo)


def _companies(request: MemberRequest, said: Any, action: str) -> HttpResponse:
    text = said.get("list", "")
    try:
        if action == "look":
            return _page(request, plan=companies.plan(text), typed=said, status=200)
        made = companies.take_over(text, member=request.user)
    except companies.BadList as error:
        return _page(request, list_wrong=str(error), typed=said)
    words = _("Taken over: %(added)d domains, %(made)d new accounts; %(problems)d left as they are.") % {
        "added": made.added,
        "made": made.made,
        "problems": len(made.problems),
    }
    return done(request, to=reverse("domain_rules"), words=words)


def _page(
    request: MemberRequest,
    *,
    wrong: list[str] | None = None,
    list_wrong: str = "",
    plan: companies.Plan | None = None,
    concerned: tuple[int, int, int] | None = None,
    typed: Any = None,
    status: int | None = None,
) -> HttpResponse:
    typed = typed or {}
    rows = DomainRule.objects.filter(removed_at=None).select_related("created_by").order_by("domain")
    context = {
        "said": told.of(request.GET.get("q", "")),
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "kinds": DomainRule.Kind.choices,
        "wrong": wrong or [],
        "list_wrong": list_wrong,
        "plan": plan,
        "concerned": concerned,
        "lines": typed.get("lines", ""),
        "kind": typed.get("kind", DomainRule.Kind.SHARED),
        "list": typed.get("list", ""),
        "run": settling.newest(),
        "here": reverse("domain_rules"),
    }
    if status is None:
        status = 422 if wrong or list_wrong else 200
    return render(request, "accounts/domain_rules.html", context, status=status)
