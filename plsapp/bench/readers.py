"""People who read pages, each over a connection of his own: one page after the other, at a pace or as fast as they come.

A process of its own, so that its work is not the server's. At a pace, an answer's time counts from when the page was due, so
a server that stalls is charged for all that waited. As on the open page of a browser, the queue is asked for news every ten
seconds between the pages.

    python -m plsapp.bench.readers FILE

FILE is JSON: `port`, `seconds`, `warm_up`, `pace` (seconds from page to page of one reader; 0: no pause) and `readers`, a list of
`{"cookie": …, "pages": [[kind, path], …]}` whose pages are opened in turn. A kind that begins with `hx-` is asked for as htmx
does. Prints one JSON object: kind → milliseconds of each answer, and what was not 200 or 204.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import random
import re
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

POLL_SECONDS = 10.0
POLL = "hx-poll"
VERSION = re.compile(rb'name="version" value="([^"]+)"')


class Readers:
    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self.wrong: defaultdict[str, int] = defaultdict(int)
        self.bytes = 0
        self.last = 0.0

    async def run(self) -> dict[str, Any]:
        self.began = time.perf_counter()
        self.measured_from = self.began + self.told["warm_up"]
        self.until = self.measured_from + self.told["seconds"]
        cpu = time.process_time()
        await asyncio.gather(*(self.read(reader, number) for number, reader in enumerate(self.told["readers"])))
        return {
            "took": {kind: [round(1000 * value, 2) for value in values] for kind, values in self.took.items()},
            "wrong": self.wrong,
            "seconds": self.last - self.measured_from,
            "bytes": self.bytes,
            "cpu": time.process_time() - cpu,
        }

    async def read(self, reader: dict[str, Any], number: int) -> None:
        """One reader's way through his pages."""
        # Readers begin at different moments and do not keep step.
        draw, pace = random.Random(number), self.told["pace"]  # noqa: S311 - not for secrets
        due = self.began + draw.random() * (pace or 0.1)
        poll_at, poll = due + draw.random() * POLL_SECONDS, ""
        stream = await asyncio.open_connection("127.0.0.1", self.told["port"])
        for kind, path in itertools.cycle(reader["pages"]):
            if pace:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            else:
                due = time.perf_counter()
            if due > self.until:
                break
            body = await self.open(stream, reader["cookie"], kind, path, due)
            if kind == "queue" and (found := VERSION.search(body)):
                poll = f"{path}{'&' if '?' in path else '?'}version={found.group(1).decode()}"
            if poll and time.perf_counter() > poll_at:
                poll_at += POLL_SECONDS
                await self.open(stream, reader["cookie"], POLL, poll, time.perf_counter())
            due += pace * draw.uniform(0.8, 1.2)
        stream[1].close()

    async def open(
        self, stream: tuple[asyncio.StreamReader, asyncio.StreamWriter], cookie: str, kind: str, path: str, due: float
    ) -> bytes:
        reader, writer = stream
        told = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.told['port']}\r\nCookie: {cookie}\r\n"
        told += "HX-Request: true\r\n" if kind.startswith("hx-") else ""
        writer.write(f"{told}Accept-Encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status, body = int(head[9:12]), b""
        if b"content-length:" in head:
            place = head.index(b"content-length:") + 15
            body = await reader.readexactly(int(head[place : head.index(b"\r", place)]))
        elif status != 204:
            raise RuntimeError(f"an answer without its length: {head!r}")
        ended = time.perf_counter()
        if due >= self.measured_from:
            self.last = max(self.last, ended)
            self.bytes += len(body)
            if status in (200, 204):
                self.took[kind].append(ended - due)
            else:
                self.wrong[f"{kind} {status}"] += 1
        return gzip.decompress(body) if kind == "queue" and b"content-encoding: gzip" in head else body


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Readers(json.loads(Path(sys.argv[1]).read_text())).run())))  # noqa: T201 - read by the parent
