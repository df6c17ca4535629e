"""Scoring runs: features → score → tier, for all accounts or for those that changed.

A run computes the features as of the day and as of seven days before, so that "why now" is the difference of two scores
under the same definition. Only changed rows are written; every change of score, tier, buyer state or segment goes to the
history.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from accounts import changes, signals
from scoring import buyers, definitions, features, rules
from scoring.features import Matrix
from scoring.models import Definition, Score, ScoreChange, ScoringRun

log = logging.getLogger(__name__)

LOCK = 7_002
#: Changed accounts scored in one transaction.
CHANGED_AT_ONCE = 1_000
HAND_RAISE_DAYS = 30
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Scored:
    """n scored accounts, as arrays in the order of `account_id`, with the same a week before."""

    as_of: dt.date
    spec: rules.Spec
    features: Matrix
    now: rules.Evaluated
    week_ago_features: Matrix
    week_ago: rules.Evaluated
    segment: np.ndarray
    buyer_state: np.ndarray

    @property
    def account_id(self) -> np.ndarray:
        return self.features["account_id"]

    def contributions(self, row: int) -> list[dict[str, Any]]:
        """The breakdown of one account; effects add up to its score."""
        return [
            {
                "key": component.key,
                "label": component.label,
                "feature": component.feature,
                "value": _number(self.features[component.feature][row]),
                "parts": {
                    name: _number(self.features[name][row]) for name in features.PARTS.get(component.feature, ())
                },
                "points": round(float(self.now.points[row, place]), 2),
                "max_points": component.curve.max_points,
                "weight": component.weight,
                "effect": int(self.now.effect[row, place]),
            }
            for place, component in enumerate(self.spec.components)
        ]

    def contributions_week_ago(self, row: int) -> list[dict[str, Any]]:
        """The same of seven days before, only `key`, `value` and `effect`."""
        return [
            {
                "key": component.key,
                "value": _number(self.week_ago_features[component.feature][row]),
                "effect": int(self.week_ago.effect[row, place]),
            }
            for place, component in enumerate(self.spec.components)
        ]

    def tier(self, row: int) -> str:
        return rules.TIERS[self.now.tier[row]]

    def tier_reason(self, row: int) -> str:
        gate = self.now.gate[row]
        return self.spec.gates[gate].reason[:300] if gate >= 0 else ""

    def score(self, row: int) -> int | None:
        return int(self.now.score[row]) or None

    def week_ago_score(self, row: int) -> int | None:
        return int(self.week_ago.score[row]) or None


def compute(
    *,
    as_of: dt.date,
    definition: Definition,
    account_ids: Collection[int] | None = None,
    tiers_before: dict[int, str] | None = None,
) -> Scored:
    """Features and scores of the given accounts (all: none given); nothing is written."""
    spec = definitions.spec_of(definition)
    now = _sorted(features.matrix(as_of, account_ids))
    before = _sorted(features.matrix(as_of - WEEK, account_ids))
    if len(now["account_id"]) != len(before["account_id"]):
        # An account was made between the two queries of an unlocked reader: leave it to the next run.
        common = np.intersect1d(now["account_id"], before["account_id"])
        now, before = _only(now, common), _only(before, common)
    index = {name: place for place, name in enumerate(rules.TIERS)}
    tiers_before = tiers_before or {}
    tier_before = np.array([index.get(tiers_before.get(int(a), ""), -1) for a in now["account_id"]], dtype=np.int64)
    return Scored(
        as_of=as_of,
        spec=spec,
        features=now,
        now=rules.evaluate(spec, now, evidence=now["events_28"] > 0, tier_before=tier_before),
        week_ago_features=before,
        week_ago=rules.evaluate(spec, before, evidence=before["events_28"] > 0),
        segment=buyers.segments(now["employees"]),
        buyer_state=buyers.states(now),
    )


def score_changed(*, limit: int = CHANGED_AT_ONCE) -> int:
    """Scores the accounts that changed longest ago; returns how many. 0 when another scorer is at work."""
    if not changes.waiting(limit=1):
        return 0
    definition = definitions.published()
    run = ScoringRun.objects.create(definition=definition, kind="changed", as_of=timezone.now().date())
    try:
        with transaction.atomic():
            if not _locked(wait=False):
                run.delete()
                return 0
            pairs = changes.waiting(limit=limit)
            account_ids = [account for account, _ in pairs]
            scored, changed = _score(run, definition, account_ids)
            changes.done(pairs)
            changes.mark(account_ids, table=changes.SCORED)
            _finish(run, accounts=len(scored.account_id), changed=changed)
        return len(pairs)
    except Exception as error:
        _failed(run, error)
        raise


def score_all(*, run: ScoringRun | None = None) -> ScoringRun:
    """Scores every account; waits for a scorer that is at work."""
    definition = definitions.published()
    run = run or ScoringRun.objects.create(definition=definition, kind="full", as_of=timezone.now().date())
    try:
        with transaction.atomic():
            _locked(wait=True)
            pairs = changes.waiting(limit=10_000_000)
            scored, changed = _score(run, definition, None)
            changes.done(pairs)
            changes.mark([account for account, _ in pairs], table=changes.SCORED)
            _finish(run, accounts=len(scored.account_id), changed=changed)
    except Exception as error:
        _failed(run, error)
        raise
    return run


def backfill(*, weeks: int, progress: Callable[[range], Iterable[int]] = iter) -> int:
    """Writes the history of the past weeks, as the definition in force would have scored them; returns rows written.

    Only for accounts that have no history from before today: what was published then is never rewritten.
    """
    definition = definitions.published()
    spec = definitions.spec_of(definition)
    today = timezone.now().date()
    midnight = dt.datetime.combine(today, dt.time(), dt.UTC)
    have = set(ScoreChange.objects.filter(at__lt=midnight).values_list("account_id", flat=True))
    before: dict[int, tuple[int, int]] = {}
    written = 0
    for week in progress(range(weeks, 0, -1)):
        day = today - week * WEEK
        matrix = _sorted(features.matrix(day))
        account_ids = matrix["account_id"].tolist()
        tier_before = np.array([before.get(account, (0, -1))[1] for account in account_ids], dtype=np.int64)
        result = rules.evaluate(spec, matrix, evidence=matrix["events_28"] > 0, tier_before=tier_before)
        scored = Scored(
            as_of=day,
            spec=spec,
            features=matrix,
            now=result,
            week_ago_features=matrix,
            week_ago=result,
            segment=buyers.segments(matrix["employees"]),
            buyer_state=buyers.states(matrix),
        )
        at = dt.datetime.combine(day, dt.time(23, 59), dt.UTC)
        rows = []
        for place, account in enumerate(account_ids):
            state = (int(result.score[place]), int(result.tier[place]))
            if account in have or before.get(account, (0, rules.SELF_SERVE)) == state:
                continue
            before[account] = state
            rows.append(
                ScoreChange(
                    account_id=account,
                    at=at,
                    definition=definition,
                    score=scored.score(place),
                    tier=scored.tier(place),
                    tier_reason=scored.tier_reason(place),
                    segment=str(scored.segment[place]),
                    buyer_state=str(scored.buyer_state[place]),
                    contributions=scored.contributions(place),
                )
            )
        ScoreChange.objects.bulk_create(rows, batch_size=2_000)
        written += len(rows)
    return written


def forget_old_runs() -> None:
    """Runs over changed accounts are kept for a week; full runs stay."""
    ScoringRun.objects.filter(kind="changed", started_at__lt=timezone.now() - WEEK).delete()


def _score(run: ScoringRun, definition: Definition, account_ids: list[int] | None) -> tuple[Scored, int]:
    _forget_merged(account_ids)
    before = _rows_before(account_ids)
    since = _since(account_ids)
    scored = compute(
        as_of=run.as_of,
        definition=definition,
        account_ids=account_ids,
        tiers_before={account: tier for account, (tier, _at) in since.items()}
        | {account: row[1] for account, row in before.items()},
    )
    raised = hand_raises(account_ids, as_of=run.as_of)
    changed = _write(run, definition, scored, before, raised, since)
    _spikes(scored)
    return scored, changed


def _forget_merged(account_ids: list[int] | None) -> None:
    """Accounts that went into others have no score any more; their history stays."""
    rows = Score.objects.exclude(account__merged_into=None)
    (rows if account_ids is None else rows.filter(account__in=account_ids)).delete()


def _rows_before(account_ids: list[int] | None) -> dict[int, tuple[Any, ...]]:
    rows = Score.objects.all() if account_ids is None else Score.objects.filter(account__in=account_ids)
    return {
        row[0]: row[1:]
        for row in rows.values_list(
            "account_id", "score", "tier", "buyer_state", "segment", "digest", "tier_since"
        ).iterator(chunk_size=10_000)
    }


def _since(account_ids: list[int] | None) -> dict[int, tuple[str, dt.datetime]]:
    """The last tier in the history and since when, of accounts that have a history but no score row yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (c.account_id) c.account_id, c.tier, c.at
            FROM scoring_scorechange c
            WHERE NOT EXISTS (SELECT 1 FROM scoring_score s WHERE s.account_id = c.account_id)
            AND (%(ids)s::bigint[] IS NULL OR c.account_id = ANY(%(ids)s::bigint[]))
            AND NOT EXISTS (
                SELECT 1 FROM scoring_scorechange later
                WHERE later.account_id = c.account_id AND later.at > c.at AND later.tier <> c.tier
            )
            ORDER BY c.account_id, c.at
            """,
            {"ids": account_ids},
        )
        return {account: (tier, at) for account, tier, at in cursor.fetchall()}


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


def _write(
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
        values = encode({name: _number(scored.features[name][place]) for name in kept}).decode()
        week_ago_score = scored.week_ago_score(place)
        hand_raised_at = raised.get(account)
        digest = _digest(
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
        old = before.get(account)
        if old is not None and old[4] == digest:
            continue
        tier_before, since_before = (old[1], old[5]) if old is not None else since.get(account, ("", now))
        tier_since = since_before if tier_before == tier else now
        rows.append(
            (
                account,
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
                now,
                tier_since,
                digest,
            )
        )
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


def _spikes(scored: Scored) -> None:
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


def _locked(*, wait: bool) -> bool:
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _finish(run: ScoringRun, *, accounts: int, changed: int) -> None:
    run.finished_at = timezone.now()
    run.duration_ms = round((run.finished_at - run.started_at).total_seconds() * 1000)
    run.accounts, run.changed, run.state = accounts, changed, ScoringRun.State.DONE
    run.save(update_fields=["finished_at", "duration_ms", "accounts", "changed", "state"])


def _failed(run: ScoringRun, error: Exception) -> None:
    run.state, run.finished_at = ScoringRun.State.FAILED, timezone.now()
    run.error = f"{type(error).__name__}: {error}"[:2000]
    try:
        run.save(update_fields=["state", "finished_at", "error"])
    except Exception:
        log.exception("A failed scoring run could not be marked as failed")


def _sorted(matrix: Matrix) -> Matrix:
    order = np.argsort(matrix["account_id"], kind="stable")
    return {name: values[order] for name, values in matrix.items()}


def _only(matrix: Matrix, accounts: np.ndarray) -> Matrix:
    keep = np.isin(matrix["account_id"], accounts)
    return {name: values[keep] for name, values in matrix.items()}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _digest(*parts: object) -> int:
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)
