"""Landed batches of 100 to rolled-up usage, beside a bare COPY of the same events.

Every event is another random person's, on a random one of 56 days: nothing can be rolled up, and no page is used twice. A second
feed has 5 % people whom nobody knows yet; a third is one day's, of people who do several things.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec
from django.db import connection

from accounts import landing, loading
from accounts.models import Landing, Source
from plsapp.bench import world
from plsapp.bench.measure import bar, own_database, timed
from plsapp.bench.report import Report, Target

ACCOUNTS = 100_000
EVENTS = 400_000
#: Of the feeds beside the main one.
FEWER = 100_000
NEW_PEOPLE = 0.05

type Batch = list[dict[str, Any]]


def run(*, accounts: int) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        return _run(made)


def _run(made: world.World) -> Report:
    known = list(bar(made.messages(EVENTS), "Events", EVENTS // 100))
    loaded, seconds = _loaded(known)
    bare = _bare_copy(known)
    new, new_seconds = _loaded(list(_with_new_people(made.messages(FEWER, seed=8))))
    live, live_seconds = _loaded(list(_busy(made.messages(FEWER, seed=9, days=1))))
    speed = loaded / seconds
    return Report(
        bench="load",
        sizes=made.sizes(),
        figures={
            "loaded_events": loaded,
            "load_seconds": seconds,
            "events_per_second": round(speed),
            "bare_copy_events_per_second": round(loaded / bare),
            "ratio_to_bare_copy": seconds / bare,
            "events_per_second_with_new_people": round(new / new_seconds),
            "events_per_second_of_one_day": round(live / live_seconds),
        },
        targets=[Target("events loaded a second", round(speed), 40_000, at_least=True)],
    )


def _loaded(batches: list[Batch]) -> tuple[int, float]:
    """Lands these and loads them: events, and seconds of loading."""
    encode = msgspec.json.Encoder().encode
    source = Source.objects.get()
    for batch in bar(batches, "Landing", len(batches)):
        landing.accept(source=source, path="batch", body=encode({"batch": batch}), size=len(batch))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) accounts_landing")  # as autovacuum has done where the intake works all day
    loaded, seconds = timed(loading.drain)
    if loaded.messages != sum(map(len, batches)) or Landing.objects.exists():
        raise RuntimeError(f"The loader lost events: {loaded}")
    return loaded.messages, seconds


def _bare_copy(batches: list[Batch]) -> float:
    """Seconds of a COPY of the same events, one by one as psycopg sends rows, into a table without any index."""
    rows = [
        (m["messageId"], m["userId"], m["event"], m["timestamp"], m["context"]["groupId"]) for b in batches for m in b
    ]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_raw (id text, who text, event text, at timestamptz, workspace text)")

        def copy() -> None:
            with cursor.copy("COPY bench_raw FROM STDIN") as stream:
                for row in rows:
                    stream.write_row(row)

        return timed(copy)[1]


def _with_new_people(batches: Iterator[Batch]) -> Iterator[Batch]:
    draw = random.Random(1)  # noqa: S311
    for batch in batches:
        for message in batch:
            if draw.random() < NEW_PEOPLE:
                message["userId"] = f"new-{draw.randrange(10**9)}"
        yield batch


def _busy(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Each ten events in a row are one person's, in one workspace."""
    for batch in batches:
        for place, message in enumerate(batch):
            first = batch[place - place % 10]
            message["userId"], message["context"] = first["userId"], first["context"]
        yield batch
