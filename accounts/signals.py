"""Signals: dated facts worth a rep's attention. One a day for the same kind, person and workspace."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from accounts import bulk
from accounts.models import Membership, Signal, SignalKind

#: These wake a rep up; invitations are usage and shown as such.
WORTH_A_SIGNAL = frozenset(set(SignalKind.values) - {SignalKind.INVITE})
#: Of whatever workspace they are, these are news of the whole company.
OF_THE_COMPANY = (SignalKind.HAND_RAISE, SignalKind.BUYER_JOINED)


@dataclass(frozen=True, slots=True)
class NewSignal:
    """A signal to record: for a person, or for an account as a whole (`user_id` none)."""

    kind: str
    at: dt.datetime
    user_id: int | None = None
    workspace_id: int | None = None
    account_id: int | None = None
    event_type_id: int | None = None
    detail: str = ""
    #: the device, when nobody had signed in there: it may turn out to be somebody else's
    device: str = ""

    @property
    def key(self) -> uuid.UUID:
        who = f"{self.kind}|{self.device or self.user_id}|{self.workspace_id}|{self.account_id}|{self.at.date()}"
        return uuid.UUID(hashlib.md5(who.encode(), usedforsecurity=False).hexdigest())  # `together` has the same in SQL


def record(signals: Iterable[NewSignal]) -> None:
    """Writes the signals; the same one of the same day is counted, and its newest time and longest words are kept."""
    rows: dict[uuid.UUID, tuple[NewSignal, int]] = {}
    for signal in signals:
        key = signal.key
        before = rows.get(key)
        if before is not None:
            newest = max(before[0], signal, key=lambda one: one.at)
            detail = max(before[0].detail, signal.detail, key=lambda words: (len(words), words))
            signal = replace(newest, detail=detail)
        rows[key] = (signal, 1 + (before[1] if before else 0))
    if not rows:
        return
    newest_of = [signal for signal, _ in rows.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_signal AS old
                (key, count, kind, at, user_id, workspace_id, account_id, event_type_id, detail, device)
            SELECT * FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[],
                                 %s::bigint[], %s::bigint[], %s::text[], %s::text[])
            ON CONFLICT (key) DO UPDATE SET
                count = old.count + EXCLUDED.count,
                at = greatest(old.at, EXCLUDED.at),
                event_type_id = CASE WHEN EXCLUDED.at > old.at THEN EXCLUDED.event_type_id ELSE old.event_type_id END,
                detail = CASE WHEN (length(EXCLUDED.detail), EXCLUDED.detail COLLATE "C") > (length(old.detail), old.detail)
                              THEN EXCLUDED.detail ELSE old.detail END
            """,
            [
                list(rows),
                [count for _, count in rows.values()],
                [signal.kind for signal in newest_of],
                [signal.at for signal in newest_of],
                [signal.user_id for signal in newest_of],
                [signal.workspace_id for signal in newest_of],
                [signal.account_id for signal in newest_of],
                [signal.event_type_id for signal in newest_of],
                [signal.detail[:500] for signal in newest_of],
                [signal.device for signal in newest_of],
            ],
        )


def together(user_ids: Collection[int]) -> None:
    """Of people who turned out to be one: what was two signals of a day is one, as if it had been known before."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH mine AS (
                DELETE FROM accounts_signal WHERE user_id = ANY (%s) AND device = '' AND contact_id IS NULL
                RETURNING *, (at AT TIME ZONE 'UTC')::date AS day,
                    CASE WHEN raised_in IS NULL THEN workspace_id ELSE nullif(raised_in, 0) END AS original
            )
            INSERT INTO accounts_signal
                (key, count, kind, at, user_id, workspace_id, account_id, event_type_id, detail, device)
            SELECT md5(concat_ws('|', kind, user_id, coalesce(original::text, 'None'), coalesce(account_id::text, 'None'),
                                 day))::uuid,
                sum(count), kind, max(at), user_id, original, account_id,
                (array_agg(event_type_id ORDER BY at DESC, id))[1],
                (array_agg(detail ORDER BY length(detail) DESC, detail COLLATE "C" DESC))[1], ''
            FROM mine GROUP BY kind, user_id, original, account_id, day
            """,
            [list(user_ids)],
        )


def of_buyers(buyers: Mapping[int, tuple[dt.datetime, str]], *, looked_at: Collection[int]) -> None:
    """Who is the buyer by the title joined on one day: person → since when, and the title. Of the others none tells it any more."""
    if not looked_at:
        return
    joined = [
        NewSignal(kind=SignalKind.BUYER_JOINED, at=at, user_id=person, detail=title)
        for person, (at, title) in buyers.items()
    ]
    told = {signal.key: signal for signal in joined}
    keys = bulk.plain(key.hex for key in told)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM accounts_signal AS s WHERE kind = %s AND user_id = ANY ((SELECT %s::bigint[])::bigint[])
            AND NOT EXISTS (SELECT FROM unnest(%s::uuid[]) AS stays (key) WHERE stays.key = s.key)
            """,
            [SignalKind.BUYER_JOINED, bulk.plain(looked_at), keys],
        )
        if not told:
            return
        cursor.execute("SELECT key, id FROM accounts_signal WHERE key = ANY ((SELECT %s::uuid[])::uuid[])", [keys])
        known = dict(cursor.fetchall())
    record([signal for key, signal in told.items() if key not in known])
    again = [(known[key], signal) for key, signal in told.items() if key in known]
    if again:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE accounts_signal AS s SET at = new.at, detail = new.detail
                FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS new (id, at, detail)
                WHERE s.id = new.id AND (s.at, s.detail) IS DISTINCT FROM (new.at, new.detail)
                """,
                [[id_ for id_, _ in again], [one.at for _, one in again], [one.detail[:500] for _, one in again]],
            )


def of_account(account_id: int, *, limit: int | None = 30) -> QuerySet[Signal]:
    """An account's signals, newest first, with user, contact and event type loaded."""
    # Three ways by index: one condition with OR over the joined tables reads every signal there is.
    found = Signal.objects.filter(workspace__account=account_id).values("pk")
    found = found.union(
        Signal.objects.filter(user__account=account_id, workspace__account=None).values("pk"),
        Signal.objects.filter(account=account_id, workspace=None, user=None).values("pk"),
        all=True,
    )
    return (
        Signal.objects.filter(pk__in=found)
        .select_related("user", "contact", "event_type", "workspace")
        .order_by("-at", "-id")[:limit]
    )


def of_workspace(workspace_id: int, account_id: int, *, limit: int | None = 30) -> QuerySet[Signal]:
    """What happened in a workspace, or by its members in none; and of its account the raised hands, and buyers who joined.

    As `of_account`; `is_own` tells the two apart.
    """
    members = Membership.objects.filter(workspace=workspace_id).values("user")
    own = Signal.objects.filter(workspace=workspace_id).values("pk")
    alone = Signal.objects.filter(user__in=members, user__account=account_id, workspace=None).values("pk")
    whole = of_account(account_id, limit=None).filter(kind__in=OF_THE_COMPANY).order_by().values("pk")
    found = Signal.objects.filter(Q(pk__in=own.union(alone, all=True)) | Q(pk__in=whole))
    mine = Q(workspace=workspace_id) | Q(workspace=None, user__in=members)
    return (
        found.annotate(is_own=ExpressionWrapper(mine, output_field=BooleanField()))
        .select_related("user", "contact", "event_type", "workspace")
        .order_by("-at", "-id")[:limit]
    )
