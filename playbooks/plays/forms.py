"""The editor's forms: a play and its steps. They read what was typed; `playbooks.plays.editing` checks it and writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict  # noqa: TID251 (only the type of what is read)
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import BuyingRole, SignalKind
from playbooks.models import PlayStep
from playbooks.plays import editing as play_editing
from playbooks.plays.library import PlayText, StepText
from scoring.models import Tier

SELECT = {"class": "form-select"}
INPUT = {"class": "form-control", "autocomplete": "off"}
EXIT_WORDS = {
    "replied": _("they reply"),
    "meeting": _("a meeting is logged"),
    "hand_raised": _("a hand is raised"),
    "buyer_found": _("the buyer becomes known"),
    "left": _("the account no longer qualifies"),
}
PAYING = [("", _("Both")), ("yes", _("Customers")), ("no", _("Not paying yet"))]
_PAID = {"": None, "yes": True, "no": False}


def _personas() -> list[tuple[str, str]]:
    return [("", str(_("Anybody"))), *((role.value, capfirst(str(role.label))) for role in BuyingRole)]


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "form-control", "rows": rows, "spellcheck": "true"})


class PlayForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=play_editing.NAME, strip=True, widget=forms.TextInput(attrs=INPUT)
    )
    motion = forms.ChoiceField(label=_("Queue"), widget=forms.Select(attrs=SELECT))
    signal = forms.ChoiceField(
        label=_("Signal"),
        required=False,
        choices=[("", _("Any, or none")), *SignalKind.choices],
        widget=forms.Select(attrs=SELECT),
    )
    persona = forms.ChoiceField(
        label=_("Persona"),
        required=False,
        choices=_personas,
        widget=forms.Select(attrs=SELECT),
    )
    tier = forms.ChoiceField(
        label=_("Tier"), required=False, choices=[("", _("Any")), *Tier.choices], widget=forms.Select(attrs=SELECT)
    )
    is_expansion = forms.ChoiceField(
        label=_("Paying"), required=False, choices=PAYING, widget=forms.Select(attrs=SELECT)
    )
    goal = forms.CharField(
        label=_("Goal"), required=False, max_length=play_editing.GOAL, widget=forms.TextInput(attrs=INPUT)
    )
    talking_points = forms.CharField(
        label=_("Talking points"), required=False, help_text=_("One a line."), widget=_area(4)
    )
    exits = forms.MultipleChoiceField(
        label=_("Ends before its last step when"),
        required=False,
        choices=list(EXIT_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    is_active = forms.BooleanField(label=_("Suggest this play"), required=False)

    def __init__(self, *args: Any, motions: Iterable[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["motion"].choices = list(motions)  # type: ignore[attr-defined]


class StepForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=PlayStep._meta.get_field("kind").flatchoices,
        widget=forms.Select(attrs=SELECT),
    )
    after_days = forms.IntegerField(
        label=_("After working days"),
        min_value=0,
        max_value=play_editing.MOST_DAYS,
        widget=forms.NumberInput(attrs={**INPUT, "inputmode": "numeric"}),
    )
    title = forms.CharField(
        label=_("What is to be done"), max_length=play_editing.TITLE, widget=forms.TextInput(attrs=INPUT)
    )
    subject = forms.CharField(
        label=_("Subject"), required=False, max_length=play_editing.SUBJECT, widget=forms.TextInput(attrs=INPUT)
    )
    words = forms.CharField(label=_("Words"), required=False, strip=False, widget=_area(3))


StepForms = forms.formset_factory(
    StepForm, extra=0, can_delete=True, max_num=play_editing.MOST_STEPS, absolute_max=play_editing.MOST_STEPS + 5
)


def initial_of(text: PlayText) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the two forms show of a play."""
    play = {name: getattr(text, name) for name in PlayForm.base_fields if name != "is_expansion"}
    play["exits"] = list(text.exits)
    play["is_expansion"] = next(key for key, value in _PAID.items() if value is text.is_expansion)
    names = tuple(StepForm.base_fields)
    return play, [{name: getattr(step, name) for name in names} for step in text.steps]


def text_of(form: PlayForm, steps: Any) -> PlayText:
    """What was typed, also of forms with errors: the preview shows as much of it as can be read. Steps in the order of days."""
    form.is_valid()
    steps.is_valid()
    said = form.cleaned_data
    found = [step.cleaned_data for step in steps if not step.cleaned_data.get("DELETE")]
    told = [
        StepText(
            kind=one.get("kind", "task"),
            after_days=one.get("after_days") or 0,
            title=one.get("title", ""),
            subject=one.get("subject", ""),
            words=_lines(one.get("words", "")).strip("\n"),
        )
        for one in found
    ]
    return PlayText(
        name=said.get("name", ""),
        motion=said.get("motion", ""),
        tier=said.get("tier", ""),
        signal=said.get("signal", ""),
        persona=said.get("persona", ""),
        is_expansion=_PAID[said.get("is_expansion", "")],
        goal=said.get("goal", ""),
        talking_points=_lines(said.get("talking_points", "")),
        exits=tuple(said.get("exits", ())),
        is_active=said.get("is_active", False),
        steps=tuple(sorted(told, key=lambda step: step.after_days)),
    )


def take_problems(form: PlayForm, steps: Any, text: PlayText, *, but: int) -> bool:
    """Puts what is wrong beside its field; whether there was anything. Steps count as the sorted ones of `text_of` do."""
    kept = [step for step in steps if not step.cleaned_data.get("DELETE")]
    kept.sort(key=lambda step: step.cleaned_data.get("after_days") or 0)
    wrong = bool(form.errors) or any(step.errors for step in kept)
    for field, words in play_editing.problems(text, but=but):
        wrong = True
        if field.startswith("steps."):
            _steps, number, name = field.split(".")
            if not kept[int(number)].has_error(name):
                kept[int(number)].add_error(name, words)
        elif not form.has_error(field):
            form.add_error(field if field in form.fields else None, words)
    return wrong


def _lines(said: str) -> str:
    """Browsers send CR LF."""
    return said.replace("\r\n", "\n").replace("\r", "\n")


def with_another_step(data: QueryDict, prefix: str) -> QueryDict:
    """The sent steps and an empty one more, after the last."""
    data = data.copy()
    said = str(data.get(f"{prefix}-TOTAL_FORMS", ""))
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0
    if number < play_editing.MOST_STEPS:
        data[f"{prefix}-{number}-kind"] = "email"
        data[f"{prefix}-{number}-after_days"] = str(data.get(f"{prefix}-{number - 1}-after_days", "0"))
        data[f"{prefix}-TOTAL_FORMS"] = str(number + 1)
    return data


def forget_errors(form: PlayForm, steps: Any) -> None:
    """Nothing is judged before it is saved."""
    for one in (form, *steps):
        one.full_clean()
        one.errors.clear()
