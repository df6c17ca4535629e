"""The state machine of queue items as a table: verb → from, to, who. Pure; `playbooks.verbs.verbs` does what it says.

States: new, claimed and snoozed are open; done, disqualified, returned and left are closed. docs/queue.md tells it to people.
"""

from __future__ import annotations

from dataclasses import dataclass

NEW, CLAIMED, SNOOZED = "new", "claimed", "snoozed"
DONE, DISQUALIFIED, RETURNED, LEFT = "done", "disqualified", "returned", "left"
OPEN = (NEW, CLAIMED, SNOOZED)
OWNED = (CLAIMED, SNOOZED)
CLOSED = (DONE, DISQUALIFIED, RETURNED, LEFT)
STATES = (*OPEN, *CLOSED)


@dataclass(frozen=True)
class Transition:
    """`origins`: the states it starts from. `owner_only`: while somebody has the item, only that member and admins may."""

    origins: tuple[str, ...]
    to: str
    owner_only: bool = True


#: Who works the item's motion may do each; a rule (nobody) may do all.
VERBS = {
    "claim": Transition((NEW,), CLAIMED),
    "release": Transition((CLAIMED, SNOOZED), NEW),  # a marked item leaves instead
    "snooze": Transition((NEW, CLAIMED, SNOOZED), SNOOZED),
    "wake": Transition((SNOOZED,), CLAIMED),
    "finish": Transition((CLAIMED, SNOOZED), DONE),
    "disqualify": Transition((NEW, CLAIMED, SNOOZED), DISQUALIFIED),
    "give_back": Transition((NEW, CLAIMED, SNOOZED), RETURNED),
    "assign": Transition((NEW, CLAIMED, SNOOZED), CLAIMED),
    "reopen": Transition(CLOSED, CLAIMED, owner_only=False),
}


def refusal(verb: str, *, state: str, is_owner: bool, is_admin: bool) -> str:
    """Why the verb cannot be done to an item in this state; empty: it can.

    `left`, `closed`: it is no longer open. `taken`: somebody else has it. `asleep`: it is one's own and sleeps. `not_claimed`:
    nobody has it. `not_owner`: only its owner may. `not_asleep`: it does not sleep. `not_closed`: it is open.
    """
    transition = VERBS[verb]
    if state not in transition.origins:
        if state in CLOSED:
            return "left" if state == LEFT else "closed"
        if verb == "claim":
            return "asleep" if is_owner else "taken"
        if verb == "reopen":
            return "not_closed"
        if verb == "wake":
            return "not_asleep"
        return "not_claimed"
    if transition.owner_only and state in OWNED and not is_owner and not is_admin:
        return "not_owner"
    return ""


def possible(*, state: str, is_owner: bool, is_admin: bool) -> frozenset[str]:
    """The verbs that an item in this state allows a member who works its motion: what a page shows as buttons."""
    return frozenset(verb for verb in VERBS if not refusal(verb, state=state, is_owner=is_owner, is_admin=is_admin))
