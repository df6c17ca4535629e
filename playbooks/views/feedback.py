"""What reps answered: the trust page of each queue, the feedback page for product, its CSV file, and drafts that mend."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import access
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks import csv_lines
from playbooks.feedback import feedback, mending, trust
from playbooks.feedback.filter import BANDS, DAYS, KEEPS, MOTIONS, NO_REASON, FeedbackFilter, band_in_words
from playbooks.models import Answer, Motion, Reason
from playbooks.screens import feedback as screen
from playbooks.screens import trust as trust_screen
from playbooks.verbs import reasons
from scoring import definitions, rules
from scoring.models import Segment

PAGE = 50
COLUMNS = (
    *("at", "account", "domain", "queue", "answer", "reason", "words", "member", "score", "tier", "segment"),
    *("version", "audit", "workspace"),
)


@require_GET
def trust_page(request: MemberRequest, motion: str) -> HttpResponse:
    """What came of what a queue's team was sent."""
    if motion not in MOTIONS:
        raise Http404
    found = trust.of_motion(motion)
    return render(request, "playbooks/trust.html", {"page": trust_screen.page(found), "weeks": trust.WEEKS})


@require_GET
def feedback_page(request: MemberRequest) -> HttpResponse:
    """All answers by what they differ in, and what would mend the wrong ones. The address holds the filters."""
    wanted = FeedbackFilter.read(request.GET)
    rows = wanted.rows()
    told, wide = mending.arrays_of(wanted)
    spec = definitions.spec_of(definitions.published())
    found = feedback.mending(wide, spec, motion=wanted.motion, keep=wanted.keep / 100, of=wanted.of)
    counts = feedback.counts(rows)
    listed = Paginator(rows.select_related("account", "item__workspace", "member", "definition"), PAGE)
    listed.count = counts.total.answered  # counted already
    page = listed.get_page(request.GET.get("page"))
    context = {
        "filter": wanted,
        "page": screen.page(wanted, counts, feedback.components(told), found, spec),
        "listed": page,
        "rows": [screen.answer_row(answer) for answer in page],
        "may_edit": access.can(request.user, "edit_definitions"),
        "motions": [(one, Motion(one).label) for one in MOTIONS],
        "verdicts": Answer.Verdict.choices,
        "reasons": [*Reason.choices, (NO_REASON, _("No reason given"))],
        "segments": Segment.choices,
        "bands": [(str(band), band_in_words(band)) for band in reversed(BANDS)],
        "days": [(str(days), _("%(n)d days") % {"n": days} if days else _("All time")) for days in DAYS],
        "keeps": [(str(keep), f"{keep} %") for keep in KEEPS],
        "most": feedback.MOST,
        "query": wanted.query(),
    }
    return render(request, "playbooks/feedback.html", context)


@require_GET
def feedback_csv(request: MemberRequest) -> StreamingHttpResponse:
    """The filtered answers as a file for a spreadsheet, newest first."""
    rows = FeedbackFilter.read(request.GET).rows().select_related("account", "item__workspace", "member", "definition")
    zone = zoneinfo.ZoneInfo(timezone.get_current_timezone_name())
    answer = StreamingHttpResponse(
        csv_lines.lines(COLUMNS, _cells(rows), zone=zone), content_type="text/csv; charset=utf-8"
    )
    name = f"feedback-{timezone.localdate()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def feedback_draft(request: MemberRequest) -> HttpResponse:
    """POST opens a draft of the definition with one of the changes that the page shows, found anew."""
    if request.method != "POST":  # whoever had to sign in first arrives here
        return redirect("feedback")
    if not access.can(request.user, "edit_definitions"):
        raise PermissionDenied
    wanted = FeedbackFilter.read(QueryDict(request.POST.get("query", "").removeprefix("?")))
    here = reverse("feedback") + wanted.query().removesuffix("?")
    try:
        draft = mending.begin(
            member=request.user,
            wanted=wanted,
            kind=request.POST.get("kind", ""),
            key=request.POST.get("key", ""),
            reason=request.POST.get("reason", ""),
        )
    except rules.BadDefinition as bad:
        return done(request, to=here, words=bad.reason, kind="warning")
    if draft is None:
        words = _("New answers came, and that change no longer stands out. Look again.")
        return done(request, to=here, words=words, kind="warning")
    words = _("Draft opened: %(name)s. See whom it moves before you publish it.") % {"name": draft.name}
    return done(request, to=reverse("draft", args=[draft.pk]), words=words)


def _cells(rows: QuerySet[Answer]) -> Iterator[tuple[object, ...]]:
    for one in rows.iterator(chunk_size=1_000):
        yield (
            one.at,
            one.account.name,
            one.account.domain,
            one.motion,
            one.verdict,
            reasons.label(one.reason) if one.reason else "",
            one.words,
            str(one.member or ""),
            one.score,
            one.tier,
            one.segment,
            one.definition.version if one.definition else None,
            one.is_audit,
            str(one.item.workspace or ""),
        )
