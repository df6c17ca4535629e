"""The inbox of ambiguous workspaces: look at the evidence, decide, take back."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.company_domains import aliases
from accounts.corrections import Refused
from accounts.ladder import deciding
from accounts.models import Account, AccountDomain, Ambiguity, Member, Role
from accounts.views.answers import done, with_query
from accounts.views.requests import MemberRequest
from accounts.views.titles import whole_id
from playbooks import following
from playbooks.screens import identity as screen

PAGE, FOUND = 25, 10


@require_http_methods(["GET", "HEAD", "POST"])
def identity(request: MemberRequest) -> HttpResponse:
    """Open ones, or settled ones by `state`; `other` and `q` search another account for one of them.

    POST: `action` decide (`id`, `account`, empty for its own) or back (`id`).
    """
    if request.method == "POST":
        return _act(request)
    is_settled = request.GET.get("state") == "settled"
    page = Paginator(deciding.listed(settled=is_settled), PAGE).get_page(request.GET.get("page"))
    q = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    asked = request.GET.get("other", "")
    context = {
        "page": page,
        "cases": deciding.cases(list(page.object_list)),
        "is_settled": is_settled,
        "open": deciding.how_many_open(),
        "asked": int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None,
        "q": q,
        "found": _accounts(q) if asked and q else [],
        "days": deciding.DAYS,
        "here": reverse("identity"),
    }
    return render(request, "playbooks/identity.html", context)


def _act(request: MemberRequest) -> HttpResponse:
    said = request.POST if "action" in request.POST else request.GET
    here, action = reverse("identity"), said.get("action", "")
    ambiguity_id = whole_id(said.get("id", ""))
    try:
        with transaction.atomic():
            if action == "decide":
                account = said.get("account", "")
                made = deciding.decide(
                    ambiguity_id=ambiguity_id,
                    account_id=whole_id(account) if account else None,
                    member=request.user,
                )
                following.catch_up()
            elif action == "back":
                made = deciding.take_back(ambiguity_id=ambiguity_id, member=request.user)
                following.catch_up()
            else:
                raise Http404
    except Ambiguity.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return done(request, to=here, words=refused.words, kind="warning")
    if action == "back":
        return done(request, to=here, words=_("%(space)s is open again.") % {"space": made.workspace})
    words = _("%(space)s belongs to %(account)s now. The score follows within seconds.") % {
        "space": made.workspace,
        "account": made.settled_for,
    }
    return done(request, to=here, words=words, undo=f"{here}?action=back&id={made.pk}")


def _accounts(q: str) -> list[Account]:
    """By the start of a domain, or of the name."""
    domains = AccountDomain.objects.filter(domain__startswith=q.lower()).values("account")[:FOUND]
    rows = Account.objects.current().filter(Q(name__istartswith=q) | Q(pk__in=domains), of_person=False)
    return list(rows.order_by("name", "pk")[:FOUND])


@require_http_methods(["GET", "HEAD", "POST"])
def account_identity(request: MemberRequest, account_id: int) -> HttpResponse:
    """How we know what belongs to an account. POST, for admins and product: `action` add or remove, and the `domain`."""
    account = get_object_or_404(Account, pk=account_id)
    if account.merged_into_id is not None:
        return redirect("account_identity", account_id=account.merged_into_id)
    may_change = allows_corrections(request.user)
    problem, typed = "", ""
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        said = request.POST if "action" in request.POST else request.GET
        typed = said.get("domain", "").replace("\x00", "").strip()[:300]
        try:
            return _change_domains(request, account_id, said.get("action", ""), typed)
        except Refused as refused:
            problem = refused.words
    context = {
        "account": account,
        "known": screen.known(account),
        "may_change": may_change,
        "problem": problem,
        "typed": typed,
        "here": reverse("account_identity", args=[account_id]),
    }
    return render(request, "playbooks/account_identity.html", context, status=422 if problem else 200)


def _change_domains(request: MemberRequest, account_id: int, action: str, domain: str) -> HttpResponse:
    here = reverse("account_identity", args=[account_id])
    if action == "add":
        had = set(AccountDomain.objects.filter(account=account_id).values_list("domain", flat=True))
        row = aliases.add(account_id=account_id, domain=domain, member=request.user)
        if row.domain in had:  # taking it away would be no undo: its people would go along
            return done(
                request, to=here, words=_("%(domain)s is its domain by your word now.") % {"domain": row.domain}
            )
        words = _("%(domain)s belongs to the account now.") % {"domain": row.domain}
        return done(request, to=here, words=words, undo=with_query(here, action="remove", domain=row.domain))
    if action != "remove":
        raise Http404
    with transaction.atomic():
        gone = aliases.remove(account_id=account_id, domain=domain, member=request.user)
        following.catch_up()
    if gone.correction is None:
        words = _("%(domain)s was taken away. Nobody used it.") % {"domain": gone.domain}
        return done(request, to=here, words=words, undo=with_query(here, action="add", domain=gone.domain))
    words = _("%(domain)s has an account of its own now, with its people.") % {"domain": gone.domain}
    return done(request, to=here, words=words, undo=reverse("correction_undo", args=[gone.correction.pk]))


def allows_corrections(member: Member) -> bool:
    """Who may correct identity: product and admins, as the matrix has it for corrections."""
    return member.role in (Role.PRODUCT, Role.ADMIN)
