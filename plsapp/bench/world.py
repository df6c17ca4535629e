"""A company's product of any size, made at once: by COPY into the tables, as the loader would have left them.

Company sizes are Pareto (1.1), about ten people a company; each person has about ten daily rows in 56 days, of 25 event types,
five events a row. With 100,000 accounts: about 1.0 M people, 9.8 M daily rows, 49 M events.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
from django.db import connection
from django.utils import timezone

from accounts import months, usage
from accounts.models import EventType, Source
from plsapp.bench.measure import bar

EVENTS = [
    f"{thing} {deed}"
    for thing in ("Report", "Board", "Query", "File", "Alert")
    for deed in ("Opened", "Exported", "Created", "Shared", "Run")
]
DAYS = 56
#: Daily rows a person, and events a row, on average.
ROWS_A_PERSON, EVENTS_A_ROW = 9.7, 5
TITLES = [
    ("CTO", "engineering", "c_level", "economic_buyer", 0.6),
    ("VP Engineering", "engineering", "vp", "economic_buyer", 0.6),
    ("Engineering Manager", "engineering", "manager", "influencer", 0.5),
    ("Software Engineer", "engineering", "other", "end_user", 0.4),
]


@dataclass(frozen=True)
class World:
    """What was made. Person n has the userId `user<n>` (from 1) and works in company `company[n - 1]` (from 1)."""

    accounts: int
    company: np.ndarray
    daily_rows: int
    events: int
    today: dt.date

    @property
    def people(self) -> int:
        return len(self.company)

    def sizes(self) -> dict[str, int]:
        return {
            "accounts": self.accounts,
            "people": self.people,
            "daily_rows": self.daily_rows,
            "events": self.events,
        }

    def messages(
        self, events: int, *, days: float = DAYS, seed: int = 7, batch: int = 100
    ) -> Iterator[list[dict[str, Any]]]:
        """Batches of track messages about these people, spread over so many past days. Message ids differ by seed."""
        draw = np.random.default_rng(seed)
        now = timezone.now()
        for start in range(0, events, batch):
            people = draw.integers(0, self.people, batch)
            kinds = draw.integers(0, len(EVENTS), batch)
            ages = draw.integers(0, max(1, int(days * 86_400)), batch)
            yield [
                {
                    "type": "track",
                    "messageId": f"bench-{seed}-{start + place}",
                    "userId": f"user{person + 1}",
                    "event": EVENTS[kinds[place]],
                    "timestamp": (now - dt.timedelta(seconds=int(ages[place]))).isoformat(),
                    "context": {"groupId": f"workspace-{self.company[person]}"},
                }
                for place, person in enumerate(people.tolist())
            ]


def fill(*, accounts: int, days: int = DAYS, seed: int = 1) -> World:
    """Makes accounts with their domains and workspaces, people, memberships and usage up to today, in an empty database."""
    draw = np.random.default_rng(seed)
    today = timezone.now().date()
    company = company_of_people(accounts, draw)
    people = len(company)
    if not Source.objects.exists():
        Source.objects.create(name="Bench")
    types = usage.event_types(EVENTS)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_account (id, name, domain, employees, industry, plan, created_at, of_person)
            SELECT n, 'Company ' || n, 'company' || n || '.example',
                   CASE WHEN n %% 3 > 0 THEN 10 + (n::bigint * 7919) %% 5000 END, '', '', now(), false
            FROM generate_series(1, %(accounts)s) AS n;
            INSERT INTO accounts_accountdomain (domain, account_id, source)
            SELECT 'company' || n || '.example', n, 'workspace' FROM generate_series(1, %(accounts)s) AS n;
            INSERT INTO accounts_workspace (id, external_id, name, domain, industry, plan, account_id, account_by, created_at)
            SELECT n, 'workspace-' || n, 'Workspace ' || n, 'company' || n || '.example', '', '', n, 'domain', now()
            FROM generate_series(1, %(accounts)s) AS n;
            """.replace("%(accounts)s", str(int(accounts))).replace("%%", "%")
        )
        known = draw.integers(0, 10, people)
        kind = np.where(known == 0, draw.integers(0, len(TITLES), people), -1)
        first_seen = np.datetime64(today) - draw.integers(0, 200, people).astype("timedelta64[D]")
        number = np.arange(1, people + 1)

        def of_title(place: int, none: Any) -> np.ndarray:
            return np.array([*(title[place] for title in TITLES), none])[kind]

        names = pa.array(number.astype(str))
        _copy(
            "accounts_productuser",
            {
                "id": number,
                "key": _joined("u:user", names),
                "email": _joined("user", names, pa.array(_texts("@company", company, ".example"))),
                "name": _joined("User ", names),
                "title": of_title(0, ""),
                "department": of_title(1, ""),
                "seniority": of_title(2, ""),
                "company": np.full(people, ""),
                "buying_role": of_title(3, ""),
                "buying_confidence": of_title(4, 0.0).astype(float),
                "account_id": company,
                "first_seen_at": first_seen.astype("datetime64[s]"),
                "last_seen_at": np.full(people, np.datetime64(today, "s")),
            },
        )
        in_workspace = draw.random(people) < 0.9
        _copy(
            "accounts_membership",
            {
                "user_id": number[in_workspace],
                "workspace_id": company[in_workspace],
                "first_seen_at": first_seen[in_workspace].astype("datetime64[s]"),
            },
        )
    # How busy somebody is differs as much as companies do: many a little, few a lot.
    busy = draw.gamma(1.0, 1.0, people) + 0.05
    busy *= ROWS_A_PERSON * people / busy.sum() / days
    type_ids = np.array([types[name].id for name in EVENTS])
    rows = events = 0
    for ago in bar(range(days - 1, -1, -1), "Days of usage", days):
        drawn = draw.poisson(busy)
        who = np.repeat(number, drawn)
        what = np.minimum((draw.gamma(1.0, 5.0, len(who))).astype(int), len(EVENTS) - 1)
        unique = np.unique(who * len(EVENTS) + what)
        who, what = unique // len(EVENTS), unique % len(EVENTS)
        counts = draw.geometric(1 / EVENTS_A_ROW, len(who))
        day = today - dt.timedelta(days=ago)
        months.ensure([day])
        _copy(
            "accounts_usage",
            {
                "user_id": who,
                "day": np.full(len(who), np.datetime64(day)),
                "event_type_id": type_ids[what],
                "workspace_id": np.where(in_workspace, company, 0)[who - 1],
                "count": counts,
            },
        )
        rows += len(who)
        events += int(counts.sum())
    with connection.cursor() as cursor:
        for table in ("account", "workspace", "productuser"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('accounts_{table}', 'id'), (SELECT max(id) FROM accounts_{table}))"
            )
        EventType.objects.update(first_seen_at=timezone.now(), last_seen_at=timezone.now())
        cursor.execute("ANALYZE")
    return World(accounts, company, rows, events, today)


def company_of_people(accounts: int, draw: np.random.Generator) -> np.ndarray:
    """The company of every person; sizes are Pareto (1.1), cut at 2,000 people, scaled to about ten a company."""
    sizes = np.minimum(2_000, draw.pareto(1.1, accounts) * 1.7 + 1)
    sizes = np.maximum(1, np.floor(sizes * 10.2 * accounts / sizes.sum() + draw.random(accounts))).astype(int)
    return np.repeat(np.arange(1, accounts + 1), sizes)


def _texts(before: str, values: np.ndarray, after: str) -> list[str]:
    return [f"{before}{value}{after}" for value in values.tolist()]


def _joined(first: str, *parts: pa.Array) -> pa.Array:
    return pa.compute.binary_join_element_wise(pa.scalar(first), *parts, "")


def _copy(table: str, columns: dict[str, Any]) -> None:
    """COPY from whole columns."""
    text = io.BytesIO()
    pyarrow.csv.write_csv(
        pa.table({name: pa.array(values) for name, values in columns.items()}),
        text,
        pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"),
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({', '.join(columns)}))"
        ) as copy,
    ):
        copy.write(text.getbuffer())
