"""An account is looked at beside another, merged into it, and taken apart again."""

import pytest
from playwright.sync_api import expect

from accounts.models import Account

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_an_admin_looks_merges_and_undoes(scene, sign_in_page):
    away, into = scene["accounts"]["Dusty Archive"], scene["accounts"]["Northwind Robotics"]
    page = sign_in_page("admin@team.example")
    page.goto(f"/accounts/{away.pk}/")
    page.get_by_role("link", name="Wrong company?").click()
    page.get_by_label("Search the other account").press_sequentially("northw")
    found = page.locator("#found button")
    expect(found).to_have_count(1)
    found.click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    page.get_by_role("button", name="Merge Dusty Archive into Northwind Robotics").click()
    toast = page.locator("[data-toast]", has_text="Dusty Archive merged into Northwind Robotics")
    expect(toast).to_be_visible()
    assert Account.objects.get(pk=away.pk).merged_into == into
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-toast]", has_text="Undone")).to_be_visible()
    assert Account.objects.get(pk=away.pk).merged_into is None
