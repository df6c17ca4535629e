"""The feature query in the words of every engine; and in ClickHouse's own, run by its engine where `chdb` is installed."""

import importlib.util
import subprocess
import sys

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from scoring import expressions, features
from scoring.warehouse import engines, ours, theirs
from tests.scoring import customers
from tests.scoring.test_features import AS_OF, as_rows, reference, scene

#: engine → what its words must have, because another word would be refused or mean something else there
WORDS = {
    "duckdb": ["BIT_OR("],
    "pyspark": ["BIT_OR(", "SHIFTRIGHT("],
    "bigquery": ["BIT_OR("],
    "snowflake": ["BITORAGG(", "CONVERT_TIMEZONE('UTC'"],
    "clickhouse": ["groupBitOr("],
    "trino": ["BITWISE_OR_AGG(", "AT_TIMEZONE("],
}
SHAPES = {
    "daily counts": (
        {"who": "int64", "what": "string", "on_day": "date", "how_often": "decimal(38, 0)", "team": "uuid"},
        customers.DAILY,
    ),
    "raw events": (
        {
            "user_id": "string",
            "anonymous_id": "string",
            "event": "string",
            "timestamp": "timestamp('UTC')",
            "team_id": "string",
        },
        customers.RAW | {"anonymous_id": "anonymous_id"},
    ),
}


def unbound(queries):
    return {
        name: ibis.table(ibis.Schema.from_pyarrow(pa.schema(kinds)), name=name) for name, (_, kinds) in queries.items()
    }


def sql(kind, schema, columns):
    """The statement that the engine would get."""
    if kind == "pyspark":
        ibis.pyspark  # noqa: B018 - brings the options that its compiler reads
    table = theirs.CustomersTable(kind=kind, rows=ibis.table(schema, name="events"), column=columns)
    usage = theirs.usage(table, unbound(ours.NAMES), as_of=AS_OF)
    expression = expressions.of_accounts(AS_OF, expressions.Tables(usage=usage, **unbound(ours.FACTS)))
    return str(ibis.to_sql(engines.spoken(kind, expression), dialect=kind))


@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize("kind", list(WORDS))
def test_every_engine_has_words_for_the_whole_expression(kind, shape):
    if kind == "pyspark" and importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed")
    text = sql(kind, *SHAPES[shape])
    assert len(sqlglot.parse(text, dialect="spark" if kind == "pyspark" else kind)) == 1
    wanted = [word for word in WORDS[kind] if shape == "raw events" or "ZONE" not in word]
    assert [word for word in wanted if word not in text] == []


#: Run by itself, since its engine does not share a process with others: table name → file, SQL in, Parquet out.
IN_CLICKHOUSE = """
import sys
from chdb import session
folder, *tables = sys.argv[1:]
clickhouse = session.Session(folder + "/clickhouse")
clickhouse.query("CREATE DATABASE app ENGINE = Atomic")
clickhouse.query("USE app")
for name in tables:
    clickhouse.query(f"CREATE TABLE app.{name} ENGINE = Memory AS SELECT * FROM file('{folder}/{name}.parquet', Parquet)")
found = clickhouse.query(sys.stdin.read() + " SETTINGS join_use_nulls = 1, session_timezone = 'UTC'", "Parquet")
open(folder + "/answer.parquet", "wb").write(found.bytes())
"""


@pytest.mark.django_db
@pytest.mark.parametrize("shape", list(SHAPES))
def test_clickhouse_gives_what_postgresql_gives(shape, tmp_path):
    if importlib.util.find_spec("chdb") is None:
        pytest.skip("chdb, ClickHouse's engine in a package, is not installed")
    scene(8)
    if shape == "daily counts":
        rows, columns = customers.daily_counts(), customers.DAILY
    else:
        rows, columns = customers.raw_events(), customers.RAW
    given = {name: ours.read(query, kinds) for name, (query, kinds) in (ours.FACTS | ours.NAMES).items()}
    for name, table in (given | {"events": rows}).items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    text = sql("clickhouse", ibis.Schema.from_pyarrow(rows.schema), columns)
    command = [sys.executable, "-c", IN_CLICKHOUSE, str(tmp_path), *given, "events"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answer = pq.read_table(tmp_path / "answer.parquet")
    raw = {name: answer[name].to_pylist() for name in answer.column_names}
    now, before = features.derive(raw, AS_OF)
    here, here_before = features.derive(features.in_postgresql(AS_OF), AS_OF)
    assert as_rows(now) == as_rows(here) == reference(AS_OF)
    assert as_rows(before) == as_rows(here_before)
