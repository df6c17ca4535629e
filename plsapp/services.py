"""What the app runs on: its database, its queue, its first rows and its processes. For `up`, `demo` and `prepare`."""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connections

from accounts.models import Member, Source
from plsapp import broker, embedded
from plsapp.supervisor import Child, Supervisor

type Say = Callable[[str], None]


@contextmanager
def database() -> Iterator[embedded.Server | None]:
    """The embedded server, until the end of the block; none when DATABASE_URL names another."""
    if settings.ENV.DATABASE_URL:
        yield None
        return
    server = embedded.start(settings.HOME)
    try:
        yield server
    finally:
        connections.close_all()
        server.release()


def prepare() -> None:
    """Brings the database to this version: tables, cache table, queue. May run again; processes may run meanwhile."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    broker.prepare()


def ensure_first_rows() -> str | None:
    """A source, and a first admin if there is no member at all: then his password, which is kept nowhere else."""
    if not Source.objects.exists():
        Source.objects.create(name="My product")
    if Member.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    Member.objects.create_superuser("admin@localhost", password, name="Admin")
    return password


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url(host: str, port: int) -> str:
    """Where a browser on this machine finds the app that listens there."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - read, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def environment(host: str, server: embedded.Server | None) -> dict[str, str]:
    """What the child processes get: only this process holds the embedded server, they are given its address."""
    given = dict(os.environ) | {"PLSAPP_HOME": str(settings.HOME), "DJANGO_SETTINGS_MODULE": "plsapp.settings"}
    if server is not None:
        given["DATABASE_URL"] = server.url()
    if is_loopback(host):
        given.setdefault("HTTPS", "0")
    return given


def children(host: str, port: int) -> list[Child]:
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--quiet", "--skip-checks", "-A", "plsapp"]
    web = [*python, "granian", "--interface", "wsgi", "--host", host, "--port", str(port), "--no-ws"]
    web += ["--workers", str(settings.ENV.WEB_WORKERS), "--blocking-threads", str(settings.ENV.WEB_THREADS)]
    web += ["--log-level", "error", "plsapp.wsgi:application"]
    worker = [*celery, "worker", "--without-heartbeat", "--without-gossip", "--without-mingle"]
    return [
        Child("web", web),
        Child("worker", [*worker, "--loglevel", settings.ENV.LOG_LEVEL]),
        Child("beat", [*celery, "beat", "--loglevel", settings.ENV.LOG_LEVEL]),
    ]


def collect_static() -> None:
    """Collects and compresses the static files if any of them changed since the last time: six seconds of work, else none."""
    files = sorted(Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list([]))
    state = "\n".join(f"{file} {file.stat().st_mtime_ns} {file.stat().st_size}" for file in files)
    collected = settings.HOME / "static.collected"  # beside the folder, whose files everybody may read
    if settings.STATIC_ROOT.is_dir() and collected.exists() and collected.read_text() == state:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    collected.write_text(state)


def serve(*, host: str, port: int, server: embedded.Server | None) -> int:
    """Runs web, worker and beat until a signal or until one of them cannot run. Answers the exit code."""
    connections.close_all()
    collect_static()
    last_pid = server.pid if server else None

    def look() -> str | None:
        nonlocal last_pid
        if server is None:
            return None
        server.ensure_kept()
        pid = server.pid
        if pid == last_pid:
            return None
        last_pid = pid
        return "PostgreSQL runs again." if pid else "PostgreSQL died and is being started again."

    supervisor = Supervisor(
        children(host, port),
        environment=environment(host, server),
        folder=settings.BASE_DIR,
        url=url(host, port),
        look=look,
    )
    if not is_loopback(host):
        supervisor.say("Others can reach this address. Set ALLOWED_HOSTS, and HTTPS=0 if nothing in front speaks TLS.")
    return supervisor.run()
