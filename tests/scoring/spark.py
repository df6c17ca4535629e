"""A Spark cluster of its own for tests: a standalone master and two workers, each a process, on loopback."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEMORY = "600m"
PATIENCE = 90


@dataclass(frozen=True)
class Cluster:
    """`url`: `spark://127.0.0.1:port`."""

    url: str
    logs: list[Path]

    def workers_that_worked(self) -> int:
        """How many workers were asked for an executor."""
        return sum("Asked to launch executor" in log.read_text() for log in self.logs)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster for as long as the block lasts. In the end every process of it is gone."""
    import pyspark

    home = Path(pyspark.__file__).parent
    environment = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_WORKER_DIR": str(folder / "work"),
    }
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> Path:
        log = folder / f"{name}.log"
        command = [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{arguments[0]}", *arguments[1:]]
        with log.open("wb") as output:
            processes.append(
                subprocess.Popen(
                    command, env=environment, cwd=folder, stdout=output, stderr=output, start_new_session=True
                )
            )
        return log

    def said(log: Path, pattern: str) -> re.Match[str]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if found := re.search(pattern, log.read_text()):
                return found
            time.sleep(0.1)
        raise TimeoutError(f"{log.name} never said {pattern!r}:\n{log.read_text()[-2000:]}")

    try:
        place = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        url = said(start("master", "master.Master", *place), r"Starting Spark master at (spark://\S+)")[1]
        logs = [start(f"worker{n}", "worker.Worker", *place, "--cores", "1", "--memory", MEMORY, url) for n in (1, 2)]
        for log in logs:
            said(log, "Successfully registered with master")
        yield Cluster(url, logs)
    finally:
        for process in processes:  # with the executors, which a worker starts in its own group
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def end_driver() -> None:
    """Ends the Java process of this process's sessions, which would live as long as Python does."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is None:
        return
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(20)
    SparkContext._gateway = SparkContext._jvm = None
