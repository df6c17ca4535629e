"""The definition in force, its versions and the drafts."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import access
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from scoring import definitions, drafts, rules, screens, versions
from scoring.models import Definition, ScoringRun


@require_GET
def definition_page(request: MemberRequest) -> HttpResponse:
    """The definition in force, or with `version` another one."""
    published = definitions.published()
    shown = _version(request.GET.get("version", ""), published)
    context: dict[str, object] = {
        "definition": shown,
        "published": published,
        "is_published": shown.pk == published.pk,
        "versions": Definition.objects.exclude(version=None)
        .select_related("published_by")
        .defer("spec")
        .order_by("-version")[:5],
        "may_edit": access.can(request.user, "edit_definitions"),
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
    carries = versions.carries(spec)
    context["variants"] = screens.variants(spec, carries)
    context["carries"] = carries[0] if carries else {}
    return render(request, "scoring/definitions.html", context)


def _version(wanted: str, published: Definition) -> Definition:
    if not wanted or wanted == str(published.version):
        return published
    version = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
    return get_object_or_404(Definition.objects.select_related("published_by"), version=version)


@require_GET
def definition_versions(request: MemberRequest) -> HttpResponse:
    """Drafts and versions: who, when, why, and what changed in words."""
    definitions.published()
    context = {
        "drafts": versions.drafts(),
        "versions": versions.published_ones(),
        "may_edit": access.can(request.user, "edit_definitions"),
    }
    return render(request, "scoring/versions.html", context)


@require_POST
def draft_new(request: MemberRequest) -> HttpResponse:
    """A new draft of the version in force, or of the posted `version`."""
    based_on = _version(request.POST.get("version", ""), definitions.published())
    made = drafts.begin(member=request.user, based_on=based_on, name=request.POST.get("name", "").strip()[:120])
    return done(
        request, to=reverse("draft", args=[made.pk]), words=_("A new draft. Nothing changes until you publish it.")
    )


@require_POST
def draft_discard(request: MemberRequest, draft_id: int) -> HttpResponse:
    found = _draft(draft_id)
    drafts.discard(draft_id=draft_id, member=request.user)
    undo = reverse("draft_restore", args=[draft_id])
    return done(
        request,
        to=reverse("definition_versions"),
        words=_("The draft “%(name)s” is discarded.") % {"name": found.name},
        undo=undo,
    )


@require_POST
def draft_restore(request: MemberRequest, draft_id: int) -> HttpResponse:
    found = _draft(draft_id)
    drafts.restore(draft_id=draft_id, member=request.user)
    words = _("The draft “%(name)s” is back.") % {"name": found.name}
    return done(request, to=reverse("definition_versions"), words=words)


def _draft(draft_id: int) -> Definition:
    return get_object_or_404(Definition.objects.defer("spec"), pk=draft_id, state=Definition.State.DRAFT)
