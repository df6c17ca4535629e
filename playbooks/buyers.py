"""Everybody who may buy, of all accounts: people who use the product, and contacts outside of it.

Most buyers do not use the product, so one list holds both: the warmest accounts first, then the surest.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, overload

from django.db import models
from django.db.models import F, Q

from accounts import evidence
from accounts.models import Account, BuyingRole, Contact, ProductUser
from playbooks.filters import BuyerFilter
from playbooks.querysets import LIKELY

USER, CONTACT = "user", "contact"

type Key = tuple[str, int]
"""`USER` or `CONTACT`, and the id."""


@dataclass(frozen=True)
class Buyer:
    """One person who may buy. `reasons`: what the role rests on; `source`: where a contact is from."""

    kind: str
    id: int
    name: str
    email: str
    title: str
    role: str
    confidence: float
    reasons: list[evidence.Evidence]
    source: str
    last_seen_at: dt.datetime | None
    account: Account
    score: int | None
    tier: str

    @property
    def is_locked(self) -> bool:
        return evidence.is_locked(self.reasons)


class Buyers(Sequence[Key]):
    """The list in its order. A slice takes two queries or four, whatever its length; those before it are skipped one by one."""

    def __init__(self, wanted: BuyerFilter) -> None:
        self._users = _users(wanted) if wanted.kind != CONTACT else None
        self._contacts = _contacts(wanted) if wanted.kind != USER else None

    def __len__(self) -> int:
        return sum(rows.count() for rows in (self._users, self._contacts) if rows is not None)

    @overload
    def __getitem__(self, part: int) -> Key: ...
    @overload
    def __getitem__(self, part: slice) -> list[Key]: ...
    def __getitem__(self, part: int | slice) -> Key | list[Key]:
        if isinstance(part, int):
            return self[part : part + 1][0]
        streams = [
            _warmest(rows, kind, part.stop)
            for rows, kind in ((self._users, USER), (self._contacts, CONTACT))
            if rows is not None
        ]
        # Each stream is in order, so what comes before a place depends on nothing behind it: pages never overlap.
        merged = heapq.merge(*streams, key=lambda row: row[0])
        return [key for _rank, key in islice(merged, part.start or 0, part.stop)]


def rows_of(keys: Iterable[Key]) -> list[Buyer]:
    """The people of these keys, in their order. Two queries."""
    wanted = list(keys)
    users = ProductUser.objects.select_related("account__score")
    contacts = Contact.objects.select_related("account__score")
    found: dict[Key, Buyer] = {}
    for pk, user in users.in_bulk([pk for kind, pk in wanted if kind == USER]).items():
        found[USER, pk] = _of_user(user)
    for pk, contact in contacts.in_bulk([pk for kind, pk in wanted if kind == CONTACT]).items():
        found[CONTACT, pk] = _of_contact(contact)
    return [found[key] for key in wanted if key in found]


def _users(wanted: BuyerFilter) -> models.QuerySet[ProductUser]:
    return _narrow(ProductUser.objects.filter(account__isnull=False), wanted)  # none is left at one merged away


def _contacts(wanted: BuyerFilter) -> models.QuerySet[Contact]:
    """Who uses the product too is in the list as that person, with what was said of either."""
    rows = Contact.objects.filter(account__isnull=False, user=None, removed_at=None, account__merged_into=None)
    return _narrow(rows, wanted)


def _narrow[T: models.Model](rows: models.QuerySet[T], wanted: BuyerFilter) -> models.QuerySet[T]:
    if wanted.role == BuyingRole.CHAMPION:  # by what somebody does, which alone is worth less than a title
        rows = rows.filter(buying_role=BuyingRole.CHAMPION)
    elif wanted.role:
        rows = rows.filter(buying_role=wanted.role, buying_confidence__gte=LIKELY)
    else:
        rows = rows.filter(buying_confidence__gte=LIKELY).exclude(buying_role__in=["", BuyingRole.END_USER])
    if wanted.q:
        rows = rows.filter(
            Q(name__icontains=wanted.q)
            | Q(email__icontains=wanted.q)
            | Q(title__icontains=wanted.q)
            | Q(account__name__icontains=wanted.q)
        )
    return rows


type _Row = tuple[tuple[bool, int, float], Key]


def _warmest(rows: models.QuerySet[Any], kind: str, stop: int | None) -> Iterator[_Row]:
    """Those of accounts with a score, the highest first, then the others; as in `querysets.Warmest` two queries for one."""
    then = ("-buying_confidence", "name", "pk")
    scored = rows.filter(account__score__isnull=False).order_by(F("account__score__score").desc(nulls_last=True), *then)
    n = 0
    for score, sure, pk in scored.values_list("account__score__score", "buying_confidence", "pk")[:stop]:
        n += 1
        yield (score is None, -(score or 0), -sure), (kind, pk)
    if stop is None or n < stop:
        others = rows.filter(account__score__isnull=True).order_by(*then)
        left = None if stop is None else stop - n
        for sure, pk in others.values_list("buying_confidence", "pk")[:left]:
            yield (True, 0, -sure), (kind, pk)


def _of_user(user: ProductUser) -> Buyer:
    assert user.account is not None  # the list has only people at accounts
    return Buyer(
        kind=USER,
        id=user.pk,
        name=str(user),
        email=user.email,
        title=user.title,
        role=user.buying_role,
        confidence=user.buying_confidence,
        reasons=list(user.role_evidence),
        source="",
        last_seen_at=user.last_seen_at,
        account=user.account,
        **_scored(user.account),
    )


def _of_contact(contact: Contact) -> Buyer:
    assert contact.account is not None  # likewise
    return Buyer(
        kind=CONTACT,
        id=contact.pk,
        name=str(contact),
        email=contact.email,
        title=contact.title,
        role=contact.buying_role,
        confidence=contact.buying_confidence,
        reasons=[],
        source=contact.source,
        last_seen_at=None,
        account=contact.account,
        **_scored(contact.account),
    )


def _scored(account: Account) -> dict[str, Any]:
    score = getattr(account, "score", None)
    return {"score": score.score if score else None, "tier": score.tier if score else ""}
