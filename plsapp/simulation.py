"""A believable self-serve company: the messages that the product of the demo would have sent. Pure, seeded, no clock.

Companies come in shapes (`simulation_shapes`): most are one person who tries the product, some are teams, a few take off. Each has
people who join over time, mostly invited; each person uses the product on some days, less on weekends, along the
curve of the company's shape. What they do is drawn from the company's own palette of features. Around it: visits before
sign-up, workspaces, titles for some, pricing and terms pages, plans bought, and raised hands in the last three weeks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from plsapp import simulation_words as words
from plsapp.simulation_shapes import (
    COMMON,
    FEATURES,
    HOBBYIST,
    HOBBYISTS_PER_ACCOUNT,
    NOISE,
    NOISE_SHARE,
    SHAPES,
    Shape,
)

BATCH = 400
"""Messages a request; about 90 KB, well under the intake's 500 KB."""
DAY_MS, MINUTE_MS = 86_400_000, 60_000
HAND_RAISE_DAYS = 20
TITLES_KNOWN = 0.6
"""Share of people who told their title when they signed up."""
# Monday to Sunday.
WEEK = np.array([1.0, 1.06, 1.06, 1.02, 0.85, 0.14, 0.1])


@dataclass(slots=True)
class Person:
    id: str
    name: str
    email: str
    title: str
    account: int
    joined: int
    """milliseconds since the epoch"""
    group: str = ""
    is_buyer: bool = False


@dataclass(slots=True)
class Company:
    shape: Shape
    name: str
    domain: str
    industry: str
    employees: int
    start: int
    """day of the window"""
    end: int
    plan: str = "free"
    groups: list[tuple[str, str]] = field(default_factory=list)
    people: list[int] = field(default_factory=list)


def simulate(*, accounts: int = 2000, days: int = 120, until: datetime, seed: int = 7) -> Iterator[bytes]:
    """Request bodies for POST /v1/batch, about 400 messages each, in time order, none after `until`.

    `accounts` counts companies; people on freemail come on top. `until` is aware, `days` at least 28. The same
    arguments give the same bytes; 2,000 accounts over 120 days are about 350,000 messages and take a few seconds.
    """
    if until.tzinfo is None:
        raise ValueError("until: must be an aware time.")
    if accounts < 1 or days < 28:
        raise ValueError("accounts: must be at least 1, and days at least 28.")
    world = _World(accounts, days, until.astimezone(UTC), seed)
    return world.bodies()


class _World:
    def __init__(self, accounts: int, days: int, until: datetime, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.days = days
        first = datetime(until.year, until.month, until.day, tzinfo=UTC) - timedelta(days=days - 1)
        self.zero = int(first.timestamp()) * 1000
        self.until = int(until.timestamp() * 1000)
        self.prefix = f"demo-{seed}-{until:%y%m%d%H%M%S}"
        self.weekday = np.array([(first + timedelta(days=day)).weekday() for day in range(days)])
        self.companies: list[Company] = []
        self.people: list[Person] = []
        self.extra: list[tuple[int, dict[str, Any]]] = []
        """Messages besides plain usage, with their times."""
        self._found(accounts)
        for number in range(len(self.companies)):
            self._staff(number)
        self._raise_hands(accounts)

    # Companies and people --------------------------------------------------------------------------------------------

    def _found(self, accounts: int) -> None:
        rng = self.rng
        shares = np.array([shape.share for shape in SHAPES])
        kinds = rng.permutation(np.repeat(np.arange(len(SHAPES)), _portions(shares, accounts)))
        second = words.COMPANY_SECOND
        pairs = rng.permutation(len(words.COMPANY_FIRST) * len(second))
        shapes = [SHAPES[kind] for kind in kinds] + [HOBBYIST] * round(accounts * HOBBYISTS_PER_ACCOUNT)
        for number, shape in enumerate(shapes):
            cycle, pair = divmod(number, len(pairs))
            front, (back, industry) = (
                words.COMPANY_FIRST[pairs[pair] % len(words.COMPANY_FIRST)],
                second[pairs[pair] // len(words.COMPANY_FIRST)],
            )
            name = f"{front} {back}" + (f" {cycle + 1}" if cycle else "")
            median, spread = shape.employees
            # A third of the companies were there before the window; the rest signs up within it.
            start = 0 if rng.random() < 0.34 else int(rng.integers(0, self.days - 2))
            if shape.name in ("churned", "revived"):
                start = min(start, self.days - (70 if self.days > 80 else 28))
            if shape.name == "enterprise":
                start = min(start, self.days // 2)
            end = start + int(rng.integers(10, 50))
            company = Company(
                shape=shape,
                name=name,
                domain=name.lower().replace(" ", "") + ".example",
                industry=industry,
                employees=max(1, int(median * np.exp(rng.normal(0, spread)))),
                start=max(0, start),
                end=end,
            )
            if shape is not HOBBYIST:
                company.employees = max(company.employees, 2)
                if rng.random() < shape.paid:
                    company.plan = str(rng.choice(["team", "business"] if company.employees < 1000 else ["enterprise"]))
                elif self.days - company.start < 14:
                    company.plan = "trial"
                if rng.random() < (0.85 if shape.name == "tinkerer" else 1.0):
                    self._open_workspaces(number, company)
            self.companies.append(company)

    def _open_workspaces(self, number: int, company: Company) -> None:
        many = int(self.rng.integers(2, 5)) if company.shape.name == "enterprise" else 1
        teams = self.rng.permutation(len(words.TEAMS))[:many]
        for at, team in enumerate(teams):
            name = f"{company.name} {words.TEAMS[team]}" if at else company.name
            company.groups.append((f"ws_{number + 1:05d}{'abcd'[at] if many > 1 else ''}", name))

    def _staff(self, number: int) -> None:
        """The people of one company in the order they join, with everything they send besides plain usage."""
        rng, company = self.rng, self.companies[number]
        shape = company.shape
        fewest, exponent, most = shape.people
        many = min(most, company.employees, int(fewest * (1 - rng.random()) ** (-1 / exponent))) or 1
        life = max(1, self.days - 1 - company.start)
        spread = {"rocket": rng.random(many) ** 0.6 * life, "enterprise": rng.random(many) * life * 0.8}
        joins = spread.get(shape.name, rng.exponential(9, many))
        if shape.name == "churned":
            joins = joins * 0.6
        joins = np.sort(np.clip(joins, 0, life)).astype(int)
        joins[0] = 0
        buyer = int(rng.integers(0, min(many, 4))) if rng.random() < shape.buyer else -1
        opened: set[str] = set()
        for place, day in enumerate(company.start + joins):
            joined = self.zero + int(day) * DAY_MS + int(np.clip(rng.normal(9.2, 1.6), 0.2, 20) * 3_600_000)
            person = self._hire(company, number, place, place == buyer, joined)
            if place:
                self._invite(company, person)
            else:
                self._arrive(person)
            self._identify(company, person)
            if person.group and person.group not in opened:
                opened.add(person.group)
                self._group(company, person, person.joined + 3000)
            elif person.group:
                self._add(person.joined + 3000, person, type="group", groupId=person.group)
        if company.groups:
            self._buy(company)
        self._show_interest(company)

    def _hire(self, company: Company, number: int, place: int, is_buyer: bool, joined: int) -> Person:
        rng = self.rng
        first = words.FIRST_NAMES[rng.integers(len(words.FIRST_NAMES))]
        last = words.LAST_NAMES[rng.integers(len(words.LAST_NAMES))]
        user = len(self.people) + 1
        local = f"{_ascii(first)}.{_ascii(last)}"
        # Now and then somebody works in a company's workspace with a private address.
        private = company.shape is HOBBYIST or (place > 0 and rng.random() < 0.04 and not is_buyer)
        if private:
            email = f"{local}.demo{user}@{words.FREEMAIL[rng.integers(len(words.FREEMAIL))]}"
        else:
            email = f"{local}@{company.domain}"
            if any(self.people[known].email == email for known in company.people):
                email = f"{local}{place + 1}@{company.domain}"
        title = ""
        if is_buyer:
            title = _pick(rng, words.SMALL_BUYER_TITLES if company.employees < 60 else words.BUYER_TITLES)
        elif rng.random() < TITLES_KNOWN:
            title = _pick(rng, words.OTHER_TITLES)
        group = company.groups[place % len(company.groups)][0] if company.groups else ""
        person = Person(f"u_{user:06d}", f"{first} {last}", email, title, number, joined, group, is_buyer)
        company.people.append(len(self.people))
        self.people.append(person)
        return person

    # Messages besides plain usage ------------------------------------------------------------------------------------

    def _add(self, at: int, person: Person | None, **message: Any) -> None:
        if person is not None:
            message["userId"] = person.id
            if person.group and message["type"] in ("track", "page"):
                message["context"] = {"groupId": person.group}
        if at >= self.zero:
            self.extra.append((at, message))

    def _arrive(self, person: Person) -> None:
        """Some first people looked around before they signed up; half of those are joined by an alias."""
        rng = self.rng
        if rng.random() < 0.4:
            anonymous = f"anon-{person.id}"
            for page in ["Home", "Product", "Pricing", "Docs"][: int(rng.integers(1, 5))]:
                at = person.joined - int(rng.integers(2, 60 * 24)) * MINUTE_MS
                self._add(at, None, type="page", name=page, anonymousId=anonymous)
            if rng.random() < 0.5:
                self._add(person.joined, person, type="alias", previousId=anonymous)
            else:
                self._add(person.joined, person, type="identify", anonymousId=anonymous, traits={"email": person.email})
        self._add(person.joined, person, type="track", event="Signed Up")

    def _identify(self, company: Company, person: Person) -> None:
        traits = {"name": person.name, "email": person.email}
        if person.title:
            traits["title"] = person.title
        if company.shape is not HOBBYIST and self.rng.random() < 0.3:
            traits["company"] = company.name
        self._add(person.joined + 1000, person, type="identify", traits=traits)

    def _group(self, company: Company, person: Person, at: int, *, plan: str = "") -> None:
        name = next(name for group, name in company.groups if group == person.group)
        traits: dict[str, Any] = {"name": name, "plan": plan or company.plan, "industry": company.industry}
        if self.rng.random() < 0.8:
            traits["website"] = f"https://www.{company.domain}/"
        if self.rng.random() < 0.85:
            traits["employees"] = company.employees
        self._add(at, person, type="group", groupId=person.group, traits=traits)

    def _invite(self, company: Company, person: Person) -> None:
        """Who joins after the first was mostly invited: by the champion, or by anybody who is there."""
        rng = self.rng
        if rng.random() > 0.82:
            return
        there = company.people[:-1]
        inviter = self.people[there[0] if rng.random() < 0.6 else there[int(rng.integers(len(there)))]]
        at = max(inviter.joined + 5 * MINUTE_MS, person.joined - int(rng.integers(10, 36 * 60)) * MINUTE_MS)
        if at < person.joined:
            self._add(at, inviter, type="track", event="Teammate Invited", properties={"email": person.email})

    def _someone(self, company: Company) -> tuple[Person, int]:
        """One of its people and a time after they joined, rather late than early."""
        person = self.people[company.people[int(self.rng.integers(len(company.people)))]]
        left = max(self.until - person.joined - 10 * MINUTE_MS, MINUTE_MS)
        return person, person.joined + 5 * MINUTE_MS + int(self.rng.random() ** 0.6 * left)

    def _show_interest(self, company: Company) -> None:
        rng, shape = self.rng, company.shape
        if shape.name == "churned":
            return
        for page, chance in (
            ("Pricing", shape.interest),
            ("Terms", shape.interest / 2),
            ("Security", shape.interest / 3),
        ):
            if rng.random() < chance:
                for _ in range(int(rng.integers(1, 4))):
                    person, at = self._someone(company)
                    self._add(at, person, type="page", name=page)
        if len(company.people) >= 5:
            for event, chance in (
                ("Admin Role Changed", 0.2),
                ("SSO Configured", 0.5 if shape.name == "enterprise" else 0.06),
            ):
                if rng.random() < chance:
                    person, at = self._someone(company)
                    self._add(at, person, type="track", event=event)

    def _buy(self, company: Company) -> None:
        """Half of the paying companies bought before the window, the others within it."""
        if company.plan in ("free", "trial") or self.rng.random() < 0.5:
            return
        person, at = self._someone(company)
        self._add(at, person, type="track", event="Checkout Started", properties={"plan": company.plan})
        self._add(at + 4 * MINUTE_MS, person, type="track", event="Plan Upgraded", properties={"plan": company.plan})
        self._group(company, person, at + 4 * MINUTE_MS, plan=company.plan)

    def _raise_hands(self, accounts: int) -> None:
        rng = self.rng
        since = self.until - HAND_RAISE_DAYS * DAY_MS
        weights = np.array([company.shape.hand if company.groups else 0.0 for company in self.companies])
        many = min(max(1, round(accounts * 0.01)), int(np.count_nonzero(weights)))
        if not many:
            return
        for number in rng.choice(len(weights), many, replace=False, p=weights / weights.sum()):
            company = self.companies[number]
            there = [
                self.people[place] for place in company.people if self.people[place].joined < self.until - DAY_MS // 2
            ]
            if not there:
                continue
            buyers = [person for person in there if person.is_buyer]
            person = buyers[0] if buyers else there[int(rng.integers(len(there)))]
            earliest = max(since, person.joined + 10 * MINUTE_MS)
            at = earliest + int(rng.random() * (self.until - earliest))
            event = "Demo Requested" if rng.random() < 0.6 else "Contact Sales Submitted"
            message = words.MESSAGES[rng.integers(len(words.MESSAGES))]
            properties = {"message": message, "company_size": company.employees}
            self._add(at, person, type="track", event=event, properties=properties)

    # Plain usage -----------------------------------------------------------------------------------------------------

    def _curves(self) -> np.ndarray:
        """How much of its usual activity each company has on each day of the window: companies × days, 0 to 1."""
        day = np.arange(self.days)[None, :]
        start = np.array([company.start for company in self.companies])[:, None]
        end = np.array([company.end for company in self.companies])[:, None]
        kind = np.array([company.shape.name for company in self.companies])[:, None]
        age, life = np.maximum(day - start, 0), np.maximum(self.days - start, 1)
        fading = 0.06 + 0.94 * np.exp(-age / (4 + (end - start) / 4))
        gone = np.where(day < end, 1.0, np.exp(-np.maximum(day - end, 0) / 4.0))
        gone[gone < 0.02] = 0
        back = np.where((day < end) | (day >= self.days - 12 - (end - start) / 3), 1.0, 0.0)
        return np.select(
            [kind == "tinkerer", kind == "hobbyist", kind == "churned", kind == "revived", kind == "rocket"],
            [fading, np.maximum(fading, 0.2), gone, back, 0.6 + 0.4 * age / life],
            0.8 + 0.2 * age / life,
        )

    def _usage(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times in milliseconds, people, and events (below 0: noise) of plain usage, unordered."""
        rng, people, companies = self.rng, self.people, self.companies
        account = np.array([person.account for person in people])
        joined = np.array([person.joined for person in people])
        day_joined = (joined - self.zero) // DAY_MS
        keen = rng.beta(5, 3, len(people)) * 1.6
        usual = np.array([company.shape.active for company in companies])[account] * keen
        chance = self._curves()[account] * WEEK[self.weekday][None, :] * usual[:, None]
        chance[np.arange(self.days)[None, :] < day_joined[:, None]] = 0
        chance[np.arange(len(people)), day_joined] = 1  # whoever signs up looks around
        who, day = np.nonzero(rng.random(chance.shape) < chance)
        often = 1 + rng.poisson(np.array([company.shape.events for company in companies])[account[who]])
        who, day = np.repeat(who, often), np.repeat(day, often)
        # Working hours; people sit in different time zones.
        middle = rng.choice([9.5, 13.0, 18.5], len(people), p=[0.45, 0.2, 0.35])
        hour = np.clip(rng.normal(middle[who], 2.4), 0.0, 23.99)
        at = self.zero + day * DAY_MS + (hour * 3_600_000).astype(np.int64)
        at = np.maximum(at, joined[who] + 5000 + rng.integers(0, 20 * MINUTE_MS, len(who)))

        weight = np.array([weight for _, weight in FEATURES])
        order = rng.random((len(companies), len(FEATURES))) + np.where(np.arange(len(FEATURES)) < COMMON, 0.0, 0.6)
        sizes = np.array([rng.integers(low, high + 1) for low, high in (c.shape.features for c in companies)])
        palette = order.argsort(axis=1).argsort(axis=1) < sizes[:, None]
        steps = np.cumsum(palette * weight, axis=1)
        steps /= steps[:, -1:]
        event = (steps[account[who]] <= rng.random(len(who))[:, None]).sum(axis=1)
        noise = rng.random(len(who)) < NOISE_SHARE
        event[noise] = -rng.integers(1, len(NOISE) + 1, int(noise.sum()))
        return at, who, event

    # Out -------------------------------------------------------------------------------------------------------------

    def bodies(self) -> Iterator[bytes]:
        usage_at, who, event = self._usage()
        extra_at = np.array([at for at, _ in self.extra], dtype=np.int64)
        at = np.concatenate([extra_at, usage_at])
        order = np.argsort(at, kind="stable")
        order = order[at[order] <= self.until]
        times = np.char.add(np.datetime_as_string(at[order].astype("datetime64[ms]")), "Z").tolist()
        encode = msgspec.json.encode
        extras = len(self.extra)
        people, events = who.tolist(), event.tolist()
        ids = [person.id for person in self.people]
        contexts = [{"groupId": person.group} if person.group else {} for person in self.people]
        batch: list[dict[str, Any]] = []
        for number, (row, time) in enumerate(zip(order.tolist(), times, strict=True)):
            if row < extras:
                message = self.extra[row][1]
            else:
                person, kind = people[row - extras], events[row - extras]
                name = FEATURES[kind][0] if kind >= 0 else NOISE[-kind - 1]
                message = {"type": "track", "event": name, "userId": ids[person], "context": contexts[person]}
            batch.append({**message, "timestamp": time, "messageId": f"{self.prefix}-{number:07d}"})
            if len(batch) == BATCH:
                yield encode({"batch": batch})
                batch = []
        if batch:
            yield encode({"batch": batch})


def _portions(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that add up to `total`, as near to the shares as can be; the first share takes the rest."""
    portions = np.floor(shares / shares.sum() * total).astype(int)
    portions[0] += total - portions.sum()
    return portions


def _pick(rng: np.random.Generator, weighted: list[tuple[str, int]]) -> str:
    at = rng.random() * sum(weight for _, weight in weighted)
    for text, weight in weighted:
        at -= weight
        if at < 0:
            return text
    return weighted[-1][0]


def _ascii(name: str) -> str:
    """`"Zielińska"` → `"zielinska"`: the way names end up in addresses."""
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("ı", "i").replace("ł", "l"))
    return "".join(char for char in plain.lower() if char.isascii() and char.isalpha())
