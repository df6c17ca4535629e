"""The values of merge fields for one item, from evidence: its account, people, usage and signals. Empty when it is not known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from accounts import signals
from accounts.models import Category, Contact, Member, ProductUser, Signal, SignalKind
from playbooks import plans, spaces
from playbooks.models import QueueItem
from playbooks.plays import merging
from scoring import why
from scoring.signals import HAND_RAISE_DAYS

#: Of these categories are the features that are worth naming.
NAMED = (Category.CORE, Category.ADVANCED, Category.COLLABORATION, Category.CREATION)
TOP = 3
#: Merge field → feature; a whole number.
COUNTS = {
    "active_users_7": "active_users_7",
    "active_users_28": "active_users_28",
    "new_users_28": "new_users_28",
    "events_28": "events_28",
    "features_used": "breadth_28",
    "invites_28": "invites_28",
    "people": "people",
}
GROWTHS = {"weekly_growth": "weekly_growth", "growth": "growth"}


def of_item(
    item: QueueItem, member: Member, *, only: Collection[str] | None = None, today: dt.date | None = None
) -> dict[str, str]:
    """The fields of `merging.FIELDS`, or those of `only`: what is not asked for is not read. Four queries at most.

    The item was read with its account, buyer, contact and champion.
    """
    wanted = set(merging.FIELDS if only is None else only) & set(merging.FIELDS)
    account = item.account
    values = {
        "account": account.name,
        "account.domain": account.domain,
        "account.employees": "" if account.employees is None else f"{account.employees:,}",
        "account.plan": account.plan,
        "account.industry": account.industry,
        "why_now": item.why_now.rstrip("."),
        "signal": item.last_signal_text,
        "score": "" if item.score is None else str(item.score),
        **_person("member", member),
        **_person("buyer", item.buyer or item.buyer_contact),
        **_person("champion", item.champion),
    }
    if wanted & {*COUNTS, *GROWTHS, "weekly_active_days", "path"}:
        score = spaces.rated(item)
        if score is not None:
            values |= _counted(score.features)
            if "path" in wanted:
                values["path"] = plans.ways(item).words
    if wanted & {"top_feature", "top_features", "next_feature", "champion.invites"}:
        usage = _usage(item, today or timezone.now().date())
        values |= {
            "top_feature": readable(usage.top[0]) if usage.top else "",
            "top_features": ", ".join(map(readable, usage.top)),
            "next_feature": readable(usage.unused),
            "champion.invites": _number(usage.invitations),
        }
    if item.hand_raised_at is not None and wanted & {"raised.name", "raised.first_name", "raised.words"}:
        raised = raised_by(item.account_id)
        if raised is not None:
            values |= {
                "raised.words": raised.detail.strip().rstrip("."),
                **_person("raised", raised.user or raised.contact),
            }
    return {name: values.get(name, "") for name in wanted}


def readable(event: str) -> str:
    """An event's name for people: `"report_created"`, `"reportCreated"` and `"report.created"` are `"Report Created"`.

    What is written in words already stays as it is.
    """
    if " " in event.strip():
        return event.strip()
    words = _BETWEEN.sub(" ", _CAMEL.sub(" ", event)).split()
    return " ".join(word[:1].upper() + word[1:] for word in words)


_BETWEEN = re.compile(r"[^\w%+]+|_+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _person(role: str, who: ProductUser | Contact | Member | None) -> dict[str, str]:
    """An address or an id is no name."""
    if who is None:
        return {}
    title = "" if isinstance(who, Member) else who.title
    return {f"{role}.name": who.name, f"{role}.first_name": merging.first_name(who.name), f"{role}.title": title}


def _counted(features: dict[str, float | None]) -> dict[str, str]:
    """Nothing that did not happen is quoted: zero of something, or growth that was none, is missing."""
    said = {field: _number(features.get(feature)) for field, feature in COUNTS.items()}
    days = features.get("weekly_active_days")
    said["weekly_active_days"] = why.number(days) if days else ""
    for field, feature in GROWTHS.items():
        grown = features.get(feature)
        said[field] = f"{round(grown * 100)}\u00a0%" if grown is not None and grown >= 0.01 else ""
    return said


def _number(value: float | None) -> str:
    return f"{round(value):,}" if value else ""


@dataclass(frozen=True)
class _Usage:
    """Features by use in 28 days, the one that most others use and they do not, and the champion's invitations in 90 days."""

    top: list[str]
    unused: str
    invitations: int


def _usage(item: QueueItem, today: dt.date) -> _Usage:
    """Of the account, or in the workspace that the item is about."""
    said = {"account": item.account_id, "space": item.workspace_id, "champion": item.champion_id, "today": today}
    with connection.cursor() as cursor:
        cursor.execute(_USED, said | {"named": [category.value for category in NAMED]})
        rows = cursor.fetchall()
    features = [(name, events) for name, is_named, events, _invited in rows if is_named]
    return _Usage(
        top=[name for name, events in features if events][:TOP],
        unused=next((name for name, events in features if not events), ""),
        invitations=sum(int(invited or 0) for _name, _is_named, _events, invited in rows),
    )


_USED = """
    WITH people AS (
        SELECT id FROM accounts_productuser WHERE account_id = %(account)s AND %(space)s::bigint IS NULL
        UNION
        SELECT m.user_id FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id
        WHERE w.account_id = %(account)s AND coalesce(%(space)s::bigint, w.id) = w.id
    ), used AS (
        SELECT u.event_type_id, sum(u.count) FILTER (WHERE u.day > %(today)s::date - 28) AS events,
               sum(u.count) FILTER (WHERE u.user_id = %(champion)s::bigint) AS by_champion
        FROM accounts_usage u
        JOIN accounts_productuser p ON p.id = u.user_id
        LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
        WHERE u.user_id IN (SELECT id FROM people) AND u.day > %(today)s::date - 90 AND u.day <= %(today)s::date
        AND coalesce(w.account_id, p.account_id) = %(account)s
        AND coalesce(%(space)s::bigint, u.workspace_id) IS NOT DISTINCT FROM u.workspace_id
        GROUP BY 1
    )
    SELECT e.name, e.category = ANY(%(named)s) AND e.silent_since IS NULL, used.events,
           CASE WHEN e.signal = 'invite' THEN used.by_champion END
    FROM accounts_eventtype e LEFT JOIN used ON used.event_type_id = e.id
    WHERE e.category = ANY(%(named)s) OR e.signal = 'invite'
    ORDER BY used.events DESC NULLS LAST, e.volume DESC, e.name LIMIT 500
"""


def raised_by(account_id: int) -> Signal | None:
    """The newest raised hand that counts, one with words first."""
    since = timezone.now() - dt.timedelta(days=HAND_RAISE_DAYS)
    found = signals.of_account(account_id, limit=None).filter(kind=SignalKind.HAND_RAISE, at__gte=since)[:5]
    return next((one for one in found if one.detail), found[0] if found else None)
