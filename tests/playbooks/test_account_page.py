import datetime as dt
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import corrections, usage
from accounts.models import Role, Signal, Usage, Workspace
from playbooks import crowds, following
from playbooks.screens import weeks, why
from playbooks.verbs.verbs import claim, release
from scoring.breakdown import values_of
from scoring.models import Score, ScoreChange
from tests.factories import (
    AccountFactory,
    EventTypeFactory,
    MemberFactory,
    ProductUserFactory,
    WorkspaceFactory,
    breakdown,
)
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def test_the_page_explains_the_score_part_by_part(sign_in):
    item = make_item(score=91)
    now = timezone.now()
    contributions = [
        {"key": "team", "label": "Team size", "feature": "active_users_28", "value": 11.0, "weight": 60, "points": 35.0,
         "max_points": 35.0, "effect": 60},
        {"key": "usage", "label": "Usage", "feature": "weekly_active_days", "value": 5.2, "weight": 40, "points": 15.5,
         "max_points": 20.0, "effect": 31},
    ]  # fmt: skip
    before = [contributions[0] | {"value": 5.0, "effect": 46}, contributions[1]]
    Score.objects.filter(account=item.account).update(
        **breakdown(contributions, before),
        week_ago_score=77,
        tier_reason="Only 2 active people",
        scored_at=now,
    )

    text = sign_in(Role.SALES).get(f"/accounts/{item.account_id}/").content.decode()

    assert "Why 91" in text
    assert "11 active people in 28 days" in text
    assert "14 points up in seven days: team size (+14)." in text
    assert "Only 2 active people" in text
    assert re.search(r"35 <span class=\"muted\">/ 35</span>", text)


def test_an_account_without_a_score_says_so_and_shows_no_zero(sign_in):
    account = AccountFactory(name="Quiet")

    text = sign_in(Role.SALES).get(f"/accounts/{account.pk}/").content.decode()

    assert "No score yet" in text
    assert "Not scored yet" in text
    assert re.search(r'class="score score-none score-lg".*?–<', text, re.S)
    assert "Score 0" not in text


def test_an_account_with_too_little_evidence_is_not_zero_either(sign_in):
    item = make_item(score=None)

    text = sign_in(Role.SALES).get(f"/accounts/{item.account_id}/").content.decode()

    assert "Not enough evidence" in text
    assert "That is not a score of 0" in text


def test_the_weeks_of_a_crowd_are_added_up_by_a_worker_and_anew_after_a_correction(monkeypatch):
    monkeypatch.setattr(usage, "CROWD", 1)
    away, into, today = AccountFactory(), AccountFactory(), timezone.now().date()
    event = EventTypeFactory(category="core")

    def use(account):
        Usage.objects.create(
            user=ProductUserFactory(account=account), day=today, event_type_id=event.pk, workspace_id=0, count=2
        )

    def events():
        return [row[2] for row in usage.weeks_of(into.pk, people=2, weeks=crowds.PAGE, until=today) if not row[1]]

    item = make_item(account=into)
    Score.objects.filter(pk=into.pk).update(feature_values=values_of(item.account.score.features | {"people": 2.0}))
    use(into)
    assert events() == [2]
    use(into)
    assert events() == [2]
    assert crowds.keep(today=today) == 1
    assert events() == [4]
    use(away)
    following.correct(corrections.merge, account_id=away.pk, into_id=into.pk, member=MemberFactory(role="admin"))
    assert events() == [6]


def test_a_merged_account_leads_to_the_one_it_became(sign_in):
    target = AccountFactory()
    merged = AccountFactory(merged_into=target)

    response = sign_in(Role.SALES).get(f"/accounts/{merged.pk}/")

    assert (response.status_code, response["Location"]) == (302, f"/accounts/{target.pk}/")


def test_an_unknown_account_is_not_found(sign_in):
    client = sign_in(Role.SALES)
    assert client.get("/accounts/987654/").status_code == 404
    assert client.get("/accounts/99999999999999999999999/").status_code == 404


def test_the_page_shows_people_signals_usage_workspaces_and_history(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(account=AccountFactory(name="Northwind"))
    space = WorkspaceFactory(account=item.account, name="Main space")
    person = ProductUserFactory(
        account=item.account,
        name="Dana Ortiz",
        title="VP Engineering",
        buying_role="economic_buyer",
        buying_confidence=0.78,
    )
    today = timezone.now()
    Signal.objects.create(
        kind="hand_raise", at=today, user=person, workspace=space, detail="SSO for 40?", key=uuid.uuid4()
    )
    Usage.objects.create(user=person, day=today.date(), event_type=EventTypeFactory(), workspace_id=space.pk, count=7)
    for days, score in [(9, 60), (1, 85)]:
        ScoreChange.objects.create(
            account=item.account, at=today - dt.timedelta(days=days), definition_id=item.account.score.definition_id,
            score=score, tier="pqa", segment="smb", buyer_state="likely",
        )  # fmt: skip
    claim(item_id=item.pk, member=client.member)

    text = client.get(f"/accounts/{item.account_id}/").content.decode()

    for words in [
        "Dana Ortiz",
        "likely buyer 78",
        "SSO for 40?",
        "Main space",
        "Score up from 60 to 85 in 8 days",
        "claimed",
    ]:
        assert words in text, words
    assert f"/queue/items/{item.pk}/release" in text
    assert '"values": [0,' in text


def test_a_raised_hand_stays_in_sight_when_newer_signals_make_the_reason(sign_in):
    client = sign_in(Role.SALES)
    now = timezone.now()
    item = make_item(hand_raised_at=now, why_now="Buyer joined: VP Engineering; 3 things created")
    Score.objects.filter(account=item.account).update(hand_raised_at=now)
    person = ProductUserFactory(account=item.account, name="Dana Ortiz", email="dana@northwind.example")
    for kind, hours, detail in [("hand_raise", 9, "SSO for 40?")] + [("pricing", hour, "") for hour in range(8)]:
        at = now - dt.timedelta(hours=hours)
        Signal.objects.create(kind=kind, at=at, user=person, detail=detail, key=uuid.uuid4())

    for address in [f"/accounts/{item.account_id}/", f"/queue/sales/?item={item.pk}"]:
        text = " ".join(re.sub(r"<[^>]+>", "", client.get(address).content.decode()).split())
        assert re.search(r"Hand raised 9 hours ago by Dana Ortiz: “SSO for 40\?”", text), address


def test_people_can_be_written_to_from_the_page(sign_in):
    item = make_item()
    ProductUserFactory(account=item.account, name="Dana Ortiz", email="dana@northwind.example")

    text = sign_in(Role.SALES).get(f"/accounts/{item.account_id}/").content.decode()

    assert 'href="mailto:dana@northwind.example"' in text


def test_an_account_below_the_threshold_shows_what_is_missing(sign_in):
    item = make_item(score=73, motion="success")
    part = {"label": "Team size", "feature": "active_users_28", "value": 5.0, "points": 20.0, "max_points": 35.0}
    parts = [
        part | {"key": "team", "weight": 60, "effect": 34},
        part | {"key": "usage", "label": "Usage", "weight": 40, "points": 35.0, "effect": 39},
    ]
    Score.objects.filter(account=item.account).update(tier="activate", **breakdown(parts))
    score = Score.objects.get(account=item.account)

    assert why.to_pqa(score) == "7 points more. Most room: team size (up to 26), usage (up to 1)."
    score.tier = "pqa"
    assert why.to_pqa(score) == ""


def test_a_first_score_is_not_called_unchanged(sign_in):
    item = make_item(score=31)
    ScoreChange.objects.create(
        account=item.account, at=timezone.now(), definition_id=item.account.score.definition_id, score=31, tier="pqa",
        segment="smb", buyer_state="likely",
    )  # fmt: skip

    text = sign_in(Role.SALES).get(f"/accounts/{item.account_id}/").content.decode()

    assert "First score 31 on " in text
    assert "unchanged" not in text


def test_the_page_reads_as_often_for_a_big_account_as_for_a_small_one(sign_in):
    client = sign_in(Role.SALES)
    item = make_item()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/accounts/{item.account_id}/").status_code == 200
        return len(captured)

    def add(count: int) -> None:
        for _ in range(count):
            space = Workspace.objects.create(external_id=uuid.uuid4().hex, account=item.account)
            person = ProductUserFactory(account=item.account)
            Signal.objects.create(kind="pricing", at=timezone.now(), user=person, workspace=space, key=uuid.uuid4())
            member = MemberFactory(role="sales")
            claim(item_id=item.pk, member=member)
            release(item_id=item.pk, member=member)

    add(1)
    one = queries()
    add(15)
    assert queries() == one


def test_the_account_list_filters_and_sorts(sign_in):
    client = sign_in(Role.MARKETING)
    make_item(account=AccountFactory(name="Warm", domain="warm.example", employees=300), score=85)
    make_item(account=AccountFactory(name="Hot", domain="hot.example", employees=100), score=95)
    AccountFactory(name="Unscored", domain="unscored.example")
    AccountFactory(name="Merged away", merged_into=AccountFactory(name="Kept"))

    def listed(query: str) -> list[str]:
        text = client.get(f"/accounts/{query}").content.decode()
        return re.findall(r'class="cell-main" href="/accounts/\d+/">([^<]+)<', text)

    assert listed("") == ["Hot", "Warm", "Kept", "Unscored"]
    assert listed("?sort=name") == ["Hot", "Kept", "Unscored", "Warm"]
    assert listed("?sort=-employees")[:2] == ["Warm", "Hot"]
    assert listed("?tier=none") == ["Kept", "Unscored"]
    assert listed("?tier=pqa&q=warm.exa") == ["Warm"]
    assert listed("?q=nobody") == []
    assert "Sort" in client.get("/accounts/?sort=drop").content.decode()


def test_the_buyers_page_shows_likely_buying_roles_only(sign_in):
    client = sign_in(Role.SALES)
    account = AccountFactory(name="Northwind")
    ProductUserFactory(account=account, name="Sure", buying_role="economic_buyer", buying_confidence=0.9)
    ProductUserFactory(account=account, name="Champ", buying_role="champion", buying_confidence=0.6)
    ProductUserFactory(account=account, name="Vague", buying_role="economic_buyer", buying_confidence=0.5)
    ProductUserFactory(account=account, name="User", buying_role="end_user", buying_confidence=0.9)
    ProductUserFactory(account=None, name="Nowhere", buying_role="economic_buyer", buying_confidence=0.9)

    def listed(query: str) -> list[str]:
        return re.findall(r'<span class="cell-main">([^<]+)<', client.get(f"/buyers/{query}").content.decode())

    assert listed("") == ["Sure", "Champ"]
    assert listed("?role=champion") == ["Champ"]
    assert listed("?q=sur") == ["Sure"]
    assert listed("?role=king") == ["Sure", "Champ"]


def test_weeks_without_usage_are_drawn_as_empty_ones():
    until = dt.date(2026, 11, 22)
    drawn = weeks.people([(dt.date(2026, 11, 16), "", 40, 11), (dt.date(2026, 11, 16), "core", 40, 11)], until=until)

    assert [week.people for week in drawn.weeks] == [0] * 11 + [11]
    assert drawn.weeks[-1].day == "16 Nov 2026"
    assert drawn.title == "11 active people this week, up from 0"


def test_usage_tells_its_finding_against_the_four_weeks_before():
    until = dt.date(2026, 11, 22)
    rows = [(until - dt.timedelta(days=7 * back + 6), category, 10 if back > 3 else 15, 2)
            for back in range(26) for category in ("", "core")]  # fmt: skip
    drawn = weeks.usage(rows, until=until)

    assert drawn.title == "Usage is up 50 % on the four weeks before"
    assert drawn.categories == ["Core"]
    assert len(drawn.table) == 26
    assert drawn.table[0] == (dt.date(2026, 11, 16), [15], 15, 2)


@pytest.mark.parametrize(
    ("delta", "changes", "words"),
    [
        (None, {}, ""),
        (0, {}, "Unchanged in seven days."),
        (-3, {"Usage": -3}, "3 points down in seven days: usage (−3)."),
        (1, {"Team size": 2, "Usage": -1}, "1 point up in seven days: team size (+2), usage (−1)."),
    ],
)
def test_the_change_of_a_week_is_a_sentence(delta, changes, words):
    parts = [why.Part(label, label, "", 0, 0, 0, 0, 0, 0, change) for label, change in changes.items()]
    assert why.change_sentence(delta, parts) == words
