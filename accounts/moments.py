"""When a message happened: reading times, and correcting wrong clocks. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from accounts.bodies import Bad

SKEW_FROM = timedelta(minutes=5)
SKEW_UP_TO = timedelta(hours=48)
LIVE = timedelta(hours=24)
AHEAD = timedelta(hours=24)
FIRST_YEAR = 2000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def of_micros(value: int) -> datetime:
    """The time, in UTC, that `micros` was asked about."""
    return EPOCH + timedelta(microseconds=value)


def moment(item: dict[str, Any], received_at: datetime, sent_at: object) -> datetime:
    """When it happened, in UTC.

    `timestamp` is taken, else `originalTimestamp`, else `receivedAt` (a forwarder's), whichever can be read first; none
    at all means the time of arrival. `sentAt` never stands in: it says when the request left, which for an import is
    years after the fact.

    A client's clock that is wrong is corrected as Segment does: arrival − (sentAt − timestamp). Only when all of this
    holds, since `sentAt` may also be old because the request was sent again, and a server may send the past on purpose:

    - the message has not been corrected by a forwarder (those carry both `timestamp` and `originalTimestamp`);
    - it is live: `timestamp` lies at most 24 hours before `sentAt` and at most a minute after it;
    - `sentAt` lies 5 minutes to 48 hours before the arrival, or 5 minutes or more after it, as only a wrong clock can.

    A time up to 24 hours ahead of the arrival is then the arrival; beyond that, `Bad` `future_timestamp`. Before the
    year 2000, or no readable time among those given: `Bad` `bad_timestamp`.
    """
    at: datetime | None = None
    given = ""
    for name in ("timestamp", "originalTimestamp", "original_timestamp", "receivedAt"):
        value = item.get(name)
        if value is None or value == "":
            continue
        if name == "receivedAt" and not given:
            break  # only stands in for a time that could not be read
        given = given or name
        at = instant(value)
        if at is not None:
            break
    if not given:
        return received_at
    if at is None:
        raise Bad("bad_timestamp", f"{given}: is not a time in ISO 8601, as in 2026-01-31T12:00:00Z.", given)
    forwarded = bool(item.get("timestamp") and item.get("originalTimestamp"))
    return settled(at, given, received_at, None if forwarded else sent_at)


def plain_moment(stamp: str, received_at: datetime, sent_at: object) -> datetime | None:
    """`moment` of a message whose only time is `timestamp`, written as most SDKs do; None when it has to look closer."""
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    if at.tzinfo is not UTC or stamp.isdecimal():
        return None
    return settled(at, "timestamp", received_at, sent_at)


def settled(at: datetime, given: str, received_at: datetime, sent_at: object) -> datetime:
    """The stated time (of the field `given`), corrected by the client's clock `sent_at`, and within bounds. See `moment`."""
    if sent_at:
        sent = _sent(sent_at) if type(sent_at) is str else instant(sent_at)
        if sent is not None and -timedelta(minutes=1) <= sent - at <= LIVE:
            late = received_at - sent
            if SKEW_FROM <= late <= SKEW_UP_TO or late <= -SKEW_FROM:
                at = received_at - (sent - at)
    if at > received_at:
        if at - received_at > AHEAD:
            raise Bad("future_timestamp", f"{given}: lies more than 24 hours in the future.", given)
        return received_at
    if at.year < FIRST_YEAR:
        raise Bad("bad_timestamp", f"{given}: lies before the year {FIRST_YEAR}.", given)
    return at


@lru_cache(256)
def _sent(text: str) -> datetime | None:
    """One request says one `sentAt` for all its messages."""
    return instant(text)


#: What `datetime.fromisoformat` does not take: a small z, a leap second, and how Go writes a time
#: ("2020-05-09 23:54:49.209808489 +0000 UTC m=+70366.298768264").
_LOOSE = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?([Zz]|[+-]\d\d:?\d\d)?"
    r"(?: [A-Z]{1,5})?(?: m=.{1,40})?"
)


def instant(value: object) -> datetime | None:
    """ISO 8601 text (no offset: UTC) or epoch seconds, milli-, micro- or nanoseconds, as UTC; None if it is neither."""
    try:
        if isinstance(value, str):
            value = value.strip()
            if len(value) >= 9 and value.isdecimal():
                return instant(int(value)) if len(value) <= 19 else None
            try:
                at = datetime.fromisoformat(value)
            except ValueError:
                match = _LOOSE.fullmatch(value)
                if match is None:
                    return None
                day, minute, second, fraction, offset = match.groups()
                second = "59" if second == "60" else second
                at = datetime.fromisoformat(f"{day}T{minute}:{second}.{(fraction or '0')[:6]}{(offset or 'Z').upper()}")
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        for scale in (1, 1e3, 1e6, 1e9):
            if 0 <= value < 1e11 * scale:
                return datetime.fromtimestamp(value / scale, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
