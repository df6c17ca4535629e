"""What was said of a field, and when, so that neither the order of arrival nor repeats decide. Pure.

`said` maps names to microseconds since 1970. `"title"` is when the value that counts was said last; of two values that were said at
the same time the greater one counts. Of `TRACKED` fields there is also when it was said first (`"title<"`), and the same of every
other value that was ever said (`"title:"` and a digest): `since` follows from them.

What was said on a device, by nobody who had signed in, goes after all that was said by name: its times are shifted by `DEVICE`.
"""

from __future__ import annotations

import zlib
from typing import Any

#: Of these it is kept since when they have their value.
TRACKED = frozenset({"title", "department", "seniority", "use_case", "employees"})
#: Added to the time of what was said without a name: whatever was said by name is later.
DEVICE = -(1 << 62)
#: When something was said before times were kept: before everything said by name, and after all that a device says.
UNKNOWN = -1
NEVER = -(1 << 63)
#: So many other values of a field are kept; the one that was said longest ago is forgotten.
OTHERS = 8


def hear(said: dict[str, int], field: str, at: int, value: Any, current: Any) -> tuple[bool, bool]:
    """Notes that `value` was said at that time. Answers whether it counts now, and whether anything was noted.

    `current` is what counts so far; empty or None: nothing was said.
    """
    known = said.get(field, NEVER if current in ("", None) else UNKNOWN)
    is_tracked = field in TRACKED
    if value == current:
        is_noted = at > known
        if is_noted:
            said[field] = at
        if is_tracked and at >= 0:
            first = said.get(field + "<", NEVER)
            if first < 0 or at < first:
                said[field + "<"], is_noted = at, True
        return True, is_noted
    if at > known or (at == known and (current in ("", None) or value > current)):
        if is_tracked:
            if known >= 0:
                _keep(said, field, current, said.get(field + "<", known), known)
            name = _name(field, value)
            said.pop(name, None)
            said[field + "<"] = min(at, said.pop(name + "<", at)) if at >= 0 else at
        said[field] = at
        return True, True
    if is_tracked and at >= 0:
        return False, _keep(said, field, value, at, at)
    return False, False


def together(said: dict[str, int], current: Any, theirs: dict[str, int], other: Any, field: str) -> Any:
    """What counts when two turn out to be one; `said` then tells of both."""
    known = said.get(field, NEVER if current in ("", None) else UNKNOWN)
    told = theirs.get(field, NEVER if other in ("", None) else UNKNOWN)
    if told != NEVER:
        if told >= 0 and other == current and known >= 0:
            said[field] = max(known, told)
            said[field + "<"] = min(said.get(field + "<", known), theirs.get(field + "<", told))
        elif told >= 0:
            first = theirs.get(field + "<", told)
            if first < told:
                is_other, _noted = hear(said, field, first, other, current)
                current = other if is_other else current
            current = other if hear(said, field, told, other, current)[0] else current
        elif hear(said, field, told, other, current)[0]:
            current = other
            if told != UNKNOWN and field in TRACKED and said.get(field) == told:
                said[field + "<"] = theirs.get(field + "<", told)
    if field not in TRACKED:
        said.pop(field + "<", None)
        return current
    for name, at in theirs.items():
        if name.startswith(field + ":") and not name.endswith("<"):
            first = theirs.get(name + "<", at)
            if current not in ("", None) and name == _name(field, current) and said.get(field, NEVER) >= 0:
                said[field + "<"] = min(said.get(field + "<", first), first)
            else:
                _note(said, name, first, at)
                _prune(said, field)
    return current


def since(said: dict[str, int], field: str) -> int | None:
    """Since when the value counts, as far as is known: when it was said first, but after any other value was said last."""
    last = said.get(field)
    if last is None or last == UNKNOWN:
        return None
    first = said.get(field + "<", last)
    if last < UNKNOWN:
        return first - DEVICE
    prefix = field + ":"
    if prefix not in "".join(said):  # nobody ever said anything else
        return first
    others = max((at for name, at in said.items() if name.startswith(prefix) and name[-1] != "<"), default=NEVER)
    return first if first > others else last


def note_since(said: dict[str, int], field: str) -> bool:
    """Writes down since when the value counts (`"employees@"`), for SQL. Answers whether it is another time."""
    at, was = since(said, field), said.pop(field + "@", None)
    if at is not None:
        said[field + "@"] = at
    return at != was


def is_of_device(said: dict[str, int], field: str) -> bool:
    return said.get(field, 0) < UNKNOWN


def forget(said: dict[str, int], field: str) -> None:
    """What counted was said on a device that is somebody else's."""
    for name in (field, field + "<", field + "@"):
        said.pop(name, None)


def _keep(said: dict[str, int], field: str, value: Any, first: int, last: int) -> bool:
    if is_noted := _note(said, _name(field, value), first, last):
        _prune(said, field)
    return is_noted


def _note(said: dict[str, int], name: str, first: int, last: int) -> bool:
    was = said.get(name), said.get(name + "<")
    said[name] = max(last, said.get(name, last))
    said[name + "<"] = min(first, said.get(name + "<", first))
    return was != (said[name], said[name + "<"])


def _prune(said: dict[str, int], field: str) -> None:
    prefix = field + ":"
    others = [(at, name) for name, at in said.items() if name.startswith(prefix) and name[-1] != "<"]
    for _at, name in sorted(others)[: max(0, len(others) - OTHERS)]:
        del said[name], said[name + "<"]


def _name(field: str, value: Any) -> str:
    return f"{field}:{zlib.crc32(str(value).encode()):x}"
