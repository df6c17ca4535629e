"""The pages around the queue in Chromium: settings, events, definitions, routing; with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import EventType, Member, SetAside, Source
from playbooks.models import RoutingRule
from scoring import defaults, tasks
from scoring.models import Definition, ScoringRun
from tests.browser.access import faulty

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ADMIN, PRODUCT = "admin@team.example", "product@team.example"


@pytest.fixture(autouse=True)
def definition(scene):
    Definition.objects.filter(state="published").update(spec=defaults.SPEC)


def test_an_admin_connects_a_product_switches_it_off_and_takes_that_back(sign_in_page):
    page = sign_in_page(ADMIN)
    page.goto("/settings/sources/")
    page.get_by_label("Name").last.fill("Mobile app")
    page.get_by_role("button", name="Add").click()
    source = Source.objects.get(name="Mobile app")
    card = page.locator(f"#source-{source.pk}")
    expect(card.get_by_text(f"curl -u {source.write_key}: http")).to_be_visible()
    expect(card.locator(f"#key-{source.pk}")).to_be_hidden()
    card.get_by_text("Show").click()
    expect(card.locator(f"#key-{source.pk}")).to_have_text(source.write_key)
    card.get_by_role("button", name="Switch off").click()
    expect(card.get_by_text("off", exact=True)).to_be_visible()
    assert not Source.objects.get(pk=source.pk).is_active
    page.locator("[data-toast]", has_text="is off").get_by_role("button", name="Undo").click()
    expect(card.get_by_text("waiting for its first message")).to_be_visible()
    assert Source.objects.get(pk=source.pk).is_active


def test_an_event_is_changed_in_its_row_and_undone_from_the_toast(sign_in_page):
    event = EventType.objects.get(name="Dashboard Opened")
    page = sign_in_page(PRODUCT)
    page.goto("/events/?sort=name")
    row = page.locator(f"#event-{event.pk}")
    row.get_by_role("link", name="Change").click()
    expect(row.get_by_label("counts as")).to_be_focused()
    assert page.url.endswith("/events/?sort=name")
    row.get_by_label("counts as").select_option("advanced")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_text("Advanced")).to_be_visible()
    expect(row.get_by_text("by hand")).to_be_visible()
    expect(row.get_by_role("link", name="Change")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(row.get_by_text("Core", exact=True)).to_be_visible()
    expect(row.get_by_text("by hand")).to_have_count(0)
    event.refresh_from_db()
    assert (event.category, event.by_hand) == ("core", False)
    row.get_by_role("link", name="Change").click()
    row.get_by_role("link", name="Cancel").click()
    expect(row.get_by_role("link", name="Change")).to_be_focused()


def test_the_back_button_brings_the_whole_page_of_runs(sign_in_page):
    page = sign_in_page(PRODUCT)
    page.goto("/definitions/runs/")
    page.get_by_role("link", name="Changed accounts").click()
    page.get_by_role("link", name="Definition", exact=True).click()
    page.go_back()
    expect(page.get_by_role("heading", name="Scoring runs")).to_be_visible()
    assert page.url.endswith("?kind=changed")


def test_all_accounts_are_scored_on_demand_and_the_page_shows_when_it_is_done(sign_in_page):
    page = sign_in_page(PRODUCT)
    page.goto("/definitions/runs/")
    page.get_by_role("button", name="Score all accounts now").click()
    expect(page.get_by_text(re.compile(r"Scoring [\d,]+ accounts"))).to_be_visible()
    page.get_by_role("button", name="Score all accounts now").click()
    expect(page.get_by_text("being scored already")).to_be_visible()
    run = ScoringRun.objects.get(kind="full", state="running")
    tasks.score_all(run.pk)
    expect(page.locator(f"#run-{run.pk}").get_by_text("Done")).to_be_visible(timeout=40_000)
    expect(page.get_by_text(re.compile(r"Scoring [\d,]+ accounts"))).to_have_count(0)


def test_without_javascript_everything_still_works(sign_in_page):
    event = EventType.objects.get(name="Dashboard Opened")
    page = sign_in_page(ADMIN, scripts=False)
    page.goto("/events/?sort=name")
    page.locator(f"#event-{event.pk}").get_by_role("link", name="Change").click()
    page.locator(f"#event-{event.pk}").get_by_label("counts as").select_option("advanced")
    page.locator(f"#event-{event.pk}").get_by_role("button", name="Save").click()
    assert "/events/?sort=name" in page.url
    expect(page.locator(f"#event-{event.pk}").get_by_text("Advanced")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f"#event-{event.pk}").get_by_text("Core", exact=True)).to_be_visible()

    page.goto("/settings/routing/")
    page.get_by_label("Motion: PQA, No buyer, SMB").select_option("marketing")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 cell changed")).to_be_visible()
    page.get_by_role("button", name="Reset PQA, No buyer, SMB").click()
    assert not RoutingRule.objects.exists()

    page.goto("/definitions/runs/")
    page.get_by_role("button", name="Score all accounts now").click()
    expect(page.get_by_role("link", name="Look again")).to_be_visible()


def test_a_theme_holds_from_the_next_page_on(sign_in_page):
    page = sign_in_page(PRODUCT)
    page.goto("/profile/")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html[data-bs-theme=dark]")).to_have_count(1)


def test_the_pages_are_accessible_and_fit_a_phone(sign_in_page):
    source = Source.objects.first() or Source.objects.create(name="Web app")
    kept = SetAside.objects.create(
        kind="message",
        source=source,
        received_at="2026-11-20T10:00:00Z",
        path="track",
        body=b'{"event": "Report Created"}',
        status=200,
        code="no_user",
        reason="userId: is missing.",
    )
    event, other = EventType.objects.first(), Member.objects.exclude(email=ADMIN).first()
    RoutingRule.objects.create(tier="pqa", buyer_state="none", segment="smb", motion="marketing")
    ScoringRun.objects.filter(kind="full").update(state="done")
    pages = [
        "/settings/",
        "/settings/sources/",
        f"/settings/sources/{source.pk}/key/",
        "/settings/set-aside/",
        f"/settings/set-aside/{kept.pk}/",
        "/settings/people/",
        f"/settings/people/{other.pk}/",
        f"/settings/people/{other.pk}/work/",
        "/settings/routing/",
        "/settings/queues/",
        "/profile/",
        "/profile/work/",
        "/profile/notifications/",
        "/notifications/",
        "/views/",
        "/plays/",
        f"/events/?edit={event.pk}",
        "/definitions/",
        "/definitions/runs/",
    ]
    page = sign_in_page(ADMIN)
    assert not faulty(page, pages)
