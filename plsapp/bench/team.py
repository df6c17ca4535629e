"""A team at work in a world: members, queues that are full and have a past. Made by COPY and single statements."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import Member, Role, Signal
from playbooks import queue
from playbooks.models import QueueItem
from playbooks.verbs.verbs import claim
from plsapp.bench.measure import bar
from scoring.models import Score, ScoreChange, ScoredAccount

#: The queues' members: most work sales.
ROLES = (*[Role.SALES] * 5, *[Role.SUCCESS] * 3, *[Role.MARKETING] * 2)
#: Weeks of history of every account's score.
WEEKS = 12


#: Of every member; the databases of benches live for minutes.
PASSWORD = "bench of many pages"  # noqa: S105


def reps(number: int = len(ROLES)) -> list[Member]:
    """So many members of the three roles that work a queue."""
    kept = make_password(PASSWORD)  # once: it takes a fifth of a second
    return Member.objects.bulk_create(
        Member(email=f"rep{place}@team.example", password=kept, role=ROLES[place % len(ROLES)], name=f"Rep {place}")
        for place in range(number)
    )


def signals() -> None:
    """Raised hands at one account in 300, pricing or terms viewed at three in eight, all in the last 26 days."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_signal (key, kind, at, user_id, workspace_id, account_id, detail, count)
            SELECT gen_random_uuid(), kind, now() - make_interval(hours => (p.id % 620)::int), p.id, p.account_id, NULL,
                   CASE WHEN kind = 'hand_raise' THEN 'We would like to see the enterprise plan' ELSE '' END, 1
            FROM (SELECT DISTINCT ON (account_id) id, account_id FROM accounts_productuser ORDER BY account_id, id) AS p,
                 LATERAL (SELECT CASE WHEN p.account_id % 300 = 0 THEN 'hand_raise' WHEN p.account_id % 4 = 1 THEN 'pricing'
                                      WHEN p.account_id % 4 = 2 AND p.account_id % 8 = 2 THEN 'terms' END AS kind) AS k
            WHERE kind IS NOT NULL
            """
        )


def route() -> int:
    """Everything that was scored goes into the queues; how many open items there are then."""
    for _ in bar(range(0, ScoredAccount.objects.count(), queue.ROUTED_AT_ONCE), "Routing"):
        queue.route_scored()
    return QueueItem.objects.open().count()


def past(members: list[Member], *, claims: int = 20) -> None:
    """The items are up to three weeks old, each member has claimed some, and the scores have a history."""
    copied = {field.attname for field in Score._meta.concrete_fields} & {
        field.attname for field in ScoreChange._meta.concrete_fields
    } - {"score"}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE playbooks_queueitem SET entered_at = now() - make_interval(mins => (id * 7919 % 30000)::int)"
        )
        cursor.execute(
            f"""
            INSERT INTO scoring_scorechange (at, score, {", ".join(copied)})
            SELECT now() - make_interval(days => week * 7), greatest(1, coalesce(s.score, 20) - week * 2),
                   {", ".join(f"s.{name}" for name in copied)}
            FROM scoring_score s CROSS JOIN generate_series(1, {WEEKS}) AS week
            WHERE EXISTS (SELECT 1 FROM playbooks_queueitem q WHERE q.account_id = s.account_id)
            """
        )
    for member in members:
        items = QueueItem.objects.filter(motion=member.role, state=QueueItem.State.NEW).order_by("-priority")
        for item in items[:claims]:
            claim(item_id=item.pk, member=member)
    with connection.cursor() as cursor:
        for model in (QueueItem, Score, ScoreChange, Signal):  # as autovacuum leaves them after some minutes
            cursor.execute(f"VACUUM ANALYZE {model._meta.db_table}")
