"""Landed batches of 100 to rolled-up usage, beside a bare COPY of the same events."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import connection

from accounts import landing, loading
from accounts.models import Source
from plsapp.bench import world
from plsapp.bench.measure import bar, own_database, timed
from plsapp.bench.report import Report, Target

ACCOUNTS = 100_000
EVENTS = 200_000


def run(*, accounts: int) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        return _run(made)


def _run(made: world.World) -> Report:
    encode = msgspec.json.Encoder().encode
    source = Source.objects.get()
    rows: list[tuple[Any, ...]] = []
    for batch in bar(made.messages(EVENTS), "Landing", EVENTS // 100):
        landing.accept(source=source, path="batch", body=encode({"batch": batch}), size=len(batch))
        rows += [(m["messageId"], m["userId"], m["event"], m["timestamp"], m["context"]["groupId"]) for m in batch]
    loaded, seconds = timed(loading.drain)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_raw (id text, who text, event text, at timestamptz, workspace text)")

        def copy() -> None:
            with cursor.copy("COPY bench_raw FROM STDIN") as stream:
                for row in rows:
                    stream.write_row(row)

        _, bare = timed(copy)
    speed = loaded.messages / seconds
    return Report(
        bench="load",
        sizes=made.sizes(),
        figures={
            "loaded_events": loaded.messages,
            "load_seconds": seconds,
            "events_per_second": round(speed),
            "bare_copy_events_per_second": round(len(rows) / bare),
            "ratio_to_bare_copy": seconds / bare,
        },
        targets=[Target("events loaded a second", round(speed), 40_000, at_least=True)],
    )
