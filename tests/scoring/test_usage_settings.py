"""Settings about usage in the customer's own engine: a bad value stops the start and is named."""

import importlib.util

import pytest
from django.core.exceptions import ImproperlyConfigured

from plsapp.env import read
from scoring import usage_settings

URL = {"USAGE_URL": "duckdb:///srv/usage.duckdb"}
TABLE = {"USAGE_TABLE": "lake.events"}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"USAGE_URL": "mysql://lake"} | TABLE, "USAGE_URL: starts with 'mysql', but must start with one of duckdb, "),
        ({"USAGE_URL": "lake"} | TABLE, "USAGE_URL: starts with ''"),
        (URL, "USAGE_TABLE: is needed with USAGE_URL"),
        (TABLE, "USAGE_TABLE: is set, but USAGE_URL is not"),
        ({"USAGE_COLUMNS": "user_id=who"}, "USAGE_COLUMNS: is set, but USAGE_URL is not"),
        (URL | TABLE | {"USAGE_COLUMNS": "person=who"}, "USAGE_COLUMNS: 'person' is not a field; write FIELD=COLUMN"),
        (URL | TABLE | {"USAGE_COLUMNS": "user_id="}, "USAGE_COLUMNS: user_id has no column"),
        (URL | TABLE | {"USAGE_COLUMNS": "event=a,event=b"}, "USAGE_COLUMNS: event is given twice"),
        (URL | TABLE | {"USAGE_EVERY_MINUTES": "0"}, "USAGE_EVERY_MINUTES='0'"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(environ, says):
    with pytest.raises(ImproperlyConfigured, match=f"^{says}"):
        read(environ)


def test_a_driver_that_is_missing_is_named_with_its_extra():
    missing = [(kind, extra) for kind, (extra, module) in usage_settings.DRIVERS.items() if not is_installed(module)]
    if not missing:
        pytest.skip("every driver is installed")
    for kind, extra in missing:
        says = rf"^USAGE_URL: {kind} needs its driver, .*: uv sync --extra {extra}$"
        with pytest.raises(ImproperlyConfigured, match=says):
            read({"USAGE_URL": f"{kind}://lake/hive"} | TABLE)


def is_installed(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def test_files_are_for_engines_that_read_them():
    assert read({"USAGE_URL": "duckdb://", "USAGE_TABLE": "/data/*.parquet"}).USAGE_TABLE == "/data/*.parquet"
    with pytest.raises(
        ValueError, match=r"^USAGE_TABLE='s3://lake/': .* takes a table's name; files are for duckdb, pyspark"
    ):
        usage_settings.check_table("s3://lake/", engine="trino")


def test_needed_columns_have_their_own_names_unless_said_otherwise():
    assert usage_settings.columns("") == {"user_id": "user_id", "event": "event", "timestamp": "timestamp"}
    assert usage_settings.columns(" timestamp = at, count=n ") == {
        "user_id": "user_id",
        "event": "event",
        "timestamp": "at",
        "count": "n",
    }


def test_without_a_url_nothing_is_asked():
    usage_settings.check(url="", table="", columns_text="")
