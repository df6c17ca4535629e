"""Which messages are repeats: every key that was loaded is remembered, for `DEDUP_WINDOW_DAYS` or for good."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection

from accounts import bulk
from accounts.messages import Message
from accounts.requests import Read


class Repeats:
    """The messages of a batch, each once, and after `remember` those that are new.

    `keep`: they are never forgotten. `remember` may be called by another thread: on the connection of the thread that made
    this, in its transaction.
    """

    def __init__(self, read: Read, *, keep: bool = False) -> None:
        self._first: dict[bytes, Message] = {}
        for message, key in read:
            self._first.setdefault(key, message)
        #: The keys that are new; none: all of them, as nearly always.
        self._new: set[bytes] | None = set()
        self._keep = keep
        self._keys = bulk.plain([key.hex() for key in self._first])
        self._cursor = connection.cursor()

    def messages(self) -> list[Message]:
        """In the order of their arrival."""
        return list(self._first.values())

    def remember(self) -> None:
        if not self._first:
            return
        with self._cursor as cursor:
            cursor.execute(
                """
                WITH new AS (
                    INSERT INTO accounts_seenmessage (key, seen_on)
                    SELECT key, CASE WHEN %s THEN date '9999-01-01' ELSE (now() AT TIME ZONE 'UTC')::date END
                    FROM unnest(%s::uuid[]) AS key ORDER BY key ON CONFLICT DO NOTHING RETURNING key
                )
                SELECT CASE WHEN count(*) < %s THEN coalesce(array_agg(uuid_send(key)), '{}') END FROM new
                """,
                [self._keep, self._keys, len(self._first)],
            )
            (told,) = cursor.fetchone()
            self._new = None if told is None else set(map(bytes, told))
            if self._keep:  # also those that came by the API, or a later import of the same file would count them
                cursor.execute(
                    "UPDATE accounts_seenmessage SET seen_on = '9999-01-01' "
                    "WHERE key = ANY ((SELECT %s::uuid[])::uuid[]) AND seen_on < '9999-01-01'",
                    [self._keys],
                )

    def new(self) -> list[Message]:
        """The messages that were not known before `remember`."""
        if self._new is None:
            return self.messages()
        return [message for key, message in self._first.items() if key in self._new]


def forget(today: dt.date) -> int:
    """Forgets keys beyond the window; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_seenmessage WHERE seen_on < %s",
            [today - dt.timedelta(days=settings.DEDUP_WINDOW_DAYS)],
        )
        return cursor.rowcount
