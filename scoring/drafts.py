"""Drafts of definitions: begun from a version, saved by whoever saw what was there, put away and brought back.

A draft is always one that could be published: a bad spec is refused at its field and the row stays as it was. `revision` grows
with every change, and a save names the revision it began from; of two who save at once the second is told (`Changed`).
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, audit
from accounts.models import Member
from scoring import definitions, rules
from scoring.models import Definition

NAME_LENGTH = 120


class Changed(Exception):
    """Somebody saved, published or discarded the draft since it was read; `current` is the row as it is now."""

    def __init__(self, current: Definition) -> None:
        super().__init__(_("The draft changed since you opened it."))
        self.current = current


def listing(*, discarded: bool = False) -> QuerySet[Definition]:
    """Drafts by their last save, newest first; or those that were discarded."""
    rows = Definition.objects.filter(state=Definition.State.DRAFT, version=None, discarded_at__isnull=not discarded)
    return rows.select_related("based_on", "created_by", "updated_by").order_by("-updated_at", "-pk")


def begin(
    *,
    member: Member,
    based_on: Definition | None = None,
    name: str = "",
    spec: Any | None = None,
    note: str = "",
) -> Definition:
    """A new draft with the spec of a version or a draft, or with the one given; the version in force when none is.

    `note`: why, offered when it is published. Raises `rules.BadDefinition` naming the field.
    """
    _may(member)
    based_on = based_on or definitions.published()
    version = based_on if based_on.version is not None else based_on.based_on
    name = name.strip() or _free_name(name_of_draft(version))
    checked = definitions.spec_of(based_on) if spec is None else definitions.parsed(spec)
    return Definition.objects.create(
        name=_checked_name(name),
        spec=checked.as_json(),
        note=note,
        based_on=version,
        created_by=member,
        updated_by=member,
    )


def _free_name(name: str) -> str:
    """With a number when drafts of that name are there: in a menu they must differ."""
    taken = set(listing().filter(name__startswith=name).values_list("name", flat=True))
    names = itertools.chain([name], (f"{name} ({number})" for number in itertools.count(2)))
    return next(free for free in names if free not in taken)


def is_unnamed(draft: Definition) -> bool:
    """Whether nobody has given it a name of its own."""
    name = re.escape(name_of_draft(draft.based_on))
    return re.fullmatch(rf"{name}( \(\d+\))?", draft.name) is not None


def name_of_draft(version: Definition | None) -> str:
    """What a draft is called that nobody has named."""
    return _("Draft of version %(version)d") % {"version": version.version if version and version.version else 1}


def save(
    *, draft_id: int, revision: int, member: Member, name: str | None = None, spec: Any | None = None
) -> Definition:
    """Saves name and spec, those that are given; answers the row with its new revision.

    What changes nothing is no new revision. Raises `Definition.DoesNotExist`, `Changed`, and `rules.BadDefinition` naming the
    field (`name` too).
    """
    _may(member)
    with transaction.atomic():
        draft = Definition.objects.select_for_update().get(pk=draft_id)
        if draft.state != Definition.State.DRAFT or draft.discarded_at or draft.revision != revision:
            raise Changed(draft)
        told = draft.name, draft.spec
        if name is not None:
            draft.name = _checked_name(name.strip())
        if spec is not None:
            draft.spec = definitions.parsed(spec).as_json()
        if (draft.name, draft.spec) == told:
            return draft
        return _changed(draft, member, "name", "spec")


def discard(*, draft_id: int, member: Member) -> Definition:
    """Puts a draft away; `restore` brings it back. Doing it twice is doing it once. Raises `Definition.DoesNotExist`."""
    return _put(draft_id, member, away=True)


def restore(*, draft_id: int, member: Member) -> Definition:
    """Brings a discarded draft back. Raises `Definition.DoesNotExist`."""
    return _put(draft_id, member, away=False)


@transaction.atomic
def _put(draft_id: int, member: Member, *, away: bool) -> Definition:
    _may(member)
    draft = Definition.objects.select_for_update().get(pk=draft_id, state=Definition.State.DRAFT)
    if bool(draft.discarded_at) == away:
        return draft
    draft.discarded_at = timezone.now() if away else None
    how = "discard" if away else "restore"
    audit.record(f"draft.{how}", by=member, subject="definition", subject_id=draft.pk, label=draft.name)
    return _changed(draft, member, "discarded_at")


def _changed(draft: Definition, member: Member, *fields: str) -> Definition:
    draft.revision += 1
    draft.updated_by = member
    draft.save(update_fields=[*fields, "revision", "updated_by", "updated_at"])
    return draft


def _may(member: Member) -> None:
    if not access.can(member, "edit_definitions"):
        raise PermissionDenied


def _checked_name(name: str) -> str:
    if not name:
        raise rules.BadDefinition("name", _("a draft has a name"))
    if len(name) > NAME_LENGTH:
        raise rules.BadDefinition("name", _("at most %(n)d characters") % {"n": NAME_LENGTH})
    if any(character < " " for character in name):
        raise rules.BadDefinition("name", _("holds a character that cannot be shown"))
    return name
