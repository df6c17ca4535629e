"""How much is known of the people who use the product, and what to ask them next. Counted at night and when somebody asks for it.

`ProfilingDay.counts` holds, of one day: `people` (active in 28 days, at an account) and of them those with each trait; and for each
question the accounts that its answer would settle: `warm` of them have a score in the upper two tiers.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import ProfilingDay

_PEOPLE = """
SELECT count(*) AS people,
    count(*) FILTER (WHERE p.title <> '' OR p.seniority <> '') AS profiled,
    count(*) FILTER (WHERE p.title <> '') AS title,
    count(*) FILTER (WHERE p.seniority NOT IN ('', 'other')) AS seniority,
    count(*) FILTER (WHERE p.department NOT IN ('', 'other')) AS department,
    count(*) FILTER (WHERE p.employees IS NOT NULL OR a.employees IS NOT NULL) AS employees,
    count(*) FILTER (WHERE p.use_case <> '') AS use_case
FROM accounts_productuser p JOIN accounts_account a ON a.id = p.account_id
WHERE p.last_seen_at > %(since)s AND p.erased_at IS NULL
"""
#: question → the accounts that an answer settles, as a condition on their score `s`.
_SETTLES = {
    "title": "s.buyer_state = 'unknown'",
    "employees": "s.segment = 'unknown'",
    "department": """s.buyer_state = 'none' AND EXISTS (
        SELECT FROM accounts_productuser p WHERE p.account_id = s.account_id AND p.seniority IN ('c_level', 'vp', 'director')
        AND p.department IN ('', 'other'))""",
    "use_case": """NOT EXISTS (
        SELECT FROM accounts_productuser p WHERE p.account_id = s.account_id AND p.use_case <> '')""",
}
QUESTIONS = tuple(_SETTLES)


@transaction.atomic
def keep(day: dt.date) -> ProfilingDay:
    """Counts, and keeps it as that of the day; about a second at a million people."""
    now = timezone.now()
    counts: dict[str, Any] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, {"since": now - dt.timedelta(days=28)})
        counts["people"] = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
        columns = []
        for name, condition in _SETTLES.items():
            columns += [f"count(*) FILTER (WHERE {condition}) AS {name}"]
            columns += [f"count(*) FILTER (WHERE s.tier IN ('pqa', 'activate') AND {condition}) AS {name}_warm"]
        cursor.execute(
            f"""
            SELECT count(*) AS n, count(*) FILTER (WHERE s.tier IN ('pqa', 'activate')) AS n_warm, {", ".join(columns)}
            FROM scoring_score s JOIN accounts_account a ON a.id = s.account_id
            WHERE s.score IS NOT NULL AND a.merged_into_id IS NULL
            """
        )
        counts["accounts"] = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
    found, _made = ProfilingDay.objects.update_or_create(day=day, defaults={"counts": counts, "at": now})
    return found


def newest() -> ProfilingDay | None:
    return ProfilingDay.objects.order_by("-day").first()


def course(*, days: int = 180) -> list[ProfilingDay]:
    """The days that were counted, the oldest first, at most so many."""
    return list(ProfilingDay.objects.order_by("-day")[:days])[::-1]
