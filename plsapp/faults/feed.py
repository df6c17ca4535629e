"""A known set of events: what is sent, and what must come of each message."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

import msgspec

KINDS = ("Report Exported", "Dashboard Created", "Teammate Invited", "Query Run", "Comment Added", "API Key Created")
#: Messages in one request.
BATCH = 50

#: What nobody can count, by the code it is set aside with. What is given replaces that part of a good message.
POISON: dict[str, dict[str, Any]] = {
    "no_user": {"userId": ""},
    "bad_id": {"userId": {"id": 1}},
    "bad_event": {"event": 17},
    "bad_properties": {"properties": "none"},
    "bad_timestamp": {"timestamp": "the day after"},
    "future_timestamp": {"timestamp": "2199-01-01T00:00:00Z"},
    "unknown_type": {"type": "trakc"},
    "bad_context": {"context": [1, 2]},
}

#: A daily row: person, workspace, event, day (UTC).
type Place = tuple[str, str, str, str]


@dataclass(frozen=True)
class Event:
    """One message. `place` is the daily row it adds one to; `code` what it is set aside with; neither: it tells a fact."""

    body: dict[str, Any]
    place: Place | None = None
    code: str = ""

    @property
    def id(self) -> str:
        return str(self.body["messageId"])


class Feed:
    """Messages of one product's customers. Names, and so people, accounts and message ids, are this feed's own."""

    def __init__(self, name: str, *, companies: int, people: int = 6) -> None:
        self.name = name
        self.domains = [f"{name}-{company}.example" for company in range(companies)]
        self.people = people
        self.draw = random.Random(name)  # noqa: S311 - the same again at every run
        self.made = 0

    def facts(self) -> list[Event]:
        """Who these people are and where they work."""
        found = []
        for domain in self.domains:
            traits = {"name": domain.partition(".")[0].title(), "website": domain, "employees": 420}
            found.append(self._fact("group", groupId=f"ws-{domain}", traits=traits, userId=f"user0@{domain}"))
            for person in range(self.people):
                email = f"user{person}@{domain}"
                found.append(self._fact("identify", userId=email, traits={"email": email, "title": "Engineer"}))
        return found

    def events(self, count: int, *, days: float = 30, since: float = 0, kind: str = "") -> list[Event]:
        """Events of the past between `since` and `days` days ago, in no order."""
        now = dt.datetime.now(dt.UTC)
        span = days * 86_400, since * 86_400
        return [self.event(now - dt.timedelta(seconds=self.draw.uniform(*span)), kind=kind) for _ in range(count)]

    def event(self, at: dt.datetime, *, day: dt.date | None = None, kind: str = "", **more: Any) -> Event:
        """One event, stamped `at`, that is to count on `day` (that of `at`: none given)."""
        domain = self.draw.choice(self.domains)
        who, what = f"user{self.draw.randrange(self.people)}@{domain}", kind or self.draw.choice(KINDS)
        body = {
            "type": "track",
            "messageId": self._id(),
            "userId": who,
            "event": what,
            "timestamp": at.isoformat(),
            "context": {"groupId": f"ws-{domain}"},
            **more,
        }
        return Event(body, (f"u:{who}", f"ws-{domain}", what, (day or at.date()).isoformat()))

    def poison(self, code: str) -> Event:
        return Event(self.event(dt.datetime.now(dt.UTC)).body | POISON[code], code=code)

    def _fact(self, kind: str, **body: Any) -> Event:
        return Event({"type": kind, "messageId": self._id(), **body})

    def _id(self) -> str:
        self.made += 1
        return f"{self.name}/{self.made}"


def requests(events: list[Event], *, size: int = BATCH) -> list[list[Event]]:
    """The events in requests of so many."""
    return [events[start : start + size] for start in range(0, len(events), size)]


def body_of(events: list[Event]) -> bytes:
    return msgspec.json.encode({"batch": [event.body for event in events]})
