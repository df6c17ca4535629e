"""`manage.py up` with real processes."""

import os
import shutil
import signal
import socket
import stat
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import prepared
from tests.plsapp.running import App, free_port, manage, still_there, wait_for

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user may enter, so that the embedded server keeps its data inside."""
    folder = Path(tempfile.mkdtemp(prefix="plsapp-up-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def app(place: Path) -> Iterator[App]:
    """One running app for the tests that leave it as healthy as it was. It starts from nothing."""
    app = App(place / "shared")
    try:
        yield app.wait_until_ready()
    finally:
        app.clean_up()


def pinged(app: App) -> int:
    return app.query(
        "SELECT count(*) FROM plsapp_cache WHERE cache_key LIKE ':1:ping-%' AND cache_key NOT LIKE '%begun'"
    )


def ping(app: App, *, count: int, seconds: float, prefix: str) -> None:
    """Enqueues by a command of its own, which finds the running server by the home."""
    code = f"from plsapp.tasks import ping; [ping.delay(f'ping-{prefix}-{{i}}', {seconds}) for i in range({count})]"
    done = manage(app.home, "shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr


def test_the_app_answers_and_says_where(app: App):
    found = wait_for(lambda: [health for status, health in [app.health()] if status == 200], what="good health")[0]
    assert (found["status"], found["database"], found["broker"]) == ("ok", "ok", "ok")
    assert f"Ready: http://127.0.0.1:{app.port}/" in app.log
    with urllib.request.urlopen(f"http://127.0.0.1:{app.port}/sign-in/login/", timeout=30) as page:
        assert page.status == 200, "loopback is served without the redirect to https"
        assert b"csrfmiddlewaretoken" in page.read()


def test_the_first_admin_is_made_and_shown_once(app: App):
    assert app.log.count("admin@localhost") == 1
    assert app.query("SELECT count(*) FROM accounts_member WHERE role = 'admin'") == 1
    assert app.query("SELECT count(*) FROM accounts_source") == 1


def test_a_second_start_on_the_same_home_says_so(app: App):
    second = manage(app.home, "up", "--port", str(free_port()))
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert f"http://127.0.0.1:{app.port}/" in second.stderr
    wait_for(lambda: app.health()[0] == 200, what="good health, as before")


def test_a_taken_port_is_named_before_anything_starts(place: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = manage(place / "taken", "up", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in refused.stderr
    assert not (place / "taken" / "postgres").exists()


def test_a_killed_worker_is_replaced_and_loses_no_task(app: App):
    before = pinged(app)
    ping(app, count=12, seconds=0.8, prefix="lost")
    wait_for(lambda: pinged(app) > before, what="the first ping")
    worker = app.child("worker")
    pool = worker.children()
    worker.kill()
    wait_for(lambda: app.child("worker") not in (None, worker), seconds=60, what="a new worker")
    assert "worker was killed by SIGKILL" in app.log
    wait_for(lambda: not still_there(pool), seconds=60, what="the end of its pool")
    assert pinged(app) < before + 12, "all were done before the worker was killed"
    # What the dead worker held comes back after the visibility timeout. Twenty minutes pass:
    app.query("UPDATE pgmq.q_celery SET vt = now() WHERE vt > now()")
    wait_for(lambda: pinged(app) == before + 12, seconds=90, what="every ping")


def test_after_the_death_of_postgresql_all_goes_on(app: App):
    before, postmaster = pinged(app), app.postmaster()
    children = {name: app.child(name) for name in ("web", "worker", "beat")}
    os.kill(postmaster, signal.SIGKILL)
    wait_for(lambda: app.postmaster() != postmaster and app.health()[0] == 200, seconds=90, what="health")
    ping(app, count=3, seconds=0, prefix="after")
    wait_for(lambda: pinged(app) == before + 3, seconds=90, what="tasks after the restart")
    assert {name: app.child(name) for name in children} == children, "nobody had to be started again"


def test_what_is_due_is_sent_and_done(app: App):
    sent = app.query("SELECT last_value FROM pgmq.q_celery_msg_id_seq")
    wait_for(lambda: app.query("SELECT last_value FROM pgmq.q_celery_msg_id_seq") > sent + 5, what="what beat sends")
    wait_for(lambda: app.query("SELECT count(*) FROM pgmq.q_celery") <= 3, what="a short queue")


def test_a_signal_ends_every_process_and_keeps_the_data(place: Path):
    home = prepared.fill(place / "stopped")
    app = App(home)
    try:
        family = app.wait_until_ready().family()
        assert len(family) >= 6, "web, worker, beat, the keeper and PostgreSQL with its own"
        assert app.stop(signal.SIGINT) == 0
        wait_for(lambda: not still_there(family), seconds=60, what="the end of every process")
    finally:
        app.clean_up()
    kept = manage(
        home, "shell", "--no-imports", "-c", "from accounts.models import Member; print(Member.objects.get())"
    )
    assert kept.stdout.strip() == "Admin", kept.stderr
    wait_for(lambda: not (home / "postgres" / "postmaster.pid").exists(), what="the end of the lone command's server")


def test_when_the_supervisor_is_killed_all_others_end(place: Path):
    app = App(prepared.fill(place / "killed"))
    try:
        family = app.wait_until_ready().family()
        app.process.kill()
        app.process.wait()
        wait_for(lambda: not still_there(family), seconds=60, what="the end of every process")
    finally:
        app.clean_up()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could open a folder that belongs to others")
def test_as_root_a_private_folder_stays_private():
    folder = Path(tempfile.mkdtemp(prefix="plsapp-private-"))
    data = None
    try:
        done = manage(folder / "var", "createcachetable")
        assert done.returncode == 0, done.stderr
        data = (folder / "var" / "postgres").resolve()
        assert "stays closed" in done.stderr
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert data.is_relative_to("/var/lib/plsapp")
        assert "stays closed" not in manage(folder / "var", "createcachetable").stderr, "said once"
    finally:
        shutil.rmtree(folder)
        if data and data.is_relative_to("/var/lib/plsapp"):
            wait_for(lambda: not (data / "postmaster.pid").exists(), what="the end of the server")
            shutil.rmtree(data.parent)


def test_a_lone_command_stops_the_server_it_started(place: Path):
    home = place / "lone"
    assert manage(home, "createcachetable").returncode == 0
    wait_for(lambda: not (home / "postgres" / "postmaster.pid").exists(), what="the end of the server")

    def left() -> list[psutil.Process]:
        return [p for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])]

    # The keeper ends a moment after its server.
    wait_for(lambda: not still_there(left()), seconds=60, what="the end of the keeper")
