"""Whom a form may speak for. A form is public, so whatever it says of who sends it may be made up.

A user id counts when it is proven, or when the person of this id is known by the very e-mail that was typed, which would have
found him anyway. A workspace counts when the person is known to be in it. Anything else is kept as what was claimed, and used for
nothing: the e-mail is the person. Nothing that is known of a person is overwritten by a form.
"""

from __future__ import annotations

import hashlib
import hmac

from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import HandRaiseForm, Membership, ProductUser

SALT = "hand-raise-identity"
#: What is set aside of a claim, in the fields of a raised hand.
CLAIMED = {"user_id": "claimed_user_id", "group_id": "claimed_group_id"}


def secret(form: HandRaiseForm) -> str:
    """Signs user ids for this form. For servers alone: it is in no page."""
    return salted_hmac(SALT, form.key, algorithm="sha256").hexdigest()


def proof(form: HandRaiseForm, user_id: str) -> str:
    """What a page says as `user_hash` to prove the user id: HMAC-SHA256 in hexadecimal digits."""
    return hmac.new(secret(form).encode(), user_id.encode(), hashlib.sha256).hexdigest()


def settle(form: HandRaiseForm, said: dict[str, str], user_hash: str) -> dict[str, str]:
    """What a form sent, with only those ids that may be trusted; others as claimed. Up to three queries."""
    said = dict(said)
    user_id, group_id = said.get("user_id", ""), said.get("group_id", "")
    if user_id and not _may_be(form, user_id, said.get("email", ""), user_hash):
        said[CLAIMED["user_id"]], said["user_id"] = user_id, ""
    who = said.get("user_id") or known_by(said.get("email", "")) or said.get("email", "")
    if group_id and not _is_member(who, group_id):
        said[CLAIMED["group_id"]], said["group_id"] = group_id, ""
    return {name: value for name, value in said.items() if value}


def facts(said: dict[str, str]) -> dict[str, str]:
    """What of a trusted form becomes known of the person: all of somebody new, of a known person the name where there is none."""
    person = ProductUser.objects.filter(key=f"u:{said.get('user_id') or said.get('email', '')}").first()
    if person is None:
        return said
    kept = {name: value for name, value in said.items() if name not in ("title", "company", "name")}
    kept["email"] = person.email or said["email"]
    if not person.name and said.get("name"):
        kept["name"] = said["name"]
    return kept


def known_by(email: str) -> str:
    """The user id of the one person with this e-mail; empty: nobody, or several. One query by index."""
    people = ProductUser.objects.alias(low=Lower("email")).filter(low=email.lower(), key__startswith="u:")
    keys = list(people.exclude(email="").values_list("key", flat=True)[:2])
    return keys[0].removeprefix("u:") if len(keys) == 1 else ""


def _may_be(form: HandRaiseForm, user_id: str, email: str, user_hash: str) -> bool:
    if user_hash and constant_time_compare(user_hash.strip().lower(), proof(form, user_id)):
        return True
    return ProductUser.objects.filter(key=f"u:{user_id}", email__iexact=email).exclude(email="").exists()


def _is_member(user_id: str, group_id: str) -> bool:
    return Membership.objects.filter(user__key=f"u:{user_id}", workspace__external_id=group_id).exists()
