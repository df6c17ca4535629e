"""The columnar mirror: the same rows as PostgreSQL whatever happens to the days, the people or the files."""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Account, EventType, ProductUser, Usage, UsageDay, Workspace
from scoring import columnar, features, mirror
from tests import feed
from tests.scoring.test_features import AS_OF, as_rows, reference, scene

pytestmark = pytest.mark.django_db

LATER = dt.datetime.combine(AS_OF, dt.time(12), dt.UTC) + dt.timedelta(days=30)


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME, settings.MIRROR_URL = tmp_path, ""
    return tmp_path


def files(home: Path) -> set[str]:
    return {path.name for path in (home / "mirror" / "usage").iterdir()}


def by_duckdb(as_of, **more):
    """Without the way back to PostgreSQL that `features.pair` has."""
    return features.derive(columnar.aggregates(as_of, **more), as_of)


def by_postgresql(as_of):
    return features.derive(features.in_postgresql(as_of), as_of)


def noon(day):
    return dt.datetime.combine(day, dt.time(12), dt.UTC).isoformat()


def equal(one, other):
    for first, second in zip(one, other, strict=True):
        assert first.keys() == second.keys()
        for name in first:
            np.testing.assert_allclose(first[name], second[name], rtol=0, atol=1e-9, err_msg=name)
    return True


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_all_accounts_from_files_get_what_plain_python_computes(seed, home):
    scene(seed)
    now, before = by_duckdb(AS_OF)
    assert as_rows(now) == reference(AS_OF)
    assert as_rows(before) == reference(AS_OF - dt.timedelta(days=7))
    assert (
        len(files(home))
        == Usage.objects.filter(day__gt=AS_OF - dt.timedelta(days=63), day__lte=AS_OF).values("day").distinct().count()
    )


def test_the_engines_give_identical_rows():
    scene(3)
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
    assert equal(features.pair(AS_OF), by_postgresql(AS_OF))


@time_machine.travel(dt.datetime.combine(AS_OF, dt.time(12), dt.UTC), tick=False)
def test_the_open_day_is_read_fresh_and_has_no_file(home):
    scene(4)
    by_duckdb(AS_OF)
    assert not {name for name in files(home) if name.startswith(AS_OF.isoformat())}
    Usage.objects.filter(day=AS_OF).update(count=1000)
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))


def test_a_second_run_reads_no_closed_day_again(home):
    scene(5)
    first = mirror.days(AS_OF - dt.timedelta(days=62), AS_OF, today=LATER.date())
    second = mirror.days(AS_OF - dt.timedelta(days=62), AS_OF, today=LATER.date())
    assert first.rows_read > 0
    assert (second.rows_read, second.files) == (0, first.files)


def test_a_late_event_makes_its_day_anew_and_no_other(home):
    scene(5)
    by_duckdb(AS_OF)
    before = files(home)
    late = AS_OF - dt.timedelta(days=8)
    with time_machine.travel(LATER, tick=False):
        feed.load(feed.track("late@c1.com", timestamp=noon(late)))
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
    assert {name[:10] for name in files(home) ^ before} == {late.isoformat()}
    assert len({name[:10] for name in files(home)}) == len(files(home)), "the stale one is gone"


def test_raw_sql_and_deletions_count_as_changes(home):
    scene(6)
    by_duckdb(AS_OF)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_usage SET count = count + 5 WHERE day = %s", [AS_OF - dt.timedelta(days=6)])
        cursor.execute("DELETE FROM accounts_usage WHERE day = %s", [AS_OF - dt.timedelta(days=13)])
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))


def test_a_corrected_identity_needs_no_new_file(home):
    """The account is not in the files: people and workspaces that move take their history along."""
    scene(7)
    by_duckdb(AS_OF)
    before = files(home)
    first, second = Account.objects.filter(merged_into=None)[:2]
    ProductUser.objects.filter(account=first).update(account=second)
    Workspace.objects.filter(account=second).update(account=first)
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
    assert files(home) == before


def test_people_who_become_one_take_their_days_along(home):
    days = [AS_OF - dt.timedelta(days=ago) for ago in (1, 2, 30)]
    with time_machine.travel(LATER, tick=False):
        for user in ("old", "new"):
            feed.load(*(feed.track(user, timestamp=noon(day)) for day in days))
        by_duckdb(AS_OF)
        before = files(home)
        feed.load(feed.alias("old", "new"))
    assert ProductUser.objects.count() == 1
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
    assert {name[:10] for name in before - files(home)} == {day.isoformat() for day in days}


def test_a_deleted_mirror_is_made_again(home):
    scene(8)
    first = by_duckdb(AS_OF)
    for path in (home / "mirror" / "usage").iterdir():
        path.unlink()
    assert equal(by_duckdb(AS_OF), first)
    assert files(home)


def test_a_broken_file_is_made_again(home, caplog):
    scene(8)
    first = by_duckdb(AS_OF)
    broken = sorted((home / "mirror" / "usage").iterdir())[0]
    broken.write_bytes(broken.read_bytes()[:40])
    assert equal(by_duckdb(AS_OF), first)
    assert "made anew" in caplog.text
    assert pq.read_metadata(broken).num_rows > 0


def test_where_no_mirror_can_be_written_the_numbers_are_the_same(home, caplog):
    scene(8)
    (home / "mirror").write_text("a file where the folder should be")
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
    assert "cannot be reached" in caplog.text


def test_the_mirror_can_live_elsewhere(home, settings):
    settings.MIRROR_URL = (home / "elsewhere").as_uri()
    scene(8)
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
    assert list((home / "elsewhere" / "usage").iterdir())
    assert not (home / "mirror" / "usage").exists()


def test_ranges_of_accounts_are_parts_of_the_whole():
    scene(9)
    whole = by_duckdb(AS_OF)
    ids = whole[0]["account_id"]
    middle, end = int(ids[5]), int(ids[-1]) + 1
    low, high = by_duckdb(AS_OF, between=(0, middle)), by_duckdb(AS_OF, between=(middle, end))
    together = tuple(
        {name: np.concatenate([one[name], other[name]]) for name in one} for one, other in zip(low, high, strict=True)
    )
    assert len(low[0]["account_id"]) == 5
    assert equal(together, whole)
    by_rows = features.derive(features.in_postgresql(AS_OF, between=(0, middle)), AS_OF)
    assert equal(by_rows, low)


def test_a_few_accounts_by_index_get_what_postgresql_computes():
    scene(12)
    everything = by_postgresql(AS_OF)
    some = everything[0]["account_id"][2:7]
    few = features.pair(AS_OF, some.tolist())
    assert few[0]["account_id"].tolist() == some.tolist()
    assert equal(few, tuple({name: values[2:7] for name, values in one.items()} for one in everything))
    assert equal(few, features.derive(features.in_postgresql(AS_OF, some.tolist()), AS_OF))


def test_days_that_no_window_reaches_are_pruned(home):
    scene(10)
    by_duckdb(AS_OF)
    some = sorted(files(home))
    (home / "mirror" / "usage" / "2026-06-01.x.parquet.1.part").write_text("left by a killed run")
    oldest_kept = dt.date.fromisoformat(some[2][:10])
    assert mirror.prune(before=oldest_kept) == 3
    assert files(home) == set(some[2:])


def test_ids_beyond_32_bits_are_kept_whole(home):
    account = Account.objects.create(name="Big", domain="big.com")
    user = ProductUser.objects.create(
        id=2**33, key="u:big", account=account, first_seen_at=LATER - dt.timedelta(days=90)
    )
    small = ProductUser.objects.create(key="u:small", account=account, first_seen_at=LATER - dt.timedelta(days=90))
    event = EventType.objects.create(name="Used", category="core")
    for ago, who in ((1, small), (2, user), (3, small), (3, user)):
        Usage.objects.create(user=who, day=AS_OF - dt.timedelta(days=ago), event_type=event, workspace_id=0, count=4)
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
    assert by_duckdb(AS_OF)[0]["active_users_28"].tolist() == [2]


def test_without_usage_or_people_there_is_nothing_to_score():
    assert len(by_duckdb(AS_OF)[0]["account_id"]) == 0
    Account.objects.create(name="Quiet", domain="quiet.com")
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
    assert not UsageDay.objects.exists()


changes = st.lists(
    st.tuples(
        st.sampled_from(["event", "delete", "person", "workspace", "mirror"]),
        st.integers(0, 63),
        st.integers(0, 59),
        st.integers(0, 14),
    ),
    min_size=1,
    max_size=8,
)


@given(steps=changes)
@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_sequence_of_changes_leaves_the_engines_equal(steps, home):
    if not Account.objects.exists():
        scene(11)
    users, spaces = list(ProductUser.objects.order_by("id")), list(Workspace.objects.order_by("id"))
    owners = [None, *Account.objects.filter(merged_into=None)]
    event = EventType.objects.first()
    for what, ago, who, where in steps:
        day = AS_OF - dt.timedelta(days=ago)
        if what == "event":
            row, is_new = Usage.objects.get_or_create(
                user=users[who], day=day, event_type=event, workspace_id=spaces[where].pk, defaults={"count": 2}
            )
            if not is_new:
                Usage.objects.filter(pk=row.pk).update(count=row.count + 1)
        elif what == "delete":
            Usage.objects.filter(day=day).delete()
        elif what == "person":
            ProductUser.objects.filter(pk=users[who].pk).update(account=owners[where % len(owners)])
        elif what == "workspace":
            Workspace.objects.filter(pk=spaces[where].pk).update(account=owners[who % len(owners)])
        else:
            for path in list((home / "mirror" / "usage").glob(f"*{where % 10}*.parquet")):
                path.unlink()
    assert equal(by_duckdb(AS_OF), by_postgresql(AS_OF))
