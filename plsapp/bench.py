"""Benchmarks. Each makes its own data in a database of its own, prints a table, and cleans up.

A figure stands beside a simpler thing that was measured in the same run on the same data: the ratio is what can be compared
between machines, the seconds are for orientation.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from accounts import landing, loading
from accounts.models import Account, Source
from scoring import definitions, features, rules, runs

EVENTS = [
    f"{thing} {deed}"
    for thing in ("Report", "Board", "Query", "File", "Alert")
    for deed in ("Opened", "Exported", "Created", "Shared", "Run")
]


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """A migrated, empty database beside the real one, dropped at the end."""
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def world(*, accounts: int, events: int, days: int = 56, seed: int = 1) -> Iterator[list[dict[str, Any]]]:
    """Batches of 100 track messages. Company sizes are Pareto (1.1), about ten people a company."""
    draw = np.random.default_rng(seed)
    sizes = np.minimum(2_000, (draw.pareto(1.1, accounts) * 2 + 1).astype(int))
    company = np.repeat(np.arange(accounts), sizes)
    now = timezone.now()
    for start in range(0, events, 100):
        people = draw.integers(0, len(company), 100)
        kinds = draw.integers(0, len(EVENTS), 100)
        ages = draw.integers(0, days * 86_400, 100)
        yield [
            {
                "type": "track",
                "messageId": f"bench-{seed}-{start + place}",
                "userId": f"user{person}@company{company[person]}.example",
                "event": EVENTS[kinds[place]],
                "timestamp": (now - dt.timedelta(seconds=int(ages[place]))).isoformat(),
                "context": {"groupId": f"workspace-{company[person]}"},
            }
            for place, person in enumerate(people.tolist())
        ]


def load(*, accounts: int, events: int) -> dict[str, Any]:
    """Landed batches of 100 to rolled-up usage, beside a bare COPY of the same events into one table."""
    encode = msgspec.json.Encoder().encode
    source = Source.objects.create(name="Bench")
    warm = min(events, 20_000)
    rows: list[tuple[Any, ...]] = []
    for part, batch in enumerate(
        _bar(world(accounts=accounts, events=events + warm), "Landing", (events + warm) // 100)
    ):
        landing.accept(source=source, path="batch", body=encode({"batch": batch}), size=len(batch))
        if (part + 1) * 100 == warm:
            loading.drain()  # the people of the first part are known when the clock starts
        elif (part + 1) * 100 > warm:
            rows += [(m["messageId"], m["userId"], m["event"], m["timestamp"], m["context"]["groupId"]) for m in batch]
    loaded, seconds = _timed(loading.drain)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_raw (id text, who text, event text, at timestamptz, workspace text)")

        def copy() -> None:
            with cursor.copy("COPY bench_raw FROM STDIN") as stream:
                for row in rows:
                    stream.write_row(row)

        _, bare = _timed(copy)
    return {
        "bench": "load",
        "accounts": Account.objects.count(),
        "events": loaded.messages,
        "seconds": round(seconds, 2),
        "events_per_second": round(loaded.messages / seconds),
        "bare_copy_events_per_second": round(len(rows) / bare),
        "ratio_to_bare_copy": round(seconds / bare, 1),
    }


def score(*, accounts: int, events: int) -> dict[str, Any]:
    """A full scoring run, beside its feature query alone and its arithmetic alone."""
    encode = msgspec.json.Encoder().encode
    source = Source.objects.create(name="Bench")
    for batch in _bar(world(accounts=accounts, events=events), "Landing", events // 100):
        landing.accept(source=source, path="batch", body=encode({"batch": batch}), size=len(batch))
    loading.drain()
    today = timezone.now().date()
    features.sql(today, scoped=False)
    matrix, query = _timed(lambda: features.matrix(today))
    spec = definitions.spec_of(definitions.published())
    _, arithmetic = _timed(lambda: rules.evaluate(spec, matrix, evidence=matrix["events_28"] > 0))
    run, first = _timed(runs.score_all)
    again, second = _timed(runs.score_all)
    return {
        "bench": "score",
        "accounts": run.accounts,
        "events": events,
        "full_run_seconds": round(first, 2),
        "unchanged_run_seconds": round(second, 2),
        "changed_the_second_time": again.changed,
        "feature_query_seconds": round(query, 2),
        "arithmetic_seconds": round(arithmetic, 4),
        "ratio_to_feature_query": round(first / query, 1),
    }


BENCHES: dict[str, Callable[..., dict[str, Any]]] = {"load": load, "score": score}


def _timed[T](work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    answer = work()
    return answer, time.perf_counter() - started


def _bar[T](items: Iterator[T], what: str, total: int) -> Iterator[T]:
    return iter(tqdm(items, desc=what, total=total, file=sys.stderr))
