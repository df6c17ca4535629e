"""A CSV file as rows of cells, whatever program wrote it. Pure.

Encodings: UTF-8, UTF-16 (with or without its mark) and Windows' Western one, of which Latin-1 is a part. Separators: comma,
semicolon, tab, bar. Cells may hold line breaks inside quotes.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 50_000, 500, 2_000
SEPARATORS = ",;\t|"
#: Put after the text: when the last record is not this alone, a quote before it was never closed.
_END = "\x1fend"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class BadFile(Exception):
    """A file that cannot be read; `code` says why: empty, too_large, too_many_rows, too_wide, no_text, open_quote (in `row`)."""

    def __init__(self, code: str, row: int = 0) -> None:
        super().__init__(code)
        self.code, self.row = code, row


@dataclass(frozen=True)
class Sheet:
    """`heads`: the columns' names, as many as the longest row has cells. `rows`: (number as a spreadsheet shows it, cells).

    The heads are row 1. Where the first row has an address in it, it is a person: the columns have no names then.
    """

    heads: list[str]
    rows: list[tuple[int, list[str]]]
    encoding: str
    separator: str


def read(data: bytes) -> Sheet:
    """Raises `BadFile`. Rows without anything in them are left out, and keep their number."""
    if len(data) > MOST_BYTES:
        raise BadFile("too_large")
    text, encoding = decode(data)
    if not text.strip():
        raise BadFile("empty")
    text, separator = _said_separator(text)
    separator = separator or guess_separator(text)
    found = _records(text, separator)
    if not found:
        raise BadFile("empty")
    (first, heads), rows = found[0], found[1:]
    if any(map(_ADDRESS.fullmatch, heads)):
        heads, rows = [], found
    if len(rows) > MOST_ROWS:
        raise BadFile("too_many_rows")
    width = max(len(cells) for _number, cells in found)
    if width > MOST_COLUMNS:
        raise BadFile("too_wide")
    names = [" ".join(head.split())[:80] for head in heads] + [""] * (width - len(heads))
    ahead = first - 1  # empty lines before the heads
    return Sheet(names, [(number - ahead, cells) for number, cells in rows], encoding, separator)


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding. Raises `BadFile("no_text")` for a spreadsheet, an archive or a picture."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b")):
        raise BadFile("no_text")
    if data[:400].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{", b"["):  # a page, XML or JSON
        raise BadFile("no_text")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _text(data, "utf-16"), "utf-16"
    head = data[:4_000]
    zeros = [head[0::2].count(0), head[1::2].count(0)]
    if max(zeros) * 3 > len(head[0::2]) and min(zeros) * 20 < max(zeros):
        name = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        return _text(data, name), name
    if data.count(0) * 10 > len(data):  # a few stray ones are left out of their cells
        raise BadFile("no_text")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise BadFile("no_text") from None


def _said_separator(text: str) -> tuple[str, str]:
    """Some spreadsheets write `sep=;` into the first line: the rest, and the separator."""
    line, _end, rest = text.partition("\n")
    said = line.strip().strip('"')
    if said[:4].lower() == "sep=" and len(said) == 5 and said[4] in SEPARATORS:
        return rest, said[4]
    return (rest, "\t") if line.rstrip("\r\n").lower() == "sep=\t" else (text, "")


def guess_separator(text: str, *, among: str = SEPARATORS) -> str:
    """The one that parts the first lines into the most columns, evenly."""
    best, chosen = (0.0, 0), ","
    for separator in among:
        widths = []
        try:
            for number, cells in enumerate(csv.reader(io.StringIO(text[:20_000], newline=""), delimiter=separator)):
                if cells:
                    widths.append(len(cells))
                if number >= 10:
                    break
        except csv.Error:
            continue
        if not widths:
            continue
        even = sum(width == widths[0] for width in widths) / len(widths)
        if (value := (even if widths[0] > 1 else 0.0, widths[0])) > best:
            best, chosen = value, separator
    return chosen


def _records(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """(number, cells) of every record that says something."""
    reader = csv.reader(io.StringIO(f"{text}\n{_END}", newline=""), delimiter=separator)
    found: list[tuple[int, list[str]]] = []
    number = 0
    while True:
        number += 1
        try:
            raw = next(reader)
        except (StopIteration, csv.Error):  # a cell of 128 KB: a quote that never ends
            raise BadFile("open_quote", number) from None
        if raw == [_END]:
            return found
        if raw and raw[-1].endswith(f"\n{_END}"):
            raise BadFile("open_quote", number)
        cells = [_cell(cell) for cell in raw]
        if any(cells):
            found.append((number, cells))
            if len(found) > MOST_ROWS + 1:
                raise BadFile("too_many_rows")


def _cell(text: str) -> str:
    """Trimmed; without the quote that our own files put before what a spreadsheet would take for a formula."""
    text = text.replace("\x00", "").strip()[: LONGEST_CELL + 1]
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@＝＋－＠" else text
