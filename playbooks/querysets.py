"""Query sets named after the screens that read them, with one query each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from django.db import connection, models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Account, AccountDomain, Contact, Workspace
from playbooks.one_pass import NEAR, ByIndex, OnePass, is_broad, sifted

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
            items = items.filter(named_in_queue(wanted.q))
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


def named_in_queue(words: str) -> Q:
    """Items whose account's name or domain, or workspace's name, has these words: looked up once, not for every item."""
    accounts = Account.objects.filter(Q(name__icontains=words) | Q(domain__contains=words.lower()))  # as they are kept
    return Q(account__in=accounts) | Q(workspace__in=Workspace.objects.filter(name__icontains=words))


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


class InTwo(Sequence[int]):
    """Ids of a list in two parts, one after the other; sliced as a query set. `whole`: how many they are together."""

    def __init__(
        self, first: models.QuerySet[Any, int], then: models.QuerySet[Any, int], *, whole: models.QuerySet[Any]
    ) -> None:
        self._first, self._then, self._whole = first, then, whole

    def __len__(self) -> int:
        return self._whole.count()

    @overload
    def __getitem__(self, part: int) -> int: ...
    @overload
    def __getitem__(self, part: slice) -> list[int]: ...
    def __getitem__(self, part: int | slice) -> int | list[int]:
        if isinstance(part, int):
            return self[part : part + 1][0]
        start, stop = part.start or 0, part.stop
        found = list(self._first[start:stop])
        if stop is None or len(found) < stop - start:
            first = start + len(found) if found or not start else self._first.count()
            found += self._then[max(0, start - first) : None if stop is None else max(0, stop - first)]
        return found


class Warmest(InTwo):
    """Ids of a list, the highest account score first and those without any last.

    Two queries in place of one: through the join that keeps accounts without a score, an index of scores gives no order, and
    fifty of 100,000 rows take 50 ms in place of 2. `score` is the way to the score, `then` the order among equal ones.
    `is_whole`: every account with a score is in the list.
    """

    def __init__[T: models.Model](
        self, rows: models.QuerySet[T], *, score: str, then: Sequence[str], is_whole: bool = False
    ) -> None:
        warmest = F(f"{score}__score").desc(nulls_last=True)
        scored = rows.filter(**{f"{score}__score__isnull": False}).order_by(warmest, *then)
        others = rows.filter(**{f"{score}__score__isnull": True}).order_by(*then)
        super().__init__(scored.values_list("pk", flat=True), others.values_list("pk", flat=True), whole=rows)
        self._score, self._is_whole = f"{score}__score", is_whole

    @overload
    def __getitem__(self, part: int) -> int: ...
    @overload
    def __getitem__(self, part: slice) -> list[int]: ...
    def __getitem__(self, part: int | slice) -> int | list[int]:
        if isinstance(part, int) or not part.start or part.start < NEAR or part.stop is None:
            return super().__getitem__(part)
        # Further down: what stands above is counted by its score, not sorted.
        start, stop, here, above = part.start, part.stop, None, 0
        for value, n in self._of_scores():
            if here is None and above + n > start:
                here, skipped = value, above
            above += n
        if here is None:
            return list(self._then[start - above : stop - above])
        found = list(self._first.filter(**{f"{self._score}__lte": here})[start - skipped : stop - skipped])
        return found + list(self._then[: stop - start - len(found)]) if len(found) < stop - start else found

    def _of_scores(self) -> Iterable[tuple[int, int]]:
        """How many have each score, the highest first."""
        if self._is_whole:  # by an index that has nothing else
            from scoring.models import Score

            scores = Score.objects.filter(score__isnull=False)
            return scores.order_by("-score").values_list("score").annotate(n=Count("*"))
        return self._first.order_by(F(self._score).desc()).values_list(self._score).annotate(Count("pk"))


class Counted(Sequence[int]):
    """Ids of a list of which is known how many there are."""

    def __init__(self, ids: Ids[Any] | ByIndex[int], n: int) -> None:
        self._read = ids if callable(ids) else _read_from(ids)
        self._n = n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, part: int) -> int: ...
    @overload
    def __getitem__(self, part: slice) -> Sequence[int]: ...
    def __getitem__(self, part: int | slice) -> int | Sequence[int]:
        if isinstance(part, int):
            return self[part : part + 1][0]
        return self._read(part.start or 0, self._n if part.stop is None else part.stop)


type Ids[T: models.Model] = models.QuerySet[T, int] | InTwo | OnePass[int] | Counted
#: Kept counts are shown from this on, where one more or less is not seen.
KEPT_FROM = 1_000
#: Sorts whose other way round is the whole list backwards, names too, as an index has it.
BACKWARDS = ("name", "source", "account")


def how_many(ids: Ids[Any]) -> int:
    return ids.count() if isinstance(ids, models.QuerySet) else len(ids)


def accounts_page(
    accounts: models.QuerySet[Account], wanted: AccountFilter, *, start: int = 0, size: int = 50
) -> Ids[Account]:
    """The ids of the list page's accounts: filtered and sorted. `start` and `size` as in `contacts_page`."""
    from scoring import buckets  # as above

    rows = accounts.filter(merged_into=None)
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
    column = {"score": "score__score", "name": "name", "employees": "employees", "tier_since": "score__tier_since"}
    by = column[wanted.sort_by]
    ids: Ids[Account]
    if wanted.sort == "-score" and not wanted.tier:
        ids = Warmest(rows, score="score", then=("name", "id"), is_whole=not wanted.is_filtered)
    elif wanted.tier == "none" and wanted.sort_by == "score":  # they have none
        ids = rows.order_by("name", "id").values_list("pk", flat=True)
    elif wanted.sort_by == "name":  # never null, so an index has either way round
        ids = rows.order_by(*("-name", "id") if wanted.is_descending else ("name", "id")).values_list("pk", flat=True)
    else:
        order_by = F(by).desc(nulls_last=True) if wanted.is_descending else F(by).asc(nulls_last=True)
        ids = rows.order_by(order_by, "name", "id").values_list("pk", flat=True)
    if not wanted.q:
        said = {"tier": wanted.tier, "segment": wanted.segment, "buyer": wanted.buyer, "bucket": wanted.bucket}
        n = buckets.how_many(**said) if any(said.values()) else 0
        return Counted(ids, n) if n > KEPT_FROM else ids
    domains = AccountDomain.objects.filter(domain__contains=wanted.q.lower())  # as they are kept
    named = Q(name__icontains=wanted.q)
    found = rows.filter(named | Q(pk__in=domains.values("account")))
    is_scored = by.startswith("score__")  # looked up only for what is sorted

    def fits(some: Sequence[int]) -> set[int]:
        theirs = named | Exists(domains.filter(account=OuterRef("pk")))
        return set(rows.filter(theirs, pk__in=some).values_list("pk", flat=True))

    return OnePass(
        [found.values_list("pk", "name") if is_scored else found.values_list("pk", "name", by)],
        join="LEFT JOIN scoring_score s ON s.account_id = c0" if is_scored else "",
        order=f"{by.replace('score__', 's.') if is_scored else 'c2'} {'DESC' if wanted.is_descending else 'ASC'} "
        f"NULLS LAST, c1, c0",
        columns=2 if is_scored else 3,
        start=start,
        size=size,
        by_index=sifted(_read_from(ids), fits) if wanted.sort in ("-score", "name", "-name") else None,
        is_broad=is_broad(wanted.q),
    )


def contacts_page(
    contacts: models.QuerySet[Contact], wanted: ContactFilter, *, start: int = 0, size: int = 50
) -> Ids[Contact]:
    """The ids of the contacts page: filtered and sorted. A lead without usage may be of no known account.

    `start` and `size`: the page that is wanted, which costs least where no index gives it.
    """
    from scoring import buckets  # as above

    rows = contacts.filter(removed_at=None)
    if wanted.source:
        rows = rows.filter(source=wanted.source)
    if wanted.role:
        rows = rows.filter(buying_role="" if wanted.role == "none" else wanted.role)
    if wanted.at:
        rows = rows.filter(account__isnull=wanted.at == "unknown")
    if wanted.file:
        rows = rows.filter(imported_by=wanted.file)
    column = {
        "name": "name",
        "account": "account__name",
        "role": "buying_confidence",
        "source": "source",
        "added": "created_at",
    }[wanted.sort_by]
    is_down, all_down = wanted.is_descending, wanted.is_descending and wanted.sort_by in BACKWARDS

    def in_order(rows: models.QuerySet[Contact], column: str) -> models.QuerySet[Contact, int]:
        names = dict.fromkeys((column, "name", "id"))
        order = [f"-{name}" if all_down or (is_down and name == column) else name for name in names]
        return rows.order_by(*order).values_list("pk", flat=True)

    ids: Ids[Contact]
    if wanted.sort_by == "account":
        known = rows.filter(account__isnull=False, account__merged_into=None)
        ids = InTwo(in_order(known, column), in_order(rows.filter(account=None), "name"), whole=rows)
    else:
        ids = in_order(rows, column)
    if not wanted.q and not wanted.bucket:
        return ids

    def in_bucket(some: Sequence[int]) -> set[int]:
        alike = rows.filter(pk__in=some).annotate(bucket=buckets.value_of_contact())
        return set(alike.filter(bucket=wanted.bucket).values_list("pk", flat=True))

    then, said = "DESC" if all_down else "ASC", Q(words__contains=Lower(Value(wanted.q)))
    found = rows.filter(said | Q(account__in=Account.objects.filter(name__icontains=wanted.q))) if wanted.q else rows
    of_bucket = [found.filter(part) for part in buckets.contacts_in(wanted.bucket)] if wanted.bucket else [found]

    def fits(some: Sequence[int]) -> set[int]:
        named = said | Q(account__name__icontains=wanted.q)
        return set(rows.filter(named, pk__in=some).values_list("pk", flat=True))

    whole: OnePass[int] = OnePass(
        [part.values_list("pk", F(column), F("name")) for part in of_bucket],
        order=f"c1 {'DESC' if is_down else 'ASC'} NULLS LAST, c2 {then}, c0 {then}",
        columns=3,
        start=start,
        size=size,
        by_index=None if wanted.bucket else sifted(_read_from(ids), fits),
        is_broad=is_broad(wanted.q),
    )
    n = buckets.of_contacts()[wanted.bucket] if wanted.params.keys() <= {"bucket", "sort"} else 0
    if n <= KEPT_FROM:
        return whole

    def read(start: int, stop: int) -> Sequence[int]:
        near = sifted(_read_from(ids), in_bucket)(start, stop) if stop <= NEAR else ()
        return near if len(near) == stop - start else whole[start:stop]

    return Counted(read, n)


def _read_from(ids: Ids[Any]) -> ByIndex[int]:
    return lambda start, stop: list(ids[start:stop])


def contact_sources(most: int = 500) -> list[str]:
    """Where contacts come from, by the alphabet. One look into an index for each, however many contacts there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE one AS (
                SELECT min(source) AS source FROM accounts_contact WHERE removed_at IS NULL AND source > ''
                UNION ALL
                SELECT (SELECT min(source) FROM accounts_contact WHERE removed_at IS NULL AND source > one.source) FROM one
                WHERE one.source IS NOT NULL
            ) SELECT source FROM one WHERE source IS NOT NULL LIMIT %s
            """,
            [most],
        )
        return [source for (source,) in cursor.fetchall()]
