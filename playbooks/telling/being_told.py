"""How a member wants to be told: in the browser, by a daily mail, and when not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from playbooks.models import WorkSettings

FIELDS = ("in_browser", "by_mail", "digest_at", "quiet_from", "quiet_until")


def of(member: Member) -> WorkSettings:
    """What is stored, else the defaults, unsaved. One query."""
    found = WorkSettings.objects.filter(pk=member.pk).first()
    return found if found is not None else WorkSettings(member=member, digest_at=dt.time(8))


@transaction.atomic
def save(*, member: Member, **fields: Any) -> WorkSettings:
    """Sets some of `FIELDS`, as `TellingForm` has checked them."""
    WorkSettings.objects.get_or_create(member=member)
    row = WorkSettings.objects.select_for_update().get(pk=member.pk)
    for name in FIELDS:
        if name in fields:
            setattr(row, name, fields[name])
    row.save(update_fields=FIELDS)
    return row


class TellingForm(forms.Form):
    in_browser = forms.BooleanField(label=_("Notify me in the browser"), required=False)
    by_mail = forms.BooleanField(label=_("Send me a digest by e-mail, once a day"), required=False)
    digest_at = forms.TimeField(
        label=_("Digest at"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("By your time zone. When it falls into the quiet hours, it comes when they end."),
    )
    quiet_from = forms.TimeField(
        label=_("Quiet from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Nothing pops up until they end; then you see what came. They may go over midnight."),
    )
    quiet_until = forms.TimeField(
        label=_("Quiet until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        begins, ends = said.get("quiet_from"), said.get("quiet_until")
        if self.errors:
            return said
        if begins is None and ends is not None:
            self.add_error("quiet_from", _("Say from when, or leave both empty."))
        elif ends is None and begins is not None:
            self.add_error("quiet_until", _("Say until when, or leave both empty."))
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", _("Quiet hours end at another time than they begin."))
        return said
