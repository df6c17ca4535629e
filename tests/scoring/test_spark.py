"""Features computed by Spark, on a cluster of two workers, equal those of PostgreSQL and DuckDB."""

import importlib.util
import shutil
import subprocess
from urllib.parse import urlencode

import pyarrow.parquet as pq
import pytest

from scoring import features, warehouse
from tests.scoring import customers, spark
from tests.scoring.test_features import AS_OF, as_rows, reference, scene

pytestmark = [pytest.mark.java, pytest.mark.django_db]


def why_not() -> str:
    """Why Spark cannot run here, or ""."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed"
    if not shutil.which("java"):
        return "there is no java"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    version = int(said.partition('"')[2].partition(".")[0] or 0)
    return "" if version >= 17 else f"Java 17 is needed, this one is {version}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    if reason := why_not():
        pytest.skip(reason)
    with spark.cluster(tmp_path_factory.mktemp("spark")) as running:
        yield running
        spark.end_driver()


@pytest.fixture
def engine(cluster, tmp_path, settings):
    """`engine(rows, columns)` lays the rows down as two Parquet files, and points the settings at them and the cluster."""

    def engine(rows, columns):
        folder = tmp_path / "usage"
        folder.mkdir()
        half = rows.num_rows // 2
        pq.write_table(rows.slice(0, half), folder / "1.parquet")
        pq.write_table(rows.slice(half), folder / "2.parquet")
        # Small, and quick to start: compiling what runs once takes longer than running it.
        configuration = {
            "spark.driver.memory": "512m",
            "spark.executor.memory": "512m",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.log.level": "ERROR",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.ui.enabled": "false",
        }
        settings.USAGE_URL = f"py{cluster.url}?{urlencode(configuration)}"
        settings.USAGE_TABLE, settings.USAGE_COLUMNS = f"{folder}/", columns

    return engine


def test_spark_gives_what_postgresql_and_duckdb_give(engine, cluster, settings):
    """Of raw events, which are made daily counts on the way: what other engines get of each is compared elsewhere."""
    scene(3)
    engine(customers.raw_events(zone="Europe/Berlin"), customers.RAW)
    now, before = features.derive(warehouse.aggregates(AS_OF), AS_OF)
    here, here_before = features.derive(features.in_postgresql(AS_OF), AS_OF)
    settings.USAGE_URL = "duckdb://"
    settings.USAGE_TABLE += "*.parquet"
    in_duckdb, in_duckdb_before = features.derive(warehouse.aggregates(AS_OF), AS_OF)
    assert as_rows(now) == as_rows(here) == as_rows(in_duckdb) == reference(AS_OF)
    assert as_rows(before) == as_rows(here_before) == as_rows(in_duckdb_before)
    assert cluster.workers_that_worked() == 2


def test_a_missing_table_of_spark_is_named(engine, settings):
    engine(customers.pa.table({"who": ["1"]}), customers.DAILY)
    settings.USAGE_TABLE = "lake.gone"
    with pytest.raises(
        warehouse.WarehouseError, match=r"USAGE_TABLE=lake.gone: cannot be read: .*lake.*cannot be found"
    ):
        warehouse.check()
