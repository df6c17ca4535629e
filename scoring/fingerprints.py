"""What the features of a past day are made of, as short hashes, so that a kept matrix is known to be stale.

Two of them, because one is cheap and one is not.

`usage`: the versions of the days in its windows, the event types that were known by then, which of them were held as silent, and
the code that computes features. Some milliseconds, looked at whenever a matrix is asked for: late usage and a changed category of
an event are noticed at once.

`identity`: who belongs to which account since when, and what was known of people and companies by then. A pass over people and
memberships (a second a million), looked at when matrices are made, which is nightly and by `manage.py snapshots`: a corrected
identity is noticed the next night.

Not noticed: a workspace without members that moves, and usage that changes in the customer's own engine (`USAGE_URL`). There,
delete `PLSAPP_HOME/matrices` to have all made anew.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from functools import cache
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import connection

from accounts import columns
from scoring import buyers, expressions, features, holding, warehouse
from scoring.breakdown import KEYS
from scoring.expressions import DAYS, WINDOW

#: Nothing was used in the windows of the day.
NOTHING = "nothing"

#: (when it became known, 64 bits for what it says, where it is told): all that was known by a day, XORed, stands for it.
_FACTS = (
    (
        "first_seen_at",
        "hashint8extended(id, coalesce(account_id, 0)) # hashint8extended((extract(epoch FROM first_seen_at))::bigint, id)",
        "accounts_productuser WHERE first_seen_at IS NOT NULL",
    ),
    (
        "greatest(coalesce(profiled_at, first_seen_at), first_seen_at)",
        "hashtextextended(seniority || ',' || buying_role || ',' || buying_confidence || ',' || (title <> ''), id)",
        "accounts_productuser WHERE first_seen_at IS NOT NULL AND (title <> '' OR seniority <> '' OR buying_role <> '')",
    ),
    (
        "m.first_seen_at",
        "hashint8extended(m.user_id, m.workspace_id) # hashint8extended(m.workspace_id, coalesce(w.account_id, 0))",
        "accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id",
    ),
    (
        "coalesce(employees_at, created_at)",
        "hashint8extended(id, coalesce(employees, 0) + CASE WHEN merged_into_id IS NULL THEN 0 ELSE 1 << 30 END)",
        "accounts_account WHERE employees IS NOT NULL OR merged_into_id IS NOT NULL",
    ),
)


def usage(days: Collection[dt.date]) -> dict[dt.date, str]:
    """The cheap hash of each day; `NOTHING` where there is no usage in its windows."""
    if not days:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, version FROM accounts_usageday WHERE day > %s AND day <= %s ORDER BY day",
            [min(days) - dt.timedelta(days=DAYS + WINDOW), max(days)],
        )
        versions = cursor.fetchall()
        cursor.execute("SELECT first_seen_at::date, id, category, signal FROM accounts_eventtype ORDER BY id")
        types = cursor.fetchall()
    # Of a silent event, features are those of the day before (`scoring.holding`), whose windows count too.
    silences = holding.silences(min(days), max(days))
    found = {}
    elsewhere = repr((settings.USAGE_URL, settings.USAGE_TABLE, settings.USAGE_COLUMNS)) if warehouse.is_used() else ""
    for day in days:
        held = [(one.since, one.event_type_id) for one in silences if holding.is_held(one, day)]
        first = min([day, *(since for since, _ in held)]) - dt.timedelta(days=DAYS)
        within = [(at.isoformat(), v.hex) for at, v in versions if first < at <= day]
        if not within and not elsewhere:
            found[day] = NOTHING
            continue
        known = [facts for seen, *facts in types if seen is None or seen <= day]
        found[day] = _short(repr((_code(), elsewhere, within, known, held)))
    return found


def identity(days: Collection[dt.date]) -> dict[dt.date, str]:
    """The dear hash of each day: of what was known by its end, in one pass for all of them."""
    said: dict[dt.date, list[int]] = {day: [] for day in days}
    for known_at, fact, source in _FACTS:
        rows = columns.read(
            {"day": ("day", "int4"), "total": ("total", "int8")},
            f"""FROM (
                SELECT (({known_at}) AT TIME ZONE 'UTC')::date - date '1970-01-01' AS day, bit_xor({fact}) AS total
                FROM {source} GROUP BY 1
            ) AS facts""",
        )
        order = np.argsort(rows["day"], kind="stable")
        known, total = rows["day"][order], np.bitwise_xor.accumulate(rows["total"][order])
        for day in days:
            place = int(np.searchsorted(known, (day - dt.date(1970, 1, 1)).days, side="right"))
            said[day].append(int(total[place - 1]) if place else 0)
    return {day: _short(repr(values)) for day, values in said.items()}


@cache
def _code() -> str:
    """The catalogue and the modules that compute it, and the buyer states: another version of the app has other matrices."""
    sources = [Path(str(module.__file__)).read_bytes() for module in (expressions, features, holding, buyers)]
    return hashlib.sha256(repr(KEYS).encode() + b"".join(sources)).hexdigest()


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
