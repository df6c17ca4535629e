"""Two who save at once: whoever opened the page before the other one saved is told what the other one made, and loses nothing.

A page carries a mark of each value as it was when it was drawn (`seen`). The verb that saves holds the row and compares. What is
something else by then is `StaleError`, and the form takes it over or shows it (`take_over`), to be saved again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

#: The longest `seen` of a page: a mark for each of some dozen fields.
LONGEST = 400


class StaleError(Exception):
    """Somebody saved since the page was drawn; `now` is what stands there, by field."""

    def __init__(self, now: Mapping[str, Any]) -> None:
        super().__init__()
        self.now = now


def seen(values: Mapping[str, Any]) -> str:
    """Stands for these values, in their order."""
    return "_".join(map(_mark, values.values()))


def check(now: Mapping[str, Any], last_seen: str) -> None:
    """Raises `StaleError` when these are other values than those which the page had; `last_seen` empty: whatever they are."""
    if last_seen and last_seen != seen(now):
        raise StaleError(now)


def take_over(
    form: forms.Form, *, typed: Mapping[str, Any], now: Mapping[str, Any], initial: Mapping[str, Any], words: str
) -> None:
    """Takes over into the form what somebody else changed and this member did not; where both did, what was typed stays, and the
    error of the field says what it is now. Saving again overwrites that.

    `typed`, `now`: by field as the verb keeps them; `initial`: `now` as the form shows it; `words`: for the whole form.
    """
    data = form.data.copy()  # type: ignore[attr-defined]
    before = form.data.get("seen", "").split("_")
    data["seen"] = seen(now)
    for place, (name, value) in enumerate(now.items()):
        old, new = before[place] if place < len(before) else "", _mark(value)
        if old == new or name not in form.fields or _mark(typed.get(name)) == new:
            continue
        if _mark(typed.get(name)) == old:
            shown = initial[name]
            data.setlist(
                name, [str(one) for one in shown] if isinstance(shown, list) else ["" if shown is None else str(shown)]
            )
            form.add_error(name, _("Somebody changed this: it is taken over."))
        elif value in ("", None, []):
            form.add_error(name, _("Somebody has emptied it."))
        else:
            form.add_error(name, _("Somebody made it “%(value)s”.") % {"value": _told(form.fields[name], value)})
    form.add_error(None, words)
    form.data = data


def _mark(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:12]


def _told(field: forms.Field, value: Any) -> str:
    """As the form's own choices call it."""
    labels: dict[str, str] = {}
    if isinstance(field, forms.ModelChoiceField):
        labels = {str(one.pk): str(one) for one in field.queryset.filter(pk=value)}  # type: ignore[union-attr]
    elif isinstance(field, forms.ChoiceField):
        labels = {str(key): str(label) for key, label in field.choices}  # type: ignore[union-attr, misc]
    return ", ".join(labels.get(str(one), str(one)) for one in (value if isinstance(value, list) else [value]))
