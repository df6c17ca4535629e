"""However a feed is cut into batches, every table says the same in the end."""

import json
import random

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import landing, loading
from accounts.models import Usage
from tests.feed import alias, group, identify, load, source, track

pytestmark = pytest.mark.django_db

FULL = track("full")
#: Every table the loader writes, by what its rows mean: ids depend on the order of writing.
TABLES = {
    "people": """
        SELECT p.key, p.email, p.name, p.title, p.department, p.seniority, p.company, p.employees, p.buying_role,
               p.buying_confidence, a.domain, p.first_seen_at, p.last_seen_at
        FROM accounts_productuser p LEFT JOIN accounts_account a ON a.id = p.account_id
    """,
    "aliases": "SELECT a.key, p.key FROM accounts_useralias a JOIN accounts_productuser p ON p.id = a.user_id",
    "workspaces": """
        SELECT w.external_id, w.name, w.domain, w.employees, w.industry, w.plan, w.account_by, a.domain
        FROM accounts_workspace w LEFT JOIN accounts_account a ON a.id = w.account_id
    """,
    "accounts": "SELECT domain, name, employees, industry, plan, of_person FROM accounts_account WHERE merged_into_id IS NULL",
    "domains": """
        SELECT d.domain, a.domain FROM accounts_accountdomain d JOIN accounts_account a ON a.id = d.account_id
    """,
    "memberships": """
        SELECT p.key, w.external_id, m.first_seen_at FROM accounts_membership m
        JOIN accounts_productuser p ON p.id = m.user_id JOIN accounts_workspace w ON w.id = m.workspace_id
    """,
    "usage": """
        SELECT p.key, w.external_id, e.name, u.day, u.count FROM accounts_usage u
        JOIN accounts_productuser p ON p.id = u.user_id JOIN accounts_eventtype e ON e.id = u.event_type_id
        LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
    """,
    "days": "SELECT day FROM accounts_usageday",
    "event types": "SELECT name, category, signal, volume, first_seen_at, last_seen_at FROM accounts_eventtype",
    # A buyer's signal is of the time when he was last seen before the batch ended. A raised hand goes to a workspace where the
    # person's company is not known yet; in the end it is the same company's.
    "signals": """
        SELECT s.kind, CASE WHEN s.kind <> 'buyer_joined' THEN s.at END, p.key,
               CASE WHEN s.kind <> 'hand_raise' THEN w.external_id END, coalesce(home.domain, own.domain),
               e.name, s.detail, s.count
        FROM accounts_signal s LEFT JOIN accounts_eventtype e ON e.id = s.event_type_id
        LEFT JOIN accounts_productuser p ON p.id = s.user_id LEFT JOIN accounts_account own ON own.id = p.account_id
        LEFT JOIN accounts_workspace w ON w.id = s.workspace_id LEFT JOIN accounts_account home ON home.id = w.account_id
    """,
    "changed accounts": """
        SELECT a.domain FROM accounts_accountchange c JOIN accounts_account a ON a.id = c.account_id
        WHERE a.merged_into_id IS NULL
    """,
    "set aside": "SELECT kind, path, body, code, reason FROM accounts_setaside",
    "seen": "SELECT key FROM accounts_seenmessage",
    "waiting": "SELECT id FROM accounts_landing",
    "state": "SELECT messages, duplicates, set_aside FROM accounts_loadstate",
}


def tables() -> dict[str, list[str]]:
    found = {}
    with connection.cursor() as cursor:
        for name, query in TABLES.items():
            cursor.execute(query)
            found[name] = sorted(str([bytes(v) if isinstance(v, memoryview) else v for v in row]) for row in cursor)
    return found


def feed(seed: int, *, requests: int) -> list[list[object]]:
    """Requests with people who become known, devices, workspaces, strong events, repeats, and items that are no messages."""
    draw = random.Random(seed)
    users = [f"user-{n}" for n in range(12)]
    companies = ["acme.com", "globex.com", "initech.com"]
    sent: list[object] = []

    def item() -> object:
        user = draw.choice(users)
        company = companies[int(user[5:]) % 3]
        kind = draw.random()
        if kind < 0.6:
            more = {"group": f"ws-{company}"} if draw.random() < 0.6 else {}
            if draw.random() < 0.2:
                more["anonymousId"] = f"device-of-{user}"
            event = draw.choice(["Report Exported", "Board Created", "Pricing Viewed", "Demo Requested", "Invite Sent"])
            return track(user, event, days_ago=draw.random() * 80, **more)
        if kind < 0.68:
            return track(None, anonymousId=f"device-of-{user}", days_ago=draw.random() * 80)
        if kind < 0.76:
            return identify(user, email=f"{user}@{company}", anonymousId=f"device-of-{user}", title="Head of Data")
        if kind < 0.84:
            return group(f"ws-{company}", user, domain=company, name=company.title(), employees=50, plan="pro")
        if kind < 0.88:
            return alias(f"old-{user}", user)
        if kind < 0.92:
            return track(f"old-{user}", days_ago=draw.random() * 80)
        if kind < 0.96 and sent:
            return draw.choice(sent)
        return draw.choice(
            [None, "text", {"type": "track", "userId": user}, track(user, timestamp="2999-01-01T00:00:00Z")]
        )

    made = []
    for _ in range(requests):
        made.append([item() for _ in range(draw.randrange(1, 12))])
        sent += [one for one in made[-1] if isinstance(one, dict) and one.get("messageId")]
    return made


def loaded(requests: list[list[object]], arrival, *, one_by_one: bool = False) -> dict[str, list[str]]:
    """All tables after this feed: each request loaded when it lands, or all when all have landed."""
    with transaction.atomic():
        load(FULL)
        Usage.objects.update(count=2_147_483_647)  # one more breaks the load: batches with it are halved
        for items in requests:
            body = json.dumps({"batch": items}).encode()
            landing.accept(source=source(), path="batch", body=body, size=len(items), received_at=arrival)
            if one_by_one:
                loading.load_batch()
        loading.drain()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        found = tables()
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_one_batch_many_batches_and_halved_batches_leave_the_same_in_every_table(seed, monkeypatch):
    arrival = timezone.now()
    requests = feed(seed, requests=40)
    source()
    one_by_one = loaded(requests, arrival, one_by_one=True)
    assert len(one_by_one["usage"]) > 40
    assert not one_by_one["waiting"]
    for size in (100_000, 30):
        monkeypatch.setattr(loading, "BATCH_MESSAGES", size)
        assert loaded(requests, arrival) == one_by_one
    poisoned = [*requests[:17], [track("full"), track("user-1", days_ago=200)], *requests[17:]]
    monkeypatch.setattr(loading, "BATCH_MESSAGES", 100_000)
    halved = loaded(poisoned, arrival)
    assert halved == loaded(poisoned, arrival, one_by_one=True)
    assert len(halved["set aside"]) == len(one_by_one["set aside"]) + 1
