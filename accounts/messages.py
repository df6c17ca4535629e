"""One message of Segment's HTTP API, from bytes to a `Message`. Pure: no Django, no clock, no database.

A request goes `gunzip` → `decode` → `split` → `read`, and each step raises `Bad`, whose reason names the field. The
intake takes the first three, so that an answer is quick and a bad message never rejects its neighbours; `read` is the
loader's (and the intake's on the paths of a single message).

Rules that are ours, where the specification is silent:

- An empty string or null is the same as no value. Ids may be whole numbers.
- A message without a person (`no_user`) is refused, except `group` (facts about a workspace), and except `identify` and
  `track` that carry an e-mail: then the e-mail, in lower case, is the user id.
- In a batch an item without `type` is what it looks like: `event` → track, `previousId` → alias, `groupId` → group,
  `traits` → identify.
- A page or screen becomes an event name of bounded number: "Viewed Pricing Page", never a path. See `view_name`.
- The time is `timestamp`, else `originalTimestamp`, else `receivedAt`, else the arrival. See `accounts.moments`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from accounts.bodies import BATCH_LIMIT, Bad, decode, decode_strictly, gunzip, too_deep
from accounts.moments import moment

__all__ = [
    "BATCHES",
    "BATCH_LIMIT",
    "EMAIL",
    "ID_LENGTH",
    "MESSAGE_LIMIT",
    "NAME_LENGTH",
    "TYPES",
    "Bad",
    "Message",
    "check_size",
    "decode",
    "gunzip",
    "read",
    "split",
]

MESSAGE_LIMIT = 32 * 1024
"""Bytes of one message. Segment's HTTP API: "a maximum of 32 KB per call"; its SDKs drop larger ones themselves."""
ID_LENGTH = NAME_LENGTH = 200
"""Characters of an id and of an event name; the columns that keep them are made for this."""

TYPES = frozenset({"track", "page", "screen", "identify", "group", "alias", "delete"})
BATCHES = frozenset({"batch", "import"})

EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message in the app's own words. Every id is "" when absent; `at` is aware and in UTC."""

    type: str
    """track, page, screen, identify, group, alias or delete"""
    message_id: str
    user_id: str
    anonymous_id: str
    group_id: str
    previous_id: str
    event: str
    """the event type's name of a track, page or screen, else "" """
    at: datetime
    traits: dict[str, Any]
    """of the person for identify (own traits over those of the context), of the workspace for group, else empty"""
    user_traits: dict[str, Any]
    """of the person: those of any message's context, and for identify the same as `traits`"""
    properties: dict[str, Any]
    came_at: datetime | None = None
    """the arrival"""
    source_id: int = 0


def split(body: object, path: str) -> list[Any]:
    """The items of a request: those of `batch` on the paths batch and import, else the body itself.

    What a batch says once (`context`, `integrations`, `sentAt`) is given to each item that does not say it itself;
    contexts are merged by key, and one level below. The items are changed in place.

    Raises `Bad`: `not_an_object`, `no_batch`, `empty_batch`.
    """
    if not isinstance(body, dict):
        raise Bad("not_an_object", "body: must be a JSON object.", "body")
    if path not in BATCHES:
        return [body]
    if "batch" not in body:
        raise Bad("no_batch", "batch: is missing; this path takes an object with a list of messages.", "batch")
    items = body["batch"]
    if not isinstance(items, list):
        raise Bad("no_batch", "batch: must be a list of messages.", "batch")
    if not items:
        raise Bad("empty_batch", "batch: holds no message at all.", "batch")
    sent_at = body.get("sentAt") or body.get("sent_at")
    context = body.get("context")
    integrations = body.get("integrations")
    for item in items:
        if not isinstance(item, dict):
            continue
        if sent_at and not item.get("sentAt"):
            item["sentAt"] = sent_at
        if integrations and not item.get("integrations"):
            item["integrations"] = integrations
        if context and isinstance(context, dict):
            item["context"] = _merged(context, item.get("context"))
    return items


def _merged(common: dict[str, Any], own: object) -> object:
    if own is None:
        return common
    if not isinstance(own, dict):
        return own  # `read` refuses it by name
    merged = common | own
    for name, value in common.items():
        if isinstance(value, dict) and isinstance(own.get(name), dict):
            merged[name] = value | own[name]
    return merged


def read(item: object, *, path: str, received_at: datetime, sent_at: object = None, source_id: int = 0) -> Message:
    """The message of one item of `split`.

    `path` is the type of the request's path, or batch or import. `received_at` is aware. `sent_at` is the client's
    clock when it sent the request, if the item does not say so itself (`sentAt`).

    Raises `Bad`: `bad_json`, `too_deep` (an item that `decode` left as text), `not_an_object`, `too_large`,
    `unknown_type`, `bad_id`, `no_user`, `no_group`, `no_previous`, `bad_event`, `bad_traits`, `bad_properties`,
    `bad_context`, `bad_timestamp`, `future_timestamp`.
    """
    if isinstance(item, Raw):
        item = decode_strictly(item)
    if not isinstance(item, dict):
        raise Bad("not_an_object", "message: must be a JSON object.", "message")
    encoded = check_size(item)
    context = _object(item, "context", "bad_context")
    traits = _object(item, "traits", "bad_traits")
    properties = _object(item, "properties", "bad_properties")
    user_traits = context.get("traits")
    if user_traits is None:
        user_traits = {}
    elif not isinstance(user_traits, dict):
        raise Bad("bad_traits", "context.traits: must be an object.", "context.traits")
    if b"\\u0000" in encoded:  # PostgreSQL stores no NUL; looking at the text is cheaper than at every value
        traits, user_traits, properties = _without_nul(traits), _without_nul(user_traits), _without_nul(properties)

    kind = _type(item, path, context)
    user_id = _id(item, "userId", "user_id")
    anonymous_id = _id(item, "anonymousId", "anonymous_id")
    group_id = _id(item, "groupId", "group_id") or _id(context, "groupId", "group_id", within="context.")
    previous_id = _id(item, "previousId", "previous_id")
    event = ""

    top = item.get("email")
    if isinstance(top, str) and top and "email" not in user_traits:
        user_traits = user_traits | {"email": top.replace("\0", "")}
    if kind == "identify":
        traits = user_traits = user_traits | traits if user_traits else traits
    elif kind == "track":
        event = event_name(item)
    elif kind == "page" or kind == "screen":
        event = view_name(kind, item, properties, context)
    elif kind == "alias":
        previous_id = previous_id or anonymous_id
    if kind == "group":
        if not group_id:
            raise Bad("no_group", "groupId: is missing; a group message is about a workspace.", "groupId")
    else:
        if kind != "identify":
            traits = {}
        if not user_id and (not anonymous_id or kind in ("alias", "delete")):
            if kind in ("identify", "track"):
                user_id = _email(user_traits, properties)
                user_traits = user_traits | {"email": user_id}
                traits = user_traits if kind == "identify" else {}
            if not user_id:
                raise Bad("no_user", "userId: is missing, and so is anonymousId; one of them is needed.", "userId")
        if kind == "alias" and not previous_id:
            raise Bad("no_previous", "previousId: is missing; an alias joins it with userId.", "previousId")
    return Message(
        type=kind,
        message_id=_id(item, "messageId", "message_id"),
        user_id=user_id,
        anonymous_id=anonymous_id,
        group_id=group_id,
        previous_id=previous_id,
        event=event,
        at=moment(item, received_at, item.get("sentAt") or item.get("sent_at") or sent_at),
        traits=traits,
        user_traits=user_traits,
        properties=properties,
        came_at=received_at,
        source_id=source_id,
    )


def check_size(item: object) -> bytes:
    """The item as JSON, shortest form. Raises `Bad` `too_large` above `MESSAGE_LIMIT`, about 1 µs an item."""
    try:
        encoded = msgspec.json.encode(item)
    except RecursionError:
        raise too_deep() from None
    if len(encoded) > MESSAGE_LIMIT:
        raise Bad("too_large", f"message: is larger than {MESSAGE_LIMIT} bytes.", "message")
    return encoded


def _object(item: dict[str, Any], name: str, code: str) -> dict[str, Any]:
    value = item.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise Bad(code, f"{name}: must be an object.", name)
    return value


def _without_nul(value: Any) -> Any:
    """A copy with NUL taken out of every text. Recursion is safe: `decode` bounds the depth."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_nul(inner) for inner in value]
    return value


def _type(item: dict[str, Any], path: str, context: dict[str, Any]) -> str:
    """By the path, else `type`, else `action`, else by what the item holds."""
    if path in TYPES:
        return path
    stated = item.get("type")
    if stated is not None and stated != "":
        kind = stated.strip().lower() if isinstance(stated, str) else ""
        if kind in TYPES:
            return kind
        raise Bad("unknown_type", f"type: must be one of {', '.join(sorted(TYPES))}.", "type")
    action = item.get("action")
    if isinstance(action, str) and action in TYPES:
        return action
    if item.get("event"):
        return "track"
    if item.get("previousId") or item.get("previous_id"):
        return "alias"
    if item.get("groupId") or item.get("group_id"):
        return "group"
    if item.get("traits"):
        return "identify"
    raise Bad("unknown_type", "type: is missing, and the message does not look like any.", "type")


def _id(item: dict[str, Any], name: str, other: str, *, within: str = "") -> str:
    value = item.get(name)
    if value is None or value == "":
        value = item.get(other)
        if value is None or value == "":
            return ""
        name = other
    if type(value) is int:
        # Above 4,300 digits Python refuses to write a number down; 200 is our own limit.
        value = str(value) if value.bit_length() < 660 else "9" * (ID_LENGTH + 1)
    elif type(value) is not str:
        raise Bad("bad_id", f"{within}{name}: must be text or a whole number.", within + name)
    if (not value.isascii() or not value.isprintable()) and _CONTROL.search(value):
        raise Bad("bad_id", f"{within}{name}: holds a control character.", within + name)
    value = value.strip()
    if len(value) > ID_LENGTH:
        raise Bad("bad_id", f"{within}{name}: is longer than {ID_LENGTH} characters.", within + name)
    return value


def _email(*places: dict[str, Any]) -> str:
    for place in places:
        value = place.get("email")
        if isinstance(value, str) and EMAIL.fullmatch(value := value.strip()) and len(value) <= ID_LENGTH:
            return value.lower()
    return ""


# Event names ----------------------------------------------------------------------------------------------------------


def event_name(item: dict[str, Any]) -> str:
    """The name of a track message's event. Raises `Bad` `bad_event`."""
    value = item.get("event")
    if not isinstance(value, str):
        if value is None:
            raise Bad("bad_event", "event: is missing; a track message needs the event's name.", "event")
        raise Bad("bad_event", "event: must be text.", "event")
    name = " ".join(value.split())
    if not name:
        raise Bad("bad_event", "event: is empty; a track message needs the event's name.", "event")
    if len(name) > NAME_LENGTH:
        raise Bad("bad_event", f"event: is longer than {NAME_LENGTH} characters.", "event")
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)[:NAME_LENGTH]
    if _CONTROL.search(name):
        raise Bad("bad_event", "event: holds a control character.", "event")
    return name


_VIEWS = (
    (re.compile(r"(?:^|[/_.-])(?:pricing|plans)(?:$|[/_.-])"), "Viewed Pricing Page"),
    (re.compile(r"(?:^|[/_.-])(?:terms|privacy|security|legal|dpa)(?:$|[/_.-])"), "Viewed Terms Page"),
    (re.compile(r"(?:^|[/_.-])(?:billing|checkout|upgrade)(?:$|[/_.-])"), "Viewed Billing Page"),
)
_VARYING = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # a UUID
    r"|\b(?=[a-zA-Z0-9_-]*\d)[a-zA-Z0-9_-]{20,}\b"  # a token with a digit in it
    r"|\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{12,}\b"  # a hash
    r"|\d{5,}"  # an order number; years stay
)


def view_name(kind: str, item: dict[str, Any], properties: dict[str, Any], context: dict[str, Any]) -> str:
    """The event name of a page or screen view.

    "Viewed {name} Page" with ids in the name replaced by "…". Without a name, or when the name is a path: what the path
    says about intent (pricing, terms, billing), else "Viewed Page". A raw path would make a new event type for every
    document a customer opens.
    """
    name = ""
    for value in (item.get("name"), properties.get("name")):
        if isinstance(value, str):
            name = " ".join(_CONTROL.sub(" ", value).split())
        if name:
            break
    if name and not name.startswith(("/", "http://", "https://")):
        noun = kind.capitalize()
        name = _VARYING.sub("…", name[:300]).removesuffix(f" {noun}")
        return f"Viewed {name[:150].rstrip()} {noun}"
    if kind == "page":
        page = context.get("page")
        places = [name, properties.get("path"), properties.get("url")]
        if isinstance(page, dict):
            places += [page.get("path"), page.get("url")]
        for place in places:
            if isinstance(place, str) and place:
                path = _path(place)
                return next((view for pattern, view in _VIEWS if pattern.search(path)), "Viewed Page")
    return f"Viewed {kind.capitalize()}"


def _path(url: str) -> str:
    try:
        return urlsplit(url[:2000]).path.lower()
    except ValueError:  # such as a bracket in the host
        return ""
