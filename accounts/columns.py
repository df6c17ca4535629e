"""Whole columns out of PostgreSQL: several million rows a second through Django's own connection, in its transaction.

Each column comes as one value, the binary forms of its rows one after another, which NumPy reads as an array: no Python object a
row. A column is at most 1 GB, which is 134 million numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from django.db import connection

#: kind → (PostgreSQL's function for the binary form, how NumPy reads it)
KINDS = {
    "int2": ("int2send", ">i2"),
    "int4": ("int4send", ">i4"),
    "int8": ("int8send", ">i8"),
    "float8": ("float8send", ">f8"),
    "timestamptz": ("timestamptz_send", ">i8"),
}
#: Microseconds from 1970 to 2000, where PostgreSQL begins to count.
_EPOCH = 946_684_800_000_000


def read(columns: Mapping[str, tuple[str, str]], source: str, params: Sequence[Any] = ()) -> dict[str, np.ndarray]:
    """`columns`: name → (SQL expression that is never null, kind); `source`: from `FROM` on, parameters as `$1`, `$2`.

    Answers name → array in native byte order, `timestamptz` as datetime64[us] (UTC).
    """
    chosen = ", ".join(f"string_agg({KINDS[kind][0]}(({sql})::{kind}), ''::bytea)" for sql, kind in columns.values())
    connection.ensure_connection()
    with psycopg.RawCursor(connection.connection) as cursor:
        cursor.execute(f"SELECT {chosen} {source}", params, binary=True)
        values = cursor.fetchone() or ()
    arrays = {}
    for (name, (_, kind)), value in zip(columns.items(), values, strict=True):
        array = np.frombuffer(value or b"", KINDS[kind][1])
        array = array.astype(array.dtype.newbyteorder("="))
        arrays[name] = (array + _EPOCH).view("datetime64[us]") if kind == "timestamptz" else array
    return arrays
