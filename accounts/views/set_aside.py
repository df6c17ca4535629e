"""What was refused or set aside: look, mend, replay."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import landing
from accounts import set_aside as verbs
from accounts.bodies import Bad
from accounts.filters import SetAsideFilter
from accounts.models import SetAside, Source
from accounts.views.answers import done
from accounts.views.requests import MemberRequest

PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def set_aside(request: MemberRequest) -> HttpResponse:
    """The groups and their rows. POST replays what the filter shows."""
    wanted = SetAsideFilter.read(request.POST if request.method == "POST" else request.GET)
    here = reverse("set_aside") + wanted.query
    if request.method == "POST":
        if wanted.errors or not wanted.code:
            return done(request, to=here, words=_("code: choose which group to replay."), kind="error")
        result = verbs.replay_all(wanted=wanted, member=request.user)
        return done(
            request,
            to=here,
            words=_replayed_in_words(result),
            kind="warning" if result.still_wrong or not result.landed else "success",
        )
    page = Paginator(verbs.listed(wanted), PAGE).get_page(request.GET.get("page"))
    rows = [(row, verbs.preview(row.head), verbs.field_of(row.reason)) for row in page.object_list]
    context = {
        "filter": wanted,
        "groups": verbs.groups(wanted.without_code()),
        "page": page,
        "rows": rows,
        "sources": Source.objects.order_by("name"),
        "kinds": SetAside.Kind.choices,
        "at_once": verbs.AT_ONCE,
        "is_clean": not wanted.is_filtered and not page.paginator.count,
    }
    return render(request, "accounts/set_aside.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def set_aside_replay(request: MemberRequest, set_aside_id: int) -> HttpResponse:
    """One of them, with its body to mend. POST replays it."""
    row = get_object_or_404(SetAside.objects.select_related("source", "replayed_by"), pk=set_aside_id)
    body = verbs.readable(row)
    problem: Bad | None = None
    text = body.text
    if request.method == "POST":
        text = request.POST.get("body", "")
        try:
            landed = landing.replay(set_aside=row, member=request.user, body=verbs.mended(row, text))
        except Bad as bad:
            problem = bad
        else:
            words = _("Replayed: the loader takes it within seconds.")
            if landed is None:
                words = _("Somebody replayed it before: nothing was landed twice.")
            return done(request, to=reverse("set_aside"), words=words, kind="success" if landed else "warning")
    context = {
        "row": row,
        "body": body,
        "text": text,
        "rows_of_text": min(max(text.count("\n") + 2, 6), 30),
        "problem": problem,
        "field": verbs.field_of(row.reason),
        "may_replay": row.replayed_at is None and row.source is not None,
    }
    return render(request, "accounts/set_aside_replay.html", context, status=422 if problem else 200)


def _replayed_in_words(result: verbs.Replayed) -> str:
    words = ngettext("%(n)d replayed.", "%(n)d replayed.", result.landed) % {"n": result.landed}
    if not result.landed and not result.still_wrong:
        return _("Nothing was left to replay.")
    if result.still_wrong:
        reasons = ", ".join(f"{code} {count}" for code, count in result.refused.most_common(5))
        words += " " + ngettext(
            "%(n)d is still wrong and stays (%(reasons)s): mend it in its own page.",
            "%(n)d are still wrong and stay (%(reasons)s): mend them in their own pages.",
            result.still_wrong,
        ) % {"n": result.still_wrong, "reasons": reasons}
    return words
