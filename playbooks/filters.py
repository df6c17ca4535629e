"""What an address asks of a list. The address holds the whole state; what it says wrongly is named, not guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from accounts.filters import orders
from accounts.models import BuyingRole
from scoring.buckets import Bucket
from scoring.models import BuyerState, Segment, Tier

TABS = ("to_work", "mine", "snoozed", "hand_raised", "closed")
#: Tabs that show the member's own items unless asked for everybody's.
OWN_TABS = ("snoozed", "closed")
SORTS = ("score", "name", "employees", "tier_since")


@dataclass(frozen=True)
class Chip:
    """A filter in use, and the address without it."""

    label: str
    href: str


@dataclass(frozen=True)
class QueueFilter:
    """The state of a queue page. `errors` name the fields that were not understood; they filter nothing."""

    motion: str
    tab: str = "to_work"
    segment: str = ""
    tier: str = ""
    low: int | None = None
    high: int | None = None
    owner: str = ""
    hand: bool = False
    bucket: str = ""
    of: str = ""
    """account: only whole accounts; workspace: only workspaces"""
    q: str = ""
    whose: str = ""
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, motion: str, data: Mapping[str, str]) -> QueueFilter:
        reader = _Reader(data)
        return cls(
            motion=motion,
            tab=reader.choice("tab", _("Tab"), TABS) or "to_work",
            segment=reader.choice("segment", _("Segment"), Segment.values),
            tier=reader.choice("tier", _("Tier"), Tier.values),
            low=reader.score("low", _("Score from")),
            high=reader.score("high", _("Score to")),
            owner=reader.choice("owner", _("Owner"), ("mine", "unclaimed")),
            hand=data.get("hand") == "1",
            bucket=reader.choice("bucket", _("Bucket"), Bucket.values),
            of=reader.choice("of", _("About"), ("account", "workspace")),
            q=data.get("q", "").replace("\x00", "").strip()[:100],
            whose=reader.choice("whose", _("Whose"), ("all",)),
            errors=tuple(reader.errors),
        )

    @property
    def params(self) -> dict[str, str]:
        """What belongs into the address: everything that is not the default."""
        said = {
            "tab": "" if self.tab == "to_work" else self.tab,
            "segment": self.segment,
            "tier": self.tier,
            "low": "" if self.low is None else str(self.low),
            "high": "" if self.high is None else str(self.high),
            "owner": self.owner,
            "hand": "1" if self.hand else "",
            "bucket": self.bucket,
            "of": self.of,
            "q": self.q,
            "whose": self.whose if self.tab in OWN_TABS else "",
        }
        return {name: value for name, value in said.items() if value}

    def query(self, **changes: str | int | None) -> str:
        """The query string with some values changed or (none) left out. `whose` is said where a tab knows it."""
        merged = {**self.params, **changes}
        if merged.get("tab", "to_work") not in OWN_TABS:
            merged.pop("whose", None)
        said = urlencode({name: value for name, value in merged.items() if value not in (None, "")})
        return f"?{said}" if said else ""

    @property
    def is_filtered(self) -> bool:
        return bool(set(self.params) - {"tab", "whose"})

    @property
    def chips(self) -> list[Chip]:
        labels = {
            "segment": lambda: str(Segment(self.segment).label),
            "tier": lambda: str(Tier(self.tier).label),
            "low": lambda: _("score from %(n)s") % {"n": self.low},
            "high": lambda: _("score to %(n)s") % {"n": self.high},
            "owner": lambda: _("mine") if self.owner == "mine" else _("unclaimed"),
            "hand": lambda: _("hand raised"),
            "bucket": lambda: str(Bucket(self.bucket).label),
            "of": lambda: _("whole accounts") if self.of == "account" else _("workspaces"),
            "q": lambda: f"“{self.q}”",
        }
        return [Chip(labels[name](), self.query(**{name: None}) or "?") for name in self.params if name in labels]


@dataclass(frozen=True)
class AccountFilter:
    """The state of the account list. `sort` is a column, with a leading `-` when descending."""

    q: str = ""
    tier: str = ""
    segment: str = ""
    buyer: str = ""
    bucket: str = ""
    sort: str = "-score"
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, str]) -> AccountFilter:
        reader = _Reader(data)
        return cls(
            q=data.get("q", "").replace("\x00", "").strip()[:100],
            tier=reader.choice("tier", _("Tier"), [*Tier.values, "none"]),
            segment=reader.choice("segment", _("Segment"), Segment.values),
            buyer=reader.choice("buyer", _("Buyer"), BuyerState.values),
            bucket=reader.choice("bucket", _("Bucket"), Bucket.values),
            sort=reader.choice("sort", _("Sort"), [*SORTS, *(f"-{name}" for name in SORTS)]) or "-score",
            errors=tuple(reader.errors),
        )

    @property
    def params(self) -> dict[str, str]:
        """What belongs into the address: everything that is not the default."""
        sort = "" if self.sort == "-score" else self.sort
        said = {"q": self.q, "tier": self.tier, "segment": self.segment, "buyer": self.buyer}
        said |= {"bucket": self.bucket, "sort": sort}
        return {name: value for name, value in said.items() if value}

    def query(self, **changes: str | None) -> str:
        """The query string, with some values changed or (none) left out."""
        said = {name: value for name, value in {**self.params, **changes}.items() if value}
        return f"?{urlencode(said)}" if said else ""

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """For `components/sort.html`."""
        words = [
            ("-score", _("Highest score first")),
            ("score", _("Lowest score first")),
            ("name", _("Name, A to Z")),
            ("-name", _("Name, Z to A")),
            ("-employees", _("Largest company first")),
            ("employees", _("Smallest company first")),
            ("-tier_since", _("Latest in its tier first")),
            ("tier_since", _("Longest in its tier first")),
        ]
        return orders(words, chosen=self.sort)

    @property
    def sort_by(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.tier or self.segment or self.buyer or self.bucket)


@dataclass(frozen=True)
class BuyerFilter:
    """The state of the buyers page. `kind`: user, of the product, or contact, outside of it."""

    q: str = ""
    role: str = ""
    kind: str = ""
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, str]) -> BuyerFilter:
        reader = _Reader(data)
        roles = [role for role in BuyingRole.values if role != BuyingRole.END_USER]
        return cls(
            q=data.get("q", "").replace("\x00", "").strip()[:100],
            role=reader.choice("role", _("Role"), roles),
            kind=reader.choice("kind", _("Who"), ("user", "contact")),
            errors=tuple(reader.errors),
        )

    def query(self) -> str:
        """The query string that asks for the same."""
        said = {"q": self.q, "role": self.role, "kind": self.kind}
        said = {name: value for name, value in said.items() if value}
        return f"?{urlencode(said)}" if said else ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.role or self.kind)


CONTACT_SORTS = ("name", "account", "role", "source", "added")


@dataclass(frozen=True)
class ContactFilter:
    """The state of the contacts page. `at`: known or unknown, whether the account is known; `file`: of one import."""

    q: str = ""
    source: str = ""
    role: str = ""
    at: str = ""
    bucket: str = ""
    file: int | None = None
    sort: str = "-added"
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, str]) -> ContactFilter:
        reader = _Reader(data)
        sorts = [*CONTACT_SORTS, *(f"-{name}" for name in CONTACT_SORTS)]
        return cls(
            q=data.get("q", "").replace("\x00", "").strip()[:100],
            source=data.get("source", "").replace("\x00", "").strip()[:80],
            role=reader.choice("role", _("Role"), [*BuyingRole.values, "none"]),
            at=reader.choice("at", _("Account"), ("known", "unknown")),
            bucket=reader.choice("bucket", _("Bucket"), Bucket.values),
            file=reader.number("file", _("File")),
            sort=reader.choice("sort", _("Sort"), sorts) or "-added",
            errors=tuple(reader.errors),
        )

    @property
    def params(self) -> dict[str, str]:
        """What belongs into the address: everything that is not the default."""
        said = {"q": self.q, "source": self.source, "role": self.role, "at": self.at, "bucket": self.bucket}
        said |= {"file": str(self.file or ""), "sort": "" if self.sort == "-added" else self.sort}
        return {name: value for name, value in said.items() if value}

    def query(self, **changes: str | None) -> str:
        """The query string, with some values changed or (none) left out."""
        said = {name: value for name, value in {**self.params, **changes}.items() if value}
        return f"?{urlencode(said)}" if said else ""

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """For `components/sort.html`."""
        words = [
            ("-added", _("Latest first")),
            ("added", _("Oldest first")),
            ("name", _("Name, A to Z")),
            ("-name", _("Name, Z to A")),
            ("account", _("Account, A to Z")),
            ("-account", _("Account, Z to A")),
            ("role", _("Buying role, A to Z")),
            ("-role", _("Buying role, Z to A")),
            ("source", _("Where from, A to Z")),
            ("-source", _("Where from, Z to A")),
        ]
        return orders(words, chosen=self.sort)

    @property
    def sort_by(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def is_filtered(self) -> bool:
        return bool(set(self.params) - {"sort"})


class _Reader:
    def __init__(self, data: Mapping[str, str]) -> None:
        self.data, self.errors = data, list[str]()

    def choice(self, name: str, label: str, allowed: object) -> str:
        value = self.data.get(name, "")
        if not value or value in allowed:  # type: ignore[operator]
            return value
        self.errors.append(
            _("%(field)s: “%(value)s” is not one of its values.") % {"field": label, "value": value[:40]}
        )
        return ""

    def score(self, name: str, label: str) -> int | None:
        value = self.data.get(name, "").strip()
        if not value:
            return None
        if value.isascii() and value.isdigit() and 0 <= int(value[:4]) <= 100 and len(value) <= 3:
            return int(value)
        self.errors.append(_("%(field)s: give a whole number from 0 to 100.") % {"field": label})
        return None

    def number(self, name: str, label: str) -> int | None:
        value = self.data.get(name, "").strip()
        if not value:
            return None
        if value.isascii() and value.isdigit() and len(value) <= 12:
            return int(value)
        self.errors.append(_("%(field)s: give a whole number.") % {"field": label})
        return None
