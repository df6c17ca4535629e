"""What a person is known by, as it may stand in a text: plain, in JSON, in an address. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
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
#: The digits of a sign of ASCII that is no letter, as it is escaped.
_SIGN = "(?:[0-2][0-9A-Fa-f]|3[A-Fa-f]|40|5[B-Fb-f]|60|7[B-Fb-f])"
#: Where a word begins: not within another, though an escape of JSON or of an address may stand before it. %a: any letter.
_BEGINS = rf"(?:(?<!%a)|(?<=\\[bfnrt])|(?<=\\u00{_SIGN})|(?<=\\u20[0-5][0-9A-Fa-f])|(?<=%{_SIGN}))"
#: What some writers of JSON escape beside what they must.
_IN_A_PAGE = re.compile("['&<>=]")
#: An e-mail does not begin behind the dot of `mary.ann@…` either.
_NO_PART = r"(?<!%a[.+_-])"


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
        return self.says_email(item)

    def says_email(self, value: Any) -> bool:
        """Whether an e-mail of the person stands anywhere in it."""
        level = [value]
        while level:
            node = level.pop()
            if isinstance(node, dict):
                level += [*node.keys(), *node.values()]
            elif isinstance(node, list):
                level += node
            elif isinstance(node, str) and self._has_email(node):
                return True
        return False

    def is_in_text(self, text: str) -> bool:
        """The same of a text that is no JSON: an e-mail, or an id behind the name of its field."""
        if self._has_email(text):
            return True
        ids = "|".join(re.escape(one) for one in self.ids)
        return bool(ids) and re.search(rf'"(?:{"|".join(ID_FIELDS)})"\s*:\s*"?(?:{ids})"?\s*[,}}]', text) is not None

    def _has_email(self, text: str) -> bool:
        found = self._emails
        return found is not None and found.search(text) is not None

    @cached_property
    def _emails(self) -> re.Pattern[str] | None:
        words = self.everywhere()
        return re.compile(_any_of(words, letters=r"[^\W_]"), re.IGNORECASE) if words else None


def variants(words: Iterable[str]) -> list[str]:
    """Each as it stands in a text, in JSON of plain ASCII, in JSON that is safe in a page, and in an address."""
    found: dict[str, None] = {}
    for word in words:
        for one in (
            word,
            json.dumps(word)[1:-1],
            json.dumps(word, ensure_ascii=False)[1:-1],
            _IN_A_PAGE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(word)[1:-1]),
            json.dumps(word)[1:-1].replace("/", "\\/"),
            quote_plus(word),
            quote(word),
        ):
            found[one] = None
    return list(found)


def pattern(words: Collection[str]) -> str:
    """A regular expression of PostgreSQL for any of these as whole words; empty for none."""
    return _any_of(words, letters="[[:alnum:]]") if words else ""


def anywhere(words: Collection[str]) -> str:
    """The same for any of these wherever they stand; cheaper."""
    return "|".join(map(re.escape, variants(words)))


def _any_of(words: Collection[str], *, letters: str) -> str:
    """Any of these as whole words, longest first."""
    found = []
    for mail, before in ((True, _NO_PART), (False, "")):
        some = sorted(variants(one for one in words if ("@" in one) == mail), key=len, reverse=True)
        if some:
            found.append(before.replace("%a", letters) + "(?:" + "|".join(map(re.escape, some)) + ")")
    return f"{_BEGINS.replace('%a', letters)}(?:{'|'.join(found)})(?!{letters})"


def _kept(words: Iterable[str]) -> list[str]:
    return sorted({word.strip() for word in words if len(word.strip()) >= SHORTEST}, key=lambda one: (-len(one), one))
