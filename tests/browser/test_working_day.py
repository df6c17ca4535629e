"""A rep's morning, in Chromium: by the keyboard alone, and with a thumb."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks.models import Answer, QueueItem, Step, Touch
from playbooks.verbs import verbs
from tests.browser.access import findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def at(page: Any, name: str) -> None:
    page.wait_for_selector(f"#detail-name:has-text('{name}')")


def item(name: str) -> QueueItem:
    return QueueItem.objects.get(account__name=name)


def asked(page: Any, title: str) -> None:
    page.wait_for_selector(f"#verb-dialog[open] h2:has-text('{title}')")


def test_a_morning_by_the_keyboard_alone(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    page.expected.append("409")
    key = page.keyboard.press
    at(page, "Northwind Robotics")
    assert "1 of" in page.inner_text(".detail-place")

    # Claim, log the call that was answered, plan the next step, and done: as fast as one types.
    key("c")
    page.wait_for_selector(".item-actions a:has-text('Done')")
    for one in ("t", "1", "r", "Enter"):
        key(one)
    page.wait_for_selector(".touch-list >> text=Call · Reached")
    key("n")
    asked(page, "Next step")
    assert findings(page) == []
    page.keyboard.type("Send the security paper")
    key("Enter")
    page.wait_for_selector(".step-list >> text=Send the security paper")
    key("d")
    key("1")
    key("Enter")
    asked(page, "Your answer")
    at(page, "Bluefin Analytics")  # the next account opens while the answer is asked for
    key("g")
    key("Enter")
    page.wait_for_selector("#verb-dialog", state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "Bluefin Analytics"
    done = item("Northwind Robotics")
    assert (done.state, done.outcome, Answer.objects.get(item=done).verdict) == ("done", "meeting", "good")
    assert (Touch.objects.get().result, Step.objects.get().text) == ("reached", "Send the security paper")

    # Asleep until tomorrow; the next one; undone again, and it is open as before.
    key("s")
    key("1")
    key("Enter")
    at(page, "Halcyon Health")
    assert item("Bluefin Analytics").state == "snoozed"
    key("u")
    at(page, "Bluefin Analytics")
    assert item("Bluefin Analytics").state == "new"

    # A colleague is faster: who it was is said, and what was typed is still there, also after the dialog was closed.
    key("x")
    asked(page, "Disqualify")
    assert findings(page) == []
    key("o")
    page.keyboard.type("They only test our API")
    verbs.claim(item_id=item("Bluefin Analytics").pk, member=scene["members"]["colleague"])
    key("Enter")
    page.wait_for_selector("#verb-dialog >> text=Kim Adeyemi claimed Bluefin Analytics")
    assert page.input_value("#verb-dialog [name=words]") == "They only test our API"
    key("Escape")
    page.wait_for_selector("#verb-dialog", state="hidden")

    # Two at once by space and j, and one undo for both.
    key("j")
    at(page, "Halcyon Health")
    key(" ")
    key("j")
    at(page, "Copperleaf Studio")
    key(" ")
    page.wait_for_selector("#bulk-count:has-text('2 selected')")
    key("c")
    page.wait_for_selector("#toasts >> text=2 claimed.")
    assert page.locator(".row-check input:checked").count() == 0
    key("u")
    page.wait_for_selector("#toasts >> text=2 undone.")

    # What was typed and not sent comes back, and is gone once it was sent.
    key("x")
    asked(page, "Disqualify")
    key("o")
    page.keyboard.type("Half a sent")
    page.reload()
    key("x")
    page.wait_for_selector(".draft-note")
    assert page.input_value("#verb-dialog [name=words]") == "Half a sent"
    page.keyboard.type("Half a sentence")
    key("Escape")
    key("?")
    page.wait_for_selector("#help[open]")


def test_a_morning_with_a_thumb(scene, sign_in_page):
    page = sign_in_page("sales@team.example", width=390, height=844)
    page.click(".row-link >> text=Halcyon")
    at(page, "Halcyon Health")
    bar = page.locator(".queue-detail .verbs")
    assert bar.bounding_box()["y"] > 700  # under the thumb
    small = page.evaluate(
        """() => [...document.querySelectorAll("main a, main button, main input, main summary")]
            .filter((each) => each.checkVisibility() && !each.closest("p, .people, .why"))
            .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24).map(([words]) => words)"""
    )
    assert [words for words in small if "row-link" not in words] == []

    bar.get_by_text("Claim").click()
    bar.get_by_text("Touch").click()
    asked(page, "Log a touch")
    page.click(".choice:has-text('Meeting')")
    page.click("#verb-dialog button[type=submit]")
    page.wait_for_selector(".touch-list >> text=Meeting")
    bar.get_by_text("Snooze").click()
    page.click(".choice:has-text('Another day')")
    assert page.locator("#verb-dialog [name=on]").is_visible()
    page.click(".choice:has-text('A strong signal')")
    assert findings(page) == []
    page.click("#verb-dialog button[type=submit]")
    page.wait_for_selector("#toasts >> text=sleeps until a strong signal")
    assert item("Halcyon Health").state == "snoozed"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
