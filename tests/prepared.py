"""A cluster that is migrated, made once a run: the server of the run begins as a copy of it, and so do the homes of tests.

The migrations take 15 seconds, the static files six; a copy takes a tenth of one. `begin(home)` makes the cluster beside the
collection of the tests, `wait()` waits for it, `fill(home)` gives a home of a test what a first start would make there.

    python -m tests.prepared

makes it before a run and keeps it, while something else waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from plsapp import embedded
from plsapp.env import BASE_DIR
from plsapp.running import manage

#: Names the folder of the prepared home to the workers of xdist.
FOLDER = "PLSAPP_TESTS_PREPARED"
#: The database in it, which nobody ever connects to once it is made, so that others can be made after it.
TEMPLATE = embedded.DATABASE
#: Seconds that a busy machine may take to make it.
PATIENCE = 300
#: Of a crash of the machine no test knows; of one of PostgreSQL some do, so commits wait for the log as they do outside.
UNSAFE = "fsync = off\nfull_page_writes = off\n"
#: What makes the cluster, besides the programs that are installed.
SOURCES = (
    "*/migrations/*.py",
    "accounts/models/*.py",
    "plsapp/broker.py",
    "plsapp/embedded.py",
    "plsapp/postgres/*.py",
)
#: Parts of the names of those programs.
MAKERS = ("django", "pg", "psycopg", "celery", "kombu")
COLLECT = "from plsapp import services; services.collect_static()"


def begin(home: Path) -> threading.Thread:
    """Makes the cluster in a thread, and starts the server of the run on a copy of it in this home. Sets the environment."""
    folder = Path(tempfile.mkdtemp(prefix="plsapp-prepared-"))
    folder.chmod(0o755)  # as root, the server runs as another user, who must get in
    os.environ[FOLDER] = str(folder)
    place = embedded._place(home)
    os.environ["DATABASE_URL"] = embedded.Server(place["sockets"], "postgres", place).url("postgres")
    os.environ["PLSAPP_HOME"] = str(home)
    thread = threading.Thread(target=_begin, args=[folder, home], name="prepared")
    thread.start()
    return thread


def end(home: Path) -> None:
    """Stops the server of the run. Half a gigabyte goes."""
    if (_folder() / "ready").exists():
        embedded.start(home).release()
    for made in (_folder() / "home", home):
        data = (made / "postgres").resolve()
        for folder in (made, data if data.is_relative_to(made.resolve()) else data.parent):
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(_folder(), ignore_errors=True)


def wait() -> None:
    """Until the server of the run is there."""
    deadline = time.monotonic() + PATIENCE
    while not (_folder() / "ready").exists():
        if (_folder() / "failed").exists():
            raise RuntimeError((_folder() / "failed").read_text())
        if time.monotonic() > deadline:
            raise RuntimeError(f"no migrated cluster within {PATIENCE} s, see {_folder()}")
        time.sleep(0.05)


def fill(home: Path, *, cluster: bool = True, durable: bool = False) -> Path:
    """The home, now with a cluster and static files as after a first start, but without a member. `durable`: with fsync."""
    if FOLDER not in os.environ:  # the run has a server of its own, and prepares nothing
        return home
    wait()
    home.mkdir(parents=True, exist_ok=True)
    if cluster:
        _copy(_folder() / "home", home)
    if cluster and not durable:
        with (home / "postgres" / "postgresql.auto.conf").open("a") as settings:
            settings.write(UNSAFE)
    with _static() as made:
        subprocess.run(["cp", "-a", *map(str, made), str(home)], check=True)
    return home


def demo(home: Path) -> str:
    """Gives a home what `manage.py demo` of a small world leaves there, and answers what it printed. Made by who wants it first."""
    made = _folder() / "demo" if FOLDER in os.environ else home
    said = made.parent / f"{made.name}.said"
    with (made.parent / f"{made.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            done = manage(fill(made), "demo", "--no-serve", "--accounts", "40", "--days", "45")
            if done.returncode:
                raise RuntimeError(done.stderr)
            said.write_text(done.stdout)
    if made != home:
        home.mkdir(parents=True)
        subprocess.run(["cp", "-a", f"{made}/.", str(home)], check=True)
    return said.read_text()


def _folder() -> Path:
    return Path(os.environ[FOLDER])


def _begin(folder: Path, home: Path) -> None:
    try:
        _make(folder / "home")
        _copy(folder / "home", home)
        embedded.make_fast_and_unsafe(embedded.start(home))
        (folder / "ready").touch()
    except Exception as error:
        (folder / "failed").write_text(f"{type(error).__name__}: {error}")


def _make(home: Path) -> None:
    """A migrated cluster, its server stopped: that which an earlier run kept, where nothing has changed that makes it."""
    kept = _kept()
    home.mkdir()
    if kept.is_dir():
        _copy(kept, home)
        return
    server = embedded.start(home)
    try:
        embedded.make_fast_and_unsafe(server)
        done = manage(home, "migrate", "--verbosity=0")
        if done.returncode:
            raise RuntimeError(done.stderr)
    finally:
        server.release()
    (home / "postgres" / "postgresql.auto.conf").write_text("")
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        _keep(home, kept)


def _copy(home: Path, other: Path) -> None:
    """The cluster, with owner and modes."""
    subprocess.run(["cp", "-a", f"{home.resolve()}/postgres/.", embedded._place(other)["data"]], check=True)


def _kept() -> Path:
    found = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in BASE_DIR.glob(pattern)}):
        found.update(path.read_bytes())
    installed = {one.name.lower(): one.version for one in importlib.metadata.distributions()}
    for name in sorted(name for name in installed if any(part in name for part in MAKERS)):
        found.update(f"{name} {installed[name]}".encode())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "plsapp-tests" / found.hexdigest()[:16]


def _keep(home: Path, kept: Path) -> None:
    """Beside at most three others."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in sorted(kept.parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-3]:
        shutil.rmtree(old, ignore_errors=True)
    half = Path(tempfile.mkdtemp(dir=kept.parent))
    subprocess.run(["cp", "-a", f"{home.resolve()}/postgres/.", str(half / "postgres")], check=True)
    half.rename(kept)


@contextlib.contextmanager
def _static() -> Iterator[list[Path]]:
    """The collected static files of the prepared home, made by whoever wants them first."""
    home = _folder() / "home"
    made = [home / "static", home / "static.collected"]
    with (_folder() / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made[1].exists():
            done = manage(home, "shell", "--no-imports", "-c", COLLECT)
            if done.returncode:
                raise RuntimeError(done.stderr)
    yield made


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="plsapp-prepared-") as _made:
        Path(_made).chmod(0o755)
        _make(Path(_made) / "home")
