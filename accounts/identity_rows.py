"""The rows of people and workspaces while a batch of messages is resolved: plain objects, many thousands at a time. Pure."""

from __future__ import annotations

import msgspec

from accounts import domains

#: What is counted as usage.
USAGE_TYPES = frozenset({"track", "page", "screen"})

PERSON_FIELDS = (
    "key",
    "email",
    "name",
    "title",
    "department",
    "seniority",
    "company",
    "employees",
    "buying_role",
    "buying_confidence",
    "role_evidence",
    "persona_id",
    "use_case",
    "account_id",
    "account_by",
    "said_at",
    "profiled_at",
    "first_seen_at",
    "last_seen_at",
)
#: Times are microseconds since 1970 here: `timestamptz` would cost more to read than all other fields together.
TIMES = ("first_seen_at", "last_seen_at", "profiled_at")
#: What is read of a person of whom the batch says no more than what he did. `Person.is_brief`
BRIEF_FIELDS = ("key", "email", "company", "account_id", "account_by", "first_seen_at", "last_seen_at")
SPACE_FIELDS = (
    *("external_id", "name", "domain", "further_domains", "employees", "industry", "plan", "said_at"),
    *("account_id", "account_by", "account_confidence", "own_account_id"),
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, int]).decode


class Dated:
    """Of whom messages say facts. When each was said is kept, so that the latest message wins, not the last to come.

    `said`: field → microseconds since 1970; `said_at` the same as it is stored. Of what was known before times were kept, any
    message says more.
    """

    __slots__ = ("_said", "_said_text", "said_anew")

    def __init__(self) -> None:
        self._said: dict[str, int] | None = None
        self._said_text = ""
        self.said_anew = False

    @property
    def said(self) -> dict[str, int]:
        if self._said is None:
            self._said = _decode(self._said_text) if self._said_text else {}
        return self._said

    @property
    def said_at(self) -> str:
        return self._said_text if self._said is None else _encode(self._said).decode() if self._said else ""

    @said_at.setter
    def said_at(self, text: str) -> None:
        self._said, self._said_text = None, text

    def is_news(self, field: str, at: int) -> bool:
        """Whether nothing later was said of this field; then it counts as said at this time."""
        known = self.said.get(field, -1)
        if at < known:
            return False
        if at > known:
            self.said[field] = at
            self.said_anew = True
        return True


class Person(Dated):
    """A product user of this batch. `id` is none until written; `into` is set when another one absorbed it.

    `changed`: something of his row beside the times, `seen_anew`: the times, which are microseconds since 1970. `is_brief`:
    only what `BRIEF_FIELDS` names was read. `role_evidence` is JSON. `new_keys` may hold one twice. `employees_at`: when
    this batch said `employees`.
    """

    __slots__ = (
        *(field for field in PERSON_FIELDS if field != "said_at"),
        "changed",
        "employees_at",
        "id",
        "into",
        "is_brief",
        "is_new_buyer",
        "moved",
        "new_keys",
        "seen_anew",
    )

    def __init__(self, key: str) -> None:
        super().__init__()
        self.id: int | None = None
        self.key = key
        self.email = self.name = self.title = self.department = self.seniority = self.company = self.buying_role = ""
        self.employees: int | None = None
        self.employees_at: int | None = None
        self.buying_confidence = 0.0
        self.role_evidence = "[]"
        self.persona_id: int | None = None
        self.use_case = ""
        self.profiled_at: int | None = None
        self.account_id: int | None = None
        self.account_by = ""
        self.first_seen_at: int | None = None
        self.last_seen_at: int | None = None
        self.changed = True
        self.seen_anew = False
        self.is_brief = False
        self.into: Person | None = None
        self.new_keys: tuple[str, ...] = ()
        self.is_new_buyer = False
        self.moved = False

    @property
    def is_anonymous(self) -> bool:
        return self.key.startswith("a:")

    def leave(self) -> None:
        """The account is found again when the batch is written."""
        self.account_id, self.account_by, self.moved, self.changed = None, "", True, True

    def seen(self, at: int) -> None:
        if self.first_seen_at is None or at < self.first_seen_at:
            self.first_seen_at, self.seen_anew = at, True
        if self.last_seen_at is None or at > self.last_seen_at:
            self.last_seen_at, self.seen_anew = at, True


class Space(Dated):
    """A workspace of this batch. `employees_at`: when the batch said `employees`, in microseconds since 1970.

    `domain` is the main domain as stated last, `further_domains` all of the last message that stated several, joined by
    spaces. `was_stated`: what both were when it was read. `again`: its members' companies are others now, so its account may be.
    """

    __slots__ = (
        *(field for field in SPACE_FIELDS if field != "said_at"),
        "again",
        "changed",
        "employees_at",
        "id",
        "is_ambiguous",
        "touched",
        "was_stated",
        "written_links",
    )

    def __init__(self, external_id: str) -> None:
        super().__init__()
        self.id: int | None = None
        self.external_id = external_id
        self.name = self.domain = self.industry = self.plan = self.account_by = ""
        self.further_domains = ""
        self.employees: int | None = None
        self.employees_at: int | None = None
        self.account_id: int | None = None
        self.account_confidence = 0.0
        self.own_account_id: int | None = None
        self.was_stated: frozenset[str] = frozenset()
        self.is_ambiguous = False
        self.changed = True
        self.touched = True
        self.again = False
        self.written_links: tuple[object, ...] | None = None

    @property
    def main(self) -> str:
        """The stated main domain, if it can be a company's."""
        return "" if not self.domain or domains.is_shared(self.domain) else self.domain

    @property
    def stated(self) -> frozenset[str]:
        """Every domain that counts as stated now; none without a main one."""
        if not self.main:
            return frozenset()
        if not self.further_domains:
            return frozenset((self.domain,))
        return frozenset(
            domain for domain in (self.domain, *self.further_domains.split()) if not domains.is_shared(domain)
        )

    @property
    def links(self) -> tuple[object, ...]:
        return self.account_id, self.account_by, self.own_account_id

    @property
    def to_write(self) -> bool:
        """Whether its row says something else, or there is none."""
        if self.written_links is not None:
            return self.written_links != self.links
        return self.id is None or self.changed or self.said_anew
