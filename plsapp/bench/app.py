"""The app beside a bench: `manage.py up`, or processes of it, on the bench's database and a home of its own."""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.urls import reverse

from plsapp import services
from plsapp.running import App, Process, free_port
from plsapp.supervisor import Child


@contextlib.contextmanager
def up(home: Path) -> Iterator[App]:
    """Web, worker and beat, as a person starts them."""
    app = App(home, home / "up.log", **_given(home))
    with _ended(app):
        yield app.wait_until_ready()


@contextlib.contextmanager
def web(home: Path, application: str) -> Iterator[Process]:
    """The web server of `up`, with this application."""
    port = free_port()
    child = services.children("127.0.0.1", port)[0]
    child.command = [*child.command[:-1], application]
    with process(home, child, port=port) as server:
        yield server.wait_until_it_answers()


@contextlib.contextmanager
def worker_and_beat(home: Path) -> Iterator[None]:
    _, worker, beat = services.children("127.0.0.1", 1)
    with process(home, worker), process(home, beat):
        yield


@contextlib.contextmanager
def process(home: Path, child: Child, *, port: int = 0) -> Iterator[Process]:
    """One of the processes of `up`, ended with the block."""
    log = home / f"{child.name}.log"
    with _ended(
        Process(child.command, environment=os.environ | _given(home), log=log, port=port, folder=settings.BASE_DIR)
    ) as made:
        yield made


def sign_in(app: Process, email: str, password: str) -> str:
    """The `Cookie` header of somebody who signed in through the form."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    place = app.url + reverse("account_login")
    page = browser.open(place, timeout=20).read().decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, "the sign-in page has no form"
    said = {"login": email, "password": password, "csrfmiddlewaretoken": found.group(1)}
    with browser.open(place, urllib.parse.urlencode(said).encode(), timeout=20) as answer:
        assert answer.url != place, f"{email} could not sign in"
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def database_url() -> str:
    """The database that this process uses now."""
    given = connection.get_connection_params()
    who = f"{quote(given.get('user') or '')}:{quote(given.get('password') or '')}@"
    place = f"/{given['dbname']}?host={quote(given.get('host') or '')}"
    return f"postgresql://{who}{place}" + (f"&port={given['port']}" if given.get("port") else "")


def _given(home: Path) -> dict[str, str]:
    """The settings of a bench's processes; a broker or a warehouse that this process uses is theirs too."""
    kept = {name: os.environ[name] for name in ("CELERY_BROKER_URL", "MIRROR_URL", "USAGE_URL") if name in os.environ}
    return kept | {
        "DATABASE_URL": database_url(),
        "PLSAPP_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "plsapp.settings",
        "HTTPS": "0",
        "LOG_LEVEL": "WARNING",
    }


@contextlib.contextmanager
def _ended[T: Process](made: T) -> Iterator[T]:
    try:
        yield made
    finally:
        made.clean_up()
