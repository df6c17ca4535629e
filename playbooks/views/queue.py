"""The queue page. What is done on it is in `playbooks.views.verbs`."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from accounts.models import Account, Role
from accounts.views.requests import MemberRequest
from playbooks import counting
from playbooks.filters import QueueFilter
from playbooks.models import Motion
from playbooks.screens import queue as screen
from playbooks.screens import views_menu
from playbooks.telling import notifications
from playbooks.views.fragments import OWN, note_open_work
from scoring.buckets import Bucket
from scoring.models import Segment, Tier


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
    request.bell = notifications.bell(member)
    if is_fragment and request.GET.get("version") == screen.version(counts, request.bell.version):
        return HttpResponse(status=204)
    note_open_work(request, motion, counts)
    page = screen.page(
        QueueFilter.read(motion, request.GET),
        member,
        path=reverse("queue_motion", args=[motion]),
        number=request.GET.get("page", "1"),
        chosen=_id(request.GET.get("item", "")),
        shown=_ids(request.GET.get("shown", "")) if is_fragment else (),
        since=_moment(request.GET.get("since", "")) if is_fragment else None,
        raw_counts=counts,
        told=request.bell.version,
    )
    context: dict[str, object] = {
        "page": page,
        "segments": Segment.choices,
        "tiers": Tier.choices,
        "is_fragment": is_fragment,
    }
    if not is_fragment:
        counted = counting.by_bucket(motion)
        context["buckets"] = [(value, label, counted[value]) for value, label in Bucket.choices]
        context["menu"] = views_menu.of_queue(page.filter, member, shows=page.shows, rows=page.page.paginator.count)
    if not page.rows and not page.filter.is_filtered:
        context["is_empty_installation"] = not Account.objects.exists()
        context["start"] = screen.start(member)
        context["origin"] = request.build_absolute_uri("/").rstrip("/")
    response = render(request, "playbooks/queue.html" + ("#queue" if is_fragment else ""), context)
    # The page and its fragment share an address: a cached fragment must not come back as the page.
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


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
