import datetime as dt

import pytest
from django.test import Client

from accounts.models import Role
from playbooks import queue
from scoring import definitions, drafts, runs, tasks
from scoring.models import Definition, ScoringRun
from tests.factories import MemberFactory
from tests.scoring.test_runs import team
from tests.scoring.test_workspaces import RECIPE, space

pytestmark = pytest.mark.django_db
LIST = "/api/definitions/"


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def product(sign_in) -> Client:
    return sign_in(Role.PRODUCT)


def send(client, method, address, **body):
    return getattr(client, method)(address, body, content_type="application/json")


def ok(answer, status=200):
    assert answer.status_code == status, answer.content
    return answer.json()


def error(answer, status):
    assert answer.status_code == status, answer.content
    return answer.json()["error"]


def stricter(spec, pqa=84):
    return spec | {"thresholds": {"pqa": pqa, "activate": 60}}


def at(definition, action=""):
    return f"{LIST}{definition['id']}/{action}{'/' if action else ''}"


@pytest.fixture
def draft(product):
    return ok(send(product, "post", LIST), 201)


def test_a_draft_is_begun_saved_and_listed_before_the_versions(product, draft):
    assert (draft["version"], draft["state"], draft["revision"], draft["changes"]) == (None, "draft", 1, [])
    saved = ok(send(product, "patch", at(draft), revision=1, name="Tighter", spec=stricter(draft["spec"])))
    assert (saved["revision"], saved["name"], saved["changes"]) == (2, "Tighter", ["PQA from 80 to 84"])
    assert ok(product.get(at(draft))) == saved
    rows = ok(product.get(LIST))["results"]
    assert [(row["name"], row["version"]) for row in rows] == [("Tighter", None), ("Default", 1)]
    assert "spec" not in rows[0]
    assert [row["id"] for row in ok(product.get(f"{LIST}?state=draft"))["results"]] == [draft["id"]]


def test_of_two_saves_of_one_revision_the_second_is_told_what_is_there(product, draft, sign_in):
    ok(send(product, "patch", at(draft), revision=1, name="First"))
    answer = send(sign_in(Role.ADMIN), "patch", at(draft), revision=1, name="Second")
    assert error(answer, 409)["code"] == "changed"
    assert (answer.json()["current"]["name"], answer.json()["current"]["revision"]) == ("First", 2)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("revision", {"name": "No revision"}),
        ("revision", {"revision": "1"}),
        ("name", {"revision": 1, "name": "  "}),
        ("spec", {"revision": 1, "spec": []}),
        ("spec.components", {"revision": 1, "spec": {"components": []}}),
        ("spec.thresholds.pqa", {"revision": 1, "spec": {"components": [], "thresholds": {"pqa": "80"}}}),
        ("colour", {"revision": 1, "colour": "red"}),
    ],
)
def test_a_bad_save_names_its_field(product, draft, field, body):
    told = error(send(product, "patch", at(draft), **body), 400)
    assert field in (told.get("field"), told["message"].split("`")[1] if "`" in told["message"] else "")
    assert ok(product.get(at(draft)))["revision"] == 1


def test_a_draft_is_put_away_and_comes_back(product, draft):
    assert ok(send(product, "post", at(draft, "discard")))["discarded_at"]
    assert ok(product.get(f"{LIST}?discarded=true"))["count"] == 1
    assert ok(send(product, "post", at(draft, "restore")))["discarded_at"] is None
    first = {"id": definitions.published().pk}
    assert error(send(product, "post", at(first, "discard")), 409)["code"] == "published"


@pytest.mark.parametrize("role", [Role.SALES, Role.SUCCESS, Role.MARKETING])
def test_other_roles_read_and_do_not_write(sign_in, draft, role):
    client = sign_in(role)
    for address in (LIST, at(draft), at(draft, "effects"), at(draft, "movers")):
        assert client.get(address).status_code == 200, address
    assert send(client, "post", at(draft, "preview")).status_code == 200
    for method, address in (
        ("post", LIST),
        ("patch", at(draft)),
        *(("post", at(draft, action)) for action in ("publish", "discard", "restore", "roll-back")),
    ):
        assert send(client, method, address, revision=1).status_code == 403, address


def test_from_preview_to_the_queue_and_back(product, draft):
    account = team()
    runs.score_all()
    while queue.route_scored():
        pass
    score = account.score.score
    spec = stricter(draft["spec"], pqa=min(score + 1, 100)) | {"hysteresis": 0}
    told = ok(send(product, "post", at(draft, "preview"), spec=spec))
    assert sum(told["histogram"]["now"]) == sum(told["histogram"]["draft"]) == told["accounts"] == 1
    moved = {(cell["now"], cell["then"]): cell["accounts"] for cell in told["transitions"]}
    assert (account.score.tier, moved["pqa", "activate"]) == ("pqa", 1)
    assert abs(sum(told["shares"].values()) - 1) < 1e-6
    saved = ok(send(product, "patch", at(draft), revision=1, spec=spec))
    movers = ok(product.get(at(draft, "movers"), {"now": "pqa", "then": "activate"}))
    assert movers["count"] == 1
    assert movers["results"][0]["account"]["id"] == account.pk
    assert movers["results"][0]["score_draft"] == score
    effects = ok(product.get(at(draft, "effects")))
    by_motion = {one["motion"]: one for one in effects["motions"]}
    assert (by_motion["sales"]["leaving"], by_motion["success"]["entering"]) == (1, 1)
    assert error(send(product, "post", at(draft, "publish"), token=effects["token"]), 400)
    assert error(send(product, "post", at(draft, "publish"), token="no", note="Why"), 400)["field"] == "token"
    published = ok(send(product, "post", at(draft, "publish"), token=effects["token"], note="Too many"))
    assert (published["definition"]["version"], published["run"]["state"]) == (2, "running")
    assert published["definition"]["revision"] > saved["revision"]
    again = send(product, "post", at(draft, "publish"), token=effects["token"], note="Too many")
    assert error(again, 409)["code"] == "gone"
    tasks.score_all(published["run"]["id"])
    while queue.route_scored():
        pass
    motions = account.queue_items.filter(state="new").values_list("motion", flat=True)
    assert set(motions) == {"success"}
    first = {"id": Definition.objects.get(version=1).pk}
    back = ok(send(product, "post", at(first, "roll-back")))
    assert (back["definition"]["version"], back["definition"]["note"]) == (3, "Back to version 1.")
    assert error(send(product, "post", at(back["definition"], "roll-back")), 409)["code"] == "same"
    assert ScoringRun.objects.filter(state="stale").count() == 0


def test_a_draft_that_was_saved_since_is_not_published(product, draft):
    ok(send(product, "patch", at(draft), revision=1, spec=stricter(draft["spec"])))
    token = ok(product.get(at(draft, "effects")))["token"]
    ok(send(product, "patch", at(draft), revision=2, spec=stricter(draft["spec"], 90)))
    answer = send(product, "post", at(draft, "publish"), token=token, note="Why")
    assert error(answer, 409)["code"] == "changed"
    assert answer.json()["current"]["revision"] == 3


def test_versions_have_no_token(product, draft):
    assert ok(product.get(at({"id": definitions.published().pk}, "effects")))["token"] is None


def test_a_backtest_tells_weeks_and_bands(product, draft):
    team(days=range(60), people=4)
    answer = ok(send(product, "post", at(draft, "backtest"), weeks=4, horizon_days=14))
    assert [dt.date.fromisoformat(week["day"]).weekday() for week in answer["weeks"]] == [6] * 4
    assert [sum(week["tiers"].values()) for week in answer["weeks"]] == [1] * 4
    assert {band["name"] for band in answer["bands"]} >= {"pqa", "activate", "self_serve"}
    told = ok(send(product, "post", at(draft, "preview")))
    assert told["load"] is None or told["load"]["threshold"] == 80


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("backtest", {"weeks": 0}),
        ("backtest", {"weeks": "4"}),
        ("backtest", {"kinds": []}),
        ("backtest", {"kinds": ["lost"]}),
        ("backtest", {"horizon_days": 10_000}),
        ("preview", {"spec": {"components": []}}),
        ("publish", {"token": "", "note": "x\x00"}),
        ("publish", {"token": "x", "note": "x" * 1001}),
    ],
)
def test_what_cannot_be_is_refused(product, draft, action, body):
    assert error(send(product, "post", at(draft, action), **body), 400)


@pytest.mark.parametrize("query", ["now=hot", "then=", "limit=0", "offset=-1", "now=pqa&now=pqa", "colour=red"])
def test_a_wrong_cell_is_refused(product, draft, query):
    assert error(product.get(f"{at(draft, 'movers')}?{query}"), 400)["field"] == query.partition("=")[0]


def test_a_draft_of_another_has_its_spec(product, draft):
    ok(send(product, "patch", at(draft), revision=1, spec=stricter(draft["spec"])))
    second = ok(send(product, "post", LIST, based_on=draft["id"], name="Second"), 201)
    assert second["changes"] == ["PQA from 80 to 84"]
    assert error(send(product, "post", LIST, based_on=999_999), 400)["field"] == "based_on"


def test_drafts_of_others_are_there_too(product, draft):
    drafts.begin(member=MemberFactory(role=Role.ADMIN, name="Ada Admin"), name="Hers")
    row = ok(product.get(LIST))["results"][0]
    assert (row["name"], row["created_by"]) == ("Hers", "Ada Admin")


def test_a_recipe_for_workspaces_is_sent_read_back_previewed_and_refused_at_its_field(product, draft):
    space("core", people=9)
    runs.score_all()
    assert ok(send(product, "post", at(draft, "preview")))["workspaces"] is None
    spec = draft["spec"] | {"workspace": RECIPE}
    saved = ok(send(product, "patch", at(draft), revision=1, spec=spec))
    assert saved["spec"]["workspace"]["components"][0]["feature"] == "active_users_28"
    assert saved["changes"] == ["Workspaces are scored too (Team; PQA from 80)"]
    found = ok(send(product, "post", at(draft, "preview")))["workspaces"]
    assert (found["workspaces"], found["histogram"]["now"][0], found["histogram"]["draft"][90]) == (1, 1, 1)
    assert {"now": "self_serve", "then": "pqa", "workspaces": 1} in found["transitions"]
    assert found["shares"] == {"team": 1.0}
    bad = spec | {"workspace": RECIPE | {"thresholds": {"pqa": 50, "activate": 60}}}
    assert "spec.workspace.thresholds" in str(error(send(product, "patch", at(draft), revision=2, spec=bad), 400))
