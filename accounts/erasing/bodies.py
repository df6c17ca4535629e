"""Messages of a person that wait, or were set aside, and files of rows that could not be imported."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import batched
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection
from django.db.models import Q

from accounts import bulk
from accounts.bodies import Bad, decode
from accounts.erasing import named
from accounts.erasing.needles import Needles, variants
from accounts.messages import BATCHES
from accounts.models import ContactImport, Landing, SetAside

SET_ASIDE, LANDING = "accounts_setaside", "accounts_landing"
#: Bodies held in memory at a time, of 64 KiB at most.
AT_ONCE = 500
#: Rows whose body has one of these words (bytes), in capitals or not.
_SAYS = """
EXISTS (
    SELECT FROM unnest(%s::bytea[]) AS word WHERE position(lower(encode(word, 'escape')) IN lower(encode(body, 'escape'))) > 0
)
"""


def count_set_aside(needles: Needles) -> int:
    return sum(1 for _row in _holding(SET_ASIDE, needles))


def drop_set_aside(needles: Needles) -> int:
    """Takes the person's messages out of what was set aside; a row with nothing else goes. How many rows that were."""
    rows = list(_holding(SET_ASIDE, needles))
    for id_, path, body in rows:
        left = _without(body, path, needles)
        if left is None:
            SetAside.objects.filter(pk=id_).delete()
        else:
            SetAside.objects.filter(pk=id_).update(body=left[0], named=named.of(left[0]))
    return len(rows)


def drop_waiting(needles: Needles) -> int:
    """The same of what waits for the loader, whose lock the caller holds. How many requests that were.

    What is left of a request gets a row of its own, since the loader may have read the old one ahead.
    """
    rows = list(_holding(LANDING, needles))
    for id_, path, body in rows:
        left = _without(body, path, needles)
        found = Landing.objects.filter(pk=id_).first()
        if found is None:
            continue
        Landing.objects.filter(pk=id_).delete()
        if left is not None:
            found.pk, found.body, found.size = None, left[0], left[1]
            found.save(force_insert=True)
    return len(rows)


def _holding(table: str, needles: Needles) -> Iterator[tuple[int, str, bytes]]:
    """Rows whose body names the person. The database finds those that may, this looks closer.

    Of what was set aside an index knows whom it may name (`accounts.erasing.named`); what waits for the loader is read whole.
    """
    if not needles.everywhere() and not needles.ids:
        return
    numbers = named.wanted(needles) if table == SET_ASIDE else None
    said: str | list[bytes]
    if numbers is not None:
        where, said = "named && %s::bigint[] OR named IS NULL", bulk.plain(numbers)
    else:
        where, said = _SAYS, [word.encode() for word in variants([*needles.everywhere(), *needles.ids])]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} WHERE {where} ORDER BY id", [said])
        ids = [id_ for (id_,) in cursor.fetchall()]
    for some in batched(ids, AT_ONCE, strict=False):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id, path, body FROM {table} WHERE id = ANY(%s) ORDER BY id", [list(some)])
            rows = cursor.fetchall()
        for id_, path, body in rows:
            raw = bytes(body)
            if _names(raw, path, needles):
                yield id_, path, raw


def note_names(*, most: int | None = None) -> int:
    """Notes whom set-aside bodies may name, of those of which it is not noted yet; how many rows."""
    done = 0
    while most is None or done < most:
        rows = list(SetAside.objects.filter(named=None).order_by("pk").values_list("pk", "body")[:AT_ONCE])
        if not rows:
            break
        with connection.cursor() as cursor:
            cursor.executemany(
                # Who erases a person meanwhile changes the body, and notes it.
                f"UPDATE {SET_ASIDE} SET named = %s WHERE id = %s AND named IS NULL",
                [(named.of(bytes(body)), id_) for id_, body in rows],
            )
        done += len(rows)
    return done


def _names(raw: bytes, path: str, needles: Needles) -> bool:
    value = _decoded(raw)
    if value is None:
        return needles.is_in_text(raw.decode(errors="replace"))
    return any(_is_of(item, needles) for item in _items(value, path)) or needles.is_in(value)


def _without(raw: bytes, path: str, needles: Needles) -> tuple[bytes, int] | None:
    """The body without the person's messages and how many are left; none when nothing is."""
    value = _decoded(raw)
    if value is None or path not in BATCHES or not isinstance(value, dict) or not isinstance(value.get("batch"), list):
        return None
    kept = [item for item in value["batch"] if not _is_of(item, needles)]
    if not kept or needles.is_in({name: one for name, one in value.items() if name != "batch"}):
        return None
    return msgspec.json.encode(value | {"batch": kept}), len(kept)


def _decoded(raw: bytes) -> Any:
    try:
        return decode(raw)
    except Bad:
        return None


def _items(value: Any, path: str) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("batch"), list):
        return value["batch"]
    return [value]


def _is_of(item: Any, needles: Needles) -> bool:
    if isinstance(item, msgspec.Raw):
        return needles.is_in_text(bytes(item).decode(errors="replace"))
    return needles.is_in(item)


def drop_from_imports(needles: Needles) -> None:
    """Takes the person's rows out of files of contacts that were read and not taken in yet, and out of what was wrong with them.

    What was wrong may be the e-mail: there a row is the person's by the whole name too.
    """
    names = {name.casefold() for name in needles.names if " " in name}
    for one in ContactImport.objects.filter(_mentions(needles, names)):
        one.rows = _dropped(one.rows, needles)
        one.result = _dropped(one.result, needles, names)
        one.save(update_fields=["rows", "result"])


def _mentions(needles: Needles, names: Collection[str]) -> Q:
    asked = Q(pk__in=[])
    for word in needles.everywhere():
        asked |= Q(rows__icontains=word) | Q(result__icontains=word)
    for name in names:
        asked |= Q(result__icontains=json.dumps(name)[1:-1]) | Q(result__icontains=name)
    return asked


def _dropped(value: Any, needles: Needles, names: Collection[str] = ()) -> Any:
    if isinstance(value, list):
        return [_dropped(one, needles, names) for one in value if not (needles.is_in(one) or _is_row_of(one, names))]
    if isinstance(value, dict):
        return {name: _dropped(one, needles, names) for name, one in value.items()}
    return value


def _is_row_of(value: Any, names: Collection[str]) -> bool:
    cells = value.get("cells") if isinstance(value, dict) else value
    return isinstance(cells, list) and any(isinstance(cell, str) and cell.casefold() in names for cell in cells)


def drop_rejects(needles: Needles) -> int:
    """Removes the lines that name the person from the files of what could not be imported; how many lines."""
    dropped = 0
    for path in (settings.HOME / "rejects").glob("*.ndjson"):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        kept = [line for line in lines if not needles.is_in_text(line)]
        if len(kept) < len(lines):
            dropped += len(lines) - len(kept)
            part = path.with_suffix(".part")
            part.write_text("".join(kept), encoding="utf-8")
            part.replace(path)
    return dropped
