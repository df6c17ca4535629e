"""The Ibis features against a plain-Python reference on random data, in PostgreSQL and in DuckDB."""

import datetime as dt
import random

import numpy as np
import pytest

from accounts.models import Account, EventType, Membership, ProductUser, Usage, Workspace
from scoring import features

pytestmark = pytest.mark.django_db

AS_OF = dt.date(2026, 6, 15)
CATEGORIES = ["core", "advanced", "collaboration", "creation", "admin", "intent", "noise"]


def end_of(days_ago):
    return dt.datetime.combine(AS_OF, dt.time(23, 59), dt.UTC) - dt.timedelta(days=days_ago)


def scene(seed):
    """Random accounts, people in and out of workspaces, and usage around the edges of every window."""
    draw = random.Random(seed)
    accounts = Account.objects.bulk_create(
        Account(
            name=f"c{n}",
            domain=f"c{n}.com",
            employees=draw.choice([None, 30, 90, 300, 5000]),
            employees_at=end_of(draw.choice([-1, 0, 3, 7, 50])),
        )
        for n in range(12)
    )
    merged = Account.objects.create(name="gone", merged_into=accounts[0])
    types = EventType.objects.bulk_create(
        EventType(name=f"e{n}", category=CATEGORIES[n % 7], signal="invite" if n % 7 == 2 and n % 2 else "")
        for n in range(16)
    )
    users = ProductUser.objects.bulk_create(
        ProductUser(
            key=f"u:{n}",
            account=draw.choice([None, merged, *accounts]),
            title=draw.choice(["", "", "CTO"]),
            seniority=draw.choice(["", "director", "other"]),
            buying_role=draw.choice(["", "economic_buyer", "influencer"]),
            buying_confidence=draw.choice([0, 0.3, 0.6, 0.9]),
            first_seen_at=end_of(draw.choice([-1, 0, 5, 27, 28, 29, 60, 200])),
            profiled_at=draw.choice([None, None, end_of(draw.choice([-3, 0, 6, 7, 30]))]),
        )
        for n in range(60)
    )
    spaces = Workspace.objects.bulk_create(
        Workspace(external_id=f"w{n}", account=draw.choice([None, *accounts])) for n in range(15)
    )
    rows, members = {}, set()
    for user in users:
        mine = draw.sample(spaces, draw.choice([0, 0, 1, 2]))
        members.update((user.pk, space.pk) for space in mine)
        for _ in range(draw.choice([0, 3, 40])):
            space = draw.choice([None, *mine])
            day = AS_OF - dt.timedelta(days=draw.choice([-1, 0, 1, 6, 7, 8, 13, 14, 27, 28, 29, 55, 56, 57, 90]))
            rows[user.pk, day, draw.choice(types).pk, space.pk if space else 0] = draw.randint(1, 9)
    Membership.objects.bulk_create(
        Membership(user_id=user, workspace_id=space, first_seen_at=end_of(draw.choice([-2, 0, 6, 7, 20, 150])))
        for user, space in sorted(members)
    )
    Usage.objects.bulk_create(
        Usage(user_id=user, day=day, event_type_id=event, workspace_id=space, count=count)
        for (user, day, event, space), count in rows.items()
    )


def reference(as_of):
    """The same numbers, the slow and plain way."""
    types = {e.pk: e for e in EventType.objects.all()}
    users = {u.pk: u for u in ProductUser.objects.all()}
    spaces = {w.pk: w.account_id for w in Workspace.objects.all()}
    result = {}
    for account in Account.objects.filter(merged_into=None):
        used = []
        for row in Usage.objects.all():
            owner = spaces.get(row.workspace_id) or users[row.user_id].account_id
            age = (as_of - row.day).days
            if owner == account.pk and 0 <= age < 56 and types[row.event_type_id].category != "noise":
                used.append((row.user_id, age, types[row.event_type_id], row.count))
        month = [u for u in used if u[1] < 28]
        people = {u.pk: u.first_seen_at.date() for u in users.values() if u.account_id == account.pk}
        guests = {}
        for m in Membership.objects.all():
            if spaces[m.workspace_id] == account.pk and m.user_id not in people:
                guests[m.user_id] = min(guests.get(m.user_id, dt.date.max), m.first_seen_at.date())
        people |= guests
        known = [users[p] for p, since in people.items() if since <= as_of]

        def profiled(user):
            return (user.profiled_at or user.first_seen_at).date() <= as_of and (user.title or user.seniority)

        def events(rows, category=None):
            return sum(n for _, _, e, n in rows if category is None or e.category == category)

        def active(low, high, rows=used):
            return {who for who, age, _, _ in rows if low <= age < high}

        def growth(now, before, base):
            return (now - before) / max(before, base)

        a28, ap28 = len(active(0, 28)), len(active(28, 56))
        e28, ep28 = events(month), events(used) - events(month)
        per_user = [events([u for u in month if u[0] == who]) for who in active(0, 28)]
        facts = [p for p in known if (p.profiled_at or p.first_seen_at).date() <= as_of]
        buyers = [p for p in facts if p.buying_role == "economic_buyer"]
        best = max((p.buying_confidence for p in buyers), default=0)
        senior = sum(p.seniority in ("c_level", "vp", "director") for p in facts)
        employees = account.employees if account.employees_at.date() <= as_of else None
        size = {None: 40, 30: 20, 90: 40, 300: 60, 5000: 50}[employees]
        core, advanced = events(month, "core"), events(month, "advanced")
        invites = sum(n for _, _, e, n in month if e.signal == "invite")

        def since(*categories, signal=None, rows=month):
            return min((age for _, age, e, _ in rows if e.category in categories or e.signal == signal), default=None)

        kinds = [invites, events(month, "creation"), events(month, "admin"), events(month, "intent")]
        result[account.pk] = {
            "weekly_active_days": len({age for _, age, _, _ in month}) / 4,
            "active_users_7": len(active(0, 7)),
            "active_users_prev_7": len(active(7, 14)),
            "active_users_28": a28,
            "active_users_prev_28": ap28,
            "events_7": events([u for u in used if u[1] < 7]),
            "events_prev_7": events([u for u in used if 7 <= u[1] < 14]),
            "events_28": e28,
            "events_prev_28": ep28,
            "users_growth": growth(a28, ap28, 3),
            "events_growth": growth(e28, ep28, 20),
            "growth": (growth(a28, ap28, 3) + growth(e28, ep28, 20)) / 2,
            "weekly_growth": growth(len(active(0, 7)), len(active(7, 14)), 2),
            "new_users_28": sum((as_of - people[p.pk]).days < 28 for p in known),
            "core_28": core,
            "advanced_28": advanced,
            "collaboration_28": events(month, "collaboration"),
            "creation_28": events(month, "creation"),
            "intent_28": events(month, "intent"),
            "admin_28": events(month, "admin"),
            "invites_28": invites,
            "breadth_28": len({e.pk for _, _, e, _ in month if e.category != "intent"}),
            "feature_depth": 0 if not core else 2 if advanced else 1,
            "behaviours_28": sum(n > 0 for n in kinds),
            "heaviest_share": max(per_user, default=0) / e28 if e28 else 0,
            "people": len(known),
            "profiled_active": sum(bool(profiled(users[u])) for u in active(0, 28)),
            "senior_people": senior,
            "buyers": sum(p.buying_confidence >= 0.6 for p in buyers),
            "buyer_confidence": best,
            "employees": employees,
            "fit": size + (40 if best >= 0.6 else 25 if senior else 0),
            "days_since_last_use": min((age for _, age, _, _ in used), default=None),
            "days_since_first_use": max(((as_of - people[p.pk]).days for p in known), default=None),
            "days_since_intent": since("intent"),
            "days_since_admin": since("admin"),
            "days_since_invite": since(signal="invite"),
            "days_since_behaviour": since("creation", "intent", "admin", signal="invite"),
        }
    return result


def as_rows(matrix):
    return {
        int(account): {
            name: None if np.isnan(matrix[name][place]) else pytest.approx(float(matrix[name][place]))
            for name in matrix
            if name != "account_id"
        }
        for place, account in enumerate(matrix["account_id"])
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_postgresql_computes_what_plain_python_computes(seed):
    scene(seed)
    found = as_rows(features.matrix(AS_OF))
    expected = reference(AS_OF)
    assert found.keys() == expected.keys()
    for account in expected:
        assert found[account] == expected[account]


def test_the_catalogue_names_exactly_the_features_that_are_computed():
    scene(4)
    assert (
        set(features.matrix(AS_OF)) - {"account_id"}
        == set(features.BY_KEY)
        == set(next(iter(reference(AS_OF).values())))
    )


def test_a_few_accounts_get_the_same_numbers_as_in_a_run_over_all():
    scene(5)
    everything = as_rows(features.matrix(AS_OF))
    some = sorted(everything)[2:7]
    assert as_rows(features.matrix(AS_OF, some)) == {account: everything[account] for account in some}


def test_no_account_gives_no_row():
    assert len(features.matrix(AS_OF, [])["account_id"]) == 0
    assert len(features.matrix(AS_OF)["fit"]) == 0


def test_any_past_day_can_be_asked_for():
    scene(6)
    day = AS_OF - dt.timedelta(days=20)
    assert as_rows(features.matrix(day)) == reference(day)


@pytest.mark.parametrize("seed", [1, 8])
def test_the_second_matrix_is_the_first_of_a_week_before(seed):
    scene(seed)
    now, before = features.pair(AS_OF)
    earlier = AS_OF - dt.timedelta(days=7)
    assert as_rows(before) == as_rows(features.matrix(earlier)) == reference(earlier)
    assert as_rows(now) == reference(AS_OF)
