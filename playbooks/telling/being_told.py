"""How a member wants to be told: in the browser, by a daily mail, and when not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Member
from playbooks.models import WorkSettings

FIELDS = ("in_browser", "by_mail", "digest_at", "quiet_from", "quiet_until")


def of(member: Member) -> WorkSettings:
    """What is stored, else the defaults, unsaved. One query."""
    found = WorkSettings.objects.filter(pk=member.pk).first()
    return found if found is not None else WorkSettings(member=member, digest_at=dt.time(8))


@transaction.atomic
def save(*, member: Member, **fields: Any) -> WorkSettings:
    """Sets some of `FIELDS`. Raises `ValidationError` naming the field; then nothing was changed."""
    WorkSettings.objects.get_or_create(member=member)
    row = WorkSettings.objects.select_for_update().get(pk=member.pk)
    for name in FIELDS:
        if name in fields:
            setattr(row, name, fields[name])
    if wrong := quiet_problem(row.quiet_from, row.quiet_until):
        raise ValidationError(dict([wrong]))
    row.save(update_fields=FIELDS)
    return row


def quiet_problem(begins: dt.time | None, ends: dt.time | None) -> tuple[str, str] | None:
    """What is wrong with quiet hours, as field and words; none: nothing."""
    if begins is None and ends is not None:
        return "quiet_from", _("Say from when, or leave both empty.")
    if ends is None and begins is not None:
        return "quiet_until", _("Say until when, or leave both empty.")
    if begins is not None and begins == ends:
        return "quiet_until", _("Quiet hours end at another time than they begin.")
    return None


class TellingForm(forms.Form):
    in_browser = forms.BooleanField(label=gettext_lazy("Notify me in the browser"), required=False)
    by_mail = forms.BooleanField(label=gettext_lazy("Send me a digest by e-mail, once a day"), required=False)
    digest_at = forms.TimeField(
        label=gettext_lazy("Digest at"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("By your time zone. When it falls into the quiet hours, it comes when they end."),
    )
    quiet_from = forms.TimeField(
        label=gettext_lazy("Quiet from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("Nothing pops up until they end; then you see what came. They may go over midnight."),
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("Quiet until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if not self.errors and (wrong := quiet_problem(said.get("quiet_from"), said.get("quiet_until"))):
            self.add_error(*wrong)
        return said
