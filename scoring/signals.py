"""What signals mean for scores: raised hands count for 30 days, and a usage spike is a signal that scoring finds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import numpy as np
from django.db import connection
from django.utils import timezone

from accounts import signals
from scoring.scored import WEEK, Scored

HAND_RAISE_DAYS = 30


def hand_raises(account_ids: Collection[int] | None, *, as_of: dt.date) -> dict[int, dt.datetime]:
    """The newest hand raise of each account within the 30 days up to `as_of`."""
    until = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), dt.UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(w.account_id, p.account_id, s.account_id) AS account, max(s.at)
            FROM accounts_signal s
            LEFT JOIN accounts_workspace w ON w.id = s.workspace_id
            LEFT JOIN accounts_productuser p ON p.id = s.user_id
            WHERE s.kind = 'hand_raise' AND s.at >= %(since)s AND s.at < %(until)s
            AND (%(ids)s::bigint[] IS NULL
                 OR coalesce(w.account_id, p.account_id, s.account_id) = ANY(%(ids)s::bigint[]))
            GROUP BY 1
            """,
            {
                "since": until - dt.timedelta(days=HAND_RAISE_DAYS),
                "until": until,
                "ids": None if account_ids is None else list(account_ids),
            },
        )
        return {account: at for account, at in cursor.fetchall() if account is not None}


def record_spikes(scored: Scored) -> None:
    """A usage spike: this week at least twice the week before, with three more people. Told once in seven days."""
    f = scored.features
    spiking = (
        (f["events_7"] >= 2 * np.maximum(f["events_prev_7"], 10))
        & (f["active_users_7"] >= f["active_users_prev_7"] + 3)
        & (f["events_prev_7"] > 0)
    )
    accounts = {int(scored.account_id[place]): place for place in np.flatnonzero(spiking)}
    if not accounts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id FROM accounts_signal WHERE kind = 'usage_spike' AND at > %s AND account_id = ANY(%s)",
            [timezone.now() - WEEK, list(accounts)],
        )
        told = {account for (account,) in cursor.fetchall()}
    signals.record(
        signals.NewSignal(
            kind="usage_spike",
            at=timezone.now(),
            account_id=account,
            detail=f"{f['events_prev_7'][place]:.0f} → {f['events_7'][place]:.0f} events a week, "
            f"{f['active_users_prev_7'][place]:.0f} → {f['active_users_7'][place]:.0f} people",
        )
        for account, place in accounts.items()
        if account not in told
    )
