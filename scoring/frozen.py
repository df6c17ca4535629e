"""What the engine saw of an account when one of its people raised a hand: kept with the raised hand for good.

The first run that scores the account after the loader knows whose hand it is writes it, seconds after the form was sent, and no
other run writes it again. So one can look later at what a raised hand was worth, whatever has become of the account.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from django.db import connection

from accounts.models import HandRaise
from scoring.breakdown import KEYS, number
from scoring.models import Definition, FrozenFeatures
from scoring.scored import Scored


def freeze(definition: Definition, scored: Scored, *, account_ids: Collection[int] | None = None) -> int:
    """Writes the rows of those raised hands that have none yet and whose account is among the scored; how many.

    `account_ids`: those that were asked for, none: all or a range. One query where there is nothing to do.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT h.id, coalesce(a.merged_into_id, a.id)
            FROM accounts_handraise h JOIN accounts_account a ON a.id = h.account_id
            WHERE NOT h.is_spam AND NOT EXISTS (SELECT FROM scoring_frozenfeatures f WHERE f.hand_raise_id = h.id)
            AND (%(ids)s::bigint[] IS NULL OR coalesce(a.merged_into_id, a.id) = ANY (%(ids)s::bigint[]))
            """,
            {"ids": None if account_ids is None else list(account_ids)},
        )
        waiting = cursor.fetchall()
    if not waiting or not len(scored.account_id):
        return 0
    accounts = np.array([account for _, account in waiting], dtype=np.int64)
    places = np.searchsorted(scored.account_id, accounts).clip(max=len(scored.account_id) - 1)
    rows = []
    for (raise_id, account_id), place in zip(waiting, places.tolist(), strict=True):
        if scored.account_id[place] != account_id:
            continue
        known = {key: number(scored.features[key][place]) for key in KEYS}
        rows.append(
            FrozenFeatures(
                hand_raise_id=raise_id,
                account_id=account_id,
                as_of=scored.as_of,
                features={key: value for key, value in known.items() if value is not None},
                score=scored.score(place),
                tier=scored.tier(place),
                definition=definition,
            )
        )
    FrozenFeatures.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def of_account(account_id: int, *, limit: int = 1) -> list[tuple[HandRaise, FrozenFeatures | None]]:
    """The newest raised hands of an account by form or API, with what was frozen. Two queries, one when there are none.

    Those of accounts that went into this one and of its people count too.
    """
    ids = ids_of_account(account_id)
    raised = list(
        HandRaise.objects.filter(pk__in=ids, is_spam=False)
        .select_related("form", "user")
        .order_by("-received_at", "-pk")[:limit]
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
