"""The columnar mirror: one Parquet file for each closed day of usage, derived from PostgreSQL and never the truth.

A file's name holds the day and the day's version (`accounts_usageday`), so what is stale is seen by its name: a late event or a
correction gives the day a new version, and the next full run writes that day again. A deleted mirror is made anew. Versions are
random, so a mirror also survives a restore of the database, and may be shared.

It lives in `PLSAPP_HOME/mirror`, or at `MIRROR_URL` (`s3://bucket/path`, `gs://…`, `file:///…`). Where it cannot be written (a full
disk), a run takes the rows from PostgreSQL into memory and goes on.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection

from accounts import columns

log = logging.getLogger(__name__)

FOLDER = "usage"


@dataclass
class Days:
    """Usage of a span of days: files of the mirror, and days that are only in memory. `rows_read` came from PostgreSQL."""

    files: list[str] = field(default_factory=list)
    tables: list[pa.Table] = field(default_factory=list)
    rows_read: int = 0
    is_local: bool = True


def place() -> tuple[pyarrow.fs.FileSystem, str]:
    """The file system and the folder of the mirror."""
    if settings.MIRROR_URL:
        system, path = pyarrow.fs.FileSystem.from_uri(settings.MIRROR_URL)
        return system, f"{path.rstrip('/')}/{FOLDER}"
    return pyarrow.fs.LocalFileSystem(), str(settings.HOME / "mirror" / FOLDER)


def _is_still(day: dt.date, version: uuid.UUID) -> bool:
    """Whether nothing of the day changed while its rows were read: else the file would have a name that is not its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM accounts_usageday WHERE day = %s AND version = %s)", [day, version])
        return bool(cursor.fetchone()[0])


def days(first: dt.date, last: dt.date, *, today: dt.date) -> Days:
    """All usage from `first` to `last`, both included. Days before `today` are closed and come from files, made where stale."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, version FROM accounts_usageday WHERE day >= %s AND day <= %s ORDER BY day", [first, last]
        )
        versions: list[tuple[dt.date, uuid.UUID]] = cursor.fetchall()
    system, folder = place()
    found = Days(is_local=isinstance(system, pyarrow.fs.LocalFileSystem))
    have = _names(system, folder)
    stale: list[str] = []
    can_write = have is not None
    for day, version in versions:
        name = f"{day.isoformat()}.{version.hex}.parquet"
        if day < today and have is not None and name in have:
            found.files.append(f"{folder}/{name}")
            continue
        table = rows_of(day)
        found.rows_read += table.num_rows
        if day < today and can_write and _is_still(day, version):
            can_write = _write(system, folder, name, table)
            if can_write:
                found.files.append(f"{folder}/{name}")
                stale += [old for old in have or () if old.startswith(day.isoformat()) and old != name]
                continue
        found.tables.append(table)
    _remove(system, folder, stale)
    return found


def forget(files: Sequence[str]) -> None:
    """Removes these files, which could not be read: the next run makes them anew."""
    system, folder = place()
    _remove(system, folder, [file.rsplit("/", 1)[-1] for file in files])


def prune(*, before: dt.date) -> int:
    """Removes files of days before this one, which no window reaches, and what is left of broken writes; returns how many."""
    system, folder = place()
    old = [
        name for name in _names(system, folder) or () if name[:10] < before.isoformat() or not name.endswith(".parquet")
    ]
    _remove(system, folder, old)
    return len(old)


def rows_of(day: dt.date) -> pa.Table:
    """A day's rows from PostgreSQL."""
    return rows("day = $1", day)


def rows(where: str, *params: Any) -> pa.Table:
    """Rows of usage from PostgreSQL: user_id, workspace_id, event_type_id, count, day; in the narrowest types that hold them.

    Sorted by workspace and person, so that the rows of an account lie together: they compress and group better.
    """
    read = columns.read(
        {
            "user_id": ("user_id", "int8"),
            "workspace_id": ("workspace_id", "int8"),
            "event_type_id": ("event_type_id", "int8"),
            "count": ("count", "int4"),
            "day": ("day - date '1970-01-01'", "int4"),
        },
        f"FROM accounts_usage WHERE {where}",
        params,
    )
    order = np.lexsort((read["user_id"], read["workspace_id"]))
    days = read.pop("day")[order]
    narrow = {name: pa.array(narrowed(values)[order]) for name, values in read.items()}
    return pa.table(narrow | {"day": pa.array(days).cast(pa.date32())})


def narrowed(values: np.ndarray) -> np.ndarray:
    """Whole numbers as int32 where all fit: half the memory to move, and faster to hash."""
    if len(values) == 0 or (values.max() <= np.iinfo(np.int32).max and values.min() >= np.iinfo(np.int32).min):
        return values.astype(np.int32)
    return values


def _names(system: pyarrow.fs.FileSystem, folder: str) -> set[str] | None:
    """The names in the folder, or none when the place cannot be reached at all."""
    try:
        system.create_dir(folder, recursive=True)
        return {info.base_name for info in system.get_file_info(pyarrow.fs.FileSelector(folder)) if info.is_file}
    except OSError as error:
        log.warning("The mirror cannot be reached, so usage is read from PostgreSQL: %s", error)
        return None


def _write(system: pyarrow.fs.FileSystem, folder: str, name: str, table: pa.Table) -> bool:
    """Whether the file is there now, whole: it gets its name only when it is written. A full disk is told, and no error."""
    part = f"{folder}/{name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part"
    try:
        pq.write_table(table, part, filesystem=system, compression="zstd", compression_level=1)
        system.move(part, f"{folder}/{name}")
    except OSError as error:
        log.warning("The mirror cannot be written, so usage is read from PostgreSQL: %s", error)
        _remove(system, folder, [part.rsplit("/", 1)[-1]])
        return False
    return True


def _remove(system: pyarrow.fs.FileSystem, folder: str, names: Sequence[str]) -> None:
    for name in names:
        try:
            system.delete_file(f"{folder}/{name}")
        except OSError as error:  # somebody else removed it, or will
            log.debug("A stale file of the mirror stays: %s", error)
