"""The organisation map of an account with its file, and how much is known of the people of all accounts."""

from __future__ import annotations

import zoneinfo

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import organisation, roles
from accounts.models import Account, BuyingRole, Department, Seniority
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks import csv_lines, profiling
from playbooks.screens import organisation as screen
from playbooks.screens import profiling as profiling_screen
from playbooks.telling import quiet

PAGE = 50


@require_GET
def account_people(request: MemberRequest, account_id: int) -> HttpResponse:
    """Everybody of the account: the picture, who brings others, and the list. To htmx the list alone."""
    account = get_object_or_404(Account, pk=account_id)
    if account.merged_into_id is not None:
        return redirect("account_people", account_id=account.merged_into_id)
    found = organisation.of_account(account_id, now=timezone.now())
    wanted = screen.PeopleFilter.read(request.GET)
    page = Paginator(screen.listed(found, wanted), PAGE).get_page(request.GET.get("page"))
    by = found.people.get(wanted.by)
    context = {
        "account": account,
        "filter": wanted,
        "by": by.name if by else "",
        "page": page,
        "rows": [screen.line(one, found) for one in page],
        "found": found,
        "near": organisation.invitations.NEAR,
        "picture": screen.picture(found) if found.everybody else None,
        "champions": screen.champion_lines(found),
        "departments": Department.choices,
        "levels": Seniority.choices,
        "roles": BuyingRole.choices,
        "may_say": request.user.role in roles.SAYERS,
    }
    return render(request, "playbooks/organisation.html", context)


@require_GET
def account_people_csv(request: MemberRequest, account_id: int) -> HttpResponseBase:
    """The list as a file, with the filters of the page."""
    account = get_object_or_404(Account, pk=account_id)
    if account.merged_into_id is not None:
        return redirect("account_people_csv", account_id=account.merged_into_id)
    found = organisation.of_account(account_id, now=timezone.now())
    people = screen.listed(found, screen.PeopleFilter.read(request.GET))
    heads = [
        *(_("Name"), _("E-mail"), _("Uses the product"), _("Title"), _("Department"), _("Level")),
        *(_("Buying role"), _("Sure, in percent"), _("Why"), _("Brought by"), _("Brought"), _("Last seen")),
    ]
    rows = (
        (
            *(row.name, one.email, row.kind == "user", row.title, row.department, row.seniority),
            *(row.role, row.share if row.role else "", row.evidence, row.brought_by, row.brought, row.last_seen_at),
        )
        for one in people
        for row in (screen.line(one, found),)
    )
    zone = quiet.local(timezone.now(), request.user.timezone).tzinfo
    assert isinstance(zone, zoneinfo.ZoneInfo)
    lines = csv_lines.lines(heads, rows, zone=zone, bom=request.GET.get("bom") != "0")
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="people-{account_id}-{timezone.localdate()}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def buyers_profiling(request: MemberRequest) -> HttpResponse:
    """How much is known of the people, and what to ask next; POST counts again."""
    if request.method == "POST":
        profiling.keep(timezone.now().date())
        return done(request, to=request.path, words=_("Counted again."))
    newest = profiling.newest() or profiling.keep(timezone.now().date())
    return render(request, "playbooks/profiling.html", {"page": profiling_screen.page(newest, profiling.course())})
