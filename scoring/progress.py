"""How far a full run is, for the pages that wait for it; and the one question a run asks itself: is it still wanted?

A run is one transaction, which nobody sees before it ends, so its progress is written on a connection of its own. Progress never
holds up a run: where it cannot be written, the log says so once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from scoring.models import ScoringRun

log = logging.getLogger(__name__)

#: Steps of a run over all accounts: what was there, features and scores, rows written, accounts passed on.
STEPS = 4
#: Milliseconds that a step may wait for the run's row, if its own transaction should hold it.
WAIT = 200


class Overtaken(Exception):
    """Another definition was published, or the run was given up: what it has done is rolled back."""


class Progress:
    """`step()` counts one step more, where others see it. To be used in a `with`, which closes the connection."""

    def __init__(self, run: ScoringRun, *, parts: int = STEPS) -> None:
        self.run, self.parts, self.done = run, parts, 0
        self.own = connection.copy()
        self.works = True

    def __enter__(self) -> Self:
        self._write()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.own.close()

    def step(self) -> None:
        """Raises `Overtaken` when the run is not wanted any more."""
        ensure_wanted(self.run)
        self.done += 1
        self._write()

    def _write(self) -> None:
        if not self.works:
            return
        try:
            with self.own.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = {WAIT}")
                cursor.execute(
                    "UPDATE scoring_scoringrun SET parts = %s, done_parts = %s WHERE id = %s AND state = 'running'",
                    [self.parts, self.done, self.run.pk],
                )
        except DatabaseError:
            self.works = False
            log.warning("The progress of run %s cannot be told", self.run.pk, exc_info=True)


def ensure_wanted(run: ScoringRun, *, until_commit: bool = False) -> None:
    """Raises `Overtaken` unless the run is running and its definition is in force.

    With `until_commit` nobody can publish another before this transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM scoring_definition d WHERE d.id = %s AND d.state = 'published'"
            + (" FOR SHARE OF d" if until_commit else ""),
            [run.definition_id],
        )
        in_force = cursor.fetchone() is not None
        cursor.execute("SELECT 1 FROM scoring_scoringrun WHERE id = %s AND state = 'running'", [run.pk])
        if not in_force or cursor.fetchone() is None:
            raise Overtaken


@contextmanager
def stale_when_overtaken(run: ScoringRun) -> Iterator[None]:
    """A run that is overtaken in here ends as stale, without having written anything."""
    try:
        yield
    except Overtaken:
        make_stale(run.pk)
        run.refresh_from_db()


def make_stale(*runs: int) -> int:
    """Ends these runs, as far as they are running; answers how many."""
    return ScoringRun.objects.filter(pk__in=runs, state=ScoringRun.State.RUNNING).update(
        state=ScoringRun.State.STALE,
        finished_at=timezone.now(),
        error=_("Another definition was published; nothing of this run was kept."),
    )
