"""Rows for PostgreSQL's binary COPY, made of whole columns: no Python a row.

Rows of the same shape (the same texts, the same columns null) have the same length, so each shape is one structured array. There
are as many shapes as combinations of the texts that occur: some dozens for scores, whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from psycopg.copy import QueuedLibpqWriter

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
#: Rows made at once: a few megabytes, which stay in the processor's cache.
AT_ONCE = 2_000
#: Microseconds from 1970 to 2000, where PostgreSQL begins to count.
_EPOCH = 946_684_800_000_000
#: NumPy's kind and size → the form and the type's number in PostgreSQL.
_FORMS = {"i2": (">i2", 21), "i4": (">i4", 23), "i8": (">i8", 20), "f8": (">f8", 701)}


@dataclass(frozen=True)
class Texts:
    """A text column: `codes` (int n) are places in `words`."""

    codes: np.ndarray
    words: Sequence[str]


@dataclass(frozen=True)
class Nullable:
    """A column that is null where `known` (bool n) is false."""

    values: np.ndarray
    known: np.ndarray


#: int16, int32, int64, float64 or datetime64[us] (UTC) arrays of n rows, or of n × k for a column of arrays.
type Column = np.ndarray | Texts | Nullable


def copy(table: str, columns: Mapping[str, Column], rows: np.ndarray) -> None:
    """Copies these rows (places in the columns) into the table, ordered by shape. In the caller's transaction."""
    if not len(rows):
        return
    with connection.cursor() as cursor:
        # Its thread hands the rows over while this one makes the next.
        writer = QueuedLibpqWriter(cursor.cursor)
        # psycopg's own cursor: with DEBUG Django's copy() takes no writer.
        with cursor.cursor.copy(
            f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)", writer=writer
        ) as out:
            out.write(_HEADER)
            for part in shapes(columns, rows):
                out.write(part.tobytes())
            out.write(_TRAILER)


def shapes(columns: Mapping[str, Column], rows: np.ndarray) -> Iterator[np.ndarray]:
    """The rows as structured arrays, each of one shape; `tobytes` of them is what COPY reads."""
    shape = np.zeros(len(rows), dtype=np.int64)
    for column in columns.values():
        if isinstance(column, Texts):
            shape = shape * len(column.words) + column.codes[rows]
        elif isinstance(column, Nullable):
            shape = shape * 2 + column.known[rows]
    order = np.argsort(shape, kind="stable")
    shape, rows = shape[order], rows[order]
    starts = np.flatnonzero(np.concatenate([[True], shape[1:] != shape[:-1]])).tolist()
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        for first in range(start, end, AT_ONCE):
            part = rows[first : min(first + AT_ONCE, end)]
            yield _rows({name: _take(column, part) for name, column in columns.items()}, len(part))


def _rows(columns: Mapping[str, Column], number: int) -> np.ndarray:
    """The rows of one shape."""
    fields: list[Any] = [("columns", ">i2")]
    values: dict[str, Any] = {"columns": len(columns)}
    arrays: dict[str, np.ndarray] = {}

    def add(name: str, form: Any, value: Any) -> None:
        fields.append((name, *form) if isinstance(form, tuple) else (name, form))
        values[name] = value

    for name, column in columns.items():
        size = f"size of {name}"
        if isinstance(column, Nullable):
            if not column.known[0]:
                add(size, ">i4", -1)
                continue
            column = column.values
        if isinstance(column, Texts):
            text = column.words[column.codes[0]].encode()
            add(size, ">i4", len(text))
            if text:
                add(name, f"V{len(text)}", np.void(text))
            continue
        if column.dtype.kind == "M":
            column = column.astype("datetime64[us]").view(np.int64) - _EPOCH
        form, oid = _FORMS[column.dtype.str[1:]]
        if column.ndim == 1:
            add(size, ">i4", column.itemsize)
            add(name, form, column)
        elif column.shape[1] == 0:
            add(size, ">i4", 12)
            add(f"head of {name}", (">i4", (3,)), (0, 0, oid))
        else:
            length = column.shape[1]
            add(size, ">i4", 20 + length * (4 + column.itemsize))
            add(f"head of {name}", (">i4", (5,)), (1, 0, oid, length, 1))
            fields.append((name, [("size", ">i4"), ("value", form)], (length,)))
            arrays[name] = column
    rows = np.empty(number, dtype=fields)
    for name, value in values.items():
        rows[name] = value
    for name, array in arrays.items():
        rows[name]["size"] = array.itemsize
        rows[name]["value"] = array
    return rows


def _take(column: Column, rows: np.ndarray) -> Column:
    if isinstance(column, Texts):
        return Texts(column.codes[rows], column.words)
    if isinstance(column, Nullable):
        return Nullable(column.values[rows], column.known[rows])
    return column[rows]
