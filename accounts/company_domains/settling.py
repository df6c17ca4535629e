"""Whoever a rule of a domain concerns finds the account again: in steps, with progress, going on where it stopped.

History moves with people and workspaces, since usage has no account of its own. A step is one transaction under the loader's lock.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts import changes
from accounts.company_domains import rules
from accounts.ladder import again
from accounts.models import Resettling

#: People in one step.
BATCH = 2_000

# Hosts below the domain too. One pass over the table a step: no index is worth a rule a week.
_PEOPLE = """
SELECT id FROM accounts_productuser
WHERE id > %(after)s AND email <> '' AND account_by <> 'hand'
    AND (split_part(email, '@', 2) = ANY (%(domains)s) OR split_part(email, '@', 2) LIKE ANY (%(below)s))
ORDER BY id LIMIT %(limit)s
"""
_SPACES = """
SELECT id FROM accounts_workspace
WHERE account_by <> 'hand' AND (domain = ANY (%(domains)s)
    OR (NOT (further_domains = '{}') AND further_domains && %(domains)s::varchar[]))
"""


def work(*, seconds: float = 20) -> bool:
    """Works at the oldest job that is not finished; whether none is left. Two workers at it take its steps in turn."""
    until = time.monotonic() + seconds
    while (job := Resettling.objects.filter(finished_at=None).order_by("pk").first()) is not None:
        if job.started_at is None:
            job.started_at, job.total = timezone.now(), _how_many(job)
            job.save(update_fields=["started_at", "total"])
        while not _step(job):
            if time.monotonic() > until:
                return False
    return True


def concerned(names: list[str]) -> tuple[int, int, int]:
    """People, workspaces and accounts that would be looked at again if what these domains are changed. Reads all addresses."""
    said: dict[str, Any] = {"domains": names, "below": [f"%.{name}" for name in names], "after": 0, "limit": None}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT array_agg(id) FROM ({_PEOPLE}) AS found", said)
        people = cursor.fetchone()[0] or []
        cursor.execute(f"SELECT array_agg(id) FROM ({_SPACES}) AS found", said)
        spaces = cursor.fetchone()[0] or []
        cursor.execute(
            """
            SELECT count(*) FROM (SELECT account_id FROM accounts_productuser WHERE id = ANY (%s::bigint[])
                UNION SELECT account_id FROM accounts_workspace WHERE id = ANY (%s::bigint[])) AS both_ WHERE account_id IS NOT NULL
            """,
            [people, spaces],
        )
        return len(people), len(spaces), cursor.fetchone()[0]


def newest() -> Resettling | None:
    return Resettling.objects.order_by("-pk").first()


def _named(job: Resettling) -> dict[str, list[str]]:
    return {"domains": job.domains, "below": [f"%.{domain}" for domain in job.domains]}


def _how_many(job: Resettling) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_PEOPLE}) AS found", _named(job) | {"after": 0, "limit": None})
        people = cursor.fetchone()[0]
        cursor.execute(f"SELECT count(*) FROM ({_SPACES}) AS found", _named(job))
        return int(people + cursor.fetchone()[0])


@transaction.atomic
def _step(job: Resettling) -> bool:
    """One batch of people, at the end the workspaces; whether the job is finished."""
    from accounts.loading import LOCK as LOADER

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOADER])
        job = Resettling.objects.select_for_update().get(pk=job.pk)
        if job.finished_at is not None:
            return True
        rules.refresh()
        cursor.execute(_PEOPLE, _named(job) | {"after": job.reached, "limit": BATCH})
        people = [id_ for (id_,) in cursor.fetchall()]
        spaces: list[int] = []
        if len(people) < BATCH:
            cursor.execute(_SPACES, _named(job))
            spaces = [id_ for (id_,) in cursor.fetchall()]
            job.finished_at = timezone.now()
        moved, accounts = again.people(people, spaces=spaces)
        job.done += len(people) + len(spaces)
        job.moved += moved
        job.reached = max(people, default=job.reached)
        job.save(update_fields=["done", "moved", "reached", "finished_at"])
        changes.mark(accounts, urgent=True)
    return job.finished_at is not None
