"""Reading the audit log: what is asked of it, and its entries in words, a page after the other by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit_words
from accounts.models import AuditEntry
from accounts.models.members import Member

PAGE = 50
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class AuditFilter:
    """The state of the page. `action` is a whole one (`member.add`) or its noun; `by` a member's id, 0 for none; `before` is where
    a page begins: the id of the last entry of the page above it."""

    by: int | None = None
    action: str = ""
    subject: str = ""
    id: int | None = None
    from_: dt.date | None = None
    until: dt.date | None = None
    q: str = ""
    before: int | None = None
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, str]) -> AuditFilter:
        errors: list[str] = []

        def number(name: str, label: str) -> int | None:
            said = data.get(name, "")
            if said and not (said.isascii() and said.isdigit() and len(said) < 19):
                errors.append(_("%(field)s: “%(value)s” is not a number.") % {"field": label, "value": said[:40]})
                return None
            return int(said) if said else None

        def day(name: str, label: str) -> dt.date | None:
            said = data.get(name, "")
            try:
                return dt.date.fromisoformat(said) if said else None
            except ValueError:
                errors.append(_("%(field)s: “%(value)s” is not a day.") % {"field": label, "value": said[:40]})
                return None

        def text(name: str, most: int) -> str:
            return data.get(name, "").replace("\x00", "").strip()[:most]

        return cls(
            by=number("by", _("Who")),
            action=text("action", 40),
            subject=text("subject", 20),
            id=number("id", _("Id")),
            from_=day("from", _("From")),
            until=day("until", _("Until")),
            q=text("q", 100),
            before=number("before", _("Page")),
            errors=tuple(errors),
        )

    def apply(self, rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries, newest first, without regard to `before`. Days are those of the member's zone."""
        asked = Q()
        if self.by is not None:
            asked &= Q(by=self.by or None)
        if self.action:
            asked &= Q(action=self.action) if "." in self.action else Q(action__startswith=f"{self.action}.")
        if self.subject:
            asked &= Q(subject=self.subject)
        if self.id is not None:
            of_it = Q(subject_id=self.id)
            if self.subject == "account":  # whence something was merged or moved
                of_it |= Q(detail__from_account=self.id)
            asked &= of_it
        if self.from_:
            asked &= Q(at__gte=_midnight(self.from_))
        if self.until:
            asked &= Q(at__lt=_midnight(self.until) + dt.timedelta(days=1))
        if self.q:
            asked &= Q(label__icontains=self.q) | Q(by_name__icontains=self.q) | Q(action__icontains=self.q)
        return rows.filter(asked).order_by("-at", "-pk")

    @property
    def query(self) -> str:
        """The address of this state: `?by=…`, or empty."""
        said = {
            "by": "" if self.by is None else str(self.by),
            "action": self.action,
            "subject": self.subject,
            "id": "" if self.id is None else str(self.id),
            "from": self.from_.isoformat() if self.from_ else "",
            "until": self.until.isoformat() if self.until else "",
            "q": self.q,
            "before": "" if self.before is None else str(self.before),
        }
        said = {name: value for name, value in said.items() if value}
        return f"?{urlencode(said)}" if said else ""

    @property
    def is_filtered(self) -> bool:
        return replace(self, before=None).query != ""

    def from_start(self) -> AuditFilter:
        return replace(self, before=None)

    def after(self, entry_id: int) -> AuditFilter:
        """The page below the one that ends with this entry."""
        return replace(self, before=entry_id)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=timezone.get_current_timezone())


@dataclass(frozen=True)
class Line:
    """An entry as it is read: `who` did what `words` say, with the fields that `changes` names."""

    id: int
    at: dt.datetime
    who: str
    words: str
    changes: Sequence[audit_words.Change]
    action: str
    subject: str
    subject_id: int | None
    way: str

    @property
    def is_account(self) -> bool:
        return self.subject == "account" and self.subject_id is not None


@dataclass(frozen=True)
class Page:
    """Some entries, and the filter of the next page; none at the end."""

    lines: Sequence[Line]
    below: AuditFilter | None


def page(wanted: AuditFilter, *, most: int = PAGE) -> Page:
    """One page, at most two queries however far down it is: it begins below an entry, not after a number of rows."""
    rows = wanted.apply(AuditEntry.objects.all())
    if wanted.before is not None:
        at = AuditEntry.objects.filter(pk=wanted.before).values_list("at", flat=True).first()
        if at is None:
            return Page([], None)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=wanted.before), at__lte=at)
    found = list(rows[: most + 1])
    return Page(lines(found[:most]), wanted.after(found[most - 1].pk) if len(found) > most else None)


def lines(entries: Iterable[AuditEntry]) -> list[Line]:
    return list(told(entries))


def told(entries: Iterable[AuditEntry]) -> Iterator[Line]:
    for entry in entries:
        words = audit_words.sentence(
            entry.action, label=entry.label, subject=entry.subject, subject_id=entry.subject_id
        )
        yield Line(
            id=entry.pk,
            at=entry.at,
            who=entry.by_name,
            words=words,
            changes=audit_words.changes(entry.detail),
            action=entry.action,
            subject=entry.subject,
            subject_id=entry.subject_id,
            way=entry.way,
        )


def nouns() -> list[tuple[str, str]]:
    """What can be filtered by: the noun of an action, and it in words."""
    found = {action.partition(".")[0] for action in audit_words.SENTENCES}
    found |= {action.partition(".")[0] for action in AuditEntry.objects.values_list("action", flat=True).distinct()}
    return sorted((noun, audit_words.plain(noun).capitalize()) for noun in found)


def members() -> list[Member]:
    """Who may have acted: members of today and of before."""
    return list(Member.objects.order_by("-is_active", "name", "email"))
