"""The queues: which accounts are in them.

Routing pulls scored accounts from the work table and makes, updates or closes their items. A claimed item never vanishes: when
its account no longer qualifies, the item gets a mark and stays with its owner.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import changes
from accounts.models import Account, SignalKind
from playbooks import routing
from playbooks.models import QueueItem, QueueItemEvent, RoutingRule
from playbooks.verbs import Outcome, claim, release
from scoring import why
from scoring.models import Score
from scoring.signals import HAND_RAISE_DAYS

__all__ = ["Outcome", "claim", "release", "route_accounts", "route_all", "route_scored", "table"]

LOCK = 7_003
#: Scored accounts routed in one transaction, and about how many people they have together.
ROUTED_AT_ONCE, PEOPLE_AT_ONCE = 1_000, 20_000
OPEN = (QueueItem.State.NEW, QueueItem.State.CLAIMED, QueueItem.State.SNOOZED)
Verb = QueueItemEvent.Verb

#: What a row shows and its type, refreshed with every routing. Never the state and the owner: those belong to the verbs below.
SHOWN = {
    "priority": "float",
    "score": "int",
    "delta": "int",
    "tier": "text",
    "segment": "text",
    "buyer_state": "text",
    "hand_raised_at": "timestamptz",
    "is_expansion": "bool",
    "why_now": "text",
    "first_step": "text",
    "mark": "text",
    "buyer_id": "bigint",
    "champion_id": "bigint",
    "last_signal": "text",
    "last_signal_at": "timestamptz",
    "last_signal_text": "text",
}


# Routing -------------------------------------------------------------------------------------------------------------


def table() -> dict[tuple[str, str, str], routing.Cell]:
    """The routing table in force: the default, with the cells an admin has changed."""
    return routing.DEFAULT_TABLE | {
        (rule.tier, rule.buyer_state, rule.segment): routing.Cell(rule.motion, rule.first_step, rule.also_marketing)
        for rule in RoutingRule.objects.all()
    }


def route_scored(*, limit: int = ROUTED_AT_ONCE, urgent: bool | None = None) -> int:
    """Routes the urgent accounts, or those scored longest ago; returns how many. 0 when another router is at work.

    With `urgent`, of this lane only.
    """
    if not changes.is_waiting(table=changes.SCORED, urgent=urgent):
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
        batch = changes.next_batch(limit=limit, people=PEOPLE_AT_ONCE, table=changes.SCORED, urgent=urgent)
        route_accounts(batch.account_ids)
        changes.done(batch.pairs, table=changes.SCORED)
    return len(batch.pairs)


def route_all() -> None:
    """Asks for every account to be routed again: after a change of the routing table."""
    changes.mark_all(table=changes.SCORED)


def route_accounts(account_ids: Collection[int]) -> None:
    """Makes, updates and closes the items of these accounts, in the caller's transaction."""
    now = timezone.now()
    routes = _routes(account_ids)
    # Locked, so that nobody claims or releases an item between reading and marking it.
    items: dict[int, dict[str, QueueItem]] = {}
    known = QueueItem.objects.select_for_update().filter(account__in=account_ids, state__in=OPEN).order_by("pk")
    for one in known:
        items.setdefault(one.account_id, {})[one.motion] = one
    # Most accounts are in no queue and get into none: nothing more is read of them.
    concerned = {account_id for account_id, route in routes.items() if route.motions} | items.keys()
    scores = {score.account_id: score for score in Score.objects.filter(account__in=concerned)}
    accounts = {account.pk: account for account in Account.objects.filter(pk__in=concerned)}
    faces = _faces(concerned)
    new: list[QueueItem] = []
    kept: list[QueueItem] = []
    left: list[QueueItem] = []
    events: list[tuple[QueueItem, str, str]] = []
    for account_id, account in accounts.items():
        score, route = scores.get(account_id), routes.get(account_id)
        mine: dict[str, QueueItem] = items.get(account_id, {})
        wanted: tuple[str, ...] = ()
        shown: dict[str, Any] = {}
        if score is not None and route is not None:
            wanted = route.motions
            shown = _shown(score, account, route, faces.get(account_id, {}), now)
        for motion in wanted:
            shown["priority"] = _priority(score, motion)
            item: QueueItem | None = mine.pop(motion, None)
            if item is None:
                item = QueueItem(account=account, motion=motion, entered_at=now, updated_at=now, **shown)
                new.append(item)
                events.append((item, Verb.ENTERED, shown["why_now"]))
                continue
            if shown["hand_raised_at"] and not item.hand_raised_at:
                events.append((item, Verb.HAND_RAISED, shown["last_signal_text"]))
            if item.mark:
                events.append((item, Verb.UNMARKED, ""))
            if _show(item, shown):
                kept.append(item)
        for motion, item in mine.items():
            reason = _why_left(score, wanted)[:200]
            if item.owner_id is not None:
                if not item.mark:
                    events.append((item, Verb.MARKED, reason))
                if _show(item, shown | {"mark": reason, "priority": _priority(score, motion)}):
                    kept.append(item)
            else:
                left.append(item)
                events.append((item, Verb.LEFT, reason))
    QueueItem.objects.bulk_create(new)
    QueueItem.objects.filter(pk__in=[item.pk for item in left]).update(
        state=QueueItem.State.LEFT, closed_at=now, updated_at=now
    )
    _write_shown(kept, now)
    QueueItemEvent.objects.bulk_create(
        QueueItemEvent(item=item, at=now, verb=verb, detail=detail[:400]) for item, verb, detail in events
    )


def _routes(account_ids: Collection[int]) -> dict[int, routing.Route]:
    """Where each of these accounts goes; without those that were merged or have no score."""
    cells = table()
    told = Score.objects.filter(account__in=account_ids, account__merged_into=None).values_list(
        "account_id", "tier", "buyer_state", "segment", "hand_raised_at"
    )
    return {
        account_id: routing.route(
            tier=tier, buyer_state=buyer_state, segment=segment, hand_raised=hand_raised_at is not None, table=cells
        )
        for account_id, tier, buyer_state, segment, hand_raised_at in told
    }


def _show(item: QueueItem, shown: Mapping[str, Any]) -> bool:
    """Sets what the item shows; whether anything of it changed. An item that shows the same is not written again."""
    before = [getattr(item, name) for name in SHOWN]
    for name, value in shown.items():
        setattr(item, name, value)
    return before != [getattr(item, name) for name in SHOWN]


def _write_shown(items: Sequence[QueueItem], now: dt.datetime) -> None:
    """In one statement over arrays: Django's `bulk_update` spends a millisecond on every item."""
    if not items:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE playbooks_queueitem AS old SET updated_at = %s, {", ".join(f"{name} = new.{name}" for name in SHOWN)}
            FROM unnest(%s::bigint[], {", ".join(f"%s::{kind}[]" for kind in SHOWN.values())}) AS new (id, {", ".join(SHOWN)})
            WHERE old.id = new.id
            """,
            [now, [item.pk for item in items], *([getattr(item, name) for item in items] for name in SHOWN)],
        )


def _why_left(score: Score | None, wanted: tuple[str, ...]) -> str:
    if score is None:
        return _("The account was merged or has no score any more")
    if wanted:
        return _("Now with %(motion)s") % {"motion": ", ".join(wanted)}
    if score.score is None:
        return _("No usage in the last 28 days")
    return score.tier_reason or _("The score is %(score)d now") % {"score": score.score}


def _priority(score: Score | None, motion: str) -> float:
    if score is None:
        return 0
    return routing.priority(
        motion=motion,
        score=score.score,
        delta=score.delta,
        buyer_state=score.buyer_state,
        hand_raised_at=score.hand_raised_at,
    )


def _shown(
    score: Score, account: Account, route: routing.Route, face: dict[str, Any], now: dt.datetime
) -> dict[str, Any]:
    # A raised hand is said for as long as it counts; anything else is news for a week.
    days = HAND_RAISE_DAYS if face.get("last_signal") == SignalKind.HAND_RAISE else 7
    signal_is_new = face.get("last_signal_at") is not None and face["last_signal_at"] > now - dt.timedelta(days=days)
    return {
        "score": score.score,
        "delta": score.delta,
        "tier": score.tier,
        "segment": score.segment,
        "buyer_state": score.buyer_state,
        "hand_raised_at": score.hand_raised_at,
        "is_expansion": routing.is_customer(account.plan),
        "why_now": why.why_now(
            score.contributions,
            score.week_ago,
            score=score.score,
            score_before=score.week_ago_score,
            signal=face.get("last_signal_text", "") if signal_is_new else "",
        )[:400],
        "first_step": route.first_step,
        "mark": "",
        "buyer_id": face.get("buyer_id"),
        "champion_id": face.get("champion_id"),
        "last_signal": face.get("last_signal", ""),
        "last_signal_at": face.get("last_signal_at"),
        "last_signal_text": face.get("last_signal_text", ""),
    }


def _faces(account_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Buyer, champion and last signal of each account, by one query each."""
    faces: dict[int, dict[str, Any]] = {account: {} for account in account_ids}
    ids = {"ids": list(account_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_BUYERS, ids)
        for account, user in cursor.fetchall():
            faces[account]["buyer_id"] = user
        cursor.execute(_CHAMPIONS, ids)
        for account, user in cursor.fetchall():
            faces[account]["champion_id"] = user
        cursor.execute(_SIGNALS, ids)
        for account, kind, at, detail, event, count in cursor.fetchall():
            faces[account] |= {
                "last_signal": kind,
                "last_signal_at": at,
                "last_signal_text": signal_in_words(kind, detail=detail, event=event, count=count)[:300],
            }
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
    SELECT DISTINCT ON (account) account, kind, at, detail, event, count FROM (
        SELECT coalesce(w.account_id, p.account_id, s.account_id) AS account,
               s.kind, s.at, s.detail, e.name AS event, s.count, s.id
        FROM accounts_signal s JOIN found USING (id)
        LEFT JOIN accounts_workspace w ON w.id = s.workspace_id
        LEFT JOIN accounts_productuser p ON p.id = s.user_id
        LEFT JOIN accounts_eventtype e ON e.id = s.event_type_id
    ) AS dated WHERE account = ANY(%(ids)s)
    ORDER BY account, (kind = 'hand_raise' AND at > now() - interval '30 days') DESC, at DESC, id DESC
"""
