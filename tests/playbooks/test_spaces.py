"""Workspaces that stand in the queues, beside and in place of their account."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from playbooks import effects, queue
from playbooks.models import QueueItem, QueueItemEvent
from playbooks.verbs import verbs
from scoring import definitions, differences, edits, rules, runs
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
