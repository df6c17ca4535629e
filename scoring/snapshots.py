"""Snapshots: the features of every account as a full run saw them, one Parquet file a run. Derived, and may be deleted.

What a model is trained on and what a surprising score is looked into with: the database keeps the features of a score only until
the next one. They lie in `PLSAPP_HOME/snapshots`, named by day and run; a run in shards has one file a shard. A run is never
held up by them: where they cannot be written, the log says so.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from scoring.breakdown import KEYS
from scoring.models import ScoringRun
from scoring.scored import Scored

log = logging.getLogger(__name__)

#: Full runs whose snapshots are kept.
KEPT = 14


def folder() -> Path:
    return Path(settings.HOME) / "snapshots"


def keep(run: ScoringRun, scored: Scored, *, shard: int | None = None) -> None:
    """Writes the snapshot, and removes those of the oldest runs. Columns: `account_id`, the catalogue's features, `score`."""
    part = "" if shard is None else f"-{shard}"
    path = folder() / f"{run.as_of.isoformat()}-run{run.pk}{part}.parquet"
    unfinished = path.with_suffix(f".{os.getpid()}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = {name: scored.features[name] for name in ("account_id", *KEYS)} | {"score": scored.now.score}
        table = pa.table(columns).replace_schema_metadata(
            {"run": str(run.pk), "as_of": run.as_of.isoformat(), "definition": str(run.definition_id)}
        )
        pq.write_table(
            table,
            unfinished,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            write_statistics=False,
            use_byte_stream_split=list(KEYS),
        )
        unfinished.replace(path)
        _remove_old()
    except (OSError, pa.ArrowException) as error:
        log.warning("The features of run %s were not kept: %s", run.pk, error)
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _remove_old() -> None:
    """By the number of the run; files of a run that was killed while it wrote go with those of its time."""
    by_run: dict[int, list[Path]] = {}
    for path in folder().iterdir():
        _, found, rest = path.name.partition("-run")
        number = rest.partition(".")[0].partition("-")[0]
        if found and number.isdigit():
            by_run.setdefault(int(number), []).append(path)
    for oldest in sorted(by_run)[:-KEPT]:
        for path in by_run[oldest]:
            path.unlink(missing_ok=True)
