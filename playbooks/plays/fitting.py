"""Which play fits a situation best, and why in words. No database.

A play fits when nothing that it asks for contradicts: the motion, the tier, a fresh signal, a known buyer or champion, paying or
not. Of those that fit, the one that asks for most wins; a raised hand and then any other signal tell most about today, then
whether they pay, then the person, then the tier.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

#: A signal is a reason for so long; a raised hand for as long as the score counts it.
FRESH = dt.timedelta(days=14)
#: What each thing that a play asks for weighs.
HAND, SIGNAL, PAYING, PERSON, TIER, ANYBODY = 32, 16, 8, 4, 2, 1
#: Of equals the first persona comes first.
PERSONAS = ("economic_buyer", "champion", "evaluator", "influencer", "end_user", "")


class Situational(Protocol):
    """A `Play` or a `PlayText`."""

    @property
    def motion(self) -> str: ...
    @property
    def tier(self) -> str: ...
    @property
    def signal(self) -> str: ...
    @property
    def persona(self) -> str: ...
    @property
    def is_expansion(self) -> bool | None: ...


@dataclass(frozen=True)
class Situation:
    """What an item shows. `signal` is the newest one while it is fresh, else empty."""

    motion: str
    tier: str
    signal: str
    hand_raised: bool
    is_expansion: bool
    has_buyer: bool
    has_champion: bool

    @classmethod
    def of(cls, motion: str, shown: Mapping[str, Any], *, has_contact: bool, now: dt.datetime) -> Situation:
        """From the columns that routing shows on an item."""
        at = shown["last_signal_at"]
        return cls(
            motion=motion,
            tier=shown["tier"],
            signal=shown["last_signal"] if at is not None and at > now - FRESH else "",
            hand_raised=shown["hand_raised_at"] is not None,
            is_expansion=shown["is_expansion"],
            has_buyer=has_contact or shown["buyer_id"] is not None,
            has_champion=shown["champion_id"] is not None,
        )


#: The columns of an item that `Situation.of` reads.
SHOWN = ("tier", "last_signal", "last_signal_at", "hand_raised_at", "is_expansion", "buyer_id", "champion_id")


def of_item(item: Any, now: dt.datetime | None = None) -> Situation:
    """The situation of a queue item."""
    shown = {name: getattr(item, name) for name in SHOWN}
    has_contact = item.buyer_contact_id is not None
    return Situation.of(item.motion, shown, has_contact=has_contact, now=now or dt.datetime.now(dt.UTC))


def weight(play: Situational, now: Situation) -> int | None:
    """How much of what the play asks for is there; none when something contradicts."""
    if play.motion != now.motion or (play.tier and play.tier != now.tier):
        return None
    if play.is_expansion is not None and play.is_expansion != now.is_expansion:
        return None
    if play.signal == "hand_raise":
        if not now.hand_raised:
            return None
    elif play.signal and play.signal != now.signal:
        return None
    known = {"economic_buyer": now.has_buyer, "champion": now.has_champion}.get(play.persona)
    if known is False or (play.persona == "end_user" and now.has_buyer):
        return None
    return (
        (HAND if play.signal == "hand_raise" else SIGNAL if play.signal else 0)
        + (PAYING if play.is_expansion is not None else 0)
        + (PERSON if known else ANYBODY if play.persona else 0)
        + (TIER if play.tier else 0)
    )


def best[T: Situational](plays: Iterable[T], now: Situation) -> T | None:
    """The play that fits most closely; of equals by persona, then the first."""
    found: T | None = None
    most: tuple[int, int] | None = None
    for play in plays:
        weighed = weight(play, now)
        if weighed is None:
            continue
        rank = (weighed, -PERSONAS.index(play.persona) if play.persona in PERSONAS else -len(PERSONAS))
        if most is None or rank > most:
            found, most = play, rank
    return found


def because(play: Situational, *, signal: str) -> str:
    """Why it fits, in words: `"A hand is raised; the buyer is known"`. `signal` is the last one in words."""
    said = []
    if play.signal == "hand_raise":
        said.append(_("a hand is raised"))
    elif play.signal:
        said.append(signal or _("the last signal"))
    if play.is_expansion is not None:
        said.append(_("they pay already") if play.is_expansion else _("they do not pay yet"))
    if play.persona == "economic_buyer":
        said.append(_("the buyer is known"))
    elif play.persona == "champion":
        said.append(_("somebody invites others"))
    elif play.persona == "end_user":
        said.append(_("nobody who decides is known"))
    if play.tier == "pqa":
        said.append(_("it qualifies"))
    elif play.tier == "activate":
        said.append(_("it is close to qualifying"))
    if not said:
        return _("The general play of this queue")
    words = "; ".join(said)
    return words[:1].upper() + words[1:]
