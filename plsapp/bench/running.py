"""The app beside a bench: `manage.py up`, or its web server alone, on the bench's database and a home of its own."""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection
from django.urls import reverse

from plsapp import services

#: Seconds to wait for a server, with the static files it collects first.
PATIENCE = 90


@dataclass(frozen=True)
class Running:
    """A server on this machine. `log` is what it and its processes say."""

    port: int
    process: psutil.Popen
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Processor seconds of its processes so far, PostgreSQL not among them."""
        total = 0.0
        for process in [self.process, *self.process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def sign_in(self, email: str, password: str) -> str:
        """The `Cookie` header of somebody who signed in through the form."""
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        place = self.url + reverse("account_login")
        page = browser.open(place, timeout=20).read().decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found, "the sign-in page has no form"
        said = {"login": email, "password": password, "csrfmiddlewaretoken": found.group(1)}
        with browser.open(place, urllib.parse.urlencode(said).encode(), timeout=20) as answer:
            assert answer.url != place, f"{email} could not sign in"
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


@contextlib.contextmanager
def up(home: Path, **more: str) -> Iterator[Running]:
    """Web, worker and beat, as a person starts them."""
    port = free_port()
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "up", "--port", str(port)]
    with _started("up", command, port, home, more) as app:
        yield app


@contextlib.contextmanager
def web(home: Path, application: str, **more: str) -> Iterator[Running]:
    """The web server of `up`, with another application."""
    port = free_port()
    child = services.children("127.0.0.1", port)[0]
    with _started(application.partition(":")[0], [*child.command[:-1], application], port, home, more) as app:
        yield app


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_url() -> str:
    """The database that this process uses now."""
    given = connection.get_connection_params()
    who = f"{quote(given.get('user') or '')}:{quote(given.get('password') or '')}@"
    place = f"/{given['dbname']}?host={quote(given.get('host') or '')}"
    return f"postgresql://{who}{place}" + (f"&port={given['port']}" if given.get("port") else "")


@contextlib.contextmanager
def _started(name: str, command: list[str], port: int, home: Path, more: dict[str, str]) -> Iterator[Running]:
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "PLSAPP_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "plsapp.settings",
        "HTTPS": "0",
        "LOG_LEVEL": "WARNING",
    }
    log = home / f"{name}.log"
    with log.open("ab") as file:
        process = psutil.Popen(
            command, env=environment | more, cwd=settings.BASE_DIR, stdout=file, stderr=file, start_new_session=True
        )
    app = Running(port, process, log)
    try:
        _wait_until_it_answers(app)
        yield app
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_it_answers(app: Running) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and app.process.poll() is None:
        with contextlib.suppress(OSError):
            try:
                with urllib.request.urlopen(f"{app.url}/healthz", timeout=5):  # noqa: S310 - our own server
                    return
            except urllib.error.HTTPError as error:
                if error.code == 404:  # another application, and it is there
                    return
        time.sleep(0.2)
    raise RuntimeError(f"The server did not start. Its log:\n{app.log.read_text(errors='replace')[-4000:]}")
