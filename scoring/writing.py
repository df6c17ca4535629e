"""Writes a run: only the rows that changed, by COPY, and the history."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone

from accounts import changes
from scoring.models import Definition, Score, ScoringRun
from scoring.scored import Scored, number

COLUMNS = (
    "account_id",
    "score",
    "tier",
    "tier_reason",
    "segment",
    "buyer_state",
    "contributions",
    "week_ago_score",
    "week_ago",
    "features",
    "hand_raised_at",
    "definition_id",
    "scored_at",
    "tier_since",
    "digest",
)


def rows_before(account_ids: list[int] | None) -> dict[int, tuple[Any, ...]]:
    rows = Score.objects.all() if account_ids is None else Score.objects.filter(account__in=account_ids)
    return {
        row[0]: row[1:]
        for row in rows.values_list(
            "account_id", "score", "tier", "buyer_state", "segment", "digest", "tier_since"
        ).iterator(chunk_size=10_000)
    }


def forget_merged(account_ids: list[int] | None) -> None:
    """Accounts that went into others have no score any more; their history stays."""
    rows = Score.objects.exclude(account__merged_into=None)
    (rows if account_ids is None else rows.filter(account__in=account_ids)).delete()


def write(
    run: ScoringRun,
    definition: Definition,
    scored: Scored,
    before: dict[int, tuple[Any, ...]],
    raised: dict[int, dt.datetime],
    since: dict[int, tuple[str, dt.datetime]],
) -> int:
    """Writes the rows that changed, and the history; returns how many changed."""
    now = timezone.now()
    encode = msgspec.json.Encoder().encode
    kept = [name for name in scored.features if name != "account_id"]
    rows: list[tuple[Any, ...]] = []
    history: list[tuple[Any, ...]] = []
    for place, account in enumerate(scored.account_id.tolist()):
        score, tier, reason = scored.score(place), scored.tier(place), scored.tier_reason(place)
        segment, buyer_state = str(scored.segment[place]), str(scored.buyer_state[place])
        contributions = encode(scored.contributions(place)).decode()
        week_ago = encode(scored.contributions_week_ago(place)).decode()
        values = encode({name: number(scored.features[name][place]) for name in kept}).decode()
        week_ago_score = scored.week_ago_score(place)
        hand_raised_at = raised.get(account)
        said = (
            score,
            tier,
            reason,
            segment,
            buyer_state,
            contributions,
            week_ago_score,
            week_ago,
            values,
            hand_raised_at,
            definition.pk,
        )
        digest = _digest(*said)
        old = before.get(account)
        if old is not None and old[4] == digest:
            continue
        tier_before, since_before = (old[1], old[5]) if old is not None else since.get(account, ("", now))
        tier_since = since_before if tier_before == tier else now
        rows.append((account, *said, now, tier_since, digest))
        if old is None or old[:4] != (score, tier, buyer_state, segment):
            history.append(
                (account, now, run.pk, definition.pk, score, tier, reason, segment, buyer_state, contributions)
            )
    if rows:
        _upsert(rows, history)
        changes.mark([row[0] for row in rows], table=changes.SCORED)
    return len(rows)


def _upsert(rows: list[tuple[Any, ...]], history: list[tuple[Any, ...]]) -> None:
    names = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS scoring_new (LIKE scoring_score) ON COMMIT DELETE ROWS")
        cursor.execute("TRUNCATE scoring_new")
        with cursor.copy(f"COPY scoring_new ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            f"INSERT INTO scoring_score ({names}) SELECT {names} FROM scoring_new "
            f"ON CONFLICT (account_id) DO UPDATE SET {', '.join(f'{name} = EXCLUDED.{name}' for name in COLUMNS[1:])}"
        )
        with cursor.copy(
            "COPY scoring_scorechange (account_id, at, run_id, definition_id, score, tier, tier_reason, segment, "
            "buyer_state, contributions) FROM STDIN"
        ) as copy:
            for row in history:
                copy.write_row(row)


def _digest(*parts: object) -> int:
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)
