"""Chromium against the live server. A console error or a refusal by the content security policy fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
# Playwright's sync API runs an event loop in this thread, and Django then refuses its database calls.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-quic",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=40_000)  # five seconds are few where other tests have the machine too
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def scene(transactional_db: None) -> dict[str, Any]:
    from tests.browser import scene

    return scene.fill()


@pytest.fixture
def open_page(browser: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """`open_page(width=…, scripts=False, dark=True)`: a page in a context of its own, watched for errors.

    `page.expected` is a list of words; an error with one of them in it is part of the test (a 409 is one on the console).
    """
    contexts, pages = [], []

    def open_page(*, width: int = 1440, height: int = 1000, scripts: bool = True, dark: bool = False) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            base_url=live_server.url,
            reduced_motion="reduce",
        )
        context.set_default_timeout(40_000)
        page = context.new_page()
        page.errors, page.expected = [], []
        page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        contexts.append(context)
        pages.append(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    for page in pages:
        wrong = [error for error in page.errors if not any(word in error for word in page.expected)]
        assert not wrong, wrong


@pytest.fixture
def sign_in_page(open_page: Callable[..., Any]) -> Callable[..., Any]:
    """`sign_in_page("sales@team.example")`: a page of a member who signed in through the form."""

    def sign_in_page(email: str, **options: Any) -> Any:
        from tests.browser.scene import PASSWORD

        page = open_page(**options)
        page.goto("/")
        page.fill("input[name=login]", email)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector("h1")
        return page

    return sign_in_page
