"""When a contact signs up: they retire in favour of the person of the product, and what was said of their role goes along."""

from __future__ import annotations

from django.db import connection

from accounts import bulk, personas, roles
from accounts.identity import Directory
from accounts.models import ProductUser


def retire(directory: Directory) -> None:
    """For a written batch, in its transaction. One query when the batch has new addresses, and none otherwise."""
    people = {person.email: person for person in directory.roots() if person.moved and person.email}
    if not people:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, email, account_id FROM accounts_contact
            WHERE email = ANY (%s::text[]) AND user_id IS NULL AND removed_at IS NULL ORDER BY id
            """,
            [bulk.texts(people)],
        )
        found = cursor.fetchall()
        if not found:
            return
        pairs = [[id_ for id_, _email, _account in found], [people[email].id for _id, email, _account in found]]
        cursor.execute(
            """
            UPDATE accounts_contact AS c SET user_id = new.user_id
            FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, user_id) WHERE c.id = new.id
            """,
            pairs,
        )
        # A member's word about the person themselves stays: one such word at most stands for anybody.
        cursor.execute(
            """
            UPDATE accounts_roleword AS w SET contact_id = NULL, user_id = new.user_id
            FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, user_id)
            WHERE w.contact_id = new.id AND w.withdrawn_at IS NULL AND NOT (w.source = 'human' AND EXISTS (
                SELECT FROM accounts_roleword o
                WHERE o.user_id = new.user_id AND o.source = 'human' AND o.withdrawn_at IS NULL))
            RETURNING w.user_id
            """,
            pairs,
        )
        told = {user_id for (user_id,) in cursor.fetchall()}
    directory.changed_accounts.update(account for _id, _email, account in found if account)
    if not told:
        return
    personas.refresh()
    roles.work_out(told)
    buyers = set(ProductUser.objects.filter(pk__in=told, buying_role="economic_buyer").values_list("pk", flat=True))
    for person in people.values():
        if person.id in told:
            person.is_new_buyer = person.id in buyers
