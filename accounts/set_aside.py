"""What was refused or set aside: grouped by its reason, read safely, replayed one by one or by reason."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db.models import BinaryField, Count, Max, QuerySet, Sum, Value
from django.db.models.functions import Length, Substr

from accounts import landing
from accounts.bodies import Bad, decode
from accounts.filters import SetAsideFilter
from accounts.models import Member, SetAside

#: Rows replayed by one click; the page says how many are left.
AT_ONCE = 500
#: Characters of a pretty-printed body that a page shows; above it the body is shown as it came.
PRETTY_LIMIT = 200_000
PREVIEW = 160


@dataclass(frozen=True)
class Group:
    """All that wait for the same reason."""

    kind: str
    code: str
    rows: int
    times: int
    last_at: dt.datetime

    @property
    def kind_label(self) -> str:
        return str(SetAside.Kind(self.kind).label)


@dataclass(frozen=True)
class Body:
    """A kept body as text. `is_exact` is false when bytes had to be replaced to show it."""

    text: str
    is_json: bool
    is_exact: bool
    is_cut: bool
    size: int


@dataclass
class Replayed:
    """What came of replaying many: landed rows, and the others by the code of what still is wrong."""

    landed: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def still_wrong(self) -> int:
        return self.refused.total()


def groups(wanted: SetAsideFilter) -> list[Group]:
    """By how often it happened, most first. One query."""
    rows = (
        wanted.apply(SetAside.objects.all())
        .values("kind", "code")
        .annotate(rows=Count("pk"), times=Sum("count"), last_at=Max("received_at"))
        .order_by("-times", "code")
    )
    return [Group(**row) for row in rows]


def listed(wanted: SetAsideFilter) -> QuerySet[Any]:
    """The rows of the page, newest first, with `size` and the first bytes (`head`) in place of the body."""
    return (
        wanted.apply(SetAside.objects.all())
        .defer("body")
        .select_related("source", "replayed_by")
        .annotate(size=Length("body"), head=Substr("body", Value(1), Value(PREVIEW), output_field=BinaryField()))
        .order_by("-received_at", "-pk")
    )


def preview(head: bytes | memoryview) -> str:
    """The beginning of a body on one line."""
    return " ".join(bytes(head).decode(errors="replace").split())


def readable(row: SetAside) -> Body:
    """The kept body as text: indented when it is JSON, else as it came with what is not UTF-8 replaced."""
    raw = bytes(row.body)
    is_cut = len(raw) == landing.KEPT
    text = raw.decode(errors="replace")
    is_exact = text.encode() == raw and "\x00" not in text
    try:
        decode(raw)  # also bounds the depth, so that indenting stays small
        pretty = msgspec.json.format(raw, indent=2).decode()
    except (Bad, msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return Body(text.replace("\x00", "�"), is_json=False, is_exact=is_exact, is_cut=is_cut, size=len(raw))
    if len(pretty) > PRETTY_LIMIT:
        pretty = text
    return Body(pretty, is_json=True, is_exact=True, is_cut=is_cut, size=len(raw))


def field_of(reason: str) -> str:
    """The field that a reason names at its beginning: `"userId: is missing"` → `"userId"`."""
    name, colon, _ = reason.partition(":")
    return name if colon and name and len(name) <= 80 and " " not in name else ""


def mended(row: SetAside, text: str) -> bytes | None:
    """What to hand to `landing.replay`: none when the text is what `readable` showed."""
    text = text.replace("\r\n", "\n")
    if text.strip("\n") == readable(row).text.replace("\r\n", "\n").strip("\n"):
        return None
    try:
        # Written over several lines for people; one line is smaller, and the limit counts bytes.
        return msgspec.json.format(text, indent=-1).encode()
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text.encode(errors="replace")


def replay_all(*, wanted: SetAsideFilter, member: Member) -> Replayed:
    """Replays what the filter shows and nobody has replayed yet, oldest first, at most `AT_ONCE`."""
    result = Replayed()
    rows = wanted.apply(SetAside.objects.filter(replayed_at=None)).select_related("source")
    for row in rows.order_by("received_at", "pk")[:AT_ONCE].iterator(chunk_size=50):
        try:
            if landing.replay(set_aside=row, member=member) is not None:
                result.landed += 1
        except Bad as bad:
            result.refused[bad.code] += 1
    return result
