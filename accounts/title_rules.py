"""The admin's rules for titles: words with `*`, or a regular expression. Pure.

Both are run by RE2, whose time grows with the length of the title alone: there is no catastrophic pattern. What RE2 cannot do
(looking ahead or back, back references) is refused, and so is a pattern that needs much memory.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from accounts import titles
from accounts.titles import Title

#: Bytes that one compiled pattern may take.
MEMORY = 1 << 20
#: No titles, and without a letter in common: what fits all of them (`.`, `[a-z]`) fits every title.
_NO_TITLES = ("qj", "vxz", "bkw")


class BadPattern(ValueError):
    """The pattern cannot be used; the text says why, in RE2's words or ours."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `kind` is `seniority` or `department`, `value` what it says, `pattern` the words or the expression."""

    id: int | None
    kind: str
    value: str
    pattern: str
    is_regex: bool = False


def compiled(pattern: str, *, is_regex: bool) -> Any:
    """The pattern as a RE2 object with `search`, to be run on `titles.plain_words(title)`. Raises `BadPattern`.

    Words: alternatives parted by `|` or commas; each is one or several whole words side by side, and `*` is any part of a word.
    """
    text = _no_accents(pattern) if is_regex else _of_words(pattern)
    options = re2.Options()
    options.max_mem, options.log_errors, options.case_sensitive = MEMORY, False, False
    try:
        found = re2.compile(text, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise BadPattern(said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from None
    if found.search("") is not None or all(found.search(text) is not None for text in _NO_TITLES):
        raise BadPattern("it fits every title")
    return found


def _of_words(pattern: str) -> str:
    alternatives = []
    for part in re.split(r"[|,;\n]", pattern):
        kept = titles.plain_text(part.replace("*", "\ue000"), keep="\ue000")
        if not kept.replace("\ue000", "").strip():
            continue
        alternatives.append(re.escape(kept).replace("\\ ", " ").replace("\ue000", r"\S*"))
    if not alternatives:
        raise BadPattern("it has no words")
    return r"(?:^|\s)(?:" + "|".join(alternatives) + r")(?:\s|$)"


def _no_accents(pattern: str) -> str:
    text = unicodedata.normalize("NFKD", pattern)
    return "".join(char for char in text if not unicodedata.combining(char))


class TitleRules:
    """The admin's rules in their order, compiled, before the built-in ones. A pattern that cannot be used any more fits nothing."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules: list[tuple[Rule, Any]] = []
        for rule in rules:
            try:
                self._rules.append((rule, compiled(rule.pattern, is_regex=rule.is_regex)))
            except BadPattern:
                continue
        self._classify = lru_cache(50_000)(self._classified)

    @property
    def all(self) -> list[Rule]:
        """Those that can be used, in their order."""
        return [rule for rule, _pattern in self._rules]

    def classify(self, title: str) -> Title:
        """As `titles.classify`, with these rules first."""
        title = title[: titles.LONGEST].strip()
        return self._classify(title) if self._rules else titles.classify(title)

    def deciding(self, title: str) -> dict[str, Rule]:
        """Of each kind the first rule that fits the title."""
        text = titles.plain_words(title)
        found: dict[str, Rule] = {}
        for rule, pattern in self._rules if text else ():
            if rule.kind not in found and pattern.search(text) is not None:
                found[rule.kind] = rule
        return found

    def _classified(self, title: str) -> Title:
        found, built_in = self.deciding(title), titles.classify(title)
        seniority, department = found.get("seniority"), found.get("department")
        return Title(
            seniority.value if seniority else built_in.seniority,
            department.value if department else built_in.department,
        )
