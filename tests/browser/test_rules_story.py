"""Rules at work, in Chromium: who gets an account and by when it is answered; views kept and shared; the key that undoes."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from playbooks import tasks
from playbooks.assignment import policies
from playbooks.models import Play, QueueItem, Touch
from playbooks.plays import rows
from tests.browser.access import faulty
from tests.browser.test_working_day import at, item
from tests.factories import AccountFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_rule_made_in_settings_gives_an_account_to_the_right_rep_who_is_warned_and_told_when_it_is_late(
    scene, sign_in_page
):
    page = sign_in_page("admin@team.example")
    page.goto("/settings/queues/")
    sales = page.locator("#sales")
    sales.locator("[name=is_automatic]").check()
    for name, value in {"response_minutes": "60", "day_begins": "00:00", "day_ends": "23:59"}.items():
        sales.locator(f"[name={name}]").fill(value)
    for day in "67":
        sales.locator(f"[name=weekdays][value='{day}']").check()
    sales.get_by_role("button", name="Save Sales").click()
    expect(page.locator("[data-toast]")).to_contain_text("The rules of Sales are saved.")
    page.goto(f"/settings/people/{scene['members']['sales'].pk}/work/")
    page.locator("[name=territories]").fill(".de")
    page.locator("main button[type=submit]").first.click()
    expect(page.locator("[data-toast]")).to_contain_text("Saved")
    policies.save_work(member=scene["members"]["colleague"], territories=["fr"])

    new = make_item(account=AccountFactory(name="Acme GmbH", domain="acme.de"), entered_at=timezone.now())
    tasks.assign_items()

    rep = sign_in_page("sales@team.example")
    rep.goto("/notifications/")
    line = rep.locator(".notification", has_text="Acme GmbH")
    expect(line).to_contain_text("territory .de")
    line.get_by_role("link", name="Acme GmbH").click()
    at(rep, "Acme GmbH")
    expect(rep.locator(".item-past")).to_contain_text("to Robin Falk: Most room")
    rep.goto("/queue/sales/?tab=mine")
    row = rep.locator(f"#item-{new.pk}")
    expect(row).to_contain_text("due in")
    made = QueueItem.objects.get(pk=new.pk)
    assert made.due_at - made.assigned_at <= dt.timedelta(minutes=62), "an hour of a working day that lacks a minute"
    for ahead, told in ((8, "due in"), (-10, "missed by")):  # as the clock goes on
        due = timezone.now() + dt.timedelta(minutes=ahead)
        QueueItem.objects.filter(pk=new.pk).update(warn_at=due - dt.timedelta(minutes=15), due_at=due)
        tasks.watch_times()
        rep.reload()
        expect(row.locator(".tag-yellow, .tag-red").filter(has_text=told)).to_be_visible()
    rep.goto("/notifications/?unread=1")
    labels = rep.locator(".notification-label")
    expect(labels.filter(has_text="Missed")).to_have_count(1)
    expect(labels.filter(has_text="Due soon")).to_have_count(1)
    expect(labels.filter(has_text="Assigned")).to_have_count(0)  # it was read with its link


def test_a_view_is_kept_shared_and_opened_by_another_and_the_key_undoes_one_thing_after_the_other(scene, sign_in_page):
    page = sign_in_page("sales@team.example")
    page.goto("/queue/sales/?low=80")
    page.get_by_text("Views", exact=True).click()
    page.get_by_placeholder("Name of the view").fill("Warm ones")
    page.get_by_label("Everybody sees it").check()
    page.get_by_role("button", name="Keep this view").click()
    expect(page.locator(".view-name")).to_have_text("Warm ones")

    # A touch is taken back by the key, and the same key then takes the claim back: not the touch again.
    page.goto(f"/queue/sales/?item={item('Halcyon Health').pk}")
    at(page, "Halcyon Health")
    key = page.keyboard.press
    key("c")
    expect(page.locator("#toasts")).to_contain_text("Claimed Halcyon Health.")
    for one in ("t", "1", "Enter"):
        key(one)
    expect(page.locator(".touch-list")).to_contain_text("Call")
    key("u")
    expect(page.locator("#toasts")).to_contain_text("The touch is taken away.")
    expect(page.locator("#toasts").get_by_role("button", name="Redo")).to_be_visible()
    key("u")
    expect(page.locator("#toasts")).to_contain_text("Undone: Halcyon Health is as it was.")
    assert Touch.objects.get().removed_at is not None
    assert item("Halcyon Health").state == "new"

    kim = sign_in_page("kim@team.example")
    kim.get_by_text("Views", exact=True).click()
    kim.locator(".view-list a", has_text="shared by Robin Falk").click()
    expect(kim.locator(".view-name")).to_have_text("Warm ones")
    assert "low=80" in kim.url
    expect(kim.locator(".row-item", has_text="Halcyon Health")).to_have_count(int(item("Halcyon Health").score >= 80))


def test_forms_that_are_pages_and_the_pages_of_a_working_day_are_accessible_wide_and_on_a_phone(scene, sign_in_page):
    rows.built_in()
    play = Play.objects.order_by("pk").first()
    held = scene["items"]["Juniper Legal"].pk
    forms = [f"/queue/items/{held}/{verb}" for verb in ("snooze", "done", "disqualify", "return", "assign", "touch")]
    both = [*forms, f"/queue/items/{held}/step", "/plays/new/", f"/plays/{play.pk}/", "/queue/marketing/"]
    looked_at_wide = ["/queue/success/", "/queue/sales/trust/", "/feedback/", "/settings/queues/", "/profile/work/"]
    looked_at_wide += ["/views/", "/notifications/", "/profile/notifications/"]
    page = sign_in_page("admin@team.example")
    assert not faulty(page, both) | faulty(page, looked_at_wide, width=390)
