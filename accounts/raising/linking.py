"""Who raised a hand: the loader, having found out, notes the person and the account on the row that was kept."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from accounts.hand_raise import PREFIX
from accounts.identity_rows import Person, Space
from accounts.messages import Message


def link(signals: Iterable[tuple[Message, Person, Space | None, object]]) -> None:
    """Links the raised hands among a batch's signals, in the loader's transaction, after its accounts are settled.

    The account is that of the workspace in which it was raised, else the person's, else that of a workspace which the person's
    raised hand went home to: as scores have it. One query when there are any.
    """
    found = [
        (message.message_id, person.id, space.id if space else None)
        for message, person, space, _ in signals
        if message.message_id.startswith(PREFIX)
    ]
    if not found:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_handraise h
            SET user_id = p.id, account_id = coalesce(w.account_id, p.account_id, home.account_id), linked_at = now()
            FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS told (message_id, user_id, workspace_id)
            JOIN accounts_productuser p ON p.id = told.user_id
            LEFT JOIN accounts_workspace w ON w.id = told.workspace_id
            LEFT JOIN LATERAL (
                SELECT other.account_id FROM accounts_signal s JOIN accounts_workspace other ON other.id = s.workspace_id
                WHERE s.user_id = p.id AND s.kind = 'hand_raise' AND other.account_id IS NOT NULL
                ORDER BY s.at DESC, s.id DESC LIMIT 1
            ) AS home ON true
            WHERE h.message_id = told.message_id
            """,
            [list(column) for column in zip(*found, strict=True)],
        )
