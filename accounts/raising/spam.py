"""Whether a raised hand comes from a program. Values only, but for the secret that signs and digests.

A form that this app draws carries the time at which it was drawn, signed. What is sent back sooner than a person can fill it in,
or with a time that this app did not write, is spam. A form in the site's own HTML carries none, and is held by the rest alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core import signing
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

SALT = "hand-raise-form"
#: Faster than this nobody fills in an e-mail address and presses the button.
FASTEST = dt.timedelta(seconds=2)
#: The clocks of two of our processes may differ by so much.
AHEAD = dt.timedelta(minutes=1)
#: So many from one address, and of one e-mail, in this time; what is more is spam.
MOST, WITHIN = 5, dt.timedelta(minutes=10)
#: So many by one form in that time, whoever sends them: from then on somebody sends from many addresses.
MOST_OF_FORM = 100
#: So many of a source are kept in an hour; further ones are only counted.
KEPT_AN_HOUR = 500

#: Reasons for which somebody who is no program may be held back, so that he is told.
LIMITS = frozenset({"address", "email", "form"})
REASONS = {
    "honeypot": _("the field that people do not see was filled in"),
    "too_fast": _("sent sooner than a person can fill it in"),
    "bad_token": _("the time in the form is not ours"),
    "address": _("more than 5 in ten minutes from one address"),
    "email": _("more than 5 in ten minutes with one e-mail"),
    "person": _("more than 5 in ten minutes by one person"),
    "form": _("more than 100 in ten minutes by one form"),
    "origin": _("sent from a site that the form does not allow"),
}


@dataclass(frozen=True)
class Seen:
    """What was sent lately, before this one: from the same address, with the same e-mail, and by the same form."""

    of_address: int
    of_email: int
    of_form: int = 0


def token(now: dt.datetime) -> str:
    """For a form that is drawn now."""
    return signing.dumps(int(now.timestamp() * 1000), salt=SALT)


def of_token(said: str, now: dt.datetime) -> str:
    """Why a form with this token is spam; empty: it is none, or the form carries no token."""
    if not said:
        return ""
    try:
        drawn = dt.datetime.fromtimestamp(int(signing.loads(said[:200], salt=SALT)) / 1000, dt.UTC)
    except (signing.BadSignature, TypeError, ValueError, OverflowError, OSError):
        return "bad_token"
    if drawn > now + AHEAD:
        return "bad_token"
    return "too_fast" if now - drawn < FASTEST else ""


def of_counts(seen: Seen) -> str:
    """Why one more is too many; empty: it is not."""
    if seen.of_address >= MOST:
        return "address"
    if seen.of_email >= MOST:
        return "email"
    return "form" if seen.of_form >= MOST_OF_FORM else ""


def is_allowed(origin: str, *, ours: str, allowed: list[str]) -> bool:
    """Whether a form may be sent from the site that the browser names. No browser: nothing is named, and the rest must hold."""
    return not allowed or not origin or origin == ours or origin in allowed


def sender(address: str) -> str:
    """An address to count by, which nobody can read back without the installation's secret."""
    return salted_hmac(SALT, address, algorithm="sha256").hexdigest()[:32] if address else ""
