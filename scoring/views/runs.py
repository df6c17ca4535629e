"""The runs of the engine, and asking for one."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from scoring import asking, screens, tasks
from scoring.models import Score, ScoringRun

PAGE = 30


@require_GET
def runs(request: MemberRequest) -> HttpResponse:
    """The runs, newest first. To htmx it answers the list alone, which asks again by itself."""
    kind = request.GET.get("kind", "")
    rows = ScoringRun.objects.select_related("definition").defer("definition__spec").order_by("-started_at", "-pk")
    if kind in ("full", "changed"):
        rows = rows.filter(kind=kind)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    under_way = asking.under_way()
    context = {
        "page": page,
        "rows": [(run, screens.took(run), asking.is_lost(run)) for run in page.object_list],
        "kind": kind if kind in ("full", "changed") else "",
        "under_way": under_way,
        "is_late": under_way is not None and asking.is_late(under_way),
        "accounts": Score.objects.count() if under_way else 0,
    }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, "scoring/runs.html" + ("#runs" if is_fragment else ""), context)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


@require_POST
def run_all(request: MemberRequest) -> HttpResponse:
    """Scores all accounts now, unless that is being done."""
    run = asking.ask_for_full_run(enqueue=tasks.score_all.delay_on_commit)
    if run is None:
        words = _("All accounts are being scored already: this page shows when it is done.")
        return done(request, to=reverse("runs"), words=words, kind="warning")
    return done(request, to=reverse("runs"), words=_("All accounts are being scored. This takes seconds to minutes."))
