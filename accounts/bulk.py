"""Bulk rows as arrays: one text a column, which PostgreSQL takes apart. Neither rows one by one nor temporary tables, whose
statistics nobody knows: the planner sees how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: Kinds of columns that are sent as another type than they have: (type of the array, expression).
_SENT_AS = {
    "json": ("text", "{}::jsonb"),
    "micros": ("bigint", "timestamptz 'epoch' + {} * interval '1 microsecond'"),
    "words": ("text", "string_to_array({}, ' ')"),
}


def rows(columns: Mapping[str, str], values: Sequence[tuple[Any, ...]]) -> tuple[str, list[str]]:
    """A subquery of these rows and its parameters, for `FROM {subquery} AS new`.

    `columns`: name → SQL type, in the order of the rows; `micros` is a time as microseconds since 1970,
    `json` a text of it, `words` texts without spaces, joined by one.
    """
    arrays, wanted = [], []
    for name, kind in columns.items():
        sent, expression = _SENT_AS.get(kind, (kind, "{}"))
        arrays.append(f"%s::{sent}[]")
        wanted.append(f"{expression.format(name)} AS {name}")
    names = ", ".join(columns)
    sql = f"(SELECT {', '.join(wanted)} FROM unnest({', '.join(arrays)}) AS sent ({names}))"
    parts = zip(*values, strict=True) if values else ((),) * len(columns)
    return sql, [
        texts(part) if kind in ("text", "json", "words") else plain(part)
        for part, kind in zip(parts, columns.values(), strict=True)
    ]


def plain(values: Iterable[Any]) -> str:
    """An array of numbers, days or hexadecimal ids, whose text needs no quotes; none is null."""
    joined = ",".join(map(str, values))
    return "{" + (joined.replace("None", "NULL") if "None" in joined else joined) + "}"


def texts(values: Iterable[str | None]) -> str:
    """An array of texts; none is null."""
    values = tuple(values)
    if None not in values:
        joined = "".join(values)  # type: ignore[arg-type]
        if '"' not in joined and "\\" not in joined:  # nearly always: nothing to escape
            return '{"' + '","'.join(values) + '"}' if values else "{}"  # type: ignore[arg-type]
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    if '"' in value or "\\" in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
