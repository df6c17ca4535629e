"""The workbench: a draft as a form, with its effect beside it."""

from __future__ import annotations

import re
from typing import Any

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from accounts.views.answers import done, with_query
from accounts.views.requests import MemberRequest
from scoring import (
    catalogue,
    definitions,
    drafts,
    edits,
    effect_screen,
    fields,
    matrices,
    preview,
    rules,
    versions,
    workbench,
    workspace_screen,
)
from scoring.features import BY_KEY, CATALOGUE
from scoring.models import Definition

DRAFTS = Definition.objects.select_related("based_on", "updated_by", "created_by")


@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: MemberRequest, draft_id: int) -> HttpResponse:
    """The workbench. POST saves; `do` says what else: see `edits.apply`, or `autosave`, `fork`."""
    found = get_object_or_404(DRAFTS, pk=draft_id)
    if found.version is not None:
        return redirect(with_query(reverse("definitions"), version=found.version))
    recipe = _recipe(request, found)
    if request.method == "POST":
        if not access.can(request.user, "edit_definitions"):
            raise PermissionDenied
        return _save(request, found, recipe)
    return _page(request, found, recipe)


def _save(request: MemberRequest, found: Definition, recipe: int) -> HttpResponse:
    verb = request.POST.get("do", "save")
    typed, segments = request.POST.dict(), request.POST.getlist("segments")
    wanted = _number(typed.get("recipe", ""))
    if wanted != recipe:  # somebody removed it meanwhile; what was typed into it is not lost
        typed, found.spec, recipe = fields.put_there(typed, found.spec, wanted)
    try:
        spec = fields.read(typed, found.spec, recipe=recipe, segments=segments)
        if verb == "fork":
            return _fork(request, found, spec)
        edit = edits.apply(spec, verb, curve=_first_curve(verb))
        saved = drafts.save(
            draft_id=found.pk,
            revision=_number(typed.get("revision", "")),
            member=request.user,
            name=typed.get("name", found.name).strip()[: drafts.NAME_LENGTH],
            spec=edit.spec,
        )
    except rules.BadDefinition as bad:
        if verb == "autosave":
            return _answer(request, found, recipe, bad=bad)
        return _page(request, found, recipe, typed=typed, segments=segments, bad=bad)
    except drafts.Changed as changed:
        current = DRAFTS.get(pk=changed.current.pk)
        if verb == "autosave":
            return _answer(request, current, recipe, conflict=True)
        if not _has(current.spec, recipe):
            typed, current.spec, recipe = fields.put_there(typed, current.spec, recipe)
        return _page(request, current, recipe, typed=typed, segments=segments, conflict=True)
    saved = DRAFTS.get(pk=saved.pk)
    if verb == "autosave":
        return _answer(request, saved, recipe)
    then = _after(verb, recipe, saved)
    here = with_query(reverse("draft", args=[saved.pk]), recipe=then)
    undo = with_query(reverse("draft_undo", args=[saved.pk]), put=edit.undo, recipe=recipe) if edit.undo else ""
    if request.htmx and then == recipe:
        return _page(request, saved, recipe, toast=edit.words, undo=undo)
    # Another recipe is another page: its address, its tabs and the load of its threshold go with it.
    return done(request, to=here, words=edit.words or _("Saved."), undo=undo)


def _fork(request: MemberRequest, found: Definition, spec: dict[str, Any]) -> HttpResponse:
    """Mine as a new draft, beside the one that somebody else changed."""
    name = _("%(name)s (%(member)s)") % {"name": request.POST.get("name", found.name)[:60], "member": request.user}
    made = drafts.begin(member=request.user, based_on=found.based_on, name=name[: drafts.NAME_LENGTH], spec=spec)
    return done(request, to=reverse("draft", args=[made.pk]), words=_("Yours is a draft of its own now."))


def _after(verb: str, recipe: int, saved: Definition) -> int:
    """The recipe that is shown then: a new variant opens, a removed one closes."""
    if verb.startswith("variant:"):
        return len(saved.spec.get("variants", ()))
    if verb == "workspaces:":
        return fields.WORKSPACES
    return 0 if re.fullmatch(r"remove:(variants\[\d+\]|workspace)", verb) else recipe


def _answer(
    request: MemberRequest,
    found: Definition,
    recipe: int,
    *,
    bad: rules.BadDefinition | None = None,
    conflict: bool = False,
) -> HttpResponse:
    """To the script that saves by itself: the effect, the line that says when, and what is wrong."""
    context: dict[str, Any] = {"draft": found, "bad": bad, "conflict": conflict, "may_edit": True, "recipe": recipe}
    if bad is None and not conflict:
        context |= _effect(found, recipe) | _changes(found)
    response = render(request, "scoring/draft_answer.html", context, status=409 if conflict else 422 if bad else 200)
    if bad is None and not conflict:
        response["HX-Trigger"] = "draft-saved"
    return response


def _page(
    request: MemberRequest,
    found: Definition,
    recipe: int,
    *,
    typed: dict[str, str] | None = None,
    segments: list[str] | None = None,
    bad: rules.BadDefinition | None = None,
    conflict: bool = False,
    toast: str = "",
    undo: str = "",
) -> HttpResponse:
    published = definitions.published()
    snapshot = _snapshot(recipe)
    context = {
        "draft": found,
        "published": published,
        "side": workbench.side(
            found.spec,
            recipe=recipe,
            snapshot=snapshot,
            published=published.spec,
            typed=typed,
            chosen=segments,
            bad=bad,
        ),
        "bad": bad,
        "conflict": conflict,
        "may_edit": access.can(request.user, "edit_definitions") and found.discarded_at is None,
        "catalogue": CATALOGUE,
        "snapshot": snapshot,
        "toast": toast,
        "undo": undo,
        "recipe": recipe,
        "back": with_query(reverse("draft", args=[found.pk]), recipe=recipe),
    }
    context |= _effect(found, recipe, snapshot) | _changes(found)
    is_fragment = request.htmx and request.method == "POST"
    name = "scoring/draft_answer.html" if is_fragment else "scoring/draft.html"
    response = render(request, name, context, status=409 if conflict else 422 if bad else 200)
    if is_fragment and not bad and not conflict:
        response["HX-Trigger"] = "draft-saved"
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


def _snapshot(recipe: int) -> matrices.Snapshot:
    """What the recipe scores: accounts, or workspaces."""
    return matrices.at_hand(matrices.latest_of_workspaces if recipe == fields.WORKSPACES else matrices.latest)


def _effect(found: Definition, recipe: int, snapshot: matrices.Snapshot | None = None) -> dict[str, Any]:
    snapshot = _snapshot(recipe) if snapshot is None else snapshot
    if snapshot.problem:
        return {"unavailable": snapshot.problem}
    try:
        spec, published = definitions.spec_of(found), definitions.spec_of(definitions.published())
    except rules.BadDefinition as bad:
        return {"unreadable": bad}
    if recipe == fields.WORKSPACES:
        return {"effect": workspace_screen.effect(spec, published, draft_id=found.pk)}
    compared = preview.compare(spec, published, snapshot=snapshot, tiers=preview.tiers_now(snapshot))
    shown = effect_screen.effect(compared, spec, draft_id=found.pk, made_at=snapshot.made_at, place=recipe)
    return {"effect": shown}


def _changes(found: Definition) -> dict[str, Any]:
    return {"changes": versions.changes(found.based_on, found) if found.based_on else None}


def _recipe(request: MemberRequest, found: Definition) -> int:
    wanted = _number(request.POST.get("recipe", "") or request.GET.get("recipe", ""))
    return wanted if _has(found.spec, wanted) else 0


def _has(spec: dict[str, Any], recipe: int) -> bool:
    return bool(spec.get("workspace")) if recipe == fields.WORKSPACES else recipe <= len(spec.get("variants", ()))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _first_curve(verb: str) -> list[list[float]] | None:
    start, _dot, key = verb.partition(":")[2].rpartition(".")
    if not verb.startswith("add:") or key not in BY_KEY:
        return None
    return catalogue.first_curve(_snapshot(fields.WORKSPACES if start == "workspace" else 0), key)


@require_POST
def draft_undo(request: MemberRequest, draft_id: int) -> HttpResponse:
    """Puts back what was removed (`put`)."""
    found = get_object_or_404(DRAFTS, pk=draft_id, version=None)
    here = with_query(reverse("draft", args=[draft_id]), recipe=_recipe(request, found))
    try:
        spec = edits.put_back(found.spec, request.GET.get("put", ""))
        saved = drafts.save(draft_id=draft_id, revision=found.revision, member=request.user, spec=spec)
    except (signing.BadSignature, rules.BadDefinition, drafts.Changed):
        words = _("That cannot be taken back any more: the draft has changed since.")
        return done(request, to=here, words=words, kind="warning")
    here = with_query(reverse("draft", args=[draft_id]), recipe=_recipe(request, saved))
    return done(request, to=here, words=_("It is back."))


@require_GET
def draft_features(request: MemberRequest, draft_id: int) -> HttpResponse:
    """The catalogue of features, each with its distribution, to add one."""
    found = get_object_or_404(DRAFTS, pk=draft_id, version=None)
    recipe = _recipe(request, found)
    used = {component["feature"] for component in fields.recipe_of(found.spec, recipe)["components"]}
    snapshot = _snapshot(recipe)
    context = {
        "draft": found,
        "recipe": recipe,
        "start": fields.prefix(recipe),
        "lines": catalogue.lines(snapshot, used),
        "snapshot": snapshot,
        "may_edit": access.can(request.user, "edit_definitions"),
    }
    return render(request, "scoring/features.html", context)
