"""Runs the app's processes on one machine: web, worker and beat, with their logs in one stream.

A process that dies is started again; one that keeps dying stops the whole, so that the app is never half dead. The
children are groups of their own, so Ctrl-C reaches only the supervisor, which ends them in order; when the supervisor
itself is killed, the system ends them (Linux).
"""

from __future__ import annotations

import codecs
import fcntl
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from plsapp.postgres.keeper import die_with_parent

#: Seconds that children get to end before they are killed.
PATIENCE = 10
#: This many deaths within `WINDOW` seconds are too many.
TOO_MANY, WINDOW = 5, 60
COLOURS = {"web": "36", "worker": "33", "beat": "35", "up": "32"}


class AlreadyRunningError(RuntimeError):
    """Another supervisor runs on this home."""


class PortTakenError(RuntimeError):
    """Another program listens on the port."""


def ensure_port_is_free(host: str, port: int) -> None:
    """Raises `PortTakenError`, or `OSError` for an address this machine does not have."""
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, proto) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno in (13, 98, 48):  # EACCES, EADDRINUSE on Linux and on macOS
                raise PortTakenError(
                    f"Port {port} on {host} is taken ({error.strerror}). Choose another: --port"
                ) from None
            raise


@contextmanager
def only_one(home: Path, told: str) -> Iterator[None]:
    """Holds this home. Raises `AlreadyRunningError`, with what the other one `told`, when it is held already."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunningError(
                f"plsapp already runs on {home}: {file.read().strip() or 'just starting'}"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, {told}\n")
        file.flush()
        yield
        file.truncate(0)


@dataclass(eq=False)
class Child:
    """One process of the app: how to start it, and how it is."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=TOO_MANY))
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=15))
    half_line: str = ""
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """Reaches the process and all it started."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


class Supervisor:
    """`run()` starts the children and returns the exit code when all of them have ended.

    `look` is called about once a second; what it answers, if anything, is printed as news.
    """

    def __init__(
        self,
        children: list[Child],
        *,
        environment: Mapping[str, str],
        folder: Path,
        url: str,
        look: Callable[[], str | None] = lambda: None,
        out: TextIO | None = None,
    ) -> None:
        self.children = children
        self.environment = dict(environment) | {"PYTHONUNBUFFERED": "1"}
        self.folder = folder
        self.url = url
        self.look = look
        self.out = out or sys.stdout
        self.selector = selectors.DefaultSelector()
        self.exit_code: int | None = None
        self.stopping_since: float | None = None
        self.interrupts = 0
        self.is_announced = self.is_told_ill = False
        self.started_at = time.monotonic()
        self.looked_at = 0.0

    def run(self) -> int:
        before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while self.stopping_since is None or any(child.is_alive for child in self.children):
                self._relay(timeout=0.2)
                if self.stopping_since is None:
                    self._tend()
                elif time.monotonic() - self.stopping_since > PATIENCE:
                    self._kill()
            self._relay(timeout=0)
        finally:
            self._kill()
            for number, handler in before.items():
                signal.signal(number, handler)
        self.say("Stopped.")
        return self.exit_code or 0

    def say(self, text: str, name: str = "up") -> None:
        for line in text.splitlines():
            label = f"{name:<6} |"
            if self.out.isatty():
                label = f"\x1b[{COLOURS.get(name, '37')}m{label}\x1b[0m"
            with suppress(BrokenPipeError):
                print(f"{label} {line}", file=self.out, flush=True)

    def _interrupt(self, number: int, _frame: object) -> None:
        """Only notes it: printing inside a signal handler may deadlock."""
        self.interrupts += 1

    def _tend(self) -> None:
        now = time.monotonic()
        if self.interrupts:
            self._stop(0, "Stopping. Ctrl-C again ends it at once.")
            return
        for child in self.children:
            if child.process is None and now >= child.start_at:
                self._start(child)
            elif child.process is not None and not child.is_alive:
                self._mourn(child, now)
        if now - self.looked_at > 1:
            self.looked_at = now
            if news := self.look():
                self.say(news)
            if not self.is_announced:
                self._announce(now)

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(  # noqa: S603 - our own commands
            child.command,
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=die_with_parent(),
        )
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _mourn(self, child: Child, now: float) -> None:
        """A death is told, and followed by a new start or, when there were too many, by the end of all."""
        assert child.process is not None
        self._relay(timeout=0)
        code = child.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        child.signal(signal.SIGKILL)  # what it started must not outlive it
        child.process = None
        child.deaths.append(now)
        recent = [death for death in child.deaths if now - death < WINDOW]
        if len(recent) >= TOO_MANY:
            self.say(f"{child.name} {how}, {len(recent)} times within a minute. Its last lines:")
            self.say("\n".join(child.tail), child.name)
            self._stop(1, "Stopping.")
            return
        pause = min(2 ** (len(recent) - 1), 8) / 4
        child.start_at = now + pause
        self.say(f"{child.name} {how}. Starting it again in {pause:g} s.")

    def _stop(self, code: int, why: str) -> None:
        self.say(why)
        self.exit_code = code
        self.interrupts = 0
        self.stopping_since = time.monotonic()
        for child in self.children:
            # The group, too, would tell the worker's own processes to end, and they would drop their tasks.
            if child.is_alive and child.process is not None:
                child.process.send_signal(signal.SIGTERM)

    def _kill(self) -> None:
        for child in self.children:
            child.signal(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()

    def _relay(self, timeout: float) -> None:
        """Passes the children's lines on, each with its name in front."""
        if self.stopping_since is not None and self.interrupts:
            self._kill()
        if not self.selector.get_map():
            time.sleep(timeout)
            return
        for key, _ in self.selector.select(timeout):
            child: Child = key.data
            try:
                piece = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            *lines, child.half_line = (child.half_line + child.decoder.decode(piece)).split("\n")
            if not piece or len(child.half_line) > 65536:
                lines, child.half_line = [*lines, child.half_line], ""
            for line in filter(None, lines):
                child.tail.append(line)
                self.say(line, child.name)
            if not piece:
                self.selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]

    def _announce(self, now: float) -> None:
        """Prints the address once the app answers there in good health, and before that, after a while, that it is ill."""
        request = urllib.request.Request(f"{self.url}healthz")  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=2):  # noqa: S310
                self.is_announced = True
                self.say(f"Ready: {self.url}")
        except urllib.error.HTTPError as error:
            if now - self.started_at > 30 and not self.is_told_ill:
                self.is_told_ill = True
                self.say(f"Answers at {self.url}, but is not well: {error.read(500).decode(errors='replace')}")
        except (OSError, ValueError):
            pass  # not up yet
