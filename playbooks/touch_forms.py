"""The quick forms of a touch and of a next step. They read what was said; the verbs check it again and write.

Fields of a touch: `kind`, `result`, `who` (`u` and a product user's id, or `c` and a contact's), `words`, `at`. Of a step: `text`,
`due` (one of `DUE`), or a moment of its own in `due_at`.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import contacts, people
from accounts.models import Contact
from playbooks.models import QueueItem, Touch
from playbooks.steps import TEXT_LENGTH
from playbooks.touches import WORDS_LENGTH
from playbooks.verbs.forms import Choices

#: Ready answers to "until when", and their days from today; a day ends at `DAY_ENDS` of the member's clock.
DUE = {
    "today": (0, gettext_lazy("Today")),
    "tomorrow": (1, gettext_lazy("Tomorrow")),
    "days3": (3, gettext_lazy("In 3 days")),
    "week": (7, gettext_lazy("In a week")),
}
DAY_ENDS = dt.time(17)
DUE_KEYS = {"": "0", **{key: str(place) for place, key in enumerate(DUE, 1)}}
RESULT_KEYS = {"": "0", "reached": "r", "no_answer": "n", "left_word": "l", "replied": "p"}
#: So many people are offered by name.
PEOPLE = 30
MOMENT = {"type": "datetime-local", "class": "form-control"}


class TouchForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=Touch.Kind.choices, widget=Choices())
    result = forms.ChoiceField(
        label=gettext_lazy("What came of it"),
        choices=[("", gettext_lazy("Nothing to tell yet")), *Touch.Result.choices],
        required=False,
        widget=Choices(keys=RESULT_KEYS),
    )
    who = forms.CharField(
        label=gettext_lazy("With whom"),
        required=False,
        max_length=20,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    words = forms.CharField(
        label=gettext_lazy("Words"),
        required=False,
        max_length=WORDS_LENGTH,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )
    at = forms.DateTimeField(
        label=gettext_lazy("When"),
        required=False,
        widget=forms.DateTimeInput(attrs=MOMENT, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Empty: just now."),
    )

    def __init__(self, *args: Any, item: QueueItem, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["who"].widget.choices = who_of(item)

    def clean_who(self) -> tuple[int | None, int | None]:
        """Ids of a person and of a contact, one of which at most is there."""
        said = self.cleaned_data["who"]
        if not said:
            return None, None
        found = re.fullmatch(r"([uc])(\d{1,18})", said, re.ASCII)
        if found is None:
            raise forms.ValidationError(_("Choose somebody of the list."))
        number = int(found[2])
        return (number, None) if found[1] == "u" else (None, number)

    @property
    def said(self) -> dict[str, Any]:
        """The arguments of `touches.log`."""
        person, contact = self.cleaned_data["who"]
        told = {name: self.cleaned_data[name] for name in ("kind", "result", "words", "at")}
        return told | {"person_id": person, "contact_id": contact}


class StepForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Next step"),
        max_length=TEXT_LENGTH,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    due = forms.ChoiceField(
        label=gettext_lazy("Until"),
        required=False,
        choices=[("", gettext_lazy("No date")), *[(key, words) for key, (_days, words) in DUE.items()]],
        widget=Choices(keys=DUE_KEYS),
    )
    due_at = forms.DateTimeField(
        label=gettext_lazy("or a date"),
        required=False,
        widget=forms.DateTimeInput(attrs=MOMENT, format="%Y-%m-%dT%H:%M"),
    )

    @property
    def moment(self) -> dt.datetime | None:
        """When it is due: the date of its own wins."""
        if self.cleaned_data["due_at"]:
            moment: dt.datetime = self.cleaned_data["due_at"]
            return moment
        if not self.cleaned_data["due"]:
            return None
        days = DUE[self.cleaned_data["due"]][0]
        return end_of_day(timezone.localdate() + dt.timedelta(days=days))


class PostponeForm(StepForm):
    """Only the date."""

    text = None  # type: ignore[assignment]


def end_of_day(day: dt.date) -> dt.datetime:
    """On the member's clock; this evening's midnight when the working day is over already."""
    moment = timezone.make_aware(dt.datetime.combine(day, DAY_ENDS))
    if moment < timezone.now():
        moment = timezone.make_aware(dt.datetime.combine(day, dt.time(23, 59)))
    return moment


def who_of(item: QueueItem) -> list[tuple[str, str]]:
    """Those a touch can be with: buyers and champions first, then the most active, then contacts. Three queries."""
    known = [
        (f"u{person.user.pk}", f"{person.user}, {person.role_label}" if person.role_label else str(person.user))
        for person in people.of_account(item.account_id, limit=PEOPLE)
        if not person.user.is_anonymous
    ]
    outside = contacts.of_account(item.account_id)[:PEOPLE]
    return [("", _("Nobody by name")), *known, *((f"c{contact.pk}", _with_phone(contact)) for contact in outside)]


def _with_phone(contact: Contact) -> str:
    return f"{contact}, {contact.phone}" if contact.phone else str(contact)
