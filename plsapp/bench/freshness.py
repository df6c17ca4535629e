"""From a track call to the changed row in the queue, on the running app, with ordinary events coming in all the while.

Every sample is one call over HTTP: a raised hand at an account that is in no queue, or a look at the pricing page at an account
high in the sales queue. Then the REST queue is asked four times a second, as a rep, until it shows the row with the
raised hand, or the row's new reason. What happened when is read from the database meanwhile. Beside them, events that are no signal
are followed from the call to the new score: they wait longer, because signals go first.
"""

from __future__ import annotations

import base64
import datetime as dt
import http.client
import json
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import changes
from accounts.models import Account, Signal, SignalKind, Source
from playbooks.models import QueueItem
from plsapp.bench import app as apps
from plsapp.bench import team, world
from plsapp.bench.measure import bar, own_database
from plsapp.bench.report import Report, Target
from plsapp.running import Process
from scoring import runs
from scoring.models import Score, ScoringRun

ACCOUNTS = 100_000
SAMPLES = 60
#: Ordinary events a second beside the samples, in batches of 100, and seconds of them before the first sample.
FEED, BATCH, WARM_UP = 500, 100, 10
#: A sample that is not shown within so many seconds counts as so many.
PATIENCE = 60.0
#: Between two events that are no signal, in seconds.
PLAIN_EVERY = 3.0
#: Seconds between two looks into the queue, and into the database.
LOOK, GLANCE = 0.25, 0.1
#: The queue's first rows that a sample of usage is looked for in.
FIRST = 200
STAGES = ("answered", "loaded", "scored", "routed", "shown")


@dataclass
class Sample:
    """One call. `at`: stage → seconds from the moment before the call until it was seen."""

    kind: str
    account: int
    user: int
    at: dict[str, float] = field(default_factory=dict)


def run(*, accounts: int, samples: int = SAMPLES, feed: int = FEED) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        team.signals()
        runs.score_all()
        items = team.route()
        team.past([])
        (rep,) = team.reps(1)
        with apps.up(settings.HOME) as app:
            bench = _Freshness(app, made, apps.sign_in(app, rep.email, team.PASSWORD))
            figures = bench.run(samples=samples, feed=feed)
    took = [sample.at.get("shown", PATIENCE) for sample in bench.samples]
    return Report(
        bench="freshness",
        sizes=made.sizes() | {"open_items": items, "samples": len(took), "feed_events_per_second": feed},
        figures=figures,
        targets=[
            Target("median s", float(np.median(took)), 5),
            Target("p95 s", float(np.percentile(took, 95)), 10),
            Target("samples that were never shown", sum("shown" not in sample.at for sample in bench.samples), 0),
        ],
    )


class _Freshness:
    def __init__(self, app: Process, made: world.World, cookie: str) -> None:
        self.app, self.made, self.cookie = app, made, cookie
        self.key = Source.objects.get().write_key
        self.samples: list[Sample] = []
        self.fed = 0
        #: seconds from the call to the new score, of events that are no signal
        self.plain: list[float] = []

    def run(self, *, samples: int, feed: int) -> dict[str, Any]:
        began, stop = timezone.now(), threading.Event()
        feeder = threading.Thread(target=self.feed, args=(feed, stop))
        plain = threading.Thread(target=self.follow_plain, args=(stop,))
        feeder.start()
        plain.start()
        try:
            time.sleep(min(WARM_UP, samples))
            draw = np.random.default_rng(3)
            for sample in bar(self.chosen(samples), "Samples", samples):
                time.sleep(draw.random())  # so that no sample keeps step with the clocks of the app
                self.samples.append(sample)
                self.measure(sample)
        finally:
            stop.set()
            feeder.join()
            plain.join()
        seconds = (timezone.now() - began).total_seconds()
        runs_done = ScoringRun.objects.filter(kind="changed", started_at__gte=began, duration_ms__isnull=False)
        done = list(runs_done.values_list("accounts", "duration_ms"))
        figures: dict[str, Any] = {}
        for kind in ("hand", "usage"):
            took = [sample.at.get("shown", PATIENCE) for sample in self.samples if sample.kind == kind]
            figures |= {f"{kind}_median_seconds": float(np.median(took))} if took else {}
        took = [sample.at.get("shown", PATIENCE) for sample in self.samples]
        figures |= {
            "median_seconds": float(np.median(took)),
            "p95_seconds": float(np.percentile(took, 95)),
            "max_seconds": max(took),
        }
        figures |= self.stages()
        if self.plain:
            figures |= {
                "ordinary_to_scored_median_seconds": float(np.median(self.plain)),
                "ordinary_to_scored_p95_seconds": float(np.percentile(self.plain, 95)),
            }
        return figures | {
            "fed_events_per_second": round(self.fed / seconds),
            "changed_runs": len(done),
            "changed_run_accounts_median": float(np.median([accounts for accounts, _ in done])) if done else None,
            "changed_run_median_ms": float(np.median([ms for _, ms in done])) if done else None,
            "changed_run_p95_ms": float(np.percentile([ms for _, ms in done], 95)) if done else None,
            "changed_accounts_per_second": sum(accounts for accounts, _ in done) / seconds,
            "waiting_for_scoring_at_the_end": len(changes.waiting(limit=1_000_000)),
            "waiting_for_routing_at_the_end": len(changes.waiting(limit=1_000_000, table=changes.SCORED)),
        }

    def chosen(self, samples: int) -> Iterator[Sample]:
        """By turns an account without an open item, for a raised hand, and one high in the sales queue, for a look at prices.

        Chosen at the last moment: the ordinary events move accounts too, and a row that tells a signal already would not change.
        """
        without = Account.objects.filter(score__hand_raised_at=None).exclude(
            pk__in=QueueItem.objects.open().values("account")
        )
        quiet = QueueItem.objects.open().filter(motion="sales", hand_raised_at=None, last_signal="").in_order()
        ids = list(without.order_by("pk").values_list("pk", flat=True))
        spread = iter(ids[:: max(1, 2 * len(ids) // samples)])
        used: set[int] = set()
        for number in range(samples):
            if number % 2:
                kind, account = "usage", quiet.exclude(account__in=used).values_list("account", flat=True).first()
            else:
                kind, account = "hand", next((id_ for id_ in spread if without.filter(pk=id_).exists()), None)
            if account is not None:
                used.add(account)
                yield Sample(kind, account, int(np.searchsorted(self.made.company, account)) + 1)

    def measure(self, sample: Sample) -> None:
        event, kind = (
            ("Demo Requested", SignalKind.HAND_RAISE) if sample.kind == "hand" else ("Pricing Viewed", "pricing")
        )
        began, sent_at = time.perf_counter(), timezone.now()
        self.track(sample.user, sample.account, event, sent_at)
        sample.at["answered"] = time.perf_counter() - began
        done = threading.Event()
        looker = threading.Thread(target=self.look, args=(sample, began, done))
        looker.start()
        looks = {
            "loaded": Signal.objects.filter(user=sample.user, kind=kind, at__gte=sent_at),
            "scored": Score.objects.filter(account=sample.account, scored_at__gte=sent_at),
            "routed": QueueItem.objects.open().filter(account=sample.account, updated_at__gte=sent_at),
        }
        while not done.is_set():
            for stage in [stage for stage in looks if stage not in sample.at]:
                if not looks[stage].exists():
                    break
                sample.at[stage] = time.perf_counter() - began
            time.sleep(GLANCE)
        looker.join()

    def look(self, sample: Sample, began: float, done: threading.Event) -> None:
        """Asks for the queue until it shows the change."""
        hand = sample.kind == "hand"
        path = f"/api/queue/sales/?hand_raised={'true&limit=50' if hand else f'false&limit={FIRST}'}"
        server = http.client.HTTPConnection("127.0.0.1", self.app.port, timeout=30)
        try:
            while time.perf_counter() - began < PATIENCE:
                server.request("GET", path, headers={"Cookie": self.cookie})
                with server.getresponse() as answer:
                    rows = json.load(answer)["results"]
                for row in rows:
                    # A spike of usage may be found in the same moment; the row tells the newest signal.
                    told = hand or row["why_now"].startswith(("Pricing viewed", "Usage spike"))
                    if row["account"]["id"] == sample.account and told:
                        sample.at["shown"] = time.perf_counter() - began
                        return
                time.sleep(LOOK)
            item = QueueItem.objects.open().filter(account=sample.account).values("motion", "why_now", "hand_raised_at")
            print(f"Never shown: {sample}, {list(item)}", file=sys.stderr)  # noqa: T201 - what a developer looks into
        finally:
            server.close()
            connection.close()
            done.set()

    def stages(self) -> dict[str, Any]:
        """The median seconds of every step, and of the steps before it."""
        found, before = {}, "began"
        for stage in STAGES:
            took = [
                sample.at[stage] - sample.at.get(before, 0.0)
                for sample in self.samples
                if stage in sample.at and (before == "began" or before in sample.at)
            ]
            found[f"{before}_to_{stage}_median_seconds"] = float(np.median(took)) if took else None
            before = stage
        return found

    def follow_plain(self, stop: threading.Event) -> None:
        """One ordinary event after another, each at another account, until its score is that of after the event."""
        draw = np.random.default_rng(5)
        waiting: dict[int, tuple[float, dt.datetime]] = {}
        last = 0.0
        try:
            while not stop.wait(0.25):
                now = time.perf_counter()
                if now - last > PLAIN_EVERY:
                    last, user = now, int(draw.integers(1, self.made.people + 1))
                    account = int(self.made.company[user - 1])
                    if account not in waiting:
                        waiting[account] = now, timezone.now()
                        self.track(user, account, "Report Opened", waiting[account][1])
                # The digest is of features too, so that the score's row is written for every event that counts.
                scored = dict(Score.objects.filter(account__in=waiting).values_list("account", "scored_at"))
                for account in [one for one, (_, sent) in waiting.items() if scored[one] >= sent]:
                    self.plain.append(time.perf_counter() - waiting.pop(account)[0])
            self.plain += [time.perf_counter() - began for began, _ in waiting.values()]
        finally:
            connection.close()

    def feed(self, events: int, stop: threading.Event) -> None:
        """Ordinary events of now, at an even pace, until it is told to stop."""
        if not events:
            return
        due = time.perf_counter()
        for batch in self.made.messages(100_000_000, days=1 / 1440, seed=uuid.uuid4().int % 2**31, batch=BATCH):
            due += BATCH / events
            if stop.wait(max(0.0, due - time.perf_counter())):
                return
            self.post("/v1/batch", {"batch": batch})
            self.fed += len(batch)

    def track(self, user: int, account: int, event: str, at: dt.datetime) -> None:
        said = {
            "messageId": str(uuid.uuid4()),
            "userId": f"user{user}",
            "event": event,
            "timestamp": at.isoformat(),
            "context": {"groupId": f"workspace-{account}"},
        }
        self.post("/v1/track", said)

    def post(self, path: str, said: dict[str, Any]) -> None:
        key = base64.b64encode(f"{self.key}:".encode()).decode()
        server = http.client.HTTPConnection("127.0.0.1", self.app.port, timeout=30)
        headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        server.request("POST", path, msgspec.json.encode(said), headers)
        status = server.getresponse().status
        server.close()
        if status != 200:
            print(f"{path} answered {status}", file=sys.stderr)  # noqa: T201 - a busy intake says 429
