"""Batches of 100 events over HTTP, answered 200 after their commit, beside the same requests to a view that does nothing.

The web server runs as `up` runs it; the sender is a process of its own on the same machine. Measured as fast as it goes
without a loader, with bodies compressed as SDKs do, and at the promised rate with worker and beat at work beside it.
"""

from __future__ import annotations

import gzip
import json
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from accounts.models import Landing, Source
from plsapp import broker
from plsapp.bench import app, world
from plsapp.bench.measure import bar, own_database
from plsapp.bench.report import Report, Target
from plsapp.bench.sender import STAMP
from plsapp.running import Process

ACCOUNTS = 10_000
BATCH, CONNECTIONS = 100, 16
WARM_UP, SECONDS, SECONDS_OF_NOTHING = 3, 20, 8
#: Different bodies that are sent uncompressed, over and over with new message ids.
BODIES = 200
#: Compressed bodies to prepare for a second of the run. A faster server ends that part earlier.
COMPRESSED_A_SECOND = 800
#: Events a second that are promised.
PROMISED = 20_000
PATH = "/v1/batch"


def run(*, accounts: int, seconds: float = SECONDS) -> Report:
    with own_database(), tempfile.TemporaryDirectory(prefix="plsapp-bench-") as folder:
        made = world.fill(accounts=accounts)
        broker.prepare()
        return _Ingest(made, Path(folder), seconds).run()


class _Ingest:
    def __init__(self, made: world.World, folder: Path, seconds: float) -> None:
        self.made, self.folder, self.seconds = made, folder, seconds
        self.warm_up = min(WARM_UP, seconds)
        self.key = Source.objects.get().write_key
        self.accepted = self.sent = 0
        self.figures: dict[str, Any] = {}

    def run(self) -> Report:
        before = self.counted()
        plain, compressed = self.bodies()
        quick = min(SECONDS_OF_NOTHING, self.seconds)
        with app.web(self.folder, "plsapp.bench.nothing:application") as web:
            self.measure("nothing", web, plain, quick, count=False)
        with app.web(self.folder, "plsapp.wsgi:application") as web:
            alone = self.measure("intake", web, plain, self.seconds)
            self.measure("gzip", web, compressed, quick, compressed=True)
            with app.worker_and_beat(self.folder):
                waiting = self.counted()
                beside = self.measure("with_loader", web, plain, self.seconds, rate=PROMISED / BATCH)
                self.figures["with_loader_loaded_events_per_second"] = round(
                    (self.counted() - waiting) / (self.warm_up + self.seconds)
                )
        figures = self.figures
        figures["ratio_to_nothing"] = figures["nothing_events_per_second"] / figures["intake_events_per_second"]
        figures["bare_insert_events_per_second"] = self.bare_inserts(plain, self.warm_up)
        figures["durable"] = self.durable()
        figures["answered_200_events"] = self.accepted * BATCH
        figures["loaded_events"] = self.counted() - before
        figures["landed_events"] = sum(Landing.objects.values_list("size", flat=True))
        missing = figures["answered_200_events"] - figures["loaded_events"] - figures["landed_events"]
        return Report(
            bench="ingest",
            sizes={
                "accounts": self.made.accounts,
                "people": self.made.people,
                "connections": CONNECTIONS,
                "batch": BATCH,
            },
            figures=figures,
            targets=[
                Target(
                    "events accepted a second", alone["requests"] * BATCH / alone["seconds"], PROMISED, at_least=True
                ),
                Target("p99 at 16 connections, ms", alone["p99"] * 1000, 150),
                Target("p99 at 20,000 events/s beside the loader, ms", beside["p99"] * 1000, 150),
                Target("answered 200, neither landed nor loaded", abs(missing), 0),
                Target("commits are durable (fsync on)", int(figures["durable"]), 1, at_least=True),
            ],
        )

    def bodies(self) -> tuple[Path, Path]:
        """Files of bodies as an SDK makes them: one with places for message ids to come, one compressed."""
        encode = msgspec.json.Encoder().encode
        wanted = int(COMPRESSED_A_SECOND * (self.warm_up + min(SECONDS_OF_NOTHING, self.seconds)))
        plain, compressed = [], []
        batches = self.made.messages(BATCH * (BODIES + wanted), seed=11, batch=BATCH)
        for number, batch in enumerate(bar(batches, "Bodies", BODIES + wanted)):
            for place, message in enumerate(batch):
                message["originalTimestamp"] = message["timestamp"]
                message["integrations"] = {}
                message["properties"] = {"plan": "team", "seats": place, "path": f"/reports/{number}/{place}"}
                message["context"]["library"] = {"name": "analytics-python", "version": "2.3.4"}
                if number < BODIES:
                    message["messageId"] = f"{STAMP.decode()}-0000-4000-8000-{place:012d}"
            body = encode({"batch": batch, "sentAt": batch[0]["timestamp"]})
            if number < BODIES:
                plain.append(body)
            else:
                compressed.append(gzip.compress(body, 9))
        self.figures["body_bytes"] = sum(map(len, plain)) // len(plain)
        self.figures["body_bytes_gzip"] = sum(map(len, compressed)) // len(compressed)
        files = self.folder / "plain", self.folder / "compressed"
        for file, content in zip(files, (plain, compressed), strict=True):
            file.write_bytes(pickle.dumps(content))
        return files

    def measure(
        self,
        name: str,
        web: Process,
        bodies: Path,
        seconds: float,
        *,
        compressed: bool = False,
        rate: float = 0,
        count: bool = True,
    ) -> dict[str, Any]:
        told = {
            "port": web.port,
            "path": PATH,
            "key": self.key,
            "bodies": str(bodies),
            "gzip": compressed,
            "rate": rate,
            "first": self.sent,  # numbers beyond those used before
            "connections": CONNECTIONS,
            "warm_up": self.warm_up,
            "seconds": seconds,
        }
        print(f"{name}: {self.warm_up:g} s to warm up, {seconds:g} s measured", file=sys.stderr)  # noqa: T201 - progress
        cpu = web.cpu()
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "plsapp.bench.sender", json.dumps(told)],
            check=True, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, timeout=600,
        )  # fmt: skip
        sent: dict[str, Any] = json.loads(done.stdout)
        requests = sum(sent["statuses"].values())
        if count:
            self.sent += requests
            self.accepted += sent["accepted"]
        self.figures |= {
            f"{name}_events_per_second": round(sent["requests"] * BATCH / sent["seconds"]),
            f"{name}_p50_ms": sent["p50"] * 1000,
            f"{name}_p99_ms": sent["p99"] * 1000,
            f"{name}_web_cpu_ms_a_request": (web.cpu() - cpu) / max(1, requests) * 1000,
        }
        if others := {status: times for status, times in sent["statuses"].items() if status != "200"}:
            self.figures[f"{name}_not_200"] = others
        return sent

    def counted(self) -> int:
        """Events in all daily rows."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(sum(count), 0) FROM accounts_usage")
            return int(cursor.fetchone()[0])

    def durable(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') = 'on'")
            return bool(cursor.fetchone()[0])

    def bare_inserts(self, bodies: Path, seconds: float) -> int:
        """Events a second when the same bodies are only inserted and committed, by as many connections as the web process has."""
        content = [body.replace(STAMP, b"00000000") for body in pickle.loads(bodies.read_bytes())]  # noqa: S301 - ours
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_landing (LIKE accounts_landing INCLUDING ALL)")
        until, done = time.perf_counter() + seconds, []

        def insert(first: int) -> None:
            own = connection.copy()
            number = first
            with own.cursor() as cursor:
                while time.perf_counter() < until:
                    cursor.execute(
                        "INSERT INTO bench_landing (id, source_id, received_at, path, body, size) "
                        "VALUES (%s, 1, now(), 'batch', %s, 100)",
                        [number, content[number % len(content)]],
                    )
                    number += 1
            own.close()
            done.append(number - first)

        threads = [threading.Thread(target=insert, args=[n * 1_000_000]) for n in range(settings.ENV.WEB_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return round(sum(done) * BATCH / seconds)
