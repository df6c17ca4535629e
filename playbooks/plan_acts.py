"""Acts since a plan's line was made: invitations, things created and the like count once done, whatever leaves the window.

A feature such as "Invitations, 28 days" stands still when one comes and an older one goes; a line that asks for one more is done
all the same. Only what counts acts has them: active people, days and different features are states of a window.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from playbooks.models import Step

#: Feature → category of event types, `""` for all but noise, `"invite"` for the signal.
ACTS = {
    "invites_28": "invite",
    "admin_28": "admin",
    "creation_28": "creation",
    "advanced_28": "advanced",
    "collaboration_28": "collaboration",
    "core_28": "core",
    "events_28": "",
}


def counts(feature: str) -> bool:
    """Whether the feature counts acts."""
    return feature in ACTS


def since(lines: Sequence[tuple[int, int, int | None, str, dt.date]]) -> dict[int, float]:
    """Key → acts from a day on, that day included; of `(key, account id, workspace id or none, feature, day)`.

    One query, none for no lines.

    Of usage in this database: with a warehouse of the customer's there is none, and a line is done by its feature alone.
    """
    known = [line for line in lines if counts(line[3])]
    if not known:
        return {}
    keys, accounts, spaces, features, days = zip(*known, strict=True)
    kinds = [ACTS[feature] for feature in features]
    with connection.cursor() as cursor:
        cursor.execute(_ACTS, [list(keys), list(accounts), list(spaces), kinds, list(days)])
        return {key: float(acts or 0) for key, acts in cursor.fetchall()}


def made(line: Step) -> tuple[int, int, int | None, str, dt.date]:
    """What `since` asks for of a line that was saved, and read with its item."""
    return line.pk, line.account_id, line.item.workspace_id, line.feature, line.created_at.astimezone(dt.UTC).date()


_ACTS = """
    WITH lines AS (
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::date[])
            AS l(key, account, space, kind, day)
    ), people AS (
        SELECT DISTINCT l.key, p.id AS person FROM lines l
        JOIN accounts_productuser p ON p.account_id = l.account AND l.space IS NULL
        UNION
        SELECT l.key, m.user_id FROM lines l
        JOIN accounts_workspace w ON w.account_id = l.account AND coalesce(l.space, w.id) = w.id
        JOIN accounts_membership m ON m.workspace_id = w.id
    )
    SELECT l.key, sum(u.count) FILTER (
        WHERE coalesce(w.account_id, p.account_id) = l.account
        AND (l.space IS NULL OR u.workspace_id = l.space) AND e.category <> 'noise'
        AND CASE l.kind WHEN '' THEN true WHEN 'invite' THEN e.signal = 'invite' ELSE e.category = l.kind END
    )
    FROM lines l
    JOIN people ON people.key = l.key
    JOIN accounts_productuser p ON p.id = people.person
    JOIN accounts_usage u ON u.user_id = p.id AND u.day >= l.day
    JOIN accounts_eventtype e ON e.id = u.event_type_id
    LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
    GROUP BY l.key
"""
