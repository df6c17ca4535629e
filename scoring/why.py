"""Scores in words: a feature's value, and "why now" as the difference of two scores' contributions. No database."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

type Contributions = Sequence[Mapping[str, Any]]

#: A component that moved less than this, in score points, is not news.
NEWS = 2


def value_in_words(feature: str, value: float | None, parts: Mapping[str, float | None] | None = None) -> str:
    """`("active_users_28", 11.0)` → `"11 active people in 28 days"`.

    `parts` are the features that this one is made of; they say more than the number. A feature without words of its own
    shows its number.
    """
    parts = parts or {}
    if value is None or math.isnan(value):
        return _("not known")
    whole = round(value)
    match feature:
        case "weekly_active_days":
            return _("%(n)s active days a week") % {"n": number(value)}
        case "active_users_28":
            return ngettext("%(n)d active person in 28 days", "%(n)d active people in 28 days", whole) % {"n": whole}
        case "active_users_7":
            return ngettext("%(n)d active person this week", "%(n)d active people this week", whole) % {"n": whole}
        case "breadth_28":
            return ngettext("%(n)d kind of event in 28 days", "%(n)d kinds of events in 28 days", whole) % {"n": whole}
        case "feature_depth":
            return [_("no core features"), _("core features"), _("core and advanced features")][max(0, min(2, whole))]
        case "growth":
            return _("activity %(n)s on the 28 days before") % {"n": signed_percent(value)}
        case "users_growth" | "events_growth":
            return _("%(n)s on the 28 days before") % {"n": signed_percent(value)}
        case "weekly_growth":
            return _("weekly people %(n)s on the week before") % {"n": signed_percent(value)}
        case "behaviours_28":
            return _behaviours(parts) or _("%(n)d of 4 buying behaviours") % {"n": whole}
        case "fit":
            return _fit(parts) or _("fit %(n)d of 100") % {"n": whole}
        case "days_since_intent":
            return _ago(_("intent"), whole)
        case "days_since_admin":
            return _ago(_("an admin change"), whole)
        case "days_since_invite":
            return _ago(_("an invitation"), whole)
        case "days_since_behaviour":
            return _ago(_("a buying behaviour"), whole)
        case "heaviest_share":
            return _("%(n)d %% by one person") % {"n": round(value * 100)}
        case _:
            return number(value)


def _ago(what: str, days: int) -> str:
    if days <= 0:
        return _("%(what)s today") % {"what": what}
    return ngettext("%(what)s %(n)d day ago", "%(what)s %(n)d days ago", days) % {"what": what, "n": days}


def _behaviours(parts: Mapping[str, float | None]) -> str:
    invites, admin, intent, creation = (
        round(parts.get(name) or 0) for name in ("invites_28", "admin_28", "intent_28", "creation_28")
    )
    said = []
    if invites:
        said.append(ngettext("%(n)d invitation", "%(n)d invitations", invites) % {"n": invites})
    if intent:
        said.append(
            ngettext("%(n)d look at pricing or terms", "%(n)d looks at pricing or terms", intent) % {"n": intent}
        )
    if admin:
        said.append(ngettext("%(n)d admin change", "%(n)d admin changes", admin) % {"n": admin})
    if creation:
        said.append(ngettext("%(n)d thing created", "%(n)d things created", creation) % {"n": creation})
    return ", ".join(said)


def _fit(parts: Mapping[str, float | None]) -> str:
    if not parts:
        return ""
    staff, senior, buyer = parts.get("employees"), parts.get("senior_people") or 0, parts.get("buyer_confidence") or 0
    said = [_("size unknown") if staff is None else _("%(n)s employees") % {"n": number(staff)}]
    if buyer >= 0.6:
        said.append(_("a buyer on board"))
    elif senior:
        said.append(_("senior people on board"))
    return ", ".join(said)


def number(value: float) -> str:
    """`5.25` → `"5.2"`, `11.0` → `"11"`."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"


def signed_percent(value: float) -> str:
    """`0.64` → `"+64 %"`, with a true minus sign; growth beyond tenfold is said as such."""
    percent = round(value * 100)
    if percent > 999:
        return _("more than tenfold")
    return f"{'+' if percent > 0 else '−' if percent < 0 else '±'}{abs(percent)} %"


def changes(now: Contributions, before: Contributions) -> list[tuple[Mapping[str, Any], int]]:
    """Each component of `now` with the score points it gained since `before`, the biggest change first."""
    old = {part["key"]: part["effect"] for part in before}
    moved = [(part, part["effect"] - old.get(part["key"], 0)) for part in now]
    return sorted(moved, key=lambda pair: (-abs(pair[1]), -pair[0]["effect"]))


def why_now(
    now: Contributions,
    before: Contributions,
    *,
    score: int | None,
    score_before: int | None,
    signal: str = "",
    most: int = 2,
) -> str:
    """One sentence: what changed in the last seven days, or what holds the score up when nothing did.

    `signal` is the newest strong signal in words and comes first.
    """
    if score is None:
        said = _("Too little usage in the last 28 days to score")
    elif score_before is None:
        said = _("New with %(what)s") % {"what": _list([_now(part) for part, _gain in _strongest(now)[:most]])}
    else:
        moved = [(part, gain) for part, gain in changes(now, before) if abs(gain) >= NEWS]
        gains = [_moved(part, before, gain) for part, gain in moved if gain > 0][:most]
        losses = [_moved(part, before, gain) for part, gain in moved if gain < 0][:1]
        if gains:
            said = _sentence(_list(gains))
        elif losses:
            said = _("Holding with %(strong)s, but %(loss)s") % {
                "strong": _list([_now(part) for part, _gain in _strongest(now)[:1]]),
                "loss": losses[0],
            }
        else:
            said = _("Steady: %(what)s") % {"what": _list([_now(part) for part, _gain in _strongest(now)[:most]])}
    return f"{signal}; {said[:1].lower() + said[1:]}" if signal else said


def _strongest(now: Contributions) -> list[tuple[Mapping[str, Any], int]]:
    return sorted(((part, part["effect"]) for part in now), key=lambda pair: -pair[1])


def _now(part: Mapping[str, Any]) -> str:
    return value_in_words(part["feature"], part["value"], part.get("parts"))


def _moved(part: Mapping[str, Any], before: Contributions, gain: int) -> str:
    """`"team size 5 → 11 active people in 28 days (+9)"`."""
    old = next((other["value"] for other in before if other["key"] == part["key"]), None)
    points = f"{'+' if gain > 0 else '−'}{abs(gain)}"
    new = _now(part)
    if part["feature"] in ("active_users_28", "breadth_28", "weekly_active_days") and old is not None:
        new = f"{number(old)} → {new}"
    return f"{new} ({points})"


def _list(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return _("%(first)s and %(last)s") % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
