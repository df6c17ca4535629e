"""Enqueueing through Django's own connection."""

import contextlib

import pytest
from django.db import connection, transaction

from plsapp import broker
from plsapp.celery import app
from plsapp.tasks import ping


def waiting() -> list[str]:
    """The keys of the pings in the queue, in order."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT message #>> '{{headers,argsrepr}}' FROM pgmq.q_{broker.QUEUE} ORDER BY msg_id")
        return [row[0].strip("()',") for row in cursor.fetchall()]


@pytest.fixture
def empty_queue(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgmq.purge_queue(%s)", [broker.QUEUE])
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgmq.purge_queue(%s)", [broker.QUEUE])


class Changed(Exception):
    """Of one's mind."""


def test_a_rollback_takes_the_message_along(empty_queue):
    with contextlib.suppress(Changed), transaction.atomic():
        ping.delay("lost")
        assert waiting() == ["lost"]
        raise Changed
    assert waiting() == []


def test_a_commit_sends_the_message(empty_queue):
    other = connection.copy()
    try:
        with transaction.atomic():
            ping.delay("kept")
            with other.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM pgmq.q_{broker.QUEUE}")
                assert cursor.fetchone()[0] == 0, "seen by others before the commit"
        assert waiting() == ["kept"]
    finally:
        other.close()


def test_outside_a_transaction_it_is_sent_at_once(empty_queue):
    ping.delay("now")
    assert waiting() == ["now"]


def test_delay_on_commit_joins_the_transaction(empty_queue):
    with contextlib.suppress(Changed), transaction.atomic():
        ping.delay_on_commit("lost")
        raise Changed
    with transaction.atomic():
        ping.delay_on_commit("kept")
    assert waiting() == ["kept"]


def test_a_connection_that_the_server_cut_is_renewed(empty_queue):
    other = connection.copy()
    try:
        connection.ensure_connection()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 20000)", [connection.connection.info.backend_pid])
    finally:
        other.close()
    ping.delay("after the restart")
    assert waiting() == ["after the restart"]


@pytest.mark.django_db
def test_sending_costs_one_query(django_assert_num_queries):
    ping.delay("warm")
    with django_assert_num_queries(1):
        ping.delay("one")


@pytest.mark.django_db
def test_preparing_again_changes_nothing():
    ping.delay("kept")
    before = waiting()
    broker.prepare()
    broker.check()
    assert waiting() == before
    assert 1 <= broker.backlog() <= broker.LONGEST_BACKLOG


@pytest.mark.django_db
def test_a_missing_queue_is_named():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgmq.drop_queue(%s)", [broker.QUEUE])
    with pytest.raises(RuntimeError, match="run manage"):
        broker.check()


def test_tasks_survive_their_workers_and_never_outlive_their_messages():
    assert app.conf.task_acks_late
    assert app.conf.task_retry_on_worker_lost
    assert app.conf.accept_content == ["json"]
    assert app.conf.result_backend is None
    assert ping.max_retries == 3
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]


def test_every_line_of_the_schedule_names_a_task_and_expires():
    app.loader.import_default_modules()
    for name, line in app.conf.beat_schedule.items():
        assert line["task"] in app.tasks, f"{name}: no task {line['task']}"
        assert line["options"]["expires"] > 0
