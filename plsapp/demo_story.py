"""What the messages of the demo tell beyond plain usage: companies that are hard to tell apart, and one with many people.

Pure, seeded: the same time gives the same messages. They go through the same intake as all others.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from plsapp import simulation_words as words

BATCH = 400
#: Two companies that are one: the people of the first stop, and the same people begin at the other. Days before today.
BEFORE, AFTER = ("Helios Optics", "heliosoptics.example"), ("Orion Photonics", "orionphotonics.example")
STOPPED, BEGAN, MOVED = 96, 93, 70
#: Workspaces that two companies have an equal share in: (name, one, other, people of each).
SHARED = (
    ("Harbor joint venture", ("Kestrel Marine", "kestrelmarine.example"), ("Lark Shipping", "larkshipping.example"), 3),
    ("Robot arm pilot", ("Fern Robotics", "fernrobotics.example"), ("Moss Analytics", "mossanalytics.example"), 2),
)
#: What a member makes one account of two; and what looked like one, and was taken back.
TWINS = ("Cedarline", "cedarline.example"), ("Cedarline GmbH", "cedarline-gmbh.example")
NAMESAKES = ("Pinecrest Hotels", "pinecresthotels.example"), ("Pinecrest Health", "pinecresthealth.example")
#: The company whose organisation map is large.
LARGE, MOST_PEOPLE = ("Meridian Systems", "meridiansystems.example"), 220
#: Who asks to be forgotten.
LEAVER = "robin.ostrowski@cedarline.example"
#: An address that many share, which the built-in lists do not know.
SHARED_HOST = "campusmail.example"
_USUAL = ("Project Opened", "Task Completed", "Comment Added", "Item Updated", "Report Shared")
#: What the people of `BEFORE` and `AFTER` do, and few others.
_THEIRS = ("Automation Run", "API Called", "Data Imported")
_TEAMS = ("Platform", "Data", "Field", "Finance")
_USE_CASES = ("Project planning", "Reporting", "Automation")
_TITLES = (
    *(
        "Software Engineer",
        "Senior Software Engineer",
        "Data Analyst",
        "Product Designer",
        "QA Engineer",
        "Support Agent",
    ),
    *(
        "Team Lead Engineering",
        "Engineering Manager",
        "Product Manager",
        "Head of Data",
        "Director of IT",
        "Guild Master Data",
    ),
)


def bodies(*, until: dt.datetime, people: int = MOST_PEOPLE, seed: int = 11) -> Iterator[bytes]:
    """Request bodies for POST /v1/batch, in time order, none after `until`: about 5,000 messages. `people`: of the large one."""
    story = _Story(until, seed)
    story.take_over()
    story.ambiguous()
    for number, company in enumerate((*TWINS, *NAMESAKES)):
        story.team(company, 3 + number, since=60 - 9 * number, website=True)
    story.person(LEAVER, "Robin Ostrowski", "Freelancer", "ws_story_cedarline", since=30, until_day=9)
    story.person(f"lea@{SHARED_HOST}", "Lea Fontaine", "", "", since=20)
    story.person(f"jonas@{SHARED_HOST}", "Jonas Becker", "", "", since=14)
    story.large(people)
    return story.out(f"demo-story-{seed}-{until:%y%m%d%H%M%S}")


class _Story:
    def __init__(self, until: dt.datetime, seed: int) -> None:
        self.until, self.rng = until, np.random.default_rng(seed)
        self.told: list[tuple[dt.datetime, int, dict[str, Any]]] = []

    def take_over(self) -> None:
        people: list[tuple[str, str]] = []
        while len(people) < MOVED:  # so many that hardly another company grew as much at that time
            people += [who] if (who := self._name()) not in people else []
        for (name, domain), since, until_day in ((BEFORE, 118, STOPPED), (AFTER, BEGAN, 0)):
            group = self._group_of(name)
            for place, (first, last) in enumerate(people):
                title = ("VP Engineering", "Engineering Manager")[place] if place < 2 else _TITLES[place % 4]
                mail = f"{plain(first)}.{plain(last)}@{domain}"
                self.person(
                    mail,
                    f"{first} {last}",
                    title,
                    group,
                    since=since - place // 8,
                    until_day=until_day,
                    often=0.12,
                    does=_THEIRS,
                )
            self._open(f"{plain(people[0][0])}.{plain(people[0][1])}@{domain}", group, name, domain, since, 400)

    def ambiguous(self) -> None:
        for number, (name, one, other, many) in enumerate(SHARED):
            group = self._group_of(name)
            for company in (one, other):
                domain = company[1]
                self.team(company, 2, since=70 - number, website=True)
                for place in range(many):
                    first, last = self._name()
                    mail = f"{plain(first)}.{plain(last)}@{domain}"
                    title = "Head of Operations" if place == 0 else "Project Manager"
                    self.person(mail, f"{first} {last}", title, group, since=24 - 6 * number - place)
                    if (company, place) == (one, 0):
                        self._open(mail, group, name, "", 24 - 6 * number, 150)

    def team(self, company: tuple[str, str], many: int, *, since: int, website: bool) -> None:
        name, domain = company
        group, opener = self._group_of(name), ""
        for place in range(many):
            first, last = self._name()
            mail = f"{plain(first)}.{plain(last)}@{domain}"
            self.person(
                mail, f"{first} {last}", _TITLES[place % len(_TITLES)], group, since=since - 2 * place, by=opener
            )
            opener = opener or mail
        self._open(opener, group, name, domain if website else "", since, 40 * many)

    def large(self, people: int) -> None:
        """Most are brought by somebody who is there; those who brought many bring more."""
        name, domain = LARGE
        there: list[str] = []
        for number in range(people):
            first, last = self._name()
            mail = f"{plain(first)}.{plain(last)}{number + 1}@{domain}"
            luck = self.rng.random()
            title = self._pick(_TITLES[:6] if luck < 0.8 else _TITLES[6:9] if luck < 0.96 else _TITLES[9:])
            if number in (40, 90, 150):
                title = {40: "Chief Information Officer", 90: "VP Engineering", 150: "Head of Procurement"}[number]
            since = max(2, 110 - number // 2)
            by = there[int(len(there) * self.rng.random() ** 3)] if there and self.rng.random() < 0.85 else ""
            group = self._group_of(f"{name} {_TEAMS[number % 4]}")
            self.person(mail, f"{first} {last}", title, group, since=since, by=by, often=0.12)
            if number < 4:
                self._open(mail, group, f"{name} {_TEAMS[number]}" if number < 3 else name, domain, since, 3_400)
            there.append(mail)

    def person(
        self,
        mail: str,
        name: str,
        title: str,
        group: str,
        *,
        since: int,
        until_day: int = 0,
        by: str = "",
        often: float = 0.4,
        does: Sequence[str] = _USUAL,
    ) -> None:
        """Signs up `since` days ago, mostly brought by `by`, and uses the product on some of the days until `until_day`."""
        user = _user(mail)
        joined = self._at(since)
        if by:
            invited = {"type": "track", "event": "Teammate Invited", "userId": _user(by), "properties": {"email": mail}}
            self._tell(joined - dt.timedelta(hours=2), invited)
        traits = {"email": mail, "name": name} | ({"title": title} if title else {})
        if self.rng.random() < 0.3:
            traits["useCase"] = self._pick(_USE_CASES)
        self._tell(joined, {"type": "identify", "userId": user, "traits": traits})
        if group:
            self._tell(joined + dt.timedelta(seconds=2), {"type": "group", "userId": user, "groupId": group})
        for day in range(since, until_day - 1, -1):
            if day in (since, until_day) or self.rng.random() < often:
                context = {"groupId": group} if group else {}
                said = {"type": "track", "event": self._pick(does), "userId": user, "context": context}
                self._tell(self._at(day) + dt.timedelta(minutes=5), said)

    def _open(self, mail: str, group: str, name: str, domain: str, since: int, employees: int) -> None:
        traits: dict[str, Any] = {"name": name, "employees": employees}
        if domain:
            traits["website"] = f"https://www.{domain}/"
        at = self._at(since) + dt.timedelta(minutes=1)
        self._tell(at, {"type": "group", "userId": _user(mail), "groupId": group, "traits": traits})

    def _tell(self, at: dt.datetime, message: dict[str, Any]) -> None:
        if at <= self.until:
            self.told.append((at, len(self.told), message))

    def _at(self, day: int) -> dt.datetime:
        """Some time in the working hours of a day so long ago."""
        morning = self.until.replace(hour=8, minute=0) - dt.timedelta(days=day)
        return min(
            morning + dt.timedelta(minutes=float(self.rng.uniform(0, 540))), self.until - dt.timedelta(minutes=9)
        )

    def _name(self) -> tuple[str, str]:
        return self._pick(words.FIRST_NAMES), self._pick(words.LAST_NAMES)

    def _pick(self, of: Sequence[str]) -> str:
        return of[int(self.rng.integers(len(of)))]

    def _group_of(self, name: str) -> str:
        return f"ws_story_{name.lower().replace(' ', '_')}"

    def out(self, prefix: str) -> Iterator[bytes]:
        told = sorted(self.told, key=lambda one: one[:2])
        for start in range(0, len(told), BATCH):
            batch = [
                {**message, "timestamp": at.isoformat(), "messageId": f"{prefix}-{start + number:06d}"}
                for number, (at, _order, message) in enumerate(told[start : start + BATCH])
            ]
            yield msgspec.json.encode({"batch": batch})


def _user(mail: str) -> str:
    return f"story_{mail}"


def plain(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name.lower().replace("ł", "l").replace("ø", "o").replace("ı", "i"))
    return "".join(char for char in parts if char.isascii() and char.isalnum()) or "x"
