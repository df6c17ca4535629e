"""What the pane of a queue item has to tell beside the item itself, asked at once: most items have none of it.

A query set costs a millisecond to write, whether it finds anything or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from playbooks.models import QueueItem


@dataclass(frozen=True)
class Pane:
    """`workspaces` of the account; the name of the suggested play while it is in use, else ""; and what there is to read."""

    workspaces: int
    suggested: str
    has_running_play: bool
    has_answer: bool
    has_steps: bool
    has_contacts: bool


def of(item: QueueItem) -> Pane:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM accounts_workspace WHERE account_id = %(account)s),
                   coalesce((SELECT name FROM playbooks_play WHERE id = %(play)s AND is_active AND removed_at IS NULL), ''),
                   EXISTS (SELECT FROM playbooks_playuse WHERE item_id = %(item)s AND ended_at IS NULL),
                   EXISTS (SELECT FROM playbooks_answer WHERE item_id = %(item)s),
                   EXISTS (SELECT FROM playbooks_step
                           WHERE item_id = %(item)s AND done_at IS NULL AND dropped_at IS NULL),
                   EXISTS (SELECT FROM accounts_contact WHERE account_id = %(account)s AND removed_at IS NULL)
            """,
            {"account": item.account_id, "item": item.pk, "play": item.play_id},
        )
        return Pane(*cursor.fetchone())
