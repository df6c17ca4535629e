"""Outcomes: what came of an account. Raised hands are signals as well as outcomes, and count once.

Outcomes of an account that was merged belong to the account it went into.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Max
from django.utils import timezone

from accounts import audit, moments
from accounts.models import Account, Member, Signal
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


def stamp() -> tuple[object, ...]:
    """Something that is the same while neither a day nor an outcome comes: what was worked out then may be shown again."""
    latest = Outcome.objects.aggregate(last=Max("pk"), n=Count("pk"))
    hands = Signal.objects.filter(kind="hand_raise").aggregate(last=Max("pk"))["last"]
    return timezone.now().date(), latest["last"], latest["n"], hands, connection.settings_dict["NAME"]


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


class BadOutcome(ValueError):
    """An outcome that cannot be kept. `field` names what is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True)
class NewOutcome:
    """An outcome to keep; the account may be a merged one."""

    account_id: int
    kind: str
    at: dt.datetime
    source: str = ""
    note: str = ""


def check(outcome: NewOutcome) -> None:
    """Raises `BadOutcome` for what no database row can hold, and for times that cannot be."""
    if outcome.kind not in Outcome.Kind.values:
        raise BadOutcome("kind", f"{outcome.kind[:40]!r} is none of {', '.join(Outcome.Kind.values)}")
    if outcome.at.year < moments.FIRST_YEAR:
        raise BadOutcome("at", f"lies before the year {moments.FIRST_YEAR}")
    if outcome.at > timezone.now() + moments.AHEAD:
        raise BadOutcome("at", "lies in the future")
    for name, said, longest in (("source", outcome.source, 60), ("note", outcome.note, 300)):
        if len(said) > longest:
            raise BadOutcome(name, f"is longer than {longest} characters")
        if "\x00" in said:
            raise BadOutcome(name, "has a NUL in it")


@transaction.atomic
def record(
    *, account_id: int, kind: str, at: dt.datetime, source: str = "", note: str = "", by: Member | None = None
) -> tuple[Outcome, bool]:
    """Keeps an outcome, and says whether it is new. The same account, kind, time and source is the same outcome.

    An account that was merged stands for the one it went into. What a member tells (`by`) is in the audit log. Raises `BadOutcome`,
    `Account.DoesNotExist`.
    """
    check(NewOutcome(account_id, kind, at, source, note))
    account = Account.objects.get(pk=account_id)
    while account.merged_into is not None:
        account = account.merged_into
    kept, is_new = Outcome.objects.get_or_create(
        account=account, kind=kind, at=at, source=source, defaults={"note": note}
    )
    if is_new and by is not None:
        told = {"kind": kind, "at": at, "source": source}
        audit.record(
            "outcome.add", by=by, subject="account", subject_id=account.pk, label=account.name_to_log, after=told
        )
    return kept, is_new


def record_many(outcomes: Sequence[NewOutcome]) -> int:
    """Keeps checked outcomes of accounts that are there; returns how many are new. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO scoring_outcome (account_id, kind, at, source, note, created_at)
            SELECT account_id, kind, at, source, note, now()
            FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::text[])
                AS new (account_id, kind, at, source, note)
            ON CONFLICT (account_id, kind, at, source) DO NOTHING
            """,
            [
                [one.account_id for one in outcomes],
                [one.kind for one in outcomes],
                [one.at for one in outcomes],
                [one.source for one in outcomes],
                [one.note for one in outcomes],
            ],
        )
        return cursor.rowcount


def withdraw(*, sources: Collection[str]) -> int:
    """Forgets what these sources have said: it was undone. Returns how many outcomes that were."""
    return Outcome.objects.filter(source__in=sources).delete()[0]
