"""Usage from files: CSV, CSV.gz, NDJSON or Parquet rows become messages and go through the loader.

A row is checked as a message of the API is. A row without an id of its own is known by its content and by how many equal
rows came before it in the file, so that an import that was stopped can be started again and counts nothing twice.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from django.utils import timezone

from accounts import domains, loading, messages, moments
from accounts.messages import Bad, Message
from accounts.models import Source

FIELDS = ("timestamp", "user_id", "event", "message_id", "email", "account", "workspace")
NEEDED = ("timestamp", "user_id", "event")
ROWS_AT_ONCE = 5_000


class BadFile(Exception):
    """A file or a mapping that cannot be used; the text names it."""


@dataclass
class Imported:
    """Rows: `read` = `loaded` + `duplicate` + `rejected`. `rejects` is the file with the reasons, if there are any."""

    read: int = 0
    loaded: int = 0
    duplicate: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rejects: Path | None = None


def parse_mapping(pairs: list[str]) -> dict[str, list[str]]:
    """`["account=domain", "event=event+feature"]` → `{"account": ["domain"], "event": ["event", "feature"]}`."""
    mapping: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, columns = pair.partition("=")
        if not equals or not columns:
            raise BadFile(f"--map {pair}: write FIELD=COLUMN, or FIELD=COLUMN+COLUMN")
        if name not in FIELDS:
            raise BadFile(f"--map {pair}: there is no field {name!r}; fields are {', '.join(FIELDS)}")
        mapping[name] = [column for column in columns.split("+") if column]
    return mapping


def import_file(
    path: Path,
    *,
    source: Source,
    mapping: dict[str, list[str]],
    shift_to_now: bool = False,
    rejects: Path,
    progress: Callable[[int], None] = lambda bytes_read: None,
) -> Imported:
    """Imports one file. Raises `BadFile` before anything is loaded when it cannot be read or a needed column is missing.

    With `shift_to_now` all times move by whole days so that the newest row is today's; such rows are other messages than
    the unshifted ones. `progress` is called with the share of bytes read so far, in bytes.
    """
    shift = _days_to_now(path, mapping) if shift_to_now else dt.timedelta()
    result = Imported()
    twins: Counter[bytes] = Counter()
    known_groups: set[str] = set()
    pending: list[Message] = []
    facts: list[Message] = []
    out: io.TextIOWrapper | None = None
    now = timezone.now()

    def flush() -> None:
        loaded = loading.load_messages(source_id=source.pk, read=pending, facts=facts)
        result.loaded += loaded.messages
        result.duplicate += loaded.duplicates
        pending.clear()
        facts.clear()

    try:
        for number, (row, error, bytes_read) in enumerate(rows(path), start=1):
            result.read += 1
            try:
                if error or row is None:
                    raise Bad("bad_row", error or "the row is empty", "row")
                item = _item(row, mapping, twins, shifted=shift_to_now)
                message = messages.read(item, path="import", received_at=now, source_id=source.pk)
                if shift:
                    message = _shifted(message, shift, now)
                for fact in _facts(item["_account"], message, known_groups):
                    facts.append(fact)
                pending.append(message)
            except Bad as bad:
                result.rejected += 1
                result.reasons[bad.code] += 1
                if out is None:
                    rejects.parent.mkdir(parents=True, exist_ok=True)
                    out = rejects.open("w", encoding="utf-8")
                    result.rejects = rejects
                line = {"file": path.name, "row": number, "field": bad.field, "reason": bad.reason, "data": row}
                out.write(msgspec.json.encode(line).decode() + "\n")
            if len(pending) >= ROWS_AT_ONCE:
                flush()
                progress(bytes_read)
        flush()
    finally:
        if out is not None:
            out.close()
    return result


def rows(path: Path) -> Iterator[tuple[dict[str, Any] | None, str, int]]:
    """`(row, why it could not be read, bytes of the file read so far)` for every row of the file."""
    if not path.is_file():
        raise BadFile(f"{path}: there is no such file")
    name = path.name.lower()
    if name.endswith((".parquet", ".pq")):
        yield from _parquet(path)
        return
    with path.open("rb") as raw:
        opened: Any = gzip.GzipFile(fileobj=raw) if name.endswith(".gz") else raw
        bare = name.removesuffix(".gz")
        try:
            if bare.endswith((".ndjson", ".jsonl", ".json")):
                yield from _ndjson(opened, raw)
            elif bare.endswith((".csv", ".tsv")):
                yield from _csv(opened, raw, "\t" if bare.endswith(".tsv") else ",", path)
            else:
                raise BadFile(
                    f"{path}: the name must end in .csv, .tsv, .ndjson, .jsonl (or these with .gz) or .parquet"
                )
        except (OSError, EOFError) as error:  # a truncated or broken gzip
            raise BadFile(f"{path}: {error}") from error


def _csv(opened: Any, raw: Any, delimiter: str, path: Path) -> Iterator[tuple[dict[str, Any] | None, str, int]]:
    text = io.TextIOWrapper(opened, encoding="utf-8-sig", errors="surrogateescape", newline="")
    # A NUL ends a line of csv's reader in an error that would stop the file.
    reader = csv.reader((line.replace("\x00", "") for line in text), delimiter=delimiter)
    header = next(reader, None)
    if not header:
        raise BadFile(f"{path}: the file is empty; its first line must name the columns")
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield None, str(error), raw.tell()
            continue
        if not values:
            continue
        row = dict(zip(header, values, strict=False))
        if len(values) != len(header):
            yield row, f"the row has {len(values)} values, the header {len(header)}", raw.tell()
        elif any("\udc80" <= char <= "\udcff" for value in values for char in value):
            yield {name: _readable(value) for name, value in row.items()}, "the row is not UTF-8", raw.tell()
        else:
            yield row, "", raw.tell()


def _readable(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _ndjson(opened: Any, raw: Any) -> Iterator[tuple[dict[str, Any] | None, str, int]]:
    for line in opened:
        if not line.strip():
            continue
        try:
            row = messages.decode(line)
        except Bad as bad:
            yield {"line": line[:500].decode("utf-8", "replace")}, bad.reason, raw.tell()
            continue
        if isinstance(row, dict):
            yield row, "", raw.tell()
        else:
            yield {"line": line[:500].decode("utf-8", "replace")}, "a line must be a JSON object", raw.tell()


def _parquet(path: Path) -> Iterator[tuple[dict[str, Any] | None, str, int]]:
    import pyarrow
    from pyarrow import parquet

    size = path.stat().st_size
    try:
        file = parquet.ParquetFile(path)
        total, done = max(1, file.metadata.num_rows), 0
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
            for row in batch.to_pylist():
                done += 1
                yield row, "", size * done // total
    except pyarrow.ArrowException as error:
        raise BadFile(f"{path}: {error}") from error


def columns_of(path: Path) -> list[str]:
    """The columns of the first row."""
    for row, _error, _bytes in rows(path):
        return list(row or {})
    return []


def check_columns(path: Path, mapping: dict[str, list[str]]) -> None:
    """Raises `BadFile` when a mapped or needed column is not in the file."""
    columns = columns_of(path)
    if not columns:
        return
    for name, wanted in mapping.items():
        for column in wanted:
            if column not in columns:
                raise BadFile(
                    f"--map {name}={'+'.join(wanted)}: {path.name} has no column {column!r}; it has {', '.join(columns)}"
                )
    for name in NEEDED:
        if name not in mapping and name not in columns:
            raise BadFile(f"{path.name}: no column for {name!r}; add --map {name}=COLUMN. It has {', '.join(columns)}")


def _item(
    row: dict[str, Any], mapping: dict[str, list[str]], twins: Counter[bytes], *, shifted: bool
) -> dict[str, Any]:
    """The row as an item of the Segment API; `_account` is what the row says of its account."""
    said = {name: _value(row, mapping.get(name, [name])) for name in FIELDS}
    said["timestamp"] = said["timestamp"].strip() if isinstance(said["timestamp"], str) else said["timestamp"]
    if not said["timestamp"]:
        raise Bad("bad_timestamp", "timestamp: the row has none", "timestamp")
    if moments.instant(said["timestamp"]) is None:
        raise Bad("bad_timestamp", f"timestamp: {str(said['timestamp'])[:40]!r} is not a time", "timestamp")
    message_id = said["message_id"]
    if not message_id:
        content = hashlib.blake2b(
            repr(sorted(row.items(), key=str)).encode("utf-8", "replace"), digest_size=16
        ).digest()
        twins[content] += 1
        message_id = f"{content.hex()}:{twins[content]}"
    account = said["account"] if isinstance(said["account"], str) else str(said["account"] or "")
    group, company = _group(account.strip(), str(said["workspace"] or "").strip())
    mapped = {column for columns in mapping.values() for column in columns} | set(FIELDS)
    return {
        "type": "track",
        "messageId": f"shifted:{message_id}" if shifted else str(message_id),
        "userId": said["user_id"],
        "event": said["event"],
        "timestamp": said["timestamp"],
        "properties": {name: value for name, value in row.items() if name not in mapped},
        "context": {
            "groupId": group,
            "traits": {"email": said["email"]} if said["email"] else {},
        },
        "_account": company,
    }


def _value(row: dict[str, Any], columns: list[str]) -> Any:
    if len(columns) == 1:
        value = row.get(columns[0])
        return value.isoformat() if isinstance(value, dt.datetime | dt.date) else value
    return " ".join(str(row[column]).strip() for column in columns if row.get(column) not in (None, ""))


def _group(account: str, workspace: str) -> tuple[str, dict[str, str]]:
    """The workspace of a row and what is known of its company. A shared host (freemail) is no account."""
    if not account:
        return workspace, {}
    domain = domains.registrable(account) if "." in account else ""
    if domain and domains.is_shared(account):
        return workspace, {}
    if domain:
        return workspace or domain, {"domain": domain}
    return workspace or account, {"name": account}


def _facts(company: dict[str, str], message: Message, known: set[str]) -> Iterator[Message]:
    """What the row says of its workspace, once an import."""
    key = f"{message.group_id}|{company}"
    if not company or not message.group_id or key in known:
        return
    known.add(key)
    yield Message(
        type="group",
        message_id="",
        user_id="",
        anonymous_id="",
        group_id=message.group_id,
        previous_id="",
        event="",
        at=message.at,
        traits=dict(company),
        user_traits={},
        properties={},
    )


def _days_to_now(path: Path, mapping: dict[str, list[str]]) -> dt.timedelta:
    """Whole days from the newest row to today."""
    newest = None
    for row, error, _bytes in rows(path):
        at = None if error or row is None else moments.instant(_value(row, mapping.get("timestamp", ["timestamp"])))
        if at is not None and (newest is None or at > newest) and at <= timezone.now() + dt.timedelta(days=1):
            newest = at
    return dt.timedelta() if newest is None else dt.timedelta(days=(timezone.now().date() - newest.date()).days)


def _shifted(message: Message, shift: dt.timedelta, now: dt.datetime) -> Message:
    return msgspec.structs.replace(message, at=min(message.at + shift, now))
