"""Which company is it, in Chromium: an ambiguous workspace decided and taken back, a rule of a domain added, removed and undone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Ambiguity, DomainRule
from tests.browser.access import faulty
from tests.feed import account_of_workspace, group, identify, load, track

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_an_ambiguous_workspace_and_a_rule_of_a_domain_are_settled_by_hand_and_undone(sign_in_page, scene):
    load(group("shared-space", name="Shared space"))
    for user, host in (("zoe", "zeta-works.com"), ("ann", "alpha-works.com")):
        load(identify(user, email=f"{user}@{host}"), track(user, group="shared-space"))
    page = sign_in_page("admin@team.example")
    page.goto(reverse("identity"))
    page.get_by_role("row", name="zeta-works.com").get_by_role("button").click()
    expect(page.get_by_role("row", name="zeta-works.com")).to_have_count(0)
    assert account_of_workspace("shared-space").domain == "zeta-works.com"
    page.goto(reverse("identity") + "?state=settled")
    page.get_by_role("button", name="Take back").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert Ambiguity.objects.filter(settled_at=None).count() == 1

    page.expected.append("422")
    page.goto(reverse("domain_rules"))
    page.locator("#add-lines").fill("not a domain")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#add-lines")).to_have_value("not a domain")
    expect(page.get_by_text("Line 1: “not a domain” is no domain.")).to_be_visible()
    page.locator("#add-lines").fill("alpha-works.com")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Remove alpha-works.com").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Remove alpha-works.com")).to_be_visible()
    assert DomainRule.objects.filter(removed_at=None, domain="alpha-works.com").exists()

    company = account_of_workspace("shared-space") or scene
    pages = [reverse("identity"), reverse("domain_rules"), f"/accounts/{company.pk}/identity/"]
    assert not faulty(page, pages)
