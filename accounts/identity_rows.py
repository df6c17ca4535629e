"""The rows of people and workspaces while a batch of messages is resolved: plain objects, many thousands at a time. Pure."""

from __future__ import annotations

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
    "profiled_at",
    "first_seen_at",
    "last_seen_at",
)
#: Times are microseconds since 1970 here: `timestamptz` would cost more to read than all other fields together.
TIMES = ("first_seen_at", "last_seen_at", "profiled_at")
#: What is read of a person of whom the batch says no more than what he did. `Person.is_brief`
BRIEF_FIELDS = ("key", "email", "company", "account_id", "first_seen_at", "last_seen_at")
SPACE_FIELDS = ("external_id", "name", "domain", "employees", "industry", "plan", "account_id", "account_by")


class Person:
    """A product user of this batch. `id` is none until written; `into` is set when another one absorbed it.

    `changed`: something of his row beside the times, `seen_anew`: the times, which are microseconds since 1970. `is_brief`:
    only what `BRIEF_FIELDS` names was read. `new_keys` may hold one twice. `employees_at`: when this batch said `employees`.
    """

    __slots__ = (
        *PERSON_FIELDS,
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

    def seen(self, at: int) -> None:
        if self.first_seen_at is None or at < self.first_seen_at:
            self.first_seen_at, self.seen_anew = at, True
        if self.last_seen_at is None or at > self.last_seen_at:
            self.last_seen_at, self.seen_anew = at, True


class Space:
    """A workspace of this batch. `employees_at`: when the batch said `employees`, in microseconds since 1970."""

    __slots__ = (*SPACE_FIELDS, "changed", "employees_at", "id", "stated_domains", "touched")

    def __init__(self, external_id: str) -> None:
        self.id: int | None = None
        self.external_id = external_id
        self.name = self.domain = self.industry = self.plan = self.account_by = ""
        self.employees: int | None = None
        self.employees_at: int | None = None
        self.account_id: int | None = None
        #: Of each message that states any: the main domain first.
        self.stated_domains: list[list[str]] = []
        self.changed = True
        self.touched = True
