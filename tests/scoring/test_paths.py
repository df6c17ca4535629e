import datetime as dt

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Role, Usage
from scoring import defaults, definitions, explain, paths, rules
from scoring.features import BY_KEY
from scoring.models import Definition, Score, ScoreChange
from tests.factories import AccountFactory, EventTypeFactory, ProductUserFactory

DAY = dt.timedelta(days=1)
SPEC = rules.parse(defaults.SPEC, features=BY_KEY)


def account(**known):
    return dict.fromkeys(BY_KEY) | {
        "events_28": 80.0,
        "weekly_active_days": 4.0,
        "active_users_28": 5.0,
        "active_users_7": 4.0,
        "breadth_28": 6.0,
        "growth": 0.1,
        "behaviours_28": 1.0,
        "creation_28": 12.0,
        "core_28": 40.0,
        "fit": 60.0,
        "days_since_first_use": 90.0,
        **known,
    }


def evaluated(features, steps, segment="unknown"):
    now = {key: np.nan if features[key] is None else features[key] for key in BY_KEY}
    columns = paths.changed(now, [steps])
    place = np.array([rules.SEGMENTS.index(segment)], dtype=np.int8)
    return rules.evaluate(SPEC, columns, evidence=np.array([True]), segment=place)


def test_every_path_leads_over_the_threshold_and_one_step_less_does_not():
    features = account()
    assert evaluated(features, {}).tier[0] != rules.PQA
    found = paths.find(SPEC, features, segment="unknown")
    assert found.paths
    for path in found.paths:
        after = evaluated(features, path.steps)
        assert (after.tier[0], after.score[0]) == (rules.PQA, path.score)
        assert len(path.steps) <= 3
        for key, number in path.steps.items():
            less = {**path.steps, key: number - 1} if number > 1 else {k: n for k, n in path.steps.items() if k != key}
            assert evaluated(features, less).tier[0] != rules.PQA
    assert [path.cost for path in found.paths] == sorted(path.cost for path in found.paths)


def test_it_is_said_in_words_with_alternatives_that_are_other_things():
    found = paths.find(SPEC, account(), segment="unknown")
    assert ", or " in found.words
    kinds = [set(path.steps) for path in found.paths]
    assert not any(one < other for one in kinds for other in kinds)
    assert paths.in_words({"people": 2, "invites": 1, "admin": 1}) == (
        "2 more weekly users, 1 invitation and an admin set-up, such as SSO"
    )


def test_nobody_is_told_to_grow_or_to_be_a_larger_company():
    features = account()
    before = dict(features.items())
    for path in paths.find(SPEC, features, segment="unknown").paths:
        after = paths.changed({k: np.nan if v is None else v for k, v in before.items()}, [path.steps])
        for key in ("growth", "users_growth", "fit", "employees", "buyers", "senior_people"):
            np.testing.assert_array_equal(after[key][0], np.nan if before[key] is None else before[key])


def test_a_pqa_needs_no_path():
    features = account(
        active_users_28=15.0,
        weekly_active_days=7.0,
        breadth_28=12.0,
        behaviours_28=3.0,
        invites_28=1.0,
        admin_28=1.0,
        fit=100.0,
        growth=1.0,
    )
    found = paths.find(SPEC, features, segment="unknown")
    assert (found.paths, found.problem) == ([], "")


def test_what_usage_cannot_lift_is_said():
    far = account(weekly_active_days=0.25, active_users_28=1.0, breadth_28=1.0, growth=-0.9, fit=20.0, creation_28=0.0)
    assert "usage alone" in paths.find(SPEC, far, segment="unknown").problem
    young = account(days_since_first_use=1.0)
    assert "less than 3 days ago" in paths.find(SPEC, young, segment="unknown").problem
    assert "come back" in paths.find(SPEC, account(events_28=0.0), segment="unknown").problem


def test_a_gate_is_passed_by_people():
    alone = account(
        active_users_28=2.0, active_users_7=2.0, weekly_active_days=7.0, breadth_28=12.0, growth=1.0, fit=100.0
    )
    for path in paths.find(SPEC, alone, segment="unknown").paths:
        assert path.steps["people"] >= 1


# Any date, any draft --------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(db, tmp_path, settings):
    settings.HOME = tmp_path
    found, today = AccountFactory(), timezone.now().date()
    for _ in range(4):
        who = ProductUserFactory(account=found, first_seen_at=timezone.now() - 90 * DAY)
        for ago in range(0, 60, 2):
            event = EventTypeFactory(name=f"Event {ago % 5}", category="core")
            Usage.objects.create(user=who, day=today - ago * DAY, event_type=event, count=2)
    return found


def test_a_past_date_knows_only_the_past(busy):
    today, definition = timezone.now().date(), definitions.published()
    now = explain.at(account_id=busy.pk, as_of=today, definition=definition)
    assert sum(part["effect"] for part in now.contributions) == now.score
    before = explain.at(account_id=busy.pk, as_of=today - 70 * DAY, definition=definition)
    assert (before.score, before.contributions, before.delta) == (None, [], None)
    assert "come back" in before.paths.problem
    with pytest.raises(ValueError, match="future"):
        explain.at(account_id=busy.pk, as_of=today + DAY, definition=definition)


def test_a_draft_answers_for_itself(busy):
    spec = {"components": [{**defaults.SPEC["components"][1], "weight": 1}]}
    draft = Definition.objects.create(name="People only", spec=spec)
    found = explain.at(account_id=busy.pk, as_of=timezone.now().date(), definition=draft)
    assert [part["key"] for part in found.contributions] == ["team"]
    assert found.score == 51


def test_a_tier_that_was_reached_is_kept_as_runs_keep_it(busy, sign_in):
    """The score is 51: three points short of PQA, which it keeps down to 49."""
    today = timezone.now().date()
    spec = {"components": [{**defaults.SPEC["components"][1], "weight": 1}], "thresholds": {"pqa": 54, "activate": 20}}
    definition = Definition.objects.create(name="People only", spec=spec)

    def tier(as_of):
        found = explain.at(account_id=busy.pk, as_of=as_of, definition=definition)
        return found.tier, found.tier_before, found.before, found.tier_alone

    assert tier(today) == ("activate", "activate", "week_ago", "activate")
    values = {"segment": "smb", "buyer_state": "none", "definition": definition, "score": 60}
    ScoreChange.objects.create(account=busy, at=timezone.now() - 20 * DAY, tier="pqa", **values)
    ScoreChange.objects.create(account=busy, at=timezone.now() - 5 * DAY, tier="activate", **values)
    assert tier(today - 10 * DAY) == ("pqa", "pqa", "stored", "activate")
    assert tier(today - 4 * DAY) == ("activate", "activate", "stored", "activate")
    Score.objects.create(account=busy, tier="pqa", scored_at=timezone.now(), tier_since=timezone.now(), **values)
    assert tier(today) == ("pqa", "pqa", "stored", "activate")
    page = sign_in(Role.SALES).get(f"/accounts/{busy.pk}/?as_of={today}&draft={definition.pk}").content.decode()
    assert "It was PQA before. By this score alone it would be Activate" in page


def test_the_account_page_answers_for_a_date_and_a_draft(busy, sign_in):
    client, today = sign_in(Role.SALES), timezone.now().date()
    draft = Definition.objects.create(name="People only", spec={"components": [defaults.SPEC["components"][1]]})
    page = client.get(f"/accounts/{busy.pk}/?as_of={today}&draft={draft.pk}").content.decode()
    assert "51" in page
    assert "People only" in page
    past = client.get(f"/accounts/{busy.pk}/?as_of={today - 70 * DAY}").content.decode()
    assert "come back" in past
    for wrong in ("as_of=soon", "as_of=2999-01-01", "draft=999999", "draft=x"):
        answer = client.get(f"/accounts/{busy.pk}/?{wrong}")
        assert answer.status_code == 200
        assert "notice-red" in answer.content.decode()
