"""From a plan to the hand-over, in Chromium: success claims, usage arrives, the line ticks, sales reads what was done."""

from __future__ import annotations

import pytest

from tests.browser.access import findings
from tests.playbooks.test_plans import item_of, lift, warming

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_plan_ticks_itself_and_the_account_goes_to_sales_with_its_history(scene, sign_in_page):
    account = warming("fernhill.com")
    item = item_of(account, "success")
    page = sign_in_page("success@team.example")
    page.goto(page.url.split("/queue")[0] + f"/queue/success/?item={item.pk}")
    page.wait_for_selector(".plan >> text=Make a plan")
    page.keyboard.press("c")
    page.wait_for_selector(".plan progress")
    page.click(".plan >> text=Add a line")
    page.wait_for_selector("#verb-dialog[open] h2:has-text('Add to the plan')")
    page.fill("#verb-form [name=text]", "Show them the board")
    page.keyboard.press("Enter")
    page.wait_for_selector(".plan >> text=Show them the board")
    assert findings(page) == []
    page.click(".plan li:has-text('Show them the board') .step-tick")
    page.wait_for_selector(".plan-done >> text=Show them the board")

    lift("fernhill.com")
    page.reload()
    page.wait_for_selector(".plan-done >> text=seen in the usage")
    page.wait_for_selector("text=Activated")

    sales = item_of(account, "sales")
    page = sign_in_page("sales@team.example")
    page.goto(page.url.split("/queue")[0] + f"/queue/sales/?item={sales.pk}")
    note = page.inner_text(".handover")
    assert "has helped them since" in note
    assert "Show them the board" in note
