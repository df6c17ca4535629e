"""Sources: keys, what waits, and how to point a product at this installation."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import sources as verbs
from accounts.forms import SourceForm, take_errors
from accounts.models import Source
from accounts.views.answers import done, with_query
from accounts.views.requests import MemberRequest


@require_http_methods(["GET", "HEAD", "POST"])
def sources(request: MemberRequest) -> HttpResponse:
    """The list; POST adds a source."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = verbs.add(name=form.cleaned_data["name"])
        except ValidationError as error:
            take_errors(form, error)
        else:
            words = _("%(source)s is ready: give its write key to the product.") % {"source": made}
            return done(request, to=f"{reverse('sources')}?new={made.pk}#source-{made.pk}", words=words)
    return _page(request, form=form)


@require_POST
def source(request: MemberRequest, source_id: int) -> HttpResponse:
    """Renames (`name`) or switches (`action` on or off). An undo comes with its values in the address."""
    found = get_object_or_404(Source, pk=source_id)
    said = request.POST if "action" in request.POST else request.GET
    here = reverse("source", args=[source_id])
    to = reverse("sources") + f"#source-{source_id}"
    match said.get("action"):
        case "on" | "off" as wanted:
            verbs.switch(source=found, on=wanted == "on")
            words = _("%(source)s is on again.") if wanted == "on" else _("%(source)s is off: its messages get 401.")
            undo = with_query(here, action="off" if wanted == "on" else "on")
            return done(request, to=to, words=words % {"source": found}, undo=undo)
        case "rename":
            former = found.name
            form = SourceForm(said)
            if form.is_valid():
                try:
                    verbs.rename(source=found, name=form.cleaned_data["name"])
                except ValidationError as error:
                    take_errors(form, error)
                else:
                    words = _("%(former)s is called %(name)s now.") % {"former": former, "name": found.name}
                    return done(request, to=to, words=words, undo=with_query(here, action="rename", name=former))
            return _page(request, rename_form=form, renaming=source_id)
    return done(request, to=to, words=_("action: must be on, off or rename."), kind="error")


@require_http_methods(["GET", "HEAD", "POST"])
def source_rotate(request: MemberRequest, source_id: int) -> HttpResponse:
    """Asks first, since the old key cannot come back."""
    found = get_object_or_404(Source, pk=source_id)
    if request.method == "POST":
        verbs.rotate(source=found)
        words = _("%(source)s has a new write key. The old one has stopped working.") % {"source": found}
        return done(request, to=reverse("sources") + f"#source-{source_id}", words=words)
    return render(request, "accounts/source_rotate.html", {"source": found})


def _page(
    request: MemberRequest,
    *,
    form: SourceForm | None = None,
    rename_form: SourceForm | None = None,
    renaming: int | None = None,
) -> HttpResponse:
    rows = verbs.overview()
    context = {
        "rows": rows,
        "form": form or SourceForm(),
        "rename_form": rename_form,
        "renaming": renaming,
        "origin": request.build_absolute_uri("/").rstrip("/"),
        "host": request.get_host(),
        "scheme": request.scheme,
        "opened": _opened(request, rows),
        "active": sum(row.source.is_active for row in rows),
    }
    is_wrong = any(one is not None and one.is_bound and one.errors for one in (form, rename_form))
    return render(request, "accounts/sources.html", context, status=422 if is_wrong else 200)


def _opened(request: MemberRequest, rows: list[verbs.Row]) -> int | None:
    """The source whose set-up lines stand open: the new one, or the only one while nothing has come yet."""
    new = request.GET.get("new", "")
    if new.isdigit():
        return int(new[:18])
    return rows[0].source.pk if len(rows) == 1 and rows[0].state == "never" else None
