"""Parts that benchmarks share: a database of their own, a stopwatch, a progress bar."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from django.db import connection
from tqdm import tqdm


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """A migrated, empty database beside the real one, dropped at the end."""
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def timed[T](work: Callable[[], T]) -> tuple[T, float]:
    """What `work` answers, and the seconds it took."""
    started = time.perf_counter()
    answer = work()
    return answer, time.perf_counter() - started


def best[T](work: Callable[[], T], *, of: int = 3) -> tuple[T, float]:
    """The last answer and the least seconds of several tries: what the machine can do when nothing disturbs it."""
    tries = [timed(work) for _ in range(of)]
    return tries[-1][0], min(seconds for _, seconds in tries)


def bar[T](items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The items, with a progress bar on standard error."""
    return iter(tqdm(items, desc=what, total=total, file=sys.stderr))
