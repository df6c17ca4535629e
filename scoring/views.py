"""The published definition, its versions and the runs of the engine. Read only, but for asking for a run."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import access
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from scoring import asking, definitions, rules, screens, tasks
from scoring.models import Definition, Score, ScoringRun

PAGE = 30


@require_GET
def definition_page(request: MemberRequest) -> HttpResponse:
    """The definition in force, or with `version` another one."""
    published = definitions.published()
    wanted = request.GET.get("version", "")
    shown = published
    if wanted and wanted != str(published.version):
        version = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
        shown = get_object_or_404(Definition.objects.select_related("published_by"), version=version)
    context: dict[str, object] = {
        "definition": shown,
        "published": published,
        "is_published": shown.pk == published.pk,
        "versions": Definition.objects.exclude(version=None)
        .select_related("published_by")
        .defer("spec")
        .order_by("-version"),
        "may_edit": access.can(request.user, "edit_events"),
        "last_run": ScoringRun.objects.filter(definition=shown, state=ScoringRun.State.DONE)
        .order_by("-finished_at")
        .first(),
    }
    try:
        spec = definitions.spec_of(shown)
    except rules.BadDefinition as bad:
        context["problem"] = bad
        return render(request, "scoring/definitions.html", context)
    standing = screens.standing(spec) if shown.pk == published.pk else None
    context["standing"] = standing
    context["reading"] = screens.read(spec, standing.by_tier if standing else {})
    return render(request, "scoring/definitions.html", context)


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
