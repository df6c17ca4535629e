"""What the loader lets other threads do at the same time, so that Python and PostgreSQL both have work.

Two things: reading the messages of the next requests (no database), and waiting for one long statement. The statement goes over
the loader's own connection, which lets one thread at a time use it, and is part of its transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager

from accounts import requests
from accounts.requests import Landed, Request


class Alongside:
    """Without threads the statement is executed in its place, and nothing is read ahead."""

    def __init__(self, threads: Executor | None = None) -> None:
        self._threads = threads
        self._next: Future[list[Request]] | None = None

    def take(self) -> list[Request]:
        """What was read ahead; empty when nothing was."""
        found, self._next = self._next, None
        return found.result() if found is not None else []

    def read_ahead(self, fetch: Callable[[], list[Landed]]) -> None:
        """Lets a thread read what `fetch` (called here) finds, unless something is read ahead already."""
        if self._threads is not None and self._next is None and (rows := fetch()):
            self._next = self._threads.submit(requests.read, rows)

    @contextmanager
    def running(self, statement: Callable[[], None]) -> Iterator[None]:
        """The block runs while the statement does. Raises the statement's error: what the block then ran into follows from it."""
        if self._threads is None:
            statement()
            yield
            return
        done = self._threads.submit(statement)
        try:
            yield
        except Exception:
            done.result()
            raise
        finally:
            wait([done])  # never leave the transaction while its connection is used
        done.result()
