"""Faults of a broker that is a server of its own: Redis."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

from plsapp.faults.scene import PATIENCE, Scenario, Scene
from plsapp.running import free_port, wait_for


def redis_program() -> str | None:
    return shutil.which("redis-server")


class Redis:
    """A server of its own on a free port, without persistence: what it holds is gone when it is killed."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = redis_program()
        assert program, "redis-server is installed"
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        wait_for(self.answers, what="Redis")

    def answers(self) -> bool:
        from redis import Redis as Connection
        from redis.exceptions import RedisError

        with contextlib.suppress(RedisError), Connection(port=self.port, socket_timeout=1) as connection:
            return bool(connection.ping())
        return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)


def stop_redis(scene: Scene) -> None:
    """Redis is killed with all it holds, stays away while messages are sent, and is started again, empty."""
    redis = _redis_of(scene)
    with scene.client.sending(scene.feed.events(scene.size)):
        redis.kill()
        wait_for(lambda: scene.app.health()[0] == 503, seconds=PATIENCE, what="bad health")
        scene.client.send(scene.feed.events(scene.size // 4))  # the intake needs no broker
    redis.start()
    scene.break_now()


def freeze_redis(scene: Scene) -> None:
    """Redis answers nobody for a while, and then goes on."""
    redis = _redis_of(scene)
    with scene.client.sending(scene.feed.events(scene.size)):
        redis.signal(signal.SIGSTOP)
        try:
            wait_for(lambda: scene.app.health()[0] == 503, seconds=PATIENCE, what="bad health")
        finally:
            redis.signal(signal.SIGCONT)
    scene.break_now()


def _redis_of(scene: Scene) -> Redis:
    assert isinstance(scene.stage.broker, Redis)
    return scene.stage.broker


ALL = (
    Scenario("redis", "Redis killed with all it holds, then started", stop_redis, broker="redis"),
    Scenario("frozen", "Redis answers nobody for a while", freeze_redis, broker="redis"),
)
