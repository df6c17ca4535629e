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
from django.db.models import F, Q, Value
from django.db.models.functions import Lower

from accounts import evidence
from accounts.models import Account, BuyingRole, Contact, ProductUser
from playbooks.filters import BuyerFilter
from playbooks.one_pass import OnePass
from playbooks.querysets import LIKELY

USER, CONTACT = "user", "contact"

#: So far down the list is read from the top; further down, all that fit are sorted at once.
NEAR = 1_000

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
    """The list in its order: by the account's score, how sure the role is, people of the product first, by name.

    `start` and `size` say which page is wanted. What stands within the first `NEAR` is taken from the top by indexes; what is
    searched or stands further down, by one look at everybody who fits.
    """

    def __init__(self, wanted: BuyerFilter, *, start: int = 0, size: int = 50) -> None:
        self._users = _users(wanted) if wanted.kind != CONTACT else None
        self._contacts = _contacts(wanted) if wanted.kind != USER else None
        self._is_searched = bool(wanted.q)
        parts = [
            rows.annotate(kind=Value(kind)).values_list("kind", "pk", "account", "buying_confidence", "name")
            for rows, kind in ((self._users, USER), (self._contacts, CONTACT))
            if rows is not None
        ]
        self._everybody: OnePass[Key] = OnePass(
            parts,
            join="LEFT JOIN scoring_score s ON s.account_id = c2",
            order="s.score DESC NULLS LAST, c3 DESC, c0 DESC, c4, c1",
            start=start,
            size=size,
            columns=5,
            width=2,
        )

    def __len__(self) -> int:
        if self._is_searched:
            return len(self._everybody)
        return sum(rows.count() for rows in (self._users, self._contacts) if rows is not None)

    @overload
    def __getitem__(self, part: int) -> Key: ...
    @overload
    def __getitem__(self, part: slice) -> list[Key]: ...
    def __getitem__(self, part: int | slice) -> Key | list[Key]:
        if isinstance(part, int):
            return self[part : part + 1][0]
        start, stop = part.start or 0, part.stop
        if self._is_searched or stop is None or stop > NEAR:
            return self._everybody[start:stop]
        streams = [
            _warmest(rows, kind, stop)
            for rows, kind in ((self._users, USER), (self._contacts, CONTACT))
            if rows is not None
        ]
        # Each stream is in order, so what comes before a place depends on nothing behind it: pages never overlap.
        merged = list(islice(heapq.merge(*streams, key=lambda row: row[0]), start, stop))
        if len(merged) < stop - start:  # there are not so many at accounts with a score
            return self._everybody[start:stop]
        return [key for _rank, key in merged]


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
    """Who uses the product too is in the list as that person, with what was said of either. None is left at one merged away."""
    return _narrow(Contact.objects.filter(account__isnull=False, user=None, removed_at=None), wanted)


def _narrow[T: models.Model](rows: models.QuerySet[T], wanted: BuyerFilter) -> models.QuerySet[T]:
    if wanted.role == BuyingRole.CHAMPION:  # by what somebody does, which alone is worth less than a title
        rows = rows.filter(buying_role=BuyingRole.CHAMPION)
    elif wanted.role:
        rows = rows.filter(buying_role=wanted.role, buying_confidence__gte=LIKELY)
    else:
        rows = rows.filter(buying_confidence__gte=LIKELY).exclude(buying_role__in=["", BuyingRole.END_USER])
    if wanted.q:
        at = Q(account__in=Account.objects.filter(name__icontains=wanted.q))
        if rows.model is Contact:
            return rows.filter(Q(words__contains=Lower(Value(wanted.q))) | at)
        rows = rows.filter(
            Q(name__icontains=wanted.q) | Q(email__icontains=wanted.q) | Q(title__icontains=wanted.q) | at
        )
    return rows


type _Row = tuple[tuple[int, float], Key]


def _warmest(rows: models.QuerySet[Any], kind: str, stop: int) -> Iterator[_Row]:
    """Those of accounts with a score, the highest first: as in `querysets.Warmest`, an index of scores gives the order."""
    scored = rows.filter(account__score__score__isnull=False)
    warmest = F("account__score__score").desc(nulls_last=True)
    found = scored.order_by(warmest, "-buying_confidence", "name", "pk")
    for score, sure, pk in found.values_list("account__score__score", "buying_confidence", "pk")[:stop]:
        yield (-score, -sure), (kind, pk)


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
