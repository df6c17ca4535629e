"""The quick forms of the queue's verbs. They read what was said; `playbooks.verbs.verbs` checks it again and writes.

Each form says in `said` the arguments of its verb. Choices have a digit (or a letter) that picks them: see `Choices`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import WORKERS
from accounts.models import Member
from playbooks.models import Answer, Closing, Motion, QueueItem, Reason
from playbooks.verbs import reasons

#: A day of work begins at this hour of the member's clock: when what was snoozed until a day comes back.
MORNING = dt.time(9)
SUNDAY = 6
DIGITS = "1234567890"
#: What a motion's items come to, the likely ones first.
OUTCOMES = {
    Motion.SALES: ("meeting", "opportunity", "won", "no_answer", "no_interest", "handed_over"),
    Motion.SUCCESS: ("activated", "handed_over", "meeting", "no_answer", "no_interest"),
    Motion.MARKETING: ("handed_over", "meeting", "no_answer", "no_interest"),
}
VERDICT_KEYS = {"good": "g", "not_now": "n", "wrong": "w"}


class Choices(forms.RadioSelect):
    """Radio buttons with a key each, and a hint: keys are the digits in order, or those of `keys`."""

    def __init__(self, *, keys: dict[str, str] | None = None, hints: dict[str, str | Promise] | None = None) -> None:
        super().__init__()
        self.keys, self.hints = keys or {}, hints or {}

    def create_option(
        self, name: Any, value: Any, label: Any, selected: Any, index: int, *args: Any, **more: Any
    ) -> Any:
        option = super().create_option(name, value, label, selected, index, *args, **more)
        key = self.keys.get(str(value), DIGITS[index] if index < len(DIGITS) else "")
        if key:
            option["attrs"]["data-pick"] = key
        return option | {"key": key, "hint": self.hints.get(str(value), "")}


def words_field(label: Any, *, length: int = 300, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=length,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )


class VerbForm(forms.Form):
    """`item` is none for several items at once. The browser asks for no field: the server says what is wrong."""

    use_required_attribute = False

    def __init__(self, *args: Any, item: QueueItem | None, motion: str, member: Member, **more: Any) -> None:
        super().__init__(*args, **more)
        self.item, self.motion, self.member = item, motion, member
        for field in self.fields.values():
            if isinstance(field.widget, Choices | forms.Select):
                field.error_messages["required"] = _("Choose one.")
        self.prepare()

    def prepare(self) -> None:
        """Fills in what depends on the item."""

    @property
    def said(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class SnoozeForm(VerbForm):
    when = forms.ChoiceField(label=gettext_lazy("Until"), widget=Choices())
    on = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control", "data-for": "date"}, format="%Y-%m-%d"),
    )
    on_signal = forms.BooleanField(
        label=gettext_lazy("Back earlier on a strong signal: raised hand, buyer joined, admin switch, score jump"),
        required=False,
        initial=True,
    )

    def prepare(self) -> None:
        field: Any = self.fields["when"]
        days = mornings()
        labels = {"tomorrow": _("Tomorrow"), "days3": _("In 3 days"), "week": _("Next week")}
        field.choices = [
            *labels.items(),
            ("date", _("Another day")),
            ("signal", _("A strong signal")),
        ]
        field.widget.hints = {key: date_format(day, "D j M, H:i") for key, day in days.items()}

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("when") == "date" and not said.get("on") and "on" not in self.errors:
            self.add_error("on", _("Choose the day."))
        return said

    @property
    def said(self) -> dict[str, Any]:
        when = self.cleaned_data["when"]
        if when == "date":
            until: dt.datetime | None = timezone.make_aware(dt.datetime.combine(self.cleaned_data["on"], MORNING))
        else:
            until = mornings().get(when)
        return {"until": until, "on_signal": self.cleaned_data["on_signal"] or until is None}


class DoneForm(VerbForm):
    outcome = forms.ChoiceField(label=gettext_lazy("What came of it"), widget=Choices())
    words = words_field(gettext_lazy("Words"))

    def prepare(self) -> None:
        likely = OUTCOMES.get(Motion(self.motion), tuple(Closing.values))
        self.fields["outcome"].choices = [(value, Closing(value).label) for value in likely]  # type: ignore[attr-defined]


class DisqualifyForm(VerbForm):
    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        choices=Reason.choices,
        widget=Choices(
            keys={Reason.OTHER: "o"},
            hints={
                key: reasons.MENDS[meaning.mends]
                for key, meaning in reasons.MEANINGS.items()
                if meaning.mends and key in Reason.values
            },
        ),
    )
    words = words_field(gettext_lazy("Words"))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        meaning = reasons.MEANINGS.get(said.get("reason", ""))
        if meaning and meaning.needs_words and not said.get("words"):
            self.add_error("words", _("Say in a few words what it is."))
        return said


class GiveBackForm(VerbForm):
    to = forms.ChoiceField(label=gettext_lazy("To"), widget=Choices())
    words = words_field(gettext_lazy("What they should know"))

    def prepare(self) -> None:
        field: Any = self.fields["to"]
        field.choices = [(value, label) for value, label in Motion.choices if value != self.motion and value in WORKERS]


class AssignForm(VerbForm):
    to = forms.ModelChoiceField(
        label=gettext_lazy("To"),
        queryset=Member.objects.none(),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    because = words_field(gettext_lazy("Why"), length=200)

    def prepare(self) -> None:
        field: Any = self.fields["to"]
        field.queryset = Member.objects.filter(is_active=True, role__in=WORKERS[self.motion]).order_by("name", "email")

    @property
    def said(self) -> dict[str, Any]:
        because = self.cleaned_data["because"] or _("by %(member)s") % {"member": self.member}
        return {"to": self.cleaned_data["to"], "because": because}


class AnswerForm(VerbForm):
    verdict = forms.ChoiceField(
        label=gettext_lazy("Was it worth your time?"),
        choices=Answer.Verdict.choices,
        widget=Choices(keys=VERDICT_KEYS),
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("What was wrong"),
        choices=[("", gettext_lazy("Nothing, or I cannot say")), *Reason.choices],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    words = words_field(gettext_lazy("Words"), length=500)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("verdict") == Answer.Verdict.GOOD:
            said["reason"] = ""
        return said


#: Of the verbs that need words or a choice: the form, and the title of its page.
FORMS: dict[str, tuple[type[VerbForm], Promise]] = {
    "snooze": (SnoozeForm, gettext_lazy("Snooze")),
    "finish": (DoneForm, gettext_lazy("Done")),
    "disqualify": (DisqualifyForm, gettext_lazy("Disqualify")),
    "give_back": (GiveBackForm, gettext_lazy("Give to another team")),
    "assign": (AssignForm, gettext_lazy("Assign")),
    "answer": (AnswerForm, gettext_lazy("Your answer")),
}


def mornings(today: dt.date | None = None) -> dict[str, dt.datetime]:
    """The moments of the ready answers to "until when", on the member's clock; `week` is next Monday, on Sundays the one after."""
    today = today or timezone.localdate()
    days = {
        "tomorrow": today + dt.timedelta(days=1),
        "days3": today + dt.timedelta(days=3),
        "week": today + dt.timedelta(days=7 - today.weekday() + (7 if today.weekday() == SUNDAY else 0)),
    }
    return {key: timezone.make_aware(dt.datetime.combine(day, MORNING)) for key, day in days.items()}


def ready_answer(item: QueueItem) -> dict[str, Sequence[str] | str]:
    """What an item's closing says already about the answer: a disqualified one was wrong, or came at a bad time."""
    if item.state != QueueItem.State.DISQUALIFIED:
        return {}
    is_late = item.reason == Reason.BAD_TIMING
    return {"verdict": Answer.Verdict.NOT_NOW if is_late else Answer.Verdict.WRONG, "reason": item.reason}
