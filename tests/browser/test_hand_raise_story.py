"""A hand raised on somebody else's site, whose policy allows this host alone, is on top of sales' queue with its hour."""

from __future__ import annotations

import datetime as dt
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from accounts import landing
from accounts.models import HandRaise, HandRaiseForm, Source
from accounts.raising import spam
from playbooks.assignment import policies
from scoring import defaults
from scoring.models import Definition
from tests.browser.access import faulty
from tests.feed import load
from tests.playbooks.test_queue import work

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def strict_site():
    """`strict_site(html, only=host)`: another site's origin; its pages let no host but that one do anything."""
    servers = []

    def serve(html, *, only):
        class Page(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                allowed = " ".join(
                    f"{kind} {only};" for kind in ("script-src", "style-src", "connect-src", "form-action")
                )
                self.send_header("Content-Security-Policy", f"default-src 'none'; img-src 'self'; {allowed}")
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, *_said):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_hand_raised_on_a_strict_site_is_first_in_sales_queue(
    scene, open_page, sign_in_page, live_server, strict_site, monkeypatch, settings, tmp_path
):
    settings.HOME = tmp_path
    landing.forget()
    monkeypatch.setattr(spam, "FASTEST", dt.timedelta(0))
    Definition.objects.filter(state="published").update(spec=defaults.SPEC)
    policies.save(motion="sales", weekdays="1234567", day_begins=dt.time(0), day_ends=dt.time(23, 59))
    host = live_server.url
    form = HandRaiseForm.objects.create(
        name="Pricing", source=Source.objects.get(name="Product"), asks=["name", "message"]
    )
    tag = f'<script src="{host}/forms/{form.key}.js" data-user-id="10-0" data-placement="pricing page" defer></script>'
    late = HandRaiseForm.objects.create(name="Docs", source=form.source, asks=["message"], consent="You may call me.")
    second = f'<script src="{host}/forms/{late.key}.js" data-target="#late" defer></script>'
    html = f'<!doctype html><html lang="en"><title>Prices</title><main>{tag}{second}</main></html>'
    site = strict_site(html, only=host)
    form.origins = late.origins = [site]
    late.thanks_url = f"{site}/thanks"
    form.save()
    late.save()
    visitor = open_page()
    visitor.goto(f"{site}/prices")
    visitor.get_by_label("Message").fill("SSO for 40 seats?")
    visitor.get_by_label("E-mail").fill("bea@nobody")
    visitor.expected.append("400")
    visitor.get_by_label("E-mail").evaluate("input => { input.type = 'text'; input.value = 'nobody'; }")
    visitor.get_by_role("button", name="Send").click()
    expect(visitor.get_by_role("alert")).to_contain_text("Please check the e-mail address")
    expect(visitor.get_by_label("E-mail")).to_be_focused()
    visitor.get_by_label("E-mail").fill("bea@quill.example")
    visitor.get_by_role("button", name="Send").click()
    expect(visitor.get_by_role("status")).to_contain_text("We have your message")
    row = HandRaise.objects.get()
    assert (row.is_spam, row.placement) == (False, "pricing page")

    # A second form, whose place an app draws later; sent by a double click, it leads to the site's own page of thanks.
    visitor.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<div id=late><a href=/x data-hand-fallback>Talk to us</a></div>')"
    )
    place = visitor.locator("#late")
    expect(place.get_by_label("Message")).to_be_visible()
    expect(place.get_by_role("link", name="Talk to us")).to_have_count(0)
    place.get_by_label("E-mail").fill("ada@else.example")
    place.get_by_label("You may call me.").check()
    place.get_by_role("button", name="Send").dblclick()
    expect(visitor).to_have_url(f"{site}/thanks")
    assert (late.raised.count(), late.raised.get().fields["consent"]) == (1, "You may call me.")

    load()
    work()
    row.refresh_from_db()
    assert (row.user.key, row.account.name) == ("u:10-0", "Quill & Co")

    page = sign_in_page("sales@team.example")
    first = page.locator(".row-item").first
    expect(first).to_contain_text("Quill & Co")
    expect(first).to_contain_text(re.compile(r"due in (1 h|5\d min)"))
    first.locator(".row-link").click()
    pane = page.locator(".queue-detail")
    expect(pane).to_contain_text("Hand raised: “SSO for 40 seats?”")
    expect(pane).to_contain_text("When they raised the hand: score")
    expect(pane).to_contain_text("from pricing page")

    # The form as a page of its own, without JavaScript, and what the admin sees.
    plain = open_page(scripts=False)
    plain.goto(f"/forms/{form.key}/?placement=docs")
    plain.get_by_label("E-mail").fill("kim@else.example")
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_role("heading", name="Thank you")).to_be_visible()
    admin = sign_in_page("admin@team.example", width=390)
    public = (f"/forms/{late.key}/", f"/forms/{late.key}/thanks/")
    own = ("/settings/forms/", f"/settings/forms/{form.pk}/", "/settings/raised-hands/", "/settings/routing/")
    assert not faulty(admin, own + public, width=390)
    admin.goto(f"/settings/forms/{form.pk}/")
    admin.get_by_label("Heading").fill("Ask our team")
    expect(admin.locator("#hand-preview")).to_contain_text("Ask our team")
