"""How often titles are read right, measured on lists of real ones: shares and confusion matrices. Pure.

A list is a TSV with the columns `Position` and `Classification`, whose values are levels (C-Suite, VP, Director, Manager, Other) or
areas (Business, Technical, Sales-Marketing, Other); or with `Position` and any of `Level`, `Area` and `Department`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from accounts import titles

LEVELS = {"C-Suite": "c_level", "VP": "vp", "Director": "director", "Manager": "manager", "Other": "individual"}


class BadList(Exception):
    """The file is no such list; the text says why."""


@dataclass(frozen=True)
class Report:
    """`matrix`: (truth, guess) → titles. `halves`: the shares of right answers on the even and the odd lines."""

    kind: str
    titles: int
    right: float
    halves: tuple[float, float]
    kinds: list[str]
    matrix: dict[tuple[str, str], int]

    def table(self) -> str:
        """The matrix as text; rows are the truth."""
        lines = [" " * 16 + "".join(f"{kind:>16}" for kind in self.kinds)]
        for truth in self.kinds:
            lines.append(f"{truth:>16}" + "".join(f"{self.matrix.get((truth, guess), 0):>16}" for guess in self.kinds))
        return "\n".join(lines)


def level(title: str) -> str:
    """A value of `LEVELS`: such lists know no difference between who leads nobody and a title that says nothing."""
    return titles.classify(title).seniority.replace("other", "individual") or "individual"


def of_file(path: Path) -> list[Report]:
    """A report for each thing that the list says of its titles. Raises `BadList`, also for a file that cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadList(f"{path}: {error}") from None
    if not rows:
        raise BadList(f"{path}: has no titles")
    has = [name for name in ("Classification", "Level", "Area", "Department") if name in rows[0]]
    if "Position" not in rows[0] or not has:
        raise BadList(f"{path}: has no column {'Classification' if 'Position' in rows[0] else 'Position'}")
    return [_of_column([(row["Position"] or "", row[name] or "") for row in rows], name.lower()) for name in has]


def _of_column(rows: list[tuple[str, str]], kind: str) -> Report:
    if kind == "classification":
        kind = "level" if {truth for _title, truth in rows} <= set(LEVELS) else "area"
    match kind:
        case "level":
            return _report(kind, [(title, LEVELS.get(truth, truth)) for title, truth in rows], level)
        case "department":
            return _report(kind, rows, lambda title: titles.classify(title).department)
    return _report(kind, rows, titles.area)


def _report(kind: str, rows: list[tuple[str, str]], predict: Callable[[str], str]) -> Report:
    pairs = [(truth, predict(title)) for title, truth in rows]
    right = [truth == guess for truth, guess in pairs]
    even, odd = right[0::2], right[1::2]
    kinds = list(dict.fromkeys([*(truth for truth, _ in pairs), *(guess for _, guess in pairs)]))
    halves = (sum(even) / len(even), sum(odd) / len(odd) if odd else 0.0)
    return Report(kind, len(rows), sum(right) / len(right), halves, kinds, dict(Counter(pairs)))
