"""Posts prepared bodies over keep-alive connections, as fast as they are answered or at a fixed rate.

A process of its own, so that its work is not the server's, and cheap: a request is one write of bytes made beforehand. At a
fixed rate (requests a second; 0: none) an answer's time counts from when the request was due, so a server that stalls is
charged for all that waited.

    python -m plsapp.bench.sender '{"port": …, "path": …, "key": …, "bodies": FILE, "gzip": …, "rate": …, …}'

Prints one JSON object: see `Sent`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import pickle
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: What every message id begins with in a prepared body; each sending puts a number of the same length there.
STAMP = b"@@@@@@@@"


@dataclass
class Sent:
    """`accepted`: every body answered 200, also in the warm-up. The rest is of the measured time only; times in seconds."""

    accepted: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    worst: float = 0.0
    cpu: float = 0.0


def stamped(bodies: list[bytes], first: int) -> Iterator[bytes]:
    """The bodies over and over, never twice with the same message ids."""
    for number in itertools.count(first):
        yield bodies[number % len(bodies)].replace(STAMP, b"%08d" % number)


class Run:
    def __init__(self, told: dict[str, Any]) -> None:
        bodies: list[bytes] = pickle.loads(Path(told["bodies"]).read_bytes())  # noqa: S301 - our parent wrote it
        # Compressed ones cannot be stamped: each is sent once, and when there are no more the run is over.
        self.bodies = iter(bodies) if told["gzip"] else stamped(bodies, told["first"])
        key = base64.b64encode(f"{told['key']}:".encode()).decode()
        self.head = (
            f"POST {told['path']} HTTP/1.1\r\nHost: 127.0.0.1:{told['port']}\r\nAuthorization: Basic {key}\r\n"
            "Content-Type: application/json\r\nUser-Agent: analytics-python/2.3.4\r\n"
            f"{'Content-Encoding: gzip' + chr(13) + chr(10) if told['gzip'] else ''}Content-Length: "
        ).encode()
        self.told = told
        self.sent = Sent()
        self.took: list[float] = []
        self.slots = itertools.count()
        self.last = 0.0

    async def run(self) -> Sent:
        self.began = time.perf_counter()
        self.measured_from = self.began + self.told["warm_up"]
        self.until = self.measured_from + self.told["seconds"]
        cpu = time.process_time()
        await asyncio.gather(*(self.connection() for _ in range(self.told["connections"])))
        took, sent = sorted(self.took), self.sent
        sent.requests, sent.seconds = len(took), self.last - self.measured_from
        if took:
            sent.p50, sent.p95, sent.p99 = (took[int(part * (len(took) - 1))] for part in (0.5, 0.95, 0.99))
            sent.worst = took[-1]
        sent.cpu = time.process_time() - cpu
        return sent

    async def connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.told["port"])
        try:
            while (started := await self.turn()) < self.until and (body := next(self.bodies, None)) is not None:
                writer.write(b"%b%d\r\n\r\n%b" % (self.head, len(body), body))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.index(b"content-length:") + 15
                await reader.readexactly(int(head[length : head.index(b"\r", length)]))
                ended = time.perf_counter()
                status = int(head[9:12])
                self.sent.statuses[status] = self.sent.statuses.get(status, 0) + 1
                self.sent.accepted += status == 200
                if started >= self.measured_from:
                    self.took.append(ended - started)
                    self.last = max(self.last, ended)
        finally:
            writer.close()

    async def turn(self) -> float:
        """The time from which a request's answer is waited for: now, or at a fixed rate when it was due."""
        now = time.perf_counter()
        if not self.told["rate"]:
            return now
        due = self.began + next(self.slots) / self.told["rate"]
        if due > now:
            await asyncio.sleep(due - now)
        return due


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(Run(json.loads(sys.argv[1])).run()))))  # noqa: T201 - read by the parent
