"""The embedded server where it cannot run, or runs in odd places. With the whole app: test_up.py."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from plsapp import embedded
from tests.plsapp.running import manage, wait_for

pytestmark = pytest.mark.process


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="plsapp-embedded-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def answers(server: embedded.Server) -> bool:
    with psycopg.connect(server.url(), connect_timeout=5) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_cannot_start_is_told_with_its_reason(place):
    data = place / "home" / "postgres"
    data.mkdir(parents=True)
    data.chmod(0o700)
    (data / "PG_VERSION").write_text("9\n")
    (data / "postgresql.conf").touch()
    begun = time.monotonic()
    done = manage(place / "home", "createcachetable")
    assert time.monotonic() - begun < embedded.PATIENCE, "not waited for like one that recovers"
    assert done.returncode == 1
    assert "PostgreSQL does not start" in done.stderr
    assert "version 9" in done.stderr, "what PostgreSQL says"
    assert "Traceback" not in done.stderr


def test_it_listens_on_no_port_and_in_a_private_folder(place):
    server = embedded.start(place)
    try:
        assert answers(server)
        assert psutil.Process(server.pid).net_connections("inet") == []
        assert Path(server.host).stat().st_mode & 0o077 == 0
    finally:
        server.release()
    assert server.pid is None, "released by the last user, it is gone"


def test_a_path_too_long_for_a_socket_and_with_odd_letters_works(place):
    home = place / ("a folder with ümlauts & signs%20 " * 4)
    server = embedded.start(home)
    try:
        assert answers(server)
    finally:
        server.release()


def test_a_short_path_with_odd_letters_works(place):
    server = embedded.start(place / "mit Leerzeichen & 50% 'ü'")
    try:
        assert answers(server)
    finally:
        server.release()


def test_a_pid_file_of_before_a_reboot_does_not_matter(place):
    """Its number belongs to some other program by now: here to this one."""
    server = embedded.start(place)
    server.release()
    lines = [str(os.getpid()), str(place / "postgres"), "1700000000", "5432", server.host, "", "1 1", "ready"]
    (place / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    again = embedded.start(place)
    try:
        assert answers(again)
        assert again.pid != os.getpid()
    finally:
        again.release()


def test_one_that_was_killed_while_it_was_made_is_made_again(place):
    half = place / "postgres"
    half.mkdir(mode=0o700)
    (half / "base").mkdir()
    server = embedded.start(place)
    try:
        assert answers(server)
    finally:
        server.release()


def test_two_processes_share_one_server_which_outlives_the_first(place):
    code = (
        "import sys; from pathlib import Path; from plsapp import embedded\n"
        "server = embedded.start(Path(sys.argv[1])); print(server.pid, flush=True); input()"
    )
    root = Path(embedded.__file__).resolve().parent.parent
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(place)], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        pid = int(first.stdout.readline())
        server = embedded.start(place)
        assert server.pid == pid
    finally:
        first.kill()
        first.wait()
    time.sleep(1)
    assert server.pid == pid
    assert answers(server)
    server.release()
    wait_for(lambda: server.pid is None and not psutil.pid_exists(pid), what="the end of the server")
