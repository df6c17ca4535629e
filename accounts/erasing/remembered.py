"""That somebody was erased is remembered by a keyed digest of each id and address, which tells nobody who it was.

So a message of before that comes later (a phone was offline, a history is imported) brings nobody back: it is passed over. What was
done after somebody was erased makes somebody new.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Sequence
from functools import cache

from django.conf import settings
from django.db import connection

from accounts import bulk
from accounts.messages import Message

#: What a digest of an e-mail begins with; those of ids begin with `u:` and `a:`, as keys of people do.
EMAIL = "e:"


def note(keys: Iterable[str], *, at: dt.datetime) -> None:
    """Whoever has these keys was erased at this time."""
    digests = sorted({_digest(key, settings.SECRET_KEY).hex for key in keys})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_erasedid AS old (digest, at) SELECT unnest(%s::uuid[]), %s
            ON CONFLICT (digest) DO UPDATE SET at = greatest(old.at, EXCLUDED.at)
            """,
            [digests, at],
        )


def of_erased(messages: Sequence[Message]) -> list[tuple[Message, dt.datetime]]:
    """Those of the messages whose people were erased after it, with when they were. One small query when there is none.

    Messages that are newer than the newest erasing, nearly all, cost a comparison.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(at) FROM accounts_erasedid")
        (newest,) = cursor.fetchone()
    if newest is None:
        return []
    late = [message for message in messages if message.at < newest]
    if not late:
        return []
    keys = {id(message): (_ids(message), _email(message)) for message in late}
    wanted = {key: _digest(key, settings.SECRET_KEY) for ids, email in keys.values() for key in (*ids, email) if key}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, at FROM accounts_erasedid WHERE digest = ANY ((SELECT %s::uuid[])::uuid[])",
            [bulk.plain(digest.hex for digest in wanted.values())],
        )
        times = dict(cursor.fetchall())
    if not times:
        return []
    erased = {key: times[digest] for key, digest in wanted.items() if digest in times}

    def is_before(key: str, message: Message) -> bool:
        return key in erased and message.at < erased[key]

    gone = {
        id(one): max(erased[key] for key in of_one)
        for one in late
        if (of_one := [key for key in keys[id(one)][0] if is_before(key, one)])
    }
    named = [one for one in late if id(one) not in gone and is_before(keys[id(one)][1], one)]
    if named:
        known = _known({f"u:{message.user_id}" for message in named})
        gone |= {id(one): erased[keys[id(one)][1]] for one in named if f"u:{one.user_id}" not in known}
    return [(message, gone[id(message)]) for message in late if id(message) in gone]


def _ids(message: Message) -> list[str]:
    """By whom a message is, and of an alias whom it names too."""
    found = []
    if message.user_id:
        found.append("u:" + message.user_id)
    elif message.anonymous_id:
        found.append("a:" + message.anonymous_id)
    if message.previous_id:
        found += ["u:" + message.previous_id, "a:" + message.previous_id]
    return found


def _email(message: Message) -> str:
    """Of the person, also where only the properties of a raised hand say it."""
    said = message.user_traits.get("email") or message.properties.get("email")
    return EMAIL + said.strip().lower() if isinstance(said, str) and "@" in said else ""


def _known(keys: set[str]) -> set[str]:
    """Those who are somebody else, who has this address too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM accounts_productuser WHERE key = ANY (%(keys)s) "
            "UNION SELECT key FROM accounts_useralias WHERE key = ANY (%(keys)s)",
            {"keys": list(keys)},
        )
        return {key for (key,) in cursor.fetchall()}


def _digest(key: str, secret: str) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.blake2b(key.encode(), digest_size=16, key=_salted(secret)).digest())


@cache
def _salted(secret: str) -> bytes:
    return hashlib.sha256(b"accounts.erasing " + secret.encode()).digest()
