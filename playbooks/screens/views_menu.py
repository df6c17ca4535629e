"""The menu in the head of a list: kept views, which facts the rows show, and the list as a file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import can
from accounts.models import Member
from playbooks import columns, exports, saved_views
from playbooks.filters import AccountFilter, QueueFilter
from playbooks.saved_views import View


@dataclass(frozen=True)
class Choice:
    """A fact that rows may show."""

    key: str
    label: str
    is_on: bool


@dataclass(frozen=True)
class Menu:
    """`query` is the address as a view would keep it; `kept` the view that shows, none when it is kept by no name.

    `export` is the file's address, empty for those who may not; `left_out` says how many rows it has not.
    """

    place: str
    columns_of: str
    label: str
    views: list[View]
    kept: View | None
    query: str
    here: str
    is_filtered: bool
    choices: list[Choice]
    is_usual: bool
    export: str
    export_words: str


def of_queue(wanted: QueueFilter, member: Member, *, shows: Collection[str], rows: int) -> Menu:
    may_export = can(member, "export", wanted.motion)
    return _menu(
        wanted.motion,
        columns.QUEUE,
        member,
        query=wanted.query(),
        shows=shows,
        rows=rows,
        export=reverse("queue_csv", args=[wanted.motion]) + wanted.query() if may_export else "",
    )


def of_accounts(wanted: AccountFilter, member: Member, *, shows: Collection[str], rows: int) -> Menu:
    return _menu(
        saved_views.ACCOUNTS,
        columns.ACCOUNTS,
        member,
        query=wanted.query(),
        shows=shows,
        rows=rows,
        export=reverse("accounts_csv") + wanted.query(),
    )


def _menu(
    list_: str, columns_of: str, member: Member, *, query: str, shows: Collection[str], rows: int, export: str
) -> Menu:
    views = saved_views.of(member, list_)
    return Menu(
        place=list_,
        columns_of=columns_of,
        label=saved_views.label(list_),
        views=views,
        kept=next((view for view in views if view.query == query and query), None),
        query=query,
        here=saved_views.address(list_) + query,
        is_filtered=bool(query),
        choices=[Choice(one.key, str(one.label), one.key in shows) for one in columns.KNOWN[columns_of]],
        is_usual=frozenset(shows) == columns.DEFAULTS[columns_of],
        export=export,
        export_words=_export_words(rows),
    )


def _export_words(rows: int) -> str:
    if rows > exports.MOST:
        return _("The first %(most)s of %(all)s rows; filter to get the others.") % {
            "most": f"{exports.MOST:,}",
            "all": f"{rows:,}",
        }
    return _("%(n)s rows, as filtered here") % {"n": f"{rows:,}"}
