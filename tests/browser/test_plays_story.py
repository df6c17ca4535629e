"""A team changes a play and works by it, in Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from playbooks.models import Play, PlayUse, QueueItem, Touch
from playbooks.plays import plays
from tests.browser.access import findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_play_is_edited_on_a_real_account_begun_copied_and_logged(scene, sign_in_page):
    item = QueueItem.objects.select_related("account").get(account__name="Halcyon Health")
    plays.suggest([item])
    item.save()
    play = Play.objects.get(key="business_case")
    page = sign_in_page("sales@team.example")
    page.expected.append("422")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.goto("/plays/")
    assert findings(page) == []
    # The preview follows what is typed, with what is missing marked, before anything is saved.
    page.goto(f"/plays/{play.pk}/")
    page.fill("#try-account", "Halcyon Health")
    preview = page.locator("#play-preview")
    expect(preview).to_contain_text("16 people at Halcyon Health")
    page.fill("#id_step-1-subject", "A page for {{buyer.first_name}} on {{raised.words}} {{acount}}")
    expect(preview).to_contain_text("A page for Priya on [words of the raised hand?]")
    expect(preview).to_contain_text("There is no field {{acount}}; perhaps {{account}}?")
    assert findings(page) == []
    page.click(".save-bar button:has-text('Save')")
    expect(page.locator(".field-error")).to_contain_text("There is no field {{acount}}")
    page.fill("#id_step-1-subject", "A page for {{buyer.first_name}}")
    page.click(".save-bar button:has-text('Save')")
    expect(page.locator(".toast-card")).to_contain_text("is saved")
    assert play.steps.get(place=1).subject == "A page for {{buyer.first_name}}"

    # Beside the account: begun, the words copied and the e-mail logged.
    Play.objects.exclude(pk=play.pk).update(is_active=False)
    plays.suggest([item])
    item.save()
    page.goto(f"/queue/sales/?item={item.pk}")
    page.keyboard.press("p")
    box = page.locator(f"#play-box-{item.pk}")
    expect(box).to_contain_text("Business case for the buyer")
    box.get_by_role("button", name="Begin").first.click()
    expect(box).to_contain_text("0 of 5 steps done")
    letter = box.locator(".play-step", has_text="Write to Priya Raman")
    letter.locator("summary").click()
    assert letter.locator("a:has-text('Open in mail')").get_attribute("href").startswith("mailto:")
    letter.get_by_role("button", name="Copy the words").click()
    expect(letter.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Hi Priya,")
    assert "16 people at Halcyon Health" in copied
    assert findings(page) == []
    letter.get_by_role("button", name="Done, log it").click()
    expect(box).to_contain_text("1 of 5 steps done")
    assert (Touch.objects.get().kind, str(Touch.objects.get().person)) == ("email", "Priya Raman")
    assert PlayUse.objects.get().ended_at is None
