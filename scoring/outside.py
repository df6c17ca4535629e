"""Buyers who do not use the product: contacts of an account, whom a member has named. They count in its buyer state alone.

Features are about people who use the product, so a contact moves no score.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import numpy as np

from accounts import contacts


def confidence(ids: np.ndarray, as_of: dt.date, *, account_ids: Collection[int] | None = None) -> np.ndarray:
    """float64, one for each of `ids` (int64, ascending): how sure its best buyer among contacts is at the end of the day, 0: none.

    `account_ids`: the same accounts when they are few, so that only theirs are read.
    """
    end = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), dt.UTC)
    known = contacts.buyers(account_ids, until=end)
    found = np.zeros(len(ids))
    if known and len(ids):
        accounts = np.fromiter(known, dtype=np.int64)
        place = np.searchsorted(ids, accounts).clip(max=len(ids) - 1)
        here = ids[place] == accounts
        found[place[here]] = np.fromiter(known.values(), dtype=np.float64)[here]
    return found
