"""Who a message is about: product users, workspaces and accounts, resolved for one batch of messages.

The ladder from usage to an account is in `accounts.ladder`, and docs/identity.md tells it in words. For usage outside any
workspace it is the registrable domain of the person's e-mail, else a contact with the same address. Hosts that many people share
(freemail, code hosts) never form an account. Who raises a hand and has none of these gets an account that stands for this person
alone (`raised_hands`).

Of each field the message with the latest time wins, not the last to come, so that neither batches nor the order of arrival decide.
A batch is resolved in memory and written by one statement a table. The caller holds the transaction and the loader's lock.
"""

from __future__ import annotations

from collections.abc import Iterable

from accounts import domains, identity_read, moments, profiling
from accounts.company_domains import rules
from accounts.identity_rows import Person, Space
from accounts.messages import Message
from accounts.profiling import text, whole

#: What a member decided: nothing overrules it.
HAND = "hand"


class Directory:
    """The people and workspaces of one batch: loaded, changed message by message, then written."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.people: dict[str, Person] = {}
        self.spaces: dict[str, Space] = {}
        self.merges: list[tuple[int, Person]] = []
        #: Accounts that went into another: (old id, into id, why).
        self.merged: list[tuple[int, int, str]] = []
        #: People whose account became another one by merging or parting.
        self.resettled: set[int] = set()
        #: Workspaces on which two companies have an equal claim, by step, with account → domain; and those that are plain.
        self.unclear: dict[Space, tuple[str, dict[int, str]]] = {}
        self.plain: set[Space] = set()
        self.changed_accounts: set[int] = set()
        self.left: list[tuple[int, Person]] = []
        #: Memberships as stored, (user id, workspace id), and as this batch says, with the first time in microseconds.
        self.stored: dict[tuple[int, int], int] = {}
        self.joined: dict[tuple[Person, Space], int] = {}
        self._roots: list[Person] | None = None
        rules.refresh()
        identity_read.read(self, messages)

    # Resolving, in the order of arrival ------------------------------------------------------------------------------

    def resolve(self, message: Message) -> tuple[Person | None, Space | None]:
        """The person and the workspace of a message, changed by what it says of them."""
        user_id, anonymous_id = message.user_id, message.anonymous_id
        if message.previous_id or (user_id and anonymous_id):
            person = self._person_of(message)
        elif user_id:
            person = self._get("u:" + user_id)
        else:
            person = self._get("a:" + anonymous_id) if anonymous_id else None
        space = self._space_of(message) if message.group_id else None
        if person is not None:
            at = moments.micros(message.at)
            first, last = person.first_seen_at, person.last_seen_at
            if first is None or last is None or at < first or at > last:
                person.seen(at)
            if message.user_traits or (not person.email and "@" in user_id):
                self._learn_person(person, message)
            if space is not None:
                both = (person, space)
                since = self.joined.get(both)
                if since is None or at < since:
                    self.joined[both] = at
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
        return person if person.into is None else self.root(person)

    def _link(self, key: str, person: Person, *, is_alias: bool) -> None:
        """Makes `key` another name of the person. A device shared by two known people stays with the first."""
        other = self.people.get(key)
        if other is None:
            self.people[key] = person
            person.new_keys += (key,)
            return
        other = self.root(other)
        if other is person or not (other.is_anonymous or is_alias):
            return
        self._absorb(other, person)

    def _absorb(self, other: Person, person: Person) -> None:
        other.into = person
        person.changed = person.moved = True
        person.new_keys += (*other.new_keys, other.key)
        if other.id is not None:
            if person.id is None:
                person.id = other.id  # the row lives on under the new key: nothing needs to move
            else:
                self.merges.append((other.id, person))
        self._take_account(other, person)
        profile = profiling.profile(person)
        profiling.absorb(person, other)
        if profiling.profile(person) != profile:
            told = [at for at in (person.profiled_at, other.profiled_at) if at is not None]
            person.profiled_at = max(told, default=None)
        if person.employees_at is None:
            person.employees_at = other.employees_at
        for seen_at in (other.first_seen_at, other.last_seen_at):
            if seen_at is not None:
                person.seen(seen_at)

    def _take_account(self, other: Person, person: Person) -> None:
        """The account goes with the e-mail, never without it; one that a member gave goes before all."""
        if other.account_id is not None and other.account_id != person.account_id:
            self._left(other)
        is_by_hand = (person.account_by == HAND, other.account_by == HAND)
        is_newer = other.email and (
            not person.email
            or (other.email != person.email and other.said.get("email", -1) > person.said.get("email", -1))
        )
        if is_by_hand == (False, True) or (is_by_hand == (False, False) and is_newer):
            self._left(person)
            person.account_id, person.account_by = other.account_id, other.account_by

    def _space_of(self, message: Message) -> Space:
        space = self.spaces.get(message.group_id)
        if space is None:
            space = self.spaces[message.group_id] = Space(message.group_id)
        if message.type == "group" and message.traits:
            self._learn_space(space, message)
        return space

    # What traits say -------------------------------------------------------------------------------------------------

    def _learn_person(self, person: Person, message: Message) -> None:
        if profiling.learn(person, message) and person.account_by != HAND:
            self._left(person)  # another e-mail: the account is found again when the batch is written
            person.leave()

    def _learn_space(self, space: Space, message: Message) -> None:
        traits, at = message.traits, moments.micros(message.at)
        stated = [traits.get(name) for name in ("domain", "website", "url")]
        if isinstance(traits.get("domains"), list):
            stated += traits["domains"][:20]
        found = [domain for value in stated if isinstance(value, str) and (domain := company_domain(value))]
        found = list(dict.fromkeys(found))
        learnt = {
            "name": text(traits, "name", "company", "companyName"),
            "domain": found[0] if found else "",
            "further_domains": " ".join(found) if len(found) > 1 else "",
            "employees": whole(traits, "employees", "employeeCount", "employee_count", "company_size", "size"),
            "industry": text(traits, "industry")[:120],
            "plan": text(traits, "plan", "subscription", "tier")[:80],
        }
        for field, value in learnt.items():
            if value and space.is_news(field, at) and value != getattr(space, field):
                setattr(space, field, value)
                space.changed = space.touched = True
                if field == "employees":
                    space.employees_at = at

    # Writing ---------------------------------------------------------------------------------------------------------

    def found_unclear(self, space: Space, step: str, told: dict[int, str]) -> None:
        self.plain.discard(space)
        self.unclear[space] = (step, told)

    def found_plain(self, space: Space) -> None:
        self.unclear.pop(space, None)
        self.plain.add(space)

    def _left(self, person: Person) -> None:
        if person.account_id is not None:
            self.changed_accounts.add(person.account_id)
            self.left.append((person.account_id, person))

    def write(self) -> None:
        """Writes everything; afterwards each root person and each workspace has its `id`."""
        from accounts import identity_write

        identity_write.write(self)

    def roots(self) -> list[Person]:
        """Everybody who is not absorbed. To be asked for when all messages are resolved: they are then the same for good."""
        if self._roots is None:
            self._roots = list(dict.fromkeys(map(self.root, self.people.values())))
        return self._roots


def company_domain(value: str) -> str:
    """The registrable domain of a stated host, URL or e-mail, unless many companies share it."""
    domain = domains.registrable(value[:300])
    return "" if not domain or domains.is_shared(domain) else domain
