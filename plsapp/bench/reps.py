"""Twenty reps on one queue at once, by connections of their own, while routing goes on: who wins, who loses, what is lost.

Each rep takes accounts from the same top of the queue and does with them what reps do, also what is no longer theirs to do, and
takes some of it back. Then the history is played again from the events: every step must have been allowed where it was done, its
rep must have had the item, and every action that was answered with a win must be there, and no other.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Account, Member, Role
from playbooks import queue
from playbooks.models import QueueItem, QueueItemEvent
from playbooks.verbs import transitions, undo, verbs
from plsapp.bench.measure import own_database
from plsapp.bench.report import Report, Target
from scoring import definitions
from scoring.models import Score

ACCOUNTS = 400
REPS, ACTIONS = 20, 2_000
#: event → the verb of `transitions` that it tells.
VERB_OF = {
    "claimed": "claim",
    "released": "release",
    "snoozed": "snooze",
    "woke": "wake",
    "done": "finish",
    "disqualified": "disqualify",
    "returned": "give_back",
    "reopened": "reopen",
}


@dataclass
class Told:
    """What one rep was answered. `won`: event → (item, verb)."""

    member: Member
    won: dict[int, tuple[int, str]] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    nothing: int = 0
    took: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def run(*, accounts: int) -> Report:
    with own_database():
        return measure(accounts=accounts)


def measure(*, accounts: int, reps: int = REPS, actions: int = ACTIONS) -> Report:
    """In the database of now, which is empty."""
    ids = fill(accounts)
    members = [
        Member.objects.create_user(f"rep{n}@team.example", role=Role.SALES, name=f"Rep {n}") for n in range(reps)
    ]
    told = [Told(member) for member in members]
    routed, seconds, errors = _at_once(told, ids, actions // reps)
    errors += [error for each in told for error in each.errors]
    wrong = check(told)
    took = [one * 1000 for each in told for one in each.took]
    lost = sum((each.lost for each in told), Counter[str]())
    return Report(
        bench="reps",
        sizes={"accounts": accounts, "reps": reps, "actions": len(took), "routed_meanwhile": routed},
        figures={
            "actions_per_second": len(took) / seconds,
            "seconds": seconds,
            "wins": sum(len(each.won) for each in told),
            "losses": lost.total(),
            "already_so": sum(each.nothing for each in told),
            **{f"lost_{reason}": count for reason, count in lost.most_common()},
            **{f"action_p{cut}_ms": float(np.percentile(took, cut)) for cut in (50, 95, 99)},
            "wrong": wrong[:10],
            "errors": errors[:10],
        },
        targets=[
            Target("items that two had at once, and steps that were not allowed", len(wrong), 0),
            Target("wins without an event, and events without a win", len(unanswered(told)), 0),
            Target("errors", len(errors), 0),
            Target("actions", len(took), actions // reps * reps, at_least=True),
        ],
    )


def fill(accounts: int) -> list[int]:
    """So many accounts in the queue of sales; their ids."""
    definition, now = definitions.published(), timezone.now()
    made = Account.objects.bulk_create(Account(name=f"Company {n}", domain=f"c{n}.example") for n in range(accounts))
    Score.objects.bulk_create(
        Score(
            account=account, score=80 + n % 20, tier="pqa", segment="mid_market", buyer_state="likely",
            definition=definition, scored_at=now, tier_since=now,
        )
        for n, account in enumerate(made)
    )  # fmt: skip
    ids = [account.pk for account in made]
    with transaction.atomic():
        queue.route_accounts(ids)
    return ids


def _at_once(told: list[Told], account_ids: list[int], actions: int) -> tuple[int, float, list[str]]:
    """Every rep in a thread with a connection of its own, and one that routes: batches it routed, seconds, its errors."""
    start, stop, routed = threading.Barrier(len(told) + 1), threading.Event(), 0
    errors: list[str] = []
    item_ids = list(QueueItem.objects.open().filter(motion="sales").in_order().values_list("pk", flat=True))

    def route() -> None:
        nonlocal routed
        draw = random.Random(1)  # noqa: S311
        while not stop.is_set():
            try:
                with transaction.atomic():
                    queue.route_accounts(draw.sample(account_ids, min(50, len(account_ids))))
            except Exception as error:
                errors.append(f"routing: {type(error).__name__}: {error}")
            routed += 1

    def work(number: int) -> None:
        start.wait()
        _day(told[number], item_ids, actions, random.Random(number))  # noqa: S311

    threads = [threading.Thread(target=_closing, args=[work, number]) for number in range(len(told))]
    router = threading.Thread(target=_closing, args=[route])
    for thread in (*threads, router):
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    stop.set()
    router.join()
    return routed, seconds, errors


def _closing(work: Callable[..., None], *args: Any) -> None:
    try:
        work(*args)
    finally:
        connection.close()


def _day(told: Told, item_ids: list[int], actions: int, draw: random.Random) -> None:
    mine: list[int] = []
    for turn in range(actions):
        # All take from the top, so that they meet.
        top = item_ids[: max(10, len(item_ids) // 4)] if turn % 2 else item_ids
        item_id = draw.choice(mine) if mine and draw.random() < 0.6 else draw.choice(top)
        verb = draw.choice(
            ["claim", "claim", "claim", "release", "snooze", "wake", "finish", "disqualify", "give_back"]
        )
        if draw.random() < 0.1:
            verb = "reopen"
        said: dict[str, dict[str, Any]] = {
            "snooze": {"until": None},
            "finish": {"outcome": draw.choice(["meeting", "won", "no_answer"])},
            "disqualify": {"reason": draw.choice(["too_small", "wrong_contact"])},
            "give_back": {"to": "success"},
        }
        fields = said.get(verb, {})
        began = time.perf_counter()
        try:
            recent = [event for event in told.won if event > 0][-3:]
            if recent and draw.random() < 0.1:
                event_id = draw.choice(recent)
                outcome, verb = undo.undo(event_id=event_id, member=told.member), "undo"
            else:
                outcome = getattr(verbs, verb)(item_id=item_id, member=told.member, **fields)
        except Exception as error:
            told.errors.append(f"{verb}: {type(error).__name__}: {error}")
            continue
        finally:
            told.took.append(time.perf_counter() - began)
        if not outcome.won:
            told.lost[outcome.reason] += 1
        elif verb == "undo":
            told.won[-event_id] = (outcome.item.pk, "undo")  # the event that it took back, once
        elif outcome.event_id is None:
            told.nothing += 1
        else:
            told.won[outcome.event_id] = (outcome.item.pk, verb)
            mine = [*mine[-5:], outcome.item.pk]


def check(told: list[Told]) -> list[str]:
    """Plays the history again; what was not allowed where it was done, in words."""
    wrong: list[str] = []
    states: dict[int, tuple[str, int | None]] = {}
    before: dict[int, dict[int, tuple[str, int | None]]] = {}
    events = list(QueueItemEvent.objects.order_by("pk"))
    undone = {(event.item_id, event.undone_at): event.pk for event in events if event.undone_at}
    for event in events:
        state, owner = states.get(event.item_id, (transitions.NEW, None))
        before.setdefault(event.item_id, {})[event.pk] = (state, owner)
        if event.verb == "undone":
            states[event.item_id] = before[event.item_id][undone[event.item_id, event.at]]
            continue
        if event.verb == "left":
            states[event.item_id] = (transitions.LEFT, None)
            continue
        verb = VERB_OF.get(event.verb)
        if verb is None:
            continue
        by_rule = event.actor_id is None
        refusal = transitions.refusal(verb, state=state, is_owner=owner == event.actor_id, is_admin=by_rule)
        if refusal:
            wrong.append(f"item {event.item_id}: {event.actor_id} {event.verb} while {state} of {owner}: {refusal}")
        has_it = verb in ("claim", "snooze", "reopen")
        keeps = verb in ("wake", "finish", "disqualify", "give_back")
        now_owner = event.actor_id if has_it else owner if keeps else None
        states[event.item_id] = (transitions.VERBS[verb].to, now_owner)
    for pk, state, owner in QueueItem.objects.values_list("pk", "state", "owner"):
        if states.get(pk, (transitions.NEW, None)) != (state, owner):
            wrong.append(f"item {pk} is {state} of {owner}, its events say {states.get(pk)}")
    return wrong


def unanswered(told: list[Told]) -> set[tuple[int, int]]:
    """(event, member) that are in the answers or in the database alone: lost actions, and actions that nobody did."""
    answered = {(event, each.member.pk) for each in told for event in each.won if event > 0}
    known = QueueItemEvent.objects.filter(verb__in=VERB_OF, actor__isnull=False).values_list("pk", "actor")
    undone = {(-event, each.member.pk) for each in told for event in each.won if event < 0}
    kept = QueueItemEvent.objects.filter(undone_at__isnull=False).values_list("pk", "actor")
    return (answered ^ set(known)) | (undone ^ set(kept))
