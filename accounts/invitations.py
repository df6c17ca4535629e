"""Who invited whom. The loader keeps each invitation: its sender, day and workspace, and whom it was for when the event says so.

Somebody was brought by whoever invited that very address. Where no event says so, by whoever of the workspace sent an invitation
last in the `NEAR` days before the person first came there, and each invitation brings one person only. `brought_by` is pure.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts import bulk, domains

#: Days between an invitation and the first visit of whom it brought, where no event names the person.
NEAR = 14
#: Properties that name whom an invitation is for.
NAMES = (
    *("email", "emails", "invitee_email", "inviteeEmail", "invited_email", "invitedEmail", "recipient", "recipients"),
    *("invitee", "invitees", "to"),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """Invitations of one day: `user_id` the sender, `workspace_id` 0: in none, `invitee` none: not said."""

    user_id: int
    day: dt.date
    workspace_id: int
    invitee: uuid.UUID | None
    count: int
    #: the device, when nobody had signed in there
    device: str = ""


@dataclass(frozen=True, slots=True)
class Came:
    """When somebody first came to a workspace (0: uses the product outside of one)."""

    user_id: int
    day: dt.date
    workspace_id: int
    invitee: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Brought:
    """`is_named`: the invitation says so; else it was the nearest one before."""

    by: int
    day: dt.date
    is_named: bool


def invitee(email: str) -> uuid.UUID | None:
    """What stands for an address: the same for the same one, without telling which. None: it is no e-mail."""
    address = domains.clean_email(email)
    return uuid.UUID(bytes=hashlib.blake2b(address.encode(), digest_size=16).digest()) if address else None


def invitees(properties: object) -> list[uuid.UUID]:
    """Those whom an invitation names, at most 50."""
    if not isinstance(properties, dict):
        return []
    found: dict[uuid.UUID, None] = {}
    for name in NAMES:
        for value in _texts(properties.get(name)):
            if key := invitee(value):
                found[key] = None
    return list(found)[:50]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.split(",") if "," in value else (value,)
    elif isinstance(value, dict):
        yield from _texts(value.get("email"))
    elif isinstance(value, list):
        for one in value[:50]:
            if isinstance(one, str | dict):
                yield from _texts(one)


def record(sent: Collection[Sent]) -> None:
    """Adds these rows. The loader calls it once for each event: repeats never reach it."""
    if not sent:
        return
    counts: dict[tuple[int, dt.date, int, uuid.UUID | None, str], int] = {}
    for one in sent:
        key = (one.user_id, one.day, one.workspace_id, one.invitee, one.device)
        counts[key] = counts.get(key, 0) + one.count
    columns = {"user_id": "bigint", "day": "date", "workspace_id": "bigint", "invitee": "uuid"}
    columns |= {"device": "text", "count": "int"}
    rows, arrays = bulk.rows(columns, [(*key, n) for key, n in counts.items()])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_invitation ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {rows} AS new",
            arrays,
        )


def brought_by(came: Iterable[Came], sent: Sequence[Sent]) -> dict[int, Brought]:
    """user id → who brought them. Nobody brings himself, or somebody who was there before the invitation.

    Of several that name a person the first counts.
    """
    came = sorted(came, key=lambda one: (one.day, one.user_id, one.workspace_id))
    first: dict[int, Came] = {}
    for one in came:
        first.setdefault(one.user_id, one)
    named: dict[uuid.UUID, Sent] = {}
    near: dict[int, list[Sent]] = {}
    for invitation in sorted(sent, key=lambda one: (one.day, one.user_id)):
        if invitation.invitee is not None:
            named.setdefault(invitation.invitee, invitation)
        else:
            near.setdefault(invitation.workspace_id, []).append(invitation)
    found: dict[int, Brought] = {}
    for one in first.values():
        known = named.get(one.invitee) if one.invitee else None
        if known is not None and known.user_id != one.user_id and known.day <= one.day:
            found[one.user_id] = Brought(known.user_id, known.day, is_named=True)
    left = {id(invitation): invitation.count for rows in near.values() for invitation in rows}
    days = {space: [invitation.day for invitation in rows] for space, rows in near.items()}
    for one in first.values():
        if one.user_id in found:
            continue
        for space in dict.fromkeys((one.workspace_id, 0)):
            nearest = _nearest(one, near.get(space, []), days.get(space, []), left)
            if nearest is not None:
                left[id(nearest)] -= 1
                found[one.user_id] = Brought(nearest.user_id, nearest.day, is_named=False)
                break
    return found


def _nearest(one: Came, rows: Sequence[Sent], days: Sequence[dt.date], left: dict[int, int]) -> Sent | None:
    """The last invitation up to the day they came, not older than `NEAR` days, that has not brought as many as it was for."""
    for place in range(bisect_right(days, one.day) - 1, -1, -1):
        invitation = rows[place]
        if (one.day - invitation.day).days > NEAR:
            return None
        if invitation.user_id != one.user_id and left[id(invitation)] > 0:
            return invitation
    return None
