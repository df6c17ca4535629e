"""An admin teaches the app their customers' titles, and changes a persona: in Chromium, light and dark, with axe."""

import pytest
from playwright.sync_api import expect

from accounts.models import Persona, ProductUser, TitleRule
from tests.browser.access import faults

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ADMIN = "admin@team.example"


def check(page):
    assert not faults(page)
    page.set_viewport_size({"width": 1440, "height": 1000})


def test_an_admin_adds_orders_and_removes_rules_of_titles_and_sees_at_once_whom_a_persona_fits(scene, sign_in_page):
    page = sign_in_page(ADMIN)
    page.goto("/settings/titles/")
    said = page.locator("#said")
    page.get_by_label("Job title").fill("Tribe Lead")
    expect(said.get_by_text("Manager", exact=True)).to_be_visible()

    page.expected.append("422")
    page.locator("#id_pattern").fill("(tribe")
    page.get_by_label("regular expression").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#id_pattern")).to_have_value("(tribe")
    expect(page.locator("#id_pattern")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("This pattern cannot be used")).to_be_visible()
    check(page)

    page.locator("#id_pattern").fill("tribe lead")
    page.get_by_label("regular expression").uncheck()
    page.locator("#id_value").select_option("seniority:director")
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator("#id_pattern").fill("tribe*")
    page.locator("#id_value").select_option("seniority:vp")
    page.get_by_role("button", name="Add", exact=True).click()
    rows = page.locator(".rule-row")
    expect(rows).to_have_count(2)
    page.get_by_label("Job title").fill("Tribe Lead")
    expect(said.get_by_text("Director", exact=True)).to_be_visible()
    rows.last.get_by_role("button", name="earlier").click()
    expect(rows.first.locator("code")).to_have_text("tribe*")
    rows.first.get_by_role("button", name="Remove").click()
    expect(rows).to_have_count(1)
    page.locator("[data-toast]").get_by_role("button", name="Undo").last.click()
    expect(rows).to_have_count(2)
    assert list(TitleRule.objects.order_by("position").values_list("pattern", "removed_at")) == [
        ("tribe*", None),
        ("tribe lead", None),
    ]

    page.goto("/settings/personas/")
    check(page)
    page.get_by_role("link", name="Founder or managing director").click()
    expect(page.locator("#fit")).to_contain_text("people")
    page_of_founder = page.url
    ProductUser.objects.filter(pk__in=list(ProductUser.objects.values_list("pk", flat=True)[:2])).update(seniority="vp")
    page.get_by_label("C-level").uncheck()
    page.get_by_label("General management").uncheck()
    page.get_by_label("VP", exact=True).check()
    expect(page.locator("#fit strong").first).to_have_text("2 people")
    check(page)
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("[data-toast]", has_text="is saved")).to_be_visible()
    assert Persona.objects.get(key="founder").seniorities == ["vp"]

    dark = sign_in_page(ADMIN, dark=True)
    for address in ("/settings/titles/?title=Tribe+Lead", "/settings/personas/", page_of_founder):
        dark.goto(address)
        check(dark)
