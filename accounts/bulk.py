"""Bulk rows by COPY into a temporary table: several times faster than arrays as parameters, from some thousand rows on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection


def stage(name: str, columns: Mapping[str, str], rows: Iterable[tuple[Any, ...]]) -> str:
    """Fills the temporary table `stage_<name>` with these rows and answers its name; it is empty after the transaction.

    `columns`: name → SQL type, in the order of the rows. Must be called inside a transaction.
    """
    table = f"stage_{name}"
    with connection.cursor() as cursor:
        kinds = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} ({kinds}) ON COMMIT DELETE ROWS")
        cursor.execute(f"TRUNCATE {table}")
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    return table
