"""Workspaces that stand in the queues, beside and in place of their account."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import corrections
from accounts.models import Role
from playbooks import effects, following, plans, queue, routing, routing_preview, routing_table
from playbooks.models import QueueItem, QueueItemEvent
from playbooks.verbs import verbs
from scoring import definitions, differences, edits, rules, runs
from scoring.models import Score
from tests.factories import MemberFactory
from tests.feed import account_of, identify, load, track
from tests.scoring.test_workspaces import RECIPE, publish, space

pytestmark = pytest.mark.django_db
IN_QUEUE = RECIPE | {"in_queue": True}


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def work():
    runs.score_all()
    queue.route_all()
    while queue.route_scored():
        pass


def big(name, first):
    """A workspace of nine people, by the recipe a PQA."""
    return space(name, people=9, first=first)


@pytest.fixture
def company():
    """An account with two qualified workspaces and a small one, in sales' queue as one item."""
    space("core", people=9, days=range(0, 28, 2))  # so that the account is one too
    big("labs", 20)
    space("side", people=2, first=40)
    load(identify("0@acme.com", email="0@acme.com", title="Chief Executive Officer", employees=500))
    work()
    return account_of("0@acme.com")


def standing(motion="sales"):
    rows = QueueItem.objects.open().filter(motion=motion).order_by("workspace__external_id")
    return [(row.workspace.external_id if row.workspace else None, row.state) for row in rows]


def test_by_default_the_account_stands_alone_also_when_workspaces_are_scored(company):
    assert standing() == [(None, "new")]
    publish()
    work()
    assert standing() == [(None, "new")]


def test_qualified_workspaces_take_the_place_of_the_account_and_give_it_back(company):
    publish(IN_QUEUE)
    work()
    assert standing() == [("core", "new"), ("labs", "new")]
    core = QueueItem.objects.open().get(workspace__external_id="core")
    assert (core.account, core.score, core.tier, core.delta) == (company, 90, "pqa", 0)
    assert (core.segment, core.buyer_state, core.buyer.email) == ("mid_market", "likely", "0@acme.com")
    gone = QueueItem.objects.get(workspace=None)
    assert (gone.state, gone.events.last().detail) == ("left", "Its workspaces stand in the queue")
    before = QueueItemEvent.objects.count()
    work()
    assert QueueItemEvent.objects.count() == before

    rep = MemberFactory(role=Role.SALES)
    assert verbs.claim(item_id=core.pk, member=rep).won
    publish(RECIPE)
    work()
    assert standing() == [("core", "claimed")]  # nobody has the account while somebody is at work on it
    core.refresh_from_db()
    assert core.mark == "Workspaces stand in the queue no more"
    verbs.release(item_id=core.pk, member=rep)
    while queue.route_scored():
        pass
    assert standing() == [(None, "new")]


def test_while_somebody_has_the_account_its_workspaces_wait(company):
    rep = MemberFactory(role=Role.SALES)
    own = QueueItem.objects.get()
    verbs.claim(item_id=own.pk, member=rep)
    told = effects.of(rules.parse(definitions.published().spec | {"workspace": IN_QUEUE}))
    assert told.is_nothing
    publish(IN_QUEUE)
    work()
    assert standing() == [(None, "claimed")]
    own.refresh_from_db()
    assert own.mark == ""

    verbs.finish(item_id=own.pk, member=rep, outcome="no_answer")
    work()
    assert standing() == []  # they rest with their account


def test_the_effect_of_a_draft_counts_workspaces_and_accounts_that_give_way(company):
    spec = rules.parse(definitions.published().spec | {"workspace": IN_QUEUE})
    told = effects.of(spec)
    sales = told.motions[0]
    assert (sales.items_now, sales.leaving, sales.items_then) == (1, 1, 0)
    assert [(one.motion, one.items_now, one.items_then) for one in told.spaces][0] == ("sales", 0, 2)

    publish(IN_QUEUE)
    work()
    back = effects.of(rules.parse(definitions.published().spec | {"workspace": RECIPE}))
    sales = back.motions[0]
    assert (sales.items_now, sales.entering, sales.items_then) == (0, 1, 1)
    assert [(one.motion, one.items_now, one.items_then) for one in back.spaces][0] == ("sales", 2, 0)
    assert effects.of(definitions.spec_of(definitions.published())).is_nothing


def test_the_switch_of_the_workbench_is_a_change_of_the_draft():
    spec = definitions.published().spec | {"workspace": RECIPE}
    on = edits.apply(spec, "in_queue:1").spec
    assert rules.parse(on).queues_workspaces
    assert "Workspaces stand in the queues" in differences.in_words(rules.parse(spec), rules.parse(on))
    off = rules.parse(edits.apply(on, "in_queue:0").spec)
    assert off.as_json() == rules.parse(spec).as_json()
    assert "in_queue" not in off.as_json()["workspace"]


def test_a_workspace_rests_alone(company):
    publish(IN_QUEUE)
    work()
    rep = MemberFactory(role=Role.SALES)
    core = QueueItem.objects.open().get(workspace__external_id="core")
    verbs.claim(item_id=core.pk, member=rep)
    verbs.finish(item_id=core.pk, member=rep, outcome="no_answer")
    work()
    assert standing() == [("labs", "new")]


def test_a_raised_hand_is_the_accounts(company):
    publish(IN_QUEUE)
    work()
    load(track("1@acme.com", "Contact Sales Submitted", group="core"))
    work()
    (stands,) = QueueItem.objects.open().filter(motion="sales")
    assert (stands.workspace, stands.hand_raised_at is not None) == (None, True)
    left = QueueItem.objects.filter(workspace__external_id="core").first()
    assert left.events.last().detail == "The account raised a hand and stands for it"


def test_the_row_the_file_and_the_api_name_the_workspace(company, sign_in):
    publish(IN_QUEUE)
    work()
    client = sign_in(Role.SALES)
    page = client.get("/queue/sales/").content.decode()
    assert page.count('class="tag row-space"') == 2
    assert "Core" in page
    lines = b"".join(client.get("/queue/sales/queue.csv")).decode()
    assert "Workspace" in lines.splitlines()[0]
    assert ",Core\r\n" in lines
    told = client.get("/api/queue/sales/").json()["results"]
    assert sorted(item["workspace"]["external_id"] for item in told) == ["core", "labs"]
    found = client.get("/api/queue/sales/?workspace=core").json()["results"]
    assert [item["workspace"]["name"] for item in found] == ["Core"]
    assert client.get("/queue/sales/?q=labs").content.decode().count('class="tag row-space"') == 1
    assert client.get("/queue/sales/?of=account").content.decode().count('class="tag row-space"') == 0
    assert client.get("/queue/sales/?of=workspace").content.decode().count('class="tag row-space"') == 2
    item = QueueItem.objects.open().get(workspace__external_id="core")
    assert "is about the workspace Core." in client.get(f"/queue/sales/?item={item.pk}").content.decode()


def test_the_number_of_queries_stays_with_more_workspaces(company):
    publish(IN_QUEUE)

    def routing():
        runs.score_all()
        queue.route_all()
        with CaptureQueriesContext(connection) as seen:
            queue.route_scored()
        return len(seen)

    routing()
    big("more", 60)
    one_enters = routing()
    big("most", 80)
    big("uppermost", 100)
    assert routing() == one_enters


@pytest.fixture
def world():
    """Three companies with two qualified workspaces each, and one with a workspace that qualifies alone."""
    for number in range(3):
        for place, people in ((0, 9), (1, 7)):
            name = f"c{number}-{place}"
            space(name, people=people, first=50 * place, days=range(0, 28, 2), domain=f"c{number}.com")
        load(identify("0@x", email=f"0@c{number}.com", title="Chief Executive Officer", employees=500))
    space("c9-0", people=9, domain="c9.com")
    work()
    return MemberFactory(role=Role.SALES), MemberFactory(role=Role.SUCCESS)


def whose():
    """(account, workspace) of each open item with its owner, by motion."""
    rows = QueueItem.objects.open().values_list("motion", "account", "workspace", "owner")
    return {(motion, account, space): owner for motion, account, space, owner in rows}


def counted(wanted):
    return {
        motion: tuple(
            QueueItem.objects.open().filter(motion=motion, workspace__isnull=whole).count() for whole in (True, False)
        )
        for motion in wanted
    }


def switch(recipe):
    """Publishes, and holds what was foretold against what came."""
    told = effects.of(rules.parse(definitions.published().spec | {"workspace": recipe}))
    spaces = {one.motion: one for one in told.spaces}
    foretold = {one.motion: (one.items_then, spaces[one.motion].items_then if spaces else 0) for one in told.motions}
    marked = sum(one.marked for one in [*told.motions, *told.spaces])
    before = QueueItem.objects.open().exclude(mark="").count()
    publish(recipe)
    work()
    assert counted(foretold) == foretold
    assert QueueItem.objects.open().exclude(mark="").count() - before == marked - sum(
        one.unmarked for one in [*told.motions, *told.spaces]
    )
    assert_nobody_calls_twice()


def assert_nobody_calls_twice():
    for motion, account, workspace in whose():
        if workspace is None:
            assert [key for key in whose() if key[:2] == (motion, account)] == [(motion, account, None)]


def test_switching_from_accounts_to_workspaces_and_back_loses_nothing_and_is_foretold(world):
    sales, success = world
    items = list(QueueItem.objects.filter(motion="sales").order_by("pk"))
    assert len(items) >= 3
    verbs.claim(item_id=items[0].pk, member=sales)
    verbs.claim(item_id=items[1].pk, member=sales)
    verbs.snooze(item_id=items[1].pk, member=sales, until=None)
    verbs.claim(item_id=items[2].pk, member=sales)
    verbs.finish(item_id=items[2].pk, member=sales, outcome="no_answer")
    owned = {key: owner for key, owner in whose().items() if owner}
    switch(IN_QUEUE)
    assert owned.items() <= whose().items()
    assert any(workspace for _motion, _account, workspace in whose())

    spaces = list(QueueItem.objects.open().filter(workspace__isnull=False).order_by("motion", "pk"))
    mine = {item.motion: item for item in spaces}
    for item in mine.values():
        verbs.claim(item_id=item.pk, member=sales if item.motion == "sales" else success)
    plans.make(item_id=mine["success"].pk, member=success)
    owned = {key: owner for key, owner in whose().items() if owner}
    switch(RECIPE)
    assert owned.items() <= whose().items()
    assert plans.of_item(mine["success"].pk).filter(done_at=None).exists()
    switch(IN_QUEUE)
    assert owned.items() <= whose().items()
    assert not QueueItem.objects.open().filter(pk__in=[item.pk for item in mine.values()]).exclude(mark="").exists()
    switch(RECIPE)
    verbs.finish(item_id=mine["sales"].pk, member=sales, outcome="no_answer")
    work()
    assert any(key[1:] == (mine["sales"].account_id, None) for key in whose())


def test_what_a_routing_table_would_do_to_workspaces_is_what_saving_it_does(world):
    sales, success = world
    publish(IN_QUEUE)
    work()
    for motion, member in (("sales", sales), ("success", success)):
        items = list(QueueItem.objects.open().filter(motion=motion, workspace__isnull=False).order_by("pk"))
        for item in items[:2]:
            verbs.claim(item_id=item.pk, member=member)
        if items[1:]:
            verbs.disqualify(item_id=items[1].pk, member=member, reason="too_small")
    admin = MemberFactory(role=Role.ADMIN)
    for table in (
        {key: routing.Cell("marketing") for key in routing.DEFAULT_TABLE},
        routing.DEFAULT_TABLE,
        {
            key: routing.Cell("sales" if cell.motion == "success" else "success")
            for key, cell in routing.DEFAULT_TABLE.items()
        },
        {key: routing.Cell("self_serve") for key in routing.DEFAULT_TABLE},
        routing.DEFAULT_TABLE,
    ):
        told = {one.motion: one for one in routing_preview.of(table).motions}
        before = set(QueueItem.objects.open().values_list("pk", flat=True))
        routing_table.save(table=table, member=admin)
        while queue.route_scored():
            pass
        now = QueueItem.objects.open()
        new = {(one.motion, one.called) for one in now.exclude(pk__in=before).select_related("account", "workspace")}
        assert {(one.motion, line.name) for one in told.values() for line in one.enter} <= new
        assert sum(one.entering for one in told.values()) == len(new)
        for motion, one in told.items():
            assert one.items_then == now.filter(motion=motion).count()
        assert routing_preview.of(table).is_nothing
        assert_nobody_calls_twice()


def test_a_workspace_that_moves_takes_its_items_along_and_comes_back_with_them(world):
    sales, _success = world
    publish(IN_QUEUE)
    work()
    mine = QueueItem.objects.open().filter(motion="sales", workspace__isnull=False).order_by("pk").first()
    verbs.claim(item_id=mine.pk, member=sales)
    home, other = mine.account_id, Score.objects.exclude(account=mine.account_id).order_by("pk").last().account_id
    moved = following.correct(corrections.move_workspace, workspace_id=mine.workspace_id, into_id=other, member=None)
    work()
    mine.refresh_from_db()
    assert (mine.account_id, mine.owner, mine.state) == (other, sales, "claimed")
    assert_nobody_calls_twice()
    following.correct(corrections.undo, correction_id=moved.pk, member=None)
    work()
    mine.refresh_from_db()
    assert (mine.account_id, mine.owner, mine.state, mine.mark) == (home, sales, "claimed", "")
    merged = following.correct(corrections.merge, account_id=home, into_id=other, member=None)
    work()
    mine.refresh_from_db()
    assert (mine.account_id, mine.owner, mine.state) == (other, sales, "claimed")
    assert_nobody_calls_twice()
    following.correct(corrections.undo, correction_id=merged.pk, member=None)
    work()
    mine.refresh_from_db()
    assert (mine.account_id, mine.owner, mine.state) == (home, sales, "claimed")
    assert_nobody_calls_twice()
