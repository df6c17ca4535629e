"""Faults of what is sent, and of doing things at the same time."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from plsapp import running
from plsapp.env import BASE_DIR
from plsapp.faults import feed
from plsapp.faults.scene import LOADING, PATIENCE, SCORING, Scenario, Scene
from plsapp.running import wait_for

DAY = dt.timedelta(days=1)


def sent_twice(scene: Scene) -> None:
    """Every event twice: at the same time by two senders, in requests of other sizes, and once more when it is loaded."""
    events = scene.feed.events(scene.size)
    with scene.client.sending(events), scene.client.sending(shuffled(events), size=feed.BATCH + 7):
        pass
    scene.settle()
    scene.client.send(events[: scene.size // 4], size=feed.BATCH - 7)


def sent_the_day_after(scene: Scene) -> None:
    """Messages that were first seen yesterday, and at the first day of the dedup window."""
    events = scene.feed.events(scene.size)
    scene.client.send(events, threads=4)
    scene.settle()
    for days in (1, 28):
        scene.app.query("UPDATE accounts_seenmessage SET seen_on = seen_on - %s WHERE seen_on < '9999-01-01'", days)
        scene.client.send(events, size=feed.BATCH + 7, threads=4)
        scene.settle()


def late_and_out_of_order(scene: Scene) -> None:
    """What happened comes in no order and up to 40 days late, after full runs have read those days; who it was comes last."""
    scene.client.send(scene.feed.events(scene.size // 4, days=45))
    scene.settle()
    scene.wait_for_run(scene.ask_for_full_run())
    assert mirrored(scene.app.home / "mirror"), "full runs read a mirror"
    late = scene.feed.events(scene.size // 2, days=41, since=39)
    scene.client.send(shuffled([*late, *scene.feed.events(scene.size // 4, days=45)]), threads=4)
    scene.client.send(scene.feed.facts())


def poisoned(scene: Scene) -> None:
    """A message in each request that cannot be read, and in some one that breaks the loader itself."""
    codes = list(feed.POISON)
    parts = [
        shuffled([*request, scene.feed.poison(codes[place % len(codes)])])
        for place, request in enumerate(feed.requests(scene.feed.events(scene.size - 200)))
    ]
    scene.client.send([event for part in parts for event in part], size=feed.BATCH + 1, threads=4)
    scene.settle()
    name = "the_fault_suite_breaks_the_loader"
    scene.app.query(
        f"ALTER TABLE accounts_productuser ADD CONSTRAINT {name} CHECK (key NOT LIKE '%breaks the loader') NOT VALID"
    )
    try:
        for _ in range(2):
            one = scene.feed.event(dt.datetime.now(dt.UTC))
            breaker = feed.Event(one.body | {"userId": "he who breaks the loader"}, code="bad_data")
            scene.client.send(shuffled([*scene.feed.events(feed.BATCH), breaker]), size=feed.BATCH + 1)
        scene.client.send(scene.feed.events(100))
        scene.settle()
    finally:
        scene.app.query(f"ALTER TABLE accounts_productuser DROP CONSTRAINT {name}")


def wrong_clocks(scene: Scene) -> None:
    """Senders whose clocks are a day fast or a day slow: what they send counts on the day on which it happened."""
    now = dt.datetime.now(dt.UTC)
    # Hours ago, so that the time stays clear of midnight however long the request takes.
    ago = next(hours for hours in (dt.timedelta(hours=1), dt.timedelta(hours=2)) if far_from_midnight(now - hours))
    events = [
        scene.feed.event(now - ago + skew, day=(now - ago).date(), sentAt=(now + skew).isoformat())
        for skew in (DAY, -DAY)
        for _ in range(scene.size // 2)
    ]
    scene.client.send(shuffled(events), threads=4)


def two_at_once(scene: Scene) -> None:
    """A second worker beside the first; two loads, and two full runs, that meet inside their transactions."""
    with second_worker(scene):
        with scene.app.held("accounts_loadstate"), scene.client.sending(scene.feed.events(scene.size)):
            scene.at_work(LOADING)
            # Nobody else may load meanwhile, so the others look and go: several such looks must have happened.
            looks = scene.app.query("SELECT last_value FROM pgmq.q_celery_msg_id_seq")
            more = lambda: scene.app.query("SELECT last_value FROM pgmq.q_celery_msg_id_seq") > looks + 9  # noqa: E731
            wait_for(more, seconds=PATIENCE, what="other loaders")
        scene.settle()
        runs = [start(scene, "score", "--json", "--top", "0") for _ in range(2)]
        try:
            with scene.app.held("scoring_score"):
                scene.client.send(scene.feed.events(100))
                waiting = "SELECT count(*) >= 2 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
                wait_for(lambda: scene.app.query(waiting, SCORING), seconds=PATIENCE, what="two scorers at once")
                full = "SELECT count(*) >= 2 FROM scoring_scoringrun WHERE kind = 'full' AND state = 'running'"
                wait_for(lambda: scene.app.query(full), seconds=PATIENCE, what="two full runs at once")
        finally:
            for run in runs:
                said, _ = run.communicate(timeout=PATIENCE)
                assert run.returncode == 0, said.decode(errors="replace")[-2000:]


def published_in_mid_run(scene: Scene) -> None:
    """A definition is published while a full run, which began with the one before it, is writing its scores: it stops."""
    scene.client.send(scene.feed.events(scene.size))
    scene.settle()
    with scene.app.held("scoring_score"):
        run = scene.ask_for_full_run()
        scene.at_work(SCORING)
        version = publish(scene)
    scene.wait_for_run(run, end="stale")
    scene.settle()
    sql = (
        "SELECT count(*) FROM scoring_score s JOIN scoring_definition d ON d.id = s.definition_id WHERE d.version <> %s"
    )
    old = scene.app.query(sql, version)
    assert not old, f"{old} scores are still those of the definition before"


def mirror_full(scene: Scene) -> None:
    """The disk of the columnar mirror is full: full runs go on without it, and use it again when there is room. Then it is torn."""
    folder = scene.app.home / "mirror"
    scene.client.send(scene.feed.events(scene.size // 2, days=45))
    scene.settle()
    with full_disk(scene, folder):
        scene.break_now()
        scene.wait_for_run(scene.ask_for_full_run())
        scene.client.send(scene.feed.events(scene.size // 4, days=45))
        scene.settle()
        scene.check_scores()
        assert scene.app.health()[0] == 200, "in good health all the time"
        assert not mirrored(folder), "nothing was written to the full disk"
    scene.client.send(scene.feed.events(scene.size // 4, days=45))
    scene.settle()
    scene.wait_for_run(scene.ask_for_full_run())
    files = mirrored(folder)
    assert files, "the mirror is used again"
    for file in files:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


# Means ----------------------------------------------------------------------------------------------------------------


def mirrored(folder: Path) -> list[Path]:
    """The files of the mirror."""
    return sorted(folder.rglob("*.parquet")) if folder.is_dir() else []


def shuffled(events: list[feed.Event]) -> list[feed.Event]:
    return random.Random(len(events)).sample(events, len(events))  # noqa: S311 - the same at every run


def far_from_midnight(at: dt.datetime) -> bool:
    return (at - dt.timedelta(minutes=20)).date() == (at + dt.timedelta(minutes=20)).date()


def start(scene: Scene, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(BASE_DIR / "manage.py"), *arguments]
    return subprocess.Popen(  # noqa: S603 - our own command
        command,
        env=running.environment(scene.app.home, **scene.app.more),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@contextlib.contextmanager
def second_worker(scene: Scene) -> Iterator[None]:
    """Another worker on the same database and queue, ended in order."""
    first = scene.app.must_have("worker")
    worker = psutil.Popen(
        first.cmdline(),
        env=first.environ(),
        cwd=first.cwd(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(lambda: len(worker.children()) >= 2, seconds=PATIENCE, what="a second worker")
        yield
        worker.terminate()
        worker.wait(PATIENCE)
    finally:
        with contextlib.suppress(psutil.Error):
            running.kill([worker, *worker.children(recursive=True)])


def publish(scene: Scene) -> int:
    """A definition that weighs differently, in force at once; its version."""
    with scene.app.connect(autocommit=False) as connection:
        found = connection.execute("SELECT version, spec FROM scoring_definition WHERE state = 'published'").fetchone()
        assert found
        version, spec = found
        for component in spec["components"][:2]:
            component["weight"] = component["weight"] + 1
        connection.execute("UPDATE scoring_definition SET state = 'retired' WHERE state = 'published'")
        connection.execute(
            "INSERT INTO scoring_definition (version, name, state, spec, note, created_at, published_at) "
            "VALUES (%s, 'Other weights', 'published', %s, '', now(), now())",
            [version + 1, json.dumps(spec)],
        )
        connection.execute(
            "INSERT INTO accounts_accountchange (account_id, seq) "
            "SELECT id, nextval('accounts_change_seq') FROM accounts_account WHERE merged_into_id IS NULL ORDER BY id "
            "ON CONFLICT (account_id) DO UPDATE SET seq = EXCLUDED.seq"
        )
    return int(version) + 1


@contextlib.contextmanager
def full_disk(scene: Scene, folder: Path) -> Iterator[None]:
    """This folder has no room: a tiny file system of its own, or, where none may be mounted, a file in its place."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)],  # noqa: S607
        check=False,
        capture_output=True,
    )
    if mounted.returncode == 0:
        with contextlib.suppress(OSError):
            (folder / "in-the-way").write_bytes(bytes(1 << 20))
        scene.note("a tmpfs of 64 KB, full")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607
    else:
        folder.rmdir()
        folder.write_text("in the way")
        scene.note("no tmpfs may be mounted here: a file in place of the folder")
        try:
            yield
        finally:
            folder.unlink()


ALL = (
    Scenario("twice", "every event sent twice", sent_twice),
    Scenario("dayold", "a day-old duplicate, a 29-day-old one", sent_the_day_after),
    Scenario("late", "out of order and 40 days late", late_and_out_of_order),
    Scenario("poison", "a poisoned message in each request", poisoned),
    Scenario("clocks", "clocks a day fast and a day slow", wrong_clocks),
    Scenario("atonce", "two loaders and two full runs at once", two_at_once),
    Scenario("midrun", "a definition published in mid-run", published_in_mid_run),
    Scenario("mirror", "a full disk for the mirror", mirror_full),
)
