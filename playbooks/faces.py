"""Who and what an account shows in a queue: its buyer, its champion, and its newest signals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import connection
from django.utils.translation import gettext as _

from accounts import contacts, hand_raise
from accounts.evidence import CHAMPION_INVITES
from accounts.models import SignalKind
from accounts.signals import OF_THE_COMPANY
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
    outside = contacts.buyer_ids(account_ids)
    for account, (contact, _sure) in outside.items():
        faces[account].buyer_contact_id = contact
    with connection.cursor() as cursor:
        cursor.execute(_BUYERS, ids)
        for account, user, sure in cursor.fetchall():
            # Of a buyer outside who is surer than anybody inside the row tells.
            if account not in outside or sure >= outside[account][1]:
                faces[account].buyer_id = user
        cursor.execute(_CHAMPIONS, ids)
        for account, user in cursor.fetchall():
            faces[account].champion_id = user
        cursor.execute(_SIGNALS, ids)
        for account, kind, at, detail, event, count in cursor.fetchall():
            words = signal_in_words(kind, detail=detail, event=event, count=count)[:300]
            faces[account].signals[kind] = (at, words)
            faces[account].last = kind  # they come the newest last
    for face in faces.values():
        _say_hands_first(face, now)
    return faces


def of_workspaces(workspaces: Mapping[int, int], faces: Mapping[int, Face], now: dt.datetime) -> dict[int, Face]:
    """The same of workspaces (id → account), by its members and what happened there. `faces`: of their accounts.

    Buyer and champion are the account's where no member is one. Raised hands and buyers who joined are news of the whole company.
    """
    found = {workspace: Face() for workspace in workspaces}
    ids = {"ids": list(workspaces)}
    with connection.cursor() as cursor:
        for query, name in ((_BUYERS_OF_SPACES, "buyer_id"), (_CHAMPIONS_OF_SPACES, "champion_id")):
            cursor.execute(query, ids)
            for workspace, user, *_sure in cursor.fetchall():
                setattr(found[workspace], name, user)
        cursor.execute(_SIGNALS_OF_SPACES, ids)
        for workspace, kind, at, detail, event, count in cursor.fetchall():
            words = signal_in_words(kind, detail=detail, event=event, count=count)[:300]
            found[workspace].signals[kind] = (at, words)
    for workspace, account in workspaces.items():
        mine, whole = found[workspace], faces.get(account, Face())
        mine.buyer_contact_id = whole.buyer_contact_id
        mine.buyer_id = mine.buyer_id or whole.buyer_id
        mine.champion_id = mine.champion_id or whole.champion_id
        for kind in OF_THE_COMPANY:
            at, words = whole.signals.get(kind, (None, ""))
            if at is not None and (kind not in mine.signals or mine.signals[kind][0] < at):
                mine.signals[kind.value] = (at, of_the_whole(words)[:300])
        mine.last = max(mine.signals, key=lambda kind: mine.signals[kind][0], default="")
        _say_hands_first(mine, now)
    return found


def of_the_whole(words: str) -> str:
    """Said where the item is a workspace."""
    return _("%(words)s (of the whole account)") % {"words": words}


def _say_hands_first(face: Face, now: dt.datetime) -> None:
    counts_since = now - dt.timedelta(days=HAND_RAISE_DAYS)
    if face.signals.get(SignalKind.HAND_RAISE, (counts_since,))[0] > counts_since:
        face.last = SignalKind.HAND_RAISE.value  # said for as long as it counts


def signal_in_words(kind: str, *, detail: str = "", event: str | None = None, count: int = 1) -> str:
    """`("pricing", count=3)` → `"Pricing viewed 3 times"`."""
    words = str(SignalKind(kind).label)
    if kind == SignalKind.HAND_RAISE:
        if detail:
            return f"{words}: “{detail}”"
        return f"{words} ({event})" if event and event != hand_raise.EVENT else words  # by a form it says no more
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
    SELECT DISTINCT ON (account) account, p.id, p.buying_confidence
    FROM people JOIN accounts_productuser p ON p.id = people.user_id
    WHERE p.buying_role = 'economic_buyer' AND p.buying_confidence >= 0.6
    ORDER BY account, p.buying_confidence DESC, p.last_seen_at DESC NULLS LAST, p.id
"""
#: Whom a member or the CRM calls one, else who invited most of those of whom no member said something else.
_CHAMPIONS = f"""
    WITH {_PEOPLE}, words AS (
        SELECT user_id, role FROM accounts_roleword WHERE source = 'human' AND withdrawn_at IS NULL AND user_id IS NOT NULL
    )
    SELECT DISTINCT ON (account) account, user_id FROM (
        SELECT people.account, u.user_id, sum(u.count) AS invitations, 0 AS is_said
        FROM people
        JOIN accounts_usage u ON u.user_id = people.user_id
        JOIN accounts_eventtype e ON e.id = u.event_type_id AND e.signal = 'invite'
        JOIN accounts_productuser p ON p.id = u.user_id
        LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
        WHERE u.day > current_date - 90 AND coalesce(w.account_id, p.account_id) = people.account AND p.erased_at IS NULL
        GROUP BY 1, 2
        UNION ALL
        SELECT people.account, p.id, {CHAMPION_INVITES}, 1 FROM people JOIN accounts_productuser p ON p.id = people.user_id
        WHERE p.buying_role = 'champion' AND p.buying_confidence >= 0.6
    ) AS inviters WHERE invitations >= {CHAMPION_INVITES} AND user_id NOT IN (SELECT user_id FROM words WHERE role <> 'champion')
    ORDER BY account, is_said DESC, invitations DESC, user_id
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
_MEMBERS = """
    people AS (
        SELECT workspace_id AS account, user_id FROM accounts_membership WHERE workspace_id = ANY(%(ids)s)
    )
"""
_BUYERS_OF_SPACES = _BUYERS.replace(_PEOPLE, _MEMBERS)
_CHAMPIONS_OF_SPACES = _CHAMPIONS.replace(_PEOPLE, _MEMBERS).replace(
    "coalesce(w.account_id, p.account_id) = people.account", "u.workspace_id = people.account"
)
_SIGNALS_OF_SPACES = f"""
    WITH {_MEMBERS}
    SELECT workspace, kind, at, detail, event, count FROM (
        SELECT DISTINCT ON (f.workspace, s.kind) f.workspace, s.kind, s.at, s.detail, e.name AS event, s.count, s.id
        FROM (
            SELECT id, workspace_id AS workspace FROM accounts_signal WHERE workspace_id = ANY(%(ids)s)
            UNION
            SELECT s.id, people.account FROM people
            JOIN accounts_signal s ON s.user_id = people.user_id AND s.workspace_id IS NULL
            JOIN accounts_productuser p ON p.id = people.user_id
            JOIN accounts_workspace w ON w.id = people.account AND w.account_id = p.account_id
        ) AS f JOIN accounts_signal s ON s.id = f.id
        LEFT JOIN accounts_eventtype e ON e.id = s.event_type_id
        ORDER BY f.workspace, s.kind, s.at DESC, s.id DESC
    ) AS newest ORDER BY at, id
"""
