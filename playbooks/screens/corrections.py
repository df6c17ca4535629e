"""The pages of corrections: one account and what may be wrong with it, and the list of what was corrected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import corrections, suggesting
from accounts.company_domains import told
from accounts.models import Account, AccountDomain, Correction, MergeSuggestion, ProductUser, Workspace
from playbooks.correction_asks import DOMAIN, MERGE, SPLIT, WORKSPACE, Ask
from playbooks.foreseeing import Foreseen, Side
from scoring.models import Score

#: Accounts found by a search, and rows of people and workspaces to choose from.
FOUND, LISTED = 8, 50
#: Domains of an account in its preview; the choice beside it has them all.
SHOWN = 6


@dataclass(frozen=True)
class Other:
    """An account to choose: `because` says why it is offered, if it is."""

    id: int
    name: str
    domain: str
    score: int | None
    tier: str
    because: str = ""


@dataclass(frozen=True)
class Line:
    """One fact before and after; `moved` when they differ. `after_away` is empty when the account is gone."""

    label: str
    away: str
    into: str
    away_after: str
    into_after: str


@dataclass(frozen=True)
class Row:
    """One correction of the list. `undone` says when and by whom; `is_open` whether it can be undone."""

    id: int
    words: str
    kind: str
    icon: str
    moved: str
    note: str
    at: dt.datetime
    who: str
    undone_at: dt.datetime | None
    undone_by: str
    from_id: int
    to_id: int


@dataclass(frozen=True)
class Likely:
    """Two accounts that may be one, with what speaks for it."""

    id: int
    away: Account
    into: Account
    share: float
    evidence: list[str]
    would_settle: str
    dismissed_at: dt.datetime | None
    dismissed_by: str
    href: str


ICONS = {
    Correction.Kind.MERGE: "arrow-right",
    Correction.Kind.MOVE_DOMAIN: "world",
    Correction.Kind.MOVE_WORKSPACE: "layout",
    Correction.Kind.SPLIT: "exchange",
}


def tabs(ask: Ask) -> list[tuple[str, str, bool]]:
    """(value, label, whether it is here)."""
    labels = {
        MERGE: _("Merge"),
        DOMAIN: _("Move a domain"),
        WORKSPACE: _("Move a workspace"),
        SPLIT: _("Split"),
    }
    return [(do, label, do == ask.do) for do, label in labels.items()]


def others(account: Account, q: str) -> list[Other]:
    """Accounts to choose: those that a search finds, without one those that are likely the same company."""
    if not q:
        pairs = MergeSuggestion.objects.filter(
            Q(account=account) | Q(into=account), correction=None, dismissed_at=None
        ).filter(account__merged_into=None, into__merged_into=None)
        rows = pairs.select_related("account__score", "into__score").order_by("-score")[:FOUND]
        return [
            _other(one.into if one.account_id == account.pk else one.account, _("likely the same company"))
            for one in rows
        ]
    of_domain = AccountDomain.objects.filter(domain__icontains=q.lower()).values("account")
    found = Account.objects.current().filter(Q(name__icontains=q) | Q(pk__in=of_domain)).exclude(pk=account.pk)
    return [_other(one) for one in found.select_related("score").order_by("name", "pk")[:FOUND]]


def _other(account: Account, because: str = "") -> Other:
    score: Score | None = getattr(account, "score", None)
    return Other(
        account.pk, account.name, account.domain, score.score if score else None, score.tier if score else "", because
    )


def parts(account: Account, ask: Ask) -> dict[str, Any]:
    """What of the account can be chosen: domains, workspaces, and for a split people, those of a search or the latest."""
    found: dict[str, Any] = {}
    if ask.do in (DOMAIN, SPLIT):
        sources = told.sources()
        rows = AccountDomain.objects.filter(account=account).order_by("domain")[:LISTED]
        found["domains"] = [{"domain": row.domain, "source": sources.get(row.source, row.source)} for row in rows]
    if ask.do in (WORKSPACE, SPLIT):
        chosen = [*ask.workspaces, ask.workspace or 0]
        spaces = Workspace.objects.filter(account=account)
        found["workspaces"] = list(spaces.order_by("name", "pk")[:LISTED])
        known = {one.pk for one in found["workspaces"]}
        found["workspaces"] += list(spaces.filter(pk__in=set(chosen) - known))
    if ask.do == SPLIT:
        people = ProductUser.objects.filter(account=account)
        wanted = people.filter(Q(name__icontains=ask.q) | Q(email__icontains=ask.q)) if ask.q else people
        found["people"] = list(people.filter(pk__in=ask.people))
        found["people"] += list(wanted.exclude(pk__in=ask.people).order_by("-last_seen_at", "pk")[:LISTED])
    return found


def _few(domains: Sequence[str]) -> str:
    more = len(domains) - SHOWN
    told = ", ".join(domains[:SHOWN]) or "–"
    return told if more <= 0 else _("%(names)s and %(n)s more") % {"names": told, "n": f"{more:,}"}


def lines(seen: Foreseen) -> list[Line]:
    """The preview as a table: what both accounts are now and would be."""
    sides = (seen.away, seen.into, seen.away_after, seen.into_after)

    def line(label: str, tell: Any) -> Line:
        return Line(label, *("" if side is None or side.is_gone else tell(side) for side in sides))

    return [
        line(_("People"), lambda side: f"{side.weight.people:,}"),
        line(_("Active in 28 days"), lambda side: f"{side.weight.active:,}"),
        line(_("Workspaces"), lambda side: f"{side.weight.workspaces:,}"),
        line(_("Domains"), lambda side: _few(side.weight.domains)),
        line(_("Contacts"), lambda side: f"{side.weight.contacts:,}"),
        line(_("Events, 28 days"), lambda side: f"{side.weight.events:,}"),
        line(_("Events, 90 days"), lambda side: f"{side.weight.events_long:,}"),
        line(_("Score"), lambda side: _score(side, is_rated=seen.is_rated or side in sides[:2])),
        line(_("Buyer"), lambda side: side.rated.buyer or "–"),
        line(_("In the queues"), lambda side: "; ".join(_place(place) for place in side.places) or "–"),
    ]


def _score(side: Side, *, is_rated: bool) -> str:
    if not is_rated:
        return _("after the next run")
    if side.rated.score is None:
        return _("none: too little usage")
    return f"{side.rated.score} · {side.rated.tier_label}"


def _place(place: Any) -> str:
    return f"{place.motion}: {place.owner or place.state}"


def consequences(seen: Foreseen) -> list[str]:
    """What a member should know before, in sentences."""
    found = []
    if seen.leaving > 0:
        found.append(
            ngettext(
                "%(n)d queue item gives way: one stays in each queue, with its owner; what was still to be done goes on there.",
                "%(n)d queue items give way: one stays in each queue, with its owner; what was still to be done goes on there.",
                seen.leaving,
            )
            % {"n": seen.leaving}
        )
    if seen.leaves_nothing:
        found.append(
            _("Nothing is left of %(name)s. If both are one company, merge them instead.") % {"name": seen.away.name}
        )
    if seen.away_after.is_gone:
        found.append(
            _("The address of %(away)s then leads to %(into)s.")
            % {"away": seen.away.name, "into": seen.into_after.name}
        )
    if not seen.is_rated:
        found.append(_("Usage lies in a warehouse: scores follow with the next full run."))
    return found


def moved_in_words(counts: dict[str, int] | None) -> str:
    """`"12 people, 1 domain"`."""
    told = counts or {}
    words = [
        ngettext("%(n)s person", "%(n)s people", told.get("people", 0)),
        ngettext("%(n)s workspace", "%(n)s workspaces", told.get("workspaces", 0)),
        ngettext("%(n)s domain", "%(n)s domains", told.get("domains", 0)),
        ngettext("%(n)s contact", "%(n)s contacts", told.get("contacts", 0)),
    ]
    numbers = [told.get(name, 0) for name in ("people", "workspaces", "domains", "contacts")]
    return ", ".join(word % {"n": f"{n:,}"} for word, n in zip(words, numbers, strict=True) if n) or _("nothing")


def rows(found: Iterable[Correction]) -> list[Row]:
    """Of corrections that were read by `CorrectionFilter.rows`."""
    return [
        Row(
            id=one.pk,
            words=corrections.in_words(one),
            kind=str(one.get_kind_display()),
            icon=ICONS[Correction.Kind(one.kind)],
            moved=moved_in_words(one.counts),  # type: ignore[attr-defined]
            note=one.note,
            at=one.made_at,
            who=str(one.made_by) if one.made_by else "plsapp",
            undone_at=one.undone_at,
            undone_by=str(one.undone_by) if one.undone_by else "",
            from_id=one.from_account_id,
            to_id=one.to_account_id,
        )
        for one in found
    ]


def likely(found: Iterable[MergeSuggestion]) -> list[Likely]:
    return [
        Likely(
            id=one.pk,
            away=one.account,
            into=one.into,
            share=min(one.score, 0.99),  # only a member is sure
            evidence=suggesting.words(one.evidence),
            would_settle=suggesting.would_settle(one.evidence),
            dismissed_at=one.dismissed_at,
            dismissed_by=str(one.dismissed_by) if one.dismissed_by else "",
            href=reverse("account_correct", args=[one.account_id]) + f"?do=merge&other={one.into_id}",
        )
        for one in found
    ]
