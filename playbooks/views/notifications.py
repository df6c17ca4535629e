"""What a member was told, and how he wants to be told."""

from __future__ import annotations

import datetime as dt

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks.models import Notification
from playbooks.screens import notifications as screen
from playbooks.telling import being_told, digest, notifications, quiet

PAGE = 50


@require_GET
def notification_list(request: MemberRequest) -> HttpResponse:
    """What the member was told, the newest first; `?unread=1`: what he has not read."""
    only_unread = request.GET.get("unread") == "1"
    rows = Notification.objects.filter(member=request.user).order_by("-created_at", "-pk")
    page = Paginator(rows.filter(read_at=None) if only_unread else rows, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": [screen.row(one) for one in page], "only_unread": only_unread}
    return render(request, "playbooks/notifications.html", context)


@require_GET
def notification_open(request: MemberRequest, notification_id: int) -> HttpResponse:
    """Goes where a notification leads and marks it as read: a link, so that it works from a mail and in a new tab."""
    found = get_object_or_404(Notification, pk=notification_id, member=request.user)
    notifications.read(member=request.user, ids=[found.pk])
    return redirect(found.link if found.link.startswith("/") else "notifications")


@require_http_methods(["GET", "HEAD", "POST"])
def notifications_read(request: MemberRequest) -> HttpResponse:
    """Marks one (`id`) or all as read."""
    place = reverse("notifications")
    if request.method != "POST":
        return redirect(place)
    said = request.POST.get("id", "")
    ids = [int(said)] if said.isascii() and said.isdigit() and len(said) < 19 else None
    if said and ids is None:
        raise Http404
    number, at = notifications.read(member=request.user, ids=ids)
    if not number:
        return done(request, to=place, words=_("All of it was read already."))
    words = ngettext("%(n)d is read.", "%(n)d are read.", number) % {"n": number}
    undo = reverse("notifications_unread", args=[round(at.timestamp() * 1_000_000)])
    return done(request, to=place, words=words, undo=undo)


@require_http_methods(["GET", "HEAD", "POST"])
def notifications_unread(request: MemberRequest, micros: str) -> HttpResponse:
    """Takes back what was marked as read at a moment (microseconds since 1970)."""
    place = reverse("notifications")
    if request.method != "POST":
        return redirect(place)
    try:
        at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(micros))
    except (OverflowError, ValueError):
        raise Http404 from None
    number = notifications.unread(member=request.user, at=at)
    words = ngettext("%(n)d is unread again.", "%(n)d are unread again.", number) % {"n": number}
    return done(request, to=place, words=words)


@require_http_methods(["GET", "HEAD", "POST"])
def own_telling(request: MemberRequest) -> HttpResponse:
    """How the member is told: in the browser, by a digest, and when not."""
    member = request.user
    stored = being_told.of(member)
    form = being_told.TellingForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(stored, name) for name in being_told.FIELDS},
    )
    if form.is_bound and form.is_valid():
        being_told.save(member=member, **form.cleaned_data)
        return done(request, to=reverse("telling"), words=_("How you are told is saved."))
    here = quiet.local(timezone.now(), member.timezone)
    context = {
        "form": form,
        "clock": here,
        "digest_time": quiet.digest_time(stored.digest_at, stored.quiet_from, stored.quiet_until),
        "stored": stored,
        "preview": digest.of_member(member),
        "unsure": digest.unsure_of(member),
    }
    return render(request, "playbooks/telling.html", context, status=422 if form.errors else 200)
