"""A page of a list that no index gives in its order: its rows and how many there are in all, by one look at each row.

Where a list is searched, counting it and cutting a page out of it each read all that may fit. Here the database notes who fits
with what sorts them, counts those and sorts those. Where so many fit that an index of the order finds fifty of them at once, those
are not sorted: a search of two letters finds nearly everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, overload

from django.db import connection, models

#: From so many on that fit, pages near the top are read by an index that has the order, if there is one.
MANY = 10_000
#: How far down that is near.
NEAR = 1_000
#: How much of a list is looked at for such a page, at most.
SIFTED = 10_000
#: More rows than any table has.
LARGEST = 2**62

type ByIndex[T] = Callable[[int, int], Sequence[T]]
"""What stands in a list from one place up to another; fewer where that is not soon found."""


class OnePass[T](Sequence[T]):
    """The first column, or several as a tuple (`width`), of `parts`.

    `parts`: query sets of values without an order, with so many `columns` each: `c0`, `c1` and so on. `order` is SQL over these,
    and over what `join` adds to them. `start` and `size` say which page is wanted: that one takes one query together with the
    count; any other slice one more. `by_index` reads the same list by an index that has the order. `is_broad`: that is likely to
    be of use, so those who fit are counted first, and noted only when they are few.
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
        by_index: ByIndex[T] | None = None,
        is_broad: bool = False,
    ) -> None:
        self._parts, self._order, self._join, self._width = parts, order, join, width
        self._columns, self._start, self._size = columns, start, size
        self._by_index, self._is_broad = by_index, is_broad
        self._found: list[T] = []
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._found, self._count = self._read(self._start, self._size)
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

    def _read(self, start: int, size: int | None, *, is_sorted: bool = False) -> tuple[list[T], int]:
        """These rows, and how many there are in all."""
        compiled = [part.order_by().query.sql_with_params() for part in self._parts]
        union = " UNION ALL ".join(sql for sql, _params in compiled)
        params = [value for _sql, of_part in compiled for value in of_part]
        names = ", ".join(f"c{place}" for place in range(self._columns))
        wanted = ", ".join(f"c{place}" for place in range(self._width))
        by_index = self._by_index if size is not None and start + size <= NEAR and not is_sorted else None
        most = LARGEST if by_index is None else MANY
        with connection.cursor() as cursor:
            if by_index is not None and self._is_broad:
                cursor.execute(f"SELECT count(*) FROM ({union}) AS found", params)
                count = cursor.fetchone()[0]
            if by_index is None or not self._is_broad or count <= most:
                cursor.execute(
                    f"WITH found ({names}) AS MATERIALIZED ({union}), "
                    "counted AS MATERIALIZED (SELECT count(*) AS n FROM found) "
                    f"SELECT n, page.* FROM counted LEFT JOIN (SELECT {wanted} FROM found {self._join} "
                    f"WHERE (SELECT n FROM counted) <= %s ORDER BY {self._order} LIMIT %s OFFSET %s) AS page ON true",
                    [*params, most, size, start],
                )
                rows = cursor.fetchall()
                count = rows[0][0]
        if by_index is not None and count > most and size is not None:
            near = list(by_index(start, start + size))
            return (near, count) if len(near) == size else self._read(start, size, is_sorted=True)
        found: list[Any] = [row[1] if self._width == 1 else tuple(row[1:]) for row in rows if row[1] is not None]
        return found, count


def sifted[T](ordered: Callable[[int, int], Sequence[T]], fits: Callable[[Sequence[T]], Collection[T]]) -> ByIndex[T]:
    """For `by_index`: reads the whole list by its index, some at a time, and asks which of those fit.

    Where nearly everybody fits that is soon done. A query of all that fit would be planned for a few of them. Gives up after
    `SIFTED` of the list.
    """

    def read(start: int, stop: int) -> Sequence[T]:
        found: list[T] = []
        at, width = 0, 4 * stop
        while len(found) < stop and at < SIFTED:
            some = ordered(at, at + width)
            kept = fits(some) if some else ()
            found += [one for one in some if one in kept]
            if len(some) < width:
                break
            at, width = at + width, 2 * width
        return found[start:stop]

    return read


def is_broad(q: str) -> bool:
    """Whether a search is so short that it probably finds very many."""
    return 0 < len(q) <= 2


def start_of(page: str | None, size: int) -> int:
    """Where a page of this number begins, as `Paginator.get_page` reads numbers: what is none is the first."""
    said = page or ""
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 1
    return max(0, number - 1) * size
