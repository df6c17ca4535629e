"""The catalogue of event types."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import access, event_types
from accounts.filters import EventFilter
from accounts.forms import EventTypeForm
from accounts.models import Category, EventType, SignalKind, Source
from accounts.views.answers import back, done, with_query
from accounts.views.requests import MemberRequest

PAGE = 50
#: Seconds for which the sparklines of one page are kept: they read twelve weeks of usage.
SPARK_SECONDS = 300


@dataclass(frozen=True)
class Row:
    """An event type as the page shows it. `points` draws its last twelve weeks in a box of 100 × 24."""

    type: EventType
    points: str
    weeks: list[int]
    is_edited: bool = False


@require_GET
def events(request: MemberRequest) -> HttpResponse:
    """The list. `edit` names the row whose form is open; to htmx only that row is answered."""
    wanted = EventFilter.read(request.GET)
    may_edit = access.can(request.user, "edit_events")
    edited = request.GET.get("edit", "")
    if request.htmx and not request.htmx.history_restore_request and (edited or "row" in request.GET):
        number = edited or request.GET["row"]
        found = get_object_or_404(EventType, pk=number if number.isdigit() and len(number) < 19 else 0)
        response = _row(request, found, is_edited=bool(edited) and may_edit)
        patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
        return response
    page = Paginator(wanted.apply(EventType.objects.all()), PAGE).get_page(request.GET.get("page"))
    context = _context(request) | {
        "filter": wanted,
        "page": page,
        "rows": [
            Row(row.type, row.points, row.weeks, is_edited=may_edit and edited == str(row.type.pk))
            for row in _rows(list(page.object_list))
        ],
        "may_edit": may_edit,
    }
    if not page.paginator.count and not wanted.is_filtered:
        source = Source.objects.filter(is_active=True).order_by("pk").first() if may_edit else None
        context |= {"origin": request.build_absolute_uri("/").rstrip("/"), "source": source}
    response = render(request, "accounts/events.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


@require_POST
def event_type(request: MemberRequest, event_type_id: int) -> HttpResponse:
    """Another category or signal. An undo comes with the former values in the address."""
    is_undo = "category" not in request.POST
    said = request.GET if is_undo else request.POST
    form = EventTypeForm(said)
    found = get_object_or_404(EventType, pk=event_type_id)
    if not form.is_valid():
        return _refused(request, found, form)
    by_hand = not (is_undo and said.get("by_hand") == "0")
    try:
        found, before = event_types.classify(event_type_id=event_type_id, by_hand=by_hand, **form.cleaned_data)
    except EventType.DoesNotExist:
        raise Http404 from None
    words = _("%(event)s counts as %(category)s. Every account is scored again.") % {
        "event": found.name,
        "category": found.get_category_display(),
    }
    undo = "" if is_undo else _undo(found, before)
    if before == event_types.Kind(found.category, found.signal, found.by_hand):
        words, undo = _("%(event)s stays as it was.") % {"event": found.name}, ""
    if request.htmx:
        return _row(request, found, toast=words, undo=undo)
    return done(request, to=reverse("events") + f"#event-{found.pk}", words=words, undo=undo)


def _refused(request: MemberRequest, found: EventType, form: EventTypeForm) -> HttpResponse:
    problem = " ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
    if request.htmx:
        return _row(request, found, is_edited=True, problem=problem, status=422)
    context = _context(request) | {"row": Row(found, "", [], is_edited=True), "problem": problem}
    return render(request, "accounts/event_type.html", context, status=422)


def _undo(found: EventType, before: event_types.Kind) -> str:
    return with_query(
        reverse("event_type", args=[found.pk]),
        category=before.category,
        signal=before.signal,
        by_hand=int(before.by_hand),
    )


def _row(
    request: MemberRequest,
    found: EventType,
    *,
    is_edited: bool = False,
    problem: str = "",
    toast: str = "",
    undo: str = "",
    status: int = 200,
) -> HttpResponse:
    row = _rows([found])[0]
    context = _context(request) | {
        "row": Row(row.type, row.points, row.weeks, is_edited=is_edited),
        "may_edit": access.can(request.user, "edit_events"),
        "problem": problem,
        "toast": toast,
        "undo": undo,
        "next": back(request, reverse("events")),
    }
    return render(request, "accounts/event_answer.html", context, status=status)


def _context(request: MemberRequest) -> dict[str, object]:
    return {"categories": Category.choices, "signals": SignalKind.choices, "here": request.get_full_path()}


def _rows(types: Sequence[EventType]) -> list[Row]:
    ids = sorted(found.pk for found in types)
    today = timezone.now().date()
    key = "event-weeks:" + hashlib.blake2b(f"{today}{ids}".encode(), digest_size=16).hexdigest()
    weeks = cache.get(key)
    if weeks is None:
        weeks = event_types.weekly(ids, until=today)
        cache.set(key, weeks, SPARK_SECONDS)
    return [Row(found, spark(weeks[found.pk]), weeks[found.pk]) for found in types]


def spark(values: Sequence[int]) -> str:
    """`[0, 5, 10]` → `"0,22 50,12 100,2"`: a line in a box of 100 × 24."""
    top = max(values, default=0) or 1
    step = 100 / max(len(values) - 1, 1)
    return " ".join(f"{place * step:.1f},{22 - 20 * value / top:.1f}" for place, value in enumerate(values))
