"""A play on a real account, while it is edited."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.db.models import Case, Q, Value, When

from accounts.models import Member
from playbooks.models import QueueItem
from playbooks.plays import fitting, merging
from playbooks.plays import values as play_values
from playbooks.plays.library import PlayText
from playbooks.querysets import OPEN
from playbooks.screens.plays import BoxStep, Words, people_of, step_of

#: Names offered to try a play on.
OFFERED = 30


@dataclass(frozen=True)
class Preview:
    """`account` is empty when there is none to show; `fits` says why the play would fit it, empty when it would not."""

    account: str = ""
    motion: str = ""
    asked: str = ""
    offered: list[str] = field(default_factory=list)
    fits: str = ""
    goal: Words = field(default_factory=Words)
    points: list[Words] = field(default_factory=list)
    steps: list[BoxStep] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


#: What a preview reads of an item.
ROWS = QueueItem.objects.select_related("account", "buyer", "buyer_contact", "champion")


def of_text(text: PlayText, member: Member, *, account: str = "") -> Preview:
    """The play filled for the named account of a queue, else for the first one it is meant for. Nine queries at most."""
    rows = ROWS.filter(state__in=OPEN)
    here = ROWS.working().filter(motion=text.motion).in_order()
    offered = list(here.values_list("account__name", flat=True)[:OFFERED])
    account = account.strip()
    if account:
        named = rows.filter(Q(account__name__icontains=account) | Q(account__domain__icontains=account))
        exact = Case(When(account__name__iexact=account, then=Value(0)), default=Value(1))
        ours = Case(When(motion=text.motion, then=Value(0)), default=Value(1))
        item = named.order_by(exact, ours, "-priority", "id").first()
    else:
        item = _first_that_fits(text, list(here[:OFFERED]))
    return replace(of_item(text, item, member), asked=account, offered=offered)


def of_item(text: PlayText, item: QueueItem | None, member: Member) -> Preview:
    """The play filled for one item of `ROWS`. Six queries at most."""
    said = [part for step in text.steps for part in (step.title, step.subject, step.words)]
    all_texts = (text.goal, text.talking_points, *said)
    problems = list(dict.fromkeys(words for part in all_texts for words in merging.problems(part)))
    if item is None:
        return Preview(problems=problems)
    used = merging.fields_of(*all_texts)
    values = play_values.of_item(item, member, only=used)
    people = people_of(item, used)
    points = [Words(merging.fill(line, values)) for line in text.talking_points.splitlines() if line.strip()]
    steps = [step_of(step, None, values, people, may_work=False) for step in text.steps]
    goal = Words(merging.fill(text.goal, values))
    pieces = [goal.pieces, *(point.pieces for point in points)]
    pieces += [words.pieces for step in steps for words in (step.title, step.subject, step.words)]
    return Preview(
        account=item.called,
        motion=str(item.get_motion_display()),
        fits=fitting.because(text, signal=item.last_signal_text) if _weight(text, item) is not None else "",
        goal=goal,
        points=points,
        steps=steps,
        missing=merging.missing(*pieces),
        problems=problems,
    )


def _first_that_fits(text: PlayText, items: list[QueueItem]) -> QueueItem | None:
    return next((item for item in items if _weight(text, item) is not None), items[0] if items else None)


def _weight(text: PlayText, item: QueueItem) -> int | None:
    return fitting.weight(text, fitting.of_item(item))
