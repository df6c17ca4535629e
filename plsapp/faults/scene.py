"""One fault in one running app: what a scenario has at hand, and what must hold when it is over."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg

from plsapp import running
from plsapp.faults.client import Admin, Client
from plsapp.faults.feed import Event, Feed, Place
from plsapp.running import App, TooLateError, wait_for

#: Advisory locks, held inside their transactions by whoever loads (`accounts.loading`) and scores (`scoring.runs`).
LOADING, SCORING = 7_001, 7_002
#: Seconds that anything may take on a busy machine before it counts as not healed.
PATIENCE = 120
#: Columns of a score that a run may set again without changing what it says.
TIMES = ("scored_at", "tier_since")


@dataclass(frozen=True)
class Scenario:
    """A fault: `inject` sends events and breaks something; when it returns, the fault is over."""

    name: str
    title: str
    inject: Callable[[Scene], None]
    #: "" or "redis": what the app must run on.
    broker: str = ""


@dataclass
class Outcome:
    """What was seen. `healthy_after`: seconds from the fault until all works again, none where nothing broke."""

    scenario: Scenario
    answered: int = 0
    counted: int = 0
    set_aside: int = 0
    healthy_after: float | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Holder:
    """A server process that holds a lock inside its transaction, and that transaction (none yet: it wrote nothing)."""

    pid: int
    transaction: str | None


class Stage:
    """A running app on which scenarios are played one after the other. `size`: events that a scenario sends, about.

    `broker`: the server that the app's queue lives in, if it is one of its own (`brokers.Redis`).
    """

    def __init__(self, app: App, *, size: int = 2_000, companies: int = 4, broker: object = None) -> None:
        self.app, self.size, self.companies, self.broker = app, size, companies, broker
        self.admin = Admin(app)
        self.last_full_run_on: dt.date | None = None

    def play(self, scenario: Scenario) -> Outcome:
        scene = Scene(self, scenario)
        try:
            scene.client.send(scene.feed.facts())
            scenario.inject(scene)
            scene.heal()
            scene.check()
        except (AssertionError, OSError, psutil.Error, psycopg.Error) as error:
            scene.outcome.problems.append(f"{type(error).__name__}: {error}")
        return scene.outcome


class Scene:
    """What a scenario has at hand."""

    def __init__(self, stage: Stage, scenario: Scenario) -> None:
        self.stage, self.app, self.size = stage, stage.app, stage.size
        self.client = Client(self.app)
        self.feed = Feed(scenario.name, companies=stage.companies)
        self.outcome = Outcome(scenario)
        self.broke_at: float | None = None

    # Breaking ---------------------------------------------------------------------------------------------------------

    def break_now(self) -> None:
        """The clock of "healthy again" starts; at several breaks the last one counts."""
        self.broke_at = time.monotonic()

    def kill(self, *processes: psutil.Process) -> None:
        self.break_now()
        running.kill(processes)

    def note(self, text: str) -> None:
        self.outcome.notes.append(text)

    def at_work(self, lock: int) -> Holder:
        """Whoever holds this lock, once he stands still at a held table."""

        sql = """
            SELECT a.pid, a.backend_xid::text FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.objid = %s AND l.granted AND a.wait_event_type = 'Lock'
        """
        what = f"a holder of lock {lock} inside its transaction"
        return Holder(*wait_for(lambda: self.app.rows(sql, lock), seconds=PATIENCE, what=what, every=0.02)[0])

    @contextmanager
    def stopped_while_loading(self, table: str, events: list[Event]) -> Iterator[Holder]:
        """In the block, the loader of these events stands still before it writes to this table."""
        with self.app.held(table):
            self.client.send(events)
            yield self.at_work(LOADING)

    def assert_cut_short(self, holder: Holder) -> None:
        """Fails unless the transaction was open when its process was killed. Not for a server that died: it uses numbers again."""
        alive = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND backend_xid::text = %s"
        gone = lambda: self.app.query(alive, holder.pid, holder.transaction) == 0  # noqa: E731
        wait_for(gone, seconds=PATIENCE, what="the end of the broken transaction")
        if holder.transaction is None:
            return
        state = self.app.query("SELECT pg_xact_status(%s::xid8)", holder.transaction)
        assert state == "aborted", f"the transaction that was to be cut short is {state}"

    def waiting_at(self, table: str, *, clients: int = 1) -> None:
        """Waits until so many server processes stand still at this held table."""
        sql = """
            SELECT count(DISTINCT pid) >= %s FROM pg_locks
            WHERE relation = %s::regclass AND NOT granted
        """
        wait_for(lambda: self.app.query(sql, clients, table), seconds=PATIENCE, what=f"writers at {table}", every=0.02)

    # Full runs --------------------------------------------------------------------------------------------------------

    def full_runs(self) -> int:
        """The newest full run."""
        return int(self.app.query("SELECT coalesce(max(id), 0) FROM scoring_scoringrun WHERE kind = 'full'"))

    def ask_for_full_run(self) -> int:
        """By the button, so by the worker. Its id."""
        before = self.full_runs()

        def asked() -> int:
            self.stage.admin.ask_for_full_run()
            return self.full_runs() if self.full_runs() > before else 0

        return wait_for(asked, seconds=PATIENCE, what="a full run that was asked for", every=0.5)

    def wait_for_run(self, run: int, *, end: str = "done") -> None:
        """Raises when it ended otherwise."""
        sql = "SELECT state, error FROM scoring_scoringrun WHERE id = %s"
        look = lambda: [row for row in self.app.rows(sql, run) if row[0] != "running"]  # noqa: E731
        state, error = wait_for(look, seconds=PATIENCE, what=f"the end of full run {run}")[0]
        assert state == end, f"full run {run} is {state}: {error}"

    # Healing ----------------------------------------------------------------------------------------------------------

    def heal(self) -> None:
        """Waits until the app works again: all processes, good health, and a message that is sent now is loaded and scored."""
        last = self.feed.events(10, days=1, kind="Probe Sent")
        self.client.send(last)
        wait_for(
            lambda: all(self.app.child(name) for name in running.WORDS) and self.app.health()[0] == 200,
            seconds=PATIENCE,
            what="good health",
        )
        self.settle()
        if self.broke_at is not None:
            self.outcome.healthy_after = time.monotonic() - self.broke_at

    def settle(self) -> None:
        """Waits until all that landed is loaded, scored and routed."""
        sql = """
            SELECT NOT EXISTS (SELECT FROM accounts_landing) AND NOT EXISTS (SELECT FROM accounts_accountchange)
               AND NOT EXISTS (SELECT FROM scoring_scoredaccount)
        """
        try:
            wait_for(lambda: self.app.query(sql), seconds=PATIENCE, what="all loaded, scored and routed")
        except TooLateError as late:
            raise TooLateError(f"{late}\n{self.app.log[-4000:]}") from None

    # Checking ---------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        self._check_usage()
        self._check_set_aside()
        self.check_scores()

    def _check_usage(self) -> None:
        wanted: Counter[Place] = Counter(event.place for event in self.client.answered.values() if event.place)
        found: Counter[Place] = Counter()
        for *place, count in self.app.rows(
            """
            SELECT p.key, w.external_id, e.name, u.day::text, u.count FROM accounts_usage u
            JOIN accounts_productuser p ON p.id = u.user_id JOIN accounts_eventtype e ON e.id = u.event_type_id
            JOIN accounts_workspace w ON w.id = u.workspace_id WHERE w.external_id LIKE %s
            """,
            f"ws-{self.feed.name}-%",
        ):
            found[tuple(place)] += count
        self.outcome.answered, self.outcome.counted = wanted.total(), found.total()
        lost, doubled = wanted - found, found - wanted
        for what, wrong in (("lost", lost), ("counted too often", doubled)):
            if wrong:
                self.problem(f"{wrong.total()} events {what}, such as {next(iter(wrong))}")

    def _check_set_aside(self) -> None:
        rows = self.app.rows(
            "SELECT convert_from(body, 'UTF8')::json ->> 'messageId', code, reason FROM accounts_setaside "
            "WHERE kind = 'message' AND convert_from(body, 'UTF8') LIKE %s",
            f'%"{self.feed.name}/%',
        )
        wanted = {event.id: event.code for event in self.client.answered.values() if event.code}
        found = {id_: code for id_, code, reason in rows if reason}
        self.outcome.set_aside = len(found)
        if found != wanted:
            odd = sorted(set(found.items()) ^ set(wanted.items()))
            self.problem(f"set aside {len(found)}, expected {len(wanted)}; differs in {odd[:3]}")

    def check_scores(self) -> None:
        """A fresh full run changes nothing. On another day than the last one it may, and the one after it may not."""
        while True:
            before, day = self._scores(), dt.datetime.now(dt.UTC).date()
            self.wait_for_run(self.ask_for_full_run())
            after, is_new_day = self._scores(), self.stage.last_full_run_on not in (None, day)
            self.stage.last_full_run_on = day
            if not is_new_day and day == dt.datetime.now(dt.UTC).date():
                break
        self.settle()
        own = {account for (account,) in self._accounts()}
        if len(own) != len(self.feed.domains) or not own <= set(before):
            self.problem(f"{len(own & set(before))} of {len(self.feed.domains)} accounts are scored")
        changed = {account for account in before.keys() | after.keys() if before.get(account) != after.get(account)}
        if changed:
            one = min(changed)
            self.problem(f"a fresh full run changes {len(changed)} scores: {_difference(before, after, one)}")

    def _accounts(self) -> list[tuple[Any, ...]]:
        sql = "SELECT DISTINCT account_id FROM accounts_accountdomain WHERE domain LIKE %s"
        return self.app.rows(sql, f"{self.feed.name}-%")

    def _scores(self) -> dict[int, dict[str, Any]]:
        rows = self.app.rows("SELECT one.account_id, to_jsonb(one) FROM scoring_score AS one")
        return {account: {name: value for name, value in row.items() if name not in TIMES} for account, row in rows}

    def problem(self, text: str) -> None:
        self.outcome.problems.append(text)


def _difference(before: dict[int, Any], after: dict[int, Any], account: int) -> str:
    old, new = before.get(account) or {}, after.get(account) or {}
    names = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
    return "; ".join(f"{name} {old.get(name)} → {new.get(name)}" for name in sorted(names))[:600]
