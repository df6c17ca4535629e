"""Routing as a table: tier × buyer × segment → motion. Pure; the admin's edits of it are rows of `RoutingRule`.

Above the table stand two rules that no cell can change. A raised hand goes to sales. And a bare sign-up never does: an account in
which nobody was active in 28 days, or one person on one day, and in which no hand is raised.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.plans import FREE_PLANS

TIERS = ("pqa", "activate", "self_serve")
BUYER_STATES = ("confirmed", "likely", "unknown", "none")
SEGMENTS = ("smb", "mid_market", "enterprise", "unknown")

CONFIRM_BUYER = "Confirm the buyer"
FIND_BUYER = "Find the buyer"
ASK_PROFILE = "Ask the profiling questions"
BUYER_MISSING = "Buyer missing: ask the champion for an introduction"
ANSWER_HAND = "Answer the raised hand"

#: Not more than this is a bare sign-up: people in 28 days, and days of 28 divided by four.
ONE_PERSON, ONE_DAY = 1, 1 / 4


@dataclass(frozen=True)
class Route:
    """Where an account goes: `motions` (none of them: self-serve) and the first step for the one who takes it.

    `is_held`: its cell says sales, and it is a bare sign-up.
    """

    motions: tuple[str, ...]
    first_step: str = ""
    is_fast_lane: bool = False
    is_held: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell of the table."""

    motion: str
    first_step: str = ""
    also_marketing: bool = False


def default_cell(tier: str, buyer_state: str, segment: str) -> Cell:
    """The table every installation starts with."""
    if tier == "self_serve" or segment == "smb":
        return Cell("self_serve")
    also_marketing = segment == "enterprise"
    if tier == "pqa":
        if buyer_state == "none":
            return Cell("marketing", FIND_BUYER)
        return Cell("sales", CONFIRM_BUYER if buyer_state == "unknown" else "", also_marketing)
    step = {"unknown": ASK_PROFILE, "none": BUYER_MISSING}.get(buyer_state, "")
    return Cell("success", step, also_marketing)


DEFAULT_TABLE: dict[tuple[str, str, str], Cell] = {
    (tier, buyer_state, segment): default_cell(tier, buyer_state, segment)
    for tier in TIERS
    for buyer_state in BUYER_STATES
    for segment in SEGMENTS
}


def is_bare_sign_up(*, score: int | None, active_users: float | None, weekly_active_days: float | None) -> bool:
    """Whether usage says no more than that somebody signed up: none in 28 days (no score), or one person on one day.

    `active_users` are those of 28 days, `weekly_active_days` the days of 28 divided by four. What is not known proves nothing.
    """
    if score is None:
        return True
    if active_users is None or weekly_active_days is None:
        return False
    return active_users <= ONE_PERSON and weekly_active_days <= ONE_DAY


def route(
    *,
    tier: str,
    buyer_state: str,
    segment: str,
    hand_raised: bool,
    is_bare: bool,
    table: Mapping[tuple[str, str, str], Cell] = DEFAULT_TABLE,
) -> Route:
    """The motions of one account. A raised hand goes to sales' fast lane at any score, in any segment.

    Without one a bare sign-up (`is_bare_sign_up`) goes everywhere but to sales, whatever its cell says.
    """
    cell = table.get((tier, buyer_state, segment)) or DEFAULT_TABLE[tier, buyer_state, segment]
    if hand_raised:
        return Route(("sales",), ANSWER_HAND, is_fast_lane=True)
    motions: tuple[str, ...] = () if cell.motion == "self_serve" else (cell.motion,)
    if cell.also_marketing and motions and "marketing" not in motions:
        motions += ("marketing",)
    if is_bare and "sales" in motions:
        return Route(tuple(motion for motion in motions if motion != "sales"), is_held=True)
    return Route(motions, cell.first_step)


def priority(
    *, motion: str, score: int | None, delta: int | None, buyer_state: str, hand_raised_at: dt.datetime | None
) -> float:
    """What comes first in a queue: raised hands, the newest first; then score + half of the week's gain.

    A known buyer is worth 5 more; in marketing's queue, which looks for buyers, accounts without one come first instead.
    Does not depend on the clock, so that items routed on different days compare.
    """
    value = (score or 0) + max(delta or 0, 0) / 2
    if motion == "marketing":
        value += 200 if buyer_state == "none" else 0
    elif buyer_state in ("confirmed", "likely"):
        value += 5
    if hand_raised_at is None:
        return value
    return round(1_000 + (hand_raised_at - _EPOCH).total_seconds() / 3600 + value / 1_000, 4)


_EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def is_customer(plan: str) -> bool:
    """Whether a stated plan is one that is paid for."""
    return plan.strip().lower() not in FREE_PLANS
