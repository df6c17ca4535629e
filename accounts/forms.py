"""The forms of settings, events and the member's own pages. They check; the verbs write and check again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Category, Member, Role, SignalKind

#: The theme that follows the member's system; the column keeps it as nothing.
LIKE_SYSTEM = "system"


class SourceForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("The product that sends, for example “Web app”.")
    )


class MemberForm(forms.Form):
    """What an admin says of a member."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=_("Decides which queue is the member’s own, and what may be changed."),
    )
    weekly_capacity = forms.IntegerField(
        label=_("Accounts a week"),
        required=False,
        min_value=0,
        max_value=1000,
        initial=10,
        help_text=_(
            "How many accounts this person can work in a week. A draft of a definition is measured against it."
        ),
    )


class NewMemberForm(MemberForm):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    field_order = ["email", "name", "role", "weekly_capacity"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if Member.objects.filter(email__iexact=email).exists():
            raise ValidationError(_("A member with this e-mail exists already."))
        return email


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    timezone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        help_text=_("Times on every page are in this zone, for example Europe/Berlin."),
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    theme = forms.ChoiceField(
        label=_("Theme"),
        choices=[(LIKE_SYSTEM, _("Like my system")), ("light", _("Light")), ("dark", _("Dark"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    shortcuts = forms.BooleanField(
        label=_("Single-letter shortcuts"), required=False, help_text=_("j, k, c and the others in the queue.")
    )


class EventTypeForm(forms.Form):
    """What an event counts as. A form by hand in the row; this checks it."""

    category = forms.ChoiceField(label=_("Category"), choices=Category.choices)
    signal = forms.ChoiceField(label=_("Signal"), choices=[("", _("no signal")), *SignalKind.choices], required=False)


def take_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """Puts what a verb refused beside the fields of the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    said: dict[str, Any] = error.error_dict
    for name, errors in said.items():
        form.add_error(name if name in form.fields else None, errors)
