"""The commonest messages, read several times faster: track, page, screen and identify calls with nothing unusual about them. Pure.

`read` answers what `messages.read` would, or None where it would have to look closer; a test holds the two equal. Everything
that is refused, mended or guessed is left to `messages.read`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from accounts import moments
from accounts.messages import ID_LENGTH, MESSAGE_LIMIT, Bad, Message, event_name, view_name

#: Fields that `messages.read` looks at besides those below. In the context: `_IN_CONTEXT`.
_UNUSUAL = frozenset(
    {
        "user_id", "anonymous_id", "group_id", "message_id", "previousId", "previous_id",
        "email", "originalTimestamp", "original_timestamp", "sent_at",
    }
)  # fmt: skip
_IN_CONTEXT = frozenset({"traits", "group_id"})
_KINDS = frozenset({"track", "page", "screen", "identify"})

_encode = msgspec.json.Encoder().encode
_nothing: dict[str, Any] = {}


def read(item: Any, *, received_at: datetime, sent_at: object = None, source_id: int = 0) -> Message | None:
    """The message of one item of a batch's `split`, or None. Raises `Bad` about the time, as `messages.read` would."""
    if type(item) is not dict or not _UNUSUAL.isdisjoint(item):
        return None
    kind = item.get("type")
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
    traits = _nothing
    try:
        ids = user_id + anonymous_id + message_id + group_id
        if kind == "track":
            event, stamp = _event(item["event"]), item["timestamp"]
            if "traits" in item:
                return None
        elif kind == "identify":
            event, stamp, traits = "", item["timestamp"], item.get("traits", _nothing)
        elif type(kind) is str and kind in _KINDS:
            event, stamp = _view(kind, item.get("name")), item["timestamp"]
            if event is None:
                event = view_name(kind, item, properties, context)
            if "traits" in item:
                return None
        else:
            return None
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
        or type(traits) is not dict
    ):
        return None
    encoded = _encode(item)
    if len(encoded) > MESSAGE_LIMIT or b"\\u0000" in encoded:
        return None
    at = moments.plain_moment(stamp, received_at, item.get("sentAt") or sent_at)
    if at is None:
        return None
    return Message(
        type=kind,
        message_id=message_id,
        user_id=user_id,
        anonymous_id=anonymous_id,
        group_id=group_id,
        previous_id="",
        event=event,
        at=at,
        traits=traits or {},
        user_traits=traits or {},
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


@lru_cache(10_000)
def _view(kind: str, stated: object) -> str | None:
    """The event type's name of a page or screen whose name says it; None where its properties or its path have to."""
    name = stated.strip() if type(stated) is str else ""
    return view_name(kind, {"name": name}, {}, {}) if name and name[0].isalnum() and "/" not in name else None
