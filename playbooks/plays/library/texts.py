"""What a play says, as values."""

from __future__ import annotations

from dataclasses import dataclass

#: What ends a play before its last step. A closed item always does.
EXITS = ("replied", "meeting", "hand_raised", "buyer_found", "left")


@dataclass(frozen=True)
class StepText:
    """`after_days` working days after the play began."""

    kind: str
    after_days: int
    title: str
    subject: str = ""
    words: str = ""


@dataclass(frozen=True)
class PlayText:
    """All that members can edit of a play. Empty texts and none fit everything; talking points are one a line."""

    name: str
    motion: str
    tier: str = ""
    signal: str = ""
    persona: str = ""
    is_expansion: bool | None = None
    goal: str = ""
    talking_points: str = ""
    exits: tuple[str, ...] = ()
    is_active: bool = True
    steps: tuple[StepText, ...] = ()


def lines(*said: str) -> str:
    """Talking points."""
    return "\n".join(said)


def mail(*paragraphs: str) -> str:
    """A message, signed."""
    return "\n\n".join((*paragraphs, "{{member.first_name}}"))
