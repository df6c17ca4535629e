"""The rows of people and workspaces while a batch of messages is resolved: plain objects, many thousands at a time. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from accounts import domains, moments, said

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
    "own_first_at",
    "own_last_at",
)
#: Times are microseconds since 1970 here: `timestamptz` would cost more to read than all other fields together.
TIMES = ("first_seen_at", "last_seen_at", "own_first_at", "own_last_at", "profiled_at")
#: What is read of a person of whom the batch says no more than what he did. `Person.is_brief`
BRIEF_FIELDS = (
    *("key", "email", "company", "account_id", "account_by"),
    *("first_seen_at", "last_seen_at", "own_first_at", "own_last_at"),
)
#: Among the times of what was said: the id by which a person is known has given way to another one, as all ids of a loop have.
GAVE_WAY = "key"
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

    __slots__ = ("_said", "_said_text", "changed", "said_anew")

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

    def hear(self, field: str, at: int, value: Any, current: Any) -> bool:
        """Whether this value counts now that it was said at this time. `accounts.said` tells the rules."""
        counts, is_noted = said.hear(self.said, field, at, value, current)
        self.said_anew = self.said_anew or is_noted
        if field == "employees" and is_noted and said.note_since(self.said, field):
            self.changed = True
        return counts


class Person(Dated):
    """A product user of this batch. `id` is none until written; `into` is set when another one absorbed it.

    `changed`: something of his row beside the times, `seen_anew`: the times, which are microseconds since 1970. `is_brief`:
    only what `BRIEF_FIELDS` names was read. `role_evidence` is JSON. `rated_anew`: the role was looked at again. `keys`: when
    ids were joined, all user ids, and whether each gave way to another one. `lives_on`: the row is that of a device so far.
    `own_first_at`, `own_last_at`: without what was done on devices, where that says something else. `earliest`, `latest`: of the
    messages, not taken over yet.
    """

    __slots__ = (
        *(field for field in PERSON_FIELDS if field != "said_at"),
        "earliest",
        "id",
        "into",
        "is_brief",
        "is_new_buyer",
        "keys",
        "latest",
        "lives_on",
        "moved",
        "rated_anew",
        "seen_anew",
    )

    def __init__(self, key: str) -> None:
        super().__init__()
        self.id: int | None = None
        self.key = key
        self.email = self.name = self.title = self.department = self.seniority = self.company = self.buying_role = ""
        self.employees: int | None = None
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
        self.own_first_at: int | None = None
        self.own_last_at: int | None = None
        self.keys: dict[str, bool] | None = None
        self.is_new_buyer = False
        self.rated_anew = False
        self.lives_on = False
        self.moved = False
        self.earliest: datetime | None = None
        self.latest: datetime | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.key.startswith("a:")

    def leave(self) -> None:
        """The account is found again when the batch is written."""
        self.account_id, self.account_by, self.moved, self.changed = None, "", True, True

    def settle_times(self) -> None:
        """Takes over when the messages saw the person: comparing times as they come is cheaper than counting microseconds."""
        if self.earliest is None or self.latest is None:
            return
        self.seen(moments.micros(self.earliest))
        if self.latest is not self.earliest:
            self.seen(moments.micros(self.latest))
        self.earliest = self.latest = None

    def seen(self, at: int) -> None:
        if self.first_seen_at is None or at < self.first_seen_at:
            self.first_seen_at, self.seen_anew = at, True
        if self.last_seen_at is None or at > self.last_seen_at:
            self.last_seen_at, self.seen_anew = at, True
        if self.own_first_at is not None and at < self.own_first_at:
            self.own_first_at = None if at <= self.first_seen_at else at
            self.seen_anew = True
        if self.own_last_at is not None and at > self.own_last_at:
            self.own_last_at = None if at >= self.last_seen_at else at
            self.seen_anew = True

    def seen_on_device(self, first: int, last: int) -> None:
        if self.first_seen_at is None or first < self.first_seen_at:
            if self.own_first_at is None:
                self.own_first_at = self.first_seen_at
            self.first_seen_at, self.seen_anew = first, True
        if self.last_seen_at is None or last > self.last_seen_at:
            if self.own_last_at is None:
                self.own_last_at = self.last_seen_at
            self.last_seen_at, self.seen_anew = last, True

    def seen_together(self, other: Person) -> None:
        """With what is known of another one, who is the same."""
        firsts = [
            (p.first_seen_at, p.first_seen_at if p.own_first_at is None else p.own_first_at) for p in (self, other)
        ]
        lasts = [(p.last_seen_at, p.last_seen_at if p.own_last_at is None else p.own_last_at) for p in (self, other)]
        first, own_first = (
            min((at for at in both if at is not None), default=None) for both in zip(*firsts, strict=True)
        )
        last, own_last = (max((at for at in both if at is not None), default=None) for both in zip(*lasts, strict=True))
        self.first_seen_at, self.own_first_at = first, None if own_first == first else own_first
        self.last_seen_at, self.own_last_at = last, None if own_last == last else own_last
        self.seen_anew = True

    def seen_alone(self) -> None:
        """Without what was done on devices."""
        self.first_seen_at = self.first_seen_at if self.own_first_at is None else self.own_first_at
        self.last_seen_at = self.last_seen_at if self.own_last_at is None else self.own_last_at
        self.own_first_at = self.own_last_at = None
        self.seen_anew = True


class Device(Person):
    """A device: somebody whom nobody knows yet, else what was done there without a name, kept apart from its `owner`.

    It belongs to who was known on it first: `since` (microseconds since 1970) by the id `by`; of two at the same time to the lesser
    id. `record`: what is stored of it, not looked into yet; `spaces`: workspace id → since when the device was there.
    """

    __slots__ = ("by", "named_first", "owner", "record", "since", "spaces", "was_linked")

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.owner: Person | None = None
        self.since = 0
        self.by = ""
        self.was_linked: tuple[int, str] | None = None
        self.record = ""
        self.spaces: dict[int, int] = {}
        self.named_first: tuple[datetime, str] | None = None

    def named(self, at: datetime, key: str) -> None:
        """Somebody of this id was known here at this time: `settle_times` takes the first one over."""
        if self.named_first is None or (at, key) < self.named_first:
            self.named_first = at, key

    def settle_times(self) -> None:
        super().settle_times()
        if self.named_first is not None:
            at, key = self.named_first
            self.named_first = None
            self.link(moments.micros(at), key)

    def link(self, at: int, key: str) -> None:
        """Somebody of this id was known here at this time."""
        if (self.owner is None and not self.by) or (at, key) < (self.since, self.by):
            self.since, self.by = at, key

    @property
    def is_linked(self) -> bool:
        return self.owner is not None or self.by != ""


class Space(Dated):
    """A workspace of this batch.

    `domain` is the main domain as stated last, `further_domains` all of the last message that stated several, joined by
    spaces. `stated_as_read`: what both were when it was read. `again`: its members' companies are others now, so its account may
    be.
    """

    __slots__ = (
        *(field for field in SPACE_FIELDS if field != "said_at"),
        "again",
        "id",
        "is_ambiguous",
        "stated_as_read",
        "touched",
        "written_links",
    )

    def __init__(self, external_id: str) -> None:
        super().__init__()
        self.id: int | None = None
        self.external_id = external_id
        self.name = self.domain = self.industry = self.plan = self.account_by = ""
        self.further_domains = ""
        self.employees: int | None = None
        self.account_id: int | None = None
        self.account_confidence = 0.0
        self.own_account_id: int | None = None
        self.stated_as_read = ("", "")
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
        return _counting(self.domain, self.further_domains)

    @property
    def was_stated(self) -> frozenset[str]:
        """The same of when it was read."""
        return _counting(*self.stated_as_read)

    @property
    def states_anew(self) -> bool:
        """Whether it may state something else than when it was read: most do not, and need no closer look."""
        return self.stated_as_read != (self.domain, self.further_domains)

    @property
    def links(self) -> tuple[object, ...]:
        return self.account_id, self.account_by, self.own_account_id

    @property
    def to_write(self) -> bool:
        """Whether its row says something else, or there is none."""
        if self.written_links is not None:
            return self.written_links != self.links
        return self.id is None or self.changed or self.said_anew


def _counting(main: str, further: str) -> frozenset[str]:
    if not main or domains.is_shared(main):
        return frozenset()
    if not further:
        return frozenset((main,))
    return frozenset(domain for domain in (main, *further.split()) if not domains.is_shared(domain))
