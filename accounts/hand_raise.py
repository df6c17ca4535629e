"""A hand raise: somebody asks for sales, on a form of the customer's own site or from inside the product. Pure.

It becomes one track message "Hand Raised" and goes the same way as every other message.
"""

from __future__ import annotations

from typing import Any

from accounts.messages import EMAIL, Bad

EVENT = "Hand Raised"
PATH = "hand-raise"
HONEYPOT = "website"
"""No person sees this field; whoever fills it in is a program."""

#: Field, the other way to write it, characters at most.
FIELDS = (
    ("email", "email", 254),
    ("name", "name", 200),
    ("title", "title", 200),
    ("company", "company", 200),
    ("message", "message", 2000),
    ("placement", "placement", 120),
    ("user_id", "userId", 200),
    ("group_id", "groupId", 200),
)


def is_from_a_program(fields: dict[str, Any]) -> bool:
    return bool(fields.get(HONEYPOT))


def to_message(fields: dict[str, Any], *, message_id: str) -> dict[str, Any]:
    """The track message of a filled-in form, as an SDK would send it.

    Fields: `email` (needed), `name`, `title`, `company`, `message`, `placement` (where the form stands), `user_id`,
    `group_id`. Without `user_id` the e-mail is the person. Unknown fields are left out.

    Raises `Bad`: `bad_email`, `bad_field`.
    """
    found: dict[str, str] = {}
    for name, other, limit in FIELDS:
        value = fields.get(name)
        if value is None:
            value = fields.get(other)
        if type(value) is int and name.endswith("_id"):
            value = str(value) if value.bit_length() < 660 else "9" * (limit + 1)
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise Bad("bad_field", f"{name}: must be text.", name)
        # Line breaks stay in the message; other control characters are of no use to a reader.
        value = "".join(char for char in value if char in "\n\t" or char.isprintable()).strip()
        if len(value) > limit:
            raise Bad("bad_field", f"{name}: is longer than {limit} characters.", name)
        found[name] = value if name == "message" else " ".join(value.split())
    email = found["email"].lower()
    if not email:
        raise Bad("bad_email", "email: is missing.", "email")
    if not EMAIL.fullmatch(email) or (not found["user_id"] and len(email) > 200):
        raise Bad("bad_email", "email: is not an e-mail address.", "email")
    traits = {"email": email} | {name: found[name] for name in ("name", "title", "company") if found[name]}
    context: dict[str, Any] = {"traits": traits}
    if found["group_id"]:
        context["groupId"] = found["group_id"]
    return {
        "type": "track",
        "messageId": message_id,
        "userId": found["user_id"] or email,
        "event": EVENT,
        "properties": {name: found[name] for name in ("message", "placement") if found[name]},
        "context": context,
    }
