"""Ten reps at once on full queues: p95 of the pages, beside a page that does nothing; and what the pages ask the database.

The app runs as `up` runs it, with worker and beat; the readers are a process of their own on the same machine. Each rep has
signed in and opens a page every second, which is far more than a person does: the queue, a row of it, an account, a filtered
queue, a further page, the lists. Then the same without any pause: how many pages a second there are at most.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Member, Role
from playbooks.models import QueueItem
from plsapp.bench import app as apps
from plsapp.bench import readers, team, world
from plsapp.bench.measure import own_database
from plsapp.bench.report import Report, Target
from plsapp.running import Process
from scoring import runs

ACCOUNTS = 100_000
REPS = 10
PACE, WARM_UP, SECONDS, SECONDS_WITHOUT_PAUSE = 1.0, 6, 40, 15
#: What the targets call a queue page: whole pages of a queue.
QUEUE = ("queue", "queue_filtered", "queue_next")
KINDS = (*QUEUE, "hx-row", readers.POLL, "account", "accounts", "buyers")

type Pages = list[tuple[str, str]]


def run(*, accounts: int, seconds: float = SECONDS) -> Report:
    few = min(1_000, accounts // 2)
    with own_database():
        fill(few)
        asked_of_few = queries(team.reps()[0])
    with own_database():
        made, items = fill(accounts)
        reps = team.reps(REPS)
        team.past(reps)
        asked = queries(reps[0])
        figures = _measured(reps, settings.HOME, seconds)
    figures |= {f"queries_{kind}": asked[kind] for kind in asked}
    more = {kind: asked[kind] - asked_of_few[kind] for kind in asked}
    return Report(
        bench="queue",
        sizes=made.sizes() | {"open_items": items, "reps": REPS, "few_accounts": few},
        figures=figures,
        targets=[
            Target("queue page p95 ms", figures["queue_page_p95_ms"], 150),
            Target("account page p95 ms", figures["account_p95_ms"], 150),
            Target("queries a page more than with few accounts", max(more.values()), 0),
            Target("answers that were not 200", sum(figures["not_200"].values()), 0),
        ],
    )


def fill(accounts: int) -> tuple[world.World, int]:
    """A world that is scored and routed; the open items in its queues."""
    made = world.fill(accounts=accounts)
    team.signals()
    runs.score_all()
    return made, team.route()


def pages(member: Member, number: int) -> Pages:
    """What one rep opens, in turn: his own queue, its first accounts and others from everywhere in it."""
    base = f"/queue/{member.role}/"
    items = list(QueueItem.objects.open().filter(motion=member.role).in_order().values_list("pk", "account"))
    first, others = items[:100], items[:: max(1, len(items) // 400)]
    draw = np.random.default_rng(number)
    found: Pages = []
    for turn in range(40):
        chosen = first[draw.integers(len(first))]
        account, other = (some[draw.integers(len(some))][1] for some in (first, others))
        segment, low = ("enterprise", "mid_market")[turn % 2], 60 + 5 * (turn % 6)
        found += [
            ("queue", base),
            ("hx-row", f"{base}?item={chosen[0]}"),
            ("account", f"/accounts/{account}/"),
            ("queue_filtered", f"{base}?segment={segment}&low={low}"),
            ("account", f"/accounts/{other}/"),
            ("queue_next", f"{base}?page={2 + turn % 8}"),
        ]
        if turn % 2:
            found += [("accounts", "/accounts/"), ("buyers", "/buyers/")]
    return found


def queries(member: Member) -> dict[str, int]:
    """How many queries a page of each kind asks: the most of some."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(member)
    asked: dict[str, int] = {}
    for kind, path in itertools.islice(pages(member, 0), 16):
        headers = {"HX-Request": "true"} if kind.startswith("hx-") else {}
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path, headers=headers, secure=True)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        asked[kind] = max(asked.get(kind, 0), len(captured))
    return asked


def _measured(reps: list[Member], home: Path, seconds: float) -> dict[str, Any]:
    plans = [pages(rep, number) for number, rep in enumerate(reps)]
    with apps.up(home) as app:
        cookies = [apps.sign_in(app, rep.email, team.PASSWORD) for rep in reps]
        before = app.cpu()
        paced = _read(app, home, cookies, plans, seconds, pace=PACE)
        app_cpu = (app.cpu() - before) / (_warm_up(seconds) + seconds)
        at_most = _read(app, home, cookies, plans, min(seconds, SECONDS_WITHOUT_PAUSE), pace=0)
    with apps.web(home, "plsapp.bench.nothing:application") as web:
        empty: list[Pages] = [[("nothing", f"/queue/{Role.SALES}/")]] * len(reps)
        nothing = _read(web, home, cookies, empty, min(seconds, SECONDS_WITHOUT_PAUSE), pace=0)
    figures: dict[str, Any] = {"queue_page_p50_ms": 0, "queue_page_p95_ms": 0, "queue_page_p99_ms": 0}
    for kind in KINDS:
        figures |= _percentiles(kind.removeprefix("hx-"), paced["took"].get(kind, []))
    figures |= _percentiles("queue_page", _all(paced, QUEUE))
    figures |= {"pages_per_second": _rate(paced), "app_processors_used": app_cpu}
    figures |= {"without_pause_pages_per_second": _rate(at_most)}
    figures |= _percentiles("without_pause_queue_page", _all(at_most, QUEUE))
    figures |= _percentiles("without_pause_account", at_most["took"]["account"])
    figures |= {"nothing_pages_per_second": _rate(nothing)} | _percentiles("nothing", nothing["took"]["nothing"])
    figures["ratio_to_nothing"] = _rate(nothing) / _rate(at_most)
    figures["not_200"] = paced["wrong"] | at_most["wrong"]
    return figures


def _read(
    app: Process, home: Path, cookies: list[str], plans: list[Pages], seconds: float, *, pace: float
) -> dict[str, Any]:
    told = home / "readers.json"
    told.write_text(
        json.dumps(
            {
                "port": app.port,
                "seconds": seconds,
                "warm_up": _warm_up(seconds),
                "pace": pace,
                "readers": [{"cookie": cookie, "pages": plan} for cookie, plan in zip(cookies, plans, strict=True)],
            }
        )
    )
    how = f"a page every {pace:g} s" if pace else "no pause"
    warm_up = f"{_warm_up(seconds):g} s to warm up"
    print(f"{len(plans)} readers, {how}: {warm_up}, {seconds:g} s measured", file=sys.stderr)  # noqa: T201
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "plsapp.bench.readers", str(told)],
        check=True, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, timeout=600,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _warm_up(seconds: float) -> float:
    return min(WARM_UP, seconds / 4)


def _all(read: dict[str, Any], kinds: tuple[str, ...]) -> list[float]:
    return [value for kind in kinds for value in read["took"].get(kind, [])]


def _rate(read: dict[str, Any]) -> float:
    return sum(map(len, read["took"].values())) / read["seconds"]


def _percentiles(name: str, took: list[float]) -> dict[str, float | None]:
    cuts = (50, 95, 99)
    values = np.percentile(took, cuts).tolist() if took else [None] * len(cuts)
    return {f"{name}_p{cut}_ms": value for cut, value in zip(cuts, values, strict=True)}
