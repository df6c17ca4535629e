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
from datetime import datetime

from accounts import devices, domains, identity_read, moments, profiling
from accounts.company_domains import rules
from accounts.identity_rows import GAVE_WAY, Device, Person, Space
from accounts.messages import Message
from accounts.traits import text, whole

#: What a member decided: nothing overrules it.
HAND = "hand"


class Directory:
    """The people and workspaces of one batch: loaded, changed message by message, then written."""

    def __init__(self, messages: Iterable[Message]) -> None:
        #: By every key that the batch names; a device is there itself, whoever it belongs to.
        self.people: dict[str, Person] = {}
        self.spaces: dict[str, Space] = {}
        #: Rows of people that go into another one's: (id, who), and rows of devices whose owner is known now: (id, device).
        self.merges: list[tuple[int, Person]] = []
        self.joining: list[tuple[int, Device]] = []
        #: Those of both whom a correction named.
        self.by_hand: list[tuple[int, Person]] = []
        #: Devices that turned out to be somebody else's, with whom they were taken for, and workspaces of those.
        self.moving: list[tuple[Device, Person]] = []
        self.left_spaces: set[int] = set()
        #: Devices of those that stay theirs, as stored.
        self.staying: list[Device] = []
        #: Accounts that went into another: (old id, into id, why).
        self.merged: list[tuple[int, int, str]] = []
        #: People whose account became another one by merging or parting.
        self.resettled: set[int] = set()
        #: Workspaces on which two companies have an equal claim, by step, with account → domain; and those that are plain.
        self.unclear: dict[Space, tuple[str, dict[int, str]]] = {}
        self.plain: set[Space] = set()
        self.changed_accounts: set[int] = set()
        #: Workspaces that have an account only now, or none any more: raised hands may go there.
        self.housed: set[Space] = set()
        self.left: list[tuple[int, Person]] = []
        #: Domains of e-mails and workspaces that something later has overtaken: they have an account too, as in any other order.
        self.mentioned: dict[str, str] = {}
        #: Memberships as stored, (user id, workspace id), and as this batch says, with the first time in microseconds.
        self.stored: dict[tuple[int, int], int] = {}
        self.joined: dict[tuple[Person, Space], int] = {}
        self._joined: dict[tuple[Person, Space], datetime] = {}
        #: People beside those of this batch whose role was looked at again.
        self.rated: set[int] = set()
        self._roots: list[Person] | None = None
        self._are_joined = False
        rules.refresh()
        identity_read.read(self, messages)

    # Resolving, in the order of arrival ------------------------------------------------------------------------------

    def resolve(self, message: Message) -> tuple[Person | None, Space | None]:
        """The person, or the device, and the workspace of a message, changed by what it says of them."""
        user_id, anonymous_id, group_id, at = message.user_id, message.anonymous_id, message.group_id, message.at
        person: Person | None = None
        if user_id:
            key = "u:" + user_id
            person = self.people.get(key)
            if person is None or person.into is not None:
                person = self._get(key)
            if anonymous_id:
                self._device("a:" + anonymous_id).named(at, key)
            if message.previous_id and message.type == "alias":
                person = self._alias(message, person)
        elif anonymous_id:
            person = self._device("a:" + anonymous_id)
            if person.record:
                devices.open_record(person)
        space: Space | None = None
        if group_id:
            space = self.spaces.get(group_id)
            if space is None:
                space = self.spaces[group_id] = Space(group_id)
            if message.type == "group" and message.traits:
                self._learn_space(space, message)
        if person is not None:
            if person.earliest is None or person.latest is None:
                person.earliest = person.latest = at
            elif at < person.earliest:
                person.earliest = at
            elif at > person.latest:
                person.latest = at
            if "@" in user_id:
                self._learn_id(person, user_id)
            if message.user_traits:
                self._learn_person(person, message)
            if space is not None:
                both = (person, space)
                since = self._joined.get(both)
                if since is None or at < since:
                    self._joined[both] = at
                space.touched = True
        return person, space

    def root(self, person: Person) -> Person:
        while person.into is not None:
            person = person.into
        return person

    def settle(self) -> None:
        """Once all messages are resolved: when each was seen, by which id each is known, and whose each device is."""
        for person in self.people.values():
            person.settle_times()
        self.joined = {both: moments.micros(at) for both, at in self._joined.items()}
        for person in dict.fromkeys(map(self.root, self.people.values())) if self._are_joined else ():
            if person.keys:
                gave_way, key = min((gave_way, key) for key, gave_way in person.keys.items())
                if gave_way != (GAVE_WAY in person.said):
                    person.said_anew = True
                    if gave_way:
                        person.said[GAVE_WAY] = 1
                    else:
                        del person.said[GAVE_WAY]
                if key != person.key:
                    person.key, person.changed = key, True
        devices.settle(self)

    def _get(self, key: str) -> Person:
        person = self.people.get(key)
        if person is None:
            person = self.people[key] = Person(key)
        return person if person.into is None else self.root(person)

    def _device(self, key: str) -> Device:
        device = self.people.get(key)
        if device is None:
            device = self.people[key] = Device(key)
        return device  # type: ignore[return-value]

    def _alias(self, message: Message, person: Person) -> Person:
        """As a former user id it joins two known people; as a device only what nobody has claimed before."""
        previous = message.previous_id
        if previous == message.user_id:
            return person
        self._device("a:" + previous).named(message.at, "u:" + message.user_id)
        other = self._get("u:" + previous)
        self._are_joined = True
        for one in (person, other):
            if one.keys is None:
                one.keys = {one.key: GAVE_WAY in one.said}
        if other is not person:
            self._absorb(other, person)
        person.keys["u:" + previous] = True  # type: ignore[index]
        person.changed = True
        if "@" in previous:
            self._learn_id(person, previous)
        return person

    def _learn_id(self, person: Person, user_id: str) -> None:
        """An id that is an e-mail."""
        was = person.email
        if person.said.get("email", -1) <= 0 and profiling.learn_email_of_id(person, user_id):
            self.other_email(person, was)
        elif was != user_id:
            self.mention(user_id)

    def _absorb(self, other: Person, person: Person) -> None:
        other.into = person
        person.changed = person.moved = True
        person.keys = (person.keys or {}) | (other.keys or {})
        if other.id is not None:
            if person.id is None:
                person.id = other.id  # the row lives on under the new key: nothing needs to move
            else:
                self.merges.append((other.id, person))
                if other.account_by == HAND:
                    self.by_hand.append((other.id, person))
        self._take_account(other, person)
        profiling.absorb(person, other)
        person.settle_times()
        other.settle_times()
        person.seen_together(other)

    def _take_account(self, other: Person, person: Person) -> None:
        """The account goes with the e-mail, never without it; one that a member gave goes before all."""
        if other.account_id is not None and other.account_id != person.account_id:
            self._left(other)
        is_by_hand = (person.account_by == HAND, other.account_by == HAND)
        said = (other.said.get("email", -1), other.email), (person.said.get("email", -1), person.email)
        is_newer = other.email and (not person.email or (other.email != person.email and said[0] > said[1]))
        if is_newer and person.email:
            self.mention(person.email)
        elif person.email and other.email and person.email != other.email:
            self.mention(other.email)
        if is_by_hand == (False, True) or (is_by_hand == (False, False) and is_newer):
            self._left(person)
            person.account_id, person.account_by = other.account_id, other.account_by

    # What traits say -------------------------------------------------------------------------------------------------

    def _learn_person(self, person: Person, message: Message) -> None:
        was = person.email
        said = profiling.learn(person, message)
        if said:
            self.other_email(person, was)
        elif was and (email := message.user_traits.get("email")) and isinstance(email, str) and email != was:
            self.mention(email)

    def other_email(self, person: Person, was: str = "") -> None:
        """The account is found again when the batch is written."""
        if was:
            self.mention(was)
        if person.account_by != HAND:
            self._left(person)
            person.leave()

    def mention(self, email: str) -> None:
        if domain := domains.of_email(email):
            self.mentioned.setdefault(domain, "e-mail")

    def _learn_space(self, space: Space, message: Message) -> None:
        traits, at = message.traits, moments.micros(message.at)
        stated = [traits.get(name) for name in ("domain", "website", "url")]
        if isinstance(traits.get("domains"), list):
            stated += traits["domains"][:20]
        found = [domain for value in stated if isinstance(value, str) and (domain := domains.of_site(value[:300]))]
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
            known = getattr(space, field)
            if not value:
                continue
            if space.hear(field, at, value, known) and value != known:
                setattr(space, field, value)
                space.changed = space.touched = True
            if field == "domain" and value != known and known:
                self.mentioned |= {known: "e-mail", found[0]: "e-mail"}

    # Writing ---------------------------------------------------------------------------------------------------------

    def found_unclear(self, space: Space, step: str, told: dict[int, str]) -> None:
        self.plain.discard(space)
        self.unclear[space] = (step, told)

    def found_plain(self, space: Space) -> None:
        self.unclear.pop(space, None)
        self.plain.add(space)

    def _left(self, person: Person) -> None:
        """The person, or who turns out to be the same, has another account from now on."""
        if person.account_id is not None:
            self.changed_accounts.add(person.account_id)
            self.left.append((person.account_id, person))

    def write(self) -> None:
        """Writes everything; afterwards each root person and each workspace has its `id`."""
        from accounts import identity_write

        identity_write.write(self)

    def reworked(self) -> list[Person]:
        """Those who have other usage now than what this batch says they did."""
        moved = [person for device, was in self.moving for person in (was, device)]
        return [*(person for _id, person in self.merges), *(device for _id, device in self.joining), *moved]

    def roots(self) -> list[Person]:
        """Everybody who is not absorbed. To be asked for when all messages are resolved: they are then the same for good."""
        if self._roots is None:
            self._roots = list(dict.fromkeys(map(self.root, self.people.values())))
        return self._roots
