"""Features of usage in the customer's own engine, here a DuckDB file, equal those of the same usage in PostgreSQL."""

import datetime as dt
import importlib.util

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from accounts.models import EventType, ProductUser, Usage, UserAlias
from scoring import definitions, features, warehouse
from scoring.models import ScoringRun
from tests.factories import AccountFactory, EventTypeFactory, ProductUserFactory, WorkspaceFactory
from tests.scoring import customers
from tests.scoring.test_features import AS_OF, as_rows, reference, scene

pytestmark = pytest.mark.django_db
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def own_home(tmp_path, settings):
    settings.HOME = tmp_path / "home"


@pytest.fixture
def today():
    return timezone.now().date()


@pytest.fixture
def engine(tmp_path, settings):
    """`engine(rows, columns)` puts the rows into a DuckDB file, as the table `lake.events`, and points the settings at it."""

    def engine(rows, columns):
        path = tmp_path / "customers.duckdb"
        with duckdb.connect(str(path)) as duck:
            duck.execute("CREATE SCHEMA IF NOT EXISTS lake")
            duck.register("arrow", rows)
            duck.execute("CREATE OR REPLACE TABLE lake.events AS SELECT * FROM arrow")
        settings.USAGE_URL, settings.USAGE_TABLE, settings.USAGE_COLUMNS = f"duckdb://{path}", "lake.events", columns
        return path

    return engine


def pair(account_ids=None):
    return features.derive(warehouse.aggregates(AS_OF, account_ids), AS_OF)


def in_postgresql():
    return features.derive(features.in_postgresql(AS_OF), AS_OF)


def both(matrices):
    return [as_rows(matrix) for matrix in matrices]


@pytest.mark.parametrize("seed", [1, 2])
def test_daily_counts_give_what_postgresql_gives(seed, engine):
    scene(seed)
    engine(customers.daily_counts(), customers.DAILY)
    now, before = both(pair())
    assert [now, before] == both(in_postgresql())
    assert now == reference(AS_OF)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
def test_raw_events_are_counted_by_their_day_in_utc(zone, engine):
    scene(3)
    engine(customers.raw_events(zone=zone), customers.RAW)
    assert both(pair()) == both(in_postgresql())


def test_a_timestamp_without_a_zone_is_utc(engine):
    scene(3)
    rows = customers.raw_events()
    at = rows["timestamp"].cast(pa.timestamp("us"))
    engine(rows.set_column(rows.column_names.index("timestamp"), "timestamp", at), customers.RAW)
    assert both(pair()) == both(in_postgresql())


def test_files_of_parquet_are_read_by_their_address(tmp_path, settings):
    scene(4)
    pq.write_table(customers.daily_counts(), tmp_path / "day.parquet")
    settings.USAGE_URL, settings.USAGE_TABLE = "duckdb://", f"{tmp_path}/*.parquet"
    settings.USAGE_COLUMNS = customers.DAILY
    assert both(pair()) == both(in_postgresql())


def test_a_few_accounts_get_the_same_numbers_as_all(engine):
    scene(5)
    engine(customers.daily_counts(), customers.DAILY)
    everything = as_rows(pair()[0])
    some = sorted(everything)[2:7]
    assert as_rows(pair(some)[0]) == {account: everything[account] for account in some}
    between = features.derive(warehouse.aggregates(AS_OF, between=(some[0], some[-1])), AS_OF)[0]
    assert as_rows(between) == {account: everything[account] for account in some[:-1]}


def one_person():
    account = AccountFactory(name="Acme")
    person = ProductUserFactory(key="u:17", account=account, first_seen_at=LONG_AGO)
    EventTypeFactory(name="Report Shared", category="core")
    return account, person


def table(**columns):
    return pa.table({"who": [17], "what": ["Report Shared"], "at": [AS_OF]} | {k: [v] for k, v in columns.items()})


COLUMNS = {"user_id": "who", "event": "what", "timestamp": "at"}


def events_of(account):
    now = pair()[0]
    return now["events_28"][list(now["account_id"]).index(account.pk)]


def test_whole_numbers_are_ids_too(engine):
    account, _ = one_person()
    engine(table(), COLUMNS)
    assert events_of(account) == 1


def test_a_former_id_of_a_person_is_the_person(engine):
    account, person = one_person()
    UserAlias.objects.create(key="u:old", user=person)
    rows = pa.concat_tables([table().set_column(0, "who", pa.array([who])) for who in ("17", "old")])
    engine(rows, COLUMNS)
    assert events_of(account) == 2


def test_an_anonymous_id_counts_where_there_is_no_user_id(engine):
    account, person = one_person()
    UserAlias.objects.create(key="a:laptop", user=person)
    rows = pa.table(
        {
            "who": ["17", None, "", None, "stranger"],
            "device": ["other", "laptop", "laptop", None, "laptop"],
            "what": ["Report Shared"] * 5,
            "at": [AS_OF] * 5,
        }
    )
    engine(rows, COLUMNS)
    assert events_of(account) == 1
    engine(rows, COLUMNS | {"anonymous_id": "device"})
    assert events_of(account) == 3


def test_an_unknown_workspace_leaves_the_usage_with_the_person_and_a_known_one_takes_it(engine):
    account, _ = one_person()
    other = AccountFactory(name="Other")
    WorkspaceFactory(external_id="ws", account=other)
    engine(table(team="who knows"), COLUMNS | {"workspace": "team"})
    assert (events_of(account), events_of(other)) == (1, 0)
    engine(table(team="ws"), COLUMNS | {"workspace": "team"})
    assert (events_of(account), events_of(other)) == (0, 1)


def test_columns_are_found_when_only_capitals_differ(engine):
    account, _ = one_person()
    engine(table().rename_columns(["WHO", "WHAT", "AT"]), COLUMNS)
    assert events_of(account) == 1


def test_new_event_names_become_event_types_with_their_category_and_days(engine):
    one_person()
    rows = pa.table(
        {
            "who": ["17"] * 5,
            "what": ["Report Shared", "Pricing Viewed", "Pricing Viewed", "  odd  spaces ", None],
            "at": [AS_OF, AS_OF, AS_OF - dt.timedelta(days=2), AS_OF, AS_OF],
        }
    )
    engine(rows, COLUMNS)
    warehouse.refresh(AS_OF)
    learned = EventType.objects.exclude(name="Report Shared").get()
    assert (learned.name, learned.category, learned.signal, learned.volume) == (
        "Pricing Viewed",
        "intent",
        "pricing",
        0,
    )
    assert (learned.first_seen_at.date(), learned.last_seen_at.date()) == (AS_OF - dt.timedelta(days=2), AS_OF)
    warehouse.refresh(AS_OF)
    assert EventType.objects.count() == 2


def test_an_account_is_scored_with_the_usage_of_the_last_full_run_and_the_people_of_now(engine, today):
    scene(6)
    days = today - AS_OF
    rows = customers.daily_counts()
    later = pa.array([None if day is None else day + days for day in rows["on_day"].to_pylist()], pa.date32())
    engine(rows.set_column(rows.column_names.index("on_day"), "on_day", later), customers.DAILY)
    assert not warehouse.keeps(today)
    assert warehouse.refresh(today) > 3
    assert warehouse.keeps(today)
    full = features.derive(warehouse.aggregates(today), today)
    Usage.objects.all().delete()
    some = sorted(full[0]["account_id"].tolist())[3:9]
    carried = features.derive(warehouse.with_kept_usage(features.in_postgresql(today, some, with_usage=False)), today)
    for whole, part in zip(both(full), both(carried), strict=True):
        assert part == {account: whole[account] for account in some}
    assert carried[0]["events_28"].any()
    ProductUser.objects.update(account=some[0])
    people = features.derive(warehouse.with_kept_usage(features.in_postgresql(today, some, with_usage=False)), today)[
        0
    ]["people"]
    assert people[0] > carried[0]["people"][0], "people are those of now"


def test_kept_usage_is_of_no_use_after_a_full_run_elsewhere_or_with_other_settings(engine, settings, today):
    one_person()
    engine(table(), COLUMNS)
    warehouse.refresh(today)
    assert warehouse.keeps(today)
    assert not warehouse.keeps(today - dt.timedelta(days=1))
    settings.USAGE_COLUMNS = COLUMNS | {"count": "n"}
    assert not warehouse.keeps(today)
    settings.USAGE_COLUMNS = COLUMNS
    run = ScoringRun.objects.create(definition=definitions.published(), kind="full", as_of=AS_OF, state="running")
    assert warehouse.keeps(today), "that run has not ended"
    ScoringRun.objects.filter(pk=run.pk).update(state="done")
    assert not warehouse.keeps(today)


def test_a_failed_refresh_leaves_what_was_kept(engine, settings, today):
    one_person()
    path = engine(table(), COLUMNS)
    assert warehouse.refresh(AS_OF) == 1
    path.write_bytes(b"broken")
    with pytest.raises(warehouse.WarehouseError):
        warehouse.refresh(AS_OF)
    assert warehouse.keeps(today)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"USAGE_URL": "duckdb:///nowhere/at-all.duckdb"}, "USAGE_URL: cannot connect to duckdb: .*nowhere/at-all"),
        (
            {"USAGE_URL": "trino://me:secret@127.0.0.1:9/lake"},
            "USAGE_URL: trino needs its driver.*uv sync --extra trino",
        ),
        ({"USAGE_TABLE": "lake.gone"}, "USAGE_TABLE=lake.gone: cannot be read: .*gone"),
        ({"USAGE_TABLE": "/no/such/*.parquet"}, "USAGE_TABLE=/no/such/.*: cannot be read: .*No files found"),
        (
            {"USAGE_COLUMNS": COLUMNS | {"workspace": "team"}},
            "USAGE_COLUMNS: workspace=team, but lake.events has no column team; it has who, what, at",
        ),
        (
            {"USAGE_COLUMNS": COLUMNS | {"timestamp": "what"}},
            "USAGE_COLUMNS: timestamp=what, but that column of lake.events holds string; it must be a date or a timestamp",
        ),
        (
            {"USAGE_COLUMNS": COLUMNS | {"user_id": "at"}},
            "user_id=at, but that .* date; it must be text, a whole number",
        ),
        ({"USAGE_COLUMNS": COLUMNS | {"event": "who"}}, "event=who, but that column .* int64; it must be text"),
        ({"USAGE_COLUMNS": COLUMNS | {"count": "what"}}, "count=what, but .* string; it must be a whole number"),
    ],
)
def test_what_is_wrong_is_named_by_its_setting(change, says, engine, settings):
    one_person()
    engine(table(), COLUMNS)
    for name, value in change.items():
        setattr(settings, name, value)
    if "trino" in says and importlib.util.find_spec("trino"):
        pytest.skip("the driver is installed here")
    for verb in (warehouse.check, lambda: warehouse.aggregates(AS_OF), lambda: warehouse.refresh(AS_OF)):
        with pytest.raises(warehouse.WarehouseError, match=says):
            verb()


def test_the_customers_file_is_only_read(engine):
    one_person()
    path = engine(table(), COLUMNS)
    before = path.read_bytes()
    warehouse.aggregates(AS_OF)
    assert path.read_bytes() == before
    with duckdb.connect(str(path)) as duck:
        assert duck.execute("SELECT table_name FROM information_schema.tables").fetchall() == [("events",)]
