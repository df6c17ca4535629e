"""Parts that benchmarks share: a database of their own, a stopwatch, a progress bar."""

from __future__ import annotations

import contextlib
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

from django.db import connection
from django.test.utils import override_settings
from tqdm import tqdm


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """A migrated, empty database beside the real one, and a folder for the mirror; both are gone at the end."""
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with tempfile.TemporaryDirectory(prefix="plsapp-bench-") as home, override_settings(HOME=Path(home)):
            yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


class PeakMemory:
    """The most memory this process held within the block, in MB; none where the system does not tell."""

    megabytes: int | None = None

    def __enter__(self) -> Self:
        gc.collect()
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            self.megabytes = int(status["VmHWM"].split()[0]) // 1024


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
