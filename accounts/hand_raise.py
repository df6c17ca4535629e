"""A hand raise: somebody asks for sales, on a form of the customer's own site or from inside the product. Pure.

It becomes one track message "Hand Raised" and goes the same way as every other message.
"""

from __future__ import annotations

from typing import Any

from accounts.messages import EMAIL, Bad, Message

EVENT = "Hand Raised"
PATH = "hand-raise"
PREFIX = "hand-raise-"
"""How the message ids of raised hands begin: the loader knows them by it."""
HONEYPOT = "website"
"""No person sees this field; whoever fills it in is a program."""

#: Field, the other way to write it, characters at most.
FIELDS = (
    ("email", "email", 254),
    ("name", "name", 200),
    ("title", "title", 200),
    ("company", "company", 200),
    ("message", "message", 10_000),
    ("placement", "placement", 120),
    ("user_id", "userId", 200),
    ("group_id", "groupId", 200),
    ("message_id", "messageId", 200),
)
#: Without a user id the e-mail is one, and those are of so many characters at most.
LONGEST_EMAIL = 200
#: Characters of the words that go with the message to the signal; the row of the raised hand has all.
IN_MESSAGE = 2000


def is_from_a_program(fields: dict[str, Any]) -> bool:
    return bool(fields.get(HONEYPOT))


def clean(fields: dict[str, Any]) -> dict[str, str]:
    """What was filled in, under our names, without control characters; every name of `FIELDS`, empty where nothing was said.

    Raises `Bad`: `bad_email`, `bad_field`.
    """
    found: dict[str, str] = {}
    for name, other, limit in FIELDS:
        value = _said(fields, name, other)
        if type(value) is int and name.endswith("_id"):
            value = str(value) if value.bit_length() < 660 else "9" * (limit + 1)
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise Bad("bad_field", f"{name}: must be text.", name)
        value = _printable(value)
        if len(value) > limit:
            raise Bad("bad_field", f"{name}: is longer than {limit} characters.", name)
        found[name] = value if name == "message" else " ".join(value.split())
    found["email"] = found["email"].lower()
    if not found["email"]:
        raise Bad("bad_email", "email: is missing.", "email")
    if not EMAIL.fullmatch(found["email"]) or (not found["user_id"] and len(found["email"]) > LONGEST_EMAIL):
        raise bad_email()
    return found


def bad_email() -> Bad:
    return Bad("bad_email", "email: is not an e-mail address.", "email")


def typed(fields: dict[str, Any]) -> dict[str, str]:
    """What is drawn into the form again after a mistake: all that was typed, wrong or too long as it may be."""
    said = {name: _said(fields, name, other) for name, other, _limit in FIELDS}
    said |= {name: fields.get(name) for name in ("consent", "user_hash")}
    return {name: value for name, value in said.items() if isinstance(value, str) and value}


def cut(fields: dict[str, Any]) -> dict[str, str]:
    """As much as can be kept of what a program filled in: texts under our names, cut to their length."""
    said = {name: (_said(fields, name, other), limit) for name, other, limit in FIELDS}
    kept = {name: _printable(value)[:limit] for name, (value, limit) in said.items() if isinstance(value, str)}
    return {name: value for name, value in kept.items() if value}


def to_message(fields: dict[str, Any], *, message_id: str) -> dict[str, Any]:
    """The track message of a filled-in form, as an SDK would send it.

    Fields: `email` (needed), `name`, `title`, `company`, `message`, `placement` (where the form stands), `user_id`,
    `group_id`. Without `user_id` the e-mail is the person. Unknown fields are left out.

    Raises `Bad`: `bad_email`, `bad_field`.
    """
    found = clean(fields)
    traits = {"email": found["email"]} | {name: found[name] for name in ("name", "title", "company") if found[name]}
    context: dict[str, Any] = {"traits": traits}
    if found["group_id"]:
        context["groupId"] = found["group_id"]
    return {
        "type": "track",
        "messageId": message_id,
        "userId": found["user_id"] or found["email"],
        "event": EVENT,
        "properties": {name: found[name][:IN_MESSAGE] for name in ("message", "placement") if found[name]},
        "context": context,
    }


#: How events of SDKs call what a form calls `message` and `placement`, the likeliest first.
_MESSAGES = ("message", "comment", "comments", "note", "notes", "question", "text")
_PLACEMENTS = ("placement", "location", "page", "path", "form")


def from_message(message: Message) -> dict[str, str]:
    """What a raised hand that an SDK sent says, as a form would: cut to its length, with the `event` it was."""
    said = message.properties | {name: value for name, value in message.user_traits.items() if name in _OF_PERSON}
    first, last = said.get("firstName"), said.get("lastName")
    if not said.get("name") and isinstance(first, str):
        said["name"] = f"{first} {last}" if isinstance(last, str) else first
    for name, others in (("message", _MESSAGES), ("placement", _PLACEMENTS)):
        found = (said[other] for other in others if isinstance(said.get(other), str) and said[other].strip())
        said[name] = next(found, "")
    said |= {"user_id": message.user_id, "group_id": message.group_id}
    kept = cut(said)
    if "email" in kept:
        kept["email"] = kept["email"].lower()
    return {name: value.replace("\x00", "") for name, value in kept.items()} | {"event": message.event}


_OF_PERSON = frozenset({"email", "name", "title", "company", "firstName", "lastName"})


def _said(fields: dict[str, Any], name: str, other: str) -> Any:
    value = fields.get(name)
    return fields.get(other) if value is None else value


def _printable(value: str) -> str:
    """Line breaks stay in a message; other control characters are of no use to a reader."""
    return "".join(char for char in value if char in "\n\t" or char.isprintable()).strip()
