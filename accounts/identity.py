"""Who a message is about: product users, workspaces and accounts, resolved for one batch of messages.

The ladder from usage to an account: the workspace's stated domain, else the majority of business domains among the
workspace's members, else the workspace itself (when it has a name or a second member); for usage outside any workspace, the
registrable domain of the person's e-mail. Hosts that many people share (freemail, code hosts) never form an account. Who
raises a hand and has none of these gets an account that stands for this person alone (`raised_hands`).

A batch is resolved in memory and written by one statement a table. The caller holds the transaction and the loader's lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.db import connection

from accounts import bulk, domains, moments, titles
from accounts.messages import Message
from accounts.models import Department, Seniority

#: What is counted as usage.
USAGE_TYPES = frozenset({"track", "page", "screen"})

#: Member-stated words → our values, beside the exact ones.
_DEPARTMENTS = {value: value for value in Department.values} | {
    label.lower(): value for value, label in Department.choices
}
_SENIORITIES = {value: value for value in Seniority.values} | {
    label.lower(): value for value, label in Seniority.choices
}

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
    "account_id",
    "first_seen_at",
    "last_seen_at",
)
#: Times are microseconds since 1970 here: `timestamptz` would cost more to read than all other fields together.
TIMES = ("first_seen_at", "last_seen_at")
#: What is read of a person of whom the batch says no more than what he did. `Person.is_brief`
BRIEF_FIELDS = ("key", "email", "company", "account_id", *TIMES)
SPACE_FIELDS = ("external_id", "name", "domain", "employees", "industry", "plan", "account_id", "account_by")


class Person:
    """A product user of this batch. `id` is none until written; `into` is set when another one absorbed it.

    `changed`: something of his row beside the times, `seen_anew`: the times. `memberships`: his workspaces as stored, by
    id, `workspaces`: those of the batch by their external id; each with the first time as microseconds since 1970.
    """

    __slots__ = (
        *PERSON_FIELDS,
        "changed",
        "id",
        "into",
        "is_brief",
        "is_new_buyer",
        "memberships",
        "moved",
        "new_keys",
        "seen_anew",
        "workspaces",
    )

    def __init__(self, key: str) -> None:
        self.id: int | None = None
        self.key = key
        self.email = self.name = self.title = self.department = self.seniority = self.company = self.buying_role = ""
        self.employees: int | None = None
        self.buying_confidence = 0.0
        self.account_id: int | None = None
        self.first_seen_at: int | None = None
        self.last_seen_at: int | None = None
        self.changed = True
        self.seen_anew = False
        self.is_brief = False
        self.into: Person | None = None
        self.new_keys: set[str] = set()
        self.workspaces: dict[str, int] = {}
        self.memberships: dict[int, int] = {}
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
    """A workspace of this batch."""

    __slots__ = (*SPACE_FIELDS, "changed", "id", "stated_domains", "touched")

    def __init__(self, external_id: str) -> None:
        self.id: int | None = None
        self.external_id = external_id
        self.name = self.domain = self.industry = self.plan = self.account_by = ""
        self.employees: int | None = None
        self.account_id: int | None = None
        #: Of each message that states any: the main domain first.
        self.stated_domains: list[list[str]] = []
        self.changed = True
        self.touched = True


class Directory:
    """The people and workspaces of one batch: loaded, changed message by message, then written."""

    def __init__(self, messages: Iterable[Message]) -> None:
        brief: set[str] = set()
        whole: set[str] = set()
        groups: set[str] = set()
        for message in messages:
            user_id, anonymous_id = message.user_id, message.anonymous_id
            if message.user_traits or message.type not in USAGE_TYPES or (user_id and anonymous_id) or "@" in user_id:
                if user_id:
                    whole.add("u:" + user_id)
                if anonymous_id:
                    whole.add("a:" + anonymous_id)
                if message.previous_id:
                    whole.update(("u:" + message.previous_id, "a:" + message.previous_id))
            else:
                brief.add("u:" + user_id if user_id else "a:" + anonymous_id)
            if message.group_id:
                groups.add(message.group_id)
        self.people: dict[str, Person] = {}
        self.spaces: dict[str, Space] = {}
        self.merges: list[tuple[int, Person]] = []
        self.changed_accounts: set[int] = set()
        self.left: list[tuple[int, Person]] = []
        known: dict[int, Person] = {}
        self._load_people(whole, PERSON_FIELDS, known)
        self._load_people(brief - whole, BRIEF_FIELDS, known)
        self._load_memberships(known)
        self.load_spaces("external_id = ANY ((SELECT %s::text[])::text[])", bulk.texts(groups))

    # Loading ---------------------------------------------------------------------------------------------------------

    def _load_people(self, keys: set[str], fields: tuple[str, ...], known: dict[int, Person]) -> None:
        """Adds the people of these keys; `known` are those loaded so far, by id."""
        if not keys:
            return
        columns = ", ".join(
            f"(date_part('epoch', p.{field}) * 1000000)::bigint" if field in TIMES else f"p.{field}" for field in fields
        )
        with connection.cursor() as cursor:
            # An array that the planner cannot look into: always by index, and never estimated key by key.
            cursor.execute(
                f"""
                SELECT p.key, p.id, {columns} FROM accounts_productuser p
                WHERE p.key = ANY ((SELECT %(keys)s::text[])::text[])
                UNION ALL
                SELECT a.key, p.id, {columns} FROM accounts_useralias a JOIN accounts_productuser p ON p.id = a.user_id
                WHERE a.key = ANY ((SELECT %(keys)s::text[])::text[])
                """,
                {"keys": bulk.texts(keys)},
            )
            found = cursor.fetchall()
        is_brief = fields is BRIEF_FIELDS
        for found_by, id_, *values in found:
            person = known.get(id_)
            if person is None:
                person = known[id_] = Person(values[0])
                person.id = id_
                if is_brief:
                    _, person.email, person.company, person.account_id, person.first_seen_at, person.last_seen_at = (
                        values
                    )
                    person.is_brief = True
                else:
                    for field, value in zip(fields, values, strict=True):
                        setattr(person, field, value)
                person.changed = False
            self.people[found_by] = person

    def _load_memberships(self, known: dict[int, Person]) -> None:
        if not known:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT user_id, workspace_id, (date_part('epoch', first_seen_at) * 1000000)::bigint
                FROM accounts_membership WHERE user_id = ANY ((SELECT %s::bigint[])::bigint[])
                """,
                [bulk.plain(known)],
            )
            for user_id, workspace_id, at in cursor.fetchall():
                known[user_id].memberships[workspace_id] = at

    def load_spaces(self, where: str, value: str) -> list[Space]:
        """Loads the workspaces that are not known yet, and answers those."""
        found = []
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id, {', '.join(SPACE_FIELDS)} FROM accounts_workspace WHERE {where}", [value])
            for id_, *values in cursor.fetchall():
                if values[0] in self.spaces:
                    continue
                space = Space(values[0])
                space.id = id_
                (
                    _,
                    space.name,
                    space.domain,
                    space.employees,
                    space.industry,
                    space.plan,
                    space.account_id,
                    space.account_by,
                ) = values
                space.changed = space.touched = False
                self.spaces[space.external_id] = space
                found.append(space)
        return found

    # Resolving, in the order of arrival ------------------------------------------------------------------------------

    def resolve(self, message: Message) -> tuple[Person | None, Space | None]:
        """The person and the workspace of a message, changed by what it says of them."""
        person = self._person_of(message)
        space = self._space_of(message)
        if person is not None:
            at = moments.micros(message.at)
            person.seen(at)
            if message.user_traits or (not person.email and "@" in message.user_id):
                self._learn_person(person, message)
            if space is not None:
                first = person.workspaces.get(space.external_id)
                if first is None or at < first:
                    person.workspaces[space.external_id] = at
                space.touched = True
        return person, space

    def root(self, person: Person) -> Person:
        while person.into is not None:
            person = person.into
        return person

    def _person_of(self, message: Message) -> Person | None:
        if message.user_id:
            person = self._get("u:" + message.user_id)
            if message.anonymous_id:
                self._link("a:" + message.anonymous_id, person, is_alias=False)
            if message.type == "alias" and message.previous_id and message.previous_id != message.user_id:
                # As a former user id it joins two known people; as a device only what nobody has claimed yet.
                for prefix, is_alias in (("u:", True), ("a:", False)):
                    person = self.root(person)
                    self._link(prefix + message.previous_id, person, is_alias=is_alias)
            return self.root(person)
        if message.anonymous_id:
            person = self._get("a:" + message.anonymous_id)
            if message.type == "alias" and message.previous_id:
                self._link("a:" + message.previous_id, person, is_alias=True)
            return self.root(person)
        return None

    def _get(self, key: str) -> Person:
        person = self.people.get(key)
        if person is None:
            person = self.people[key] = Person(key)
        return self.root(person)

    def _link(self, key: str, person: Person, *, is_alias: bool) -> None:
        """Makes `key` another name of the person. A device shared by two known people stays with the first."""
        other = self.people.get(key)
        if other is None:
            self.people[key] = person
            person.new_keys.add(key)
            return
        other = self.root(other)
        if other is person or not (other.is_anonymous or is_alias):
            return
        self._absorb(other, person)

    def _absorb(self, other: Person, person: Person) -> None:
        other.into = person
        person.changed = person.moved = True
        person.new_keys |= other.new_keys | {other.key}
        if other.id is not None:
            if person.id is None:
                person.id = other.id  # the row lives on under the new key: nothing needs to move
            else:
                self.merges.append((other.id, person))
        if other.account_id is not None and other.account_id != person.account_id:
            self._left(other)
        if not person.email and other.email:  # the account goes with the e-mail, never without it
            self._left(person)
            person.account_id = other.account_id
        if not (person.title or person.seniority) or other.buying_confidence >= 0.9 > person.buying_confidence:
            person.buying_role, person.buying_confidence = other.buying_role, other.buying_confidence
            person.is_new_buyer = other.is_new_buyer
        for field in ("email", "name", "title", "department", "seniority", "company", "employees"):
            if not getattr(person, field):
                setattr(person, field, getattr(other, field))
        for external_id, at in other.workspaces.items():
            person.workspaces[external_id] = min(at, person.workspaces.get(external_id, at))
        for workspace_id, at in other.memberships.items():
            person.memberships[workspace_id] = min(at, person.memberships.get(workspace_id, at))
        for seen_at in (other.first_seen_at, other.last_seen_at):
            if seen_at is not None:
                person.seen(seen_at)

    def _space_of(self, message: Message) -> Space | None:
        if not message.group_id:
            return None
        space = self.spaces.get(message.group_id)
        if space is None:
            space = self.spaces[message.group_id] = Space(message.group_id)
        if message.type == "group" and message.traits:
            self._learn_space(space, message.traits)
        return space

    # What traits say -------------------------------------------------------------------------------------------------

    def _learn_person(self, person: Person, message: Message) -> None:
        traits = message.user_traits
        company = traits.get("company")
        company = company if isinstance(company, dict) else {"name": company}
        learnt = {
            "email": domains.clean_email(text(traits, "email"))
            or ("" if person.email else _email_as_id(message.user_id)),
            "name": text(traits, "name", "fullName", "full_name")
            or f"{text(traits, 'firstName', 'first_name')} {text(traits, 'lastName', 'last_name')}".strip(),
            "title": text(traits, "title", "jobTitle", "job_title", "position"),
            "company": text(company, "name") or text(traits, "companyName", "company_name", "organization"),
            "employees": whole(traits, "employees", "employeeCount", "company_size")
            or whole(company, "employees", "employeeCount", "employee_count", "size"),
        }
        said_department = _DEPARTMENTS.get(text(traits, "department").lower(), "")
        said_seniority = _SENIORITIES.get(text(traits, "seniority", "level").lower(), "")
        before = (person.title, person.department, person.seniority, person.employees)
        for field, value in learnt.items():
            if value and value != getattr(person, field):
                setattr(person, field, value)
                person.changed = True
                if field == "email":
                    self._left(person)
                    person.account_id, person.moved = None, True  # found again when the batch is written
        if learnt["title"] and person.title != before[0]:
            found = titles.classify(person.title)
            person.department, person.seniority = found.department, found.seniority
        person.department = said_department or person.department
        person.seniority = said_seniority or person.seniority
        if (person.title, person.department, person.seniority, person.employees) != before:
            person.changed = True
            if person.title or person.seniority:
                self._rate_buyer(person)

    def _rate_buyer(self, person: Person) -> None:
        if person.buying_confidence >= 0.9:  # a person said so: titles do not overrule it
            return
        was_buyer = person.buying_role == "economic_buyer"
        person.buying_role, person.buying_confidence = titles.buying_role(
            person.seniority, person.department, person.employees
        )
        person.is_new_buyer = person.buying_role == "economic_buyer" and (person.is_new_buyer or not was_buyer)

    def _learn_space(self, space: Space, traits: dict[str, Any]) -> None:
        stated = [traits.get(name) for name in ("domain", "website", "url")]
        if isinstance(traits.get("domains"), list):
            stated += traits["domains"][:20]
        found = [domain for value in stated if isinstance(value, str) and (domain := company_domain(value))]
        if found:
            space.stated_domains.append(found)
        learnt = {
            "name": text(traits, "name", "company", "companyName"),
            "domain": found[0] if found else "",
            "employees": whole(traits, "employees", "employeeCount", "employee_count", "company_size", "size"),
            "industry": text(traits, "industry")[:120],
            "plan": text(traits, "plan", "subscription", "tier")[:80],
        }
        for field, value in learnt.items():
            if value and value != getattr(space, field):
                setattr(space, field, value)
                space.changed = space.touched = True

    # Writing ---------------------------------------------------------------------------------------------------------

    def _left(self, person: Person) -> None:
        if person.account_id is not None:
            self.changed_accounts.add(person.account_id)
            self.left.append((person.account_id, person))

    def write(self) -> None:
        """Writes everything; afterwards each root person and each workspace has its `id`."""
        from accounts import identity_write

        identity_write.write(self)

    def roots(self) -> list[Person]:
        seen: dict[int, Person] = {}
        for person in self.people.values():
            root = self.root(person)
            seen[id(root)] = root
        return list(seen.values())


def company_domain(value: str) -> str:
    """The registrable domain of a stated host, URL or e-mail, unless many companies share it."""
    domain = domains.registrable(value[:300])
    return "" if not domain or domains.is_shared(domain) else domain


def _email_as_id(user_id: str) -> str:
    return domains.clean_email(user_id) if "@" in user_id else ""


def text(traits: dict[str, Any], *names: str) -> str:
    """The first of these traits that is a non-empty string, trimmed, at most 200 characters."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, str) and value.strip():
            return value.replace("\x00", "").strip()[:200]
    return ""


def whole(traits: dict[str, Any], *names: str) -> int | None:
    """The first of these traits that is a whole number; of a range such as `"51-200"` or `"1,000+"` the lower end."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str):
            match = re.match(r"\s*(\d{1,3}(?:[,. ]\d{3})+|\d{1,9})", value)
            value = int(re.sub(r"\D", "", match[1])) if match else None
        if isinstance(value, int) and 0 < value <= 10_000_000:
            return value
    return None
