"""Reading the audit log: what is asked of it, and its entries in words, a page after the other by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib.postgres.search import SearchQueryField
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit_words
from accounts.models import AuditEntry
from accounts.models.audit import WORDS
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
            asked &= of_action(self.action)
        if self.subject:
            asked &= Q(subject=self.subject)
        if self.id is not None:
            of_it = Q(subject_id=self.id)
            if self.subject == "account":  # whence something was merged or moved
                of_it |= Q(detail__from_account=self.id)
            asked &= of_it
        if self.from_:
            asked &= Q(at__gte=midnight(self.from_))
        if self.until:
            asked &= Q(at__lt=midnight(self.until, later=1))
        return having(rows.filter(asked), self.q)

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


def of_action(said: str) -> Q:
    """Entries of an action, or of all of a noun. Asks which there are, so that an index finds them."""
    return Q(action__in=[one for one in actions() if one == said or one.startswith(f"{said}.")])


def actions() -> list[str]:
    """The actions that the log has, in order. One look into an index for each, however many entries there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE one AS (
                SELECT min(action) AS action FROM accounts_auditentry
                UNION ALL
                SELECT (SELECT min(action) FROM accounts_auditentry WHERE action > one.action) FROM one
                WHERE one.action IS NOT NULL
            ) SELECT action FROM one WHERE action IS NOT NULL
            """
        )
        return [action for (action,) in cursor.fetchall()]


def having(rows: QuerySet[AuditEntry], words: str) -> QuerySet[AuditEntry]:
    """Newest first; entries in which each of these words begins a word: of the name, of who did it, or of the action.

    The database cannot know how rare a word is, and would read all entries in order to find the last of it. Sorted by what no
    index has, they are found by their words instead: that costs what is found.
    """
    if not words:
        return rows.order_by("-at", "-pk")
    found = rows.filter(
        Func(WORDS, _Begin(Value(words)), template="%(expressions)s", arg_joiner=" @@ ", output_field=_YES)
    )
    return found.order_by((F("at") + dt.timedelta()).desc(), "-pk")


_YES = BooleanField()


class _Begin(Func):
    """What is typed as a query: cut as the index is, each word as the beginning of one. Null without a word: it finds nothing."""

    template = (
        "to_tsquery('simple', replace(nullif(trim(regexp_replace("
        "lower(%(expressions)s), '[^[:alnum:]]+', ' ', 'g')), ''), ' ', ':* & ') || ':*')"
    )
    output_field = SearchQueryField()


#: Days outside of these are as good as the first and the last: no zone moves them off the calendar.
_FIRST, _LAST = dt.date(1970, 1, 1), dt.date(9000, 1, 1)


def midnight(day: dt.date, zone: dt.tzinfo | None = None, *, later: int = 0) -> dt.datetime:
    """The beginning of a day in a zone, the member's without one; of the day so many days later."""
    day = min(max(day, _FIRST), _LAST) + dt.timedelta(days=later)
    return dt.datetime.combine(day, dt.time.min, tzinfo=zone or timezone.get_current_timezone())


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
    """One page, at most three queries however far down it is: it begins below an entry, not after a number of rows."""
    rows = wanted.apply(AuditEntry.objects.all())
    if wanted.before is not None:
        rows = below(rows, wanted.before)
    found = list(rows[: most + 1])
    return Page(lines(found[:most]), wanted.after(found[most - 1].pk) if len(found) > most else None)


def below(rows: QuerySet[AuditEntry], entry_id: int) -> QuerySet[AuditEntry]:
    """Those that are older than this entry, of which the log has them in order; none when it has no such entry."""
    at = AuditEntry.objects.filter(pk=entry_id).values_list("at", flat=True).first()
    return rows.none() if at is None else rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=entry_id), at__lte=at)


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
    found |= {action.partition(".")[0] for action in actions()}
    return sorted((noun, audit_words.plain(noun).capitalize()) for noun in found)


def members() -> list[Member]:
    """Who may have acted: members of today and of before."""
    return list(Member.objects.order_by("-is_active", "name", "email"))
