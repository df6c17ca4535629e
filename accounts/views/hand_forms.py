"""Forms of raised hands as admins make them, and every hand that was raised, spam too."""

from __future__ import annotations

from typing import Any

from django import forms as fields
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import stale
from accounts.forms import take_errors
from accounts.models import HandRaise, HandRaiseForm, Source
from accounts.raising import forms, spam, taking, trust
from accounts.views.answers import done, with_query
from accounts.views.requests import MemberRequest

PAGE = 50
TABS = ("raised", "spam")


class FormOfForm(fields.Form):
    """What an admin says of a form."""

    name = fields.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("For this list, such as “Pricing page”.")
    )
    source = fields.ModelChoiceField(
        label=gettext_lazy("Source"),
        queryset=Source.objects.order_by("-is_active", "name"),
        empty_label=None,
        widget=fields.Select(attrs={"class": "form-select"}),
        help_text=gettext_lazy("The product whose people it is for: a raised hand joins its usage."),
    )
    placement = fields.CharField(
        label=gettext_lazy("Placement"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Where it stands, as sales reads it. A page may say another one."),
    )
    question = fields.CharField(label=gettext_lazy("Heading"), max_length=200, required=False)
    asks = fields.MultipleChoiceField(
        label=gettext_lazy("Asks, beside the e-mail"),
        choices=list(forms.ASKS.items()),
        required=False,
        widget=fields.CheckboxSelectMultiple,
    )
    button = fields.CharField(label=gettext_lazy("Button"), max_length=60, required=False)
    thanks = fields.CharField(label=gettext_lazy("Words of thanks"), max_length=300, required=False)
    thanks_url = fields.CharField(
        label=gettext_lazy("Page of thanks"),
        max_length=400,
        required=False,
        help_text=gettext_lazy(
            "Where the visitor goes then, such as https://www.acme.com/thanks. Empty: the words are shown."
        ),
    )
    consent = fields.CharField(
        label=gettext_lazy("Consent"),
        max_length=400,
        required=False,
        help_text=gettext_lazy("What a visitor must tick to agree to; it is kept with the raised hand. Empty: no box."),
    )
    consent_url = fields.CharField(
        label=gettext_lazy("Page about it"),
        max_length=400,
        required=False,
        help_text=gettext_lazy("Such as your privacy notice."),
    )
    origins = fields.CharField(
        label=gettext_lazy("Sites that may use it"),
        required=False,
        max_length=5000,
        widget=fields.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line, such as https://www.acme.com. Empty: any site."),
    )
    #: The form as it was when the page was drawn.
    seen = fields.CharField(required=False, max_length=stale.LONGEST, widget=fields.HiddenInput)


@require_http_methods(["GET", "HEAD"])
def hand_forms(request: MemberRequest) -> HttpResponse:
    """Every form with what came by it."""
    rows = forms.overview()
    context = {"rows": rows, "has_source": bool(rows) or Source.objects.filter(is_active=True).exists()}
    return render(request, "accounts/hand_forms.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def hand_form_new(request: MemberRequest) -> HttpResponse:
    return _edit(request, HandRaiseForm(asks=["name", "message"]))


@require_http_methods(["GET", "HEAD", "POST"])
def hand_form(request: MemberRequest, form_id: int) -> HttpResponse:
    """One form: its words, its preview, and the lines to copy. POST saves, or with `action` switches, removes or puts it back."""
    found = get_object_or_404(HandRaiseForm.objects.select_related("source"), pk=form_id)
    wanted = request.POST.get("action") or request.GET.get("action")
    if request.method == "POST" and wanted in ("remove", "back"):
        return _removed(request, found, back=wanted == "back")
    if found.removed_at is not None and (request.method != "POST" or wanted in ("on", "off")):
        raise Http404
    if request.method != "POST" or wanted not in ("on", "off"):
        return _edit(request, found)
    forms.switch(form=found, on=wanted == "on", member=request.user)
    words = _("%(form)s is on again.") if wanted == "on" else _("%(form)s is off: it shows nothing and takes nothing.")
    here = reverse("hand_form", args=[form_id])
    undo = with_query(here, action="off" if wanted == "on" else "on")
    return done(request, to=reverse("hand_forms"), words=words % {"form": found}, undo=undo)


def _removed(request: MemberRequest, found: HandRaiseForm, *, back: bool) -> HttpResponse:
    to, here = reverse("hand_forms"), reverse("hand_form", args=[found.pk])
    if not back:
        forms.remove(form=found, member=request.user)
        words = _("%(form)s is removed. The hands that were raised with it stay.") % {"form": found}
        return done(request, to=to, words=words, undo=with_query(here, action="back"))
    try:
        forms.put_back(form=found, member=request.user)
    except ValidationError as error:
        return done(request, to=to, words=" ".join(error.messages), kind="error")
    return done(request, to=to, words=_("%(form)s is back.") % {"form": found})


def _edit(request: MemberRequest, found: HandRaiseForm) -> HttpResponse:
    """POST with `preview` shows what was typed and saves nothing; htmx asks for the preview alone while somebody types."""
    is_preview = "preview" in request.POST or "preview" in request.GET
    initial = {name: getattr(found, name) for name in forms.SAID} | {"origins": "\n".join(found.origins)}
    if found.pk is not None or "source" not in initial:
        initial["source"] = found.source_id or Source.objects.filter(is_active=True).order_by("pk").first()
    if found.pk is not None:
        initial["seen"] = stale.seen(forms.text_of(found))
    form = FormOfForm(request.POST or None, initial=initial)
    shown, status = found, 422
    if request.method == "POST":
        is_right = form.is_valid()
        said = form.cleaned_data
        shown = HandRaiseForm(pk=found.pk, key=found.key, created_by_id=found.created_by_id, is_active=found.is_active)
        shown.created_at = found.created_at
        for name in forms.SAID:
            setattr(shown, name, said.get(name, [] if name in ("asks", "origins") else request.POST.get(name, "")))
        shown.origins = str(shown.origins or "").splitlines()
        if found.removed_at is not None:
            form.add_error(None, _("Somebody has removed this form. Copy what you typed: nothing is saved."))
            status = 409
        elif is_right and not is_preview:
            shown.source = said["source"]
            shown._state.adding = found.pk is None
            try:
                forms.save(form=shown, member=request.user, last_seen=said["seen"])
            except ValidationError as error:
                take_errors(form, error)
            except stale.StaleError as late:
                words, status = _("Somebody has changed this form since you opened it. Look, and save again."), 409
                shows = {**late.now, "origins": "\n".join(late.now["origins"])}
                stale.take_over(form, typed=forms.text_of(shown), now=late.now, initial=shows, words=words)
            else:
                here = reverse("hand_form", args=[shown.pk])
                return done(request, to=here, words=_("%(form)s is saved.") % {"form": shown})
    context = {"words": forms.words(shown), "form": form, "found": found}
    if is_preview and request.htmx:
        return render(request, "accounts/hand_form_edit.html#preview", context)
    if found.pk is not None:
        context |= _snippets(request, found)
    is_wrong = form.is_bound and form.errors and not is_preview
    return render(request, "accounts/hand_form_edit.html", context, status=status if is_wrong else 200)


def _snippets(request: MemberRequest, found: HandRaiseForm) -> dict[str, Any]:
    """The lines to copy, of the form as it is saved."""
    context: dict[str, Any] = {
        "form": found,
        "words": forms.words(found),
        "action": request.build_absolute_uri(reverse("hand_raise")),
        "style": request.build_absolute_uri(static("css/hand-form.css")),
        "page": request.build_absolute_uri(reverse("hand_form_page", args=[found.key])),
        "script": request.build_absolute_uri(reverse("hand_form_script", args=[found.key])),
    }
    html = render_to_string("accounts/hand_form_plain.html", context)
    return {
        "plain": "\n".join(line for line in html.splitlines() if line.strip()),
        "script": context["script"],
        "page": context["page"],
        "secret": trust.secret(found),
    }


@require_http_methods(["GET", "HEAD"])
def hand_raises(request: MemberRequest) -> HttpResponse:
    """Every raised hand that came by `/hand-raise`, the newest first; spam in a tab of its own, with why."""
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    form_id = request.GET.get("form", "")
    rows = HandRaise.objects.filter(is_spam=tab == "spam").select_related("form", "source", "user", "account")
    if form_id.isdigit():
        rows = rows.filter(form=int(form_id[:18]))
    page = Paginator(rows.order_by("-received_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": tab,
        "page": page,
        "rows": [_line(row) for row in page.object_list],
        "forms": HandRaiseForm.objects.order_by("name", "pk"),
        "form_id": int(form_id[:18]) if form_id.isdigit() else None,
    }
    return render(request, "accounts/hand_raises.html", context)


def _line(row: HandRaise) -> dict[str, object]:
    said = row.fields
    email, who = said.get("email", ""), str(row.user or said.get("name", ""))
    name = str(row.account or said.get("company") or email or "–")
    return {
        "row": row,
        "said": said,
        "reason": spam.REASONS.get(row.spam_because, ""),
        "name": name,
        "who": who if who != name else "",
        "email": email if email not in (who, name) else "",
    }


@require_http_methods(["POST"])
def hand_raise_through(request: MemberRequest, raise_id: int) -> HttpResponse:
    """It is no spam: it goes the way of every raised hand."""
    here = f"{reverse('hand_raises')}?tab=spam"
    try:
        taking.let_through(raise_id=raise_id, member=request.user)
    except HandRaise.DoesNotExist:
        return done(request, to=here, words=_("This raised hand is not here any more."), kind="error")
    except ValidationError as error:
        return done(request, to=here, words=" ".join(error.messages), kind="error")
    return done(request, to=here, words=_("Let through: it is in sales’ queue within seconds."))
