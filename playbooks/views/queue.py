"""The queue page, and claim and release."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Account, Role
from accounts.views.requests import MemberRequest
from playbooks import queue as verbs
from playbooks.filters import QueueFilter
from playbooks.models import Motion, QueueItem, QueueItemEvent
from playbooks.screens import detail
from playbooks.screens import queue as screen
from scoring.models import Segment, Tier

#: A role's own queue; product and admin look at sales first.
OWN = {Role.SALES: Motion.SALES, Role.SUCCESS: Motion.SUCCESS, Role.MARKETING: Motion.MARKETING}


@require_GET
def home(request: MemberRequest) -> HttpResponse:
    """Each role lands on its own work: product on the definitions, the others on their queue."""
    return redirect("definitions" if request.user.role == Role.PRODUCT else "queue")


@require_GET
def own_queue(request: MemberRequest) -> HttpResponse:
    return redirect("queue_motion", motion=OWN.get(Role(request.user.role), Motion.SALES).value)


@require_GET
def queue(request: MemberRequest, motion: str) -> HttpResponse:
    """One motion's queue. To htmx it answers the fragment, or 204 when a poll brings nothing new."""
    if motion not in [known.value for known in screen.MOTIONS]:
        raise Http404
    member = request.user
    counts = screen.counts_of(motion, member)
    is_fragment = bool(request.htmx) and not request.htmx.history_restore_request
    if is_fragment and request.GET.get("version") == screen.version(counts):
        return HttpResponse(status=204)
    _note_open_work(request, motion, counts)
    page = screen.page(
        QueueFilter.read(motion, request.GET),
        member,
        path=reverse("queue_motion", args=[motion]),
        number=request.GET.get("page", "1"),
        chosen=_id(request.GET.get("item", "")),
        shown=_ids(request.GET.get("shown", "")) if is_fragment else (),
        since=_moment(request.GET.get("since", "")) if is_fragment else None,
        raw_counts=counts,
    )
    context: dict[str, object] = {
        "page": page,
        "segments": Segment.choices,
        "tiers": Tier.choices,
        "is_fragment": is_fragment,
    }
    if not page.rows and not page.filter.is_filtered:
        context["is_empty_installation"] = not Account.objects.exists()
        context["start"] = screen.start(member)
        context["origin"] = request.build_absolute_uri("/").rstrip("/")
    response = render(request, "playbooks/queue.html" + ("#queue" if is_fragment else ""), context)
    # The page and its fragment share an address: a cached fragment must not come back as the page.
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


@require_http_methods(["GET", "POST"])
def claim(request: MemberRequest, item_id: int) -> HttpResponse:
    return _act(request, item_id, verbs.claim)


@require_http_methods(["GET", "POST"])
def release(request: MemberRequest, item_id: int) -> HttpResponse:
    return _act(request, item_id, verbs.release)


def _act(request: MemberRequest, item_id: int, verb: Callable[..., verbs.Outcome]) -> HttpResponse:
    """Does it, then tells it: with htmx the changed fragments read again (409 when lost), else back with a message."""
    if request.method == "GET":  # whoever had to sign in first arrives here: nothing is done, the item is shown
        return redirect(_back(request, get_object_or_404(QueueItem, pk=item_id)))
    member = request.user
    try:
        outcome = verb(item_id=item_id, member=member)
    except QueueItem.DoesNotExist:
        raise Http404 from None
    words = _words(verb is verbs.claim, outcome)
    undo = reverse("queue_release", args=[item_id]) if outcome.won and verb is verbs.claim else ""
    if not request.htmx:
        if outcome.won:
            messages.success(request, words, extra_tags=f"undo={undo}")
        else:
            messages.warning(request, words)
        return redirect(_back(request, outcome.item))
    item = QueueItem.objects.for_rows().get(pk=item_id)
    lost = "" if outcome.won else words
    events = QueueItemEvent.objects.filter(item=item).select_related("actor").order_by("-at", "-id")[:50]
    back = _back(request, item)
    counts = screen.counts_of(item.motion, member)
    _note_open_work(request, item.motion, counts)
    context = {
        "row": screen.row(item, member, href=_row_href(request, item), selected=item_id, lost=lost),
        "actions": detail.actions(item, member, lost=lost),
        "history": [detail.history_line(event) for event in events],
        "counts": screen.counts_words(counts),
        "back": back,
        "toast": words,
        "undo": undo,
        "kind": "success" if outcome.won else "warning",
    }
    return render(request, "playbooks/queue_answer.html", context, status=200 if outcome.won else 409)


def _note_open_work(request: MemberRequest, motion: str, counts: dict[str, Any]) -> None:
    """The navigation counts the member's own queue too: not twice on one page."""
    if OWN.get(Role(request.user.role)) == motion:
        request.open_work = counts["unclaimed"]


def _words(is_claim: bool, outcome: verbs.Outcome) -> str:
    item = outcome.item
    names = {"account": item.account.name, "owner": str(item.owner) if item.owner else _("somebody else")}
    if outcome.won:
        return (_("Claimed %(account)s.") if is_claim else _("Released %(account)s.")) % names
    return {
        "taken": _("%(owner)s was faster: %(account)s is claimed."),
        "left": _("%(account)s has left this queue."),
        "not_owner": _("%(account)s is claimed by %(owner)s; only the owner can release it."),
        "not_claimed": _("%(account)s is not claimed by anybody."),
    }[outcome.reason] % names


def _back(request: MemberRequest, item: QueueItem) -> str:
    """Where the member was: `next` when it is an address of this app, else the item in its queue."""
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else reverse("queue_motion", args=[item.motion]) + f"?item={item.pk}"


def _row_href(request: MemberRequest, item: QueueItem) -> str:
    """The row's link again, with the filters of the page the member is on."""
    path = reverse("queue_motion", args=[item.motion])
    here = request.htmx.current_url_abs_path or ""
    if not here.startswith(path):
        return f"{path}?item={item.pk}"
    params = QueryDict(here.partition("?")[2])
    wanted = QueueFilter.read(item.motion, params)
    number = params.get("page", "")
    return path + wanted.query(page=number if number.isdigit() else None, item=item.pk)


def _id(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _ids(value: str) -> list[int]:
    return [number for number in map(_id, value.split(",")[:200]) if number is not None]


def _moment(value: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
