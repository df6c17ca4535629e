"""Whom a body may name, as numbers that an index can hold: the ids in its messages, and a part of every e-mail. Pure.

`wanted` of a person and `of` a body have a number in common whenever `bodies` finds the person in that body. The other way round it
may be chance, so what the index finds is looked at closely. `tests/accounts/test_erasing_named.py` holds the two together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_plus

import msgspec

from accounts.bodies import Bad, decode
from accounts.erasing.needles import ID_FIELDS, Needles

#: The last word before an @ and the first behind it: what any longer or shorter text around an e-mail leaves as it is.
_MAIL = re.compile(r"([^\W_]{1,64})[._+'-]{0,8}(?:@|%40)(?=([^\W_]{1,64}))")
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
        first = _MAIL.search(mail)
        if first is None:
            return None
        found.add(_mail(first))
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
        yield from (_mail(found) for found in _MAIL.finditer(form))


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


def _mail(found: re.Match[str]) -> int:
    return _number(f"@{found[1]}@{found[2]}".lower())


def _id(id_: str) -> int:
    return _number(id_)


def _number(word: str) -> int:
    digest = hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
