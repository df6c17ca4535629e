"""Answers, what they say of the definition, what would mend it, audits, and the pages that show it."""

import datetime as dt

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from playbooks import queue, touches
from playbooks.feedback import answers, audits, feedback, trust
from playbooks.feedback.counterfactuals import Change
from playbooks.feedback.filter import FeedbackFilter
from playbooks.feedback.intervals import Share
from playbooks.models import Answer, QueueItem, QueuePolicy
from playbooks.refused import Refused
from playbooks.verbs import verbs
from scoring import definitions, rules
from scoring.breakdown import KEYS, values_of
from scoring.models import Definition, Score
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
WARM = {
    "weekly_active_days": 5,
    "active_users_28": 9,
    "breadth_28": 12,
    "growth": 1.0,
    "behaviours_28": 4,
    "fit": 100,
    "days_since_first_use": 40,
    "events_28": 900,
    "employees": 400,
}


def answered(n: int, verdict: str, reason: str = "", *, days_ago: float = 1, features=None, **fields) -> list[Answer]:
    """Answers about accounts with these features, scored by the definition in force."""
    definition = definitions.published()
    values = values_of(WARM | (features or {}))
    columns = {key: np.array([value]) for key, value in zip(KEYS, values, strict=True)}
    found = rules.evaluate(definitions.spec_of(definition), columns, evidence=np.array([True]))
    said = {"score": int(found.score[0]), "tier": rules.TIERS[found.tier[0]], "segment": "mid_market"} | fields
    now = timezone.now()
    made = []
    for place in range(n):
        at = now - dt.timedelta(days=days_ago, seconds=place)
        is_wrong = verdict == "wrong"
        item = QueueItem.objects.create(
            account=AccountFactory(),
            motion="sales",
            state="disqualified" if is_wrong else "done",
            outcome="" if is_wrong else "meeting",
            reason=(reason or "other") if is_wrong else "",
            entered_at=at,
            updated_at=at,
            closed_at=at,
            buyer_state="likely",
            is_audit=said.get("is_audit", False),
            **{name: said[name] for name in ("score", "tier", "segment")},
        )
        made.append(
            Answer(
                item=item,
                account=item.account,
                motion="sales",
                at=at,
                verdict=verdict,
                reason=reason,
                definition=definition,
                feature_values=values,
                effects=found.effect[0].tolist(),
                **said,
            )
        )
    return Answer.objects.bulk_create(made)


def refused(**said) -> str:
    with pytest.raises(Refused) as found:
        answers.give(**said)
    assert found.value.words
    return found.value.field


# Answers -------------------------------------------------------------------------------------------------------------


def test_an_answer_keeps_what_the_engine_said_and_a_second_one_takes_its_place_for_a_day():
    ann = MemberFactory()
    item = make_item(score=85, owner=ann)
    first = answers.give(item_id=item.pk, member=ann, verdict="wrong", reason="too_small", words=" two people ")
    Score.objects.filter(account=item.account).update(score=20, tier="self_serve")
    second = answers.give(item_id=item.pk, member=ann, verdict="good", reason="too_small")

    assert (first.words, first.score, first.tier, first.segment) == ("two people", 85, "pqa", "mid_market")
    assert first.effects == [85]
    assert Answer.objects.get() == second
    assert (second.verdict, second.reason, second.score, second.at) == ("good", "", 85, first.at)
    Answer.objects.update(at=timezone.now() - dt.timedelta(days=2))
    assert refused(item_id=item.pk, member=ann, verdict="good") == "verdict"


def test_only_who_has_worked_an_account_answers():
    ann, bob, admin = MemberFactory(), MemberFactory(), MemberFactory(role=Role.ADMIN)
    item = make_item(owner=ann)
    assert refused(item_id=item.pk, member=bob, verdict="good") == "verdict"
    touches.log(item_id=item.pk, member=bob, kind="call")
    answers.give(item_id=item.pk, member=bob, verdict="good")
    assert refused(item_id=item.pk, member=ann, verdict="wrong") == "verdict"  # bob has answered
    answers.give(item_id=item.pk, member=admin, verdict="wrong", reason="bot")
    with pytest.raises(PermissionDenied):
        answers.give(item_id=item.pk, member=MemberFactory(role=Role.SUCCESS), verdict="good")
    for said in ({"verdict": "nice"}, {"verdict": "wrong", "reason": "ugly"}, {"verdict": "good", "words": "x" * 501}):
        assert refused(item_id=item.pk, member=admin, **said) == list(said)[-1]


# Trust ---------------------------------------------------------------------------------------------------------------


def test_trust_tells_the_last_fifty_and_each_band_with_its_interval():
    answered(11, "good")
    answered(7, "wrong", "no_buyer", days_ago=9)
    answered(3, "good", is_audit=True, score=40, tier="self_serve")
    make_item(state="done", outcome="won", closed_at=timezone.now())

    found = trust.of_motion("sales")

    assert (found.last.sent, found.last.good, found.last.wrong, found.last.waiting) == (19, 11, 7, 1)
    assert (found.last.meetings, found.last.won) == (11, 1)
    [band] = found.bands
    assert (band.low, band.group.share, band.meetings) == (90, Share(11, 18), 11)
    assert (round(band.group.share.low, 2), round(band.group.share.high, 2)) == (0.39, 0.8)
    assert [week.answered for week in found.weeks if week.answered] in ([7, 11], [18])
    assert [(group.key, group.answered) for group in found.versions] == [(definitions.published().version, 18)]


# Feedback ------------------------------------------------------------------------------------------------------------


def test_components_that_carried_wrong_accounts_come_first():
    answered(2, "good", features={"fit": 100})
    answered(2, "wrong", features={"growth": -0.5})
    found = feedback.components(feedback.arrays(FeedbackFilter().rows()))
    assert found[-1].key == "velocity"
    assert found[-1].wrong == 0
    assert found[-1].good == pytest.approx(10 / 97)


def test_what_a_draft_would_remove_is_what_was_told():
    # Told on the newer half, which is the half that the counts below are of.
    for days in (1, 20):
        answered(24, "wrong", "too_small", features={"active_users_28": 4, "employees": 30}, days_ago=days)
        answered(12, "good", days_ago=days)
        answered(1, "good", features={"active_users_28": 4}, days_ago=days)
    answered(30, "wrong", "too_small", features={"active_users_28": 2}, tier="pqa")  # mended: the gate is there already
    answered(9, "wrong", "too_small", features={"active_users_28": 4}, is_audit=True)
    answered(12, "wrong", "bot", features={"events_28": 90})
    spec = definitions.spec_of(definitions.published())
    told = feedback.arrays(FeedbackFilter().rows())

    found = feedback.mending(told, spec)

    assert (found.good, found.wrong, found.mended) == (26, 60, 30)
    best = {one.change.key: one for one in found.found["too_small"]}["active_users_28"]
    assert best.change == Change("gate", "active_users_28", 5)
    assert (best.wrong, best.good, best.is_later) == (Share(24, 24), Share(1, 13), True)
    assert found.found["too_small"][0].change.key == "employees"  # it removes no good one
    assert found.found["bot"][0].change == Change("gate", "events_28", 100)
    assert not found.found["bot"][0].is_later
    for one in (*found.found["too_small"], *found.found["bot"]):
        if one.change.kind != "gate":  # of the others hysteresis keeps those that are there, which are not told
            continue
        draft = rules.parse(feedback.changed(spec.as_json(), one.change, tier="pqa", words="Because"))
        after = feedback.mending(told, draft)
        removed = one.found_wrong.part + one.wrong.part if one.is_later else one.wrong.part
        assert found.counted[one.reason] - after.counted.get(one.reason, 0) == removed, one


def test_a_change_reaches_every_recipe_and_tightens_the_gate_that_is_there():
    spec = definitions.spec_of(definitions.published()).as_json()
    spec["variants"] = [{"segments": ["smb"], "components": spec["components"], "gates": []}]
    gated = feedback.changed(spec, Change("gate", "active_users_28", 5), tier="pqa", words="Because")
    assert [gate["minimum"] for gate in gated["gates"] if gate["feature"] == "active_users_28"] == [5]
    assert [gate["cap"] for gate in gated["variants"][0]["gates"]] == ["activate"]
    weighed = feedback.changed(spec, Change("weight", "team", 0.5), tier="pqa")
    assert [one["weight"] for one in weighed["variants"][0]["components"] if one["key"] == "team"] == [12.5]
    raised = feedback.changed(spec, Change("threshold", "", 84), tier="pqa")
    assert raised["variants"][0]["thresholds"] == {"pqa": 84, "activate": 60}
    tier = feedback.tier_of("success")
    assert feedback.changed(spec, Change("threshold", "", 64), tier=tier)["thresholds"] == {"pqa": 80, "activate": 64}
    assert feedback.changed(spec, Change("gate", "people", 4), tier=tier)["gates"][-1]["cap"] == "self_serve"


# Audits --------------------------------------------------------------------------------------------------------------


def scored(n: int, **fields) -> list[int]:
    made = []
    for _place in range(n):
        account = AccountFactory()
        make_item(account=account, score=34, state="left", closed_at=timezone.now() - dt.timedelta(days=300))
        QueueItem.objects.filter(account=account).update(entered_at=timezone.now() - dt.timedelta(days=400))
        said = {"tier": "self_serve", "feature_values": values_of(WARM)} | fields
        Score.objects.filter(account=account).update(**said)
        made.append(account.pk)
    return made


def test_audits_are_drawn_below_the_threshold_and_are_their_share(sign_in):
    scored(8)
    scored(2, segment="smb")  # stays self-serve at any score
    scored(2, hand_raised_at=timezone.now())
    scored(2, feature_values=values_of(WARM | {"days_since_first_use": 1}))
    working = scored(1)[0]
    QueueItem.objects.filter(account=working).update(state="new", closed_at=None, priority=90)
    for _place in range(57):
        make_item(priority=90)
    QueuePolicy.objects.create(motion="sales", audit_share=0.05)
    assert audits.eligible("sales", now=timezone.now()).count() == 8

    assert audits.draw_due()["sales"] in (3, 4)
    assert audits.draw_due() == {"sales": 0}

    drawn = list(QueueItem.objects.filter(is_audit=True))
    assert {(item.state, item.tier, item.score, item.priority) for item in drawn} == {("new", "self_serve", 34, 90)}
    assert all(item.events.get().verb == "entered" for item in drawn)
    queue.route_accounts([item.account_id for item in drawn])
    assert QueueItem.objects.filter(is_audit=True, state="new", priority=90).count() == len(drawn)

    client = sign_in(Role.SALES)
    verbs.claim(item_id=drawn[0].pk, member=client.member)
    page = client.get(f"/queue/sales/?tab=mine&item={drawn[0].pk}").content.decode()
    assert page.count("shown once you have answered") == 3, "the row, the pane and its words"
    assert ">34<" not in page


def test_a_small_team_gets_audits_in_some_weeks_so_that_they_are_their_share_over_time():
    now = timezone.now()
    for _place in range(8):
        make_item(entered_at=now - dt.timedelta(hours=1))
    weeks = [now + dt.timedelta(weeks=n) for n in range(200)]
    drawn = 0
    for week in weeks:
        QueueItem.objects.update(entered_at=week - dt.timedelta(hours=1))
        drawn += audits.room("sales", share=0.05, now=week)

    assert 0.35 < drawn / len(weeks) < 0.5, "0.05 of 8 and it: 0.42"
    assert audits.room("sales", share=0.05, now=weeks[0]) == audits.room("sales", share=0.05, now=weeks[0])


def test_what_audits_found_tells_about_how_many_are_missed():
    ann = MemberFactory()
    scored(20)
    for account in scored(10):
        item = make_item(account=Score.objects.get(pk=account).account, is_audit=True, owner=ann)
        verdict = "good" if Answer.objects.count() < 2 else "wrong"
        verbs.finish(item_id=item.pk, member=ann, outcome="no_answer")
        answers.give(item_id=item.pk, member=ann, verdict=verdict)

    found = audits.misses("sales")

    assert (found.drawn, found.good, found.below) == (10, Share(2, 10), 30)
    assert (found.missed_low, found.missed, found.missed_high) == (1, 6, 16)
    assert audits.misses("success") is None


# Pages ---------------------------------------------------------------------------------------------------------------


def test_the_pages_say_so_while_nobody_has_answered(sign_in):
    client = sign_in(Role.SALES)
    assert "No answers yet" in client.get("/queue/sales/trust/").content.decode()
    assert "No answers yet" in client.get("/feedback/").content.decode()
    assert "No answer matches" in client.get("/feedback/?segment=smb").content.decode()
    assert "“gorgeous” is not one of the choices" in client.get("/feedback/?verdict=gorgeous").content.decode()
    assert client.get("/queue/self_serve/trust/").status_code == 404


def test_the_pages_show_answers_and_a_change_becomes_a_draft(sign_in):
    for days in (1, 20):
        answered(24, "wrong", "too_small", features={"active_users_28": 4}, days_ago=days)
        answered(12, "good", days_ago=days)
    Answer.objects.filter(verdict="wrong").update(words='=HYPERLINK("x")')

    page = sign_in(Role.PRODUCT).get("/queue/sales/trust/").content.decode()
    assert "Of the last 50 we sent you: " in page
    client = sign_in(Role.PRODUCT)
    with CaptureQueriesContext(connection) as few:
        page = client.get("/feedback/").content.decode()
    assert "24 of 72 answers were good" in page
    assert "would have removed 24 of 24 “Too small” and 0 of 12 good ones" in page
    rows = client.get("/feedback/answers.csv?verdict=wrong").getvalue().decode()
    assert rows.count("\r\n") == 49
    assert "\"'=HYPERLINK" in rows

    change = {"kind": "gate", "key": "active_users_28", "reason": "too_small", "query": "?days=30"}
    answer = client.post("/feedback/draft", change)
    draft = Definition.objects.get(state="draft")
    assert answer.url == f"/definitions/drafts/{draft.pk}/"
    assert draft.name == "Too small: requiring 5 people or more (Active people, 28 days)"
    assert [gate["minimum"] for gate in draft.spec["gates"] if gate["feature"] == "active_users_28"] == [5]
    assert "24 of 24" in draft.note
    assert draft.note.split(".")[0] in client.get(f"/definitions/drafts/{draft.pk}/review/").content.decode()
    assert client.post("/feedback/draft", change | {"key": "fit"}).url == "/feedback/?days=30"
    assert sign_in(Role.SALES).post("/feedback/draft", change).status_code == 403

    answered(30, "good", days_ago=2)
    with CaptureQueriesContext(connection) as many:
        client.get("/feedback/")
    assert len(many) == len(few)


# REST ----------------------------------------------------------------------------------------------------------------


def test_programs_answer_and_read_answers_trust_and_counterfactuals(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)
    address = f"/api/queue/items/{item.pk}/answer/"
    assert client.get(address).status_code == 404
    wrong = client.post(address, {"verdict": "nice"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "verdict")
    given = client.post(address, {"verdict": "wrong", "reason": "bot"}, content_type="application/json")
    assert (given.status_code, given.json()["reason"], given.json()["score"]) == (200, "bot", 85)
    for days in (1, 20):
        answered(24, "wrong", "too_small", features={"active_users_28": 4}, days_ago=days)
        answered(12, "good", days_ago=days)

    assert client.get("/api/answers/?verdict=wrong&reason=bot").json()["count"] == 1
    told = client.get("/api/queue/sales/trust/").json()
    assert (told["last"]["sent"], told["audit"], len(told["weeks"])) == (50, None, 26)
    found = client.get("/api/counterfactuals/?days=30").json()
    by_reason = {one["reason"]: one for one in found["reasons"]}
    best = by_reason["too_small"]["findings"][0]
    assert best["change"] == {"kind": "gate", "key": "active_users_28", "value": 5}
    assert (best["wrong"]["part"], best["wrong"]["of"], best["good"]["part"]) == (24, 24, 0)

    asked = {"kind": "gate", "key": "active_users_28", "reason": "too_small"}
    assert client.post("/api/counterfactuals/", asked, content_type="application/json").status_code == 403
    product = sign_in(Role.PRODUCT)
    opened = product.post("/api/counterfactuals/", asked, content_type="application/json")
    assert opened.status_code == 201
    assert "24 of 24" in Definition.objects.get(pk=opened.json()["id"]).note
    wrong = product.post("/api/counterfactuals/", asked | {"key": "fit"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "key")
