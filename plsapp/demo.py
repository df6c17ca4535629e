"""The demo company: simulated messages through the real intake, loader, scoring and routing, in this process."""

from __future__ import annotations

import datetime as dt
import itertools
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from accounts import landing, loading, messages
from accounts.models import HandRaiseForm, Member, ProductUser, Role, Source
from accounts.raising import taking
from playbooks import queue
from plsapp import demo_identity, demo_story, demo_team, simulation
from scoring import history, matrices, outcomes, runs
from scoring.models import Outcome

SOURCE, DEALS = "Demo product", "Demo CRM"
ASKED = ("What does it cost for 60 seats?", "We need SSO before March.", "Can somebody walk our team through it?")
#: Weeks of score history that the engine works out from the usage, so that charts have a past.
HISTORY_WEEKS = 12


def fill(*, accounts: int = 2000, days: int = 120, progress: Callable[[str], Any] = print) -> None:
    """Loads, scores and routes a demo company. `progress` is told each step in a line; bars go to the error stream.

    May be stopped and run again: messages have the same ids on the same day, and the loader counts them once.
    """
    source, _ = Source.objects.get_or_create(name=SOURCE)
    until = timezone.now().replace(minute=0, second=0, microsecond=0)
    total = loading.Loaded()
    team = _team()
    if team:
        demo_identity.set_up(team)
    with (
        tqdm(unit=" events", unit_scale=True, desc="Landing and loading", file=sys.stderr) as bar,
        ThreadPoolExecutor(1) as loader,
    ):
        working = None
        told = simulation.simulate(accounts=accounts, days=days, until=until)
        story = demo_story.bodies(until=until, people=min(demo_story.MOST_PEOPLE, accounts // 8))
        for number, body in enumerate(itertools.chain(told, story)):
            size = len(messages.split(messages.decode(body), "batch"))
            landing.accept(source=source, path="batch", body=body, size=size)
            # The loader works beside, as it does in the running app.
            if number % 12 == 11 and (working is None or working.done()):
                if working is not None:
                    total += working.result()
                working = loader.submit(_load)
            bar.update(size)
        if working is not None:
            total += working.result()
        total += loader.submit(_load).result()
        _raise_hands(source)
        total += loader.submit(_load).result()
    if team:
        demo_identity.work(team)
    progress(f"Loaded {total.messages:,} messages, {total.duplicates:,} repeated, {total.set_aside:,} set aside")
    history.backfill(weeks=HISTORY_WEEKS, progress=lambda weeks: tqdm(weeks, desc="Scoring the past", file=sys.stderr))
    run = runs.score_all()
    matrices.make(
        matrices.for_backtest(), progress=lambda days: tqdm(days, desc="Weeks for backtests", file=sys.stderr)
    )
    while queue.route_scored():
        pass
    _age_queues()
    _deals(timezone.now().date() - dt.timedelta(days=days))
    if team:
        demo_team.work()
    progress(f"Scored {run.accounts:,} accounts in {(run.duration_ms or 0) / 1000:.1f} s")


def _team() -> dict[str, Member]:
    """Role → the member who has it in the demo; empty where somebody else's members are."""
    found = {member.role: member for member in Member.objects.filter(email__endswith="@demo.example")}
    return found if set(found) == set(Role.values) else {}


def _raise_hands(source: Source) -> None:
    """A form on the pricing page, and what three people of the demo company and a program sent with it. Once."""
    form, is_new = HandRaiseForm.objects.get_or_create(
        name="Pricing page",
        defaults={"source": source, "placement": "pricing page", "asks": ["name", "company", "message"]},
    )
    if not is_new:
        return
    people = ProductUser.objects.exclude(email="").filter(memberships__workspace__account__of_person=False)
    told = people.order_by("-last_seen_at", "pk").values_list("key", "email", "name").distinct()[:3]
    for number, (key, email, name) in enumerate(told):
        said = {"user_id": key.removeprefix("u:"), "email": email, "name": name, "message": ASKED[number]}
        taking.take(source=source, form=form, fields=said, received_at=timezone.now())
    spam = {"email": "best@prices.example", "message": "Buy followers", "website": "https://prices.example"}
    taking.take(source=source, form=form, fields=spam, received_at=timezone.now())


def _age_queues() -> None:
    """The items entered when their account qualified, three weeks ago at most: all in one minute is no queue.

    Those with a raised hand are new: their time to answer begins now.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH aged AS (
                UPDATE playbooks_queueitem q
                SET entered_at = least(q.entered_at, greatest(
                    s.tier_since, q.entered_at - make_interval(hours => (30 + q.id * 7 % 460)::int)))
                FROM scoring_score s
                WHERE s.account_id = q.account_id AND q.hand_raised_at IS NULL RETURNING q.id, q.entered_at
            )
            UPDATE playbooks_queueitemevent e SET at = aged.entered_at FROM aged WHERE e.item_id = aged.id
            """
        )


def _deals(first: dt.date) -> None:
    """Deals that the demo's CRM closed, so that backtests have something to be judged by.

    The more people were active in the account's first weeks of the window, the likelier; drawn by its id, the same each time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH early AS (
                SELECT coalesce(w.account_id, p.account_id) AS account_id, count(DISTINCT u.user_id) AS people
                FROM accounts_usage u
                JOIN accounts_productuser p ON p.id = u.user_id
                LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
                WHERE u.day < %(first)s::date + 28
                GROUP BY 1
            ), drawn AS (
                SELECT account_id, people, abs(hashint8(account_id) %% 1000) AS luck, abs(hashint8(account_id + 1) %% 60) AS days
                FROM early WHERE account_id IS NOT NULL
            )
            SELECT account_id, %(first)s::date + 28 + days::int FROM drawn
            WHERE luck < CASE WHEN people >= 8 THEN 400 WHEN people >= 4 THEN 150 WHEN people >= 2 THEN 30 ELSE 4 END
            """,
            {"first": first},
        )
        won = [
            outcomes.NewOutcome(account_id, Outcome.Kind.WON, dt.datetime.combine(day, dt.time(12), dt.UTC), DEALS)
            for account_id, day in cursor.fetchall()
        ]
    outcomes.record_many(won)


def _load() -> loading.Loaded:
    try:
        return loading.drain()
    finally:
        connection.close()
