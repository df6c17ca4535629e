"""What reps found out goes down to the engine as outcomes, so that backtests learn from them.

An outcome stands for as long as its item is closed with what it says: undone or opened again, it is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from playbooks.models import Closing, Motion, QueueItem, Reason
from playbooks.verbs import reasons
from scoring import outcomes
from scoring.models import Outcome

_CLOSINGS = {
    Closing.WON.value: Outcome.Kind.WON.value,
    Closing.MEETING.value: Outcome.Kind.ACCEPTED.value,
    Closing.OPPORTUNITY.value: Outcome.Kind.ACCEPTED.value,
}


def kind_of(*, state: str, motion: str, outcome: str, reason: str) -> str:
    """The outcome that an item stands for; empty: none. Accepted and rejected are words of sales alone."""
    if state == QueueItem.State.DONE:
        kind = _CLOSINGS.get(outcome, "")
    elif state == QueueItem.State.DISQUALIFIED and reasons.MEANINGS[Reason(reason)].was_wrong:
        kind = Outcome.Kind.REJECTED.value
    else:
        kind = ""
    return kind if motion == Motion.SALES or kind == Outcome.Kind.WON else ""


def source_of(item_id: int) -> str:
    return f"queue item {item_id}"


def tell(changed: Iterable[tuple[QueueItem, Mapping[str, Any]]]) -> None:
    """Withdraws and records outcomes of items that a verb changed, in its transaction. `(item, its columns before)`."""
    withdrawn: list[str] = []
    new: list[outcomes.NewOutcome] = []
    for item, was in changed:
        before = kind_of(state=was["state"], motion=item.motion, outcome=was["outcome"], reason=was["reason"])
        after = kind_of(state=item.state, motion=item.motion, outcome=item.outcome, reason=item.reason)
        if before:
            withdrawn.append(source_of(item.pk))
        if after and item.closed_at is not None:
            note = item.reason_words or reasons.label(item.outcome or item.reason)
            new.append(outcomes.NewOutcome(item.account_id, after, item.closed_at, source_of(item.pk), note[:300]))
    if withdrawn:
        outcomes.withdraw(sources=withdrawn)
    if new:
        outcomes.record_many(new)
