"""Personas: the list in the order in which they are tried, and the editor with whom a persona fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import personas, stale, tasks, titles
from accounts.forms import take_errors
from accounts.models import AuditEntry, BuyingRole, Department, Persona, Seniority
from accounts.personas import again, editing, preview
from accounts.personas.forms import PersonaForm, of_persona
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from accounts.views.titles import whole_id


@dataclass(frozen=True)
class Line:
    """A persona in the list. `rule` are its parts in words; `people` at most `preview.COUNTED` of users and contacts each."""

    id: int
    name: str
    rule: list[str]
    role: str
    confidence: float
    is_likely: bool
    angle: str
    is_active: bool
    people: int


@require_http_methods(["GET", "HEAD", "POST"])
def persona_list(request: MemberRequest) -> HttpResponse:
    """POST with `action` up, down, on, off, remove or back, and the `id`."""
    here = reverse("personas")
    if request.method == "POST":
        return _act(request, here)
    if request.htmx and "run" in request.GET:
        return render(request, "accounts/profiling_run.html#run", {"run": again.newest(), "here": here})
    personas.refresh()
    is_removed = "removed" in request.GET
    people = {} if is_removed else preview.counts()
    rows = Persona.objects.filter(removed_at__isnull=not is_removed).order_by("position", "pk")
    context = {
        "lines": [_line(row, people.get(row.pk, 0)) for row in rows],
        "is_removed": is_removed,
        "counted": preview.COUNTED,
        "run": again.newest(),
        "here": here,
    }
    return render(request, "accounts/personas.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def persona_new(request: MemberRequest) -> HttpResponse:
    """An empty editor; POST adds the persona, or with `action` preview counts whom it fits."""
    if request.method == "POST":
        return _sent(request, None)
    return _editor(request, None, PersonaForm())


@require_http_methods(["GET", "HEAD", "POST"])
def persona(request: MemberRequest, persona_id: int) -> HttpResponse:
    """The editor; POST saves, counts (`action` preview), or takes back the change of the audit entry `undo`."""
    found = get_object_or_404(Persona, pk=persona_id)
    if request.method == "POST":
        return _undo(request, found) if "undo" in request.GET else _sent(request, found)
    return _editor(request, found, PersonaForm(initial=of_persona(found)))


def _act(request: MemberRequest, here: str) -> HttpResponse:
    said = request.POST if "action" in request.POST else request.GET
    persona_id, action = whole_id(said.get("id", "")), said.get("action", "")
    undo = f"{here}?id={persona_id}&action="
    one: dict[str, Any] = {"persona_id": persona_id, "member": request.user}
    try:
        match action:
            case "up" | "down":
                row = editing.move_persona(up=action == "up", **one)
                words = (
                    _("“%(persona)s” is tried earlier now.")
                    if action == "up"
                    else _("“%(persona)s” is tried later now.")
                )
                undo += "down" if action == "up" else "up"
            case "on" | "off":
                row = editing.switch_persona(on=action == "on", **one)
                words = (
                    _("“%(persona)s” is on again.") if action == "on" else _("“%(persona)s” is off: it fits nobody.")
                )
                undo += "off" if action == "on" else "on"
            case "remove":
                row = editing.remove_persona(**one)
                words, undo = _("“%(persona)s” is removed."), undo + "back"
            case "back":
                row = editing.put_persona_back(**one)
                words, undo = _("“%(persona)s” is there again."), undo + "remove"
            case _:
                raise Http404
    except Persona.DoesNotExist:
        return done(request, to=here, words=_("That persona is gone."), kind="warning")
    except ValidationError as error:
        return done(request, to=here, words=" ".join(error.messages), kind="error")
    tasks.profile_again.delay_on_commit()
    return done(request, to=here, words=words % {"persona": row}, undo=undo)


def _sent(request: MemberRequest, found: Persona | None) -> HttpResponse:
    form = PersonaForm(request.POST)
    is_valid = form.is_valid()
    if "box" in request.GET:
        seconds = preview.PATIENT if "patient" in request.GET else preview.QUICK
        return render(request, "accounts/persona.html#fit", _counted(form.said(), found, seconds))
    if request.POST.get("action") == "preview":
        return _editor(request, found, form, seconds=preview.PATIENT)
    if is_valid:
        try:
            return _saved(request, found, form)
        except ValidationError as error:
            take_errors(form, error)
        except Persona.DoesNotExist:
            found = get_object_or_404(Persona, pk=found.pk if found else 0)
            form.add_error(None, _("Somebody has removed this persona. Copy what you typed, and put it back."))
            return _editor(request, found, form, status=409)
        except stale.StaleError as late:
            found = get_object_or_404(Persona, pk=found.pk if found else 0)
            words = _("Somebody has changed this persona since you opened it. Look, and save again.")
            stale.take_over(form, typed=form.said(), now=late.now, initial=of_persona(found), words=words)
            return _editor(request, found, form, status=409)
    return _editor(request, found, form)


def _saved(request: MemberRequest, found: Persona | None, form: PersonaForm) -> HttpResponse:
    """Raises `ValidationError`, `StaleError` and `Persona.DoesNotExist`."""
    here = reverse("personas")
    if found is None:
        made = editing.add_persona(said=form.said(), member=request.user)
        undo = f"{here}?id={made.pk}&action=remove"
        words = _("“%(persona)s” is tried first from now on.") % {"persona": made}
    else:
        made, entry = editing.change_persona(
            persona_id=found.pk, said=form.said(), member=request.user, last_seen=form.cleaned_data["seen"]
        )
        if entry is None:
            return done(request, to=here, words=_("Nothing was changed."))
        undo = f"{reverse('persona', args=[made.pk])}?undo={entry.pk}"
        words = _("“%(persona)s” is saved.") % {"persona": made}
    tasks.profile_again.delay_on_commit()
    return done(request, to=f"{here}#persona-{made.pk}", words=words, undo=undo)


def _undo(request: MemberRequest, found: Persona) -> HttpResponse:
    here = reverse("personas")
    try:
        editing.undo_change(persona_id=found.pk, entry_id=whole_id(request.GET["undo"]), member=request.user)
    except AuditEntry.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        return done(request, to=here, words=" ".join(error.messages), kind="warning")
    tasks.profile_again.delay_on_commit()
    return done(request, to=here, words=_("“%(persona)s” is as it was.") % {"persona": found})


def _editor(
    request: MemberRequest,
    found: Persona | None,
    form: PersonaForm,
    *,
    seconds: float = preview.QUICK,
    status: int = 422,
) -> HttpResponse:
    """`status`: when something is wrong."""
    said = form.said() if form.is_bound else editing.text_of(found) if found else {}
    origin = ""
    if found is not None and found.key:
        origin = _("built in") if editing.is_as_built_in(found) else _("built in, changed")
    context = {
        "persona": found,
        "form": form,
        "checks": [form["seniorities"], form["departments"]],
        "origin": origin,
    } | _counted(said, found, seconds)
    is_wrong = form.is_bound and form.errors
    return render(request, "accounts/persona.html", context, status=status if is_wrong else 200)


def _counted(said: dict[str, Any], found: Persona | None, seconds: float) -> dict[str, Any]:
    """`fit` for the template, None while nothing is said that anybody could fit; `is_counting` when it takes longer than that."""
    parts = ("seniorities", "departments", "use_cases")
    sizes = ("employees_from", "employees_below")
    if not any(said.get(name) for name in parts) and all(said.get(name) is None for name in sizes):
        return {"fit": None}
    try:
        return {"fit": preview.fit(said, persona_id=found.pk if found else None, seconds=seconds)}
    except preview.TakesLonger:
        return {"fit": None, "is_counting": True, "is_in_vain": seconds == preview.PATIENT}


def _line(row: Persona, people: int) -> Line:
    rule = [str(Seniority(value).label) for value in row.seniorities]
    rule += [str(Department(value).label) for value in row.departments]
    low, high = row.employees_from, row.employees_below
    if low is not None and high is not None:
        rule.append(_("%(low)s to %(high)s people") % {"low": localize(low), "high": localize(high - 1)})
    elif low is not None:
        rule.append(_("%(low)s people and more") % {"low": localize(low)})
    elif high is not None:
        rule.append(_("below %(high)s people") % {"high": localize(high)})
    rule += [f"“{case}”" for case in row.use_cases]
    role = str(BuyingRole(row.buying_role).label) if row.buying_role else _("as the title says")
    is_likely = bool(row.buying_role) and row.confidence >= titles.CLEAR
    return Line(row.pk, row.name, rule, role, row.confidence, is_likely, row.angle, row.is_active, people)
