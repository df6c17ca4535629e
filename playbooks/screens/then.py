"""What an account was when one of its people raised a hand, as the engine saw it in that moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import HandRaise
from scoring import frozen
from scoring.models import FrozenFeatures, Score


@dataclass(frozen=True)
class Then:
    """The newest raised hand. `words` are empty until a run has seen it, seconds later."""

    at: dt.datetime
    who: str
    form: str
    placement: str
    words: str
    version: int | None


def of_account(account_id: int, score: Score | None) -> Then | None:
    """None, without a query, for an account whose hand is not raised."""
    if score is None or score.hand_raised_at is None:
        return None
    for raised, then in frozen.of_account(account_id):
        return Then(
            at=raised.raised_at,
            who=_who(raised),
            form=str(raised.form or ""),
            placement=raised.placement or str(raised.form or ""),
            words=in_words(then) if then else "",
            version=then.definition.version if then and then.definition else None,
        )
    return None


def _who(raised: HandRaise) -> str:
    """The person, with the address to answer to where it is another one than is known."""
    email = str(raised.fields.get("email", ""))
    if raised.user is None:
        return str(raised.fields.get("name") or email)
    is_new = email and email not in (raised.user.email.lower(), str(raised.user))
    return f"{raised.user} ({email})" if is_new else str(raised.user)


def in_words(then: FrozenFeatures) -> str:
    """`"score 72 (PQA), 8 active people, 5 days a week, first seen 40 days before"`: what was known, in a line."""
    tier = str(then.get_tier_display())
    said = [_("score %(score)d (%(tier)s)") % {"score": then.score, "tier": tier} if then.score else _("no score")]
    known: Mapping[str, float] = then.features
    active = round(known.get("active_users_28", 0))
    said.append(ngettext("%(n)d active person", "%(n)d active people", active) % {"n": active})
    days = known.get("weekly_active_days", 0)
    if days:
        said.append(_("active on %(days)s days a week") % {"days": f"{days:g}"})
    since = known.get("days_since_first_use")
    if since:
        said.append(ngettext("used for %(n)d day", "used for %(n)d days", round(since)) % {"n": round(since)})
    return ", ".join(said)
