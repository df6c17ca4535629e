"""Signals: dated facts worth a rep's attention. One a day for the same kind, person and workspace."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

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

    @property
    def key(self) -> uuid.UUID:
        who = f"{self.kind}|{self.user_id}|{self.workspace_id}|{self.account_id}|{self.at.date()}"
        return uuid.UUID(bytes=hashlib.blake2b(who.encode(), digest_size=16).digest())


def record(signals: Iterable[NewSignal]) -> None:
    """Writes the signals; the same one of the same day is counted, and its newest time and words are kept."""
    rows: dict[uuid.UUID, tuple[NewSignal, int]] = {}
    for signal in signals:
        before = rows.get(signal.key)
        newest = signal if before is None or signal.at >= before[0].at else before[0]
        rows[signal.key] = (newest, 1 + (before[1] if before else 0))
    if not rows:
        return
    newest_of = [signal for signal, _ in rows.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_signal (key, count, kind, at, user_id, workspace_id, account_id, event_type_id, detail)
            SELECT * FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[],
                                 %s::bigint[], %s::bigint[], %s::text[])
            ON CONFLICT (key) DO UPDATE SET
                count = accounts_signal.count + EXCLUDED.count,
                at = greatest(accounts_signal.at, EXCLUDED.at),
                detail = coalesce(nullif(EXCLUDED.detail, ''), accounts_signal.detail)
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
            ],
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
