"""How we know what belongs to an account: each domain and workspace with its source, how sure it is, and since when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.company_domains import told
from accounts.models import Account, AccountDomain, Ambiguity, ProductUser, Workspace

MOST = 200

STEPS: dict[str, str | Promise] = {
    "hand": gettext_lazy("a member decided so"),
    "domain": gettext_lazy("it states the domain"),
    "members": gettext_lazy("most of its members with a company"),
    "own": gettext_lazy("no company is known: stands for itself"),
    "": gettext_lazy("not known"),
}


@dataclass(frozen=True)
class DomainLine:
    """`by`: the key of `source`."""

    domain: str
    is_main: bool
    source: str
    confidence: float
    since: dt.datetime
    who: str
    by: str


@dataclass(frozen=True)
class SpaceLine:
    """`by`: the step of the ladder, which `how` tells in words."""

    name: str
    external_id: str
    how: str
    stated: str
    confidence: float
    since: dt.datetime | None
    is_ambiguous: bool
    by: str


@dataclass(frozen=True)
class Known:
    """`by_email`, `by_hand`, `by_contact`: product users by how their account was found."""

    domains: list[DomainLine]
    spaces: list[SpaceLine]
    more_spaces: int
    by_email: int
    by_hand: int
    by_contact: int


def how(by: str) -> str:
    """A step of the ladder in words."""
    return str(STEPS.get(by, by))


def known(account: Account) -> Known:
    """Four queries."""
    sources = told.sources()
    rows = AccountDomain.objects.filter(account=account).select_related("added_by").order_by("domain")
    open_ = Ambiguity.objects.filter(workspace=OuterRef("pk"), settled_at=None)
    spaces = Workspace.objects.filter(account=account).annotate(unclear=Exists(open_)).order_by("name", "id")
    people = ProductUser.objects.filter(account=account).values_list("account_by").annotate(n=Count("pk"))
    counts = dict(people.order_by())
    return Known(
        domains=[
            DomainLine(
                row.domain,
                row.domain == account.domain,
                sources.get(row.source, row.source),
                row.confidence,
                row.added_at,
                str(row.added_by or ""),
                row.source,
            )
            for row in rows[:MOST]
        ],
        spaces=[
            SpaceLine(
                str(space),
                space.external_id,
                _("two companies claim it") if space.unclear else how(space.account_by),
                ", ".join(dict.fromkeys(d for d in (space.domain, *space.further_domains) if d)),
                space.account_confidence,
                space.account_at,
                space.unclear,
                space.account_by,
            )
            for space in spaces[:MOST]
        ],
        more_spaces=max(0, Workspace.objects.filter(account=account).count() - MOST),
        by_email=counts.get("", 0),
        by_hand=counts.get("hand", 0),
        by_contact=counts.get("contact", 0),
    )
