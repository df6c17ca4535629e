"""The main navigation: what this member may use, with the open work of his own queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from plsapp.permissions import MATRIX, allows

#: The pages under Settings.
SETTINGS = (
    *("settings", "sources", "source", "source_rotate", "set_aside", "set_aside_replay"),
    *("hand_forms", "hand_form_new", "hand_form", "hand_raises"),
    *("title_rules", "personas", "persona", "persona_new", "identity", "domain_rules"),
    *("members", "member", "member_work", "routing", "queue_rules", "audit", "erase", "corrections"),
)

CONTACTS = ("contacts", "contact_new", "contact_change", "contact_import", "contact_file")

DEFINITIONS = (
    *("definitions", "definition_versions", "draft", "draft_features", "draft_movers", "draft_backtest"),
    *("draft_review", "published_run", "roll_back", "learn", "feedback", "runs"),
)


@dataclass(frozen=True)
class Entry:
    """One line of the navigation. `icon` names a symbol of static/icons.svg."""

    name: str
    label: str
    icon: str
    href: str
    is_here: bool


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `navigation`, a list of `Entry`, empty when nobody is signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": []}
    lines = [
        ("queue", _("Queue"), "inbox", ("queue", "queue_motion", "trust")),
        ("accounts", _("Accounts"), "building", ("accounts", "account", "account_correct", "account_people")),
        (
            "buyers",
            _("Buyers"),
            "users",
            (
                "buyers",
                "buyers_profiling",
            ),
        ),
        ("contacts", _("Contacts"), "mail", CONTACTS),
        ("definitions", _("Definitions"), "adjustments", DEFINITIONS),
        ("events", _("Events"), "activity", ("events", "event_type")),
        ("plays", _("Plays"), "play", ("plays", "play", "play_new")),
        ("settings", _("Settings"), "settings", SETTINGS),
    ]
    # Who may use some pages of the settings alone finds them by the first of these.
    if not allows(MATRIX["settings"], user.role):
        lines.append(("corrections", _("Identity"), "settings", ("corrections", "identity")))
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {
        "navigation": [
            Entry(name, label, icon, reverse(name), here in places)
            for name, label, icon, places in lines
            if allows(MATRIX.get(name), user.role)
        ]
    }
