"""Feature matrices as files: Arrow, uncompressed, mapped into memory, so that opening one costs nothing until it is read.

Each column has the smallest type that gives back every value of it exactly: whole numbers of one to four bytes where all are known,
else floats of four or eight. Derived and disposable: a file that is gone or broken is made anew.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from django.conf import settings

log = logging.getLogger(__name__)

ENDING = ".arrow"
#: Columns that are no features.
OTHERS = ("account_id", "segment", "buyer_state")
_WHOLE = (np.int8, np.int16, np.int32)


class Columns(Mapping[str, np.ndarray]):
    """Columns by name, as float64 (`account_id`: int64), converted when they are asked for. `narrow()` gives what rules take."""

    def __init__(self, stored: Mapping[str, np.ndarray]) -> None:
        self._stored = stored

    def __getitem__(self, name: str) -> np.ndarray:
        values = self._stored[name]
        return values if name == "account_id" else values.astype(np.float64, copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)

    def narrow(self) -> Narrow:
        """The same with whole numbers in their narrow types, which are scored ten times faster; not to be calculated with."""
        return Narrow(self._stored)

    def without(self, places: np.ndarray) -> Columns:
        """The same without the rows at these places."""
        return Columns({name: np.delete(values, places) for name, values in self._stored.items()})


class Narrow(Columns):
    """Whole numbers as they are stored, all others float64."""

    def __getitem__(self, name: str) -> np.ndarray:
        values = self._stored[name]
        return values if values.dtype.kind == "i" else values.astype(np.float64, copy=False)

    def rows(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Some rows of every column, float64."""
        return {name: values[places].astype(np.float64) for name, values in self._stored.items()}


@dataclass(frozen=True)
class Snapshot:
    """Features of n accounts as of a day, in the order of `account_id`; its arrays are read only.

    `features`: "account_id" and every key of the catalogue. `segment` and `buyer_state`: int8, places in `before.SEGMENTS` and
    `before.BUYER_STATES`. `key` names the content: two snapshots with one key are the same. `problem`: why there is nothing in it,
    where it could not be computed.
    """

    as_of: dt.date
    features: Columns
    segment: np.ndarray
    buyer_state: np.ndarray
    made_at: dt.datetime
    key: str
    problem: str = ""

    @property
    def account_id(self) -> np.ndarray:
        return self.features["account_id"]

    @cached_property
    def evidence(self) -> np.ndarray:
        """Whether there is usage in the window: who has a score."""
        return self.features.narrow()["events_28"] > 0

    def __len__(self) -> int:
        return len(self.segment)

    def without(self, places: np.ndarray) -> Snapshot:
        """The same without the accounts at these places, in memory."""
        names = hashlib.blake2b(np.ascontiguousarray(self.account_id[places]), digest_size=8).hexdigest()
        return Snapshot(
            as_of=self.as_of,
            features=self.features.without(places),
            segment=np.delete(self.segment, places),
            buyer_state=np.delete(self.buyer_state, places),
            made_at=self.made_at,
            key=f"{self.key}-{names}",
        )


def folder() -> Path:
    return Path(settings.HOME) / "matrices"


def names() -> list[str]:
    """The names of all files, without the unfinished."""
    try:
        return sorted(entry.name for entry in os.scandir(folder()) if entry.name.endswith(ENDING))
    except OSError:
        return []


def write(name: str, *, as_of: dt.date, columns: Mapping[str, np.ndarray], made_at: dt.datetime) -> bool:
    """Whether the file is there now, whole. Where it cannot be written (a full disk), the log says so, and nothing fails."""
    path = folder() / name
    unfinished = path.with_name(f"{name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        batch = pa.record_batch({column: pa.array(narrowed(column, values)) for column, values in columns.items()})
        said = {"as_of": as_of.isoformat(), "made_at": made_at.isoformat()}
        schema = batch.schema.with_metadata(said)
        with pa.OSFile(str(unfinished), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            writer.write_batch(batch.replace_schema_metadata(said))
        unfinished.replace(path)
    except (OSError, pa.ArrowException) as error:
        log.warning("The features of %s were not kept: %s", as_of, error)
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        return False
    return True


def read(name: str) -> Snapshot | None:
    """The snapshot of a file; none when it is gone or broken, and then it is removed."""
    path = folder() / name
    try:
        with pa.memory_map(str(path)) as mapped:
            table = pa.ipc.open_file(mapped).read_all()
        stored = {column: _array(table[column]) for column in table.column_names}
        said = table.schema.metadata
        return Snapshot(
            as_of=dt.date.fromisoformat(said[b"as_of"].decode()),
            features=Columns({column: values for column, values in stored.items() if column not in OTHERS[1:]}),
            segment=stored["segment"],
            buyer_state=stored["buyer_state"],
            made_at=dt.datetime.fromisoformat(said[b"made_at"].decode()),
            key=f"{path.parent}/{name}",
        )
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        log.warning("A feature matrix cannot be read and is made anew: %s: %s", name, error)
        remove([name])
        return None


def remove(some: list[str]) -> None:
    for name in some:
        with contextlib.suppress(OSError):
            (folder() / name).unlink(missing_ok=True)


def remove_unfinished(*, older_than: dt.timedelta) -> None:
    """What a killed process left half written."""
    with contextlib.suppress(OSError):
        for path in folder().glob("*.unfinished"):
            if time.time() - path.stat().st_mtime > older_than.total_seconds():
                path.unlink(missing_ok=True)


def narrowed(name: str, values: np.ndarray) -> np.ndarray:
    """The values in the smallest type that gives every one back exactly; `account_id` as it is."""
    if name in OTHERS:
        return values if name != "account_id" else values.astype(np.int64, copy=False)
    if not len(values):
        return values.astype(np.int8)
    low, high = values.min(), values.max()  # NaN when any is
    if not np.isnan(low) and low >= -(2**31) and high < 2**31 and np.array_equal(values, np.trunc(values)):
        for kind in _WHOLE:
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return values.astype(kind)
    with np.errstate(over="ignore"):
        half = values.astype(np.float32)
    return half if np.array_equal(half.astype(np.float64), values, equal_nan=True) else values


def _array(column: pa.ChunkedArray) -> np.ndarray:
    if column.num_chunks != 1:
        return column.to_numpy()
    return column.chunk(0).to_numpy(zero_copy_only=True)
