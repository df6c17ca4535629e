"""Beat: sends what is due, as the only one, and only while somebody works."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import beat
from django.db import DatabaseError, InterfaceError, connections

from plsapp import broker

logger = logging.getLogger(__name__)

#: The advisory lock of the one beat that sends. The number has no meaning.
LOCK = 70_611_001
#: Seconds between two tries to get the lock, and two looks whether it is still ours.
PATIENCE = 2.0


class OnlyOne:
    """An advisory lock, held by a connection of its own: PostgreSQL frees it when this process or machine is gone."""

    def __init__(self) -> None:
        self.connection = connections["default"].copy()
        self.is_ours = False
        self.checked_at = 0.0

    def held(self) -> bool:
        """Whether this process is the one. Asks at most every `PATIENCE` seconds; says what changed."""
        if time.monotonic() - self.checked_at < PATIENCE:
            return self.is_ours
        before, had_looked = self.is_ours, self.checked_at > 0
        self.checked_at = time.monotonic()
        try:
            with self.connection.cursor() as cursor:
                # Asked again by its holder it is granted again, so a new connection after a restart is noticed too.
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                self.is_ours = cursor.fetchone()[0]
        except (DatabaseError, InterfaceError) as error:
            self.is_ours = False
            self.connection.close()
            logger.warning("No database, so nothing is sent: %s", error)
            return False
        if self.is_ours and not before:
            logger.info("Sending what is due")
        elif not self.is_ours and (before or not had_looked):
            logger.warning("Another beat is sending. Waiting to take over when it ends")
        return self.is_ours


class Scheduler(beat.PersistentScheduler):
    """Keeps the last runs in a file under PLSAPP_HOME, so that a nightly task missed by a restart is made up for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.only_one = OnlyOne()
        self.backlog_checked_at = 0.0
        self.is_idle = False
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Sends one due task, and answers the seconds until the next look."""
        if not self.only_one.held():
            return PATIENCE
        if self._nobody_works():
            return PATIENCE
        return float(super().tick(*args, **kwargs))

    def _nobody_works(self) -> bool:
        """Whether the queue is so long that more messages would only pile up."""
        if time.monotonic() - self.backlog_checked_at < PATIENCE:
            return self.is_idle
        self.backlog_checked_at = time.monotonic()
        try:
            waiting = broker.backlog()
        except Exception:
            logger.exception("The broker does not answer")
            self.is_idle = True
            return True
        if waiting > broker.LONGEST_BACKLOG and not self.is_idle:
            logger.warning("More than %s messages wait. Is a worker running? Sending no more", broker.LONGEST_BACKLOG)
        self.is_idle = waiting > broker.LONGEST_BACKLOG
        return self.is_idle
