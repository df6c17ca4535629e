"""Landed batches of 100 to rolled-up usage, beside a bare COPY of the same events.

Five feeds of the same size of company. `sessions`: today's events, five for one daily row on average as in the whole world, those
of a row one after the other, as SDKs send them. `new_people`: the same, with 5 % of the people known to nobody. `strewn`: as
many events a row, but no two near each other. `unlike`: each event is another random person's, on a random one of 56 days, so
that nothing rolls up, and no page is used twice: the worst that can be sent. `browser`: as SDKs in browsers send them, each with
its device, a tenth by nobody who signed in, a tenth identify calls with traits, and some group calls.

Beside the seconds, which other work on the machine prolongs, stands the processor time of this process and of its PostgreSQL one.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
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
#: Of each feed beside the main one.
FEWER = 200_000
NEW_PEOPLE = 0.05

type Batch = list[dict[str, Any]]


def run(*, accounts: int) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        return _run(made)


def _run(made: world.World) -> Report:
    main = list(_sessions(made.messages(EVENTS, seed=7, days=1)))
    loaded, seconds, cost = _loaded(main)
    bare = _bare_copy(main)
    speed = loaded / seconds
    others = {
        "new_people": _with_new_people(_sessions(made.messages(FEWER, seed=8, days=1))),
        "strewn": _strewn(made, made.messages(FEWER, seed=9, days=1)),
        "unlike": made.messages(FEWER, seed=10),
        "browser": _of_browsers(made, _sessions(made.messages(FEWER, seed=11, days=1))),
    }
    speeds = {}
    costs = {f"{name}_us_an_event": value for name, value in cost.items()}
    for name, feed in others.items():
        events, taken, cost = _loaded(list(feed))
        speeds[name] = round(events / taken)
        costs |= {f"{of}_us_an_event_{name}": value for of, value in cost.items()}
    return Report(
        bench="load",
        sizes=made.sizes(),
        figures={
            "loaded_events": loaded,
            "load_seconds": seconds,
            "events_per_second": round(speed),
            "bare_copy_events_per_second": round(loaded / bare),
            "ratio_to_bare_copy": seconds / bare,
        }
        | {f"events_per_second_{name}": value for name, value in speeds.items()}
        | costs,
        targets=[
            Target("events loaded a second", round(speed), 40_000, at_least=True),
            Target("events loaded a second, no two alike", speeds["unlike"], 40_000, at_least=True),
        ],
    )


def _loaded(batches: list[Batch]) -> tuple[int, float, dict[str, float]]:
    """Lands these and loads them: messages, seconds of loading, and µs of processor a message, of Python and of PostgreSQL."""
    encode = msgspec.json.Encoder().encode
    source = Source.objects.get()
    for batch in bar(batches, "Landing", len(batches)):
        landing.accept(source=source, path="batch", body=encode({"batch": batch}), size=len(batch))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) accounts_landing")  # as autovacuum has done where the intake works all day
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    python, postgresql = time.process_time(), _busy_seconds(backend)
    loaded, seconds = timed(loading.drain)
    cost = {"python": time.process_time() - python}
    if postgresql is not None and (until := _busy_seconds(backend)) is not None:
        cost["postgresql"] = until - postgresql
    if loaded.messages != sum(map(len, batches)) or Landing.objects.exists():
        raise RuntimeError(f"The loader lost events: {loaded}")
    return loaded.messages, seconds, {of: value / loaded.messages * 1e6 for of, value in cost.items()}


def _busy_seconds(process: int) -> float | None:
    """What a process has had of the processors; none where the system does not tell, or the process is elsewhere."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return None


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


def _sessions(batches: Iterable[Batch]) -> Iterator[Batch]:
    draw = random.Random(1)  # noqa: S311
    for batch in batches:
        first = batch[0]
        for message in batch:
            if draw.random() < 1 / world.EVENTS_A_ROW:
                first = message
            message |= {name: first[name] for name in ("userId", "context", "event")}
        yield batch


def _with_new_people(batches: Iterable[Batch]) -> Iterator[Batch]:
    for batch in batches:
        for message in batch:
            if int(message["userId"].removeprefix("user")) % round(1 / NEW_PEOPLE) == 0:
                message["userId"] = "new-" + message["userId"]
        yield batch


def _strewn(made: world.World, batches: Iterable[Batch]) -> Iterator[Batch]:
    draw = random.Random(2)  # noqa: S311
    for batch in batches:
        for message in batch:
            row = draw.randrange(FEWER // world.EVENTS_A_ROW)
            person = row * 7_919 % made.people
            message["userId"] = f"user{person + 1}"
            message["context"] = {"groupId": f"workspace-{made.company[person]}"}
            message["event"] = world.EVENTS[row % len(world.EVENTS)]
        yield batch


def _of_browsers(made: world.World, batches: Iterable[Batch]) -> Iterator[Batch]:
    draw = random.Random(3)  # noqa: S311
    for batch in batches:
        for message in batch:
            name = message["userId"]
            company = made.company[int(name.removeprefix("user")) - 1]
            message["anonymousId"] = f"device-{name}-{draw.randrange(2)}"
            kind = draw.random()
            if kind < 0.1:
                del message["userId"]
            elif kind < 0.2:
                traits = {"email": f"{name}@company{company}.example", "name": name, "title": "Engineer"}
                message |= {"type": "identify", "traits": traits}
            elif kind < 0.23:
                message |= {"type": "group", "groupId": f"workspace-{company}", "traits": {"employees": 100}}
        yield batch
