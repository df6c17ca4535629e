"""What publishing a draft would do to the queues is what it does."""

import itertools

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from playbooks import effects, queue, routing
from playbooks.models import QueueItem, RoutingRule
from playbooks.verbs.verbs import claim
from scoring import before, definitions, drafts, publishing, rules, runs, tasks
from tests.factories import MemberFactory
from tests.feed import load, track
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def world():
    """Accounts in every tier, scored and routed."""
    for number, (people, days) in enumerate(itertools.product((1, 3, 5, 9), (1, 2, 4))):
        team(f"company-{number}.com", people=people, days=range(0, 28, days))
    load(track("0@company-11.com", "Demo Requested"))
    runs.score_all()
    work()


def work():
    while queue.route_scored():
        pass


def spec(**thresholds):
    told = definitions.published().spec
    return rules.parse(told | {"thresholds": told["thresholds"] | thresholds, "hysteresis": 0})


def publish(wanted):
    member = MemberFactory(role=Role.PRODUCT)
    draft = drafts.begin(member=member, spec=wanted.as_json())
    _version, run = publishing.publish(
        draft_id=draft.pk, token=publishing.token(draft), note="Why", member=member, enqueue=lambda run: None
    )
    tasks.score_all(run.pk)
    work()


def by_motion(found):
    return {one.motion: one for one in found.motions}


def open_items():
    return {
        motion.value: set(QueueItem.objects.open().filter(motion=motion, mark="").values_list("account_id", flat=True))
        for motion in effects.MOTIONS
    }


def test_the_definition_in_force_changes_nothing(world):
    found = effects.of(definitions.spec_of(definitions.published()))
    assert found.is_nothing
    assert sum(one.items_now for one in found.motions) == QueueItem.objects.open().count() > 0


@pytest.mark.parametrize(
    "thresholds", [{"pqa": 96, "activate": 70}, {"pqa": 99, "activate": 98}, {"pqa": 50, "activate": 20}]
)
def test_what_is_told_is_what_publishing_does(world, thresholds):
    wanted = spec(**thresholds)
    sales = QueueItem.objects.open().filter(motion="sales", hand_raised_at=None).order_by("-score")
    rep = MemberFactory(role=Role.SALES, name="Sam Rep")
    for item in sales[:2]:
        claim(item_id=item.pk, member=rep)
    was = open_items()
    told = by_motion(effects.of(wanted))
    publish(wanted)
    now = open_items()
    assert any(one.entering or one.leaving for one in told.values())
    for motion, one in told.items():
        assert {line.account_id for line in one.enter} == now[motion] - was[motion]
        assert {line.account_id for line in one.leave} | {line.account_id for line in one.mark} == was[motion] - now[
            motion
        ]
        assert one.entering == len(one.enter)
        assert one.items_then == QueueItem.objects.open().filter(motion=motion).count()
        for line in [*one.enter, *one.leave, *one.mark]:
            score = QueueItem.objects.filter(account=line.account_id).first().account.score
            assert (line.score_draft, line.tier_draft) == (score.score, score.tier)
            assert line.name
        assert {line.owner for line in one.mark} <= {"Sam Rep"}
    marked = set(QueueItem.objects.exclude(mark="").values_list("account_id", flat=True))
    assert {line.account_id for one in told.values() for line in one.mark} == marked
    again = by_motion(effects.of(spec(pqa=80, activate=60)))
    assert sum(one.unmarked for one in again.values()) == len(marked)


def test_a_raised_hand_stays_whatever_the_draft_says(world):
    raised = QueueItem.objects.get(hand_raised_at__isnull=False)
    told = by_motion(effects.of(spec(pqa=100, activate=99)))
    assert raised.account_id not in {line.account_id for line in told["sales"].leave}


def test_the_arrays_are_routed_as_single_accounts_are():
    RoutingRule.objects.create(
        tier="self_serve", buyer_state="none", segment="enterprise", motion="marketing", also_marketing=True
    )
    table = queue.table()
    every = list(itertools.product(range(3), range(4), range(4), [False, True], [False, True]))
    tier, buyer, segment, hands, bare = (np.array(column) for column in zip(*every, strict=True))
    bits = effects.motions_of(table, tier=tier, buyer_state=buyer, segment=segment, hands=hands, bare=bare)
    for row, (t, b, s, hand, is_bare) in enumerate(every):
        route = routing.route(
            tier=rules.TIERS[t], buyer_state=before.BUYER_STATES[b], segment=rules.SEGMENTS[s], hand_raised=hand,
            is_bare=is_bare, table=table,
        )  # fmt: skip
        told = {motion.value for place, motion in enumerate(effects.MOTIONS) if bits[row] >> place & 1}
        assert told == set(route.motions)


def test_nobody_is_no_work():
    assert effects.of(definitions.spec_of(definitions.published())).is_nothing


def test_queries_do_not_grow_with_accounts(world):
    wanted = spec(pqa=99, activate=98)
    effects.of(wanted)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        effects.of(wanted)
    assert len(captured) <= 8
