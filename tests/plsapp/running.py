"""A running app for tests: real processes, its own home, a free port."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for[T](look: Callable[[], T], *, seconds: float = 30, what: str) -> T:
    """The first true answer of `look`. Fails, naming what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.Error, psycopg.Error, OSError):
            if found := look():
                return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def environment(home: Path, **more: str) -> dict[str, str]:
    """As in a new terminal: nothing of the test run's own database."""
    own = ("DATABASE_URL", "PLSAPP_HOME", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "HTTPS")
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return kept | {"PLSAPP_HOME": str(home)} | more


def manage(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(
        command, env=environment(home, **more), cwd="/", capture_output=True, text=True, timeout=120, check=False
    )


class App:
    """`manage.py up` on this home. Its log is a file, so that nothing blocks."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home, self.port = home, free_port()
        self.log_path = home.with_name(f"{home.name}.log")
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(self.port)]
        with self.log_path.open("ab") as log:
            self.process = psutil.Popen(
                command, env=environment(home, **more), cwd="/", stdout=log, stderr=log, start_new_session=True
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def health(self) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=3) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def wait_until_ready(self) -> App:
        try:
            wait_for(lambda: "Ready: http" in self.log or self.process.poll() is not None, seconds=60, what="the app")
            assert self.process.poll() is None
        except AssertionError:
            raise AssertionError(f"the app did not start:\n{self.log}") from None
        return self

    def family(self) -> list[psutil.Process]:
        """Everything it started, PostgreSQL too."""
        return self.process.children(recursive=True)

    def child(self, name: str) -> psutil.Process | None:
        """Its own process of this name: web, worker or beat."""
        words = {"web": "granian", "worker": "worker", "beat": "beat"}
        for process in self.process.children():
            with contextlib.suppress(psutil.Error):  # one that has just ended
                if words[name] in process.cmdline():
                    return process
        return None

    def postmaster(self) -> int:
        return int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])

    def query(self, sql: str) -> Any:
        """The first value of the answer, asked past the app."""
        place = f"host={self.home / 'postgres'} user=postgres dbname=plsapp"
        with psycopg.connect(place, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql)
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def stop(self, number: int = signal.SIGINT) -> int:
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def clean_up(self) -> None:
        """Whatever happened, nothing of it stays."""
        with contextlib.suppress(psutil.Error):
            family = self.family()
            with contextlib.suppress(psutil.TimeoutExpired):
                self.stop()
            for process in [*family, self.process]:
                with contextlib.suppress(psutil.Error):
                    process.kill()


def still_there(processes: list[psutil.Process]) -> list[psutil.Process]:
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
