"""The forms of a queue's rules, cool-downs and holidays, and of how a member works. `policies` checks again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.access import WORKERS
from playbooks.assignment import policies
from playbooks.models import Motion, QueuePolicy, WorkSettings
from playbooks.verbs import reasons
from scoring.models import Segment

DAYS = [
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("7", _("Sunday")),
]
ZONE = forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"})
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
#: The parts of a queue's card: a title and its fields.
PARTS = (
    (_("Who gets it"), ("is_automatic", "same_owner_days", "untouched_days")),
    (
        _("Times to answer"),
        (
            *("hand_minutes", "response_minutes", "counts_from_entering", "touch_minutes"),
            *("warn_share", "reassigns_on_breach"),
        ),
    ),
    (_("Working hours"), ("day_begins", "day_ends", "weekdays", "timezone")),
    (_("Which accounts"), ("early_days", "audit_share")),
)


class PolicyForm(forms.ModelForm):
    weekdays = forms.MultipleChoiceField(
        label=_("Working days"),
        choices=DAYS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day.")},
    )

    class Meta:
        model = QueuePolicy
        fields = policies.FIELDS
        widgets = {
            "day_begins": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "day_ends": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "timezone": ZONE,
            "warn_share": forms.NumberInput(attrs={"step": "0.05", "min": "0", "max": "1"}),
            "audit_share": forms.NumberInput(attrs={"step": "0.005", "min": "0", "max": "0.05"}),
        }
        labels = {"is_automatic": _("Give out new accounts")}
        help_texts = {
            "is_automatic": _(
                "To members by their segments, territories and room. Otherwise they are claimed by hand."
            ),
            "same_owner_days": _("0: anybody may get it."),
            "hand_minutes": _("Of working time, as all minutes here. 0: none is asked for."),
            "response_minutes": _("0: none is asked for. A working day of eight hours has 480."),
            "touch_minutes": _("After each touch. 0: none is asked for."),
            "warn_share": _("0.75: when three quarters of the time are over."),
            "timezone": _("For example Europe/Berlin. Hours, days and holidays are of this zone."),
        }

    def __init__(self, motion: str, data: Any = None, *, policy: QueuePolicy) -> None:
        super().__init__(data, instance=policy, auto_id=f"{motion}_%s", initial={"weekdays": list(policy.weekdays)})

    def clean_weekdays(self) -> str:
        return "".join(sorted(self.cleaned_data["weekdays"]))

    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in PARTS]


class CoolDownForm(forms.Form):
    """Days by closing; empty: for good."""

    def __init__(self, motion: str, data: Any = None, *, days: Mapping[str, int | None]) -> None:
        super().__init__(data, auto_id=f"{motion}_%s", initial=dict(days))
        for closing, meaning in reasons.MEANINGS.items():
            usual = _("for good") if meaning.days is None else _("%(n)d days") % {"n": meaning.days}
            self.fields[closing] = forms.IntegerField(
                label=reasons.label(closing),
                required=False,
                min_value=0,
                max_value=policies.MOST_DAYS,
                help_text=_("Default: %(days)s") % {"days": usual},
            )


class HolidayForm(forms.Form):
    day = forms.DateField(label=_("Day"), widget=DAY)
    name = forms.CharField(label=_("Name"), max_length=80, required=False)
    motion = forms.ChoiceField(
        label=_("For"),
        required=False,
        choices=[("", _("Every queue")), *((motion, Motion(motion).label) for motion in WORKERS)],
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class WorkForm(forms.Form):
    takes_automatic = forms.BooleanField(label=_("Gets accounts"), required=False)
    segments = forms.MultipleChoiceField(
        label=_("Only these segments"),
        choices=Segment.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all."),
    )
    territories = forms.CharField(
        label=_("Only these territories"),
        required=False,
        max_length=1_000,
        help_text=_("Ends of domains, such as .de or .co.uk, with a space between. Empty: all."),
    )
    open_limit = forms.IntegerField(
        label=_("Open accounts at most"),
        min_value=0,
        max_value=policies.MOST_DAYS,
        help_text=_("Sleeping ones do not count. 0: no limit."),
    )
    daily_limit = forms.IntegerField(
        label=_("New accounts a day at most"),
        min_value=0,
        max_value=policies.MOST_DAYS,
        help_text=_("Those claimed by hand count too. 0: no limit."),
    )
    away_from = forms.DateField(label=_("Away from"), required=False, widget=DAY)
    away_until = forms.DateField(
        label=_("Away until"), required=False, widget=DAY, help_text=_("This day too. Nothing is given meanwhile.")
    )

    def clean_territories(self) -> list[str]:
        try:
            return policies.territories(re.split(r"[\s,;]+", self.cleaned_data["territories"]))
        except ValidationError as error:
            raise ValidationError(error.messages) from None


def of_work(work: WorkSettings) -> dict[str, Any]:
    """What the form shows of stored settings."""
    return {name: getattr(work, name) for name in policies.WORK_FIELDS} | {"territories": " ".join(work.territories)}


def packed(fields: Mapping[str, Any], names: Iterable[str], **more: object) -> str:
    """The query string that says the same again, for an undo."""
    said: dict[str, Any] = dict(more)
    for name in names:
        value = fields[name]
        if value is not None and value is not False:
            said[name] = "on" if value is True else value
    return urlencode(said, doseq=True)
