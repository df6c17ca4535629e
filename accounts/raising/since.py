"""What was counted since a hand was raised, on the same day: noted by the loader until the account is frozen.

Usage is counted by the day. So that what is frozen is the account as it was when the hand was raised, the counts of that day that
came after it are kept apart for the seconds until a scoring run has taken them off again (`scoring.frozen`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from django.db import connection
from django.utils import timezone

from accounts.identity import Directory
from accounts.identity_rows import USAGE_TYPES, Person, Space
from accounts.messages import Message
from accounts.models import EventType, UsageAfterRaise

#: A raised hand counts for so long; an older one, as of an imported history, is not frozen any more.
FROZEN_WITHIN = dt.timedelta(days=30)


def note(
    found: Sequence[tuple[Message, Person | None, Space | None]],
    directory: Directory,
    types: Mapping[str, EventType],
    raised: Mapping[str, Message],
    times: Mapping[int, Sequence[dt.datetime]],
) -> None:
    """Of a batch, in the loader's transaction. One query, two where something is noted.

    A raised hand may wait for weeks where no run scores its account. So only those of the days of the batch are read, and its
    messages are looked at only where one of its people or workspaces is theirs.

    `found`: its messages in their order. `raised`: the raised hands among them, by the `message_id` of their rows. `times`: when
    what was counted happened, by event type.
    """
    bounds = [at for of_type in times.values() if of_type for at in (min(of_type), max(of_type))]
    waiting = _waiting(min(bounds), max(bounds)) if bounds else []
    if not waiting:
        return
    places = {id(message): place for place, (message, _person, _space) in enumerate(found)}
    of_account: dict[int, list[tuple[int, dt.datetime, int]]] = defaultdict(list)
    of_person: dict[int, list[tuple[int, dt.datetime, int]]] = defaultdict(list)
    for raise_id, row, user_id, account_id, at in waiting:
        one = (raise_id, at, places.get(id(raised[row]), -1) if row in raised else -1)
        of_account[account_id].append(one)
        of_person[user_id].append(one)
    theirs = {one for one in directory.roots() if one.account_id in of_account or one.id in of_person}
    homes = {space for space in directory.spaces.values() if space.account_id in of_account}
    if not theirs and not homes:
        return
    counts: Counter[tuple[int, int, int, int, str]] = Counter()
    for place, (message, person, space) in enumerate(found):
        if person is None or message.type not in USAGE_TYPES:
            continue
        person = directory.root(person)
        if person not in theirs and space not in homes:
            continue
        account = space.account_id if space is not None and space.account_id is not None else person.account_id
        # The account that stands for a person alone is not known in memory.
        for raise_id, at, after in of_account.get(account or 0, ()) or of_person.get(person.id or 0, ()):
            if message.at.date() == at.date() and (message.at, place) > (at, after):
                space_id = space.id if space is not None and space.id else 0
                device = "" if message.user_id else f"a:{message.anonymous_id}"
                counts[raise_id, person.id or 0, space_id, types[message.event].id, device] += 1
    UsageAfterRaise.objects.bulk_create(
        [
            UsageAfterRaise(
                hand_raise_id=raise_id, user_id=user, workspace_id=space, event_type_id=event, device=device, count=n
            )
            for (raise_id, user, space, event, device), n in counts.items()
        ],
        batch_size=5_000,
    )


def _waiting(first: dt.datetime, last: dt.datetime) -> list[tuple[int, str, int, int, dt.datetime]]:
    """Those raised from the day of `first` until `last` whose account is not frozen yet, by index.

    With their `message_id`, person, account and time.
    """
    day = first.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT h.id, h.message_id, h.user_id, coalesce(a.merged_into_id, a.id), h.raised_at
            FROM accounts_handraise h JOIN accounts_account a ON a.id = h.account_id
            WHERE h.frozen_at IS NULL AND NOT h.is_spam AND h.raised_at > %s AND h.raised_at >= %s AND h.raised_at <= %s
            """,
            [timezone.now() - FROZEN_WITHIN, day, last],
        )
        return cursor.fetchall()
