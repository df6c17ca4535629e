"""What a draft does: the accounts of a cell of its matrix, and the backtest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import access
from accounts.models import Account, Member, Role
from accounts.views.requests import MemberRequest
from scoring import (
    backtest,
    backtest_screen,
    definitions,
    effect_screen,
    fields,
    matrices,
    outcomes,
    past,
    preview,
    rules,
    tasks,
)
from scoring.models import Definition, Segment, Tier
from scoring.rules import Spec

PAGE = 50
WEEKS = 26


@dataclass(frozen=True)
class Moving:
    """An account of a cell. Scores are none without usage."""

    id: int
    name: str
    now: int | None
    draft: int | None
    delta: int
    moved: list[tuple[str, int]]
    own: str
    """its recipe, when that is one of a segment"""


@require_GET
def draft_movers(request: MemberRequest, draft_id: int) -> HttpResponse:
    """The accounts that go from tier `now` to tier `then`, with both scores and what moved them."""
    found = get_object_or_404(Definition, pk=draft_id, version=None)
    now, then = request.GET.get("now", "activate"), request.GET.get("then", "pqa")
    if now not in rules.TIERS or then not in rules.TIERS:
        raise Http404
    try:
        spec, published = definitions.spec_of(found), definitions.spec_of(definitions.published())
    except rules.BadDefinition:
        raise Http404 from None
    snapshot = matrices.latest()
    tiers = preview.tiers_now(snapshot)
    compared = preview.compare(spec, published, snapshot=snapshot, tiers=tiers)
    page = Paginator(range(len(compared.cell(now, then))), PAGE).get_page(request.GET.get("page"))
    moving = preview.movers(
        spec,
        published,
        snapshot=snapshot,
        tiers=tiers,
        now=now,
        then=then,
        limit=PAGE,
        offset=page.start_index() - 1 if page.paginator.count else 0,
    )
    names = Account.objects.in_bulk([line.account_id for line in moving])
    rows = [
        Moving(
            line.account_id,
            names[line.account_id].name or names[line.account_id].domain or _("Account %(n)d") % {"n": line.account_id},
            line.score_now,
            line.score_draft,
            (line.score_draft or 0) - (line.score_now or 0),
            line.moved[:4],
            _own(spec, line.recipe),
        )
        for line in moving
        if line.account_id in names
    ]
    title = (
        _("Stays %(tier)s") % {"tier": Tier(now).label}
        if now == then
        else _("From %(now)s to %(then)s") % {"now": Tier(now).label, "then": Tier(then).label}
    )
    context = {
        "draft": found,
        "rows": rows,
        "page": page,
        "title": title,
        "all": page.paginator.count,
        "stays": now == then,
    }
    return render(request, "scoring/movers.html", context)


def _own(spec: Spec, place: int) -> str:
    if not place:
        return ""
    segments = ", ".join(str(Segment(name).label) for name in spec.variants[place - 1].segments)
    thresholds = spec.recipes[place].thresholds
    return _("%(segments)s: PQA from %(pqa)d, Activate from %(activate)d") % {
        "segments": segments,
        "pqa": thresholds.pqa,
        "activate": thresholds.activate,
    }


@require_GET
def draft_backtest(request: MemberRequest, draft_id: int) -> HttpResponse:
    """The backtest beside that of the version in force, and what the team can work. To htmx it answers the panels alone.

    `recipe` says whose threshold is weighed against what the team can work: the base's (0), or that of a variant.
    Weeks that are not there yet are asked of the worker, with a progress bar in between.
    """
    found = get_object_or_404(Definition, pk=draft_id, version=None)
    place = _place(request, found)
    context: dict[str, Any] = {
        "draft": found,
        "may_edit": access.can(request.user, "edit_definitions"),
        "recipe": place,
        "start": fields.prefix(place),
    }
    weeks = past.weeks(matrices.weeks(WEEKS + 1), enqueue=tasks.ask_for_past)
    context["past"] = weeks
    if weeks.is_whole:
        context |= _judged(found, place)
    is_fragment = request.htmx and not request.htmx.history_restore_request
    context["is_fragment"] = is_fragment
    response = render(request, "scoring/backtest.html" + ("#backtest" if is_fragment else ""), context)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


def _place(request: MemberRequest, found: Definition) -> int:
    wanted = request.GET.get("recipe", "")
    place = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 4 else 0
    return place if place <= len(found.spec.get("variants", ())) else 0


def _judged(found: Definition, place: int) -> dict[str, Any]:
    in_force = definitions.published()
    try:
        spec, published = definitions.spec_of(found), definitions.spec_of(in_force)
    except rules.BadDefinition as bad:
        return {"unreadable": bad}
    weeks = matrices.of_days(matrices.weeks(WEEKS + 1))
    seen = (*outcomes.stamp(), *(week.key for week in weeks if len(week)))
    draft = _run(spec, seen)
    # The threshold that the draft has is one of them, however low or high it is.
    thresholds = sorted({*backtest.THRESHOLDS, spec.recipes[place].thresholds.pqa})
    load = backtest.loads(spec, thresholds=thresholds, place=place)
    team = Member.objects.filter(role=Role.SALES, is_active=True).aggregate(n=Sum("weekly_capacity"))["n"] or 0
    return {
        "judged": backtest_screen.judged(draft, _run(published, seen)),
        "version": in_force.version,
        "capacity": effect_screen.capacity(load, spec, team=team, place=place),
    }


@lru_cache(maxsize=8)
def _run(spec: Spec, seen: tuple[object, ...]) -> backtest.Backtest:
    """Kept, as the published definition is asked about with every change of a draft; for as long as outcomes and weeks are the
    same, so that both are judged by the same."""
    return backtest.run(spec, weeks=WEEKS)
