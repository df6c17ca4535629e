"""The commonest message, read several times faster: a track call with nothing unusual about it. Pure.

`read` answers what `messages.read` would, or None where it would have to look closer; a test holds the two equal. Everything
that is refused, mended or guessed is left to `messages.read`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from accounts import moments
from accounts.messages import ID_LENGTH, MESSAGE_LIMIT, Bad, Message, event_name

#: Fields that `messages.read` looks at besides those below. In the context: `_IN_CONTEXT`.
_UNUSUAL = frozenset(
    {
        "user_id", "anonymous_id", "group_id", "message_id", "previousId", "previous_id",
        "email", "traits", "originalTimestamp", "original_timestamp", "sent_at",
    }
)  # fmt: skip
_IN_CONTEXT = frozenset({"traits", "group_id"})

_encode = msgspec.json.Encoder().encode
_nothing: dict[str, Any] = {}


def read(item: Any, *, received_at: datetime, sent_at: object = None, source_id: int = 0) -> Message | None:
    """The message of one item of a batch's `split`, or None. Raises `Bad` about the time, as `messages.read` would."""
    if type(item) is not dict or item.get("type") != "track" or not _UNUSUAL.isdisjoint(item):
        return None
    context = item.get("context", _nothing)
    properties = item.get("properties", _nothing)
    if type(context) is not dict or type(properties) is not dict or not _IN_CONTEXT.isdisjoint(context):
        return None
    user_id, anonymous_id = item.get("userId", ""), item.get("anonymousId", "")
    message_id, group_id = item.get("messageId", ""), item.get("groupId")
    if user_id is None:
        user_id = ""
    if anonymous_id is None:
        anonymous_id = ""
    if group_id is None or group_id == "":
        group_id = context.get("groupId", "")
    try:
        ids = user_id + anonymous_id + message_id + group_id
        event, stamp = _event(item["event"]), item["timestamp"]
    except (TypeError, KeyError):
        return None
    if (
        type(ids) is not str
        or len(ids) > ID_LENGTH
        or " " in ids
        or not (ids.isascii() and ids.isprintable())
        or not (user_id or anonymous_id)
        or event is None
        or type(stamp) is not str
    ):
        return None
    encoded = _encode(item)
    if len(encoded) > MESSAGE_LIMIT or b"\\u0000" in encoded:
        return None
    at = moments.plain_moment(stamp, received_at, item.get("sentAt") or sent_at)
    if at is None:
        return None
    return Message(
        type="track",
        message_id=message_id,
        user_id=user_id,
        anonymous_id=anonymous_id,
        group_id=group_id,
        previous_id="",
        event=event,
        at=at,
        traits={},
        user_traits={},
        properties=properties,
        came_at=received_at,
        source_id=source_id,
    )


@lru_cache(10_000)
def _event(stated: object) -> str | None:
    """The event type's name; None for what `messages.read` refuses."""
    try:
        return event_name({"event": stated}) if type(stated) is str else None
    except Bad:
        return None
