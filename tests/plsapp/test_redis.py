"""The same app with Redis as its broker."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import prepared
from tests.plsapp.running import App, free_port, manage, wait_for

pytestmark = [
    pytest.mark.process,
    pytest.mark.redis,
    pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed"),
]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="plsapp-redis-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def redis(place: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(place)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0", server
    finally:
        server.kill()
        server.wait()


def test_the_app_works_with_redis_and_notices_its_end(place: Path, redis):
    url, server = redis
    app = App(prepared.fill(place / "home", cluster=False), CELERY_BROKER_URL=url)
    try:
        app.wait_until_ready()
        assert app.query("SELECT to_regclass('pgmq.meta')") is None, "nothing of pgmq is installed"
        code = (
            "from django.db import transaction\n"
            "from plsapp.tasks import ping\n"
            "with transaction.atomic(): ping.delay_on_commit('ping-kept')\n"
            "try:\n"
            "    with transaction.atomic():\n"
            "        ping.delay_on_commit('ping-lost'); raise ValueError\n"
            "except ValueError: ping.delay_on_commit('ping-last')\n"
        )
        done = manage(app.home, "shell", "--no-imports", "-c", code, CELERY_BROKER_URL=url)
        assert done.returncode == 0, done.stderr
        keys = (
            "SELECT string_agg(cache_key, ' ' ORDER BY cache_key) FROM plsapp_cache WHERE cache_key LIKE ':1:ping-____'"
        )
        wait_for(
            lambda: app.query(keys) == ":1:ping-kept :1:ping-last", seconds=60, what="both pings, and not the lost one"
        )
        server.kill()
        server.wait()

        def told() -> tuple[object, ...]:
            status, health = app.health()
            return status, health["status"], health["database"], health["broker"]

        wait_for(
            lambda: told() == (503, "failing", "ok", "failing"), seconds=60, what="bad health, of the broker alone"
        )
    finally:
        app.clean_up()
