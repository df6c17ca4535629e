"""The import of a file of contacts: uploaded, looked at, its columns chosen, taken in, taken back; wrong rows as a file to mend."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import tasks
from accounts.contacts import files, reading
from accounts.models import ContactImport
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks import csv_lines
from playbooks.contact_forms import ColumnsForm, FileForm
from playbooks.refused import Refused
from playbooks.screens import contacts as screen
from playbooks.telling import quiet
from scoring import buckets

EARLIER = 20


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: MemberRequest) -> HttpResponse:
    """The form and the files so far; POST reads a file and goes to its page."""
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            data = sent.read(reading.MOST_BYTES + 1)
            found = files.upload(name=sent.name, data=data, member=request.user, source=form.cleaned_data["source"])
        except Refused as refused:
            form.add_error("file", refused.words)
        else:
            return _to_page(found)
    earlier = ContactImport.objects.defer("rows", "result").select_related("created_by").order_by("-pk")[:EARLIER]
    return render(
        request,
        "playbooks/contact_import.html",
        {"form": form, "earlier": earlier},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def look(request: MemberRequest, import_id: int) -> HttpResponse:
    """What is in the file and what taking it in would do, or how far it is; POST says which column is which."""
    found = _found(import_id)
    is_preview = found.state == ContactImport.State.PREVIEW and not files.is_being_looked_at(found)
    form = None
    if is_preview:
        heads = found.result["heads"]
        initial = {name: str(place) for name, place in found.mapping.items()} | {"default_source": found.source}
        form = ColumnsForm(request.POST if request.method == "POST" else None, heads=heads, initial=initial)
        if request.method == "POST" and form.is_valid():
            try:
                found = files.remap(
                    import_id=import_id, mapping=form.mapping, source=form.cleaned_data["default_source"]
                )
            except Refused as refused:
                form.add_error(refused.field if refused.field in form.fields else None, refused.words)
            else:
                return _to_page(found)
    elif request.method == "POST":
        words = _("It is still being looked at: wait a moment.")
        words = words if files.is_being_looked_at(found) else _("It is taken in already.")
        return done(request, to=_page(import_id), words=words, kind="warning")
    is_fragment = bool(request.htmx) and not request.htmx.history_restore_request
    if is_fragment and found.state in (ContactImport.State.DONE, ContactImport.State.UNDONE):
        buckets.forget()  # who waits for the job sees its counts
    context = {"page": screen.file_page(found), "form": form}
    name = "playbooks/contact_file.html" + ("#file" if is_fragment else "")
    return render(request, name, context, status=422 if form is not None and form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def take(request: MemberRequest, import_id: int) -> HttpResponse:
    """Takes the good rows in: at once when they are few, else as a job. Of one that is running it asks for the job again."""
    found = _found(import_id)
    if request.method != "POST":
        return redirect("contact_file", import_id=import_id)
    if found.state == ContactImport.State.RUNNING or files.is_being_looked_at(found):
        tasks.take_contacts.delay(import_id)
        return redirect("contact_file", import_id=import_id)
    try:
        found = files.begin(import_id=import_id, member=request.user)
    except Refused as refused:
        return done(request, to=_page(import_id), words=refused.words, kind="warning")
    if found.result["good"] > files.SMALL:
        tasks.take_contacts.delay(import_id)
        return redirect("contact_file", import_id=import_id)
    found = files.go_on(import_id)
    buckets.forget()
    words = _("%(new)d new contacts, %(changed)d changed.") % {
        "new": found.result["new"],
        "changed": found.result["changed"],
    }
    return done(request, to=_page(import_id), words=words, undo=reverse("contact_file_undo", args=[import_id]))


@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: MemberRequest, import_id: int) -> HttpResponse:
    """Takes the whole import back."""
    _found(import_id)
    if request.method != "POST":
        return redirect("contact_file", import_id=import_id)
    try:
        found = files.begin_undo(import_id=import_id, member=request.user)
    except Refused as refused:
        return done(request, to=_page(import_id), words=refused.words, kind="warning")
    if found.result["good"] > files.SMALL:
        tasks.take_contacts.delay(import_id)
        return redirect("contact_file", import_id=import_id)
    found = files.go_on(import_id)
    buckets.forget()
    words = _("Taken back: %(n)d contacts are gone, and what was changed is as before.") % {"n": found.result["gone"]}
    return done(request, to=_page(import_id), words=words)


@require_http_methods(["GET", "HEAD", "POST"])
def drop(request: MemberRequest, import_id: int) -> HttpResponse:
    """Forgets a file that was only looked at."""
    _found(import_id)
    if request.method != "POST":
        return redirect("contact_file", import_id=import_id)
    files.drop(import_id=import_id)
    return done(request, to=reverse("contact_import"), words=_("The file is forgotten. Nothing of it was taken in."))


@require_GET
def wrong_csv(request: MemberRequest, import_id: int) -> HttpResponseBase:
    """The wrong rows as they are in the file, with what is wrong in a last column: mend them and import this file."""
    found = _found(import_id)
    rows = found.result.get("wrong_rows", [])
    if not rows:
        raise Http404
    heads = [*found.result["heads"], _("What is wrong")]
    width = len(heads) - 1

    def lines() -> Iterator[list[Any]]:
        for row in rows:
            cells = [*row["cells"], *[""] * (width - len(row["cells"]))]
            yield [*cells, " · ".join(screen.problem(one) for one in row["wrong"])]

    zone = quiet.local(timezone.now(), request.user.timezone).tzinfo
    assert isinstance(zone, zoneinfo.ZoneInfo)
    answer = StreamingHttpResponse(csv_lines.lines(heads, lines(), zone=zone), content_type="text/csv; charset=utf-8")
    stem = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in found.name[:60])
    answer["Content-Disposition"] = f'attachment; filename="wrong-{stem.removesuffix("-csv")}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _found(import_id: int) -> ContactImport:
    """Without its rows: up to 50,000 of them."""
    return get_object_or_404(ContactImport.objects.defer("rows").select_related("created_by"), pk=import_id)


def _to_page(found: ContactImport) -> HttpResponse:
    """The page of a file that was just read, or whose columns were just chosen; the job looks at a large one."""
    if files.is_being_looked_at(found):
        tasks.take_contacts.delay(found.pk)
    return redirect("contact_file", import_id=found.pk)


def _page(import_id: int) -> str:
    return reverse("contact_file", args=[import_id])
