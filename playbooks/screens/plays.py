"""Plays beside an item, in their list, and on a real account while they are edited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import can
from accounts.contacts import fields
from accounts.models import BuyingRole, Contact, Member, ProductUser, SignalKind
from playbooks import steps
from playbooks.models import Motion, Play, PlayStep, PlayUse, QueueItem, Step, Touch
from playbooks.plays import editing as play_editing
from playbooks.plays import merging, plays
from playbooks.plays import rows as play_rows
from playbooks.plays import values as play_values
from playbooks.plays.library import PlayText, StepText
from playbooks.plays.merging import Piece
from playbooks.screens.pane import Pane
from scoring.models import Tier

ICONS = {"call": "phone", "email": "mail", "message": "send", "meeting": "users", "task": "circle-check"}
KINDS = dict(PlayStep._meta.get_field("kind").flatchoices)


@dataclass(frozen=True)
class Words:
    """A filled text, as pieces to look at and as text to copy."""

    pieces: list[Piece] = field(default_factory=list)

    @property
    def plain(self) -> str:
        return merging.plain(self.pieces)

    def __bool__(self) -> bool:
        return bool(self.pieces)


@dataclass(frozen=True)
class BoxStep:
    """A step with its prepared words. `id` is none unless it is to be done; `missing` is what has to be filled in by hand."""

    id: int | None
    icon: str
    kind: str
    title: Words
    day: str
    due_at: dt.datetime | None
    is_done: bool
    is_overdue: bool
    subject: Words
    words: Words
    to: str
    mailto: str
    phone: str
    tel: str
    missing: list[str]
    may_log: bool


@dataclass(frozen=True)
class Choice:
    id: int
    name: str
    is_suggested: bool


@dataclass(frozen=True)
class Angle:
    """What to say to somebody, by the persona that this person is."""

    who: str
    persona: str
    words: str


@dataclass(frozen=True)
class Box:
    """The play of an item: the one that runs (`use_id`), else the suggested one with its reason. `play_id` none: no play fits.

    `ended` says how the last one ended; `resumes` is its use, when it can go on.
    """

    item_id: int
    play_id: int | None
    use_id: int | None
    name: str
    because: str
    goal: Words
    points: list[Words]
    angles: list[Angle]
    steps: list[BoxStep]
    progress: str
    missing: list[str]
    ended: str
    resumes: int | None
    choices: list[Choice]
    may_begin: bool
    may_stop: bool
    may_edit: bool


def box(item: QueueItem, member: Member) -> Box:
    """The play box of an item that was read by `for_rows`. Eleven queries at most, whatever the play says."""
    last = PlayUse.objects.filter(item=item).select_related("play").order_by("-started_at", "-pk").first()
    running = last if last is not None and last.ended_at is None and item.is_open else None
    known = list(Play.objects.filter(motion=item.motion, removed_at=None).order_by("name"))
    suggested = next((play for play in known if play.pk == item.play_id and play.is_active), None)
    play = running.play if running else suggested
    may_work = can(member, "work", item)
    is_mine = item.owner_id == member.pk or can(member, "administer")
    is_free = item.state == QueueItem.State.NEW or (item.state == QueueItem.State.CLAIMED and is_mine)
    text = play_rows.text_of(play) if play else PlayText(name="", motion=item.motion)
    pairs = _of_use(running) if running else [(step, None) for step in text.steps]
    said = [part for step, _made in pairs for part in (step.title, step.subject, step.words)]
    used = merging.fields_of(text.goal, text.talking_points, *said)
    values = play_values.of_item(item, member, only=used) if play else {}
    people = people_of(item, used)
    told = [step_of(step, made, values, people, may_work=may_work) for step, made in pairs]
    ended = last if last is not None and running is None and last.ended_at is not None else None
    may_begin = may_work and is_free and running is None
    return Box(
        item_id=item.pk,
        play_id=play.pk if play else None,
        use_id=running.pk if running else None,
        name=text.name,
        because="" if running or not play else item.play_because,
        goal=Words(merging.fill(text.goal, values)),
        points=[Words(merging.fill(line, values)) for line in text.talking_points.splitlines() if line.strip()],
        angles=angles_of(item) if play else [],
        steps=told,
        progress=_("%(done)d of %(all)d steps done") % {"done": sum(step.is_done for step in told), "all": len(told)}
        if running
        else "",
        missing=merging.missing(*(pieces for step in told for pieces in (step.subject.pieces, step.words.pieces))),
        ended=_("“%(play)s” ended: %(why)s.") % {"play": ended.play, "why": plays.ENDS.get(ended.end, ended.end)}
        if ended
        else "",
        resumes=ended.pk if ended and ended.end != steps.FINISHED and may_begin else None,
        choices=[Choice(one.pk, one.name, one is suggested) for one in known],
        may_begin=may_begin,
        may_stop=may_work and running is not None,
        may_edit=play is not None and play_editing.may_edit(member, play.motion),
    )


def angles_of(item: QueueItem) -> list[Angle]:
    """Of the buyer and the champion what their personas say to say. One query."""
    people: dict[int, str] = {}
    if item.buyer_id and item.buyer:
        people[item.buyer_id] = str(item.buyer)
    if item.champion_id and item.champion:
        people[item.champion_id] = str(item.champion)
    rows = ProductUser.objects.filter(pk__in=people, persona__is_active=True, persona__removed_at=None)
    told = rows.exclude(persona__angle="").values_list("pk", "persona__name", "persona__angle")
    known = {pk: Angle(people[pk], name, words) for pk, name, words in told}
    return [known[pk] for pk in people if pk in known]


def in_a_line(item: QueueItem, there: Pane) -> tuple[str, str]:
    """The item's play in a line: its name, and that it runs or why it is suggested. Both empty once the item is closed.

    One query when a play runs.
    """
    if not item.is_open:
        return "", ""
    if not there.has_running_play:
        return (there.suggested, item.play_because) if there.suggested else (_("choose one"), _("none fits by itself"))
    running = PlayUse.objects.filter(item=item, ended_at=None).select_related("play")
    use = running.annotate(
        n_steps=Count("steps"), n_open=Count("steps", filter=Q(steps__done_at=None, steps__dropped_at=None))
    ).first()
    if use is not None:
        done = {"done": use.n_steps - use.n_open, "all": use.n_steps}
        return use.play.name, _("running, %(done)d of %(all)d steps done") % done
    return _("choose one"), _("none fits by itself")  # it ended this moment


def _of_use(use: PlayUse) -> list[tuple[StepText, Step | None]]:
    """The steps of a running play with their words; a step that was taken out of the play since keeps its title."""
    found = Step.objects.filter(play_use=use).select_related("play_step").order_by("place", "id")
    return [(_text_of(made), made) for made in found]


def _text_of(made: Step) -> StepText:
    step = made.play_step
    if step is None:
        return StepText("task", 0, made.text)
    return StepText(step.kind, step.after_days, step.title, step.subject, step.words)


def people_of(item: QueueItem, used: Sequence[str]) -> dict[str, ProductUser | Contact | None]:
    """Whom a message can speak to, by the first part of its fields."""
    people: dict[str, ProductUser | Contact | None] = {
        "buyer": item.buyer or item.buyer_contact,
        "champion": item.champion,
    }
    if item.hand_raised_at is not None and any(name.startswith("raised.") for name in used):
        raised = play_values.raised_by(item.account_id)
        people["raised"] = (raised.user or raised.contact) if raised else None
    return people


def recipient(text: StepText, people: Mapping[str, ProductUser | Contact | None]) -> ProductUser | Contact | None:
    """The first person that the words of a step name, else its subject, else its title."""
    for name in merging.fields_of(text.words, text.subject, text.title):
        role = name.partition(".")[0]
        if role in people:
            return people[role]
    return None


def recipient_of(step: Step) -> ProductUser | Contact | None:
    """The same for a step that is to be logged."""
    rows = QueueItem.objects.select_related("buyer", "buyer_contact", "champion")
    text = _text_of(step)
    return recipient(
        text, people_of(rows.get(pk=step.item_id), merging.fields_of(text.words, text.subject, text.title))
    )


def step_of(
    text: StepText,
    made: Step | None,
    values: Mapping[str, str],
    people: Mapping[str, ProductUser | Contact | None],
    *,
    may_work: bool,
) -> BoxStep:
    subject, words = Words(merging.fill(text.subject, values)), Words(merging.fill(text.words, values))
    is_open = made is not None and made.done_at is None and made.dropped_at is None
    to = recipient(text, people)
    link = merging.mailto(to.email if to else "", subject.plain, words.plain) if text.kind == "email" and words else ""
    phone = to.phone if isinstance(to, Contact) and text.kind in ("call", "message") else ""
    due_at = made.due_at if made is not None and is_open else None
    return BoxStep(
        id=made.pk if made is not None and is_open else None,
        icon=ICONS.get(text.kind, "point"),
        kind=str(KINDS.get(text.kind, text.kind)),
        title=Words(merging.fill(text.title, values)),
        day=day_in_words(text.after_days),
        due_at=due_at,
        is_done=made is not None and not is_open,
        is_overdue=due_at is not None and due_at < timezone.now(),
        subject=subject,
        words=words,
        to=str(to) if to else "",
        mailto=link,
        phone=phone,
        tel=fields.tel(phone),
        missing=merging.missing(subject.pieces, words.pieces),
        may_log=may_work and is_open and text.kind in Touch.Kind.values,
    )


def day_in_words(after: int) -> str:
    if after == 0:
        return _("the same day")
    return ngettext("after %(n)d working day", "after %(n)d working days", after) % {"n": after}


def situation(play: Play | PlayText) -> list[str]:
    """What a play asks for, in words; empty: nothing but its queue."""
    said = []
    if play.signal:
        said.append(str(SignalKind(play.signal).label))
    if play.is_expansion is not None:
        said.append(_("Paying") if play.is_expansion else _("Not paying yet"))
    if play.persona:
        said.append(capfirst(str(BuyingRole(play.persona).label)))
    if play.tier:
        said.append(str(Tier(play.tier).label))
    return said


# The list ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One play of the list with what came of it."""

    id: int
    name: str
    motion: str
    situation: list[str]
    goal: str
    n_steps: int
    is_active: bool
    is_removed: bool
    origin: str
    results: plays.Results
    may_edit: bool


def lines(member: Member, *, motion: str = "", removed: bool = False) -> list[Line]:
    """The plays of a motion, or of all; those that are suggested first. Three queries."""
    play_rows.built_in()
    rows = Play.objects.filter(removed_at__isnull=not removed).annotate(n_steps=Count("steps"))
    if motion:
        rows = rows.filter(motion=motion)
    counted = plays.results()
    order = [known.value for known in play_editing.MOTIONS]
    found = [
        Line(
            id=play.pk,
            name=play.name,
            motion=str(Motion(play.motion).label),
            situation=situation(play),
            goal=play.goal,
            n_steps=play.n_steps,
            is_active=play.is_active,
            is_removed=play.removed_at is not None,
            origin=_("yours") if play.key is None else _("built in, changed") if play.is_edited else _("built in"),
            results=counted.get(play.pk, plays.Results()),
            may_edit=play_editing.may_edit(member, play.motion),
        )
        for play in rows
    ]
    by_id = {play.pk: order.index(play.motion) for play in rows if play.motion in order}
    return sorted(found, key=lambda line: (by_id.get(line.id, 9), not line.is_active, line.name.lower()))
