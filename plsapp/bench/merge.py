"""What merging two large accounts costs, and undoing it, beside the bare UPDATE that gives the people another account.

The size is that of one account in people: each has a domain, five workspaces by that domain, a row of usage a person, a hundred
contacts and an item in the queue. The rest of the database is 1,000 accounts of the usual sizes.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from accounts import corrections
from accounts.corrections.weighing import weigh
from accounts.models import Account, Member, ProductUser, Role
from playbooks import following, foreseeing
from playbooks.models import Motion, QueueItem
from plsapp.bench import world
from plsapp.bench.measure import own_database, timed
from plsapp.bench.report import Report, Target
from scoring.models import BuyerState, Segment, Tier

#: People of each of the two.
ACCOUNTS = 50_000
OTHERS = 1_000

_LARGE = """
    INSERT INTO accounts_account (id, name, domain, industry, plan, created_at, of_person)
    VALUES ({id}, 'Large {id}', 'large{id}.example', '', '', now(), false);
    INSERT INTO accounts_accountdomain (domain, account_id, source) VALUES ('large{id}.example', {id}, 'workspace');
    INSERT INTO accounts_workspace (id, external_id, name, domain, industry, plan, account_id, account_by, created_at)
    SELECT {id} + n, 'large-' || ({id} + n), 'Large', 'large{id}.example', '', '', {id}, 'domain', now()
    FROM generate_series(1, 5) AS n;
    INSERT INTO accounts_productuser (id, key, email, name, title, department, seniority, company, buying_role,
                                      buying_confidence, account_id, first_seen_at, last_seen_at)
    SELECT {id} + n, 'u:large' || ({id} + n), 'user' || n || '@large{id}.example', 'User ' || n, '', '', '', '', '', 0,
           {id}, now() - interval '90 days', now() FROM generate_series(1, {people}) AS n;
    INSERT INTO accounts_membership (user_id, workspace_id, first_seen_at)
    SELECT {id} + n, {id} + 1 + n % 5, now() - interval '90 days' FROM generate_series(1, {people}) AS n;
    INSERT INTO accounts_usage (user_id, day, event_type_id, workspace_id, count)
    SELECT {id} + n, current_date - (n % 50), (SELECT min(id) FROM accounts_eventtype), {id} + 1 + n % 5, 3
    FROM generate_series(1, {people}) AS n;
    INSERT INTO accounts_contact (email, name, title, account_id, source, created_at)
    SELECT 'contact' || n || '@large{id}.example', '', '', {id}, 'list', now() FROM generate_series(1, 100) AS n;
"""


def run(*, accounts: int) -> Report:
    with own_database():
        world.fill(accounts=OTHERS, days=14)
        return _run(people=accounts)


def _run(*, people: int) -> Report:
    first, second = 100_000_000, 200_000_000
    with connection.cursor() as cursor:
        for id_ in (first, second):
            cursor.execute(_LARGE.format(id=id_, people=people))
        cursor.execute("ANALYZE")
    member = Member.objects.create(email="rep@bench.example", role=Role.SALES)
    for id_ in (first, second):
        _item(id_, member)
    today = timezone.now().date()
    before = {id_: weigh(id_, today=today) for id_ in (first, second)}
    said = {"account_id": first, "into_id": second, "member": member}
    bare = min(_rolled_back(lambda: _bare(first, second)) for _ in range(3))
    _, looked = timed(lambda: foreseeing.foresee(corrections.merge, **said))
    merged, seconds = timed(lambda: following.correct(corrections.merge, **said))
    if weigh(second, today=today).people != 2 * people or QueueItem.objects.filter(account=first).exists():
        raise RuntimeError("The merge left something behind")
    _, back = timed(lambda: following.correct(corrections.undo, correction_id=merged.pk, member=member))
    if {id_: weigh(id_, today=today) for id_ in (first, second)} != before:
        raise RuntimeError("Undoing the merge did not bring everything back")
    if Account.objects.get(pk=first).merged_into_id is not None or QueueItem.objects.filter(account=first).count() != 1:
        raise RuntimeError("Undoing the merge did not bring the account back")
    return Report(
        bench="merge",
        sizes={"people_each": people},
        figures={
            "merge_seconds": seconds,
            "undo_seconds": back,
            "preview_seconds": looked,
            "bare_update_seconds": bare,
            "merge_to_bare_update": seconds / bare,
            "undo_to_bare_update": back / bare,
        },
        targets=[
            Target("merge and undo, seconds", seconds + back, 5),
            Target("merge to the bare UPDATE, times", seconds / bare, 3),
            Target("undo to the bare UPDATE, times", back / bare, 3),
        ],
    )


def _bare(away: int, into: int) -> None:
    """The people get another account, and their foreign keys are checked, as they are when it commits."""
    ProductUser.objects.filter(account=away).update(account=into)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _rolled_back(work: Callable[[], object]) -> float:
    with transaction.atomic():
        _, seconds = timed(work)
        transaction.set_rollback(True)
    return seconds


def _item(account_id: int, owner: Member) -> None:
    now = timezone.now()
    QueueItem.objects.create(
        account_id=account_id,
        motion=Motion.SALES,
        state="claimed",
        owner=owner,
        entered_at=now,
        claimed_at=now,
        updated_at=now,
        tier=Tier.PQA,
        segment=Segment.ENTERPRISE,
        buyer_state=BuyerState.NONE,
    )
