"""Shares and counts of answers as people read and see them. Values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from playbooks.feedback.feedback import Group
from playbooks.feedback.intervals import Share
from scoring.drawing import pct


@dataclass(frozen=True)
class ShareBar:
    """A share as a bar with its interval, in percent of the width. `words`: `"61 % of 18"`."""

    width: str
    low: str
    wide: str
    percent: str
    interval: str
    words: str
    is_few: bool


@dataclass(frozen=True)
class Line:
    """The answers of one kind, with the address that leaves only them."""

    label: str
    href: str
    good: int
    not_now: int
    wrong: int
    answered: int
    bar: ShareBar
    more: str = ""


@dataclass(frozen=True)
class Column:
    """A column of answers by week, in percent of the drawing: wrong at the bottom, then not now, then good."""

    label: str
    x: str
    width: str
    parts: list[tuple[str, str, str]]
    good: int
    not_now: int
    wrong: int
    words: str


def percent(value: float) -> str:
    return f"{round(100 * value)} %"


def interval(share: Share) -> str:
    """`"39–80 %"`."""
    low, high = share.interval
    return f"{round(100 * low)}–{round(100 * high)} %"


def share_bar(share: Share) -> ShareBar:
    low, high = share.interval
    value = share.value if share.of else 0.0
    return ShareBar(
        width=pct(100 * value),
        low=pct(100 * low),
        wide=pct(100 * (high - low)),
        percent=percent(value) if share.of else "–",
        interval=interval(share),
        words=_("%(part)d of %(of)d") % {"part": share.part, "of": share.of},
        is_few=share.is_few,
    )


def line(group: Group, label: str, href: str, more: str = "") -> Line:
    return Line(
        label=label,
        href=href,
        good=group.good,
        not_now=group.not_now,
        wrong=group.wrong,
        answered=group.answered,
        bar=share_bar(group.share),
        more=more,
    )


def columns(groups: Sequence[Group], labels: Sequence[str]) -> tuple[list[Column], int]:
    """Columns of equal width, and the number at the top."""
    top = max([group.answered for group in groups], default=0) or 1
    wide = 100 / max(len(groups), 1)
    drawn = []
    for place, (group, label) in enumerate(zip(groups, labels, strict=True)):
        parts, y = [], 100.0
        for kind, n in (("wrong", group.wrong), ("later", group.not_now), ("good", group.good)):
            high = 92 * n / top
            y -= high
            if n:
                parts.append((kind, pct(y), pct(high)))
        words = _("%(label)s: %(good)d good, %(later)d not now, %(wrong)d wrong") % {
            "label": label,
            "good": group.good,
            "later": group.not_now,
            "wrong": group.wrong,
        }
        x = place * wide + 0.3
        drawn.append(Column(label, pct(x), pct(wide - 0.6), parts, group.good, group.not_now, group.wrong, words))
    return drawn, top
