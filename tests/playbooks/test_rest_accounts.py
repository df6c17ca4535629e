"""An account and its history, for programs."""

import datetime as dt
import math

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import signals
from accounts.models import Account, BuyingRole, Role
from scoring import silence
from scoring.models import ScoreChange
from tests.factories import AccountFactory, EventTypeFactory, MemberFactory, ProductUserFactory, WorkspaceFactory
from tests.playbooks.test_queue_page import make_item
from tests.playbooks.test_rest import error, full_item

pytestmark = pytest.mark.django_db


def change(account: Account, at: dt.datetime, score: int, definition) -> ScoreChange:
    return ScoreChange.objects.create(
        account=account,
        at=at,
        definition=definition,
        score=score,
        tier="pqa",
        segment="smb",
        buyer_state="none",
    )


def test_an_account_comes_with_its_score_reasons_people_and_signals(sign_in):
    item = full_item()
    account, score = item.account, item.account.score
    score.week_ago_score, score.week_ago_values, score.week_ago_effects = 70, [math.nan], [70]
    score.save()
    space = WorkspaceFactory(account=account, name="Tower")
    dana = account.product_users.get(name="Dana Ortiz")
    at = timezone.now()
    signals.record(
        signals.NewSignal(kind="pricing", at=at - dt.timedelta(days=n), user_id=dana.pk, workspace_id=space.pk)
        for n in range(25)
    )

    told = sign_in(Role.MARKETING).get(f"/api/accounts/{account.pk}/").json()

    assert (told["name"], told["domains"]) == (account.name, [account.domain])
    assert (told["score"]["score"], told["score"]["delta"], told["score"]["definition"]) == (85, 15, 900)
    assert sum(part["effect"] for part in told["score"]["contributions"]) == 85
    assert told["score"]["week_ago"] == {
        "score": 70,
        "contributions": [{"key": "team", "value": None, "effect": 70.0}],
    }
    assert told["score"]["tier_since"].endswith("Z")
    assert [space["name"] for space in told["workspaces"]] == ["Tower"]
    assert told["people"][0]["name"] == "Dana Ortiz"
    assert told["people"][0]["role"] == BuyingRole.ECONOMIC_BUYER
    assert len(told["signals"]) == 20
    assert (told["signals"][0]["who"], told["signals"][0]["kind"]) == ("Dana Ortiz", "pricing")


def test_an_account_costs_as_many_queries_with_much_as_with_little(sign_in):
    client, account = sign_in(Role.SALES), full_item().account
    at = timezone.now()

    def fill(number: int) -> None:
        for _n in range(number):
            user, space = ProductUserFactory(account=account), WorkspaceFactory(account=account)
            signals.record([signals.NewSignal(kind="terms", at=at, user_id=user.pk, workspace_id=space.pk)])

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/api/accounts/{account.pk}/").status_code == 200
        return len(caught)

    fill(1)
    one = queries()
    fill(15)

    assert queries() == one


def test_an_account_that_was_never_scored_has_no_score(sign_in):
    assert sign_in(Role.SALES).get(f"/api/accounts/{AccountFactory().pk}/").json()["score"] is None


@pytest.mark.parametrize("tail", ["", "scores/"])
def test_a_merged_account_leads_to_the_one_it_is_part_of(sign_in, tail):
    now_part_of, client = AccountFactory(name="Whole"), sign_in(Role.SALES)
    merged = AccountFactory(merged_into=now_part_of)

    answer = client.get(f"/api/accounts/{merged.pk}/{tail}?limit=1")

    assert (answer.status_code, answer["Location"]) == (308, f"/api/accounts/{now_part_of.pk}/{tail}?limit=1")
    assert client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("tail", ["", "scores/"])
@pytest.mark.parametrize("account_id", ["0", "9" * 30, "x"])
def test_an_account_that_is_not_there_is_not_found(sign_in, account_id, tail):
    error(sign_in(Role.SALES).get(f"/api/accounts/{account_id}/{tail}"), 404)


def test_the_history_is_newest_first_and_tells_what_was_true_on_a_day(sign_in):
    account = make_item().account
    for score, at in [(40, "2026-03-01T10:00"), (60, "2026-05-02T23:59:59"), (80, "2026-05-03T00:00")]:
        change(account, dt.datetime.fromisoformat(at + "+00:00"), score, account.score.definition)
    client = sign_in(MemberFactory(timezone="Asia/Tokyo"))

    def scores(query: str) -> list[int]:
        answer = client.get(f"/api/accounts/{account.pk}/scores/?{query}")
        assert answer.status_code == 200, answer.content
        return [row["score"] for row in answer.json()["results"]]

    assert scores("") == [80, 60, 40]
    assert scores("at__date__lte=2026-05-02&limit=1") == [60]
    assert scores("at__date__lte=2026-02-28") == []
    assert scores("at__date__gte=2026-05-02") == [80, 60]
    assert scores("at__date__lte=9999-12-31&at__date__gte=0001-01-01") == [80, 60, 40]


@pytest.mark.parametrize("day", ["", "yesterday", "2026-02-30", "05/02/2026", "10000-01-01", "2026-05-02%00"])
def test_a_day_that_is_none_is_refused(sign_in, day):
    account = AccountFactory()

    answer = sign_in(Role.SALES).get(f"/api/accounts/{account.pk}/scores/?at__date__lte={day}")

    assert error(answer, 400)["field"] == "at__date__lte"


def test_a_history_costs_as_many_queries_with_twenty_rows_as_with_one(sign_in):
    client, account = sign_in(Role.SALES), make_item().account
    change(account, timezone.now(), 50, account.score.definition)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/api/accounts/{account.pk}/scores/").status_code == 200
        return len(caught)

    one = queries()
    for _ in range(19):
        change(account, timezone.now(), 50, account.score.definition)

    assert queries() == one


def test_what_is_frozen_is_told_beside_the_queue_and_to_programs(sign_in):
    account = make_item().account
    today = timezone.now().date()
    gone = EventTypeFactory(name="Teammate Invited", category="creation", signal="invite")
    silence.mark(gone, since=today - dt.timedelta(days=3), found_on=today)
    client = sign_in(Role.SALES)
    pane = client.get("/queue/sales/").content.decode()
    assert "as “Teammate Invited” fell silent" in pane
    (held,) = client.get(f"/api/accounts/{account.pk}/").json()["held"]
    assert (held["event"], held["good_day"]) == ("Teammate Invited", (today - dt.timedelta(days=4)).isoformat())
    assert "invites_28" in held["features"]
