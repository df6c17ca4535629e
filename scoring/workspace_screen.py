"""What a draft does to workspaces, on the right side of the workbench. Values only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring import effect_screen, rules, workspace_preview
from scoring.effect_screen import Effect, big


def effect(draft: rules.Spec, published: rules.Spec, *, draft_id: int) -> Effect | None:
    """As that of accounts; none when the draft does not score workspaces."""
    recipe, found = draft.for_workspaces, workspace_preview.compare(draft, published)
    if recipe is None or found is None:
        return None
    made_at = workspace_preview.newest().made_at
    shown = effect_screen.effect(found, recipe, draft_id=draft_id, made_at=made_at, movers="draft_workspaces")
    finding = _finding(found.transitions, is_first=published.workspace is None)
    return replace(shown, finding=finding, of_workspaces=True, queues_workspaces=draft.queues_workspaces)


def _finding(transitions: np.ndarray, *, is_first: bool) -> str:
    pqa, enters = int(transitions[:, rules.PQA].sum()), int(transitions[: rules.PQA, rules.PQA].sum())
    if is_first:
        words = ngettext(
            "No workspace has a score now: %(n)s would be a PQA",
            "No workspace has a score now: %(n)s would be PQAs",
            pqa,
        )
        return words % {"n": big(pqa)}
    leaves = int(transitions[rules.PQA, : rules.PQA].sum())
    moved = int(transitions.sum() - np.trace(transitions))
    if not moved:
        return _("No workspace changes its tier")
    if not enters and not leaves:
        return _("%(n)s workspaces change their tier, none enters or leaves PQA") % {"n": big(moved)}
    words = _("%(enters)s workspaces would enter PQA, %(leaves)s would leave")
    return words % {"enters": big(enters), "leaves": big(leaves)}
