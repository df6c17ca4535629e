"""What the settings about usage in the customer's own engine may say. Pure: read at start, before Django is there."""

from __future__ import annotations

import importlib.util
from urllib.parse import urlsplit

#: scheme of USAGE_URL → (the extra of pyproject.toml that brings its driver, the driver's module)
DRIVERS = {
    "duckdb": ("", "duckdb"),
    "pyspark": ("spark", "pyspark"),
    "bigquery": ("bigquery", "google.cloud.bigquery"),
    "snowflake": ("snowflake", "snowflake.connector"),
    "clickhouse": ("clickhouse", "clickhouse_connect"),
    "trino": ("trino", "trino"),
}
#: What a row of the customer's table tells. The first three are needed and are called so, unless said otherwise.
FIELDS = ("user_id", "event", "timestamp", "anonymous_id", "workspace", "count")
NEEDED = FIELDS[:3]
#: Engines that also read Parquet files by their address.
READ_FILES = ("duckdb", "pyspark")


def kind(url: str) -> str:
    """The kind of engine of a URL. Raises `ValueError` when it is unknown or its driver is not installed."""
    scheme = urlsplit(url).scheme
    if scheme not in DRIVERS:
        raise ValueError(f"starts with {scheme!r}, but must start with one of {', '.join(DRIVERS)}")
    extra, module = DRIVERS[scheme]
    try:
        found = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise ValueError(f"{scheme} needs its driver, which the extra {extra!r} brings: uv sync --extra {extra}")
    return scheme


def columns(text: str) -> dict[str, str]:
    """`"user_id=who, count=n"` → field → column, with the needed fields under their own names where nothing is said.

    Raises `ValueError` for a field that does not exist, is given twice or has no column.
    """
    said: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        field, _, column = (piece.strip() for piece in part.partition("="))
        if field not in FIELDS:
            raise ValueError(f"{field!r} is not a field; write FIELD=COLUMN with {', '.join(FIELDS)}")
        if not column:
            raise ValueError(f"{field} has no column; write {field}=COLUMN")
        if field in said:
            raise ValueError(f"{field} is given twice")
        said[field] = column
    return {field: said.get(field, field) for field in FIELDS if field in said or field in NEEDED}


def check(*, url: str, table: str, columns_text: str) -> None:
    """Raises `ValueError` that begins with the name of the bad setting."""
    if not url:
        for name, value in (("USAGE_TABLE", table), ("USAGE_COLUMNS", columns_text)):
            if value:
                raise ValueError(f"{name}: is set, but USAGE_URL is not")
        return
    try:
        engine = kind(url)
    except ValueError as error:
        raise ValueError(f"USAGE_URL: {error}") from None
    check_table(table, engine=engine)
    try:
        columns(columns_text)
    except ValueError as error:
        raise ValueError(f"USAGE_COLUMNS: {error}") from None


def check_table(table: str, *, engine: str) -> None:
    """Raises `ValueError` when there is none, or when it is an address of files and the engine takes none."""
    if not table:
        raise ValueError("USAGE_TABLE: is needed with USAGE_URL")
    if "/" in table and engine not in READ_FILES:
        raise ValueError(f"USAGE_TABLE={table!r}: {engine} takes a table's name; files are for {', '.join(READ_FILES)}")
