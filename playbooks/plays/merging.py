"""Merge fields: `{{buyer.first_name}}` in the words of a play, filled from what is known of an account. No database.

A field without a value is shown as missing, in brackets, and never as nothing: a message with a hole must be seen before it is
sent. Values are put in once: braces inside a value stay what they are. Nothing is escaped here; templates and `mailto` do that.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: Every field that a play may use: key → what stands in brackets when there is no value.
FIELDS = {
    "account": gettext_lazy("account"),
    "account.domain": gettext_lazy("domain"),
    "account.employees": gettext_lazy("number of employees"),
    "account.plan": gettext_lazy("plan"),
    "account.industry": gettext_lazy("industry"),
    "buyer.name": gettext_lazy("buyer's name"),
    "buyer.first_name": gettext_lazy("buyer's first name"),
    "buyer.title": gettext_lazy("buyer's title"),
    "champion.name": gettext_lazy("champion's name"),
    "champion.first_name": gettext_lazy("champion's first name"),
    "champion.title": gettext_lazy("champion's title"),
    "champion.invites": gettext_lazy("invitations the champion sent"),
    "active_users_7": gettext_lazy("active people this week"),
    "active_users_28": gettext_lazy("active people in 28 days"),
    "new_users_28": gettext_lazy("new people in 28 days"),
    "weekly_active_days": gettext_lazy("active days a week"),
    "weekly_growth": gettext_lazy("growth on the week before, where it grew"),
    "growth": gettext_lazy("growth on the 28 days before, where it grew"),
    "events_28": gettext_lazy("things done in 28 days"),
    "features_used": gettext_lazy("number of features used"),
    "invites_28": gettext_lazy("invitations in 28 days"),
    "people": gettext_lazy("known people"),
    "top_feature": gettext_lazy("most used feature"),
    "top_features": gettext_lazy("most used features"),
    "next_feature": gettext_lazy("a feature they have not used"),
    "path": gettext_lazy("what is missing to qualify"),
    "why_now": gettext_lazy("why now"),
    "signal": gettext_lazy("last signal"),
    "raised.name": gettext_lazy("name of who raised a hand"),
    "raised.first_name": gettext_lazy("first name of who raised a hand"),
    "raised.words": gettext_lazy("words of the raised hand"),
    "score": gettext_lazy("score"),
    "member.name": gettext_lazy("your name"),
    "member.first_name": gettext_lazy("your first name"),
}
_FIELD = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
#: The longest value that is put into a text.
LONGEST = 300


@dataclass(frozen=True)
class Piece:
    """A stretch of a filled text. `field` is empty for the play's own words."""

    text: str
    field: str = ""
    is_missing: bool = False


def fields_of(*texts: str) -> list[str]:
    """The fields that texts use, in their order, each once."""
    return list(dict.fromkeys(name for text in texts for name in _FIELD.findall(text)))


def problems(text: str) -> list[str]:
    """What is wrong with the fields of a text, in words; empty when every field is known."""
    found = [_unknown(name) for name in _FIELD.findall(text) if name not in FIELDS]
    rest = _FIELD.sub("", text)
    if "{{" in rest or "}}" in rest:
        found.append(_("A merge field is not closed: write it as {{account}}."))
    return list(dict.fromkeys(found))


def fill(text: str, values: Mapping[str, str]) -> list[Piece]:
    """The text in pieces. A field that is empty, unknown or not among the values is missing."""
    pieces: list[Piece] = []
    at = 0
    for found in _FIELD.finditer(text):
        if found.start() > at:
            pieces.append(Piece(text[at : found.start()]))
        name = found[1]
        value = " ".join(values.get(name, "").split())[:LONGEST]
        blank = Piece(f"[{FIELDS.get(name, name)}?]", name or "?", is_missing=True)
        pieces.append(Piece(value, name) if value else blank)
        at = found.end()
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return pieces


def plain(pieces: Iterable[Piece]) -> str:
    """As it is copied: the missing ones in their brackets."""
    return "".join(piece.text for piece in pieces)


def missing(*texts: Iterable[Piece]) -> list[str]:
    """What is missing in these texts, in words, each once."""
    names = (piece.field for pieces in texts for piece in pieces if piece.is_missing)
    return [str(FIELDS.get(name, name)) for name in dict.fromkeys(names)]


def mailto(address: str, subject: str = "", body: str = "") -> str:
    """A `mailto:` link with everything encoded; nothing for what is no address. Without an address the mail program asks for it."""
    if address and not re.fullmatch(r"[^\s@<>,;?&]+@[^\s@<>,;?&]+", address):
        return ""
    said = [f"{name}={quote(value, safe='')}" for name, value in (("subject", subject), ("body", body)) if value]
    # Mail programs end a line by CR LF.
    return f"mailto:{quote(address, safe='@')}" + (f"?{'&'.join(said)}".replace("%0A", "%0D%0A") if said else "")


def first_name(name: str) -> str:
    """`"Dana Ortiz"` → `"Dana"`, `"Ortiz, Dana"` → `"Dana"`; nothing for an address or an id."""
    name = " ".join(name.split())
    if "@" in name or not any(letter.isalpha() for letter in name):
        return ""
    if "," in name:
        name = name.partition(",")[2].strip() or name.partition(",")[0]
    words = name.split()
    titles = ("dr", "prof", "mr", "mrs", "ms", "herr", "frau")
    while len(words) > 1 and words[0].rstrip(".").lower() in titles:
        words = words[1:]
    return words[0]


def _unknown(name: str) -> str:
    if not name:
        return _("There is an empty merge field: {{ }}.")
    near = _nearest(name)
    if near:
        return _("There is no field {{%(name)s}}; perhaps {{%(near)s}}?") % {"name": name[:60], "near": near}
    return _("There is no field {{%(name)s}}.") % {"name": name[:60]}


def _nearest(name: str) -> str:
    return next(iter(difflib.get_close_matches(name.lower().replace(" ", "_"), FIELDS, n=1, cutoff=0.55)), "")
