"""Publishing a draft: what it changes in words and in the queues, the note, the run, and the way back."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from accounts.views.answers import back, done
from accounts.views.requests import MemberRequest
from playbooks import effects
from scoring import (
    asking,
    definitions,
    effect_screen,
    matrices,
    news,
    preview,
    publishing,
    rules,
    versions,
    workspace_screen,
)
from scoring.models import Definition, ScoringRun


@require_http_methods(["GET", "HEAD", "POST"])
def draft_review(request: MemberRequest, draft_id: int) -> HttpResponse:
    """What publishing would do. POST publishes exactly the draft that was shown: the form carries its signed token."""
    found = get_object_or_404(
        Definition.objects.select_related("based_on", "updated_by"), pk=draft_id, discarded_at=None
    )
    if found.version is not None:
        return redirect(reverse("definitions") + f"?version={found.version}")
    problem, note = "", request.POST.get("note", found.note).strip()
    if request.method == "POST":
        try:
            _published, run = publishing.publish(
                draft_id=draft_id, token=request.POST.get("token", ""), note=note, member=request.user
            )
        except (publishing.Refused, rules.BadDefinition) as error:
            problem = _words(error)
            found.refresh_from_db()
        else:
            return redirect("published_run", run_id=run.pk)
    in_force = definitions.published()
    context = {
        "draft": found,
        "published": in_force,
        "note": note,
        "problem": problem,
        "note_length": publishing.NOTE_LENGTH,
        "changes": versions.changes(in_force, found),
    }
    try:
        spec, published = definitions.spec_of(found), definitions.spec_of(in_force)
    except rules.BadDefinition as bad:
        return render(request, "playbooks/publish.html", context | {"unreadable": bad}, status=422)
    snapshot = matrices.at_hand()
    if snapshot.problem:
        # With the token of the look before, what was typed can be sent again as it is.
        context |= {"unavailable": snapshot.problem, "token": request.POST.get("token", "")}
        return render(request, "playbooks/publish.html", context, status=422 if problem else 200)
    compared = preview.compare(spec, published, snapshot=snapshot, tiers=preview.tiers_now(snapshot))
    context |= {
        "effect": effect_screen.effect(compared, spec, draft_id=found.pk, made_at=snapshot.made_at),
        "of_workspaces": workspace_screen.effect(spec, published, draft_id=found.pk),
        "effects": effects.of(spec, published=published, snapshot=snapshot),
        "token": publishing.token(found),
        "under_way": asking.under_way(),
    }
    return render(request, "playbooks/publish.html", context, status=422 if problem else 200)


def _words(error: Exception) -> str:
    return error.reason if isinstance(error, rules.BadDefinition) else str(error)


@require_GET
def published_run(request: MemberRequest, run_id: int) -> HttpResponse:
    """The run after publishing, with its progress. To htmx it answers the panel alone, which asks again until the run is done."""
    run = get_object_or_404(ScoringRun.objects.select_related("definition", "definition__based_on"), pk=run_id)
    before = (
        Definition.objects.filter(version__lt=run.definition.version or 0).order_by("-version").defer("spec").first()
    )
    context = {
        "run": run,
        "definition": run.definition,
        "before": before,
        "may_edit": access.can(request.user, "edit_definitions"),
        "is_in_force": run.definition.state == Definition.State.PUBLISHED,
        "is_running": run.state == ScoringRun.State.RUNNING and not asking.is_lost(run),
        "is_lost": asking.is_lost(run),
        "is_late": asking.is_late(run),
        "parts": max(run.parts, 1),
    }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, "playbooks/published.html" + ("#progress" if is_fragment else ""), context)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def roll_back(request: MemberRequest) -> HttpResponse:
    """Puts an earlier version in force again. GET shows what that changes, and asks for a note; POST does without one."""
    said = request.POST if request.method == "POST" else request.GET
    text = said.get("version", "")
    if not text:
        return redirect("definition_versions")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    target = get_object_or_404(Definition.objects.select_related("published_by"), version=version)
    in_force = definitions.published()
    if target.pk == in_force.pk:
        return done(
            request,
            to=reverse("definitions"),
            words=_("Version %(n)s is in force already.") % {"n": version},
            kind="warning",
        )
    note = request.POST.get("note", "").strip()
    problem = ""
    if request.method == "POST":
        try:
            _published, run = publishing.roll_back(to_version=version, note=note, member=request.user)
        except (publishing.Refused, rules.BadDefinition) as error:
            problem = _words(error)
        else:
            return redirect("published_run", run_id=run.pk)
    context = {
        "target": target,
        "published": in_force,
        "changes": versions.changes(in_force, target),
        "note": note or _("Back to version %(n)s") % {"n": version},
        "problem": problem,
        "note_length": publishing.NOTE_LENGTH,
    }
    return render(request, "playbooks/roll_back.html", context, status=422 if problem else 200)


@require_POST
def news_seen(request: MemberRequest) -> HttpResponse:
    """The member has read what changed; the banner stays away until the next version."""
    news.dismiss(request.session)
    where = back(request, reverse("queue"))
    return HttpResponse("") if request.htmx else redirect(where)
