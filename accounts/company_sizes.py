"""Whom the size of their company makes another one: rated again by the batch that learns the size, or the person.

The loader rates people by what they say themselves. Who says no size works at a company whose size is known, or becomes known now.
Who stands beyond `AT_ONCE` is rated at night (`roles.refresh_all`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import connection

from accounts import bulk, evidence, personas, roles
from accounts.identity_rows import Person, Space

if TYPE_CHECKING:
    from accounts.identity import Directory

#: People of whom a batch looks whether the size of their company makes them somebody else.
AT_ONCE = 20_000

_READ = f"""
WITH sized AS (
    SELECT unnest(%(people)s::bigint[]) AS id
    UNION
    (SELECT p.id FROM accounts_productuser p WHERE p.account_id = ANY ((SELECT %(accounts)s::bigint[])::bigint[])
     AND p.employees IS NULL AND (p.seniority <> '' OR p.department <> '' OR p.use_case <> '') LIMIT {AT_ONCE})
)
SELECT p.id, p.seniority, p.department, p.use_case, a.employees, p.persona_id, p.role_evidence::text
FROM sized JOIN accounts_productuser p USING (id) JOIN accounts_account a ON a.id = p.account_id
WHERE p.employees IS NULL AND (a.employees IS NOT NULL OR a.id = ANY ((SELECT %(accounts)s::bigint[])::bigint[]))
AND p.erased_at IS NULL
"""


def settle(directory: Directory) -> set[int]:
    """Rates those again, and answers the accounts of whoever is another one now. One query when nobody is.

    Everything of the batch is written but usage; the caller holds the loader's lock. Whoever of them did something in this batch is
    looked at once more afterwards.
    """
    roots = directory.roots()
    people = {
        person.id: person
        for person in roots
        if person.id is not None and person.changed and person.account_id is not None and person.employees is None
    }
    accounts = set(directory.changed_accounts)
    told: list[Space | Person] = [*directory.spaces.values(), *roots]
    accounts |= {
        who.account_id for who in told if who.changed and who.employees is not None and who.account_id is not None
    }
    named = [id_ for id_, person in people.items() if person.title or person.seniority or person.use_case]
    other = _others(named, accounts)
    if not other:
        return set()
    roles.work_out(other)
    directory.rated.update(other)
    _take_over([people[id_] for id_ in other if id_ in people])
    return roles.accounts_of(other)


def _others(people: Collection[int], accounts: Collection[int]) -> list[int]:
    """Those who are another persona, or whose title says another role, when the size of the company counts."""
    if not people and not accounts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"people": bulk.plain(people), "accounts": bulk.plain(accounts)})
        rows = cursor.fetchall()
    if not rows:
        return []
    rules = personas.refresh()
    found = []
    for id_, seniority, department, use_case, employees, persona_id, stored in rows:
        rated = rules.rate(seniority, department, employees, use_case)
        known = evidence.of_title(evidence.read(stored))
        if (rated.persona_id, rated.role, rated.confidence if rated.role else 0.0) != (persona_id, *known):
            found.append(id_)
    return found


def _take_over(people: list[Person]) -> None:
    """What was written, for whoever reads the people of the batch later."""
    if not people:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, persona_id, buying_role, buying_confidence, role_evidence::text FROM accounts_productuser "
            "WHERE id = ANY (%s::bigint[])",
            [[person.id for person in people]],
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    for person in people:
        person.persona_id, person.buying_role, person.buying_confidence, person.role_evidence = rows[person.id]
        known = evidence.read(person.role_evidence)
        person.is_new_buyer = person.is_new_buyer and evidence.title_role(known) == "economic_buyer"
