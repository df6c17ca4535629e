"""The customer's table, looked at through `USAGE_TABLE` and `USAGE_COLUMNS`: as the daily usage that `scoring.expressions` reads.

A table of raw events has one row an event; one of daily counts says by `count` how many a row stands for. Rows without a person
or an event, of people we were never told about, and of event types not in the catalogue do not count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.datatypes as types
from django.conf import settings

from scoring.expressions import DAYS
from scoring.warehouse.engines import Engine, WarehouseError, in_utc


@dataclass(frozen=True)
class CustomersTable:
    """The table and, for each of our fields, its column. Optional fields that were not mapped are absent."""

    kind: str
    rows: ibis.Table
    column: Mapping[str, str]

    def __getitem__(self, field: str) -> ibis.Column:
        return self.rows[self.column[field]]

    def __contains__(self, field: str) -> bool:
        return field in self.column

    def until(self, as_of: dt.date) -> CustomersTable:
        """Only the rows of the `DAYS` days (UTC) up to `as_of`.

        The column itself is compared with literals, so that an engine that keeps its table by day reads those days only.
        """
        at = self["timestamp"]
        begin, end = as_of - dt.timedelta(days=DAYS - 1), as_of + dt.timedelta(days=1)
        if at.type().is_date():
            rows = self.rows.filter((at >= begin) & (at < end))
        else:
            zone = "UTC" if at.type().timezone else None
            first, last = (ibis.timestamp(f"{day.isoformat()}T00:00:00", timezone=zone) for day in (begin, end))
            rows = self.rows.filter((at >= first) & (at < last))
        return replace(self, rows=rows)

    def day(self) -> ibis.Column:
        """The day of a row, UTC. A timestamp without a zone is taken as UTC."""
        at = self["timestamp"]
        if at.type().is_date():
            return at
        return (in_utc(self.kind, at) if at.type().timezone else at).date()

    def identifier(self, field: str) -> ibis.Column:
        """An id as the text that SDKs would have sent."""
        return self[field].cast("string").strip()


def table(engine: Engine) -> CustomersTable:
    """The table of `USAGE_TABLE`, its columns checked. Raises `WarehouseError` naming what is not there or not usable."""
    name = settings.USAGE_TABLE
    with engine.explained(f"USAGE_TABLE={name}: cannot be read"):
        rows = _open(engine, name)
        schema = rows.schema()
    column = {}
    for field, wanted in settings.USAGE_COLUMNS.items():
        found = _column(wanted, schema)
        if found is None:
            raise WarehouseError(
                f"USAGE_COLUMNS: {field}={wanted}, but {name} has no column {wanted}; it has {', '.join(schema.names)}"
            )
        if not _is_usable(field, schema[found]):
            raise WarehouseError(
                f"USAGE_COLUMNS: {field}={wanted}, but that column of {name} holds {schema[found]}; "
                f"it must be {MUST_BE[field]}"
            )
        column[field] = found
    return CustomersTable(kind=engine.kind, rows=rows, column=column)


def usage(of: CustomersTable, names: Mapping[str, ibis.Table], *, as_of: dt.date) -> ibis.Table:
    """Their rows as `expressions.Tables.usage`; `names` are the tables of `ours.NAMES`.

    Raw events are counted by day before the tables are joined, which leaves less to join.
    """
    within = of.until(as_of)
    person = within.identifier("user_id")
    key = ibis.literal("u:") + person
    if "anonymous_id" in of:
        key = ibis.ifelse(person.fill_null("") != "", key, ibis.literal("a:") + within.identifier("anonymous_id"))
    columns = {"person_key": key, "event": within["event"], "day": within.day()}
    if "workspace" in of:
        columns["workspace"] = within.identifier("workspace")
    if "count" in of:
        rows = within.rows.select(**columns, count=within["count"].cast("int64"))
        rows = rows.filter(rows["count"] > 0)
    else:
        rows = within.rows.select(**columns)
        rows = rows.group_by(list(columns)).agg(count=rows.count())

    keys, events = names["person_keys"], names["event_names"]
    joined = rows.join(keys, rows.person_key == keys.key).join(events, rows.event == events.name)
    place: ibis.Value = ibis.literal(0, "int64")
    if "workspace" in of:
        spaces = names["workspace_keys"]
        joined = joined.left_join(spaces, joined.workspace == spaces.external_id)
        place = joined.space_id.fill_null(0)
    daily = joined.select(
        user_id=joined.user_id,
        day=joined.day,
        event_type_id=joined.event_type_id,
        workspace_id=place,
        count=joined["count"].cast("int64"),
    )
    return daily.mutate(ago=ibis.literal(as_of).delta(daily.day, unit="day").cast("int64"))


def event_names(of: CustomersTable, *, as_of: dt.date, limit: int) -> ibis.Table:
    """`name, first, last` of the event names in the most rows, with their first and last day."""
    within = of.until(as_of)
    rows = within.rows.select(name=within["event"], day=within.day())
    names = (
        rows.filter(rows.name.notnull())
        .group_by("name")
        .agg(first=lambda t: t.day.min(), last=lambda t: t.day.max(), rows=lambda t: t.count())
    )
    return names.order_by(ibis.desc("rows"), "name").limit(limit).select("name", "first", "last")


MUST_BE = {
    "user_id": "text, a whole number or a UUID",
    "anonymous_id": "text, a whole number or a UUID",
    "workspace": "text, a whole number or a UUID",
    "event": "text",
    "timestamp": "a date or a timestamp",
    "count": "a whole number",
}


def _is_usable(field: str, kind: types.DataType) -> bool:
    # Snowflake has no other whole numbers than decimals without places.
    is_whole = kind.is_integer() or (kind.is_decimal() and kind.scale == 0)
    if field == "event":
        return kind.is_string()
    if field == "timestamp":
        return kind.is_date() or kind.is_timestamp()
    if field == "count":
        return is_whole
    return is_whole or kind.is_string() or kind.is_uuid()


def _column(wanted: str, schema: ibis.Schema) -> str | None:
    """The column of this name, else the only one that differs by capitals: Snowflake keeps names in capitals."""
    if wanted in schema:
        return wanted
    like = [name for name in schema.names if name.lower() == wanted.lower()]
    return like[0] if len(like) == 1 else None


def _open(engine: Engine, name: str) -> ibis.Table:
    """A table by its name with its catalog and schema, or Parquet files by their address (DuckDB and Spark)."""
    if "/" in name:
        return engine.backend.read_parquet(name)
    *where, last = name.split(".")
    return engine.backend.table(last, database=tuple(where) or None)
