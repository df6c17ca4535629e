"""Why an account has its score, in words and points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playbooks.spaces import Rated
from scoring.breakdown import recipe_of
from scoring.explain import Explained
from scoring.models import Score, Tier
from scoring.why import value_in_words


@dataclass(frozen=True)
class Part:
    """One component of a score.

    `words` is its value, `share` how much of its own maximum it reached (0 to 100), `effect` its part of the score in score
    points, `change` the effect's change since a week ago (none: no score then), `weight` its part of all weights (0 to 1).
    """

    key: str
    label: str
    words: str
    share: float
    points: float
    max_points: float
    weight: float
    effect: float
    most: float
    change: float | None


@dataclass(frozen=True)
class Why:
    """A score explained: parts, largest effect first, and the week's change in a sentence (empty when unknown)."""

    parts: list[Part]
    sentence: str
    gate: str


def explain(score: Rated | Explained) -> Why:
    before = {line["key"]: line for line in score.week_ago}
    has_before = score.week_ago_score is not None
    weights = sum(float(line.get("weight") or 0) for line in score.contributions) or 1.0
    parts = [_part(line, before, has_before, weights) for line in score.contributions]
    parts.sort(key=lambda part: -part.effect)
    return Why(parts=parts, sentence=change_sentence(score.delta, parts), gate=score.tier_reason)


def _part(line: Mapping[str, Any], before: Mapping[str, Mapping[str, Any]], has_before: bool, weights: float) -> Part:
    points, most = float(line.get("points") or 0), float(line.get("max_points") or 0)
    effect = float(line.get("effect") or 0)
    weight = float(line.get("weight") or 0) / weights
    old = before.get(line["key"])
    return Part(
        key=line["key"],
        label=_(line.get("label") or line["key"]),
        words=value_in_words(line.get("feature") or "", line.get("value"), line.get("parts")),
        share=max(0.0, min(100.0, 100 * points / most)) if most else 0.0,
        points=points,
        max_points=most,
        weight=weight,
        effect=effect,
        most=weight * 100,
        change=effect - float(old.get("effect") or 0) if has_before and old else None,
    )


def to_pqa(score: Rated, *, most: int = 2) -> str:
    """`2 points more. Most room: team size (up to 14), behaviour (up to 7).` Empty outside of the band below PQA."""
    if score.tier != Tier.ACTIVATE or score.score is None:
        return ""
    recipe = recipe_of(score) if isinstance(score, Score) else score.recipe
    short = recipe.thresholds.pqa - score.score
    if short <= 0:
        return score.tier_reason
    room = sorted(explain(score).parts, key=lambda part: part.effect - part.most)
    told = [
        _("%(part)s (up to %(n)d)") % {"part": part.label.lower(), "n": round(part.most - part.effect)}
        for part in room[:most]
        if round(part.most - part.effect) > 0
    ]
    words = ngettext("%(n)d point more", "%(n)d points more", short) % {"n": short}
    return _("%(words)s. Most room: %(parts)s.") % {"words": words, "parts": ", ".join(told)} if told else f"{words}."


def change_sentence(delta: int | None, parts: list[Part]) -> str:
    """`14 points up in seven days: team size (+9), features (+2).` Empty without a score then and now."""
    if delta is None:
        return ""
    moved = [part for part in parts if part.change is not None and round(part.change) != 0]
    if delta == 0 and not moved:
        return _("Unchanged in seven days.")
    moved.sort(key=lambda part: -abs(part.change or 0))
    told = ", ".join(f"{part.label.lower()} ({_signed(part.change or 0)})" for part in moved[:3])
    if delta == 0:
        return _("No change in seven days, but it moved within: %(parts)s.") % {"parts": told}
    words = ngettext("%(n)d point", "%(n)d points", abs(delta)) % {"n": abs(delta)}
    head = _("%(points)s up in seven days") if delta > 0 else _("%(points)s down in seven days")
    head = head % {"points": words}
    return f"{head}: {told}." if told else f"{head}."


def _signed(value: float) -> str:
    number = round(value)
    return f"+{number}" if number > 0 else f"−{abs(number)}" if number < 0 else "±0"
