"""The workbench of definitions in Chromium: a draft is edited, judged, published and taken back; with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from playbooks import queue
from playbooks.models import QueueItem
from scoring import defaults, drafts, outcomes, past, runs, tasks
from scoring.models import Definition, Score, ScoringRun
from tests.browser.access import in_both_themes

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PRODUCT, ADMIN, SALES = "product@team.example", "admin@team.example", "sales@team.example"
FINDING = "#effect .plot-finding"


def route():
    while queue.route_scored():
        pass


@pytest.fixture
def draft(scene):
    """A draft of the default definition, by which every account of the scene is scored and routed."""
    Definition.objects.filter(state="published").update(spec=defaults.SPEC)
    runs.score_all()
    route()
    return drafts.begin(member=scene["members"]["product"], name="Team first")


def address(draft):
    return f"/definitions/drafts/{draft.pk}/"


def saved(page, revision):
    expect(page.locator("#draft-revision")).to_have_value(str(revision))


def test_a_draft_is_edited_judged_published_and_the_queue_changes(draft, scene, sign_in_page):
    for name in ("Northwind Robotics", "Halcyon Health"):
        raised = scene["accounts"][name]
        outcomes.record(account_id=raised.pk, kind="won", at=raised.created_at, source="test")
    page = sign_in_page(PRODUCT)
    page.goto("/definitions/versions/")
    page.get_by_role("link", name="Team first").click()
    expect(page.locator(FINDING)).to_have_text("No account changes its tier")
    expect(page.locator("#backtest")).to_contain_text("Past weeks are about to be worked out")
    while past.work(seconds=60):  # the task does it by slices
        pass

    page.get_by_label("Sales from").first.fill("61")
    expect(page.locator(FINDING)).to_contain_text("would enter PQA")
    saved(page, 2)
    expect(page.locator("#draft-saved")).to_contain_text("1 change")
    enters = page.locator(".transitions .moves-up a").first
    number = int(re.sub(r"\D", "", enters.inner_text()))
    assert number > 0
    enters.click()
    expect(page.locator("h1")).to_have_text("From Activate to PQA")
    expect(page.locator("tbody tr")).to_have_count(number)
    page.go_back()
    expect(page.get_by_label("Sales from").first).to_have_value("61")

    backtest = page.locator("#backtest")
    expect(backtest.locator("polyline")).to_have_count(2, timeout=60_000)
    expect(backtest).to_contain_text("younger than 90 days")
    expect(page.locator("#capacity")).to_contain_text("a week would become PQAs; the team works 20")

    before = QueueItem.objects.filter(motion="sales", state="new").count()
    page.get_by_role("link", name="Review and publish").click()
    expect(page.get_by_text("PQA from 80 to 61")).to_be_visible()
    page.get_by_label("Why").fill("Smaller teams buy, too")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    run = ScoringRun.objects.get(state="running")
    tasks.score_all(run.pk)
    expect(page.locator("#progress h2")).to_contain_text("is in force", timeout=40_000)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    route()
    assert QueueItem.objects.filter(motion="sales", state="new").count() > before

    sales = sign_in_page(SALES)
    sales.goto("/queue/sales/")
    expect(sales.locator("#definition-news")).to_contain_text("Smaller teams buy, too")
    sales.get_by_role("button", name="Dismiss this message").click()
    expect(sales.locator("#definition-news")).to_have_count(0)
    sales.goto("/queue/sales/")
    expect(sales.locator("#definition-news")).to_have_count(0)

    page.get_by_role("button", name=re.compile("Back to version")).click()
    back = ScoringRun.objects.get(state="running")
    tasks.score_all(back.pk)
    expect(page.locator("#progress h2")).to_contain_text("is in force")
    assert Definition.objects.get(state="published").spec["thresholds"]["pqa"] == 80
    page.goto("/definitions/versions/")
    expect(page.get_by_text("PQA from 61 to 80")).to_be_visible()


def test_of_two_who_edit_at_once_the_second_is_told_and_can_keep_his(draft, sign_in_page):
    first, second = sign_in_page(PRODUCT), sign_in_page(ADMIN)
    first.goto(address(draft))
    second.goto(address(draft))
    first.get_by_label("Weight of Usage, as a number").fill("40")
    saved(first, 2)
    second.expected.append("409")
    second.get_by_label("Weight of Team size, as a number").fill("60")
    told = second.locator("#draft-problem")
    expect(told).to_contain_text("Changed since you opened it, by Pia Roos")
    assert Definition.objects.get(pk=draft.pk).spec["components"][1]["weight"] == 25
    told.get_by_role("button", name="Keep mine as a new draft").click()
    expect(second.locator("h1")).to_contain_text("Team first (Ada Min)")
    expect(second.get_by_label("Weight of Team size, as a number")).to_have_value("60")
    expect(second.get_by_label("Weight of Usage, as a number")).to_have_value("25")
    assert Definition.objects.get(pk=draft.pk).spec["components"][0]["weight"] == 40


def test_the_other_way_is_to_load_theirs(draft, sign_in_page):
    page = sign_in_page(PRODUCT)
    page.goto(address(draft))
    spec = defaults.SPEC | {"hysteresis": 9}
    drafts.save(draft_id=draft.pk, revision=1, member=Member.objects.get(email=ADMIN), spec=spec)
    page.expected.append("409")
    page.get_by_label("Success from").first.fill("50")
    page.get_by_role("link", name="Load theirs").click()
    expect(page.get_by_label("Leaves so many points lower")).to_have_value("9")
    expect(page.get_by_label("Success from").first).to_have_value("60")


def test_sliders_and_thresholds_are_worked_with_the_keyboard(draft, sign_in_page):
    page = sign_in_page(PRODUCT)
    page.goto(address(draft))
    slider = page.get_by_role("slider", name="Weight of Usage")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Weight of Usage, as a number")).to_have_value("30")
    expect(page.locator("#part-usage [data-share]")).to_have_text("28.6")
    expect(slider).to_be_focused()
    saved(page, 2)
    expect(slider).to_be_focused()
    page.get_by_role("slider", name="Sales from").focus()
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("Sales from").first).to_have_value("74")
    saved(page, 3)
    expect(page.locator("#handle-pqa")).to_be_focused()
    spec = Definition.objects.get(pk=draft.pk).spec
    assert (spec["components"][0]["weight"], spec["thresholds"]["pqa"]) == (30, 74)


def test_what_is_wrong_is_said_at_its_field_and_not_saved(draft, sign_in_page):
    page = sign_in_page(PRODUCT)
    page.expected.append("422")
    page.goto(address(draft))
    page.locator("#part-usage summary").click()
    value = page.get_by_label("Breakpoint 2 of Usage: value")
    value.fill("9")
    wrong = page.locator('[data-error="components[0].curve"]')
    expect(wrong).to_contain_text("must rise from left to right")
    page.get_by_label("Weight of Usage, as a number").fill("-1")
    value.fill("1")
    expect(page.locator('[data-error="components[0].weight"]')).to_contain_text("from 0 to 1 million")
    expect(page.get_by_label("Weight of Usage, as a number")).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_hidden()
    assert Definition.objects.get(pk=draft.pk).revision == 1
    page.get_by_label("Weight of Usage, as a number").fill("25.5")
    saved(page, 2)
    expect(page.locator("#draft-problem")).to_be_empty()


def test_components_are_added_moved_removed_and_brought_back(draft, sign_in_page):
    page = sign_in_page(PRODUCT)
    page.goto(address(draft))
    page.get_by_role("link", name="Add a component").click()
    page.get_by_role("button", name="Add Invitations").click()
    names = page.locator(".component h3")
    expect(names).to_have_text(["Usage", "Team size", "Features", "Velocity", "Behaviour", "Fit", "Invitations"])
    added = page.locator("#part-invites_28")
    added.locator("summary").first.click()
    added.get_by_role("button", name="Up").click()
    expect(names.nth(5)).to_have_text("Invitations")
    expect(added.locator("details").first).to_have_attribute("open", "")
    added.get_by_label("Half-life in days").fill("15")
    expect(added.locator("[data-decay-words]")).to_have_text("after 30 days 25 % is left")
    saved(page, 4)
    added.get_by_role("button", name="Remove", exact=True).click()
    expect(names).to_have_count(6)
    page.locator("[data-toast]", has_text="Invitations is removed").get_by_role("button", name="Undo").click()
    expect(names).to_have_count(7)
    kept = Definition.objects.get(pk=draft.pk).spec["components"][5]
    assert (kept["feature"], kept["half_life"]) == ("invites_28", 15)


def test_a_segment_gets_a_recipe_of_its_own(draft, sign_in_page):
    page = sign_in_page(PRODUCT)
    page.goto(address(draft))
    page.get_by_text("For a segment").click()
    page.get_by_role("button", name="Enterprise").click()
    expect(page.locator(".recipe-tabs [aria-current]")).to_have_text("Enterprise")
    page.get_by_label("Sales from").first.fill("70")
    saved(page, 3)
    spec = Definition.objects.get(pk=draft.pk).spec
    assert spec["thresholds"]["pqa"] == 80
    assert spec["variants"][0]["segments"] == ["enterprise"]
    assert spec["variants"][0]["thresholds"]["pqa"] == 70
    page.get_by_role("link", name="Everyone else").click()
    expect(page.get_by_label("Sales from").first).to_have_value("80")


def test_breakpoints_and_thresholds_are_dragged(draft, sign_in_page):
    page = sign_in_page(PRODUCT)
    page.goto(address(draft))
    page.locator("#part-usage summary").click()
    point = page.locator("#part-usage [data-point='2']").bounding_box()
    x, y = point["x"] + point["width"] / 2, point["y"] + point["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 20, y + 10, steps=3)
    page.mouse.up()
    saved(page, 2)
    dragged = Definition.objects.get(pk=draft.pk).spec["components"][0]["curve"]["points"]
    assert dragged[2][0] < 3
    assert dragged[2][1] < 17
    page.locator("#effect-plot").scroll_into_view_if_needed()
    plot = page.locator("#effect-plot").bounding_box()
    page.mouse.move(plot["x"] + 0.8 * plot["width"], plot["y"] + 100)
    page.mouse.down()
    page.mouse.move(plot["x"] + 0.7 * plot["width"], plot["y"] + 100, steps=4)
    page.mouse.up()
    saved(page, 3)
    assert Definition.objects.get(pk=draft.pk).spec["thresholds"]["pqa"] == 70


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
    page.mouse.move(*end, steps=3)
    page.mouse.up()


def test_a_component_is_dragged_and_half_a_number_survives_a_reload(draft, sign_in_page):
    spec = {key: defaults.SPEC[key] for key in ("components", "thresholds", "hysteresis", "gates")}
    variant = {"segments": ["enterprise"], **spec}
    member = Member.objects.get(email=PRODUCT)
    drafts.save(draft_id=draft.pk, revision=1, member=member, spec=defaults.SPEC | {"variants": [variant]})
    page = sign_in_page(PRODUCT)
    page.expected.append("422")
    page.goto(f"{address(draft)}?recipe=1")
    names = page.locator(".component h3")
    page.wait_for_load_state("networkidle")  # what is drawn late moves what is measured
    first, third = (page.locator(".component").nth(place).bounding_box() for place in (0, 2))
    grip = page.get_by_role("button", name="Move Usage").bounding_box()
    below = third["y"] + 0.75 * third["height"]
    drag(page, (grip["x"] + 10, grip["y"] + 10), (first["x"] + 30, below))
    expect(names).to_have_text(["Team size", "Features", "Usage", "Velocity", "Behaviour", "Fit"])
    saved(page, 3)
    page.get_by_role("button", name="Move Usage").press("ArrowUp")
    expect(names.nth(1)).to_have_text("Usage")
    expect(page.get_by_role("button", name="Move Usage")).to_be_focused()

    expect(page.locator(".plot-whose")).to_contain_text("accounts of Enterprise")
    plot = page.locator("#effect-plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    drag(page, (box["x"] + 0.8 * box["width"], box["y"] + 100), (box["x"] + 0.7 * box["width"], box["y"] + 100))
    saved(page, 5)
    kept = Definition.objects.get(pk=draft.pk).spec
    assert (kept["thresholds"]["pqa"], kept["variants"][0]["thresholds"]["pqa"]) == (80, 70)
    assert [component["key"] for component in kept["variants"][0]["components"]][:3] == ["team", "usage", "features"]

    weight = page.get_by_label("Weight of Usage, as a number")
    weight.fill("2x")
    expect(page.locator("#unsaved")).to_contain_text("Weight of Usage")
    page.reload()
    expect(weight).to_have_value("2x")
    expect(page.locator("#draft-problem")).to_contain_text("a number is needed")
    page.get_by_role("button", name="Take back").click()
    expect(weight).to_have_value("25")
    expect(page.locator("#draft-problem")).to_be_empty()
    page.reload()
    expect(page.locator("#unsaved")).to_be_hidden()
    expect(weight).to_have_value("25")


def test_without_javascript_the_workbench_is_a_form(draft, sign_in_page):
    page = sign_in_page(PRODUCT, scripts=False)
    page.goto(address(draft))
    page.get_by_label("Weight of Team size, as a number").fill("50")
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("#draft-saved")).to_contain_text("1 change")
    expect(page.locator("#effect-title")).to_contain_text("Effect on")
    page.expected.append("422")
    page.get_by_label("Success from").first.fill("90")
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator('[data-error="thresholds"]')).to_be_visible()
    expect(page.get_by_label("Success from").first).to_have_value("90")
    page.goto(address(draft))
    page.locator("#part-fit summary").click()
    page.locator("#part-fit").get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".component")).to_have_count(5)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".component")).to_have_count(6)


def test_sales_reads_a_draft_and_cannot_change_it(draft, sign_in_page):
    page = sign_in_page(SALES)
    page.goto(address(draft))
    expect(page.locator("#effect-title")).to_contain_text("Effect on")
    expect(page.get_by_label("Weight of Usage, as a number")).to_be_disabled()
    expect(page.get_by_role("link", name="Review and publish")).to_have_count(0)


def pages(draft):
    return [
        "/definitions/",
        "/definitions/versions/",
        address(draft),
        f"{address(draft)}features/",
        f"{address(draft)}movers/?now=activate&then=pqa",
        f"{address(draft)}review/",
        f"{address(draft)}backtest/",
        "/definitions/learn/",
    ]


@pytest.fixture
def kept(draft):
    """What the worker does by night, so that pages are whole."""
    tasks.keep_matrices()


def settle(page):
    """What the page loads after itself is there."""
    page.wait_for_load_state("load")
    expect(page.locator(".htmx-request")).to_have_count(0, timeout=60_000)


def test_no_page_has_a_serious_accessibility_finding(draft, kept, sign_in_page):
    drafts.save(
        draft_id=draft.pk,
        revision=1,
        member=Member.objects.get(email=PRODUCT),
        spec=defaults.SPEC | {"thresholds": {"pqa": 61, "activate": 40}},
    )
    page = sign_in_page(PRODUCT)
    found = {}
    for path in pages(draft):
        page.goto(path)
        settle(page)
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        found[path] = in_both_themes(page)
        assert page.locator("h1").count() == 1
    assert not {path: lines for path, lines in found.items() if lines}


def test_on_a_phone_no_page_scrolls_sideways_and_the_effect_is_in_view(draft, kept, sign_in_page):
    page = sign_in_page(PRODUCT, width=390, height=844)
    widths = {}
    for path in pages(draft):
        page.goto(path)
        settle(page)
        page.evaluate("document.querySelectorAll('main .component-more').forEach((each) => { each.open = true; })")
        widths[path] = page.evaluate("document.documentElement.scrollWidth")
    assert set(widths.values()) == {390}, widths
    page.goto(address(draft))
    page.get_by_label("Sales from").first.fill("61")
    line = page.locator("#effect-bar")
    expect(line).to_contain_text(re.compile(r"PQA \d+ → \d+"))
    expect(line).to_contain_text("enter")
    saved(page, 2)
    line.click()
    expect(page.locator("#effect-title")).to_be_in_viewport()
    expect(line).to_be_hidden()


def test_every_account_has_a_score_by_the_run(draft):
    """The stories stand on real scores, not on those that the scene wrote."""
    assert Score.objects.filter(definition__state="published", score__isnull=False).count() >= 5
