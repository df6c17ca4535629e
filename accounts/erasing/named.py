"""Whom a body may name, as numbers that an index can hold: the ids in its messages, and a part of every e-mail. Pure.

`wanted` of a person and `of` a body have a number in common whenever `bodies` finds the person in that body. The other way round it
may be chance, so what the index finds is looked at closely. `tests/accounts/test_erasing_named.py` holds the two together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote_plus

import msgspec

from accounts.bodies import Bad, decode
from accounts.erasing.needles import ID_FIELDS, Needles

_AT = re.compile("@|%40")
_BEHIND = re.compile(r"[^\W_]{1,64}")
#: Signs between the words of an address, so many at a time, and words and letters of a word that are looked at.
_SIGNS, _SIGNS_MOST, _WORDS_MOST, _LETTERS_MOST = "._+'-", 8, 3, 64
#: An escape of JSON in a text that is JSON itself.
_ESCAPE = re.compile(r"\\(?:[bfnrt]|u([0-9a-fA-F]{4}))")
#: The id behind the name of its field, in a text that is no JSON: in quotes, or as far as it goes.
_FIELD = rf'"(?:{"|".join(ID_FIELDS)})"\s*:\s*'
_IDS = (re.compile(_FIELD + '"([^"]*)"'), re.compile(_FIELD + r'"?([^",}\]\s]*)'))


def of(raw: bytes) -> list[int]:
    """The numbers of a body, sorted. A body of 64 KiB takes some milliseconds."""
    try:
        value = decode(raw)
    except Bad:
        return sorted(set(_of_text(raw.decode(errors="replace"))))
    found: set[int] = set()
    level = [value]
    while level:
        node = level.pop()
        if isinstance(node, dict):
            found |= {_id(str(node[field])) for field in ID_FIELDS if node.get(field)}
            level += [*node.keys(), *node.values()]
        elif isinstance(node, list):
            level += node
        elif isinstance(node, msgspec.Raw):
            found.update(_of_text(bytes(node).decode(errors="replace")))
        elif isinstance(node, str):
            found.update(_mails(node))
    return sorted(found)


def wanted(needles: Needles) -> list[int] | None:
    """The numbers of a person. None when something the person is known by has none: then every body has to be read."""
    found: set[int] = set()
    for mail in needles.everywhere():
        at = _AT.search(mail)
        numbers = list(_around(mail, at)) if at else []
        if not numbers:
            return None
        found.add(numbers[-1])
    for id_ in needles.ids:
        if '"' in id_:
            return None
        found.add(_id(id_))
    return sorted(found)


def _of_text(text: str) -> Iterator[int]:
    yield from _mails(text)
    yield from (_id(id_) for pattern in _IDS for id_ in pattern.findall(text))


def _mails(text: str) -> Iterator[int]:
    for form in _forms(text):
        for at in _AT.finditer(form):
            yield from _around(form, at)


def _forms(text: str) -> Iterable[str]:
    """The text as it is, and with what is escaped in it as it is meant."""
    if "@" not in text and "%40" not in text and "\\u0040" not in text:
        return ()
    forms = {text}
    if "%" in text:
        forms |= {unquote_plus(one) for one in forms}
    if "\\" in text:
        forms |= {_ESCAPE.sub(_meant, one) for one in forms}
    return forms


def _meant(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else " "


def _around(text: str, at: re.Match[str]) -> Iterator[int]:
    """A number for the last word before an @ with the first behind it, then with the word before that one, and so on.

    What stands before an address then adds numbers and takes none away.
    """
    behind = _BEHIND.match(text, at.end())
    words, place = "", at.start()
    for _n in range(_WORDS_MOST if behind else 0):
        end = _back(text, place, lambda letter: letter in _SIGNS, _SIGNS_MOST)
        begin = _back(text, end, str.isalnum, _LETTERS_MOST)
        if begin == end or (words and end == place):
            return
        words = f"{text[begin:end]} {words}"
        assert behind is not None
        yield _number(f"{words}@{behind[0]}".lower())
        if end - begin == _LETTERS_MOST:
            return
        place = begin


def _back(text: str, end: int, is_one: Callable[[str], bool], most: int) -> int:
    begin = end
    while begin > 0 and end - begin < most and is_one(text[begin - 1]):
        begin -= 1
    return begin


def _id(id_: str) -> int:
    return _number(id_)


def _number(word: str) -> int:
    digest = hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
