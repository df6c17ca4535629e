"""Engines: how each is connected to, how it gets a table of ours, and how it answers. The only place that knows them apart."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import pyarrow as pa

from scoring import usage_settings


class WarehouseError(Exception):
    """The customer's engine, its table or a column of it is not as the settings say. Tells which setting."""


@ibis.udf.agg.builtin(name="bit_or")
def _spark_bit_or(bits: dt.int64) -> dt.int64:
    """Spark's own function; Ibis has no rule for it."""


UTC = dt.Timestamp(timezone="UTC")


@ibis.udf.scalar.builtin(name="at_timezone", signature=((UTC, dt.string), UTC))
def _trino_in_zone(at: ibis.Value, zone: ibis.Value) -> ibis.Value:
    """Trino's own function: the day of a timestamp is that of its own zone there."""


@ibis.udf.scalar.builtin(name="convert_timezone", signature=((dt.string, UTC), UTC))
def _snowflake_in_zone(zone: ibis.Value, at: ibis.Value) -> ibis.Value:
    """Snowflake's own function, for the same reason."""


def in_utc(kind: str, at: ibis.Value) -> ibis.Value:
    """A timestamp that has a zone, such that its day is the day in UTC."""
    if kind == "trino":
        return _trino_in_zone(at.cast(UTC), "UTC")
    if kind == "snowflake":
        return _snowflake_in_zone("UTC", at.cast(UTC))
    return at.cast(UTC)


@dataclass(frozen=True)
class Engine:
    """A connection. `kind` is the scheme of its URL."""

    kind: str
    backend: Any
    secrets: tuple[str, ...] = ()

    def give(self, name: str, rows: pa.Table) -> ibis.Table:
        """The rows as a temporary table of the engine, with the types they have here."""
        schema = ibis.Schema.from_pyarrow(rows.schema)
        if self.kind == "pyspark":
            # Ibis would go through pandas, row by row; Spark takes Arrow as it is.
            self.backend._session.createDataFrame(rows).createOrReplaceTempView(name)
            return self.backend.table(name).cast(schema)
        return ibis.memtable(rows)

    @contextlib.contextmanager
    def read_once(self, rows: ibis.Table) -> Iterator[ibis.Table]:
        """The rows, for a query that uses them several times. Spark would work them out each time, so it keeps them."""
        if self.kind != "pyspark":
            yield rows
            return
        with self.explained("USAGE_URL: the engine could not answer"):
            kept = rows.cache()
        try:
            yield kept
        finally:
            with contextlib.suppress(Exception):
                kept.release()

    def answer(self, expression: ibis.Table) -> pa.Table:
        """The rows of an expression. Raises `WarehouseError` with the engine's first line of complaint."""
        with self.explained("USAGE_URL: the engine could not answer"):
            return self.backend.to_pyarrow(spoken(self.kind, expression))

    @contextlib.contextmanager
    def explained(self, what: str) -> Iterator[None]:
        """Turns whatever the engine's driver raises into a `WarehouseError`, without what its URL keeps secret."""
        try:
            yield
        except WarehouseError:
            raise
        except Exception as error:
            raise WarehouseError(f"{what}: {_said(error, self.secrets)}") from error


@contextlib.contextmanager
def connected(url: str) -> Iterator[Engine]:
    """The engine of this URL, for as long as the block lasts. Raises `WarehouseError`."""
    secrets = _secrets(url)
    try:
        kind = usage_settings.kind(url)
    except ValueError as error:
        raise WarehouseError(f"USAGE_URL: {error}") from None
    try:
        backend = _connect(url, kind)
    except Exception as error:
        raise WarehouseError(f"USAGE_URL: cannot connect to {kind}: {_said(error, secrets)}") from error
    try:
        yield Engine(kind=kind, backend=backend, secrets=secrets)
    finally:
        with contextlib.suppress(Exception):
            backend.disconnect()


def _connect(url: str, kind: str) -> Any:
    if kind == "duckdb":
        path = unquote(urlsplit(url).path)
        # Read-only: the file stays the customer's, and one that is missing is not made.
        backend = ibis.duckdb.connect(path, read_only=True) if path.strip("/") else ibis.duckdb.connect()
        backend.raw_sql("SET TimeZone = 'UTC'")
        return backend
    if kind == "pyspark":
        return _connect_spark(url)
    if kind == "clickhouse":
        # Ibis's joins expect NULL where nothing matches; ClickHouse gives zeros unless it is told otherwise.
        return ibis.connect(url, settings={"join_use_nulls": 1, "session_timezone": "UTC"})
    return ibis.connect(url)


def _connect_spark(url: str) -> Any:
    """A session with every parameter of the URL as configuration.

    Ibis's own way sets them again on the running session, and Spark refuses that for memory and the like.
    """
    from pyspark.sql import SparkSession

    logging.getLogger("py4j").setLevel(logging.WARNING)  # it tells of every connection that ends
    parts = urlsplit(url)
    builder = SparkSession.builder.appName("plsapp").config("spark.ui.showConsoleProgress", "false")
    if parts.netloc:
        builder = builder.master(f"spark://{parts.netloc}")
    for name, value in parse_qsl(parts.query):
        builder = builder.config(name, value)
    return ibis.pyspark.connect(builder.getOrCreate())


def spoken(kind: str, expression: ibis.Table) -> ibis.Table:
    """The expression in operations that the engine's dialect has."""
    if kind != "pyspark":
        return expression

    def replace(node: Any, changed: dict[str, Any] | None) -> Any:
        if isinstance(node, ops.BitOr):
            parts = changed or {"arg": node.arg, "where": node.where}
            bits = parts["arg"].to_expr()
            if parts["where"] is not None:
                bits = ibis.ifelse(parts["where"].to_expr(), bits, 0)
            return _spark_bit_or(bits).op()
        return node.__recreate__(changed) if changed else node

    return expression.op().replace(replace).to_expr()


def _secrets(url: str) -> tuple[str, ...]:
    """What of the URL nobody may read in a log or on a page: the password, and tokens and keys of its query; longest first."""
    parts = urlsplit(url)
    found = {parts.password or "", unquote(parts.password or "")}
    for name, value in parse_qsl(parts.query):
        if re.search(r"token|key|secret|passw|credential", name, re.IGNORECASE):
            found |= {value, quote(value), quote_plus(value)}
    return tuple(sorted(found - {""}, key=len, reverse=True))


def _said(error: Exception, secrets: tuple[str, ...]) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # Two lines: the first of a Java error only says that there was one.
    text = f"{type(error).__name__}: {' '.join(lines[:2]) or 'no reason given'}"
    for secret in secrets:
        text = text.replace(secret, "***")
    return text[:500]
