"""The form of a draft: inputs are named by their path in the spec, and edits change only what they are about."""

import copy
import html

import pytest
from django.urls import reverse

from accounts.models import Role
from scoring import backtest, defaults, drafts, edits, effect_screen, fields, recipes, workbench
from scoring.models import Definition

SPEC = copy.deepcopy(defaults.SPEC)


@pytest.fixture
def product(sign_in):
    return sign_in(Role.PRODUCT)


def flat(spec, at=""):
    """A spec as a browser posts it."""
    if isinstance(spec, dict):
        return {k: v for name, value in spec.items() for k, v in flat(value, f"{at}.{name}" if at else name).items()}
    if isinstance(spec, list | tuple):
        return {k: v for place, value in enumerate(spec) for k, v in flat(value, f"{at}[{place}]").items()}
    return {at: str(spec)}


def test_what_is_posted_is_the_spec_again():
    read = fields.read(flat(SPEC), {}, recipe=0)
    assert recipes.parse(read) == recipes.parse(SPEC)


def test_a_variant_is_read_into_its_place_and_leaves_the_base_alone():
    spec = edits.apply(SPEC, "variant:enterprise").spec
    posted = flat(spec) | {"variants[0].thresholds.pqa": "71"}
    posted = {name: text for name, text in posted.items() if name.startswith("variants[0].")}
    read = fields.read(posted, spec, recipe=1, segments=["enterprise", "smb"])
    assert read["thresholds"]["pqa"] == 80
    assert read["variants"][0]["thresholds"]["pqa"] == 71
    assert read["variants"][0]["segments"] == ["enterprise", "smb"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("components[0].weight", "much"), ("thresholds.pqa", "80.5"), ("thresholds.pqa", "nan"), ("hysteresis", "")],
)
def test_what_is_no_number_is_refused_at_its_input(name, text):
    with pytest.raises(recipes.BadDefinition) as refused:
        fields.read(flat(SPEC) | {name: text}, SPEC, recipe=0)
    assert refused.value.field == name


def test_what_is_removed_can_be_put_back():
    edit = edits.apply(SPEC, "remove:components[2]")
    assert [part["key"] for part in edit.spec["components"]] == ["usage", "team", "velocity", "behaviour", "fit"]
    assert edits.put_back(edit.spec, edit.undo) == SPEC
    with pytest.raises(recipes.BadDefinition):
        edits.apply(SPEC, "remove:components[9]")


def test_a_component_is_put_in_a_place_of_its_own():
    keys = [part["key"] for part in edits.apply(SPEC, "to:components[0]:2").spec["components"]]
    assert keys == ["team", "features", "usage", "velocity", "behaviour", "fit"]
    with pytest.raises(recipes.BadDefinition):
        edits.apply(SPEC, "to:components[0]:last")


def test_the_threshold_that_a_team_can_work_is_that_of_the_recipe():
    spec = edits.apply(SPEC, "variant:enterprise").spec
    changed = edits.apply(spec, "threshold:variants[0].77").spec
    assert (changed["thresholds"]["pqa"], changed["variants"][0]["thresholds"]["pqa"]) == (80, 77)
    assert edits.apply(spec, "threshold:78").spec["thresholds"]["pqa"] == 78


def test_what_is_left_of_a_signal_is_a_table_too():
    assert [workbench.left_after(days, 15) for days in (0, 15, 30)] == ["100", "50", "25"]
    assert workbench.left_after(90, None) == "100"


def test_a_place_is_the_nearest_around_what_is_wrong():
    known = ["components[0].curve", "components[0]", "thresholds"]
    assert fields.place_of("components[0].curve.points[1][0]", known) == "components[0].curve"
    assert fields.place_of("components[0].label", known) == "components[0]"
    assert fields.place_of("elsewhere", known) == ""


@pytest.mark.django_db
def test_a_save_of_an_old_revision_answers_409_and_keeps_what_was_typed(product):
    draft = drafts.begin(member=product.member)
    drafts.save(draft_id=draft.pk, revision=1, member=product.member, name="Theirs")
    posted = flat(draft.spec) | {"revision": "1", "recipe": "0", "components[0].weight": "77", "name": draft.name}
    answer = product.post(reverse("draft", args=[draft.pk]), posted)
    assert answer.status_code == 409
    assert 'value="77"' in answer.content.decode()
    assert Definition.objects.get(pk=draft.pk).revision == 2


@pytest.mark.django_db
def test_others_read_a_draft_and_may_not_save_it(sign_in, product):
    draft = drafts.begin(member=product.member)
    reader = sign_in(Role.MARKETING)
    assert "disabled" in reader.get(reverse("draft", args=[draft.pk])).content.decode()
    assert reader.post(reverse("draft", args=[draft.pk]), {"revision": "1"}).status_code == 403


@pytest.mark.django_db
def test_a_discarded_draft_comes_back_from_its_toast(product):
    draft = drafts.begin(member=product.member, name="Team first")
    page = product.post(reverse("draft_discard", args=[draft.pk]), follow=True).content.decode()
    assert reverse("draft_restore", args=[draft.pk]) in page
    product.post(reverse("draft_restore", args=[draft.pk]))
    assert Definition.objects.get(pk=draft.pk).discarded_at is None


@pytest.mark.django_db
def test_nothing_typed_is_lost_while_the_features_cannot_be_computed(product, settings, tmp_path):
    settings.HOME, settings.USAGE_URL = tmp_path, "duckdb:////nowhere/warehouse.db"
    draft = drafts.begin(member=product.member)
    here, posted = reverse("draft", args=[draft.pk]), flat(SPEC) | {"recipe": "0"}

    def post(**more):
        return product.post(here, posted | {"revision": Definition.objects.get(pk=draft.pk).revision} | more)

    for verb, weight in (("save", "33"), ("autosave", "34"), ("add:growth", "35")):
        assert post(**{"do": verb, "components[0].weight": weight}).status_code in (200, 302)
        assert Definition.objects.get(pk=draft.pk).spec["components"][0]["weight"] == float(weight)
    told = post(**{"do": "autosave", "components[0].weight": "36"}).content.decode()
    assert "The draft is saved. Its effect cannot be computed now" in told
    assert 'name="revision" value="5"' in told, "the next change is no conflict"
    page = post(**{"components[0].weight": "heavy"})
    assert page.status_code == 422
    assert 'value="heavy"' in page.content.decode()
    review = product.post(reverse("draft_review", args=[draft.pk]), {"note": "Too many", "token": "x"})
    assert review.status_code == 422
    assert "Too many</textarea>" in review.content.decode()
    sent = {"revision": Definition.objects.get(pk=draft.pk).revision, "name": "By a program"}
    api = f"/api/definitions/{draft.pk}/"
    assert product.patch(api, sent, content_type="application/json").status_code == 200
    refused = product.post(f"{api}preview/", {}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_now")


@pytest.mark.django_db
def test_what_is_typed_into_a_recipe_that_a_colleague_removed_becomes_a_draft_of_its_own(product):
    spec = edits.apply(edits.apply(SPEC, "variant:enterprise").spec, "workspaces:").spec
    draft = drafts.begin(member=product.member, spec=spec)
    drafts.save(draft_id=draft.pk, revision=1, member=product.member, spec=SPEC)
    here = reverse("draft", args=[draft.pk])
    for recipe, start, more in ((1, "variants[0]", {"segments": ["enterprise"]}), (99, "workspace", {})):
        typed = flat(spec) | {f"{start}.components[0].weight": "77", "revision": "1", "recipe": recipe} | more
        page = product.post(here, typed | {"do": "save"})
        assert page.status_code == 409
        assert 'value="77"' in page.content.decode()
        product.post(here, typed | {"do": "fork"})
        made = Definition.objects.latest("pk").spec
        assert fields.at(made, start)["components"][0]["weight"] == 77


@pytest.mark.django_db
def test_nothing_that_people_read_is_left_empty_and_a_refused_copy_leaves_no_draft(product):
    draft = drafts.begin(member=product.member)
    posted = flat(draft.spec) | {"recipe": "0", "revision": "1"}
    for name, words in (
        ("components[0].label", "people read this"),
        ("gates[0].reason", "people read this"),
        ("name", "a draft has a name"),
    ):
        page = product.post(reverse("draft", args=[draft.pk]), posted | {name: " "})
        assert page.status_code == 422
        assert words in page.content.decode()
    product.post(reverse("draft", args=[draft.pk]), posted | {"do": "fork", "thresholds.pqa": "20"})
    assert Definition.objects.filter(state="draft").count() == 1


@pytest.mark.django_db
def test_a_recipe_of_its_own_is_a_page_of_its_own_and_undo_comes_back_to_it(product):
    draft = drafts.begin(member=product.member)
    here, htmx = reverse("draft", args=[draft.pk]), {"HX-Request": "true"}
    posted = flat(draft.spec) | {"recipe": "0", "revision": "1", "do": "variant:enterprise"}
    assert product.post(here, posted, headers=htmx)["HX-Redirect"] == f"{here}?recipe=1"
    draft.refresh_from_db()
    posted = flat(draft.spec) | {"recipe": "1", "revision": "2", "segments": ["enterprise"]}
    removed = product.post(here, posted | {"do": "remove:variants[0].components[1]"}, headers=htmx)
    assert f'name="next" value="{here}?recipe=1"' in removed.content.decode()
    product.post(f"{here}undo?{html.unescape(removed.content.decode().split('undo?')[1].split('"')[0])}")
    posted["revision"] = "4"
    page = product.post(here, posted | {"do": "remove:variants[0].components[0]"}, follow=True).content.decode()
    back = product.post(f"{here}undo?{html.unescape(page.split('undo?')[1].split('"')[0])}")
    assert back["Location"] == f"{here}?recipe=1"
    draft.refresh_from_db()
    assert len(draft.spec["variants"][0]["components"]) == len(SPEC["components"])


def test_a_load_is_weighed_as_it_is_told():
    lines = [backtest.Load(threshold, entering, 0, None) for threshold, entering in ((40, 24.6), (70, 10.4), (80, 9.6))]
    loads = backtest.Loads(lines, weeks=8, outcomes=0, milliseconds=0)
    spec = recipes.parse(SPEC | {"thresholds": {"pqa": 70, "activate": 30}})
    shown = effect_screen.capacity(loads, spec, team=10)
    assert shown.words == "10 a week would become PQAs; the team works 10."
    assert (shown.is_too_much, shown.more) == (False, "This is the lowest threshold that the team can work.")
    shown = effect_screen.capacity(loads, recipes.parse(SPEC | {"thresholds": {"pqa": 40, "activate": 30}}), team=10)
    assert (shown.is_too_much, shown.threshold) == (True, 70)
