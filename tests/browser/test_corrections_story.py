"""An account is looked at beside another, merged into it, and taken apart again."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts import corrections
from accounts.models import Account, MergeSuggestion
from tests.browser.access import faulty

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


def test_product_merges_what_is_likely_and_says_no_to_another(scene, sign_in_page):
    away, into, other = (scene["accounts"][name] for name in ("Dusty Archive", "Northwind Robotics", "Halcyon Health"))
    for one, share in ((away, 0.9), (other, 0.4)):
        evidence = {"name": {"confidence": share, "names": ["northwind"]}}
        MergeSuggestion.objects.create(account=one, into=into, score=share, evidence=evidence, found_at=timezone.now())
    page = sign_in_page("product@team.example")
    page.get_by_role("navigation").get_by_role("link", name="Identity").click()
    page.get_by_role("button", name=f"Not the same {other.name}").click()
    page.locator("[data-toast]", has_text="two companies").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name=f"Not the same {other.name}")).to_be_visible()
    page.get_by_role("link", name=f"Look and merge {away.name}").click()
    expect(page.get_by_text("The address of Dusty Archive then leads to Northwind Robotics.")).to_be_visible()
    page.get_by_role("button", name="Merge Dusty Archive into Northwind Robotics").click()
    expect(page.locator("[data-toast]", has_text="merged into")).to_be_visible()
    page.goto("/settings/corrections/")
    page.get_by_role("button", name="Undo Dusty Archive merged into").click()
    expect(page.locator("[data-toast]", has_text="Undone")).to_be_visible()
    assert Account.objects.get(pk=away.pk).merged_into is None


def test_corrections_erasing_and_the_log_are_accessible_in_both_themes_and_on_a_phone(scene, sign_in_page):
    into, away = scene["accounts"]["Northwind Robotics"], scene["accounts"]["Dusty Archive"]
    evidence = {"name": {"confidence": 0.5, "names": ["northwind"]}}
    MergeSuggestion.objects.create(account=away, into=into, score=0.5, evidence=evidence, found_at=timezone.now())
    made = corrections.merge(account_id=away.pk, into_id=into.pk, member=None, note="One company since May")
    corrections.undo(correction_id=made.pk, member=None)
    person = into.product_users.exclude(email="").first()
    assert person is not None
    page = sign_in_page("admin@team.example")
    pages = [
        "/settings/audit/",
        f"/accounts/{away.pk}/correct/?do=merge&other={into.pk}",
        f"/accounts/{into.pk}/correct/?do=split",
        "/settings/corrections/",
        f"/settings/erase/?q={person.email}",
        "/settings/audit/?q=nothing+like+it",
        "/settings/audit/?q=merge&action=account",
    ]
    assert not faulty(page, pages)
    page.goto("/settings/audit/")
    page.get_by_label("Search the audit log").fill("merged northw")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_label("Search the audit log").fill("northw")
    page.keyboard.press("Enter")
    expect(page.locator(".audit-row")).to_have_count(2)
