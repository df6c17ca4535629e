"""An item that is about a workspace: everything of it is the workspace's, and what is the account's says so."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from playbooks import plans, queue
from playbooks.feedback import answers, audits
from playbooks.models import Answer, Motion, QueueItem, Step
from playbooks.plays import values
from playbooks.verbs import verbs
from scoring import definitions, runs
from scoring.models import Definition, WorkspaceScore, WorkspaceScoreChange
from tests.factories import MemberFactory
from tests.feed import identify, load, track
from tests.playbooks.test_spaces import IN_QUEUE, work
from tests.scoring.test_workspaces import publish, space

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def item():
    """Of the workspace core: nine people, four of them since this week; the account's buyer works in another workspace."""
    space("core", people=5, days=(2, 9, 12))
    space("core", people=9, days=(1, 2))
    space("side", people=2, first=40)
    load(identify("40@acme.com", email="40@acme.com", title="Chief Executive Officer", employees=500))
    load(track("41@acme.com", "Pricing Viewed", group="side"))
    publish(IN_QUEUE)
    work()
    return QueueItem.objects.open().get(motion=Motion.SALES, workspace__external_id="core")


def test_the_pane_tells_of_the_workspace_and_says_what_is_of_the_whole_account(item, sign_in):
    assert (item.score, item.delta) == (90, 40)
    assert item.why_now.endswith("(of the whole account); 5 → 9 active people in 28 days (+40)")
    assert item.buyer.email == "40@acme.com"
    client = sign_in(Role.SALES)
    answer = client.get(f"/queue/sales/?item={item.pk}")
    detail = answer.context["page"].detail
    assert (detail.header.name, detail.header.score, detail.header.delta) == (item.called, 90, 40)
    assert "one of 2 workspaces" in detail.header.facts
    assert [(part.label, part.effect, part.change) for part in detail.why.parts] == [("Team", 90, 40)]
    assert detail.people_words == "9 known"
    assert "40@acme.com" not in [person.email or person.name for person in detail.people]
    assert detail.weeks.weeks[-1].people == 9
    assert [(one.kind, one.of_account) for one in detail.reach] == [("buyer", True), ("champion", False)]
    buyer = detail.group.roles[0]
    assert ("40@acme.com", True) in [(one.name, one.is_outside) for one in buyer.holders]
    assert "pricing" not in [signal.kind for signal in detail.signals]
    page = answer.content.decode()
    assert page.count("of the whole account") >= 3
    assert "This item is about the workspace Core." in page


def test_history_and_the_places_of_workspaces_stand_on_the_accounts_page(item, sign_in):
    rep = MemberFactory(role=Role.SALES, name="Ana Diaz")
    verbs.claim(item_id=item.pk, member=rep)
    load(track("70@acme.com", "Query Run", group="core"))
    runs.score_all()
    assert [row.score for row in WorkspaceScoreChange.objects.filter(workspace=item.workspace_id).order_by("pk")] == [
        90,
        100,
    ]
    client = sign_in(Role.SALES)
    found = client.get(f"/accounts/{item.account_id}/").context["page"].scored_workspaces
    core = found.lines[0]
    assert (core.name, core.score, core.delta, core.finding) == ("Core", 100, 50, "Score up from 90 to 100 in 1 day")
    assert [(one.motion, one.owner, one.state) for one in core.in_queue] == [("Sales", "Ana Diaz", "Claimed")]
    told = client.get(f"/api/accounts/{item.account_id}/").json()["workspace_scores"][0]
    assert (told["week_ago_score"], told["delta"]) == (50, 50)


def test_an_answer_keeps_what_was_said_of_the_workspace(item):
    rep = MemberFactory(role=Role.SALES)
    verbs.claim(item_id=item.pk, member=rep)
    answers.give(item_id=item.pk, member=rep, verdict="wrong", reason="too_small")
    given = Answer.objects.get()
    row = WorkspaceScore.objects.get(pk=item.workspace_id)
    assert (given.score, given.tier, given.effects) == (90, "pqa", [90])
    assert given.feature_values == pytest.approx(row.feature_values, nan_ok=True)


def test_a_plan_of_a_workspace_ticks_itself_by_the_workspace_alone(item):
    space("labs", people=6, first=60)
    work()
    success = MemberFactory(role=Role.SUCCESS)
    labs = QueueItem.objects.open().get(motion=Motion.SUCCESS, workspace__external_id="labs")
    verbs.claim(item_id=labs.pk, member=success)
    (line,) = plans.make(item_id=labs.pk, member=success)
    assert (line.feature, line.start, line.target) == ("active_users_28", 6, 8)
    load(*(track(f"{n}@acme.com", "Query Run", group="side") for n in range(80, 90)))
    work()
    assert Step.objects.get().done_at is None
    load(*(track(f"{n}@acme.com", "Query Run", group="labs") for n in range(90, 92)))
    runs.score_all()
    queue.route_all()
    queue.route_scored()
    assert Step.objects.get().done_at is not None


def test_answers_about_workspaces_are_weighed_by_the_recipe_for_workspaces(item, sign_in):
    rep, told = MemberFactory(role=Role.SALES), WorkspaceScore.objects.get(pk=item.workspace_id)
    engine = {"definition": told.definition, "tier": "pqa", "segment": "mid_market", "effects": [90]}
    people = told.feature_values.index(9.0)
    for number in range(24):
        mine = QueueItem.objects.create(
            account=item.account, workspace=item.workspace, motion="sales", state="done", outcome="meeting", tier="pqa",
            segment="mid_market", entered_at=item.entered_at, updated_at=item.entered_at, closed_at=item.entered_at,
        )  # fmt: skip
        values = list(told.feature_values)
        values[values.index(9.0, people)] = 8.0 + number % 2
        verdict, why = ("wrong", "too_small") if number % 2 == 0 else ("good", "")
        for place in [place for place, value in enumerate(told.feature_values) if value == 9.0]:
            values[place] = 8.0 + number % 2
        Answer.objects.create(
            item=mine, account=item.account, motion="sales", member=rep, at=item.entered_at, verdict=verdict, reason=why,
            score=80 + 10 * (number % 2), feature_values=values, **engine,
        )  # fmt: skip
    client = sign_in(Role.PRODUCT)
    found = client.get("/api/counterfactuals/?motion=sales").json()
    assert (found["of"], found["wrong"], found["good"]) == ("workspace", 12, 12)
    change = found["reasons"][0]["findings"][0]["change"]
    assert client.get("/api/counterfactuals/?motion=sales&of=account").json()["wrong"] == 0
    page = client.get("/feedback/?motion=sales&of=workspace").content.decode()
    assert "Weighed are answers about workspaces" in page
    assert item.called in page
    opened = client.post(
        "/api/counterfactuals/",
        {"kind": change["kind"], "key": change["key"], "motion": "sales", "of": "workspace", "reason": "too_small"},
        content_type="application/json",
    )
    draft = Definition.objects.get(pk=opened.json()["id"])
    published = definitions.spec_of(definitions.published()).as_json()
    assert draft.spec["workspace"] != published["workspace"]
    assert draft.spec["components"] == published["components"]
    assert "24 are about workspaces" in client.get("/queue/sales/trust/").content.decode()
    assert b"Core" in b"".join(client.get(reverse("feedback_csv") + "?motion=sales"))


def test_workspaces_below_their_threshold_are_drawn_as_audits(item):
    space("side", people=3, first=42)
    WorkspaceScore.objects.filter(workspace__external_id="side").update(tier="self_serve")
    space("labs", people=7, first=60)
    work()
    QueueItem.objects.filter(workspace__external_id="labs").delete()
    names = {row.workspace.external_id for row in audits.eligible_spaces("sales", now=timezone.now())}
    assert names == {"labs", "side"}


def test_a_play_speaks_of_the_usage_in_the_workspace(item):
    item = QueueItem.objects.for_rows().get(pk=item.pk)
    told = values.of_item(item, MemberFactory(), only=["active_users_28", "people", "account", "top_feature"])
    assert (told["active_users_28"], told["people"], told["account"]) == ("9", "9", item.account.name)
    assert told["top_feature"]
