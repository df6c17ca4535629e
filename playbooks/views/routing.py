"""The routing table: tier × buyer × segment → motion. An admin edits it, product reads it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.views.answers import done, with_query
from accounts.views.requests import MemberRequest
from accounts.views.titles import whole_id
from playbooks import lead_guard, routing_preview, routing_table
from playbooks.models import Motion
from playbooks.routing import SEGMENTS
from scoring.models import Segment


@require_http_methods(["GET", "HEAD", "POST"])
def routing(request: MemberRequest) -> HttpResponse:
    """POST saves the grid, with `preview` says what it would move, with `reset` saves a default, with `undo` takes a save back."""
    may_edit = access.can(request.user, "administer")
    if request.method != "POST":
        return _page(request, routing_table.blocks(), may_edit=may_edit)
    if not may_edit:
        raise PermissionDenied
    here = reverse("routing")
    try:
        if "undo" in request.GET:
            routing_table.put_back(entry_id=whole_id(request.GET["undo"]), member=request.user)
            return done(request, to=here, words=_("These cells are as they were. Accounts are routed again."))
        if "reset" in request.POST:
            saved = routing_table.reset(name=request.POST["reset"], member=request.user)
        else:
            table, errors = routing_table.read(request.POST)
            seen, status = request.POST.get("seen", ""), 422
            if not errors and seen:
                table, errors = routing_table.merged(table, seen=whole_id(seen))
                seen, status = "", 409
            if errors:
                rows, told = routing_table.blocks(table, errors), list(errors.values())
                return _page(request, rows, may_edit=True, problems=told, status=status, seen=seen)
            if "preview" in request.POST:
                return _page(request, routing_table.blocks(table), may_edit=True, preview=routing_preview.of(table))
            saved = routing_table.save(table=table, member=request.user)
    except ValidationError as error:
        return _page(request, routing_table.blocks(), may_edit=True, problems=error.messages)
    if not saved.changed:
        return done(request, to=here, words=_("Nothing was changed."))
    words = ngettext(
        "%(n)d cell changed. Every account is routed again.",
        "%(n)d cells changed. Every account is routed again.",
        saved.changed,
    ) % {"n": saved.changed}
    return done(request, to=here, words=words, undo=with_query(here, undo=saved.entry_id))


def _page(
    request: MemberRequest,
    blocks: list[routing_table.Block],
    *,
    may_edit: bool,
    problems: list[str] | None = None,
    preview: routing_preview.Preview | None = None,
    status: int = 422,
    seen: str = "",
) -> HttpResponse:
    """`seen`: the save up to which the table is known, if that is not the newest one."""
    context = {
        "blocks": blocks,
        "segments": [Segment(segment).label for segment in SEGMENTS],
        "motions": Motion.choices,
        "may_edit": may_edit,
        "problems": problems or [],
        "preview": preview,
        "bare_in_sales": lead_guard.count(),
        "bare_held": lead_guard.held(),
        "changed": sum(block.changed for block in blocks),
        "accounts": sum(block.accounts for block in blocks),
        "step_length": routing_table.STEP_LENGTH,
        "seen": seen or routing_table.newest(),
    }
    return render(request, "playbooks/routing.html", context, status=status if problems else 200)
