"""The audit log: who changed what, filtered, and as a file."""

from __future__ import annotations

import zoneinfo

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import audit_log
from accounts.audit_log import AuditFilter
from accounts.models import AuditEntry
from accounts.views.requests import MemberRequest
from playbooks import csv_lines
from playbooks.telling import quiet

#: Entries in one file at most.
MOST = 50_000


@require_GET
def audit(request: MemberRequest) -> HttpResponse:
    wanted = AuditFilter.read(request.GET)
    context = {
        "filter": wanted,
        "page": audit_log.page(wanted),
        "nouns": audit_log.nouns(),
        "members": audit_log.members(),
    }
    return render(request, "playbooks/audit.html", context)


@require_GET
def audit_csv(request: MemberRequest) -> HttpResponseBase:
    """What the filter shows, newest first, at most `MOST`."""
    wanted = AuditFilter.read(request.GET)
    if wanted.errors:
        return HttpResponse("\n".join(wanted.errors), status=400, content_type="text/plain; charset=utf-8")
    zone = quiet.local(timezone.now(), request.user.timezone).tzinfo
    assert isinstance(zone, zoneinfo.ZoneInfo)
    heads = [_("When"), _("Who"), _("What"), _("Changes"), _("Action"), _("Subject"), _("Id"), _("Way")]
    entries = wanted.from_start().apply(AuditEntry.objects.all())[:MOST].iterator(chunk_size=1_000)
    rows = (
        (line.at, line.who, line.words, in_words(line), line.action, line.subject, line.subject_id, line.way)
        for line in audit_log.told(entries)
    )
    answer = StreamingHttpResponse(csv_lines.lines(heads, rows, zone=zone), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate()}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def in_words(line: audit_log.Line) -> str:
    return "; ".join(
        f"{one.field}: {one.before} → {one.after or '–'}" if one.before else f"{one.field}: {one.after}"
        for one in line.changes
    )
