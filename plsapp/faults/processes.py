"""Faults of processes: who is killed, in the middle of what.

A process that is to die in the middle of a transaction is made to stand still in it, by a lock on a table it is about to write
to; and afterwards PostgreSQL is asked whether that transaction was cut short. Where PostgreSQL itself dies, the lock is held until
then, so nobody can have got past it.
"""

from __future__ import annotations

import os
import signal
import time

import psutil

from plsapp import running
from plsapp.faults.scene import PATIENCE, SCORING, Scenario, Scene
from plsapp.running import wait_for

#: Where a loader can be killed: before it knows what is new, before it counts, and with nothing left to do but to commit.
MOMENTS = ("accounts_seenmessage", "accounts_usage", "accounts_loadstate")


def kill_loader(scene: Scene) -> None:
    """The process that loads, at three moments of its transaction."""
    for table in MOMENTS:
        with scene.stopped_while_loading(table, scene.feed.events(scene.size // 3)) as holder:
            scene.kill(*scene.app.pool())
        scene.assert_cut_short(holder)


def kill_worker(scene: Scene) -> None:
    """The whole worker, while one of its processes loads."""
    with scene.stopped_while_loading("accounts_loadstate", scene.feed.events(scene.size)) as holder:
        worker = scene.app.must_have("worker")
        scene.kill(worker, *worker.children(recursive=True))
    scene.assert_cut_short(holder)


def kill_scorer(scene: Scene) -> None:
    """The process that scores, with its scores written but not committed: those that changed, and then all."""
    with scene.app.held("scoring_score"):
        scene.client.send(scene.feed.events(scene.size // 2))
        holder = scene.at_work(SCORING)
        scene.kill(*scene.app.pool())
    scene.assert_cut_short(holder)
    scene.settle()
    with scene.app.held("scoring_score"):
        scene.client.send(scene.feed.events(scene.size // 2))
        run = scene.ask_for_full_run()
        holder = scene.at_work(SCORING)
        scene.kill(*scene.app.pool())
    scene.assert_cut_short(holder)
    scene.wait_for_run(run)  # its message is given out again


def kill_beat(scene: Scene) -> None:
    """Beat; and then beat again, with the file of its last runs torn."""
    with scene.client.sending(scene.feed.events(scene.size)):
        scene.kill(scene.app.must_have("beat"))
        beat = wait_for(lambda: scene.app.child("beat"), seconds=PATIENCE, what="a new beat")
        for part in scene.app.home.glob("beat-schedule*"):
            part.write_bytes(b"torn" * 1024)
        scene.kill(beat)


def kill_web(scene: Scene) -> None:
    """The web server with requests under way, whose rows are written while their answers never arrive."""
    with scene.client.sending(scene.feed.events(scene.size)):
        with scene.app.held("accounts_landing"):
            scene.waiting_at("accounts_landing", clients=3)
            web = scene.app.must_have("web")
            scene.kill(web, *web.children(recursive=True))
        scene.app.must_have("web")
    assert scene.client.broken, "no request was under way"


def kill_web_process(scene: Scene) -> None:
    """Only the process of the web server that answers."""
    with scene.client.sending(scene.feed.events(scene.size)), scene.app.held("accounts_landing"):
        scene.waiting_at("accounts_landing", clients=3)
        children = wait_for(lambda: scene.app.must_have("web").children(), what="the web server's processes")
        scene.kill(*children)
    assert scene.client.broken, "no request was under way"


def kill_postgresql(scene: Scene) -> None:
    """PostgreSQL's first process, while a load and many requests are open in it."""
    before = scene.app.postmaster()
    with scene.client.sending(scene.feed.events(scene.size)):
        with scene.stopped_while_loading("accounts_loadstate", scene.feed.events(scene.size // 4)):
            _kill_postmaster(scene)
        wait_for(lambda: scene.app.postmaster() != before, seconds=PATIENCE, what="a new PostgreSQL")


def kill_backend(scene: Scene) -> None:
    """One of PostgreSQL's processes in the middle of a load: PostgreSQL then ends all the others, and recovers."""
    with (
        scene.client.sending(scene.feed.events(scene.size)),
        scene.stopped_while_loading("accounts_loadstate", scene.feed.events(scene.size // 4)) as holder,
    ):
        scene.kill(psutil.Process(holder.pid))


def kill_keeper(scene: Scene) -> None:
    """PostgreSQL and the process that would start it again, both."""
    before = scene.app.postmaster()
    with scene.client.sending(scene.feed.events(scene.size)):
        keeper = scene.app.keeper()
        _kill_postmaster(scene, keeper)
        wait_for(lambda: scene.app.postmaster() != before, seconds=PATIENCE, what="a new PostgreSQL")


def cut_connections(scene: Scene) -> None:
    """Every connection to PostgreSQL, some times, while messages are sent, loaded and scored."""
    with scene.client.sending(scene.feed.events(scene.size)):
        for _ in range(5):
            scene.break_now()
            scene.app.query(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            time.sleep(0.3)


def power_cut(scene: Scene) -> None:
    """Everything at once, while a load is open; then the app is started again, as a machine does."""
    scene.client.send(scene.feed.events(scene.size // 2))
    with scene.stopped_while_loading("accounts_loadstate", scene.feed.events(scene.size // 2)):
        family = scene.app.family()
        os.kill(scene.app.process.pid, signal.SIGSTOP)  # so that it starts nothing again
        scene.kill(*family, scene.app.process)
    scene.app.process.wait()
    scene.break_now()
    scene.app.start_again()


def _kill_postmaster(scene: Scene, *others: psutil.Process) -> None:
    postmaster = psutil.Process(scene.app.postmaster())
    family = postmaster.children(recursive=True)
    scene.kill(*others, postmaster)
    # Its processes end by themselves; until they have, no other can start on this data.
    wait_for(lambda: not running.still_there(family), seconds=PATIENCE, what="the end of PostgreSQL's processes")


ALL = (
    Scenario("loader", "kill -9 of the loader, at three moments", kill_loader),
    Scenario("scorer", "kill -9 of the scoring worker, a full run too", kill_scorer),
    Scenario("worker", "kill -9 of the whole worker", kill_worker),
    Scenario("beat", "kill -9 of beat, and its file torn", kill_beat),
    Scenario("web", "kill -9 of the web server", kill_web),
    Scenario("webprocess", "kill -9 of the web server's own process", kill_web_process),
    Scenario("postgresql", "kill -9 of PostgreSQL", kill_postgresql),
    Scenario("backend", "kill -9 of one process of PostgreSQL", kill_backend),
    Scenario("keeper", "kill -9 of PostgreSQL and its keeper", kill_keeper),
    Scenario("connections", "every connection to PostgreSQL cut, five times", cut_connections),
    Scenario("power", "all killed at once, then started again", power_cut),
)
