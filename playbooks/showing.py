"""What an item shows of its account or workspace, refreshed with every routing."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from accounts.models import Account, SignalKind
from playbooks import routing
from playbooks.faces import Face
from playbooks.models import QueueItem
from playbooks.spaces import Standing
from scoring import why
from scoring.breakdown import PLACES
from scoring.models import Score
from scoring.signals import HAND_RAISE_DAYS

#: What a row shows and its type, refreshed with every routing. Never the state and the owner: those belong to the verbs below.
SHOWN = {
    "priority": "float",
    "score": "int",
    "delta": "int",
    "tier": "text",
    "segment": "text",
    "buyer_state": "text",
    "hand_raised_at": "timestamptz",
    "first_seen_on": "date",
    "is_expansion": "bool",
    "why_now": "text",
    "first_step": "text",
    "mark": "text",
    "buyer_id": "bigint",
    "buyer_contact_id": "bigint",
    "champion_id": "bigint",
    "last_signal": "text",
    "last_signal_at": "timestamptz",
    "last_signal_text": "text",
    "play_id": "bigint",
    "play_because": "text",
}


def show(item: QueueItem, shown: Mapping[str, Any]) -> bool:
    """Sets what the item shows; whether anything of it changed. An item that shows the same is not written again."""
    before = [getattr(item, name) for name in SHOWN]
    for name, value in shown.items():
        setattr(item, name, value)
    return before != [getattr(item, name) for name in SHOWN]


def write(items: Sequence[QueueItem], now: dt.datetime) -> None:
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


def priority(score: Score | Standing | None, motion: str) -> float:
    if score is None:
        return 0.0
    return routing.priority(
        motion=motion,
        score=score.score,
        delta=score.delta,
        buyer_state=score.buyer_state,
        hand_raised_at=score.hand_raised_at,
    )


def of(score: Score | Standing, account: Account, route: routing.Route, face: Face, now: dt.datetime) -> dict[str, Any]:
    # A raised hand is said for as long as it counts; anything else is news for a week.
    days = HAND_RAISE_DAYS if face.last == SignalKind.HAND_RAISE else 7
    signal_is_new = face.last_at is not None and face.last_at > now - dt.timedelta(days=days)
    return {
        "score": score.score,
        "delta": score.delta,
        "tier": score.tier,
        "segment": score.segment,
        "buyer_state": score.buyer_state,
        "hand_raised_at": score.hand_raised_at,
        "first_seen_on": _first_seen_on(score),
        "is_expansion": routing.is_customer(account.plan),
        "why_now": why.why_now(
            score.contributions,
            score.week_ago,
            score=score.score,
            score_before=score.week_ago_score,
            signal=face.last_text if signal_is_new else "",
        )[:400],
        "first_step": route.first_step,
        "mark": "",
        "buyer_id": face.buyer_id,
        "buyer_contact_id": face.buyer_contact_id,
        "champion_id": face.champion_id,
        "last_signal": face.last,
        "last_signal_at": face.last_at,
        "last_signal_text": face.last_text,
    }


def _first_seen_on(score: Score | Standing) -> dt.date | None:
    """The day on which the account's first person was seen; none when it is not known."""
    place = PLACES["days_since_first_use"]
    days = score.feature_values[place] if len(score.feature_values) > place else math.nan
    return None if math.isnan(days) else score.scored_at.date() - dt.timedelta(days=int(days))
