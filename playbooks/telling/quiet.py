"""Quiet hours and the hour of the digest, in a member's own zone. Without Django."""

from __future__ import annotations

import datetime as dt
import zoneinfo


def local(now: dt.datetime, zone: str) -> dt.datetime:
    """The moment on the member's clock; UTC for a zone that is none."""
    try:
        return now.astimezone(zoneinfo.ZoneInfo(zone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return now.astimezone(zoneinfo.ZoneInfo("UTC"))


def is_quiet(clock: dt.time, quiet_from: dt.time | None, quiet_until: dt.time | None) -> bool:
    """Whether the clock is inside [from, until), which may go over midnight. One of them missing, or both alike: never quiet."""
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return False
    if quiet_from < quiet_until:
        return quiet_from <= clock < quiet_until
    return clock >= quiet_from or clock < quiet_until


def digest_time(digest_at: dt.time, quiet_from: dt.time | None, quiet_until: dt.time | None) -> dt.time:
    """When the digest is sent: at its hour, or when the quiet hours around it end."""
    if quiet_until is not None and is_quiet(digest_at, quiet_from, quiet_until):
        return quiet_until
    return digest_at


def is_due(
    now: dt.datetime,
    *,
    zone: str,
    digest_at: dt.time,
    quiet_from: dt.time | None,
    quiet_until: dt.time | None,
    sent_on: dt.date | None,
) -> bool:
    """Whether today's digest (of the member's day) waits to be sent."""
    here = local(now, zone)
    if sent_on is not None and sent_on >= here.date():
        return False
    if is_quiet(here.time(), quiet_from, quiet_until):
        return False
    return here.time() >= digest_time(digest_at, quiet_from, quiet_until)
