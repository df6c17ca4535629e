"""The workspaces of a cell of a draft's matrix."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Workspace
from accounts.views.requests import MemberRequest
from scoring import definitions, rules, workspace_preview
from scoring.models import Definition, Tier
from scoring.views.effects import PAGE


@dataclass(frozen=True)
class Moving:
    """A workspace of a cell, with its account. Scores are none without usage, and `now` where it has none yet."""

    name: str
    account_id: int
    account: str
    now: int | None
    draft: int | None
    delta: int
    moved: list[tuple[str, int]]


@require_GET
def draft_workspaces(request: MemberRequest, draft_id: int) -> HttpResponse:
    """The workspaces that go from tier `now` to tier `then`: name, account, both scores, and what moved them."""
    found = get_object_or_404(Definition, pk=draft_id, version=None)
    now, then = request.GET.get("now", "activate"), request.GET.get("then", "pqa")
    if now not in rules.TIERS or then not in rules.TIERS:
        raise Http404
    try:
        spec, published = definitions.spec_of(found), definitions.spec_of(definitions.published())
    except rules.BadDefinition:
        raise Http404 from None
    compared = workspace_preview.compare(spec, published)
    whole = 0 if compared is None else len(compared.places(now, then))
    page = Paginator(range(whole), PAGE).get_page(request.GET.get("page"))
    offset = page.start_index() - 1 if page.paginator.count else 0
    moving = workspace_preview.movers(spec, published, now=now, then=then, limit=PAGE, offset=offset)
    spaces = Workspace.objects.select_related("account").in_bulk([line.account_id for line in moving])
    rows = [
        Moving(
            str(space),
            space.account.pk,
            str(space.account),
            line.score_now,
            line.score_draft,
            (line.score_draft or 0) - (line.score_now or 0),
            line.moved[:4],
        )
        for line in moving
        if (space := spaces.get(line.account_id)) is not None and space.account is not None
    ]
    title = (
        _("Workspaces that stay %(tier)s") % {"tier": Tier(now).label}
        if now == then
        else _("Workspaces from %(now)s to %(then)s") % {"now": Tier(now).label, "then": Tier(then).label}
    )
    context = {
        "draft": found,
        "rows": rows,
        "page": page,
        "title": title,
        "all": page.paginator.count,
        "stays": now == then,
        "is_first": published.workspace is None,
    }
    return render(request, "scoring/workspace_movers.html", context)
