import datetime as dt
import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import changes
from accounts.models import AccountChange, Signal
from scoring import definitions, history, runs
from scoring.models import Definition, Score, ScoreChange, ScoredAccount, ScoringRun
from tests.feed import account_of, group, identify, load, track

pytestmark = pytest.mark.django_db


EVENTS = (
    "Report Exported",
    "Dashboard Created",
    "Teammate Invited",
    "Query Run",
    "Comment Added",
    "Alert Configured",
)


def team(domain="acme.com", people=8, days=range(28), **traits):
    """A busy team: everybody does several things on each of these days ago."""
    users = [f"{n}@{domain}" for n in range(people)]
    load(*(identify(user, email=user, **traits) for user in users))
    load(*(track(user, event, days_ago=day) for user in users for day in days for event in EVENTS))
    return account_of(users[0])


def test_changed_accounts_are_scored_and_others_are_not():
    busy, quiet = team("acme.com"), team("other.com", people=1, days=[1])
    assert runs.score_changed() == 2
    assert Score.objects.get(account=busy).score > Score.objects.get(account=quiet).score
    load(track("0@acme.com"))
    assert runs.score_changed() == 1
    assert runs.score_changed() == 0
    assert not AccountChange.objects.exists()


def test_contributions_add_up_to_the_score():
    score = score_of(team())
    assert sum(part["effect"] for part in score.contributions) == score.score
    assert [part["key"] for part in score.contributions] == [
        "usage",
        "team",
        "features",
        "velocity",
        "behaviour",
        "fit",
    ]
    assert sum(part["effect"] for part in score.week_ago) == score.week_ago_score


def score_of(account):
    runs.score_changed()
    return Score.objects.get(account=account)


def test_an_account_without_usage_in_the_window_has_no_score():
    account = team(days=[40])
    score = score_of(account)
    assert (score.score, score.tier) == (None, "self_serve")


def test_a_score_as_of_last_week_is_the_base_of_why_now():
    account = team(days=[0, 1, 2], people=9)
    score = score_of(account)
    assert score.week_ago_score is None
    account = team("other.com", days=range(5, 25), people=4)
    score = score_of(account)
    assert score.week_ago_score is not None
    assert score.delta == score.score - score.week_ago_score


def test_every_change_is_in_the_history_and_an_unchanged_score_is_not():
    account = team(days=range(20))
    runs.score_changed()
    runs.score_all()
    assert ScoreChange.objects.filter(account=account).count() == 1
    load(*(track(f"{n}@acme.com", "Admin Role Changed") for n in range(3)))
    runs.score_changed()
    changes_ = list(ScoreChange.objects.filter(account=account).order_by("at"))
    assert len(changes_) == 2
    assert changes_[1].score > changes_[0].score
    assert changes_[1].contributions != changes_[0].contributions


def test_a_run_is_a_row_with_its_definition_counts_and_duration():
    team()
    run = runs.score_all()
    run.refresh_from_db()
    assert (run.kind, run.state, run.accounts, run.changed) == ("full", "done", 1, 1)
    assert run.duration_ms is not None
    assert run.definition.version == 1
    assert runs.score_all().changed == 0


def test_a_full_run_gives_the_same_as_scoring_the_changed():
    for number in range(4):
        team(f"company-{number}.com", people=number + 1, days=range(0, 28, number + 1))
    runs.score_changed()
    fields = ("account_id", "score", "tier", "digest", "effects", "week_ago_effects")
    before = list(Score.objects.order_by("pk").values(*fields))
    features = [score.features for score in Score.objects.order_by("pk")]
    Score.objects.all().delete()
    runs.score_all()
    assert list(Score.objects.order_by("pk").values(*fields)) == before
    assert [score.features for score in Score.objects.order_by("pk")] == features


def test_scored_accounts_wait_for_routing():
    account = team()
    runs.score_changed()
    assert ScoredAccount.objects.get().account == account


def test_an_account_that_changes_while_it_is_scored_is_scored_again():
    account = team()
    pairs = changes.waiting(limit=10)
    changes.mark([account.pk])
    changes.done(pairs)
    assert AccountChange.objects.filter(account=account).exists()


def test_an_account_that_went_into_another_has_no_score_any_more():
    load(group("ws", "ann", name="Acme"), track("ann", group="ws"))
    runs.score_changed()
    own = Score.objects.get().account
    load(identify("ann", email="ann@acme.com"))
    runs.score_changed()
    assert Score.objects.get().account == account_of("ann") != own
    assert ScoreChange.objects.filter(account=own).exists()


@pytest.mark.django_db(transaction=True)
def test_done_does_not_wait_for_an_account_that_is_being_changed():
    first = team("acme.com", people=1, days=[1])
    team("other.com", people=1, days=[1])
    pairs = changes.waiting(limit=10)
    changing, finish = threading.Event(), threading.Event()

    def change():
        try:
            with transaction.atomic():
                changes.mark([first.pk])
                changing.set()
                finish.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    assert changing.wait(20)
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
        changes.done(pairs)
        cursor.execute("RESET lock_timeout")
    assert time.monotonic() - started < 5
    finish.set()
    thread.join(20)
    assert [account for account, _ in changes.waiting(limit=10)] == [first.pk]


def test_a_fresh_sign_up_is_held_back_by_a_gate_that_says_why():
    load(identify("ann@acme.com"), *(track("ann@acme.com", f"Thing {n} Created") for n in range(9)))
    account = team(days=[0])
    score = score_of(account)
    assert score.tier == "self_serve"
    runs.score_all()
    gated = team("old.com", people=2)
    score = score_of(gated)
    assert score.tier != "pqa"


def test_hysteresis_keeps_the_tier_of_the_row_before():
    account = team()
    score = score_of(account)
    threshold = definitions.spec_of(score.definition).thresholds.pqa
    assert score.score >= threshold
    since = score.tier_since
    assert score.tier == "pqa"
    Definition.objects.update(
        spec=definitions.published().spec | {"thresholds": {"pqa": score.score + 3, "activate": 60}}
    )
    runs.score_all()
    score.refresh_from_db()
    assert (score.tier, score.tier_since) == ("pqa", since)
    Definition.objects.update(
        spec=definitions.published().spec | {"thresholds": {"pqa": score.score + 3, "activate": 60}, "hysteresis": 0}
    )
    runs.score_all()
    score.refresh_from_db()
    assert score.tier == "activate"


def test_a_usage_spike_is_told_once_a_week():
    team(people=8, days=[0, 1, 2])
    load(*(track("0@acme.com", days_ago=day) for day in (8, 9)))
    runs.score_all()
    runs.score_all()
    spike = Signal.objects.get(kind="usage_spike")
    assert "people" in spike.detail


def test_a_hand_raise_of_the_last_thirty_days_is_on_the_score():
    load(identify("ann", email="ann@acme.com"), track("ann", "Demo Requested", days_ago=3))
    load(identify("bob", email="bob@other.com"), track("bob", "Demo Requested", days_ago=31))
    runs.score_changed()
    raised = dict(Score.objects.values_list("account__domain", "hand_raised_at"))
    assert (timezone.now() - raised["acme.com"]).days == 3
    assert raised["other.com"] is None


def test_the_past_is_worked_out_once_and_never_rewritten():
    account = team(days=range(60))
    assert history.backfill(weeks=6) > 0
    rows = list(ScoreChange.objects.filter(account=account).order_by("at").values_list("at", "score", "tier"))
    assert rows[0][0].date() < timezone.now().date() - dt.timedelta(days=20)
    assert history.backfill(weeks=6) == 0
    runs.score_all()
    score = Score.objects.get(account=account)
    assert score.tier_since < timezone.now() - dt.timedelta(days=6)


def test_a_run_that_fails_says_so_and_keeps_the_work():
    account = team()
    Definition.objects.filter(pk=definitions.published().pk).update(spec={"components": []})
    with pytest.raises(ValueError, match="components"):
        runs.score_changed()
    run = ScoringRun.objects.get()
    assert (run.state, "components" in run.error) == ("failed", True)
    assert AccountChange.objects.filter(account=account).exists()


@pytest.mark.django_db(transaction=True)
def test_two_scorers_at_once_score_every_account_once():
    for number in range(6):
        team(f"company-{number}.com", people=2, days=[1, 2])
    done = []

    def work():
        try:
            deadline = time.monotonic() + 30
            while AccountChange.objects.exists() and time.monotonic() < deadline:
                done.append(runs.score_changed(limit=2))
                time.sleep(0.01)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(done) == 6
    assert Score.objects.count() == 6
    assert ScoreChange.objects.count() == 6


@pytest.mark.django_db
def test_a_run_that_was_killed_is_given_up_by_the_next_one():
    team("acme.com", people=2, days=[1, 2])
    killed = runs.begin("full")
    done = runs.score_all()
    killed.refresh_from_db()
    assert (killed.state, done.state) == ("failed", "done")
    assert "later run" in killed.error
