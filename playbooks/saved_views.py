"""Views that members keep: a name for the address of a list. A shared one is everybody's to use, and its owner's or an admin's to
change. The address is kept as it was; what it says of a filter that is none any more is named when the view is listed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import access, audit
from accounts.models import Member
from playbooks.filters import AccountFilter, QueueFilter
from playbooks.models import Motion, SavedView
from playbooks.refused import Refused

#: The lists that have views: the queues by their motion, and the accounts.
ACCOUNTS = "accounts"
LISTS = (Motion.SALES.value, Motion.SUCCESS.value, Motion.MARKETING.value, ACCOUNTS)
MOST, NAME_LENGTH, QUERY_LENGTH = 50, 80, 600
#: For how long a view that was deleted can come back.
UNDO_SECONDS = 15 * 60
_SALT = "playbooks.saved_views"


@dataclass(frozen=True)
class View:
    """`errors` name the filters of the address that are not understood any more. `owner` is empty for one's own."""

    id: int
    name: str
    place: str
    query: str
    href: str
    is_own: bool
    is_shared: bool
    owner: str
    may_change: bool
    errors: tuple[str, ...]


def of(member: Member, list_: str | None = None) -> list[View]:
    """One's own and the shared ones of a list (none: of all), own ones first, by name. One query."""
    rows = SavedView.objects.filter(Q(member=member) | Q(is_shared=True, member__is_active=True)).select_related(
        "member"
    )
    rows = rows.filter(motion__in=LISTS if list_ is None else [list_])
    views = [seen(row, member) for row in rows]
    return sorted(views, key=lambda view: (LISTS.index(view.place), not view.is_own, view.name.casefold(), view.id))


def seen(row: SavedView, member: Member) -> View:
    """A view as the member sees it."""
    is_own = row.member_id == member.pk
    return View(
        id=row.pk,
        name=row.name,
        place=row.motion,
        query=row.query,
        href=address(row.motion) + row.query,
        is_own=is_own,
        is_shared=row.is_shared,
        owner="" if is_own else str(row.member),
        may_change=_may_change(row, member),
        errors=_read(row.motion, row.query).errors,
    )


def address(list_: str) -> str:
    return reverse("accounts") if list_ == ACCOUNTS else reverse("queue_motion", args=[list_])


def label(list_: str) -> str:
    """`"Sales queue"` or `"Accounts"`."""
    if list_ == ACCOUNTS:
        return _("Accounts")
    return _("%(motion)s queue") % {"motion": Motion(list_).label}


def here(list_: str, query: str) -> str:
    """The query as a view keeps it: what is filtered and sorted, without page and selected item."""
    return _read(list_, query).query()


def _read(list_: str, query: str) -> QueueFilter | AccountFilter:
    said = dict(parse_qsl(query.removeprefix("?")))
    return AccountFilter.read(said) if list_ == ACCOUNTS else QueueFilter.read(list_, said)


# Changing them -------------------------------------------------------------------------------------------------------


@transaction.atomic
def save(*, member: Member, list_: str, name: str, query: str, is_shared: bool = False) -> SavedView:
    """Keeps a view; one's own of this name gets the new address. Raises `Refused` naming the field."""
    if list_ not in LISTS:
        raise Refused("list", _("Choose sales, success, marketing or accounts."))
    name = _checked_name(name)
    if "\x00" in query:
        raise Refused("query", _("This is no address."))
    wanted = _read(list_, query)
    if wanted.errors:
        raise Refused("query", " ".join(wanted.errors))
    kept = wanted.query()
    if len(kept) > QUERY_LENGTH:
        raise Refused("query", _("These filters are longer than a view can keep."))
    own = SavedView.objects.filter(member=member)
    if own.count() >= MOST and not own.filter(motion=list_, name=name).exists():
        raise Refused("name", _("You keep %(most)d views already. Delete one first.") % {"most": MOST})
    was_shared = own.filter(motion=list_, name=name, is_shared=True).exists()
    view, _is_new = SavedView.objects.update_or_create(
        member=member, motion=list_, name=name, defaults={"query": kept, "is_shared": is_shared}
    )
    if is_shared or was_shared:
        _record("view.share" if is_shared else "view.unshare", view, member)
    return view


@transaction.atomic
def change(*, view_id: int, member: Member, name: str | None = None, is_shared: bool | None = None) -> SavedView:
    """Another name, or shared or not. Raises `SavedView.DoesNotExist` for what the member may not change, and `Refused`."""
    view = changeable(view_id, member)
    was_shared, before = view.is_shared, {"name": view.name}
    if name is not None:
        view.name = _checked_name(name)
    if is_shared is not None:
        view.is_shared = is_shared
    try:
        with transaction.atomic():
            view.save(update_fields=["name", "is_shared"])
    except IntegrityError:
        raise Refused("name", _("There is a view “%(name)s” of this list already.") % {"name": view.name}) from None
    told = audit.changed(before, {"name": view.name})
    if was_shared != view.is_shared:
        _record("view.share" if view.is_shared else "view.unshare", view, member)
    elif view.is_shared and told:
        _record("view.rename", view, member, **told)
    return view


@transaction.atomic
def remove(*, view_id: int, member: Member) -> tuple[SavedView, str]:
    """Deletes a view; returns it, and the token that `put_back` takes for a quarter of an hour."""
    view = changeable(view_id, member)
    token = signing.dumps(asdict(_Removed.of(view)), salt=_SALT, compress=True)
    if view.is_shared:
        _record("view.remove", view, member)
    view.delete()
    return view, token


@transaction.atomic
def put_back(*, token: str, member: Member) -> SavedView:
    """The view that was deleted. Raises `SavedView.DoesNotExist` for a token that is none or too old, and `Refused`."""
    try:
        was = _Removed(**signing.loads(token, salt=_SALT, max_age=UNDO_SECONDS))
    except (signing.BadSignature, TypeError):
        raise SavedView.DoesNotExist from None
    if was.member != member.pk and not access.can(member, "administer"):
        raise SavedView.DoesNotExist
    view, is_new = SavedView.objects.get_or_create(
        member_id=was.member,
        motion=was.motion,
        name=was.name,
        defaults={"query": was.query, "is_shared": was.is_shared},
    )
    if is_new and view.is_shared:
        _record("view.share", view, member)
    if not is_new and (view.query, view.is_shared) != (was.query, was.is_shared):
        raise Refused("name", _("There is a view “%(name)s” of this list already.") % {"name": was.name})
    return view


def _record(action: str, view: SavedView, member: Member, **told: Any) -> None:
    """One's own views are nobody's business; what everybody sees is."""
    audit.record(action, by=member, subject="view", subject_id=view.pk, label=view.name, **told)


def changeable(view_id: int, member: Member) -> SavedView:
    """Raises `SavedView.DoesNotExist`."""
    view = SavedView.objects.get(pk=view_id)
    if not _may_change(view, member):
        raise SavedView.DoesNotExist
    return view


def _may_change(view: SavedView, member: Member) -> bool:
    return view.member_id == member.pk or (view.is_shared and access.can(member, "administer"))


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or "\x00" in name:
        raise Refused("name", _("Give the view a name."))
    if len(name) > NAME_LENGTH:
        raise Refused("name", _("At most %(most)d letters.") % {"most": NAME_LENGTH})
    return name


@dataclass(frozen=True)
class _Removed:
    member: int
    motion: str
    name: str
    query: str
    is_shared: bool

    @classmethod
    def of(cls, view: SavedView) -> _Removed:
        return cls(view.member_id, view.motion, view.name, view.query, view.is_shared)
