"""Celery's broker: the app's own PostgreSQL by default (pgmq), or the server of CELERY_BROKER_URL.

In the default, a task is enqueued through Django's own connection: `task.delay()` inside `transaction.atomic()` is
sent when the transaction commits and forgotten when it rolls back, with no gap between the two. Outside a transaction
it is sent at once. With Redis or RabbitMQ that is not possible, so code that enqueues calls
`task.delay_on_commit(…)`, which does the best thing with every broker.

The worker reads by connections of its own (`Reader`), so that a message it holds is not part of any transaction.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import psycopg
from celery.contrib.django.task import DjangoTask
from celery.exceptions import Reject
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES, pgmq, virtual
from pgmq import PGMQueue
from pgmq.install import get_embedded_install_sql
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

#: The one queue, named so by Celery. pgmq keeps it in the table `pgmq.q_celery`.
QUEUE = "celery"
#: Seconds after which a task is killed; `SOFT_LIMIT` lets it clean up first.
TIME_LIMIT, SOFT_LIMIT = 15 * 60, 14 * 60
#: Seconds after which a message that was neither finished nor refused is given out again. Above every time limit.
VISIBILITY_TIMEOUT = 20 * 60
#: Messages in the queue above which beat sends nothing more: nobody is working.
LONGEST_BACKLOG = 100

TRANSPORT_ALIASES |= {"pgmq-read": "plsapp.broker:Reader", "pgmq-write": "plsapp.broker:Writer"}


def is_database() -> bool:
    """Whether the queue lives in the app's own PostgreSQL."""
    return not settings.CELERY_BROKER_URL


def configuration() -> dict[str, Any]:
    """The Celery settings that depend on the broker."""
    url = settings.CELERY_BROKER_URL
    if not url or url.startswith("pgmq"):
        # An idle worker asks ten times a second, 0.1 ms each. Waiting inside PostgreSQL would hold a snapshot open.
        options = {"init_extension": False, "polling_interval": 0.1, "wait_time_seconds": 0}
        urls = (
            {"broker_url": url}
            if url
            else {"broker_read_url": "pgmq-read://database", "broker_write_url": "pgmq-write://database"}
        )
        # Remote control makes a queue, that is a table, for every worker that ever ran.
        return urls | {
            "broker_transport_options": options | {"visibility_timeout": VISIBILITY_TIMEOUT},
            "worker_enable_remote_control": False,
        }
    if url.startswith("redis"):
        return {
            "broker_url": url,
            # Without the throttle, what a killed worker held comes back up to 100 s late.
            "broker_transport_options": {
                "visibility_timeout": VISIBILITY_TIMEOUT,
                "unacked_restore_throttle": 1,
                "socket_connect_timeout": 5,
            },
        }
    return {"broker_url": url, "broker_transport_options": {"confirm_publish": True}}


def prepare() -> None:
    """Makes what the broker needs: pgmq's tables and functions, and the queue. May run again and at the same time.

    Called by the migration `plsapp.0001` and by `manage.py prepare`, `up` and `demo`; nothing to do for Redis and
    RabbitMQ. A pgmq that is there already, as an extension or by SQL, is taken as it is.
    """
    if not is_database():
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('plsapp.broker.prepare'))")
        cursor.execute("SELECT to_regclass('pgmq.meta') IS NOT NULL")
        if not cursor.fetchone()[0]:
            cursor.execute(get_embedded_install_sql())
        if not _queue_exists(cursor):
            cursor.execute("SELECT pgmq.create(%s)", [QUEUE])


def check() -> None:
    """Raises when the broker does not answer, or when its queue is not there."""
    if is_database():
        with connection.cursor() as cursor:
            if not _queue_exists(cursor):
                raise RuntimeError("the queue is missing: run manage.py prepare")
        return
    if settings.CELERY_BROKER_URL.startswith("redis"):
        from redis import Redis  # a quarter of a second, which only those who use it shall wait for

        with Redis.from_url(settings.CELERY_BROKER_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
        return
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=1) as other:
        other.connect()


def backlog() -> int:
    """Messages that wait in the queue, counted to just above `LONGEST_BACKLOG`. RabbitMQ drops expired ones: 0."""
    if is_database():
        _renew()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM (SELECT FROM pgmq.q_{QUEUE} LIMIT {LONGEST_BACKLOG + 1}) AS q")
            return int(cursor.fetchone()[0])
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as other:
        channel = other.default_channel
        return int(channel._size(QUEUE)) if isinstance(channel, virtual.Channel) else 0


def _renew() -> None:
    """For processes that live long outside of requests and tasks: the server may have restarted since the last use."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _queue_exists(cursor: Any) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"pgmq.q_{QUEUE}"])
    return bool(cursor.fetchone()[0])


class Task(DjangoTask):
    """The base of every task.

    A database that restarts is waited for: about two minutes in all, and a message whose retry could not even be sent
    goes back to the queue. A task whose process dies runs again three times, then fails, so that one that crashes its
    worker does not do so for ever.
    """

    abstract = True
    max_retries = 3
    default_retry_delay = 5
    autoretry_for = (OperationalError, InterfaceError)
    retry_kwargs = {"max_retries": 7}
    retry_backoff = 1
    retry_backoff_max = 60

    def retry(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().retry(*args, **kwargs)
        except Reject as refusal:
            raise Reject(refusal.reason, requeue=True) from refusal

    def apply_async_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Sends the task if and when the current transaction commits."""
        if is_database():
            self.apply_async(*args, **kwargs)
        else:
            super().apply_async_on_commit(*args, **kwargs)

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        self.apply_async_on_commit(args, kwargs)


# Sending -------------------------------------------------------------------------------------------------------------


class WriterChannel(pgmq.Channel):
    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        """One query, in the transaction that is open on Django's connection, if there is one."""
        _renew()
        with connection.cursor() as cursor:
            values: list[Any] = [self._queue_name(queue), Jsonb(message), Jsonb(message.get("headers") or {})]
            cursor.execute("SELECT pgmq.send(%s, %s, %s)", values)

    def _put_fanout(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: worker events and remote control have no listener here."""

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        """Nothing: `prepare` made it. Made here, it would vanish with a rollback that nobody tells us of."""

    def _size(self, queue: str) -> int:
        """Asked for when a queue is declared, and not used: nothing is counted."""
        return 0


class Writer(pgmq.Transport):
    """Sends through Django's connection, so it has no client and no pool of its own."""

    Channel = WriterChannel

    def establish_connection(self) -> Any:
        return virtual.Transport.establish_connection(self)

    def verify_connection(self, connection: Any) -> bool:
        return True

    def _create_pgmq_client(self) -> PGMQueue:
        raise NotImplementedError("what reads the queue uses app.connection_for_read()")


# Reading -------------------------------------------------------------------------------------------------------------


class ReaderChannel(pgmq.Channel):
    def close(self) -> None:
        """Gives back what was fetched and not finished; otherwise it would stay hidden for `VISIBILITY_TIMEOUT`."""
        if not self.closed:
            self.qos._flush()
            with contextlib.suppress(psycopg.Error):
                for message in list(self.qos._delivered.values()):
                    self._restore(message)
        super().close()


class Reader(pgmq.Transport):
    """Reads through a pool of its own to the app's database, started if it is the embedded one.

    It works from Celery's event loop, as Redis and RabbitMQ do, because that gives every process of the worker a pipe of its
    own. Without the loop they take tasks from one pipe under a lock; an idle process holds it, and one that is killed then
    (by the system, short of memory) never gives it back: the worker lives and does nothing.
    """

    Channel = ReaderChannel
    implements = pgmq.Transport.implements.extend(asynchronous=True)

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Looks into the queue again and again. The loop drops this when the connection is lost, and asks for it anew."""
        loop.call_repeatedly(self.polling_interval, self._take_all, connection)

    def _take_all(self, connection: Any) -> None:
        """Takes what waits, as far as the worker's prefetch count allows."""
        with contextlib.suppress(TimeoutError):
            while True:
                super().drain_events(connection, timeout=1e-9)

    def _create_pgmq_client(self) -> PGMQueue:
        given = connections["default"].get_connection_params()
        known = {default.keyword.decode() for default in psycopg.pq.Conninfo.get_defaults()}
        given = {name: value for name, value in given.items() if name in known}
        pool = ConnectionPool(
            psycopg.conninfo.make_conninfo(**given),
            min_size=1,
            max_size=4,
            timeout=10,
            reconnect_timeout=60,
            check=ConnectionPool.check_connection,
            name="broker",
            open=True,
        )
        pool.wait(timeout=10)
        client = PGMQueue(conn_string="host=django", pool=pool, vt=VISIBILITY_TIMEOUT, init_extension=False)
        client._own_pool = True  # so that it is closed with the client
        return client


logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it warns at every try while the server restarts
