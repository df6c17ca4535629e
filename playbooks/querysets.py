"""Query sets named after the screens that read them, with one query each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from django.db import models
from django.db.models import Case, Count, F, Q, When
from django.utils import timezone

from accounts.models import Account, AccountDomain, Contact

if TYPE_CHECKING:
    from accounts.models import Member
    from playbooks.filters import AccountFilter, ContactFilter, QueueFilter
    from playbooks.models import QueueItem

#: Under work: what the tabs to work and mine show. A snoozed item is open too, and waits.
WORKING = ("new", "claimed")
OPEN = (*WORKING, "snoozed")
#: Closed by somebody, and for how long a queue shows it.
CLOSED_BY_PEOPLE, CLOSED_DAYS = ("done", "disqualified", "returned"), 30
#: From this confidence on a buying role is told as one.
LIKELY = 0.6


class QueueItemQuerySet(models.QuerySet["QueueItem"]):
    def open(self) -> QueueItemQuerySet:
        return self.filter(state__in=OPEN)

    def working(self) -> QueueItemQuerySet:
        """Open and not asleep."""
        return self.filter(state__in=WORKING)

    def for_rows(self) -> QueueItemQuerySet:
        """With everything a row shows: account, its bucket, workspace, owner, buyer, champion, and how many active are profiled."""
        from scoring import buckets
        from scoring.breakdown import feature_in_query  # models are imported by every command, its engines need not be

        return self.select_related("account", "workspace", "owner", "buyer", "buyer_contact", "champion").annotate(
            active_people=feature_in_query("account__score__feature_values", "active_users_28"),
            profiled_people=feature_in_query("account__score__feature_values", "profiled_active"),
            bucket=buckets.value("account__"),
        )

    def in_order(self) -> QueueItemQuerySet:
        """What to do first comes first."""
        return self.order_by("-priority", "entered_at", "id")

    def mine_in_order(self, now: dt.datetime) -> QueueItemQuerySet:
        """A member's own items: those with an overdue step first, the longest overdue on top."""
        overdue = Case(When(step_due_at__lte=now, then=F("step_due_at")))
        return self.order_by(overdue.asc(nulls_last=True), "-priority", "entered_at", "id")

    def for_queue_page(self, wanted: QueueFilter, member: Member) -> QueueItemQuerySet:
        """The items of one tab of one motion's queue, filtered, in order, to be counted and cut; `rows_of` reads the rows."""
        mine = Q(state="claimed", owner=member)
        if wanted.tab == "closed":
            items = self.closed_lately(wanted.motion)
        elif wanted.tab == "snoozed":
            items = self.filter(motion=wanted.motion, state="snoozed")
        else:
            items = self.working().filter(motion=wanted.motion)
        if wanted.tab == "mine":
            items = items.filter(mine)
        elif wanted.tab == "hand_raised":
            items = items.filter(hand_raised_at__isnull=False)
        elif wanted.tab == "snoozed":
            items = items if wanted.whose else items.filter(owner=member)
        elif wanted.tab == "closed":
            items = items if wanted.whose else items.filter(closed_by=member)
        elif wanted.owner != "mine":
            items = items.exclude(mine)
        if wanted.tab in ("snoozed", "closed"):
            pass  # whose they are is said by the tab
        elif wanted.owner == "mine":
            items = items.filter(mine)
        elif wanted.owner == "unclaimed":
            items = items.filter(state="new")
        if wanted.segment:
            items = items.filter(segment=wanted.segment)
        if wanted.tier:
            items = items.filter(tier=wanted.tier)
        if wanted.low is not None:
            items = items.filter(score__gte=wanted.low)
        if wanted.high is not None:
            items = items.filter(score__lte=wanted.high)
        if wanted.hand:
            items = items.filter(hand_raised_at__isnull=False)
        if wanted.bucket:
            items = items.filter(_in_bucket(wanted.bucket, "account__"))
        if wanted.of:
            items = items.filter(workspace__isnull=wanted.of == "account")
        if wanted.q:
            named = Q(account__name__icontains=wanted.q) | Q(account__domain__icontains=wanted.q)
            items = items.filter(named | Q(workspace__name__icontains=wanted.q))
        if wanted.tab == "snoozed":
            return items.order_by(F("snoozed_until").asc(nulls_last=True), "-priority", "id")
        if wanted.tab == "closed":
            return items.order_by("-closed_at", "id")
        if wanted.tab == "mine":
            return items.mine_in_order(timezone.now())
        return items.in_order()

    def closed_lately(self, motion: str) -> QueueItemQuerySet:
        """What people closed in the last month; what left by itself is not among it."""
        since = timezone.now() - dt.timedelta(days=CLOSED_DAYS)
        return self.filter(motion=motion, closed_at__gte=since, state__in=CLOSED_BY_PEOPLE)

    def these(self, ids: Sequence[int], motion: str) -> list[QueueItem]:
        """The given items in the given order, also those that have left: what a person looks at must not jump."""
        found = {item.pk: item for item in self.filter(motion=motion, pk__in=ids).for_rows()}
        return [found[id_] for id_ in ids if id_ in found]


def rows_of[T: models.Model](rows: models.QuerySet[T], ids: Iterable[int]) -> list[T]:
    """The rows of a page of ids, in its order.

    Lists sort and skip ids alone and then read fifty rows: with whole rows of 100,000 accounts it takes several times as long.
    """
    wanted = list(ids)
    found = rows.in_bulk(wanted)
    return [found[id_] for id_ in wanted if id_ in found]


def _in_bucket(bucket: str, path: str = "") -> Q:
    from scoring import buckets  # as above: its engines need not be imported by every command

    return buckets.condition(bucket, path)


class Warmest(Sequence[int]):
    """Ids of a list, the highest account score first and those without any last; sliced as a query set.

    Two queries in place of one: through the join that keeps accounts without a score, an index of scores gives no order, and
    fifty of 100,000 rows take 50 ms in place of 2. `score` is the way to the score, `then` the order among equal ones.
    """

    def __init__[T: models.Model](self, rows: models.QuerySet[T], *, score: str, then: Sequence[str]) -> None:
        warmest = F(f"{score}__score").desc(nulls_last=True)
        self._all: models.QuerySet[Any] = rows
        self._scored = rows.filter(**{f"{score}__isnull": False}).order_by(warmest, *then).values_list("pk", flat=True)
        self._others = rows.filter(**{f"{score}__isnull": True}).order_by(*then).values_list("pk", flat=True)

    def __len__(self) -> int:
        return self._all.count()

    @overload
    def __getitem__(self, part: int) -> int: ...
    @overload
    def __getitem__(self, part: slice) -> list[int]: ...
    def __getitem__(self, part: int | slice) -> int | list[int]:
        if isinstance(part, int):
            return self[part : part + 1][0]
        start, stop = part.start or 0, part.stop
        found = list(self._scored[start:stop])
        if stop is None or len(found) < stop - start:
            scored = self._scored.count()
            found += self._others[max(0, start - scored) : None if stop is None else max(0, stop - scored)]
        return found


type Ids[T: models.Model] = models.QuerySet[T, int] | Warmest


def how_many(ids: Ids[Any]) -> int:
    return len(ids) if isinstance(ids, Warmest) else ids.count()


def accounts_page(accounts: models.QuerySet[Account], wanted: AccountFilter) -> Ids[Account]:
    """The ids of the list page's accounts: filtered and sorted."""
    rows = accounts.filter(merged_into=None)
    if wanted.q:
        domains = AccountDomain.objects.filter(domain__icontains=wanted.q)
        rows = rows.filter(Q(name__icontains=wanted.q) | Q(pk__in=domains.values("account")))
    if wanted.tier == "none":
        rows = rows.filter(score__score__isnull=True)
    elif wanted.tier:
        rows = rows.filter(score__tier=wanted.tier, score__score__isnull=False)
    if wanted.segment:
        rows = rows.filter(score__segment=wanted.segment)
    if wanted.buyer:
        rows = rows.filter(score__buyer_state=wanted.buyer)
    if wanted.bucket:
        rows = rows.filter(_in_bucket(wanted.bucket))
    if wanted.sort == "-score" and not wanted.tier:
        return Warmest(rows, score="score", then=("name", "id"))
    column = {
        "score": F("score__score"),
        "name": F("name"),
        "employees": F("employees"),
        "tier_since": F("score__tier_since"),
    }[wanted.sort_by]
    order = column.desc(nulls_last=True) if wanted.is_descending else column.asc(nulls_last=True)
    return rows.order_by(order, "name", "id").values_list("pk", flat=True)


def contacts_page(contacts: models.QuerySet[Contact], wanted: ContactFilter) -> models.QuerySet[Contact, int]:
    """The ids of the contacts page: filtered and sorted. A lead without usage may be of no known account."""
    rows = contacts.filter(removed_at=None)
    if wanted.q:
        rows = rows.filter(
            Q(name__icontains=wanted.q)
            | Q(email__icontains=wanted.q)
            | Q(title__icontains=wanted.q)
            | Q(account__name__icontains=wanted.q)
        )
    if wanted.source:
        rows = rows.filter(source=wanted.source)
    if wanted.role:
        rows = rows.filter(buying_role="" if wanted.role == "none" else wanted.role)
    if wanted.at:
        rows = rows.filter(account__isnull=wanted.at == "unknown")
    if wanted.file:
        rows = rows.filter(imported_by=wanted.file)
    if wanted.bucket:
        of_none = Q(account=None, user=None) if wanted.bucket == "lead" else Q(pk__in=())
        rows = rows.filter(of_none | _in_bucket(wanted.bucket, "account__"))
    column = {
        "name": F("name"),
        "account": F("account__name"),
        "role": F("buying_confidence"),
        "source": F("source"),
        "added": F("created_at"),
    }[wanted.sort_by]
    order = column.desc(nulls_last=True) if wanted.is_descending else column.asc(nulls_last=True)
    return rows.order_by(order, "name", "id").values_list("pk", flat=True)


def contact_sources(most: int = 100) -> list[str]:
    """Where contacts come from, the most frequent first."""
    rows = Contact.objects.filter(removed_at=None).exclude(source="").order_by().values_list("source")
    return [source for source, _n in rows.annotate(n=Count("pk")).order_by("-n", "source")[:most]]
