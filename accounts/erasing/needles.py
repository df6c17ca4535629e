"""What a person is known by, as it may stand in a text: plain, in JSON, in an address. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

#: What stands where a name or an e-mail was.
GONE = "[erased]"
#: Letters that a word must have to be looked for: shorter ones are parts of everyday words.
SHORTEST = 3
#: Letters of an id that says enough to be looked for in a text; a number such as 12 is in every other sentence.
SHORTEST_ID = 6
#: Where a message names a person.
ID_FIELDS = ("userId", "user_id", "anonymousId", "anonymous_id", "previousId", "previous_id")


@dataclass(frozen=True)
class Needles:
    """Of one person: ids as messages have them, e-mails, names."""

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def everywhere(self) -> list[str]:
        """What can be this person alone, wherever it stands: e-mails, and ids that are e-mails."""
        return _kept([*self.emails, *(one for one in self.ids if "@" in one)])

    def at_home(self) -> list[str]:
        """What means this person among the texts of his company: e-mails, names, and ids that look like none other."""
        return _kept([*self.everywhere(), *self.names, *(one for one in self.ids if len(one) >= SHORTEST_ID)])

    def is_in(self, item: Any) -> bool:
        """Whether a decoded message is about this person, or has an e-mail of his anywhere in it."""
        if isinstance(item, dict) and any(
            str(item.get(field, "")) in self.ids for field in ID_FIELDS if item.get(field)
        ):
            return True
        return self._says_email(item)

    def _says_email(self, value: Any) -> bool:
        wanted = self.everywhere()
        level = [value]
        while level:
            node = level.pop()
            if isinstance(node, dict):
                level += [*node.keys(), *node.values()]
            elif isinstance(node, list):
                level += node
            elif isinstance(node, str) and any(one.lower() in node.lower() for one in wanted):
                return True
        return False

    def is_in_text(self, text: str) -> bool:
        """The same of a text that is no JSON: an e-mail, or an id behind the name of its field."""
        found = text.lower()
        if any(one.lower() in found for one in variants(self.everywhere())):
            return True
        ids = "|".join(re.escape(one) for one in self.ids)
        return bool(ids) and re.search(rf'"(?:{"|".join(ID_FIELDS)})"\s*:\s*"?(?:{ids})"?\s*[,}}]', text) is not None


def variants(words: Iterable[str]) -> list[str]:
    """Each as it stands in a text, in JSON of plain ASCII, and in an address."""
    found: dict[str, None] = {}
    for word in words:
        for one in (
            word,
            json.dumps(word)[1:-1],
            json.dumps(word, ensure_ascii=False)[1:-1],
            quote_plus(word),
            quote(word),
        ):
            found[one] = None
    return list(found)


def pattern(words: Collection[str]) -> str:
    """A regular expression of PostgreSQL for any of these as whole words; empty for none."""
    if not words:
        return ""
    any_of = "|".join(re.escape(one) for one in sorted(variants(words), key=len, reverse=True))
    return rf"(?<![[:alnum:]])(?:{any_of})(?![[:alnum:]])"


def _kept(words: Iterable[str]) -> list[str]:
    return sorted({word.strip() for word in words if len(word.strip()) >= SHORTEST}, key=lambda one: (-len(one), one))
