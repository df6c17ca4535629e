"""Notifications as the page and the browser show them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from playbooks.models import Notification
from playbooks.telling.notifications import link_of

#: Symbols of static/icons.svg, with the tag's colour.
LOOKS = {
    "hand": ("hand", "orange"),
    "assigned": ("user-plus", "azure"),
    "woke": ("refresh", "azure"),
    "warning": ("clock", "orange"),
    "missed": ("alert", "red"),
    "taken": ("exchange", "grey"),
    "handover": ("arrow-right", "green"),
}


@dataclass(frozen=True)
class Row:
    """`href` marks it as read and goes there."""

    id: int
    icon: str
    look: str
    label: str
    text: str
    why: str
    href: str
    at: dt.datetime
    is_read: bool


def row(one: Notification) -> Row:
    icon, look = LOOKS[one.kind]
    return Row(
        id=one.pk,
        icon=icon,
        look=look,
        label=str(one.get_kind_display()),
        text=one.text,
        why=one.why,
        href=link_of(one),
        at=one.created_at,
        is_read=one.read_at is not None,
    )
