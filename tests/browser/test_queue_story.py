"""Whole stories of the queue, in Chromium."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks.models import QueueItem
from tests.browser.scene import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def row(page: Any, name: str) -> Any:
    return page.locator(".row-item", has=page.locator(".row-link", has_text=name))


def test_a_rep_signs_in_claims_and_takes_it_back(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    assert page.url.endswith("/queue/sales/")
    assert page.inner_text("h1") == "Sales queue"
    assert page.inner_text("#detail-name") == "Northwind Robotics"

    page.click(".item-actions button:has-text('Claim')")

    page.wait_for_selector("text=Claimed Northwind Robotics.")
    page.wait_for_selector("text=Claimed by you")
    assert "yours" in row(page, "Northwind").inner_text()
    assert page.inner_text("#count-mine") == "3"
    assert page.inner_text("#queue-words") == "7 to claim · 3 claimed by you · 1 by others"
    assert page.inner_text(".sidebar .open-work") == "7"
    item = QueueItem.objects.get(account__name="Northwind Robotics")
    assert str(item.owner) == "Robin Falk"
    # The button that was pressed is gone; the focus is on the one that came in its place.
    assert page.evaluate("document.activeElement.id") == f"act-finish-{item.pk}"

    page.click(".toasts button:has-text('Undo')")

    page.wait_for_selector("text=Undone: Northwind Robotics is as it was.")
    page.wait_for_selector(".item-actions button:has-text('Claim')")
    assert page.inner_text("#count-mine") == "2"
    item.refresh_from_db()
    assert item.owner is None


def test_two_reps_race_and_the_loser_is_told_who_won(scene, sign_in_page):
    first, second = sign_in_page("sales@team.example"), sign_in_page("kim@team.example")
    second.expected.append("409")
    for page in (first, second):
        assert page.inner_text("#detail-name") == "Northwind Robotics"

    first.click(".item-actions button:has-text('Claim')")
    first.wait_for_selector("text=Claimed by you")
    second.click(".item-actions button:has-text('Claim')")

    second.wait_for_selector(".row-item >> text=Robin Falk claimed Northwind Robotics just now.")
    assert second.locator(".item-actions button").count() == 0
    assert "Claimed by Robin Falk" in second.inner_text(".item-actions")
    assert QueueItem.objects.get(account__name="Northwind Robotics").owner == scene["members"]["sales"]


def test_back_shows_whole_pages(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    row(page, "Halcyon").locator(".row-link").click()
    page.wait_for_selector("#detail-name:has-text('Halcyon Health')")
    assert "item=" in page.url
    row(page, "Copperleaf").locator(".row-link").click()
    page.wait_for_selector("#detail-name:has-text('Copperleaf Studio')")

    page.go_back()
    page.wait_for_selector("#detail-name:has-text('Halcyon Health')")
    assert page.locator(".sidebar").is_visible()
    assert page.locator("h1").count() == 1
    # The page still lives: a click after Back works.
    row(page, "Juniper").first.count()
    row(page, "Meridian").locator(".row-link").click()
    page.wait_for_selector("#detail-name:has-text('Meridian Freight')")

    page.click("#open-account")
    page.wait_for_selector("h1:has-text('Meridian Freight')")
    page.go_back()
    page.wait_for_selector("h1:has-text('Sales queue')")
    assert page.inner_text("#detail-name") == "Meridian Freight"
    assert page.locator(".sidebar").is_visible()


def test_everything_works_without_javascript(scene, sign_in_page):
    page = sign_in_page("sales@team.example", scripts=False)
    assert page.inner_text("#detail-name") == "Northwind Robotics"

    page.fill("#search", "halcyon")
    page.press("#search", "Enter")
    assert "q=halcyon" in page.url
    assert page.locator(".row-item").count() == 1
    page.click(".item-actions button:has-text('Claim')")
    assert "Claimed Halcyon Health." in page.inner_text("#toasts")
    assert "q=halcyon" in page.url
    page.click("#toasts button:has-text('Undo')")
    assert "Undone: Halcyon Health is as it was." in page.inner_text("#toasts")

    page.click("text=Clear filters")
    page.click(".filter-panel summary")
    page.select_option("select[name=segment]", "enterprise")
    page.click("text=Apply")
    assert "segment=enterprise" in page.url
    page.click(".row-link >> text=Ostrava")
    assert page.inner_text("#detail-name").startswith("Ostrava")
    assert not page.locator(".keys button").first.is_visible()

    page.click(".sidebar .member-menu summary")
    page.click(".sidebar >> text=Sign out")
    page.wait_for_selector("h1:has-text('Sign in')")


def test_the_keyboard_works_the_queue(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    page.keyboard.press("j")
    page.wait_for_selector("#detail-name:has-text('Bluefin Analytics')")
    page.keyboard.press("j")
    page.wait_for_selector("#detail-name:has-text('Halcyon Health')")
    page.keyboard.press("k")
    page.wait_for_selector("#detail-name:has-text('Bluefin Analytics')")
    assert page.evaluate("document.activeElement.textContent") == "Bluefin Analytics"

    page.keyboard.press("c")
    page.wait_for_selector("text=Claimed Bluefin Analytics.")
    page.wait_for_selector(".item-actions a:has-text('Done')")
    page.keyboard.press("r")
    page.wait_for_selector("text=Released Bluefin Analytics.")

    # An action right after a move is the new account's, however fast.
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.wait_for_selector("text=Claimed Halcyon Health.")
    page.keyboard.press("u")
    page.wait_for_selector("text=Undone: Halcyon Health is as it was.")

    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("jcr?")
    assert page.input_value("#search") == "jcr?"
    assert QueueItem.objects.filter(state="claimed", account__name="Bluefin Analytics").count() == 0
    page.evaluate("document.activeElement.blur()")

    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()

    # Right after the list of keys closed, its button still has the focus; Enter is meant for the page all the same.
    page.evaluate(
        """() => {
            const help = document.getElementById("help");
            help.showModal();
            const close = help.querySelector("button");
            help.close();
            close.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
        }"""
    )
    page.wait_for_selector("h1:has-text('Halcyon Health')")


def test_shortcuts_can_be_switched_off(scene, sign_in_page):
    member = scene["members"]["sales"]
    member.shortcuts = False
    member.save()
    page = sign_in_page("sales@team.example")

    page.keyboard.press("c")
    page.keyboard.press("j")
    page.wait_for_timeout(400)

    assert page.inner_text("#detail-name") == "Northwind Robotics"
    assert not QueueItem.objects.filter(account__name="Northwind Robotics", state="claimed").exists()


def test_the_queue_refreshes_itself_without_jumping(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    row(page, "Halcyon").locator(".row-link").click()
    page.wait_for_selector("#detail-name:has-text('Halcyon Health')")
    page.click(".queue-detail .behind summary")
    before = page.locator(".row-link").all_inner_texts()

    other = sign_in_page("kim@team.example")
    row(other, "Copperleaf").locator(".row-link").click()
    other.wait_for_selector("#detail-name:has-text('Copperleaf Studio')")
    other.click(".item-actions button:has-text('Claim')")
    other.wait_for_selector("text=Claimed by you")
    newcomer = scene["items"]["Tern Logistics"]
    from django.utils import timezone

    QueueItem.objects.filter(pk=newcomer.pk).update(
        motion="sales", priority=5000, entered_at=timezone.now(), updated_at=timezone.now()
    )

    # The next poll comes by itself within ten seconds.
    page.wait_for_selector("#queue-news >> text=1 new account", timeout=40_000)
    assert page.locator(".row-link").all_inner_texts() == before
    assert page.inner_text("#queue-words") == "8 to claim · 2 claimed by you · 2 by others"
    assert "Kim Adeyemi" in row(page, "Copperleaf").inner_text()
    assert page.evaluate("document.activeElement.textContent.trim()") == "As a table"
    assert page.locator(".queue-detail .behind").get_attribute("open") is not None
    assert page.inner_text("#detail-name") == "Halcyon Health"

    page.click("#queue-news a")
    page.wait_for_selector(".row-item:first-child >> text=Tern Logistics")


def test_a_lost_connection_is_told_and_mends_itself(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    page.expected += ["Failed to load resource", "Failed to fetch", "net::ERR"]
    page.click(".item-actions a:has-text('Disqualify')")
    page.click(".choice:has-text('Something else')")
    page.context.set_offline(True)

    # What is typed without a connection stays in the form and, when that is closed, for the next time.
    page.fill("#verb-dialog [name=words]", "They only test our API")
    page.click("#verb-dialog button[type=submit]")
    page.wait_for_selector("#toasts >> text=the server could not be reached")
    assert page.input_value("#verb-dialog [name=words]") == "They only test our API"
    page.keyboard.press("Escape")
    page.click(".item-actions button:has-text('Claim')")
    page.wait_for_selector("#toasts >> text=the server could not be reached")
    page.wait_for_selector("#stale", state="visible", timeout=40_000)
    assert page.inner_text("#detail-name") == "Northwind Robotics"

    page.context.set_offline(False)
    page.wait_for_selector("#stale", state="hidden", timeout=40_000)
    assert QueueItem.objects.get(account__name="Northwind Robotics").state == "new"
    page.click(".item-actions a:has-text('Disqualify')")
    page.wait_for_selector(".draft-note")
    assert page.input_value("#verb-dialog [name=words]") == "They only test our API"
    page.click("#verb-dialog button[type=submit]")
    page.wait_for_selector("#verb-dialog h2:has-text('Your answer')")
    assert QueueItem.objects.get(account__name="Northwind Robotics").reason_words == "They only test our API"


def test_who_is_signed_out_meanwhile_signs_in_and_goes_on_with_what_was_typed(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    page.click(".item-actions a:has-text('Disqualify')")
    page.click(".choice:has-text('Something else')")
    page.fill("#verb-dialog [name=words]", "They only test our API")
    page.context.clear_cookies(name="sessionid")

    page.click("#verb-dialog button[type=submit]")

    page.wait_for_selector("h1:has-text('Sign in')")
    page.fill("input[name=login]", "sales@team.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("h1:has-text('Disqualify')")
    page.wait_for_selector(".draft-note")
    assert page.input_value("[name=words]") == "They only test our API"
    page.click("#verb-form button[type=submit]")
    page.wait_for_selector("h1:has-text('Your answer')")
    page.click(".quick-buttons >> text=Skip")
    page.wait_for_selector("#detail-name:has-text('Northwind Robotics')")
    assert QueueItem.objects.get(account__name="Northwind Robotics").reason_words == "They only test our API"
    assert page.evaluate("Object.keys(sessionStorage).length") == 0


def test_the_account_page_claims_and_writes_its_history(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    page.goto(f"/accounts/{scene['accounts']['Copperleaf Studio'].pk}/")
    page.wait_for_selector(".chart canvas >> nth=1")

    page.click(".item-actions button:has-text('Claim')")

    page.wait_for_selector("text=Claimed by you")
    item = scene["items"]["Copperleaf Studio"]
    page.wait_for_selector(f"#item-history-{item.pk} >> text=Robin Falk claimed")


def test_the_phone_menu_leads_everywhere(scene, sign_in_page):
    page = sign_in_page("sales@team.example", width=390, height=844)
    page.click(".topbar-menu > summary")
    page.click(".topbar-panel a:has-text('Accounts')")
    page.wait_for_selector("h1:has-text('Accounts')")
    page.go_back()
    page.wait_for_selector("h1:has-text('Sales queue')")

    row(page, "Halcyon").locator(".row-link").click()
    page.wait_for_selector("#detail-name:has-text('Halcyon Health')")
    assert not page.locator(".queue-list").is_visible()
    page.click("text=Back to the queue")
    page.wait_for_selector(".queue-list")
    assert not page.locator(".queue-detail").is_visible()
