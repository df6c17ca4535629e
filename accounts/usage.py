"""Usage: daily counts (UTC) per product user, workspace and event type, and the event types themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping

from django.core.cache import cache
from django.db import connection

from accounts import bulk, event_names, hand_raise, months
from accounts.models import EventType, SignalKind

#: (product user id, workspace id or 0, event type id, day) → events
type Counts = dict[tuple[int, int, int, dt.date], int]

#: More event types than this are one name too many in the product's code; the rest is counted together.
MAX_EVENT_TYPES = 5_000
OVERFLOW = "(other events)"
#: An account of more people than this is a crowd: adding up what they did in half a year takes from half a second on.
CROWD = 5_000
#: Seconds that the weeks of a crowd are kept. A worker adds them up again every hour.
KEPT = 2 * 3600


def known_event_types(names: Iterable[str]) -> dict[str, EventType]:
    """Those of the names that have an event type."""
    return {event.name: event for event in EventType.objects.filter(name__in=set(names))}


def event_types(names: Iterable[str]) -> dict[str, EventType]:
    """The event type of every name, made with its first category where it is new.

    When the catalogue is full (`MAX_EVENT_TYPES`), new names share the type `(other events)`, and raised hands
    `Hand Raised`.
    """
    wanted = set(names)
    found = known_event_types(wanted)
    missing = sorted(wanted - set(found))
    if missing and EventType.objects.count() + len(missing) > MAX_EVENT_TYPES:
        overflow, _ = EventType.objects.get_or_create(name=OVERFLOW, defaults={"category": "noise", "signal": ""})
        found |= dict.fromkeys(missing, overflow)
        raised = [name for name in missing if event_names.classify(name)[1] == SignalKind.HAND_RAISE]
        if raised:  # is never lost among the others
            event, _ = EventType.objects.get_or_create(
                name=hand_raise.EVENT, defaults={"category": "intent", "signal": SignalKind.HAND_RAISE}
            )
            found |= dict.fromkeys(raised, event)
        return found
    if missing:
        new = []
        for name in missing:
            category, signal = event_names.classify(name)
            new.append(EventType(name=name, category=category, signal=signal))
        found |= {event.name: event for event in EventType.objects.bulk_create(new)}
    return found


def note_event_types(seen: Mapping[int, tuple[int, dt.datetime, dt.datetime]]) -> None:
    """Adds to the event types' volumes and widens their first and last day: id → (events, first, last)."""
    if not seen:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_eventtype AS old SET
                volume = old.volume + new.events,
                first_seen_at = least(old.first_seen_at, new.first),
                last_seen_at = greatest(old.last_seen_at, new.last)
            FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
                AS new (id, events, first, last)
            WHERE old.id = new.id
            """,
            [list(seen), *(list(column) for column in zip(*seen.values(), strict=True))],
        )


def add(counts: Counts) -> None:
    """Adds the counts to the daily rows, in one statement."""
    adding(counts)()


def adding(counts: Counts) -> Callable[[], None]:
    """`add` as a call for later, that may be made by another thread, on the caller's connection and in its transaction."""
    if not counts:
        return lambda: None
    months.ensure({key[3] for key in counts})
    users, spaces, events, days = zip(*counts, strict=True)
    arrays = [bulk.plain(values) for values in (users, spaces, events, days, counts.values())]
    cursor = connection.cursor()

    def add() -> None:
        with cursor:
            # In the order of the index: neighbours share its pages.
            cursor.execute(
                """
                INSERT INTO accounts_usage (user_id, workspace_id, event_type_id, day, count)
                SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::date[], %s::bigint[])
                    AS new (user_id, workspace_id, event_type_id, day, count)
                ORDER BY user_id, day
                ON CONFLICT (user_id, day, event_type_id, workspace_id)
                DO UPDATE SET count = accounts_usage.count + EXCLUDED.count
                """,
                arrays,
            )

    return add


#: The usage of one account: its workspaces' rows, and its people's rows outside of other accounts' workspaces.
OF_ACCOUNT = """
    SELECT u.user_id, u.day, u.event_type_id, u.count
    FROM (
        SELECT id, bool_or(own) AS own FROM (
            SELECT id, true AS own FROM accounts_productuser WHERE account_id = %(account)s
            UNION ALL
            SELECT m.user_id, false FROM accounts_membership m JOIN accounts_workspace s ON s.id = m.workspace_id
            WHERE s.account_id = %(account)s
        ) AS found GROUP BY id
    ) AS people
    JOIN accounts_usage u ON u.user_id = people.id
    -- A workspace is asked for its account only where it is not one of these, which are looked up once.
    WHERE (u.workspace_id = ANY (ARRAY(SELECT id FROM accounts_workspace WHERE account_id = %(account)s))
           OR people.own AND NOT EXISTS (
               SELECT FROM accounts_workspace w WHERE w.id = u.workspace_id AND w.account_id IS NOT NULL))
"""


#: The usage in one workspace, whoever's it is.
OF_WORKSPACE = """
    SELECT u.user_id, u.day, u.event_type_id, u.count
    FROM accounts_usage u
    WHERE u.user_id IN (SELECT m.user_id FROM accounts_membership m WHERE m.workspace_id = %(workspace)s)
    AND u.workspace_id = %(workspace)s
"""


def weekly_by_category(
    account_id: int, *, workspace_id: int | None = None, weeks: int = 26, until: dt.date | None = None
) -> list[tuple[dt.date, str, int, int]]:
    """`(first day of the week, category, events, active people)`, oldest first; weeks end on `until` (today, UTC).

    Of the account, or of one workspace alone. Weeks without usage are absent.
    Active people are counted per category; `category` "" is the whole week.
    """
    until = until or dt.datetime.now(dt.UTC).date()
    first = until - dt.timedelta(days=7 * weeks - 1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT %(first)s + 7 * ((used.day - %(first)s) / 7) AS week, coalesce(e.category, ''),
                   sum(used.count)::bigint, count(DISTINCT used.user_id)
            FROM ({OF_ACCOUNT if workspace_id is None else OF_WORKSPACE} AND u.day BETWEEN %(first)s AND %(until)s) AS used
            JOIN accounts_eventtype e ON e.id = used.event_type_id
            GROUP BY GROUPING SETS ((1, e.category), (1))
            ORDER BY 1, 2
            """,
            {"account": account_id, "workspace": workspace_id, "first": first, "until": until},
        )
        return cursor.fetchall()


def weeks_of(
    account_id: int, *, people: float | None, weeks: int, until: dt.date, fresh: bool = False
) -> list[tuple[dt.date, str, int, int]]:
    """`weekly_by_category` of an account of so many people; those of a crowd may be as old as `KEPT`, unless `fresh`."""
    if people is None or people <= CROWD:
        return weekly_by_category(account_id, weeks=weeks, until=until)
    key = _key(account_id, weeks, until)
    known: list[tuple[dt.date, str, int, int]] | None = None if fresh else cache.get(key)
    if known is None:
        known = weekly_by_category(account_id, weeks=weeks, until=until)
        cache.set(key, known, KEPT)
    return known


def forget_weeks(account_ids: Iterable[int], *, weeks: Iterable[int], until: dt.date) -> None:
    """What is kept of these accounts, whose people or workspaces changed."""
    cache.delete_many([_key(id_, n, until) for id_ in account_ids for n in weeks])


def _key(account_id: int, weeks: int, until: dt.date) -> str:
    return f"accounts.usage.weeks.{account_id}.{weeks}.{until}"
