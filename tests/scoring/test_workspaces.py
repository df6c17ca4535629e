"""Scores of workspaces by the definition's recipe for them."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, Workspace
from scoring import definitions, differences, drafts, edits, fields, matrices, rules, runs, shards, workspace_preview
from scoring.models import Definition, Score, WorkspaceScore
from tests.factories import MemberFactory
from tests.feed import account_of, group, identify, load, track

pytestmark = pytest.mark.django_db

EVENTS = ("Report Exported", "Dashboard Created", "Teammate Invited", "Query Run")
#: 10 points a person, a PQA from eight on; alone nobody is more than self-serve.
RECIPE = {
    "components": [
        {
            "key": "team",
            "label": "Team",
            "feature": "active_users_28",
            "weight": 1,
            "curve": {"kind": "linear", "points": [[0, 0], [10, 10]]},
        }
    ],
    "gates": [{"feature": "active_users_28", "minimum": 2, "cap": "self_serve", "reason": "Alone"}],
}


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def space(name, *, people, domain="acme.com", days=(1, 3), first=0):
    """A workspace in which so many people of a company do things on these days ago."""
    users = [f"{number}@{domain}" for number in range(first, first + people)]
    load(*(identify(user, email=user) for user in users), *(group(name, user, name=name.title()) for user in users))
    load(*(track(user, event, days_ago=day, group=name) for user in users for day in days for event in EVENTS))
    return Workspace.objects.get(external_id=name)


def publish(workspace=RECIPE):
    """The next version, which scores workspaces by this, or not."""
    old = definitions.published()
    spec = {name: value for name, value in old.spec.items() if name != "workspace"}
    Definition.objects.filter(pk=old.pk).update(state=Definition.State.RETIRED)
    Definition.objects.create(
        version=old.version + 1,
        name=old.name,
        state=Definition.State.PUBLISHED,
        spec=spec | ({"workspace": workspace} if workspace else {}),
    )


def told():
    rows = WorkspaceScore.objects.order_by("workspace__external_id")
    return {row.workspace.external_id: (row.score, row.tier) for row in rows.select_related("workspace")}


def test_each_workspace_of_an_account_has_its_own_score_tier_and_reasons():
    space("core", people=9)
    space("side", people=3, first=20)
    space("solo", people=1, first=30)
    space("idle", people=1, first=40, days=[40])
    publish()
    runs.score_all()
    assert told() == {
        "core": (90, "pqa"),
        "idle": (None, "self_serve"),
        "side": (30, "self_serve"),
        "solo": (10, "self_serve"),
    }
    assert Score.objects.count() == 1
    core = WorkspaceScore.objects.get(workspace__external_id="core")
    assert [(part["label"], part["value"], part["effect"]) for part in core.contributions] == [("Team", 9.0, 90)]
    assert core.definition == definitions.published()
    assert not core.tier_reason


def test_a_gate_caps_the_tier_and_is_the_reason():
    space("core", people=9)
    publish(RECIPE | {"gates": [{"feature": "people", "minimum": 10, "cap": "activate", "reason": "Fewer than ten"}]})
    runs.score_all()
    row = WorkspaceScore.objects.get()
    assert (row.score, row.tier, row.tier_reason) == (90, "activate", "Fewer than ten")


def test_changed_accounts_have_their_workspaces_scored_and_others_are_left():
    space("core", people=3)
    space("other", people=4, domain="other.com")
    publish()
    runs.score_all()
    before = {row.workspace.external_id: row.scored_at for row in WorkspaceScore.objects.select_related("workspace")}
    load(track("99@acme.com", "Query Run", group="core"))
    assert runs.score_changed() == 1
    assert told() == {"core": (40, "self_serve"), "other": (40, "self_serve")}
    after = {row.workspace.external_id: row.scored_at for row in WorkspaceScore.objects.select_related("workspace")}
    assert (after["core"] > before["core"], after["other"] == before["other"]) == (True, True)


def test_an_unchanged_row_is_not_written_again_and_a_tier_is_left_below_its_threshold():
    space("core", people=9)
    publish()
    runs.score_all()
    first = WorkspaceScore.objects.get()
    runs.score_all()
    assert WorkspaceScore.objects.get().scored_at == first.scored_at
    publish(RECIPE | {"thresholds": {"pqa": 94, "activate": 60}})
    runs.score_all()
    assert WorkspaceScore.objects.get().tier == "pqa", "it leaves five points lower"
    publish(RECIPE | {"thresholds": {"pqa": 94, "activate": 60}, "hysteresis": 0})
    runs.score_all()
    assert WorkspaceScore.objects.get().tier == "activate"


def test_a_definition_without_the_recipe_removes_the_scores_and_costs_one_look():
    space("core", people=9)
    publish()
    runs.score_all()
    publish(None)
    runs.score_all()
    assert not WorkspaceScore.objects.exists()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        runs.score_all()
    assert len([query for query in asked if "workspacescore" in query["sql"]]) == 1


def test_rows_of_workspaces_that_lost_their_account_go_with_the_next_full_run():
    core = space("core", people=9)
    space("side", people=3, first=20)
    publish()
    runs.score_all()
    Workspace.objects.filter(pk=core.pk).update(account=None)
    runs.score_all()
    assert list(told()) == ["side"]


def test_the_features_of_the_run_are_kept_and_worked_out_where_they_are_not(monkeypatch):
    core = space("core", people=9)
    runs.score_all()
    worked_out = matrices.latest_of_workspaces()
    publish()
    runs.score_all()
    monkeypatch.setattr(matrices, "_computed_of_workspaces", None)
    kept = matrices.latest_of_workspaces()
    assert list(kept.account_id) == list(worked_out.account_id) == [core.pk]
    assert kept.features["active_users_28"].tolist() == worked_out.features["active_users_28"].tolist() == [9.0]
    assert matrices.latest().account_id.tolist() == [account_of("0@acme.com").pk]


@pytest.mark.django_db(transaction=True)
def test_shards_write_the_scores_of_workspaces_that_one_run_writes(monkeypatch):
    for number in range(3):
        space(f"core-{number}", people=1 + number, domain=f"company-{number}.com", days=[1])
    publish()
    runs.score_all()
    expected = told()
    WorkspaceScore.objects.all().delete()
    shards.score_all(shards=2)
    assert told() == expected
    monkeypatch.setattr(matrices, "_computed_of_workspaces", None)
    assert len(matrices.latest_of_workspaces()) == 3


def test_what_is_wrong_with_the_recipe_is_told_by_its_path_and_without_one_nothing_is_stored():
    spec = definitions.published().spec
    bad = json.loads(json.dumps(RECIPE))
    bad["components"][0]["curve"]["points"] = [[3, 0], [1, 5]]
    with pytest.raises(rules.BadDefinition) as refused:
        rules.parse(spec | {"workspace": bad})
    assert refused.value.field == "workspace.components[0].curve"
    with pytest.raises(rules.BadDefinition) as refused:
        rules.parse(spec | {"workspace": RECIPE | {"gates": [{**RECIPE["gates"][0], "feature": "nope"}]}}, features={})
    assert refused.value.field.startswith("components[0]")
    plain = rules.parse(spec)
    assert "workspace" not in plain.as_json() == rules.parse(spec | {"workspace": None}).as_json()
    both = rules.parse(spec | {"workspace": RECIPE})
    assert rules.parse(both.as_json()) == both
    assert (both.recipes[0].components, both.width) == (plain.components, plain.width)
    assert both.for_workspaces.thresholds == rules.Thresholds()


# The workbench ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def draft():
    return drafts.begin(member=MemberFactory(role=Role.PRODUCT))


def test_a_draft_scores_workspaces_too_is_edited_on_a_tab_and_stops_with_a_way_back(sign_in, draft):
    space("core", people=9)
    runs.score_all()
    product, page = sign_in(Role.PRODUCT), reverse("draft", args=[draft.pk])

    def post(do, recipe=0, **typed):
        draft.refresh_from_db()
        given = {"do": do, "recipe": recipe, "revision": draft.revision, "name": draft.name}
        return product.post(page, given | typed, follow=True).content.decode()

    first = post("workspaces:")
    assert "Effect on 1 workspace<" in first
    assert "No workspace has a score now" in first
    draft.refresh_from_db()
    assert draft.spec["workspace"]["components"] == draft.spec["components"]
    assert "1 account" in product.get(page).content.decode()

    path = "workspace.components[0]"
    typed = {
        f"{path}.{name}": value
        for name, value in {
            "key": "team", "label": "Team", "feature": "active_users_28", "weight": "1", "curve.kind": "linear",
            "curve.points[0][0]": "0", "curve.points[0][1]": "0", "curve.points[1][0]": "10", "curve.points[1][1]": "10",
        }.items()
    }  # fmt: skip
    typed |= {"workspace.thresholds.pqa": "80", "workspace.thresholds.activate": "60", "workspace.hysteresis": "5"}
    wrong = post("save", fields.WORKSPACES, **typed | {f"{path}.curve.points[1][0]": "-1"})
    assert 'value="-1"' in wrong
    assert "breakpoints must rise" in wrong
    saved = post("save", fields.WORKSPACES, **typed)
    assert "1 would be a PQA" in saved
    draft.refresh_from_db()
    spec = definitions.spec_of(draft)
    assert (spec.workspace.components[0].label, spec.workspace.gates) == ("Team", ())
    assert spec.components == definitions.spec_of(definitions.published()).components

    moved = product.get(reverse("draft_workspaces", args=[draft.pk]), {"now": "self_serve", "then": "pqa"})
    rows = moved.context["rows"]
    assert [(row.name, row.account, row.now, row.draft) for row in rows] == [("Core", "Core", None, 90)]
    assert moved.status_code == 200

    assert "1 would be a PQA" in product.get(reverse("draft_review", args=[draft.pk])).content.decode()

    removed = post("remove:workspace", fields.WORKSPACES)
    assert "Workspaces are not scored any more." in removed
    draft.refresh_from_db()
    assert "workspace" not in draft.spec
    assert "No workspace moves here" in product.get(reverse("draft_workspaces", args=[draft.pk])).content.decode()
    edit = edits.apply(spec.as_json(), "remove:workspace")
    assert edits.put_back(edit.spec, edit.undo) == spec.as_json()


def test_with_usage_in_a_warehouse_the_tab_says_that_workspaces_are_not_scored(sign_in, draft, settings):
    space("core", people=9)
    Definition.objects.filter(pk=draft.pk).update(spec=draft.spec | {"workspace": RECIPE})
    settings.USAGE_URL = "duckdb://elsewhere"
    page = sign_in(Role.PRODUCT).get(reverse("draft", args=[draft.pk]), {"recipe": fields.WORKSPACES})
    assert "Workspaces are not scored while usage lies in a warehouse" in page.content.decode()
    assert "Score workspaces no more" in page.content.decode()


def test_a_published_recipe_is_compared_with_the_draft_of_it():
    space("core", people=9)
    space("side", people=5, first=20)
    publish()
    runs.score_all()
    published = definitions.spec_of(definitions.published())
    said = published.as_json()
    said["workspace"]["thresholds"] = {"pqa": 50, "activate": 30}
    draft = rules.parse(said)
    effect = workspace_preview.compare(draft, published)
    assert effect.cell("self_serve", "pqa").tolist() == [Workspace.objects.get(external_id="side").pk]
    assert (effect.histogram_now == effect.histogram_draft).all()
    assert len(effect.cell("pqa", "pqa")) == 1
    (mover,) = workspace_preview.movers(draft, published, now="self_serve", then="pqa")
    assert (mover.score_now, mover.score_draft, mover.moved) == (50, 50, [])
    assert differences.in_words(published, draft) == [
        "For workspaces: PQA from 80 to 50",
        "For workspaces: Activate from 60 to 30",
    ]
    plain = rules.parse({name: part for name, part in said.items() if name != "workspace"})
    assert differences.in_words(plain, draft) == ["Workspaces are scored too (Team; PQA from 50)"]
    assert differences.in_words(draft, plain) == ["Workspaces are not scored any more"]
    assert workspace_preview.compare(plain, published) is None
