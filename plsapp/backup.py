"""A backup is one file of PostgreSQL's own `pg_dump`, and a restore puts it in the place of the app's database.

Everything that matters is in the database. What is derived from it (the columnar mirror, feature matrices) is not part of a backup:
after a restore it is made again where it does not fit, which the versions of days tell.

A restore never leaves half a database: into an empty one it is one transaction, else the backup becomes a new database that
takes the old one's name when all of it is there.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import CommandError
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from psycopg import sql
from tqdm import tqdm

from plsapp import embedded

#: A database with a row in one of these is somebody's.
WORTH_KEEPING = ("accounts_member", "accounts_source", "accounts_account", "accounts_productuser", "accounts_landing")
#: Whose migrations tell the version; those of other packages come and go.
OWN_APPS = ("plsapp", "accounts", "scoring", "playbooks")
#: The app's own tables are told from another program's by this one, which every version had.
OURS = "django_migrations"


class BackupError(CommandError):
    """It cannot be done; nothing was changed. The message says why and what helps."""


@dataclass(frozen=True)
class Content:
    """What a backup holds, by its own table of contents. `server`: the major version of the PostgreSQL it came from."""

    server: int
    tables: int
    migrations: frozenset[tuple[str, str]]


def client_environment() -> dict[str, str]:
    """The environment in which libpq finds the app's database. Starts the embedded server if that is the one."""
    given = connection.get_connection_params()
    variables = {default.keyword.decode(): default.envvar for default in psycopg.pq.Conninfo.get_defaults()}
    return dict(os.environ) | {
        variable.decode(): str(given[name]) for name, variable in variables.items() if variable and given.get(name)
    }


def take(file: Path) -> Content:
    """Writes a backup, while the app runs or not. The file appears when it is whole, for its owner only.

    Raises `BackupError`: there is such a file already, the folder cannot be written, or what `pg_dump` says.
    """
    if file.exists():
        raise BackupError(f"{file} exists. Choose another name: a backup is never overwritten.")
    half = file.with_name(f"{file.name}.half")
    try:
        os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|info)'"
            )
            tables = cursor.fetchone()[0]
        _run(
            ["pg_dump", "--format=custom", "--verbose", f"--file={half}"], "Backing up", tables, r"dumping contents of"
        )
        content = look(half)
        half.replace(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
    return content


def look(file: Path) -> Content:
    """What is in a backup. Raises `BackupError` when it is none, or not one of this app."""
    if not file.is_file():
        raise BackupError(f"There is no file {file}.")
    told = _ask(["pg_restore", "--list", str(file)], f"{file} is no backup, or not a whole one")
    server = re.search(r"Dumped from database version: (\d+)", told)
    said = _ask(["pg_restore", "--data-only", f"--table={OURS}", "--file=-", str(file)], f"{file} cannot be read")
    migrations = frozenset(re.findall(r"^\d+\t(\w+)\t(\w+)\t", said, re.MULTILINE))
    if not server or ("accounts", "0001_initial") not in migrations:
        raise BackupError(f"{file} is a backup of some other database, not of plsapp.")
    return Content(int(server[1]), told.count(" TABLE DATA "), migrations)


def put_back(file: Path, *, replace: bool = False) -> Content:
    """Makes the app's database what the backup holds. The caller then brings it to this version (`services.prepare`).

    Raises `BackupError`, with nothing changed: what `look` says; the backup is of a newer version of the app or of PostgreSQL;
    somebody is connected; the database holds something and `replace` is not said, or it is some other program's.
    """
    content = look(file)
    newer = {migration for migration in content.migrations if migration[0] in OWN_APPS} - _known_migrations()
    if newer:
        names = ", ".join(sorted(f"{app}.{name}" for app, name in newer)[:3])
        raise BackupError(
            f"{file} was made by a newer version of plsapp (it knows {names}). Install that version first."
        )
    name = connection.settings_dict["NAME"]
    with _others(name) as server:
        if server.info.server_version // 10_000 < content.server:
            raise BackupError(
                f"{file} comes from PostgreSQL {content.server}, and this server is {server.info.server_version // 10_000}. "
                "Restore it into a server of that version or a newer one."
            )
        connected = server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'", [name]
        ).fetchone()
        if connected and connected[0]:
            raise BackupError(f"{connected[0]} connections to the database {name} are open. Stop the app first.")
        if _is_empty(name, replace=replace):
            _load(file, name, content, server=server.info.server_version, at_once=True)
        else:
            _swap(server, file, name, content)
    return content


def _known_migrations() -> set[tuple[str, str]]:
    loader = MigrationLoader(None)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    return {*loader.disk_migrations, *replaced}


@contextmanager
def _others(name: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server that is none to the database `name`; ours to that one are closed."""
    environment = client_environment()
    connections.close_all()
    own = {
        default.keyword.decode(): environment[default.envvar.decode()]
        for default in psycopg.pq.Conninfo.get_defaults()
        if default.envvar and default.envvar.decode() in environment
    }
    try:
        with psycopg.connect(**own | {"dbname": "postgres"}, autocommit=True) as server:  # type: ignore[arg-type]
            yield server
    except psycopg.OperationalError as error:
        raise BackupError(f"The server's database `postgres` is needed to look after `{name}`: {error}") from error


def _is_empty(name: str, *, replace: bool) -> bool:
    """Whether the database has no tables at all. Raises `BackupError` when it has rows that nobody said to replace."""
    try:
        with connection.cursor() as cursor:
            tables = {info.name for info in connection.introspection.get_table_list(cursor)}
            kept = []
            for table in tables & {*WORTH_KEEPING}:
                cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
                kept += [table] * cursor.fetchone()[0]
    finally:
        connections.close_all()
    if tables and OURS not in tables:
        raise BackupError(f"The database {name} holds tables of some other program. Use a database of its own.")
    if kept and not replace:
        raise BackupError(
            f"The database {name} is not empty. With --replace, all that is in it is replaced by the backup."
        )
    return not tables


def _swap(server: psycopg.Connection[Any], file: Path, name: str, content: Content) -> None:
    """A new database takes the name of the old one, which is dropped only then."""
    # PostgreSQL cuts names at 63 bytes: two that are cut may be the same, or the live one.
    short = f"{name.encode()[:38].decode(errors='ignore')}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    new, old = sql.Identifier(f"{short}_restoring"), sql.Identifier(f"{short}_before_restore")
    now = sql.Identifier(name)
    try:
        for left in (new, old):  # of a restore that was killed
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(left))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(new))
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupError(
            "Replacing a database needs a user who may make databases. Or make an empty one and let DATABASE_URL name it."
        ) from error
    try:
        _load(file, f"{short}_restoring", content, server=server.info.server_version)
        with server.transaction():
            server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(now, old))
            server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, now))
    except BaseException:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(new))
        raise
    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(old))


def _load(file: Path, database: str, content: Content, *, server: int, at_once: bool = False) -> None:
    """Restores into this database; with `at_once`, in one transaction. `server` is its version, as libpq says it."""
    command = ["pg_restore", "--no-owner", "--no-privileges"]
    if server < 170_000:
        _load_as_sql([*command, "--file=-", str(file)], database, content, at_once=at_once)
        return
    command += ["--exit-on-error", "--verbose", f"--dbname={database}"]
    more = ["--single-transaction"] if at_once else []
    _run([*command, *more, str(file)], "Restoring", content.tables, r"processing data for table")


def _load_as_sql(command: list[str], database: str, content: Content, *, at_once: bool) -> None:
    """Through psql, without the one setting that our pg_restore always sends and servers before 17 do not know."""
    psql = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={database}", "--output=/dev/null"]
    with (
        tempfile.TemporaryFile() as problems,
        subprocess.Popen(  # noqa: S603 - one of PostgreSQL's programs
            [str(embedded.programs() / command[0]), *command[1:]], stdout=subprocess.PIPE, stderr=problems
        ) as source,
        subprocess.Popen(  # noqa: S603 - the same
            [str(embedded.programs() / psql[0]), *psql[1:], *(["--single-transaction"] if at_once else [])],
            env=client_environment() | {"LC_ALL": "C"},
            stdin=subprocess.PIPE,
            stderr=problems,
        ) as target,
        tqdm(total=content.tables, desc="Restoring", unit=" tables", file=sys.stderr) as bar,
    ):
        assert source.stdout is not None
        assert target.stdin is not None
        is_data = False
        with suppress(BrokenPipeError):  # psql gave up, and says why
            for line in source.stdout:
                if not is_data and line.startswith(b"SET transaction_timeout"):
                    continue
                if not is_data and line.startswith(b"COPY "):
                    is_data = True
                    bar.update()
                elif line == b"\\.\n":
                    is_data = False
                target.stdin.write(line)
        source.stdout.close()
        with suppress(BrokenPipeError):
            target.stdin.close()
        codes = target.wait(), source.wait()
        problems.seek(0)
        said = problems.read().decode(errors="replace").strip().splitlines()[-5:]
    if any(codes):
        raise BackupError(f"psql gave up, and nothing was changed: {' / '.join(said)}")


def _run(command: list[str], what: str, steps: int, step: str) -> None:
    """One of PostgreSQL's programs on the app's database, with a bar that moves at every line that `step` is in."""
    process = subprocess.Popen(  # noqa: S603 - one of PostgreSQL's programs
        [str(embedded.programs() / command[0]), *command[1:]],
        env=client_environment() | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert process.stderr is not None
    said: list[str] = []
    with process, tqdm(total=steps, desc=what, unit=" tables", file=sys.stderr) as bar:
        for line in process.stderr:
            said = [*said[-4:], line.strip()]
            if re.search(step, line):
                bar.update()
    if process.returncode:
        raise BackupError(f"{command[0]} gave up, and nothing was changed: {' / '.join(said)}")


def _ask(command: list[str], problem: str) -> str:
    done = subprocess.run(  # noqa: S603 - one of PostgreSQL's programs
        [str(embedded.programs() / command[0]), *command[1:]],
        env=dict(os.environ) | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{problem}: {done.stderr.strip()[:300]}")
    return done.stdout
