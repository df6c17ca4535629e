"""The forms of rules of titles and of personas. They check; the verbs write and check again."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import stale
from accounts.models import BuyingRole, Department, Persona, Seniority
from accounts.personas import editing

SELECT = {"class": "form-select"}


class RuleForm(forms.Form):
    """A rule of titles. `value` is `seniority:vp` or `department:it`."""

    pattern = forms.CharField(
        label=_("Words"),
        max_length=200,
        help_text=_(
            "Whole words side by side, alternatives parted by commas; * is any part of a word: “platform lead, sre*”."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    value = forms.ChoiceField(
        label=_("Say"),
        choices=[
            (_("Seniority"), [(f"seniority:{value}", label) for value, label in Seniority.choices]),
            (_("Department"), [(f"department:{value}", label) for value, label in Department.choices]),
        ],
        widget=forms.Select(attrs=SELECT),
    )
    is_regex = forms.BooleanField(
        label=_("It is a regular expression"),
        required=False,
        help_text=_("Run on the title in lower case without accents, its words parted by single spaces."),
    )

    def said(self) -> dict[str, Any]:
        """What `editing.add_rule` takes."""
        kind, _colon, value = self.cleaned_data["value"].partition(":")
        return {
            "kind": kind,
            "value": value,
            "pattern": self.cleaned_data["pattern"],
            "is_regex": self.cleaned_data["is_regex"],
        }


class PersonaForm(forms.Form):
    """What `editing.FIELDS` names; `use_cases` one a line."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("How you call such people: “Platform lead”."))
    seniorities = forms.MultipleChoiceField(
        label=_("Seniority"), choices=Seniority.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    departments = forms.MultipleChoiceField(
        label=_("Department"), choices=Department.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    employees_from = forms.IntegerField(label=_("Employees from"), required=False, min_value=0, max_value=10_000_000)
    employees_below = forms.IntegerField(label=_("Employees below"), required=False, min_value=1, max_value=10_000_000)
    use_cases = forms.CharField(
        label=_("Use cases"),
        required=False,
        max_length=2000,
        help_text=_("One a line, as people say it when they sign up; large and small letters are the same."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    buying_role = forms.ChoiceField(
        label=_("Buying role"),
        required=False,
        choices=[("", _("as the title says")), *BuyingRole.choices],
        widget=forms.Select(attrs=SELECT),
    )
    confidence = forms.FloatField(
        label=_("How sure that is"),
        min_value=0,
        max_value=editing.MOST_CONFIDENCE,
        initial=editing.MOST_CONFIDENCE,
        help_text=_("0 to 0.6. From 0.6 on somebody is a likely buyer; what they do and what you say adds to it."),
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )
    angle = forms.CharField(
        label=_("What to say to them"),
        required=False,
        max_length=1000,
        help_text=_("Shown beside plays that speak to this buying role."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    #: The persona as it was when the form was drawn.
    seen = forms.CharField(required=False, max_length=stale.LONGEST, widget=forms.HiddenInput)

    def said(self) -> dict[str, Any]:
        """What the verbs take; of a form with errors, what is right of it."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "seen"}
        if "use_cases" in data:
            data["use_cases"] = [case.strip() for case in re.split(r"[\r\n]+", data["use_cases"]) if case.strip()]
        return data


def of_persona(persona: Persona) -> dict[str, Any]:
    """The form's initial values."""
    said = editing.text_of(persona)
    return said | {"use_cases": "\n".join(persona.use_cases), "seen": stale.seen(said)}
