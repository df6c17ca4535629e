"""The account list, the buyers and the account page."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Account, BuyingRole
from accounts.views.requests import MemberRequest
from playbooks import buyers as buyer_list
from playbooks import columns, exports
from playbooks.filters import SORTS, AccountFilter, BuyerFilter
from playbooks.one_pass import start_of
from playbooks.querysets import accounts_page, rows_of
from playbooks.screens import account as account_screen
from playbooks.screens import asked, lists, views_menu
from playbooks.views.saved import file_answer, origin
from scoring import buckets
from scoring.models import BuyerState, Segment, Tier

PAGE = 50


@require_GET
def accounts(request: MemberRequest) -> HttpResponse:
    wanted = AccountFilter.read(request.GET)
    number = request.GET.get("page")
    ids = accounts_page(Account.objects.all(), wanted, start=start_of(number, PAGE), size=PAGE)
    page = Paginator(ids, PAGE).get_page(number)
    rows = rows_of(Account.objects.select_related("score").annotate(bucket=buckets.value()), page)
    shows = columns.of(request.user, columns.ACCOUNTS)
    context = {
        "filter": wanted,
        "shows": shows,
        "menu": views_menu.of_accounts(wanted, request.user, shows=shows, rows=page.paginator.count),
        "page": page,
        "rows": lists.account_rows(rows),
        "tiers": Tier.choices,
        "segments": Segment.choices,
        "buyers": BuyerState.choices,
        "buckets": lists.bucket_chips(buckets.counts(), wanted),
        "next_sort": {
            name: f"-{name}" if wanted.sort == name or (name != "name" and wanted.sort != f"-{name}") else name
            for name in SORTS
        },
    }
    return render(request, "playbooks/accounts.html", context)


@require_GET
def buyers(request: MemberRequest) -> HttpResponse:
    wanted = BuyerFilter.read(request.GET)
    number = request.GET.get("page")
    found = buyer_list.Buyers(wanted, start=start_of(number, PAGE), size=PAGE)
    page = Paginator(found, PAGE).get_page(number)
    context = {
        "filter": wanted,
        "page": page,
        "rows": lists.buyer_rows(buyer_list.rows_of(page)),
        "roles": [choice for choice in BuyingRole.choices if choice[0] != BuyingRole.END_USER],
    }
    return render(request, "playbooks/buyers.html", context)


@require_GET
def buyers_csv(request: MemberRequest) -> HttpResponseBase:
    wanted = BuyerFilter.read(request.GET)
    return file_answer(request, exports.of_buyers(wanted, origin=origin(request)), wanted.errors)


@require_GET
def account(request: MemberRequest, account_id: int) -> HttpResponse:
    found = get_object_or_404(Account, pk=account_id)
    if found.merged_into_id is not None:
        words = _("%(name)s was merged into this account.") % {"name": found.name}
        messages.success(request, words)
        return redirect("account", account_id=found.merged_into_id)
    today = timezone.now().date()
    page = account_screen.page(found, request.user, today=today)
    context = {
        "page": page,
        "asked": asked.answer(found, request.GET, today=today, score=page.score),
    }
    return render(request, "playbooks/account.html", context)
