"""Plays as rows: the built-in ones are made and kept up to date, members' changes stay.

A built-in play that nobody has changed follows the text of this version; one that was changed keeps what the member wrote, and can
be put back to the built-in text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from playbooks.models import Play, PlayStep
from playbooks.plays.library import LIBRARY, PlayText, StepText

#: What of a play is a column of the same name; exits and steps are written otherwise.
COLUMNS = tuple(field.name for field in fields(PlayText) if field.name not in ("exits", "steps"))
#: Databases whose built-in plays were compared with this version's texts by this process.
_COMPARED: set[str] = set()


def active() -> QuerySet[Play]:
    """The plays that are suggested, in a steady order."""
    return Play.objects.filter(is_active=True, removed_at=None).order_by("pk")


def text_of(play: Play) -> PlayText:
    """What the play says, with its steps in order. One query, unless the steps were prefetched."""
    steps = tuple(
        StepText(step.kind, step.after_days, step.title, step.subject, step.words) for step in play.steps.all()
    )
    return PlayText(**{name: getattr(play, name) for name in COLUMNS}, exits=tuple(play.exits), steps=steps)


def write(play: Play, text: PlayText) -> None:
    """Sets columns and steps; the caller saves the play first when it is new. A step that stays keeps its row.

    Items that run the play refer to its steps for the words.
    """
    for name in COLUMNS:
        setattr(play, name, getattr(text, name))
    play.exits = list(text.exits)
    play.save()
    _write_steps(play, text.steps)


def built_in(*, compare: bool = True) -> None:
    """Makes the built-in plays that are not there yet and, once a process, brings unchanged ones up to date.

    One query when nothing is to be done. Members who removed a play keep it removed.
    """
    database = str(connection.settings_dict["NAME"])
    known = set(Play.objects.exclude(key=None).values_list("key", flat=True))
    missing = [key for key in LIBRARY if key not in known]
    if not missing and (database in _COMPARED or not compare):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # Two workers at once: the second finds everything made.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [7_041])
        for key, text in LIBRARY.items():
            _keep(key, text)
    _COMPARED.add(database)


def _keep(key: str, text: PlayText) -> None:
    play = Play.objects.filter(key=key).prefetch_related("steps").first()
    if play is None:
        write(Play(key=key), replace(text, name=free_name(text.name)))
    elif not play.is_edited and replace(text_of(play), name=text.name, is_active=text.is_active) != text:
        write(play, replace(text, name=play.name, is_active=play.is_active))


def free_name(name: str, *, but: int = 0) -> str:
    """The name, or with a number when another play has it."""
    taken = set(Play.objects.exclude(pk=but).filter(name__startswith=name[:100]).values_list("name", flat=True))
    number, found = 2, name
    while found in taken:
        found = _("%(name)s (%(n)d)") % {"name": name[:110], "n": number}
        number += 1
    return found


def _write_steps(play: Play, texts: Sequence[StepText]) -> None:
    old = list(PlayStep.objects.filter(play=play))
    for place, text in enumerate(texts):
        step = old[place] if place < len(old) else PlayStep(play=play)
        told = (place, text.after_days, text.kind, text.title, text.subject, text.words)
        if step.pk and told == (step.place, step.after_days, step.kind, step.title, step.subject, step.words):
            continue
        step.place, step.after_days, step.kind, step.title, step.subject, step.words = told
        step.save()
    PlayStep.objects.filter(pk__in=[step.pk for step in old[len(texts) :]]).delete()
