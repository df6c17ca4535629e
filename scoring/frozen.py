"""What the engine saw of an account when one of its people raised a hand: kept with the raised hand for good.

The first run that scores the account after the loader knows whose hand it is writes it, seconds after the form was sent, and no
other run writes it again. It is the account at the moment of the raised hand, however late the run is: by the day of then, without
what was counted since (`scoring.moments`), and by the definition that was in force. So one can look later at what a raised hand
was worth, whatever has become of the account.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from accounts import changes
from accounts.models import HandRaise, UsageAfterRaise
from accounts.raising.since import FROZEN_WITHIN
from scoring import moments
from scoring.breakdown import KEYS, number
from scoring.models import Definition, FrozenFeatures
from scoring.scored import compute

#: Times to compute in one run, each some hundredths of a second: one for each day and definition, and for the hands of one account
#: one after the other. What is left waits for the next run.
MOST_ROUNDS = 40
#: The same of a run for a few accounts, for which somebody waits.
FEW_ROUNDS = 10

type Waiting = tuple[int, int, dt.datetime]


def freeze(
    scored: np.ndarray,
    *,
    definition: Definition,
    tiers_before: Callable[[np.ndarray], np.ndarray] | None = None,
    account_ids: Collection[int] | None = None,
) -> int:
    """Writes the rows of those raised hands that have none yet and whose account is among the scored; how many.

    `scored`: ids, ascending. `account_ids`: those that were asked for, none: all or a range. One query where nothing waits.
    """
    waiting = [one for one in _waiting(account_ids) if _has(scored, one[1])]
    if not waiting:
        return 0
    rounds = _rounds(waiting, definition)
    most = MOST_ROUNDS if account_ids is None else FEW_ROUNDS
    rows: list[FrozenFeatures] = []
    for by, round_ in rounds[:most]:
        rows += _frozen(by, round_, tiers_before)
    FrozenFeatures.objects.bulk_create(rows, ignore_conflicts=True)
    done = [raise_id for _by, round_ in rounds[:most] for raise_id, _account, _at in round_]
    HandRaise.objects.filter(pk__in=done).update(frozen_at=timezone.now())
    UsageAfterRaise.objects.filter(hand_raise__in=done).delete()
    left = {account for _by, round_ in rounds[most:] for _raise, account, _at in round_}
    if left:
        changes.mark(left)
    return len(rows)


def _waiting(account_ids: Collection[int] | None) -> list[Waiting]:
    """(raised hand, account, time), the newest first. By index."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT h.id, coalesce(a.merged_into_id, a.id), h.raised_at
            FROM accounts_handraise h JOIN accounts_account a ON a.id = h.account_id
            WHERE h.frozen_at IS NULL AND NOT h.is_spam AND h.raised_at > %(since)s
            AND (%(ids)s::bigint[] IS NULL OR coalesce(a.merged_into_id, a.id) = ANY (%(ids)s::bigint[]))
            ORDER BY h.raised_at DESC, h.id DESC
            """,
            {
                "since": timezone.now() - FROZEN_WITHIN,
                "ids": None if account_ids is None else list(account_ids),
            },
        )
        return cursor.fetchall()


def _has(scored: np.ndarray, account_id: int) -> bool:
    place = int(np.searchsorted(scored, account_id))
    return place < len(scored) and int(scored[place]) == account_id


def _rounds(waiting: list[Waiting], now: Definition) -> list[tuple[Definition, list[Waiting]]]:
    """What can be computed together: of one day, by one definition, each account once."""
    published = list(Definition.objects.exclude(published_at=None).order_by("-published_at"))
    rounds: dict[tuple[dt.date, int, int], list[Waiting]] = defaultdict(list)
    seen: dict[tuple[dt.date, int], int] = defaultdict(int)
    of: dict[int, Definition] = {}
    for one in waiting:
        _raise, account, at = one
        by = next((found for found in published if found.published_at and found.published_at <= at), now)
        of[by.pk] = by
        day = at.astimezone(dt.UTC).date()
        rounds[day, by.pk, seen[day, account]].append(one)
        seen[day, account] += 1
    return [(of[by], round_) for (_day, by, _place), round_ in rounds.items()]


def _frozen(
    by: Definition, round_: list[Waiting], tiers_before: Callable[[np.ndarray], np.ndarray] | None
) -> list[FrozenFeatures]:
    as_of = round_[0][2].astimezone(dt.UTC).date()
    at = {account: moment for _raise, account, moment in round_}
    after = UsageAfterRaise.objects.filter(hand_raise__in=[raise_id for raise_id, *_ in round_])
    later = list(after.values_list("user_id", "workspace_id", "event_type_id", "count"))
    then = compute(
        as_of=as_of,
        definition=by,
        account_ids=list(at),
        tiers_before=tiers_before,
        pair=moments.pair(as_of, at, later),
    )
    places = {int(account): place for place, account in enumerate(then.account_id)}
    rows = []
    for raise_id, account, _moment in round_:
        if (place := places.get(account)) is None:
            continue
        known = {key: number(then.features[key][place]) for key in KEYS}
        rows.append(
            FrozenFeatures(
                hand_raise_id=raise_id,
                account_id=account,
                as_of=as_of,
                features={key: value for key, value in known.items() if value is not None},
                score=then.score(place),
                tier=then.tier(place),
                definition=by,
            )
        )
    return rows


def of_account(account_id: int, *, limit: int = 1) -> list[tuple[HandRaise, FrozenFeatures | None]]:
    """The newest raised hands of an account, with what was frozen. Two queries, one when there are none.

    Those of accounts that went into this one and of its people count too.
    """
    ids = ids_of_account(account_id)
    raised = list(
        HandRaise.objects.filter(pk__in=ids, is_spam=False)
        .select_related("form", "user")
        .order_by("-raised_at", "-pk")[:limit]
    )
    return with_frozen(raised)


def with_frozen(raised: list[HandRaise]) -> list[tuple[HandRaise, FrozenFeatures | None]]:
    """Each with what was frozen, none where no run has seen it yet. One query."""
    if not raised:
        return []
    frozen = FrozenFeatures.objects.select_related("definition").in_bulk([row.pk for row in raised])
    return [(row, frozen.get(row.pk)) for row in raised]


def ids_of_account(account_id: int) -> Any:
    """A query of their ids. Three ways by index: one condition with OR reads all rows."""
    found = HandRaise.objects.order_by()
    return (
        found.filter(account=account_id)
        .values("pk")
        .union(
            found.filter(user__account=account_id).values("pk"),
            found.filter(account__merged_into=account_id).values("pk"),
        )
    )
