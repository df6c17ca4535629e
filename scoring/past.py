"""Work on the past that pages wait for: the matrices of past weeks, and what they tell. The worker does it, a slice at a time.

What is wanted, and how far it is, is one entry of the cache. It may be lost like the files it is about: the next look at a page
asks again. One worker at a time does it, whoever asks, and takes up what others ask for meanwhile.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import platform
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from scoring import learnt, matrices

log = logging.getLogger(__name__)

#: Advisory locks: of the one that works, and of the entry while somebody changes it.
WORKING, WRITING = 7_011, 7_012
KEY = "scoring.past"
#: Seconds after which nobody has taken up what was asked for, a job that does not get on counts as lost (a week of a million
#: accounts takes ten), and one that failed is tried again.
LATE_AFTER, LOST_AFTER, AGAIN_AFTER = 15, 60, 60
#: Seconds that a request makes weeks for where the worker's files cannot be seen.
PATIENCE = 2.0


@dataclass(frozen=True)
class Past:
    """So many parts of all are there; and, when they are not, how the work gets on.

    `state`: `working`, `asked` (just now), `late` (nobody takes it up), `failed` (with `problem`; it is tried again).
    """

    made: int
    all: int
    state: str = "working"
    problem: str = ""
    seconds: int = 0

    @property
    def is_whole(self) -> bool:
        return self.made == self.all


def weeks(days: Collection[dt.date], *, enqueue: Callable[[], object]) -> Past:
    """How many of these weeks can be read here; those that are missing are asked for.

    `enqueue` sends the task, and does so when the transaction that it is called in commits.
    """
    missing = matrices.missing(days)
    if not missing:
        return Past(len(days), len(days))
    names = {day.isoformat() for day in missing}
    job = _ask(names, enqueue=enqueue)
    if _is_elsewhere(job, names):
        until = time.monotonic() + PATIENCE
        missing.sort()
        while missing and time.monotonic() < until:
            matrices.make([missing.pop()])
    return _told(job, len(days) - len(missing), len(days))


def lessons(*, enqueue: Callable[[], object]) -> tuple[learnt.Learnt | None, Past]:
    """What the past tells, as it was last worked out; asked for anew when something has come since."""
    found = learnt.kept()
    if found is not None and found.stamp == learnt.stamp():
        return found, Past(1, 1)
    job = _ask({learnt.NAME}, enqueue=enqueue)
    # The last part is to compare: never whole before that is done.
    return found, _told(job, job.get("done", 0), (job.get("parts") or len(learnt.weeks())) + 1)


def work(*, seconds: float) -> bool:
    """Does what is wanted, for about so long; whether something is left. Nothing when another worker is at it."""
    with contextlib.closing(connection.copy()) as own:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [WORKING])
            if not cursor.fetchone()[0]:
                return False
        try:
            return _work(time.monotonic() + seconds, own)
        finally:
            _give_back(own)


def _give_back(own: Any) -> None:
    """The lock: now. Of a connection that is closed, the server frees it a moment later, when the next task may have come."""
    with own.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


def _work(until: float, own: Any) -> bool:
    while True:
        wanted = _read().get("wanted", [])
        days = _days(wanted)
        missing = matrices.missing(days)
        with _changed() as job:
            if job.get("wanted", []) != wanted:
                continue
            _moved(job, parts=len(days), left=len(missing))
            if not missing and learnt.NAME not in wanted:
                job |= {"wanted": [], "made": [day.isoformat() for day in days], "where": _here()}
                _give_back(own)  # before anybody can want more: his task must not find this one at work
                return False
        if time.monotonic() > until:
            return True
        try:
            _go_on(missing, wanted, parts=len(days), until=until)
        except Exception as error:
            log.exception("The past cannot be worked out")
            with _changed() as job:
                job |= {"error": f"{type(error).__name__}: {error}".partition("\n")[0][:300], "failed": time.time()}
            return False


def _go_on(missing: list[dt.date], wanted: list[str], *, parts: int, until: float) -> None:
    """Makes weeks, the newest first, until the time is over or something else is wanted; with none missing, compares."""

    def in_time(days: list[dt.date]) -> Iterator[dt.date]:
        for number, day in enumerate(reversed(days)):
            if number:
                with _changed() as job:
                    _moved(job, parts=parts, left=len(days) - number)
                    if time.monotonic() > until or job["wanted"] != wanted:
                        return
            yield day

    if missing:
        matrices.make(missing, progress=in_time)
        if set(missing) <= set(matrices.missing(missing)):
            raise OSError(
                f"No week could be kept in {matrices.folder()}: is the disk full, or may nothing be written there?"
            )
        return
    learnt.make()
    with _changed() as job:
        job["wanted"] = [name for name in job["wanted"] if name != learnt.NAME]


def _moved(job: dict[str, Any], *, parts: int, left: int) -> None:
    job |= {"moved": time.time(), "parts": parts, "done": parts - left, "error": ""}


def _days(wanted: Collection[str]) -> list[dt.date]:
    days = {dt.date.fromisoformat(name) for name in wanted if name != learnt.NAME}
    return sorted(days.union(learnt.weeks() if learnt.NAME in wanted else ()))


def _ask(names: set[str], *, enqueue: Callable[[], object]) -> dict[str, Any]:
    """Adds to what is wanted, and sends the task unless one is at it or was sent just now."""
    now = time.time()
    with _changed() as job:
        if job.get("error") and now - job["failed"] < AGAIN_AFTER:
            return dict(job)
        if _is_elsewhere(job, names):
            return dict(job)
        wanted = set(job.get("wanted", ()))
        is_new = not wanted or "error" not in job or bool(job["error"])
        if is_new:
            job |= {"asked": now, "moved": 0.0, "sent": 0.0, "parts": 0, "done": 0, "error": ""}
        if is_new or now - max(job["moved"], job["sent"]) > LOST_AFTER:
            job["sent"] = now
            enqueue()
        job["wanted"] = sorted(wanted | names)
        return dict(job)


def _told(job: dict[str, Any], made: int, all_: int) -> Past:
    now = time.time()
    if job.get("error"):
        return Past(made, all_, "failed", job["error"])
    quiet = now - max(job.get("moved", 0.0), job.get("asked", now))
    has_begun = bool(job.get("moved"))
    is_late = quiet > (LOST_AFTER if has_begun else LATE_AFTER)
    return Past(made, all_, "late" if is_late else "working" if has_begun else "asked", seconds=round(quiet))


def _is_elsewhere(job: dict[str, Any], names: Collection[str]) -> bool:
    """Whether a worker has made all of these weeks, but keeps its files where this process does not see them."""
    return job.get("where", _here()) != _here() and bool(names) and set(names) <= set(job.get("made", ()))


def _here() -> str:
    return f"{platform.node()}:{settings.HOME}"


def _read() -> dict[str, Any]:
    found: dict[str, Any] = cache.get(KEY) or {}
    return found


@contextlib.contextmanager
def _changed() -> Iterator[dict[str, Any]]:
    """The entry, to be changed by one at a time; written when the block ends."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING])
        job = _read()
        yield job
        cache.set(KEY, job, timeout=24 * 3600)
