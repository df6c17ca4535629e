"""What the closings of an item mean: what would mend it, how long the account cools down, and whether the engine was wrong."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from playbooks.models import Closing, Reason

#: What mends a wrong account, in words.
MENDS = {
    "fit": _("The definition: fit, or a gate on the size of the team"),
    "buyers": _("Buyers: find one, or ask the champion for an introduction"),
    "exclusion": _("It stays out of every queue until a hand is raised"),
    "suppression": _("It stays out of this queue for a long while"),
    "snooze": _("Snoozing: choose a day and it comes back by itself"),
    "data": _("The events: which of them count, and which are noise"),
    "identity": _("The people: who belongs to this account"),
    "": _("Your words tell it"),
}


@dataclass(frozen=True)
class Meaning:
    """Of a closing. `mends`: a key of `MENDS`. `days`: how long the account cools down by default, none: for good.

    `was_wrong`: sales should not have got it, which backtests learn from. `everywhere`: it is about the account, so other motions
    leave it alone too. `only_a_hand`: no other strong signal brings it back, since the usage itself is not to be trusted.
    `proposes`: the verb that would have done better.
    """

    days: int | None
    mends: str = ""
    was_wrong: bool = False
    everywhere: bool = False
    only_a_hand: bool = False
    needs_words: bool = False
    proposes: str = ""


RETURNED = "returned"
MEANINGS: dict[str, Meaning] = {
    Closing.MEETING: Meaning(90),
    Closing.OPPORTUNITY: Meaning(180),
    Closing.WON: Meaning(180),
    Closing.HANDED_OVER: Meaning(60),
    Closing.ACTIVATED: Meaning(60),
    Closing.NO_ANSWER: Meaning(30),
    Closing.NO_INTEREST: Meaning(90),
    Reason.TOO_SMALL: Meaning(90, mends="fit", was_wrong=True),
    Reason.NO_BUYER: Meaning(60, mends="buyers", was_wrong=True),
    Reason.PERSONAL: Meaning(None, mends="exclusion", was_wrong=True, everywhere=True, only_a_hand=True),
    Reason.CUSTOMER: Meaning(365, mends="suppression"),
    Reason.IN_DEAL: Meaning(180, mends="suppression"),
    Reason.BAD_TIMING: Meaning(30, mends="snooze", proposes="snooze"),
    Reason.MISCONFIGURED: Meaning(30, mends="data", was_wrong=True),
    Reason.BOT: Meaning(None, mends="data", was_wrong=True, everywhere=True, only_a_hand=True),
    Reason.WRONG_CONTACT: Meaning(14, mends="identity"),
    Reason.COMPETITOR: Meaning(None, mends="exclusion", was_wrong=True, everywhere=True),
    Reason.OTHER: Meaning(30, needs_words=True),
    RETURNED: Meaning(30),
}
EVERYWHERE = frozenset(closing for closing, meaning in MEANINGS.items() if meaning.everywhere)


def label(closing: str) -> str:
    """`"too_small"` → `"Too small"`."""
    if closing in Closing.values:
        return str(Closing(closing).label)
    if closing in Reason.values:
        return str(Reason(closing).label)
    return str(_("Returned"))
