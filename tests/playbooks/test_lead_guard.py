"""Nothing that is a bare sign-up ever reaches sales, whatever the table says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role
from playbooks import effects, lead_guard, queue, routing
from playbooks.feedback import audits
from playbooks.models import QueueItem
from playbooks.routing import Cell, is_bare_sign_up, route
from scoring import before, runs
from scoring.models import Score
from tests.factories import MemberFactory
from tests.feed import account_of, identify, load, track
from tests.playbooks.test_queue import buyer_team, item_of, work
from tests.scoring.test_runs import team

EVERYTHING_TO_SALES = {key: Cell("sales", "Call", True) for key in routing.DEFAULT_TABLE}

cells = st.builds(
    Cell, st.sampled_from(["sales", "success", "marketing", "self_serve"]), st.sampled_from(["", "Call"]), st.booleans()
)
tables = st.dictionaries(st.sampled_from(sorted(routing.DEFAULT_TABLE)), cells)
usage = st.fixed_dictionaries(
    {
        "score": st.none() | st.integers(1, 100),
        "active_users": st.none() | st.integers(0, 3),
        "weekly_active_days": st.none() | st.sampled_from([0, 0.25, 0.5, 7]),
    }
)
places = st.tuples(
    st.sampled_from(routing.TIERS), st.sampled_from(before.BUYER_STATES), st.sampled_from(before.SEGMENTS)
)


@given(tables, places, usage, st.booleans())
def test_no_table_sends_a_bare_sign_up_to_sales_and_arrays_know_the_same(table, place, used, hand):
    tier, buyer_state, segment = place
    is_bare = is_bare_sign_up(**used)
    found = route(tier=tier, buyer_state=buyer_state, segment=segment, hand_raised=hand, is_bare=is_bare, table=table)
    assert ("sales" in found.motions) <= (hand or not is_bare)
    assert found.is_held <= is_bare
    if not is_bare:
        assert found == route(
            tier=tier, buyer_state=buyer_state, segment=segment, hand_raised=hand, is_bare=False, table=table
        )
    arrays = {name: np.array([np.nan if value is None else value]) for name, value in used.items() if name != "score"}
    told = effects.bare_sign_ups(
        score=np.array([used["score"] or 0]),
        active_users=arrays["active_users"],
        weekly_active_days=arrays["weekly_active_days"],
    )
    assert told.tolist() == [is_bare]


@pytest.mark.django_db
def test_who_signed_up_and_came_once_is_held_back_and_counted_until_more_is_done_or_a_hand_is_raised():
    from playbooks import routing_table

    routing_table.save(table=EVERYTHING_TO_SALES, member=MemberFactory(role=Role.ADMIN))
    load(identify("ann", email="ann@once.com"), track("ann"), track("ann", "Dashboard Opened"))
    team("two-people.com", people=2, days=range(1))
    team("two-days.com", people=1, days=range(2))
    load(identify("eve", email="eve@asked.com"), track("eve", "Demo Requested"))
    runs.score_all()
    work()
    sales = set(QueueItem.objects.filter(motion="sales").values_list("account__domain", flat=True))
    assert sales == {"two-people.com", "two-days.com", "asked.com"}
    assert (lead_guard.count(), lead_guard.held()) == (0, 1)
    assert QueueItem.objects.get(account=account_of("ann")).motion == "marketing"
    load(track("ann", days_ago=1))
    work()
    assert item_of(account_of("ann")).first_step == "Call"
    assert (lead_guard.count(), lead_guard.held()) == (0, 0)


@pytest.mark.django_db
def test_one_that_gets_in_around_routing_shows_in_the_count_the_pages_and_the_health(client, sign_in):
    account = buyer_team()
    item = item_of(account)
    assert lead_guard.count() == 0
    assert client.get("/healthz").json()["bare_sign_ups_in_sales"] == 0
    Score.objects.filter(account=account).update(feature_values=[1 / 4, 1, 0, 1])
    assert list(lead_guard.in_sales()) == [item]
    lead_guard.forget()
    assert "1 bare sign-up in sales" in sign_in(Role.ADMIN).get("/settings/routing/").content.decode()
    assert "1 bare sign-up in this queue" in sign_in(Role.SALES).get("/queue/sales/").content.decode()
    # What routing sees, it takes out.
    queue.route_all()
    assert lead_guard.count() == 0
    work()
    item.refresh_from_db()
    assert (item.state, lead_guard.count()) == ("left", 0)
    assert item.events.last().detail == "A bare sign-up now: those never go to sales"
    lead_guard.forget()


@pytest.mark.django_db
def test_no_bare_sign_up_is_drawn_as_an_audit():
    load(identify("ann", email="ann@once.com", title="CEO", employees=500), track("ann", days_ago=9))
    load(identify("bob", email="bob@twice.com", title="CEO", employees=500))
    load(track("bob", days_ago=9), track("bob", days_ago=8))
    work()
    from django.utils import timezone

    assert [score.account.domain for score in audits.eligible("sales", now=timezone.now())] == ["twice.com"]
