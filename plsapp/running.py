"""The app as real processes, for faults, benchmarks and tests: `manage.py up`, or one process of it, on a free port.

Nothing of Django is needed here.
"""

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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg

from plsapp.env import BASE_DIR

#: What a terminal that starts the app does not have: settings of whoever runs this.
OWN = (
    "DATABASE_URL",
    "PLSAPP_HOME",
    "CELERY_BROKER_URL",
    "DJANGO_SETTINGS_MODULE",
    "HTTPS",
    "MIRROR_URL",
    "USAGE_URL",
)
#: A word of the command line of each of the app's processes.
WORDS = {"web": "granian", "worker": "worker", "beat": "beat"}


class TooLateError(AssertionError):
    """Something that was waited for did not come."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for[T](look: Callable[[], T], *, seconds: float = 30, what: str, every: float = 0.1) -> T:
    """The first true answer of `look`. Raises `TooLateError`, naming what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(psutil.Error, psycopg.Error, OSError):
            if found := look():
                return found
        if time.monotonic() > deadline:
            raise TooLateError(f"not within {seconds} s: {what}")
        time.sleep(every)


def environment(home: Path, **more: str) -> dict[str, str]:
    """As in a new terminal: nothing of this process's own settings."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    return kept | {"PLSAPP_HOME": str(home)} | more


def manage(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    command = [sys.executable, str(BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(  # noqa: S603 - our own command
        command, env=environment(home, **more), cwd="/", capture_output=True, text=True, timeout=240, check=False
    )


class Process:
    """One process with those that it starts. What they say goes into a file, so that nothing blocks."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        port: int = 0,
        folder: Path | str = "/",
    ) -> None:
        self.command, self.environment, self.log_path, self.port = list(command), dict(environment), log, port
        self.folder = folder
        self._start()

    def _start(self) -> None:
        with self.log_path.open("ab") as log:
            self.said_before = log.tell()
            self.process = psutil.Popen(
                self.command,
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_until_it_answers(self) -> Self:
        """Until something speaks HTTP at the port, whatever it says."""

        def speaks() -> bool:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):  # noqa: S310 - our own server
                    return True
            except urllib.error.HTTPError:
                return True

        self._wait(speaks, seconds=90)
        return self

    def _wait(self, is_up: Callable[[], bool], *, seconds: float) -> None:
        try:
            wait_for(lambda: is_up() or self.process.poll() is not None, seconds=seconds, what="the app")
            if self.process.poll() is not None:
                raise TooLateError(f"it ended with exit code {self.process.returncode}")
        except TooLateError as late:
            raise TooLateError(f"the app did not start: {late}\n{self.log[-20_000:]}") from None

    def cpu(self) -> float:
        """Processor seconds of its processes so far, an embedded PostgreSQL among them."""
        total = 0.0
        for process in [self.process, *self.family()]:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def family(self) -> list[psutil.Process]:
        """Everything it started, PostgreSQL too."""
        found: list[psutil.Process] = self.process.children(recursive=True)
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return int(self.process.wait(90))

    def clean_up(self) -> None:
        """Whatever happened, nothing of it stays."""
        with contextlib.suppress(psutil.Error):
            family = self.family()
            with contextlib.suppress(psutil.TimeoutExpired):
                self.stop(signal.SIGTERM)
            kill([*family, self.process])


class App(Process):
    """`manage.py up` on this home, with these settings besides. Its log is beside the home unless it is named."""

    def __init__(self, home: Path, log: Path | None = None, /, **more: str) -> None:
        self.home, self.more = home, more
        port = free_port()
        super().__init__(
            [sys.executable, str(BASE_DIR / "manage.py"), "up", "--port", str(port)],
            environment=environment(home, **more),
            log=log or home.with_name(f"{home.name}.log"),
            port=port,
        )

    def health(self) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def wait_until_ready(self) -> Self:
        def has_said_so() -> bool:
            return "Ready: http" in self.log_path.read_bytes()[self.said_before :].decode(errors="replace")

        self._wait(has_said_so, seconds=240)
        return self

    def start_again(self) -> None:
        """On the same home and port, as after a reboot."""
        self._start()
        self.wait_until_ready()

    def child(self, name: str) -> psutil.Process | None:
        """Its own process of this name: web, worker or beat."""
        for process in self.process.children():
            with contextlib.suppress(psutil.Error):  # one that has just ended
                if WORDS[name] in process.cmdline():
                    return process
        return None

    def must_have(self, name: str) -> psutil.Process:
        return wait_for(lambda: self.child(name), what=f"a process {name}")

    def pool(self) -> list[psutil.Process]:
        """The worker's own processes, which do the tasks."""
        return wait_for(lambda: self.must_have("worker").children(), what="the worker's processes")

    def postmaster(self) -> int:
        return int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])

    def keeper(self) -> psutil.Process:
        """The process that keeps PostgreSQL running."""
        for process in self.process.children():
            with contextlib.suppress(psutil.Error):
                if any(word.endswith("keeper.py") for word in process.cmdline()):
                    return process
        raise ProcessLookupError("no keeper")

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[Any]:
        """Past the app, to its database."""
        place = f"host={self.home / 'postgres'} user=postgres dbname=plsapp"
        return psycopg.connect(place, autocommit=autocommit, connect_timeout=5)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(sql, values or None).fetchall()

    def query(self, sql: str, *values: object) -> Any:
        """The first value of the answer, if there is any."""
        with self.connect() as connection:
            cursor = connection.execute(sql, values or None)
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    @contextlib.contextmanager
    def held(self, table: str) -> Iterator[None]:
        """Nobody writes to this table until the end of the block; reading goes on. So a writer stands still at it."""
        with contextlib.ExitStack() as stack:
            connection = self.connect(autocommit=False)
            stack.callback(connection.close)  # also when the server is gone
            connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            yield


def kill(processes: Iterable[psutil.Process]) -> None:
    """`kill -9` of each, as one moment as it gets; returns when all are gone."""
    processes = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    wait_for(lambda: not still_there(processes), what="the end of what was killed", every=0.02)


def still_there(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
