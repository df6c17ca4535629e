"""Usage by month: partitions come when they are wanted and go when their time is over, and every day's version tells of changes."""

import datetime as dt
import os
import subprocess
import sys
import threading

import pytest
from django.conf import settings as project
from django.db import connection
from django.utils import timezone

from accounts import months
from accounts.models import Usage, UsageDay
from accounts.tasks import keep_months
from tests.factories import EventTypeFactory, ProductUserFactory
from tests.feed import alias, counted, identify, load, track

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_known():
    months._known.clear()
    yield
    months._known.clear()


def this_month(back: int = 0) -> dt.date:
    return months.next_month(months.month_of(timezone.now().date()), months=-back)


def versions() -> dict[dt.date, object]:
    return dict(UsageDay.objects.values_list("day", "version"))


def changed(before: dict, after: dict) -> set[dt.date]:
    return {day for day in {*before, *after} if before.get(day) != after.get(day)}


def table_of(day: dt.date) -> set[str]:
    """The partitions in which the rows of a day lie."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableoid::regclass::text FROM accounts_usage WHERE day = %s", [day])
        return {name for (name,) in cursor.fetchall()}


def put(*days: dt.date, count: int = 1) -> None:
    """A row a day, written past the loader: no partition is made for it."""
    user, event = ProductUserFactory(), EventTypeFactory()
    Usage.objects.bulk_create(
        Usage(user_id=user.pk, event_type_id=event.pk, day=day, workspace_id=0, count=count) for day in days
    )


def drop(month: dt.date) -> None:
    if month in months.existing():
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {months.partition_of(month)}")


def days_since(day: dt.date) -> int:
    return (timezone.now().date() - day).days


# Making ---------------------------------------------------------------------------------------------------------------


def test_this_month_and_the_next_ones_are_made_ahead_once():
    assert set(months.make_ahead()) | months.existing() >= {
        this_month(-ahead) for ahead in range(months.MONTHS_AHEAD + 1)
    }
    assert months.make_ahead() == []


def test_a_load_makes_the_months_it_wants():
    day = this_month(5) + dt.timedelta(days=9)
    drop(this_month(5))
    load(track("ann", timestamp=day.isoformat()), track("ann"))
    assert this_month(5) in months.existing()
    assert table_of(day) == {months.partition_of(this_month(5))}


def test_months_before_the_last_three_years_share_a_partition():
    load(track("ann", timestamp="2004-02-29T12:00:00Z"), track("ann", timestamp="2011-07-01T12:00:00Z"))
    assert table_of(dt.date(2004, 2, 29)) == table_of(dt.date(2011, 7, 1)) == {months.OTHER}
    assert counted() == 2


def test_rows_of_a_month_nobody_prepared_are_kept_and_move_when_it_is_made():
    month = this_month(7)
    drop(month)
    first, last, after = month, months.next_month(month) - dt.timedelta(days=1), months.next_month(month)
    drop(after)
    put(first, last, after, count=3)
    assert table_of(first) == table_of(last) == table_of(after) == {months.OTHER}
    before = versions()

    assert months.ensure([first]) == [month]

    assert table_of(first) == table_of(last) == {months.partition_of(month)}
    assert table_of(after) == {months.OTHER}
    assert counted() == 9
    assert versions() == before, "their content is the same"


def test_a_partition_has_the_key_and_the_index_of_the_table():
    drop(this_month(6))
    months.ensure([this_month(6)])
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, months.partition_of(this_month(6)))
    columns = [tuple(c["columns"]) for c in constraints.values() if c["primary_key"] or c["index"]]
    assert ("user_id", "day", "event_type_id", "workspace_id") in columns
    assert ("day",) in columns


def test_a_load_that_fails_leaves_no_partition_and_the_next_one_makes_it():
    drop(this_month(8))
    with pytest.raises(ZeroDivisionError):
        rolled_back_ensure(this_month(8))
    assert this_month(8) not in months.existing()
    assert months.ensure([this_month(8)]) == [this_month(8)]


def rolled_back_ensure(month: dt.date) -> None:
    from django.db import transaction

    with transaction.atomic():
        months.ensure([month])
        raise ZeroDivisionError


# Versions -------------------------------------------------------------------------------------------------------------


def test_exactly_the_days_that_a_load_touches_get_a_new_version():
    load(track("ann", days_ago=1), track("ann", days_ago=3), track("bob", days_ago=40))
    before = versions()
    assert set(before) == set(Usage.objects.values_list("day", flat=True))

    load(track("ann", days_ago=3), track("cid", days_ago=9))

    assert changed(before, versions()) == {timezone.now().date() - dt.timedelta(days=ago) for ago in (3, 9)}


def test_a_load_of_repeats_changes_no_version():
    item = track("ann", days_ago=2)
    load(item)
    before = versions()
    load(item)
    assert versions() == before


@pytest.mark.parametrize(
    ("sql", "days"),
    [
        ("UPDATE accounts_usage SET count = count + 1 WHERE day = %s", {0}),
        ("DELETE FROM accounts_usage WHERE day = %s", {0}),
        ("UPDATE accounts_usage SET day = day - 1 WHERE day = %s", {0, 1}),
        ("UPDATE accounts_usage SET count = count WHERE false AND day = %s", set()),
    ],
)
def test_exactly_the_days_that_raw_sql_touches_get_a_new_version(sql, days):
    today = timezone.now().date()
    middle = this_month(2) + dt.timedelta(days=14)
    put(today, middle, middle - dt.timedelta(days=3))
    before = versions()
    with connection.cursor() as cursor:
        cursor.execute(sql, [middle])
    assert changed(before, versions()) == {middle - dt.timedelta(days=ago) for ago in days}


def test_a_row_that_moves_to_another_month_changes_both_days():
    months.ensure([this_month(2), this_month(3)])
    first = this_month(2)
    put(first)
    before = versions()
    Usage.objects.update(day=first - dt.timedelta(days=1))
    assert changed(before, versions()) == {first, first - dt.timedelta(days=1)}


def test_two_people_who_become_one_change_exactly_the_days_of_both():
    load(
        {"type": "track", "anonymousId": "visitor", "event": "A", "messageId": "1", "timestamp": ago(4)},
        {"type": "track", "anonymousId": "visitor", "event": "A", "messageId": "2", "timestamp": ago(6)},
        track("ann", "A", days_ago=6),
        track("bob", "A", days_ago=8),
    )
    before = versions()
    load(identify("ann", email="ann@acme.com", anonymousId="visitor"), alias("visitor", "ann"))
    assert changed(before, versions()) == {timezone.now().date() - dt.timedelta(days=ago) for ago in (4, 6)}
    assert counted() == 4


def ago(days: int) -> str:
    return (timezone.now() - dt.timedelta(days=days)).isoformat()


# Dropping -------------------------------------------------------------------------------------------------------------


def test_usage_is_kept_for_good_unless_told(settings):
    settings.USAGE_RETENTION_DAYS = 0
    put(dt.date(2003, 1, 1), this_month(30))
    assert months.drop_old() == []
    assert counted() == 2
    assert len(versions()) == 2


def test_only_whole_months_go_and_their_versions_with_them(settings):
    old, edge, kept = this_month(4), this_month(3), this_month(2)
    months.ensure([old, edge, kept])
    last_of_old = edge - dt.timedelta(days=1)
    put(dt.date(2009, 5, 5), old, last_of_old, edge, kept)
    settings.USAGE_RETENTION_DAYS = days_since(edge + dt.timedelta(days=10))  # the edge's own first days are over, too

    assert months.drop_old()[-1] == old

    assert set(versions()) == set(Usage.objects.values_list("day", flat=True)) == {edge, kept}
    assert old not in months.existing()
    assert {edge, kept} <= months.existing()
    assert months.drop_old() == []


def test_a_month_goes_on_the_day_its_last_day_is_too_old_and_not_before(settings):
    old = this_month(4)
    months.ensure([old])
    last = months.next_month(old) - dt.timedelta(days=1)
    put(last)
    settings.USAGE_RETENTION_DAYS = days_since(last)
    assert old not in months.drop_old()
    assert counted() == 1
    settings.USAGE_RETENTION_DAYS = days_since(last) - 1
    assert months.drop_old()[-1] == old
    assert counted() == 0


def test_old_rows_without_a_partition_go_too_also_between_months_that_have_one(settings):
    first, gap, last = this_month(6), this_month(5), this_month(4)
    months.ensure([first, last])
    drop(gap)
    drop(last)
    put(gap, last, first)
    settings.USAGE_RETENTION_DAYS = days_since(this_month(2))
    months.drop_old()
    assert counted() == 0
    assert versions() == {}


def test_what_comes_later_than_the_retention_is_counted_and_goes_in_the_next_night(settings):
    settings.USAGE_RETENTION_DAYS = 60
    day = this_month(12) + dt.timedelta(days=3)
    drop(this_month(12))
    assert load(track("ann", timestamp=day.isoformat()), track("ann")).messages == 2
    assert table_of(day) == {months.OTHER}, "no partition for a day"
    keep_months()
    assert counted() == 1
    assert set(versions()) == {timezone.now().date()}


def test_a_month_dropped_by_another_process_loses_nothing(settings):
    month = this_month(1)
    months.ensure([month])
    months._known.add((connection.settings_dict["NAME"], month))
    drop(month)
    day = month + dt.timedelta(days=1)
    load(track("ann", timestamp=day.isoformat()))
    assert table_of(day) == {months.OTHER}
    months._known.clear()
    load(track("bob", timestamp=day.isoformat()))
    assert table_of(day) == {months.partition_of(month)}
    assert counted() == 2


# Several at once ------------------------------------------------------------------------------------------------------

AT_ONCE = """
import sys, datetime as dt
import django; django.setup()
from accounts import months
sys.stdin.readline()
for back in range(12):
    months.ensure([months.next_month(months.month_of(dt.date.today()), months=-back - 20)])
months.make_ahead()
"""


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_two_processes_that_make_the_same_months_both_succeed():
    s = connection.settings_dict
    url = f"postgresql://{s['USER']}:{s['PASSWORD']}@/{s['NAME']}?host={s['HOST']}&port={s['PORT'] or 5432}"
    wanted = [this_month(back + 20) for back in range(12)]
    for month in wanted:
        drop(month)
    put(*(month + dt.timedelta(days=3) for month in wanted))
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", AT_ONCE],
            env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "plsapp.settings"},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=project.BASE_DIR,
            text=True,
        )
        for _ in range(2)
    ]
    ended = []
    threads = [threading.Thread(target=lambda m=maker: ended.append(m.communicate("\n", 60)[1])) for maker in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [maker.returncode for maker in makers] == [0, 0], ended
    assert {*wanted} <= months.existing()
    assert counted() == 12
    for month in wanted:
        assert table_of(month + dt.timedelta(days=3)) == {months.partition_of(month)}
