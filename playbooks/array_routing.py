"""`playbooks.routing` over arrays, for what concerns every account at once. A test holds the two equal."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from playbooks import routing
from playbooks.models import Motion
from scoring import rules
from scoring.before import BUYER_STATES

MOTIONS = (Motion.SALES, Motion.SUCCESS, Motion.MARKETING)


def motions_of(
    table: Mapping[tuple[str, str, str], routing.Cell],
    *,
    tier: np.ndarray,
    buyer_state: np.ndarray,
    segment: np.ndarray,
    hands: np.ndarray,
    bare: np.ndarray,
) -> np.ndarray:
    """`routing.route` for n accounts: int8 n, bit m is set where the account is in the queue of `MOTIONS[m]`.

    `tier`, `buyer_state` and `segment` are places in `rules.TIERS`, `before.BUYER_STATES` and `rules.SEGMENTS`; `hands` and `bare`
    are bool.
    """

    def bits(t: str, b: str, s: str, is_bare: bool) -> int:
        return _bits(
            routing.route(tier=t, buyer_state=b, segment=s, hand_raised=False, is_bare=is_bare, table=table).motions
        )

    found = np.array(
        [
            [[[bits(t, b, s, is_bare) for is_bare in (False, True)] for s in rules.SEGMENTS] for b in BUYER_STATES]
            for t in rules.TIERS
        ],
        dtype=np.int8,
    )
    raised = routing.route(tier="pqa", buyer_state="none", segment="smb", hand_raised=True, is_bare=True, table=table)
    return np.where(hands, np.int8(_bits(raised.motions)), found[tier, buyer_state, segment, bare.astype(np.int8)])


def bare_sign_ups(*, score: np.ndarray, active_users: np.ndarray, weekly_active_days: np.ndarray) -> np.ndarray:
    """`routing.is_bare_sign_up` for n accounts: bool n. `score`: 0 for none; NaN: not known."""
    few = (active_users <= routing.ONE_PERSON) & (weekly_active_days <= routing.ONE_DAY)
    return (score == 0) | few


def _bits(motions: Collection[str]) -> int:
    return sum(1 << place for place, motion in enumerate(MOTIONS) if motion in motions)
