"""CSV that a spreadsheet opens as what it is: no cell becomes a formula. Streams; without Django."""

from __future__ import annotations

import csv
import datetime as dt
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence

#: The mark by which spreadsheets know UTF-8.
BOM = "\ufeff"
#: What spreadsheets take for the beginning of a formula, also in its wide forms.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class _Echo:
    """What a CSV writer writes into when the line itself is wanted."""

    def write(self, line: str) -> str:
        return line


def lines(
    heads: Sequence[str], rows: Iterable[Sequence[object]], *, zone: zoneinfo.ZoneInfo, bom: bool = True
) -> Iterator[str]:
    """One line after the other, the heads first. Moments are told in the zone, in ISO 8601 with its offset."""
    writer = csv.writer(_Echo())
    yield (BOM if bom else "") + writer.writerow([harmless(head) for head in heads])
    for row in rows:
        yield writer.writerow([cell(value, zone) for value in row])


def cell(value: object, zone: zoneinfo.ZoneInfo) -> object:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """A text that a spreadsheet would take for a formula gets a quote in front, also behind spaces."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text
