"""What an address asks of a list of this app. What it says wrongly is named and filters nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Category, EventType, SetAside

EVENT_SORTS = ("name", "category", "volume", "first", "last")
_EVENT_COLUMNS = {
    "name": "name",
    "category": "category",
    "volume": "volume",
    "first": "first_seen_at",
    "last": "last_seen_at",
}


def orders(words: Sequence[tuple[str, str]], *, chosen: str) -> list[tuple[str, str, bool]]:
    """What a phone's list of orders offers, where heads of columns are not shown: value, words, whether it is the chosen one.

    The first is the list's own order, which no address needs to name.
    """
    return [(value if place else "", told, value == chosen) for place, (value, told) in enumerate(words)]


class _Reader:
    def __init__(self, data: Mapping[str, str]) -> None:
        self.data, self.errors = data, list[str]()

    def choice(self, name: str, label: str, allowed: Collection[str]) -> str:
        value = self.data.get(name, "")
        if not value or value in allowed:
            return value
        self.errors.append(
            _("%(field)s: “%(value)s” is not one of its values.") % {"field": label, "value": value[:40]}
        )
        return ""

    def number(self, name: str, label: str) -> int | None:
        value = self.data.get(name, "")
        if not value:
            return None
        if value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
        self.errors.append(_("%(field)s: “%(value)s” is not a number.") % {"field": label, "value": value[:40]})
        return None

    def text(self, name: str) -> str:
        return self.data.get(name, "").replace("\x00", "").strip()[:100]


@dataclass(frozen=True)
class EventFilter:
    """The state of the events page. `sort` is a column, with a leading `-` when descending."""

    q: str = ""
    category: str = ""
    by: str = ""
    """hand: only those a member chose; signal: only those that are a signal"""
    sort: str = "-volume"
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, str]) -> EventFilter:
        reader = _Reader(data)
        sorts = [*EVENT_SORTS, *(f"-{name}" for name in EVENT_SORTS)]
        return cls(
            q=reader.text("q"),
            category=reader.choice("category", _("Category"), Category.values),
            by=reader.choice("by", _("Only"), ("hand", "signal")),
            sort=reader.choice("sort", _("Sort"), sorts) or "-volume",
            errors=tuple(reader.errors),
        )

    def apply(self, rows: QuerySet[EventType]) -> QuerySet[EventType]:
        if self.q:
            rows = rows.filter(name__icontains=self.q)
        if self.category:
            rows = rows.filter(category=self.category)
        if self.by == "hand":
            rows = rows.filter(by_hand=True)
        elif self.by == "signal":
            rows = rows.exclude(signal="")
        column = _EVENT_COLUMNS[self.sort_by]
        return rows.order_by(f"-{column}" if self.is_descending else column, "name")

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """For `components/sort.html`."""
        words = [
            ("-volume", _("Most sent first")),
            ("volume", _("Least sent first")),
            ("name", _("Name, A to Z")),
            ("-name", _("Name, Z to A")),
            ("category", _("Category, A to Z")),
            ("-category", _("Category, Z to A")),
            ("-last", _("Last seen, latest first")),
            ("last", _("Last seen, longest ago first")),
            ("-first", _("First seen, latest first")),
            ("first", _("First seen, longest ago first")),
        ]
        return orders(words, chosen=self.sort)

    @property
    def sort_by(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def next_sorts(self) -> dict[str, str]:
        """What a click on each column's head asks for: numbers and times begin with the largest, words with A."""
        first = {name: name if name in ("name", "category") else f"-{name}" for name in EVENT_SORTS}
        here = self.sort_by
        if self.sort == first[here]:
            first[here] = here if self.is_descending else f"-{here}"
        return first

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.category or self.by)


@dataclass(frozen=True)
class SetAsideFilter:
    """The state of the set-aside page. Without `state`, what waits; `replayed` and `all` are the others."""

    kind: str = ""
    source: int | None = None
    """a source's id; 0: requests whose source is not known"""
    code: str = ""
    state: str = ""
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, str]) -> SetAsideFilter:
        reader = _Reader(data)
        return cls(
            kind=reader.choice("kind", _("Kind"), SetAside.Kind.values),
            source=reader.number("source", _("Source")),
            code=reader.text("code")[:40],
            state=reader.choice("state", _("State"), ("replayed", "all")),
            errors=tuple(reader.errors),
        )

    def apply(self, rows: QuerySet[SetAside]) -> QuerySet[SetAside]:
        asked = Q()
        if self.kind:
            asked &= Q(kind=self.kind)
        if self.source is not None:
            asked &= Q(source=self.source or None)
        if self.code:
            asked &= Q(code=self.code)
        if self.state != "all":
            asked &= Q(replayed_at__isnull=self.state != "replayed")
        return rows.filter(asked)

    @property
    def query(self) -> str:
        """The address of this state: `?kind=…`, or empty."""
        said = {
            "kind": self.kind,
            "source": "" if self.source is None else str(self.source),
            "code": self.code,
            "state": self.state,
        }
        said = {name: value for name, value in said.items() if value}
        return f"?{urlencode(said)}" if said else ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.kind or self.source is not None or self.code)

    def without_code(self) -> SetAsideFilter:
        return replace(self, kind="", code="")
