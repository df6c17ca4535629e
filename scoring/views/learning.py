"""What matters: the features of accounts with an outcome against the others, the map of events, and weights that follow."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from scoring import drafts, edits, event_map, learning, learning_screen, matrices, rules
from scoring.models import Definition
from scoring.views import past


@require_http_methods(["GET", "HEAD", "POST"])
def learn(request: MemberRequest) -> HttpResponse:
    """POST adds a `feature` to a draft (`draft`, or a new one), or with `do=propose` makes a draft of proposed weights."""
    may_edit = access.can(request.user, "edit_definitions")
    if request.method == "POST" and not may_edit:
        raise PermissionDenied
    day = timezone.now().date() - dt.timedelta(days=1 + learning.HORIZON_DAYS)
    weeks = past.made(matrices.weeks(learning.WEEKS, until=day))
    text = request.GET.get("draft", "")
    context: dict[str, Any] = {
        "past": weeks,
        "may_edit": may_edit,
        "drafts": drafts.listing(),
        "chosen": int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0,
        "fewest": learning.FEWEST,
    }
    status = 200
    if weeks.is_whole:
        rows, lines, points = _learnt(past.stamp())
        if request.method == "POST" and request.POST.get("do") == "propose":
            proposal = learning.propose(of=rows)
            if proposal.spec is not None:
                return _proposed(request, proposal)
            context["proposal"], status = proposal, 422
        elif request.method == "POST":
            return _add(request, {line.key: line for line in lines})
        drawn, top = learning_screen.spots(points)
        context |= {
            "rows": rows,
            "shapes": learning_screen.shapes(lines),
            "spots": drawn,
            "top": top,
            "horizon": learning.HORIZON_DAYS,
        }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, "scoring/learn.html" + ("#learnt" if is_fragment else ""), context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


@lru_cache(maxsize=2)
def _learnt(
    stamp: tuple[object, ...],
) -> tuple[learning.Rows, list[learning.FeatureLine], list[event_map.EventPoint]]:
    """Seconds of work over all weeks, and the same until another day or outcome comes."""
    rows = learning.rows()
    return rows, learning.importance(of=rows), event_map.events_map()


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
    text = request.POST.get("draft", "")
    if text.isascii() and text.isdigit() and len(text) < 10 and text != "0":
        draft = get_object_or_404(Definition, pk=int(text), state=Definition.State.DRAFT, discarded_at=None)
    else:
        draft = drafts.begin(member=request.user)
    edit = edits.apply(draft.spec, f"add:{line.key}", curve=[list(point) for point in line.curve])
    edit.spec["components"][-1]["weight"] = line.weight
    try:
        drafts.save(draft_id=draft.pk, revision=draft.revision, member=request.user, spec=edit.spec)
    except drafts.Changed:
        words = _("Somebody changed the draft at this moment. Add it once more.")
        return done(request, to=here, words=words, kind="warning")
    except rules.BadDefinition as bad:
        return done(request, to=here, words=bad.reason, kind="warning")
    return done(request, to=reverse("draft", args=[draft.pk]), words=edit.words)
