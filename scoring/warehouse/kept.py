"""The usage half of the last full run's features, kept so that accounts can be scored without asking the engine again.

One Parquet file, `PLSAPP_HOME/warehouse/usage.parquet`, with a row for each account that has usage. Derived and disposable:
without it, changed accounts wait for the next full run. It is used only as long as the settings are those it was made with and no
other machine has finished a full run since.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

from scoring.models import ScoringRun

#: Aggregates that do not come from usage: PostgreSQL knows them better, since it knows them now.
_OF_PEOPLE = ("people", "new_users_28", "senior_people", "buyers", "buyer_confidence")
NOT_OF_USAGE = {"employees", "before_employees", "first_day", *_OF_PEOPLE, *(f"before_{name}" for name in _OF_PEOPLE)}


def write(aggregates: pa.Table, *, read_at: dt.datetime) -> int:
    """Keeps the aggregates of a full run that began to read at this time; returns how many accounts have usage."""
    kept = aggregates.drop_columns([name for name in aggregates.column_names if name in NOT_OF_USAGE])
    kept = kept.filter(pc.not_equal(kept["days"], 0)).sort_by("account_id")
    kept = kept.replace_schema_metadata({"made_for": _settings(), "read_at": read_at.isoformat()})
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        pq.write_table(kept, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return kept.num_rows


def is_usable() -> bool:
    """Whether there is a file of the last full run, made with the settings of today."""
    try:
        said = pq.read_schema(_path()).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return False
    if said.get(b"made_for", b"").decode() != _settings():
        return False
    full = ScoringRun.objects.filter(kind="full", state=ScoringRun.State.DONE)
    last = full.order_by("-started_at").values_list("started_at", flat=True).first()
    return last is None or dt.datetime.fromisoformat(said[b"read_at"].decode()) >= last


def laid_over(aggregates: Mapping[str, Any]) -> dict[str, Any]:
    """The same aggregates with the kept ones in place of those of usage; accounts without any have none."""
    kept = pq.read_table(_path())
    account_id = np.asarray(aggregates["account_id"], dtype=np.int64)
    known = kept["account_id"].to_numpy()
    place = np.searchsorted(known, account_id)
    is_there = np.zeros(len(account_id), dtype=bool)
    inside = place < len(known)
    is_there[inside] = known[place[inside]] == account_id[inside]
    found = dict(aggregates)
    for name in kept.column_names:
        if name != "account_id":
            values = np.zeros(len(account_id), dtype=np.int64)
            values[is_there] = kept[name].to_numpy()[place[is_there]]
            found[name] = values
    return found


def _path() -> Path:
    return Path(settings.HOME) / "warehouse" / "usage.parquet"


def _settings() -> str:
    text = repr((settings.USAGE_URL, settings.USAGE_TABLE, sorted(settings.USAGE_COLUMNS.items())))
    return hashlib.sha256(text.encode()).hexdigest()
