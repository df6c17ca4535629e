"""The contacts page and the page of a file of contacts, as they are shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.contacts import CONFIRMED, fields, files
from accounts.models import BuyingRole, Contact, ContactImport
from playbooks.contact_forms import column_names
from playbooks.querysets import LIKELY
from playbooks.screens.detail import ROLE_TAGS

#: Wrong rows that the page shows; the file of them has all.
SHOWN = 100


@dataclass(frozen=True)
class ContactRow:
    """One line. `tel` follows `tel:`; `user_id`: they use the product; `why`: what the role rests on."""

    id: int
    name: str
    email: str
    title: str
    phone: str
    tel: str
    role: str
    role_tag: str
    role_hint: str
    source: str
    account_id: int | None
    account: str
    score: int | None
    tier: str
    uses: bool
    added_at: dt.datetime
    added_by: str


def rows(contacts: Iterable[Contact]) -> list[ContactRow]:
    """Rows of contacts that were read with their accounts, scores and members."""
    return [_row(contact) for contact in contacts]


def _row(contact: Contact) -> ContactRow:
    account = contact.account
    score = getattr(account, "score", None) if account else None
    role, tag = role_words(contact)
    hint = _("Somebody’s word") if contact.buying_confidence >= CONFIRMED else _("As far as the title says")
    return ContactRow(
        id=contact.pk,
        name=str(contact),
        email=contact.email,
        title=contact.title,
        phone=contact.phone,
        tel=fields.tel(contact.phone),
        role=role,
        role_tag=tag,
        role_hint=hint if role else "",
        source=contact.source,
        account_id=account.pk if account else None,
        account=account.name if account else "",
        score=score.score if score else None,
        tier=score.tier if score else "",
        uses=contact.user_id is not None,
        added_at=contact.created_at,
        added_by=str(contact.added_by) if contact.added_by else "",
    )


def role_words(contact: Contact) -> tuple[str, str]:
    """`("likely economic buyer 60 %", "green")`; two empty texts without a role."""
    if not contact.buying_role or contact.buying_role == BuyingRole.END_USER:
        return "", "grey"
    label = str(contact.get_buying_role_display())
    if contact.buying_confidence < LIKELY:
        label = _("possible %(role)s") % {"role": label}
    elif contact.buying_confidence < CONFIRMED:
        label = _("likely %(role)s") % {"role": label}
    words = f"{label} {round(contact.buying_confidence * 100)}\u00a0%"
    return words, ROLE_TAGS.get(BuyingRole(contact.buying_role), "grey")


@dataclass(frozen=True)
class WrongRow:
    """A row that cannot be taken in: (column, cell, whether it is wrong) of those columns that say something, and what to do."""

    number: int
    cells: list[str]
    problems: list[str]


@dataclass(frozen=True)
class FilePage:
    """`counts`: (label, number, is it bad). `percent` while it is running, or being looked at (`is_reading`)."""

    found: ContactImport
    is_preview: bool
    is_reading: bool
    is_running: bool
    is_done: bool
    is_undone: bool
    is_undoing: bool
    needs_email: bool
    can_take: bool
    percent: int
    counts: list[tuple[str, int, bool]]
    notes: list[str]
    wrong: list[WrongRow]
    more_wrong: int
    sample: list[list[str]]
    heads: list[str]


def file_page(found: ContactImport) -> FilePage:
    result, state = found.result, ContactImport.State
    told = result.get("wrong_rows", [])
    is_reading = files.is_being_looked_at(found)
    is_preview, is_running = found.state == state.PREVIEW and not is_reading, found.state == state.RUNNING
    return FilePage(
        found=found,
        is_preview=is_preview,
        is_reading=is_reading,
        is_running=is_running,
        is_done=found.state == state.DONE,
        is_undone=found.state == state.UNDONE,
        is_undoing=bool(result.get("undoing")),
        needs_email="email" not in found.mapping,
        can_take=is_preview and result.get("good", 0) > 0,
        percent=files.progress(found) if is_running or is_reading else 0,
        counts=_counts(result),
        notes=_notes(result),
        wrong=[
            WrongRow(row["row"], [cell for cell in row["cells"] if cell][:6], [problem(one) for one in row["wrong"]])
            for row in told[:SHOWN]
        ],
        more_wrong=max(0, len(told) - SHOWN),
        sample=result.get("sample", []),
        heads=column_names(result.get("heads", [])),
    )


def problem(wrong: dict[str, str]) -> str:
    """`"E-mail “jo.acme.com” is no e-mail address; …"`."""
    label = str(fields.FIELDS.get(wrong["field"], wrong["field"]))
    value = f" “{wrong['value'][:60]}”" if wrong["value"] else ""
    return f"{label}{value} {wrong['words']}"


def _counts(result: dict[str, Any]) -> list[tuple[str, int, bool]]:
    return [
        (_("new"), result.get("new", 0), False),
        (_("changed"), result.get("changed", 0), False),
        (_("same as before"), result.get("same", 0), False),
        (_("wrong"), result.get("wrong", 0), result.get("wrong", 0) > 0),
    ]


def _notes(result: dict[str, Any]) -> list[str]:
    notes: list[str] = []
    if (homes := result.get("homes")) and result.get("new"):
        notes += filter(None, [_homes(homes)])
    if users := result.get("users", 0):
        notes.append(
            _("%(n)d of them use the product already: they are linked to that person, not doubled.") % {"n": users}
        )
    if twice := result.get("twice", 0):
        words = ngettext(
            "%(n)d row says again what another row says; it counts once.",
            "%(n)d rows say again what another row says; they count once.",
            twice,
        )
        notes.append(words % {"n": twice})
    return notes


def _homes(homes: dict[str, int]) -> str:
    """`"Of the new ones 2 are at known accounts, 3 at companies nobody knew (2 accounts), 1 without an account."`"""
    parts = [_("%(n)d at known accounts") % {"n": homes["known"]}] if homes["known"] else []
    if homes["unknown"]:
        words = ngettext(
            "%(n)d at companies nobody knew, for which %(made)d account is made",
            "%(n)d at companies nobody knew, for which %(made)d accounts are made",
            homes["made"],
        )
        parts.append(words % {"n": homes["unknown"], "made": homes["made"]})
    if homes["none"]:
        parts.append(_("%(n)d without an account: neither address nor domain says a company") % {"n": homes["none"]})
    return _("New: %(parts)s.") % {"parts": "; ".join(parts)} if parts else ""
