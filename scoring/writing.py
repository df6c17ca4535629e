"""Writes a run: only the rows that changed, by COPY, and the history."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from scoring import copying, digests, rules
from scoring.before import BUYER_STATES, SEGMENTS, Before
from scoring.breakdown import KEYS
from scoring.copying import Column, Nullable, Texts
from scoring.models import Definition, ScoringRun
from scoring.scored import Scored

#: All account ids.
EVERYONE = (0, 2**63 - 1)


def forget_merged(*, between: tuple[int, int] = EVERYONE) -> None:
    """Accounts that went into others have no score any more; their history stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM scoring_score USING accounts_account a WHERE a.id = account_id AND a.merged_into_id IS NOT NULL "
            "AND account_id >= %s AND account_id < %s",
            between,
        )


def write(
    run: ScoringRun, definition: Definition, scored: Scored, before: Before, raised: Mapping[int, dt.datetime]
) -> np.ndarray:
    """Writes the rows that changed, and the history; answers the ids of those accounts (int64)."""
    now = np.datetime64(timezone.now().replace(tzinfo=None), "us")
    columns: dict[str, Any] = columns_of(scored, definition, raised)
    about = json.dumps([definition.pk, definition.spec, KEYS], sort_keys=True).encode()
    digest = digests.rows(parts(columns), about=about)
    old = before.of(scored.account_id)
    changed = np.flatnonzero(~(old.has_row & (old.digest == digest)))
    if not len(changed):
        return scored.account_id[changed]
    columns |= {
        "scored_at": np.full(len(digest), now),
        "tier_since": np.where(old.tier == scored.now.tier, old.tier_since, now),
        "digest": digest,
    }
    write_rows("scoring_score", "account_id", columns, changed, old.has_row)
    same = old.has_row.copy()
    for name in ("score", "tier", "segment", "buyer_state"):
        column = columns[name]
        same &= getattr(old, name) == (column.codes if isinstance(column, Texts) else column.values)
    write_history(columns, changed[~same[changed]], at=now, run=run)
    return scored.account_id[changed]


def write_rows(table: str, key: str, columns: Mapping[str, Column], changed: np.ndarray, has_row: np.ndarray) -> None:
    """Updates the rows that are there, inserts the others. `key`: the primary key's column.

    Told apart here, because ON CONFLICT would make every insert a third dearer; nobody else writes these tables.
    """
    copying.copy(table, columns, changed[~has_row[changed]])
    there = changed[has_row[changed]]
    if not len(there):
        return
    new = f"new_{table}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {new} (LIKE {table}) ON COMMIT DELETE ROWS")
        cursor.execute(f"TRUNCATE {new}")
        copying.copy(new, columns, there)
        names = [name for name in columns if name != key]
        cursor.execute(
            f"UPDATE {table} AS s SET {', '.join(f'{name} = n.{name}' for name in names)} "
            f"FROM {new} AS n WHERE n.{key} = s.{key}"
        )


def write_history(columns: Mapping[str, Any], rows: np.ndarray, *, at: np.datetime64, run: ScoringRun | None) -> None:
    """One row of the history for each of these rows of `columns_of`."""
    n = len(columns["account_id"])
    told = ("account_id", "definition_id", "score", "tier", "tier_reason", "segment", "buyer_state")
    copied = {name: columns[name] for name in (*told, "feature_values", "effects")}
    copied["at"] = np.full(n, at)
    copied["run_id"] = Nullable(np.full(n, run.pk if run else 0), np.full(n, run is not None))
    copying.copy("scoring_scorechange", copied, rows)


def columns_of(scored: Scored, definition: Definition, raised: Mapping[int, dt.datetime]) -> dict[str, Column]:
    """What a row of scores says, without when it was written."""
    n = len(scored.account_id)
    hands = np.full(n, np.datetime64("NaT", "us"))
    if raised:
        ids = np.fromiter(raised, dtype=np.int64)
        place = np.searchsorted(scored.account_id, ids).clip(max=max(n - 1, 0))
        at = np.array([moment.astimezone(dt.UTC).replace(tzinfo=None) for moment in raised.values()], "datetime64[us]")
        here = scored.account_id[place] == ids if n else np.zeros(len(ids), dtype=bool)
        hands[place[here]] = at[here]
    recipes = scored.spec.recipes
    reasons = ("", *(gate.reason[:300] for recipe in recipes for gate in recipe.gates))
    first_reason = np.cumsum([0, *(len(recipe.gates) for recipe in recipes)])[scored.now.recipe]
    return {
        "account_id": scored.account_id,
        "score": Nullable(scored.now.score.astype(np.int16), scored.now.score > 0),
        "tier": Texts(scored.now.tier, rules.TIERS),
        "tier_reason": Texts(np.where(scored.now.gate < 0, 0, scored.now.gate + 1 + first_reason), reasons),
        "segment": _texts(scored.segment, SEGMENTS),
        "buyer_state": _texts(scored.buyer_state, BUYER_STATES),
        "week_ago_score": Nullable(scored.week_ago.score.astype(np.int16), scored.week_ago.score > 0),
        "hand_raised_at": Nullable(hands, ~np.isnat(hands)),
        "definition_id": np.full(n, definition.pk),
        "feature_values": np.stack([scored.features[key] for key in KEYS], axis=1),
        "effects": scored.now.effect.astype(np.int16),
        "week_ago_values": _values_week_ago(scored),
        "week_ago_effects": scored.week_ago.effect.astype(np.int16),
    }


def _values_week_ago(scored: Scored) -> np.ndarray:
    """float n × k: of each component's feature, filled up with NaN to the widest recipe."""
    of_recipes = []
    for recipe in scored.spec.recipes:
        values = [scored.week_ago_features[component.feature] for component in recipe.components]
        values += [np.full(len(scored.account_id), np.nan)] * (scored.spec.width - len(values))
        of_recipes.append(np.stack(values, axis=1))
    result = of_recipes[0]
    for place, values_of in enumerate(of_recipes[1:], 1):
        result[scored.now.recipe == place] = values_of[scored.now.recipe == place]
    return result


def parts(columns: Mapping[str, Column]) -> Iterator[np.ndarray]:
    """What a digest is made of: every number and code of the columns."""
    for column in columns.values():
        if isinstance(column, Texts):
            yield column.codes
        elif isinstance(column, Nullable):
            yield column.values
        elif column.ndim == 1:
            yield column
        else:
            yield from column.T


def _texts(values: np.ndarray, words: Sequence[str]) -> Texts:
    codes = np.zeros(len(values), dtype=np.int64)
    for place, word in enumerate(words):
        codes[values == word] = place
    return Texts(codes, words)
