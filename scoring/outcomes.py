"""Outcomes: what came of an account. Raised hands are signals as well as outcomes, and count once.

Outcomes of an account that was merged belong to the account it went into.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import numpy as np
from django.db import connection

from scoring.models import Outcome

#: What a definition is judged by unless somebody says otherwise.
GOOD = (Outcome.Kind.HAND_RAISE.value, Outcome.Kind.WON.value)

_FIRST = """
WITH RECURSIVE kept (id, account_id) AS (
    SELECT id, id FROM accounts_account WHERE merged_into_id IS NULL
    UNION
    SELECT a.id, kept.account_id FROM accounts_account a JOIN kept ON a.merged_into_id = kept.id
),
found (account_id, at) AS (
    SELECT account_id, at FROM scoring_outcome WHERE kind = ANY(%(kinds)s)
    UNION ALL
    SELECT coalesce(w.account_id, p.account_id, s.account_id), s.at
    FROM accounts_signal s
    LEFT JOIN accounts_workspace w ON w.id = s.workspace_id
    LEFT JOIN accounts_productuser p ON p.id = s.user_id
    WHERE s.kind = 'hand_raise' AND 'hand_raise' = ANY(%(kinds)s)
)
SELECT kept.account_id, min(found.at) AT TIME ZONE 'UTC'
FROM found JOIN kept ON kept.id = found.account_id
WHERE %(since)s::timestamptz IS NULL OR found.at >= %(since)s
GROUP BY 1 ORDER BY 1
"""


def of_accounts(kinds: Collection[str], *, since: dt.datetime | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Each account's first outcome of these kinds (at `since` or later): ids int64, sorted, and times datetime64[us] in UTC.

    Raises ValueError for a kind that there is not.
    """
    if strange := set(kinds) - set(Outcome.Kind.values):
        raise ValueError(f"kinds: there is no kind {min(strange)!r}; kinds are {', '.join(Outcome.Kind.values)}")
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, {"kinds": list(kinds), "since": since})
        rows = cursor.fetchall()
    return (
        np.array([account for account, _ in rows], dtype=np.int64),
        np.array([at for _, at in rows], dtype="datetime64[us]"),
    )
