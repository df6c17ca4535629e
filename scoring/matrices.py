"""Snapshots of the feature matrix: the newest, which every full run refreshes, and of any past day, computed from usage history.

They do not depend on a definition: previews and backtests score them by any. Files in `PLSAPP_HOME/matrices`, mapped into memory
(`matrix_files`), derived and disposable. The name of a past day's file says what it was made of (`fingerprints`): usage that comes
late, or another category of an event, makes the day anew when it is next asked for; a corrected identity the next night.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from threading import Lock

import duckdb
import numpy as np
from django.db import connection
from django.utils import timezone

from accounts.models import Account
from scoring import buyers, features, fingerprints, holding, matrix_files, outside, warehouse
from scoring.before import BUYER_STATES
from scoring.breakdown import KEYS
from scoring.fingerprints import NOTHING
from scoring.matrix_files import ENDING, Columns, Snapshot, folder
from scoring.models import ScoringRun

__all__ = [
    "TROUBLE", "WORKSPACES", "Snapshot", "at_hand", "folder", "for_backtest", "keep", "keep_newest", "latest",
    "latest_of_workspaces", "make", "missing", "of_day", "of_days", "prune", "weeks",
]  # fmt: skip

log = logging.getLogger(__name__)

#: Weeks that are kept (a year to learn from, and the 90 days after it), and days for which a day that ends no week is.
KEPT_WEEKS, KEPT_DAYS = 70, 14
#: How the files are called that hold the features of now: of accounts, and of workspaces, which have no other days.
NEWEST, WORKSPACES = "newest", "workspaces"
_OPEN_AT_ONCE = 80
#: What can keep features from being computed, though nothing is wrong with the app.
TROUBLE = (warehouse.WarehouseError, duckdb.Error, OSError, MemoryError)

_open: OrderedDict[str, Snapshot] = OrderedDict()
#: The newest without the accounts that were merged since, by its key.
_current: dict[str, Snapshot] = {}
_lock = Lock()


def latest() -> Snapshot:
    """The features that the last full run saw; of now where its file is missing or no full run was yet.

    Accounts that were merged into others since are left out.
    """
    snapshot = _newest(NEWEST, _computed)
    away = Account.objects.exclude(merged_into=None).values_list("pk", flat=True)
    merged = np.fromiter(away.iterator(), dtype=np.int64)
    if not len(merged) or not len(snapshot):
        return snapshot
    place = np.searchsorted(snapshot.account_id, merged).clip(max=len(snapshot) - 1)
    gone = np.sort(place[snapshot.account_id[place] == merged])
    if not len(gone):
        return snapshot
    # Kept, since every keystroke in the workbench asks.
    found = snapshot.without(gone)
    with _lock:
        known = _current.get(found.key)
        if known is None:
            _current.clear()
            known = _current[found.key] = found
    return known


def at_hand(read: Callable[[], Snapshot] = latest) -> Snapshot:
    """`latest`, for pages that are shown either way: where it cannot be computed now, nobody is in it, and `problem` says why.

    So what somebody typed is never lost to a warehouse that is away, or to memory or a disk that is full.
    """
    try:
        return read()
    except TROUBLE as error:
        log.exception("The newest features cannot be computed")
        said = str(error).partition("\n")[0][:300] or type(error).__name__
        return replace(_empty(timezone.now().date()), problem=said)


def latest_of_workspaces() -> Snapshot:
    """The same of workspaces; its `account_id` is the id of the workspace, and its segments mean nothing.

    Runs keep it while the definition in force scores workspaces; else the first who asks after a run works it out.
    """
    return _newest(WORKSPACES, _computed_of_workspaces)


def _newest(of: str, computed: Callable[[dt.date], features.Matrix]) -> Snapshot:
    run = _last_full_run()
    if run is not None:
        begins = _newest_name(of, run)
        for name in matrix_files.names():
            if name.startswith(begins) and (found := _opened(name)) is not None:
                return found
    today = timezone.now().date()
    return _kept_newest(of, run, today, computed(today))


def keep_newest(run: ScoringRun, matrix: features.Matrix, *, part: int | None = None, of: str = NEWEST) -> None:
    """Keeps the matrix of a full run, or a part of one in shards: with the last part the whole is put together.

    Parts that were written on other machines are not found; then `latest` computes the features when asked. Never fails.
    """
    try:
        if part is None:
            _kept_newest(of, run.pk, run.as_of, matrix)
            return
        begins = f"part.{of}.{_database()}-{run.pk}."
        columns = _columns(matrix, run.as_of, of=of)
        matrix_files.write(f"{begins}{part}{ENDING}", as_of=run.as_of, columns=columns, made_at=timezone.now())
        names = [name for name in matrix_files.names() if name.startswith(begins)]
        if len(names) < run.shards.count():
            return
        parts = [found for name in names if (found := matrix_files.read(name)) is not None]
        if len(parts) < len(names):
            return
        ids = np.concatenate([one.account_id for one in parts])
        order = np.argsort(ids, kind="stable")
        whole = {key: np.concatenate([one.features[key] for one in parts])[order] for key in ("account_id", *KEYS)}
        _kept_newest(of, run.pk, run.as_of, whole)
        matrix_files.remove([name for name in matrix_files.names() if name.startswith(f"part.{of}.")])
    except OSError as error:
        log.warning("The features of run %s were not kept: %s", run.pk, error)


def of_day(day: dt.date) -> Snapshot:
    """The features as of the end of a day, with what was known then; computed and kept when missing, in about a second.

    A day without any usage in its windows has no accounts. Raises ValueError for a day to come.
    """
    if day > timezone.now().date():
        raise ValueError(f"{day.isoformat()} lies in the future")
    return _of_days([day], names=matrix_files.names())[day]


def of_days(days: Collection[dt.date]) -> list[Snapshot]:
    """`of_day` of each, in their order, for the price of one look at what is there."""
    found = _of_days(days, names=matrix_files.names())
    return [found[day] for day in days]


def weeks(n: int = 26, *, until: dt.date | None = None) -> list[dt.date]:
    """The last n Sundays, oldest first, the last of them `until` (yesterday) or before it."""
    until = until or timezone.now().date() - dt.timedelta(days=1)
    last = until - dt.timedelta(days=(until.weekday() + 1) % 7)
    return [last - dt.timedelta(weeks=back) for back in range(n - 1, -1, -1)]


def for_backtest(n: int = 26) -> list[dt.date]:
    """The last n weeks, and the one before them, from which tiers carry their hysteresis."""
    return weeks(n + 1)


def missing(days: Collection[dt.date]) -> list[dt.date]:
    """Those of the days that are not on disk, or made of usage that has changed since."""
    hashes, names = fingerprints.usage(days), matrix_files.names()
    return [day for day in days if hashes[day] != NOTHING and not _find(names, day, hashes[day])]


def make(days: Collection[dt.date], *, progress: Callable[[list[dt.date]], Iterable[dt.date]] = iter) -> None:
    """Makes those that are missing or stale, also by a corrected identity; `progress` is given them and yields them again."""
    hashes, names = fingerprints.usage(days), matrix_files.names()
    wanted = [day for day in days if hashes[day] != NOTHING]
    identities = fingerprints.identity(wanted)
    stale = [day for day in wanted if _name(day, hashes[day], identities[day]) not in names]
    for day in progress(stale):
        _make(day, hashes[day], identities[day])


def prune() -> None:
    """Removes the ends of weeks older than `KEPT_WEEKS`, other days after `KEPT_DAYS`, and what killed processes left."""
    today = timezone.now().date()
    oldest, recent = today - dt.timedelta(weeks=KEPT_WEEKS), dt.timedelta(days=KEPT_DAYS)
    old = []
    for name in matrix_files.names():
        try:
            day = dt.date.fromisoformat(name.partition(".")[0])
            made = dt.datetime.fromtimestamp((folder() / name).stat().st_mtime, dt.UTC)
        except (ValueError, OSError):
            continue
        if day < oldest or (day.weekday() != 6 and timezone.now() - made > recent):
            old.append(name)
    matrix_files.remove(old)
    matrix_files.remove_unfinished(older_than=dt.timedelta(hours=1))


def _of_days(days: Collection[dt.date], *, names: list[str]) -> dict[dt.date, Snapshot]:
    hashes = fingerprints.usage(days)
    found = {}
    for day in days:
        if hashes[day] == NOTHING:
            found[day] = _empty(day)
            continue
        name = _find(names, day, hashes[day])
        found[day] = (name and _opened(name)) or _make(day, hashes[day], fingerprints.identity([day])[day])
    return found


def _make(day: dt.date, usage: str, identity: str) -> Snapshot:
    name = _name(day, usage, identity)
    return _kept(name, day, _computed(day), replaces=lambda old: old.startswith(day.isoformat()))


def keep(day: dt.date, matrix: features.Matrix) -> Snapshot:
    """Keeps this matrix as that of the day, as long as nothing that the day is made of changes."""
    name = _name(day, fingerprints.usage([day])[day], fingerprints.identity([day])[day])
    return _kept(name, day, matrix, replaces=lambda old: old.startswith(day.isoformat()))


def _computed(day: dt.date) -> features.Matrix:
    """What a run of that day computes, silent events included."""
    return holding.hold(features.pair(day), day, None, between=None, read=features.pair)[0]


def _computed_of_workspaces(day: dt.date) -> features.Matrix:
    read = features.pair_of_workspaces
    return holding.hold(read(day), day, None, between=None, read=read)[0]


def _name(day: dt.date, usage: str, identity: str) -> str:
    return f"{day.isoformat()}.{usage}.{identity}{ENDING}"


def _find(names: list[str], day: dt.date, usage: str) -> str | None:
    begins = f"{day.isoformat()}.{usage}."
    return next((name for name in names if name.startswith(begins)), None)


def _kept(
    name: str | None, as_of: dt.date, matrix: features.Matrix, *, replaces: Callable[[str], bool], of: str = ""
) -> Snapshot:
    """The snapshot of a matrix, from its new file; from memory where that cannot be written, or has no name."""
    columns, made_at = _columns(matrix, as_of, of=of), timezone.now()
    if name is not None and matrix_files.write(name, as_of=as_of, columns=columns, made_at=made_at):
        matrix_files.remove([old for old in matrix_files.names() if replaces(old) and old != name])
        if (found := _opened(name)) is not None:
            return found
    stored = {column: matrix_files.narrowed(column, values) for column, values in columns.items()}
    return _in_memory(as_of, stored, made_at)


def _in_memory(as_of: dt.date, stored: dict[str, np.ndarray], made_at: dt.datetime) -> Snapshot:
    segment, state = stored.pop("segment"), stored.pop("buyer_state")
    return Snapshot(as_of, Columns(stored), segment, state, made_at, key=uuid.uuid4().hex)


def _empty(day: dt.date) -> Snapshot:
    nothing = np.zeros(0, dtype=np.int8)
    stored = dict.fromkeys((*KEYS, "segment", "buyer_state"), nothing) | {"account_id": nothing.astype(np.int64)}
    return _in_memory(day, stored, timezone.now())


def _columns(matrix: features.Matrix, as_of: dt.date, *, of: str = "") -> dict[str, np.ndarray]:
    """What is kept of a matrix, with the segment and the buyer state that follow from it; of accounts of now also from contacts."""
    beside = outside.confidence(matrix["account_id"], as_of) if of == NEWEST else None
    states = buyers.states(matrix, beside)
    place = np.zeros(len(states), dtype=np.int8)
    for number, name in enumerate(BUYER_STATES):
        place[states == name] = number
    segment = buyers.segment_places(buyers.segments(matrix["employees"]))
    return {key: matrix[key] for key in ("account_id", *KEYS)} | {"segment": segment, "buyer_state": place}


def _opened(name: str) -> Snapshot | None:
    """The snapshot of a file, opened once in this process."""
    key = f"{folder()}/{name}"
    with _lock:
        found = _open.get(key)
        if found is not None:
            _open.move_to_end(key)
            return found
    found = matrix_files.read(name)
    if found is not None:
        with _lock:
            _open[key] = found
            while len(_open) > _OPEN_AT_ONCE:
                _open.popitem(last=False)
    return found


def _kept_newest(of: str, run: int | None, as_of: dt.date, matrix: features.Matrix) -> Snapshot:
    name = None if run is None else _newest_name(of, run, as_of)
    return _kept(name, as_of, matrix, replaces=lambda old: old.startswith(f"{of}."), of=of)


def _newest_name(of: str, run: int, as_of: dt.date | None = None) -> str:
    """The file's name, or how it begins."""
    begins = f"{of}.{_database()}-{run}."
    return begins if as_of is None else f"{begins}{as_of.isoformat()}{ENDING}"


def _database() -> str:
    """Tells databases apart that share a home: runs are numbered in each."""
    return hashlib.sha256(str(connection.settings_dict["NAME"]).encode()).hexdigest()[:8]


def _last_full_run() -> int | None:
    """The number of the last full run that is done."""
    run = ScoringRun.objects.filter(kind="full", state=ScoringRun.State.DONE).order_by("-pk")
    return run.values_list("pk", flat=True).first()
