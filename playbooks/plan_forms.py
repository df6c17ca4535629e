"""The quick forms of an activation plan and of a contact. They read what was said; the verbs check it again and write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import BuyingRole
from playbooks import contacts, plans
from playbooks.steps import TEXT_LENGTH
from playbooks.verbs.forms import Choices, words_field
from scoring.paths import Paths

ROLE_KEYS = {"": "0", "economic_buyer": "b", "champion": "c", "influencer": "i", "evaluator": "e", "end_user": "u"}


class PlanForm(forms.Form):
    """Field `way`: the place of a path of `found`, the cheapest first."""

    way = forms.ChoiceField(label=_("What would make it a PQA"), widget=Choices())
    use_required_attribute = False

    def __init__(self, *args: Any, found: Paths, **more: Any) -> None:
        super().__init__(*args, **more)
        field: Any = self.fields["way"]
        field.choices = [(str(n), path.words[:1].upper() + path.words[1:]) for n, path in enumerate(found.paths)]
        field.widget.hints = {
            str(n): _("score %(score)d then") % {"score": path.score} for n, path in enumerate(found.paths)
        }


class LineForm(forms.Form):
    """A thing that usage shows, and how many more; or own words."""

    lever = forms.ChoiceField(
        label=_("What usage can show"), required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    n = forms.IntegerField(
        label=_("How many more"),
        required=False,
        initial=1,
        widget=forms.NumberInput(attrs={"class": "form-control", "min": 1, "max": plans.MOST_STEPS}),
    )
    text = words_field(_("or in your own words"), length=TEXT_LENGTH)
    use_required_attribute = False

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        field: Any = self.fields["lever"]
        field.choices = [("", _("Nothing: I tick it by hand")), *((key, _things(key)) for key in plans.LEVERS)]

    @property
    def said(self) -> dict[str, Any]:
        n = self.cleaned_data["n"]
        return {"lever": self.cleaned_data["lever"], "n": 1 if n is None else n, "text": self.cleaned_data["text"]}


class ContactForm(forms.Form):
    """`anyway` is asked for only when the address is not of the account's domains."""

    name = words_field(_("Name"), length=contacts.LENGTHS["name"], required=True)
    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    title = words_field(_("Title"), length=contacts.LENGTHS["title"])
    role = forms.ChoiceField(
        label=_("Buying role"),
        required=False,
        choices=[("", _("Not known")), *((role.value, capfirst(role.label)) for role in BuyingRole)],
        initial=BuyingRole.ECONOMIC_BUYER.value,
        widget=Choices(keys=ROLE_KEYS),
    )
    is_sure = forms.BooleanField(label=_("I know it for sure: they said so, or a colleague did"), required=False)
    source = words_field(_("Where from"), length=contacts.LENGTHS["source"])
    anyway = forms.BooleanField(label=_("Add anyway: the address is right"), required=False)
    use_required_attribute = False

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._anyway = self.fields["anyway"]
        if not self.data.get("anyway"):
            del self.fields["anyway"]

    def doubt(self) -> None:
        """Shows the box that says that the address is right."""
        self.fields["anyway"] = self._anyway


def _things(lever: str) -> str:
    """`"people"` → `"more weekly users"`: a lever without its number."""
    words = plans.LEVERS[lever].words(2)
    return words.replace("20 ", "").replace("2 ", "", 1)
