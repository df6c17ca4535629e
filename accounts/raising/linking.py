"""Who raised a hand: the loader, having found out, notes the person and the account on its row; of those of SDKs it makes the row.

A raised hand of a form or of a server has its row already (`accounts.raising.taking`). One that an SDK tracked, or that a file
holds, was kept in the landing, and gets its row in the transaction that takes it from there: once for each id of a message.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec
from django.db import connection

from accounts import bulk, hand_raise
from accounts.identity_rows import Person, Space
from accounts.messages import Message
from accounts.models import EventType, HandRaise, SignalKind
from accounts.models.hand_raises import EVENT_PREFIX
from accounts.raising import spam
from accounts.requests import key

type Raised = tuple[Message, Person, Space | None]

#: Where a raised hand belongs: the workspace in which it was raised, else the person's account, else that of a workspace which the
#: person's raised hand went home to. As scores have it.
_ACCOUNT = """
    coalesce(w.account_id, p.account_id, (
        SELECT other.account_id FROM accounts_signal s JOIN accounts_workspace other ON other.id = s.workspace_id
        WHERE s.user_id = p.id AND s.kind = 'hand_raise' AND other.account_id IS NOT NULL
        ORDER BY s.at DESC, s.id DESC LIMIT 1
    ))
"""


def link(signals: Iterable[tuple[Message, Person, Space | None, EventType]]) -> dict[str, Message]:
    """Links the raised hands among a batch's signals, in the loader's transaction, after its accounts are settled.

    Answers the messages by the `message_id` of their rows. None or up to four queries, however many there are.
    """
    raised = [
        (message, person, space) for message, person, space, event in signals if event.signal == SignalKind.HAND_RAISE
    ]
    if not raised:
        return {}
    found = _known(raised)
    known = {id(message) for message, _person, _space in found.values()}
    found |= _made([one for one in raised if id(one[0]) not in known and one[0].source_id])
    if found:
        _note(found)
    return {row: message for row, (message, _person, _space) in found.items()}


def settle(people: Iterable[Person], raisers: Collection[int]) -> None:
    """Raised hands that had no account and now have one: an anonymous visitor signed in, or his workspace is known. One query.

    `raisers`: those who raised a hand and whose workspaces this batch concerned.
    """
    ids = {*raisers, *(person.id for person in people)}
    account = _ACCOUNT.replace("w.account_id, ", "")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE accounts_handraise h SET account_id = {account}, linked_at = now()
            FROM accounts_productuser p
            WHERE h.account_id IS NULL AND h.user_id = p.id AND {account} IS NOT NULL
            AND h.user_id = ANY ((SELECT %s::bigint[])::bigint[])
            """,
            [bulk.plain(ids)],
        )


def _known(raised: list[Raised]) -> dict[str, Raised]:
    """Those whose rows were written before: by their own ids, from the same source."""
    own = {one[0].message_id: one for one in raised if one[0].message_id.startswith(hand_raise.PREFIX)}
    if not own:
        return {}
    rows = HandRaise.objects.filter(message_id__in=own).values_list("message_id", "source_id")
    return {row: own[row] for row, source in rows if source == own[row][0].source_id}


def _made(raised: list[Raised]) -> dict[str, Raised]:
    """New rows of those that came as messages."""
    if not raised:
        return {}
    held = _too_many(raised)
    rows: dict[str, Raised] = {}
    new: list[tuple[object, ...]] = []
    for one in raised:
        message = one[0]
        name = key(message.source_id, message.message_id).hex() if message.message_id else uuid.uuid4().hex
        row = EVENT_PREFIX + name
        if row in rows:
            continue
        rows[row] = one
        said = hand_raise.from_message(message)
        came = message.came_at or message.at
        because = "person" if id(message) in held else ""
        fields = msgspec.json.encode(said).decode()
        new.append((message.source_id, came, message.at, row, fields, said.get("placement", ""), because))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_handraise
                (source_id, received_at, raised_at, message_id, fields, placement, spam_because, is_spam)
            SELECT *, because <> '' FROM unnest(
                %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::jsonb[], %s::text[], %s::text[]
            ) AS new (source_id, received_at, raised_at, message_id, fields, placement, because)
            ON CONFLICT (message_id) DO NOTHING RETURNING message_id
            """,
            [list(column) for column in zip(*new, strict=True)],
        )
        made = {row for (row,) in cursor.fetchall()}
    return {row: one for row, one in rows.items() if row in made}


def _too_many(raised: list[Raised]) -> set[int]:
    """The ids (of Python) of those messages that are more than a person sends. One query."""
    times: dict[int | None, list[dt.datetime]] = defaultdict(list)
    first = min(message.at for message, _person, _space in raised) - spam.WITHIN
    people = {person.id for _message, person, _space in raised}
    rows = HandRaise.objects.filter(user__in=people, raised_at__gt=first, is_spam=False)
    for user, at in rows.values_list("user", "raised_at"):
        times[user].append(at)
    held = set()
    for message, person, _space in sorted(raised, key=lambda one: one[0].at):
        lately = sum(message.at - spam.WITHIN < at <= message.at for at in times[person.id])
        if lately >= spam.MOST:
            held.add(id(message))
        else:
            times[person.id].append(message.at)
    return held


def _note(found: dict[str, Raised]) -> None:
    told = [
        (row, person.id, space.id if space else None, "" if message.user_id else f"a:{message.anonymous_id}")
        for row, (message, person, space) in found.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE accounts_handraise h SET user_id = p.id, account_id = {_ACCOUNT}, linked_at = now(), device = told.device
            FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[]) AS told (message_id, user_id, workspace_id, device)
            JOIN accounts_productuser p ON p.id = told.user_id
            LEFT JOIN accounts_workspace w ON w.id = told.workspace_id
            WHERE h.message_id = told.message_id
            """,
            [list(column) for column in zip(*told, strict=True)],
        )
