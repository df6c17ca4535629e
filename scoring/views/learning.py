"""What matters: the features of accounts with an outcome against the others, the map of events, and weights that follow."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from scoring import definitions, drafts, edits, learning, learning_screen, past, rules, tasks
from scoring.features import BY_KEY
from scoring.learnt import Learnt
from scoring.models import Definition

PROPOSE = "propose"


@require_http_methods(["GET", "HEAD", "POST"])
def learn(request: MemberRequest) -> HttpResponse:
    """POST adds a `feature` to a draft (`draft`, or a new one), or with `do=propose` makes a draft of proposed weights.

    While the past is being worked out, what was asked for stays in the address (`then`) and is offered when it is there.
    """
    may_edit = access.can(request.user, "edit_definitions")
    if request.method == "POST" and not may_edit:
        raise PermissionDenied
    found, progress = past.lessons(enqueue=tasks.ask_for_past)
    is_proposal = request.POST.get("do") == PROPOSE
    if request.method == "POST" and found is None:
        return _later(PROPOSE if is_proposal else request.POST.get("feature", ""), request.POST.get("draft", ""))
    context: dict[str, Any] = {
        "past": progress,
        "may_edit": may_edit,
        "chosen": _number(request.GET.get("draft", "")),
        "fewest": learning.FEWEST,
        "horizon": learning.HORIZON_DAYS,
        "found": found,
    }
    status = 200
    if found is not None:
        if is_proposal and found.proposal.spec is not None:
            return _proposed(request, found.proposal)
        if is_proposal:
            context["proposal"], status = found.proposal, 422
        elif request.method == "POST":
            return _add(request, {line.key: line for line in found.lines})
        context |= _shown(found)
    if may_edit:
        context |= {"drafts": drafts.listing(), "then": _wanted(request.GET.get("then", ""))}
    is_fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, "scoring/learn.html" + ("#learnt" if is_fragment else ""), context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


def _shown(found: Learnt) -> dict[str, Any]:
    spots, top = learning_screen.spots(found.points)
    shapes, dull = learning_screen.shapes(found.lines)
    return {"shapes": shapes, "dull": dull, "spots": spots, "top": top}


def _later(wanted: str, draft: str) -> HttpResponse:
    """Back to the page, which keeps in its address what was asked for."""
    query = QueryDict(mutable=True)
    query["then"] = wanted[:100]
    if _number(draft):
        query["draft"] = str(_number(draft))
    return HttpResponseRedirect(f"{reverse('learn')}?{query.urlencode()}")


def _wanted(name: str) -> dict[str, str] | None:
    """What was asked for before the page was there, as a button that does it: its name, value and words."""
    if name == PROPOSE:
        return {"name": "do", "value": PROPOSE, "words": _("Propose weights")}
    if name in BY_KEY:
        words = _("Add “%(name)s” as a component") % {"name": BY_KEY[name].label}
        return {"name": "feature", "value": name, "words": words}
    return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _proposed(request: MemberRequest, proposal: learning.Proposal) -> HttpResponse:
    made = drafts.begin(member=request.user, name=_("Proposed weights"), spec=proposal.spec)
    figures = proposal.figures
    words = _(
        "Proposed from %(n)d outcomes. On later weeks its AUC is %(ours).2f; sorting by volume has %(volume).2f."
    ) % {
        "n": figures.positives,
        "ours": figures.auc.value,
        "volume": figures.auc_volume.value,
    }
    return done(request, to=reverse("draft", args=[made.pk]), words=words)


def _add(request: MemberRequest, lines: dict[str, learning.FeatureLine]) -> HttpResponse:
    line = lines.get(request.POST.get("feature", ""))
    here = reverse("learn")
    if line is None or line.curve is None:
        return done(request, to=here, words=_("There is no curve to propose for that feature."), kind="warning")
    if number := _number(request.POST.get("draft", "")):
        draft = get_object_or_404(Definition, pk=number, state=Definition.State.DRAFT, discarded_at=None)
    else:
        draft = definitions.published()
    edit = edits.apply(draft.spec, f"add:{line.key}", curve=[list(point) for point in line.curve])
    edit.spec["components"][-1]["weight"] = line.weight
    try:
        if draft.version is not None:
            draft = drafts.begin(member=request.user, based_on=draft, spec=edit.spec)
        else:
            drafts.save(draft_id=draft.pk, revision=draft.revision, member=request.user, spec=edit.spec)
    except drafts.Changed:
        words = _("Somebody changed the draft at this moment. Add it once more.")
        return done(request, to=here, words=words, kind="warning")
    except rules.BadDefinition as bad:
        return done(request, to=here, words=bad.reason, kind="warning")
    return done(request, to=reverse("draft", args=[draft.pk]), words=edit.words)
