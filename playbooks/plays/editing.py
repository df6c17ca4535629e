"""Plays as members edit them: by product and admins, and by whoever works the play's queue.

`revision` grows with every change, and a save names the revision it began from; of two who save at once the second is told
(`Changed`). A play that was begun somewhere is never deleted: removing puts it away, and `put_back` brings it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, audit, changes
from accounts.models import BuyingRole, Member, SignalKind
from playbooks.models import Motion, Play, PlayStep, QueueItem
from playbooks.plays import merging
from playbooks.plays import rows as play_rows
from playbooks.plays.library import EXITS, LIBRARY, PlayText, StepText
from playbooks.refused import Refused
from scoring.models import Tier

NAME, GOAL, POINTS, TITLE, WORDS = 120, 300, 4_000, 200, 6_000
MOST_STEPS, MOST_DAYS = 20, 120
MOTIONS = (Motion.SALES, Motion.SUCCESS, Motion.MARKETING)
KINDS = tuple(value for value, _words in PlayStep._meta.get_field("kind").flatchoices)
SUBJECT = 200
#: What decides where a play is suggested.
SITUATION = ("motion", "tier", "signal", "persona", "is_expansion", "is_active")


class Changed(Exception):
    """Somebody changed the play since it was read; `current` is the row as it is now."""

    def __init__(self, current: Play) -> None:
        super().__init__(_("The play changed since you opened it."))
        self.current = current


def may_edit(member: Member, motion: str) -> bool:
    return access.can(member, "edit_plays", motion)


@transaction.atomic
def add(*, member: Member, text: PlayText) -> Play:
    """A new play. Raises `PermissionDenied`, and `Refused` naming the field: `name`, `steps.0.words`, …"""
    _may(member, text.motion)
    play = Play(updated_by=member)
    check(text)
    play_rows.write(play, text)
    _record("play.add", play, member)
    _suggest_again(play.motion)
    return play


@transaction.atomic
def save(*, play_id: int, revision: int, member: Member, text: PlayText) -> Play:
    """Writes the whole play. What changes nothing is no new revision.

    Raises `Play.DoesNotExist`, `Changed`, `PermissionDenied` (also for moving a play to a queue that the member does not work), and
    `Refused` naming the field.
    """
    play = _locked(play_id, member)
    if play.revision != revision or play.removed_at is not None:
        raise Changed(play)
    _may(member, text.motion)
    check(text, but=play.pk)
    if play_rows.text_of(play) == text:
        return play
    built_in = LIBRARY.get(play.key or "")
    play.is_edited = built_in is not None and replace(text, is_active=built_in.is_active) != built_in
    before = play_rows.text_of(play)
    told = audit.changed(*(_told(one) for one in (before, text)))
    _record("play.change", play, member, told)
    return _changed(play, member, text)


@transaction.atomic
def copy(*, play_id: int, member: Member) -> Play:
    """The same again under another name, switched off until somebody switches it on. Raises as `save` does."""
    text = play_rows.text_of(_locked(play_id, member))
    name = play_rows.free_name(_("Copy of %(name)s") % {"name": text.name[: NAME - 20]})
    return add(member=member, text=replace(text, name=name, is_active=False))


@transaction.atomic
def reset(*, play_id: int, member: Member) -> tuple[Play, PlayText]:
    """Puts a built-in play back to its text; also answers what it said before, for the undo.

    Raises as `save` does, and `Refused` for one that is not built in.
    """
    play = _locked(play_id, member)
    built_in = LIBRARY.get(play.key or "")
    if built_in is None:
        raise Refused("play", _("This play is not a built-in one."))
    before = play_rows.text_of(play)
    _may(member, built_in.motion)
    play.is_edited = False
    _record("play.reset", play, member)
    name = play_rows.free_name(built_in.name, but=play.pk)
    return _changed(play, member, replace(built_in, name=name, is_active=play.is_active)), before


@transaction.atomic
def switch(*, play_id: int, member: Member, on: bool) -> Play:
    """Whether it is suggested. Items that run it go on. Raises as `save` does."""
    play = _locked(play_id, member)
    if play.is_active != on:
        play.is_active = on
        _record("play.on" if on else "play.off", play, member)
        _touch(play, member, "is_active")
    return play


@transaction.atomic
def remove(*, play_id: int, member: Member) -> Play:
    """Puts it away. Items that run it go on. Raises as `save` does."""
    play = _locked(play_id, member)
    if play.removed_at is None:
        play.removed_at = timezone.now()
        _record("play.remove", play, member)
        _touch(play, member, "removed_at")
    return play


@transaction.atomic
def put_back(*, play_id: int, member: Member) -> Play:
    """The undo of `remove`. Raises as `save` does."""
    play = _locked(play_id, member)
    if play.removed_at is not None:
        play.removed_at = None
        _record("play.back", play, member)
        _touch(play, member, "removed_at")
    return play


def _told(text: PlayText) -> dict[str, Any]:
    """What the audit log keeps of a play: its steps only by their number and titles."""
    told = {name: getattr(text, name) for name in play_rows.COLUMNS if name != "talking_points"}
    return told | {"steps": [step.title for step in text.steps], "exits": list(text.exits)}


def _record(action: str, play: Play, member: Member, told: Mapping[str, Any] | None = None) -> None:
    audit.record(action, by=member, subject="play", subject_id=play.pk, label=play.name, **(told or {}))


def _suggest_again(*motions: str) -> None:
    """The accounts in these queues are routed again within seconds, and get the play that fits now. Once a transaction."""
    found = (
        QueueItem.objects.open().filter(motion__in=motions).order_by("account_id").values_list("account_id", flat=True)
    )
    changes.mark(list(found.distinct()), table=changes.SCORED)


def check(text: PlayText, *, but: int = 0) -> None:
    """Raises `Refused` for the first thing that is wrong. `but`: the id of the play that may have the name."""
    for field, words in problems(text, but=but):
        raise Refused(field, words)


def problems(text: PlayText, *, but: int = 0) -> Iterator[tuple[str, str]]:
    """Everything that is wrong, as field and words. Fields of steps are `steps.0.title` and so on."""
    if not text.name.strip():
        yield "name", _("A play has a name.")
    elif Play.objects.filter(name=text.name).exclude(pk=but).exists():
        yield "name", _("Another play has this name.")
    for field, said, most in (("name", text.name, NAME), ("goal", text.goal, GOAL)):
        yield from _text(field, said, most)
    yield from _text("talking_points", text.talking_points, POINTS, lines=True)
    for field, chosen, known in (
        ("motion", text.motion, [motion.value for motion in MOTIONS]),
        ("tier", text.tier, ["", *Tier.values]),
        ("signal", text.signal, ["", *SignalKind.values]),
        ("persona", text.persona, ["", *BuyingRole.values]),
    ):
        if chosen not in known:
            yield field, _("“%(value)s” is not one of the choices.") % {"value": chosen[:40]}
    if unknown := [exit_ for exit_ in text.exits if exit_ not in EXITS]:
        yield "exits", _("“%(value)s” is not one of the choices.") % {"value": unknown[0][:40]}
    if len(text.steps) > MOST_STEPS:
        yield "steps", _("At most %(n)d steps.") % {"n": MOST_STEPS}
    if not text.steps:
        yield "steps", _("A play has a step at least.")
    for number, step in enumerate(text.steps[:MOST_STEPS]):
        for field, words in _step_problems(step):
            yield f"steps.{number}.{field}", words


def _step_problems(step: StepText) -> Iterator[tuple[str, str]]:
    if step.kind not in KINDS:
        yield "kind", _("“%(value)s” is not one of the choices.") % {"value": step.kind[:40]}
    if not 0 <= step.after_days <= MOST_DAYS:
        yield "after_days", _("From 0 to %(most)d days.") % {"most": MOST_DAYS}
    if not step.title.strip():
        yield "title", _("Say what is to be done.")
    yield from _text("title", step.title, TITLE)
    yield from _text("subject", step.subject, SUBJECT)
    yield from _text("words", step.words, WORDS, lines=True)


def _text(field: str, said: str, most: int, *, lines: bool = False) -> Iterator[tuple[str, str]]:
    if len(said) > most:
        yield field, _("At most %(n)d characters.") % {"n": most}
    if any(character < " " and not (lines and character in "\n\t") for character in said):
        yield field, _("Holds a character that cannot be shown.")
    for words in merging.problems(said):
        yield field, words


def as_json(text: PlayText) -> dict[str, Any]:
    """To keep a text in a session, for the undo."""
    return asdict(text)


def from_json(kept: dict[str, Any]) -> PlayText:
    steps = tuple(StepText(**step) for step in kept["steps"])
    return PlayText(**{**kept, "steps": steps, "exits": tuple(kept["exits"])})


def _locked(play_id: int, member: Member) -> Play:
    play = Play.objects.select_for_update().get(pk=play_id)
    _may(member, play.motion)
    return play


def _may(member: Member, motion: str) -> None:
    if not may_edit(member, motion):
        raise PermissionDenied


def _changed(play: Play, member: Member, text: PlayText) -> Play:
    motions = {play.motion, text.motion}
    situation = [getattr(play, name) for name in SITUATION]
    play.revision += 1
    play.updated_by = member
    play_rows.write(play, text)
    if situation != [getattr(play, name) for name in SITUATION]:
        _suggest_again(*motions)
    return play


def _touch(play: Play, member: Member, *names: str) -> None:
    play.revision += 1
    play.updated_by = member
    play.save(update_fields=[*names, "revision", "updated_by", "updated_at"])
    _suggest_again(play.motion)
