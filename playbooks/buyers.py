"""Everybody who may buy, of all accounts: people who use the product, and contacts outside of it.

Most buyers do not use the product, so one list holds both: the warmest accounts first, then the surest.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, overload

from django.core.cache import cache
from django.db import connection, models
from django.db.models import Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from accounts import evidence
from accounts.models import Account, BuyingRole, Contact, ProductUser
from playbooks.filters import BuyerFilter
from playbooks.one_pass import NEAR, OnePass, is_broad, sifted
from playbooks.querysets import LIKELY

USER, CONTACT = "user", "contact"

#: So many are sorted for a page of them.
FEW = 2_000
#: Where there are more, the first are soon found account by account.
DENSE = 20_000
#: Seconds that is kept how many there are of each score: where a page far down begins is as old as that.
KEPT = 60

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

    `start` and `size` say which page is wanted. What stands within the first `NEAR` is taken from the top by indexes; what stands
    further down, from among those of the same score; what is searched, by one look at everybody who fits.
    """

    def __init__(self, wanted: BuyerFilter, *, start: int = 0, size: int = 50) -> None:
        self._users = _users(wanted) if wanted.kind != CONTACT else None
        self._contacts = _contacts(wanted) if wanted.kind != USER else None
        self._q, self._is_searched = wanted.q, bool(wanted.q)
        self._counts: dict[str, int] | None = None
        self._kept_as = f"playbooks.buyers.groups.{wanted.kind}.{wanted.role}"
        self._parts = [
            rows.annotate(kind=Value(kind)).values_list("kind", "pk", "account", "buying_confidence", "name")
            for rows, kind in ((self._users, USER), (self._contacts, CONTACT))
            if rows is not None
        ]
        self._everybody: OnePass[Key] = OnePass(
            self._parts,
            join="LEFT JOIN scoring_score s ON s.account_id = c2",
            order="s.score DESC NULLS LAST, c3 DESC, c0 DESC, c4, c1",
            start=start,
            size=size,
            columns=5,
            width=2,
            by_index=sifted(Buyers(replace(wanted, q=""), start=start, size=size).from_the_top, self._fit)
            if wanted.q
            else None,
            is_broad=is_broad(wanted.q),
        )

    def __len__(self) -> int:
        if self._is_searched:
            return len(self._everybody)
        return sum(self._of_kinds().values())

    def _of_kinds(self) -> dict[str, int]:
        if self._counts is None:
            both = ((USER, self._users), (CONTACT, self._contacts))
            self._counts = {kind: rows.count() for kind, rows in both if rows is not None}
        return self._counts

    @overload
    def __getitem__(self, part: int) -> Key: ...
    @overload
    def __getitem__(self, part: slice) -> list[Key]: ...
    def __getitem__(self, part: int | slice) -> Key | list[Key]:
        if isinstance(part, int):
            return self[part : part + 1][0]
        start, stop = part.start or 0, part.stop
        if self._is_searched or stop is None or stop - start > NEAR:  # a file has everybody of this moment
            return self._everybody[start:stop]
        if stop <= NEAR and len(found := self.from_the_top(start, stop)) == stop - start:
            return found
        if len(self) <= FEW:
            return self._everybody[start:stop]
        return self._further_down(start, stop - start)

    def from_the_top(self, start: int, stop: int) -> list[Key]:
        """Those of accounts with a score: fewer than asked for where there are not so many."""
        streams = [
            _warmest(rows, kind, stop, is_dense=self._of_kinds()[kind] > DENSE)
            for rows, kind in ((self._users, USER), (self._contacts, CONTACT))
            if rows is not None
        ]
        # Each stream is in order, so what comes before a place depends on nothing behind it: pages never overlap.
        return [key for _rank, key in islice(heapq.merge(*streams, key=lambda row: row[0]), start, stop)]

    def _fit(self, keys: Sequence[Key]) -> set[Key]:
        """Those of them that are searched."""
        found: set[Key] = set()
        for model, kind in ((ProductUser, USER), (Contact, CONTACT)):
            ids = [pk for of_kind, pk in keys if of_kind == kind]
            # Of these few the accounts' names are looked at, not of all.
            rows = model._default_manager.filter(
                _says(model, self._q) | Q(account__name__icontains=self._q), pk__in=ids
            )
            found |= {(kind, pk) for pk in rows.values_list("pk", flat=True)}
        return found

    def _further_down(self, start: int, size: int) -> list[Key]:
        """Some from a place on. What stands above them is counted, not sorted."""
        found: list[Key] = []
        for score, sure, kind, n in self._groups():
            if start >= n:
                start -= n
                continue
            found += self._of_group(score, sure, kind, start, size - len(found))
            start = 0
            if len(found) >= size:
                break
        return found

    def _groups(self) -> list[tuple[int | None, float, str, int]]:
        """How many have each (score, confidence, kind), in the order of the list; kept for `KEPT` seconds."""
        known: list[tuple[int | None, float, str, int]] | None = cache.get(self._kept_as)
        if known is None:
            known = self._ask(
                "SELECT s.score, c3, c0, count(*) FROM found LEFT JOIN scoring_score s ON s.account_id = c2 "
                "GROUP BY 1, 2, 3 ORDER BY s.score DESC NULLS LAST, c3 DESC, c0 DESC",
                self._parts,
            )
            cache.set(self._kept_as, known, KEPT)
        return known

    def _of_group(self, score: int | None, sure: float, kind: str, start: int, size: int) -> list[Key]:
        rows = self._users if kind == USER else self._contacts
        assert rows is not None  # no group is of a kind that is not in the list
        alike = rows.filter(buying_confidence=sure).annotate(kind=Value(kind))
        # A score that there is leads by its index to the accounts; without one everybody is looked at.
        join, of = "JOIN scoring_score s ON s.account_id = c2 WHERE s.score = %s", [score]
        if score is None:
            join, of = "LEFT JOIN scoring_score s ON s.account_id = c2 WHERE s.score IS NULL", []
        part = alike.values_list("kind", "pk", "account", "buying_confidence", "name")
        sql = f"SELECT c0, c1 FROM found {join} ORDER BY c4, c1 LIMIT %s OFFSET %s"
        return self._ask(sql, [part], *of, size, start)

    @staticmethod
    def _ask(sql: str, parts: Sequence[models.QuerySet[Any, Any]], *params: Any) -> list[Any]:
        """The rows of SQL over `found`, which is the union of the parts."""
        compiled = [part.order_by().query.sql_with_params() for part in parts]
        union = " UNION ALL ".join(part for part, _values in compiled)
        values = [value for _part, of_part in compiled for value in of_part]
        with connection.cursor() as cursor:
            cursor.execute(f"WITH found (c0, c1, c2, c3, c4) AS ({union}) {sql}", [*values, *params])
            return cursor.fetchall()


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
        rows = rows.filter(_says(rows.model, wanted.q) | at)
    return rows


def _says(model: type[models.Model], q: str) -> Q:
    if model is Contact:
        return Q(words__contains=Lower(Value(q)))
    return Q(name__icontains=q) | Q(email__icontains=q) | Q(title__icontains=q)


type _Row = tuple[tuple[int, float], Key]


def _warmest(rows: models.QuerySet[Any], kind: str, stop: int, *, is_dense: bool) -> Iterator[_Row]:
    """Those of accounts with a score, the highest first: an index of scores gives the order, if they are dense.

    Left to plan a join, the database takes those who may buy for fewer than they are, and sorts them all.
    """
    columns = ("pk", "account", "buying_confidence", "name")
    here = rows.filter(account=RawSQL("s.account_id", [])) if is_dense else rows
    sql, params = here.order_by().values_list(*columns).query.sql_with_params()
    found = f"CROSS JOIN LATERAL ({sql} OFFSET 0) AS f (id, account_id, sure, name)"
    if not is_dense:
        found = f"JOIN ({sql}) AS f (id, account_id, sure, name) ON f.account_id = s.account_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.score, sure, id FROM scoring_score s {found} "
            "WHERE s.score IS NOT NULL ORDER BY s.score DESC NULLS LAST, sure DESC, name, id LIMIT %s",
            [*params, stop],
        )
        for score, sure, pk in cursor.fetchall():
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
