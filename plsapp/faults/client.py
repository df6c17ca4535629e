"""Who sends, as an SDK does: a request is sent again until it is answered 200. And an admin who asks for a full run."""

from __future__ import annotations

import base64
import http.client
import http.cookiejar
import re
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from plsapp.faults import feed
from plsapp.faults.feed import Event
from plsapp.running import App, TooLateError

#: Seconds for which a request is tried.
PATIENCE = 120
#: Seconds for one answer. A request may stand at a held table for some time.
TIMEOUT = 60


class Client:
    """Sends to one app, and remembers every message that was answered 200."""

    def __init__(self, app: App) -> None:
        self.port = app.port
        key = app.query("SELECT write_key FROM accounts_source ORDER BY id LIMIT 1")
        self.headers = {
            "Authorization": f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}",
            "Content-Type": "application/json",
        }
        self.answered: dict[str, Event] = {}
        #: Tries that had no answer, and answers that said to come again.
        self.broken = self.refused = 0
        self._lock = threading.Lock()

    def send(self, events: list[Event], *, size: int = feed.BATCH, threads: int = 1) -> None:
        """Returns when every message was answered 200."""
        with self.sending(events, size=size, threads=threads):
            pass

    @contextmanager
    def sending(self, events: list[Event], *, size: int = feed.BATCH, threads: int = 4) -> Iterator[None]:
        """Sends while the block runs; its end waits until every message was answered 200."""
        with ThreadPoolExecutor(threads, thread_name_prefix="client") as pool:
            tries = [pool.submit(self._deliver, request) for request in feed.requests(events, size=size)]
            yield
            for one in tries:
                one.result()

    def _deliver(self, events: list[Event]) -> None:
        body, deadline = feed.body_of(events), time.monotonic() + PATIENCE
        while not self._is_taken(body):
            if time.monotonic() > deadline:
                raise TooLateError(f"a request was not taken within {PATIENCE} s")
            time.sleep(0.1)
        with self._lock:
            self.answered |= {event.id: event for event in events}

    def _is_taken(self, body: bytes) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request("POST", "/v1/batch", body, self.headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            with self._lock:
                self.broken += 1
            return False
        finally:
            connection.close()
        if answer.status == 200:
            return True
        if answer.status not in (429, 500, 502, 503, 504):
            raise AssertionError(f"answered {answer.status}: {text[:500]!r}")
        with self._lock:
            self.refused += 1
        return False


class Admin:
    """The first admin, signed in."""

    def __init__(self, app: App) -> None:
        self.home = f"http://127.0.0.1:{app.port}"
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        found = re.search(r"admin@localhost\s+(\S+)", app.log)
        assert found, "the log shows the first admin's password"
        self.opener.open(f"{self.home}/sign-in/login/", timeout=30).read()  # for the cookie that the form needs
        self._post("/sign-in/login/", login="admin@localhost", password=found[1])
        if not any(cookie.name == "sessionid" for cookie in self.cookies):
            raise AssertionError("the first admin cannot sign in")

    def ask_for_full_run(self) -> None:
        self._post("/definitions/runs/all/")

    def _post(self, path: str, **fields: str) -> None:
        token = next(cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken")
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token}).encode()
        self.opener.open(f"{self.home}{path}", body, timeout=30).read()
