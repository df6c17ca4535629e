"""The finish of every page: accessible in both themes, no sideways scrolling on a phone, light."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.browser.access import in_both_themes

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = ["queue", "queue of another team", "filtered to nothing", "account", "quiet account", "accounts", "buyers"]
PAGES += ["trust", "feedback", "people of an account", "profiling"]


def address(page: str, scene: dict[str, Any]) -> str:
    return {
        "queue": "/queue/sales/",
        "queue of another team": "/queue/success/",
        "filtered to nothing": "/queue/sales/?q=nobody&low=x",
        "account": f"/accounts/{scene['accounts']['Northwind Robotics'].pk}/",
        "quiet account": f"/accounts/{scene['accounts']['Dusty Archive'].pk}/",
        "accounts": "/accounts/",
        "buyers": "/buyers/",
        "people of an account": f"/accounts/{scene['accounts']['Northwind Robotics'].pk}/people/",
        "profiling": "/buyers/profiling/",
        "trust": "/queue/sales/trust/",
        "feedback": "/feedback/",
    }[page]


def test_no_page_has_a_serious_accessibility_finding(scene, sign_in_page, open_page):
    found: dict[str, list[str]] = {}
    door, page = open_page(), sign_in_page("sales@team.example")
    for path in ("/sign-in/login/", "/sign-in/password/reset/"):
        door.goto(path)
        found[path] = in_both_themes(door)
    for name in PAGES:
        page.goto(address(name, scene))
        if name == "queue":
            page.click(".item-actions button:has-text('Claim')")
            page.wait_for_selector(".toast-card")
            page.click(".filter-panel summary")
        found[name] = in_both_themes(page)
        assert page.locator("h1").count() == 1
    assert not {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_has_the_theme_of_the_system(open_page, dark):
    page = open_page(dark=dark)
    page.goto("/sign-in/login/")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == ("dark" if dark else "light")


def test_no_page_scrolls_sideways_on_a_phone(scene, sign_in_page, open_page):
    door = open_page(width=390, height=844)
    door.goto("/sign-in/login/")
    widths = {"sign-in": door.evaluate("document.documentElement.scrollWidth")}
    page = sign_in_page("sales@team.example", width=390, height=844)
    for name in PAGES:
        page.goto(address(name, scene))
        widths[name] = page.evaluate("document.documentElement.scrollWidth")
    page.goto(f"/queue/sales/?item={scene['items']['Northwind Robotics'].pk}")
    widths["chosen"] = page.evaluate("document.documentElement.scrollWidth")
    assert set(widths.values()) == {390}, widths


def test_a_member_can_choose_the_theme(scene, sign_in_page):
    member = scene["members"]["sales"]
    member.theme = "dark"
    member.save()

    page = sign_in_page("sales@team.example")

    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.goto("/accounts/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 26)"


@pytest.mark.parametrize("name", ["queue", "account"])
def test_a_page_weighs_less_than_500_kilobytes_compressed(scene, sign_in_page, name):
    page = sign_in_page("sales@team.example")
    bodies: dict[str, int] = {}

    def weigh(response: Any) -> None:
        if response.url not in bodies and response.ok:
            body = response.body()
            bodies[response.url] = len(body) if response.url.endswith(".woff2") else len(gzip.compress(body))

    fresh = page.context.new_page()
    fresh.on("response", weigh)
    fresh.goto(address(name, scene))
    fresh.wait_for_load_state("networkidle")

    assert len(bodies) > 5
    assert sum(bodies.values()) < 500_000, bodies


def test_a_page_that_is_not_there_says_where_to_go(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    page.expected.append("404")
    page.goto("/nothing/")
    page.click("text=Search the accounts")
    page.wait_for_selector("h1:has-text('Accounts')")
