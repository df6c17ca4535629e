"""The migration to usage by month."""

import datetime as dt

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from accounts import months
from tests.accounts.test_months import this_month


def migrate(to: str) -> None:
    MigrationExecutor(connection).migrate([("accounts", to)])


def asked(sql: str) -> list:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def usage() -> list:
    return sorted(asked("SELECT user_id, day, event_type_id, workspace_id, count FROM accounts_usage"))


def test_every_row_moves_there_and_back_and_there_again(empty_database):
    days = [dt.date(2004, 2, 29), this_month(40), this_month(13), timezone.now().date(), this_month(-9)]
    rows = [(number, day, 3, 0, 7) for number, day in enumerate(days, start=1)]
    migrate("0003_account_of_person")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO accounts_usage (user_id, day, event_type_id, workspace_id, count) VALUES (%s, %s, %s, %s, %s)",
            rows,
        )
    for _ in range(2):
        migrate("0004_usage_by_month")
        assert usage() == rows
        assert {day for (day,) in asked("SELECT day FROM accounts_usageday")} == set(days)
        lies = dict(asked("SELECT day, tableoid::regclass::text FROM accounts_usage"))
        assert lies[this_month(13)] == months.partition_of(this_month(13))
        assert lies[dt.date(2004, 2, 29)] == months.OTHER

        migrate("0003_account_of_person")
        assert usage() == rows
        assert asked("SELECT relkind::text FROM pg_class WHERE relname = 'accounts_usage'") == [("r",)]
        assert asked("SELECT count(*) FROM pg_class WHERE relname LIKE 'accounts_usage_2%'") == [(0,)]


@pytest.mark.parametrize("app", ["accounts", "scoring", "playbooks", "plsapp"])
def test_every_migration_can_be_taken_back(app):
    loaded = MigrationLoader(None).disk_migrations
    ours = {key: migration for key, migration in loaded.items() if key[0] == app}

    assert ours
    assert not [key for key, migration in ours.items() if not all(one.reversible for one in migration.operations)]
