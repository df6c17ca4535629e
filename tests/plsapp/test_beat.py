"""Beat alone: who sends, and when nothing is sent. With real processes: test_up.py."""

import pytest
from django.db import connection

from plsapp import beat, broker
from plsapp.beat import OnlyOne, Scheduler
from plsapp.celery import app
from plsapp.tasks import ping
from tests.plsapp.running import wait_for


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(beat, "PATIENCE", 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_beats_one_sends_and_the_other_takes_over_at_its_end(caplog):
    caplog.set_level("INFO")
    first, second = OnlyOne(), OnlyOne()
    try:
        assert first.held()
        assert first.held(), "still"
        assert not second.held()
        assert "Another beat is sending" in caplog.text
        first.connection.close()
        wait_for(second.held, what="the server frees the lock of a connection that ended")
        assert not first.held(), "and does not take it back"
    finally:
        first.connection.close()
        second.connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_beat_whose_connection_was_cut_sends_nothing_until_it_has_a_new_one(caplog):
    only = OnlyOne()
    try:
        assert only.held()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 20000)", [only.connection.connection.info.backend_pid])
        assert not only.held()
        assert "No database" in caplog.text
        assert only.held()
    finally:
        only.connection.close()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_on_top_of_a_long_queue(tmp_path):
    scheduler = Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pgmq.purge_queue(%s)", [broker.QUEUE])
        assert not scheduler._nobody_works()
        for number in range(broker.LONGEST_BACKLOG + 1):
            ping.delay(str(number))
        scheduler.tick()
        assert broker.backlog() == broker.LONGEST_BACKLOG + 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT pgmq.purge_queue(%s)", [broker.QUEUE])
        assert not scheduler._nobody_works()
    finally:
        scheduler.close()
        scheduler.only_one.connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pgmq.purge_queue(%s)", [broker.QUEUE])
