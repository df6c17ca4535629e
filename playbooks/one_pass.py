"""A page of a list that no index gives in its order: its rows and how many there are in all, by one look at each row.

Where a list is searched, counting it and cutting a page out of it each read all that may fit. Here the database notes who fits
with what sorts them, counts those and sorts those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from django.db import connection, models


class OnePass[T](Sequence[T]):
    """The first column, or several as a tuple (`width`), of `parts`.

    `parts`: query sets of values without an order, with so many `columns` each: `c0`, `c1` and so on. `order` is SQL over these,
    and over what `join` adds to them. `start` and `size` say which page is wanted: that one takes one query together with the
    count; any other slice one more.
    """

    def __init__(
        self,
        parts: Sequence[models.QuerySet[Any, Any]],
        *,
        order: str,
        join: str = "",
        start: int = 0,
        size: int = 50,
        columns: int,
        width: int = 1,
    ) -> None:
        self._parts, self._order, self._join, self._width = parts, order, join, width
        self._columns, self._start, self._size = columns, start, size
        self._found: list[T] = []
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._found, self._count = self._read(self._start, self._size)
            if not self._found and self._start:  # a page beyond the last
                _first, self._count = self._read(0, 1)
        return self._count

    @overload
    def __getitem__(self, part: int) -> T: ...
    @overload
    def __getitem__(self, part: slice) -> list[T]: ...
    def __getitem__(self, part: int | slice) -> T | list[T]:
        if isinstance(part, int):
            return self[part : part + 1][0]
        start = part.start or 0
        size = None if part.stop is None else max(0, part.stop - start)
        if self._found and start == self._start and size is not None and size <= self._size:
            return self._found[:size]
        return self._read(start, size)[0]

    def _read(self, start: int, size: int | None) -> tuple[list[T], int]:
        """These rows, and how many there are in all (0 when there is none in these)."""
        compiled = [part.order_by().query.sql_with_params() for part in self._parts]
        union = " UNION ALL ".join(sql for sql, _params in compiled)
        params = [value for _sql, of_part in compiled for value in of_part]
        names = ", ".join(f"c{place}" for place in range(self._columns))
        wanted = ", ".join(f"c{place}" for place in range(self._width))
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH found ({names}) AS MATERIALIZED ({union}) SELECT {wanted}, (SELECT count(*) FROM found) "
                f"FROM found {self._join} ORDER BY {self._order} LIMIT %s OFFSET %s",
                [*params, size, start],
            )
            rows = cursor.fetchall()
        found: list[Any] = [row[0] if self._width == 1 else tuple(row[: self._width]) for row in rows]
        return found, rows[0][-1] if rows else 0


def start_of(page: str | None, size: int) -> int:
    """Where a page of this number begins, as `Paginator.get_page` reads numbers: what is none is the first."""
    said = page or ""
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 1
    return max(0, number - 1) * size
