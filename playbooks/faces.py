"""Who and what an account shows in a queue: its buyer, its champion, and its newest signals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import connection
from django.utils.translation import gettext as _

from accounts import contacts
from accounts.models import SignalKind
from scoring.signals import HAND_RAISE_DAYS


@dataclass
class Face:
    """`signals`: the newest of each kind, (when, in words); `last` is the kind that a row shows."""

    buyer_id: int | None = None
    buyer_contact_id: int | None = None
    champion_id: int | None = None
    signals: dict[str, tuple[dt.datetime, str]] = field(default_factory=dict)
    last: str = ""

    @property
    def last_at(self) -> dt.datetime | None:
        return self.signals[self.last][0] if self.last else None

    @property
    def last_text(self) -> str:
        return self.signals[self.last][1] if self.last else ""


def of_accounts(account_ids: Collection[int], now: dt.datetime) -> dict[int, Face]:
    """Buyer, champion and signals of each account, by one query each."""
    faces = {account: Face() for account in account_ids}
    ids = {"ids": list(account_ids)}
    for account, contact in contacts.buyer_ids(account_ids).items():
        faces[account].buyer_contact_id = contact
    with connection.cursor() as cursor:
        cursor.execute(_BUYERS, ids)
        for account, user in cursor.fetchall():
            faces[account].buyer_id = user
        cursor.execute(_CHAMPIONS, ids)
        for account, user in cursor.fetchall():
            faces[account].champion_id = user
        cursor.execute(_SIGNALS, ids)
        for account, kind, at, detail, event, count in cursor.fetchall():
            words = signal_in_words(kind, detail=detail, event=event, count=count)[:300]
            faces[account].signals[kind] = (at, words)
            faces[account].last = kind  # they come the newest last
    counts_since = now - dt.timedelta(days=HAND_RAISE_DAYS)
    for face in faces.values():
        if face.signals.get(SignalKind.HAND_RAISE, (counts_since,))[0] > counts_since:
            face.last = SignalKind.HAND_RAISE.value  # said for as long as it counts
    return faces


def signal_in_words(kind: str, *, detail: str = "", event: str | None = None, count: int = 1) -> str:
    """`("pricing", count=3)` → `"Pricing viewed 3 times"`."""
    words = str(SignalKind(kind).label)
    if kind == SignalKind.HAND_RAISE:
        return f"{words}: “{detail}”" if detail else f"{words} ({event})" if event else words
    if detail:
        words = f"{words}: {detail}"
    return _("%(words)s %(count)d times") % {"words": words, "count": count} if count > 1 else words


_PEOPLE = """
    people AS (
        SELECT account_id AS account, id AS user_id FROM accounts_productuser WHERE account_id = ANY(%(ids)s)
        UNION
        SELECT w.account_id, m.user_id FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id
        WHERE w.account_id = ANY(%(ids)s)
    )
"""
_BUYERS = f"""
    WITH {_PEOPLE}
    SELECT DISTINCT ON (account) account, p.id FROM people JOIN accounts_productuser p ON p.id = people.user_id
    WHERE p.buying_role = 'economic_buyer' AND p.buying_confidence >= 0.6
    ORDER BY account, p.buying_confidence DESC, p.last_seen_at DESC NULLS LAST, p.id
"""
_CHAMPIONS = f"""
    WITH {_PEOPLE}
    SELECT DISTINCT ON (account) account, user_id FROM (
        SELECT people.account, u.user_id, sum(u.count) AS invitations
        FROM people
        JOIN accounts_usage u ON u.user_id = people.user_id
        JOIN accounts_eventtype e ON e.id = u.event_type_id AND e.signal = 'invite'
        JOIN accounts_productuser p ON p.id = u.user_id
        LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
        WHERE u.day > current_date - 90 AND coalesce(w.account_id, p.account_id) = people.account
        GROUP BY 1, 2
    ) AS inviters WHERE invitations >= 2
    ORDER BY account, invitations DESC, user_id
"""
_SIGNALS = f"""
    WITH {_PEOPLE}, found AS (
        SELECT id FROM accounts_signal WHERE user_id IN (SELECT user_id FROM people)
        UNION
        SELECT s.id FROM accounts_signal s JOIN accounts_workspace w ON w.id = s.workspace_id
        WHERE w.account_id = ANY(%(ids)s)
        UNION
        SELECT id FROM accounts_signal WHERE account_id = ANY(%(ids)s)
    )
    SELECT account, kind, at, detail, event, count FROM (
        SELECT DISTINCT ON (account, kind) account, kind, at, detail, event, count, id FROM (
            SELECT coalesce(w.account_id, p.account_id, s.account_id) AS account,
                   s.kind, s.at, s.detail, e.name AS event, s.count, s.id
            FROM accounts_signal s JOIN found USING (id)
            LEFT JOIN accounts_workspace w ON w.id = s.workspace_id
            LEFT JOIN accounts_productuser p ON p.id = s.user_id
            LEFT JOIN accounts_eventtype e ON e.id = s.event_type_id
        ) AS dated WHERE account = ANY(%(ids)s)
        ORDER BY account, kind, at DESC, id DESC
    ) AS newest ORDER BY at, id
"""
