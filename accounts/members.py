"""Members: the people of this app. They are invited by an admin; nobody signs up by himself."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Member, Role

#: What the audit log keeps of a member.
TOLD = ("name", "role", "weekly_capacity", "is_active")


def add(*, email: str, name: str, role: str, weekly_capacity: int | None = None) -> Member:
    """A new member without a password; the set-password link makes one. Raises `ValidationError` naming the field."""
    try:
        with transaction.atomic():
            said = {} if weekly_capacity is None else {"weekly_capacity": weekly_capacity}
            made = Member.objects.create_user(email, None, name=name.strip(), role=role, **said)
            _record("member.add", made, {})
            return made
    except IntegrityError:  # another admin was a moment faster
        raise ValidationError({"email": _("A member with this e-mail exists already.")}) from None


@transaction.atomic
def change(*, member_id: int, name: str, role: str, weekly_capacity: int | None = None) -> Member:
    """Another name, role or capacity (none given: as it was).

    Raises `Member.DoesNotExist`, and `ValidationError` (for the last admin’s role too).
    """
    member = _locked(member_id)
    before = _told(member)
    if member.role == Role.ADMIN and role != Role.ADMIN:
        _not_the_last_admin(member, "role")
    member.name, member.role = name.strip(), role
    if weekly_capacity is not None:
        member.weekly_capacity = weekly_capacity
    member.full_clean(exclude=["password"])
    member.save(update_fields=["name", "role", "weekly_capacity"])
    _record("member.change", member, before)
    return member


@transaction.atomic
def deactivate(*, member_id: int, actor: Member) -> Member:
    """Signs the member out and keeps him out. What he did stays; what he worked on goes back to its queues (`playbooks.upkeep`).

    Raises `Member.DoesNotExist`, and `ValidationError` when it is oneself or the last active admin.
    """
    member = _locked(member_id)
    if member.pk == actor.pk:
        raise ValidationError(_("You cannot deactivate yourself: ask another admin."), code="oneself")
    _not_the_last_admin(member, None)
    before = _told(member)
    member.is_active = False
    member.save(update_fields=["is_active"])
    _record("member.deactivate", member, before)
    return member


@transaction.atomic
def reactivate(*, member_id: int) -> Member:
    """Raises `Member.DoesNotExist`."""
    member = _locked(member_id)
    before = _told(member)
    member.is_active = True
    member.save(update_fields=["is_active"])
    _record("member.reactivate", member, before)
    return member


def set_profile(*, member: Member, name: str, time_zone: str, theme: str, shortcuts: bool) -> Member:
    """What a member says of himself. Raises `ValidationError` naming the field."""
    if time_zone not in time_zones():
        raise ValidationError({"timezone": _("“%(zone)s” is not a time zone.") % {"zone": time_zone[:64]}})
    member.name, member.timezone, member.theme, member.shortcuts = name.strip(), time_zone, theme, shortcuts
    member.full_clean(exclude=["password"])
    member.save(update_fields=["name", "timezone", "theme", "shortcuts"])
    return member


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """The names of all zones, in order. Reads some 600 file names once."""
    return tuple(sorted(zoneinfo.available_timezones() - {"localtime", "posixrules", "Factory"}))


def _told(member: Member) -> dict[str, object]:
    return {name: getattr(member, name) for name in TOLD}


def _record(action: str, member: Member, before: dict[str, object]) -> None:
    told = audit.changed(before, _told(member))
    if told:
        audit.record(action, subject="member", subject_id=member.pk, label=str(member), **told)


def _locked(member_id: int) -> Member:
    """The member, locked together with every active admin, so that two admins cannot remove each other at once."""
    rows = Member.objects.select_for_update().filter(Q(pk=member_id) | Q(role=Role.ADMIN, is_active=True))
    for member in rows.order_by("pk"):
        if member.pk == member_id:
            return member
    raise Member.DoesNotExist


def _not_the_last_admin(member: Member, field: str | None) -> None:
    if not member.is_active or member.role != Role.ADMIN:
        return
    if Member.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=member.pk).exists():
        return
    words = _("This is the last active admin: make somebody else an admin first.")
    raise ValidationError({field: words} if field else words, code="last_admin")
