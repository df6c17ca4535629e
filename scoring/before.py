"""What was there before a run, as arrays: the scores, and the last tier of accounts that have only a history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from accounts import columns
from scoring import rules
from scoring.models import BuyerState, Segment

SEGMENTS = tuple(Segment.values)
BUYER_STATES = tuple(BuyerState.values)
NEVER = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class Before:
    """n accounts, in the order of `account_id`. Tiers, segments and buyer states are places in their lists.

    `has_row`: whether there is a score row; without one, only `tier` and `tier_since` are known, from the history.
    """

    account_id: np.ndarray
    tier: np.ndarray
    tier_since: np.ndarray
    has_row: np.ndarray
    score: np.ndarray
    segment: np.ndarray
    buyer_state: np.ndarray
    digest: np.ndarray

    def tiers(self, account_ids: np.ndarray) -> np.ndarray:
        """The tier of each of these accounts, −1 where there was none."""
        return self.of(account_ids).tier

    def of(self, account_ids: np.ndarray) -> Before:
        """The same for these accounts in this order; an account without a past has tier −1 and no row."""
        if not len(self.account_id):
            return _nothing(account_ids)
        place = np.searchsorted(self.account_id, account_ids).clip(max=len(self.account_id) - 1)
        found = self.account_id[place] == account_ids
        return Before(
            account_id=account_ids,
            tier=np.where(found, self.tier[place], -1),
            tier_since=np.where(found, self.tier_since[place], NEVER),
            has_row=found & self.has_row[place],
            score=self.score[place],
            segment=self.segment[place],
            buyer_state=self.buyer_state[place],
            digest=self.digest[place],
        )


def read(account_ids: Collection[int] | None = None, *, between: tuple[int, int] | None = None) -> Before:
    """What there is about the given accounts, or those with ids in the range, or all."""
    where, params = _where("account_id", account_ids, between)
    rows = columns.read(
        {
            "account_id": ("account_id", "int8"),
            "digest": ("digest", "int8"),
            "tier_since": ("tier_since", "timestamptz"),
            "score": ("coalesce(score, 0)", "int2"),
            "tier": (_place("tier", rules.TIERS), "int2"),
            "segment": (_place("segment", SEGMENTS), "int2"),
            "buyer_state": (_place("buyer_state", BUYER_STATES), "int2"),
        },
        f"FROM scoring_score WHERE {where}",
        params,
    )
    past = _past(account_ids, between)
    return _sorted(Before(**rows, has_row=np.ones(len(rows["account_id"]), dtype=bool)), past)


def _past(account_ids: Collection[int] | None, between: tuple[int, int] | None) -> Before:
    """Accounts that have a history but no score row: the last tier and since when. Nothing to do when all have rows."""
    where, params = _where("a.id", account_ids, between)
    unscored = columns.read(
        {"id": ("a.id", "int8")},
        f"FROM accounts_account a WHERE {where} AND a.merged_into_id IS NULL "
        "AND NOT EXISTS (SELECT FROM scoring_score s WHERE s.account_id = a.id)",
        params,
    )["id"]
    if not len(unscored):
        return _nothing(unscored)
    rows = columns.read(
        {
            "account_id": ("account_id", "int8"),
            "tier": (_place("tier", rules.TIERS), "int2"),
            "tier_since": ("at", "timestamptz"),
        },
        """
        FROM (
            SELECT DISTINCT ON (c.account_id) c.account_id, c.tier, c.at
            FROM scoring_scorechange c
            WHERE c.account_id = ANY($1::bigint[]) AND NOT EXISTS (
                SELECT FROM scoring_scorechange later
                WHERE later.account_id = c.account_id AND later.at > c.at AND later.tier <> c.tier
            )
            ORDER BY c.account_id, c.at
        ) AS last
        """,
        [unscored.tolist()],
    )
    return _nothing(rows["account_id"], tier=rows["tier"], tier_since=rows["tier_since"])


def _nothing(account_ids: np.ndarray, **known: np.ndarray) -> Before:
    zeros = np.zeros(len(account_ids), dtype=np.int64)
    nothing = {
        "tier": zeros - 1,
        "tier_since": np.full(len(account_ids), NEVER),
        "has_row": zeros > 0,
        "score": zeros,
        "segment": zeros,
        "buyer_state": zeros,
        "digest": zeros,
    }
    return Before(account_id=account_ids, **nothing | known)


def _sorted(first: Before, second: Before) -> Before:
    names = [field.name for field in fields(Before)]
    joined = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names}
    order = np.argsort(joined["account_id"], kind="stable")
    return Before(**{name: values[order] for name, values in joined.items()})


def _where(column: str, account_ids: Collection[int] | None, between: tuple[int, int] | None) -> tuple[str, list[Any]]:
    if account_ids is not None:
        return f"{column} = ANY($1::bigint[])", [list(account_ids)]
    if between is not None:
        return f"{column} >= $1 AND {column} < $2", list(between)
    return "TRUE", []


def _place(column: str, words: Sequence[str]) -> str:
    whens = " ".join(f"WHEN '{word}' THEN {place}" for place, word in enumerate(words))
    return f"CASE {column} {whens} END"
