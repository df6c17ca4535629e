"""Keeps one embedded PostgreSQL running for as long as any process uses it.

Runs as a process of its own, started by `plsapp.embedded`, and imports nothing of the app, so that it stays small
(12 MB). Users of the server hold a shared lock on `postgres.users`. The keeper asks for that lock alone: it gets it in
the moment the last user is gone, however he went, and stops the server. No list of pids, so nothing to go stale.

    python -P keeper.py '{"home": …, "data": …, "sockets": …, "bin": …, "uid": …, "gid": …}'
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import psutil

#: Seconds between two looks at the users and at the server.
LOOK = 0.2
#: Seconds that a fast shutdown may take before the server is stopped at once (it recovers at the next start).
PATIENCE = 30


def buffers() -> int:
    """Megabytes of `shared_buffers`: a quarter of the memory, 128 at least and 2,048 at most.

    With much less than the tables the loader costs half as much again: it waits for pages, and writes others for room. Only
    what is used is ever taken from the system.
    """
    memory = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # the limit of a container, if there is any
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(128, min(2_048, memory // 4_000_000))


#: For a small company on one machine. Written into postgresql.conf once, so an operator's change there stays.
SETTINGS = {
    "shared_buffers": f"{buffers()}MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_min_duration_statement": "5s",
    "idle_in_transaction_session_timeout": "10min",
}


class Place(TypedDict):
    """Where a server lives. Paths are absolute; `uid` is none when it runs as whoever runs this."""

    home: str
    data: str
    sockets: str
    bin: str
    uid: int | None
    gid: int | None


def die_with_parent(sent: int = signal.SIGTERM) -> Callable[[], None] | None:
    """What a child runs before exec so that it gets this signal when its parent dies. Linux only: elsewhere none."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def before_exec() -> None:
        libc.prctl(1, sent)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return before_exec


def run_as(place: Place) -> dict[str, object]:
    """The arguments of `subprocess` that change to the server's own user, with nothing of root's groups."""
    if place["uid"] is None:
        return {}
    return {"user": place["uid"], "group": place["gid"], "extra_groups": []}


def make(place: Place) -> None:
    """Makes an empty data folder into a database cluster, in one step: one cut short is made again."""
    data = Path(place["data"])
    if (data / "PG_VERSION").exists():
        return
    for leftover in data.iterdir():  # of an initdb that was killed
        subprocess.run(["rm", "-rf", str(leftover)], check=True)  # noqa: S603, S607 - inside our own folder
    command = [f"{place['bin']}/initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    command += ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    command += [f"--set={name}={value}" for name, value in SETTINGS.items()]
    subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **run_as(place))  # type: ignore[call-overload]  # noqa: S603


def running(place: Place) -> psutil.Process | None:
    """The server that runs on this data already, left by a keeper that was killed. Drops the pid file of a dead one.

    PostgreSQL itself refuses to start when the old pid now belongs to some other program, as after a reboot.
    """
    file = Path(place["data"]) / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().split()[0]))
        if process.status() != psutil.STATUS_ZOMBIE and place["data"] in process.cmdline():
            return process
    except FileNotFoundError:
        return None
    except (psutil.Error, ValueError, IndexError):
        pass  # dead, or a program of some other user
    file.unlink(missing_ok=True)
    return None


def start(place: Place) -> psutil.Process:
    """Starts the server, without a TCP port. If this keeper is killed, the server gets SIGINT: a fast shutdown."""
    command = [f"{place['bin']}/postgres", "-D", place["data"], "-k", place["sockets"], "-c", "listen_addresses="]
    return psutil.Popen(
        command, cwd="/", stdin=subprocess.DEVNULL, preexec_fn=die_with_parent(signal.SIGINT), **run_as(place)
    )


def is_gone(process: psutil.Process) -> bool:
    """Whether it ended; takes its exit status when it is our child."""
    if isinstance(process, psutil.Popen):
        return process.poll() is not None
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def stop(process: psutil.Process) -> None:
    """A fast shutdown; when that takes too long, an immediate one."""
    for sent, patience in ((signal.SIGINT, PATIENCE), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        try:
            process.send_signal(sent)
            process.wait(patience)
        except psutil.TimeoutExpired:
            continue
        except psutil.NoSuchProcess:
            pass
        return


def is_unused(users: int) -> bool:
    """Whether no process uses the server. Once true, newcomers wait until this keeper is gone."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep(place: Place) -> int:
    """Runs the server until nobody uses it. Starts it again when it dies, and gives up after five quick deaths.

    Answers the exit code: 0 when all went well or another keeper is there, 1 when the server cannot run.
    """
    home = Path(place["home"])
    only_one = os.open(home / "postgres.keeper", os.O_RDWR | os.O_CREAT, 0o600)
    users = os.open(home / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(only_one, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    make(place)
    quick_deaths = 0
    while quick_deaths < 5:
        process = running(place) or start(place)
        started = time.monotonic()
        while not is_gone(process):
            if stopping or is_unused(users):
                stop(process)
                return 0
            time.sleep(LOOK)
        if stopping or is_unused(users):
            return 0
        quick_deaths = quick_deaths + 1 if time.monotonic() - started < 10 else 1
        print(f"keeper: PostgreSQL died ({process}), starting it again", flush=True)  # noqa: T201 - goes to its log
        time.sleep(0.3 * quick_deaths)  # its processes must let go of the shared memory first
    print("keeper: PostgreSQL died five times in a row, giving up", flush=True)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(keep(json.loads(sys.argv[1])))
