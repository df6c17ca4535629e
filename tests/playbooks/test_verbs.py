"""Every verb of queue items: what it changes, who may, what is said, and how it is taken back."""

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import Role
from playbooks.models import CoolDown, QueueItem, QueueItemEvent
from playbooks.refused import Refused
from playbooks.verbs import acting, undo, verbs
from scoring.models import Outcome, ScoredAccount
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def tomorrow(days=1):
    return timezone.now() + dt.timedelta(days=days)


def told(item):
    return list(QueueItemEvent.objects.filter(item=item).order_by("id").values_list("verb", flat=True))


def columns(item):
    item.refresh_from_db()
    return {name: getattr(item, name) for name in acting.KEPT}


@pytest.fixture
def ann():
    return MemberFactory(name="Ann Rep", role=Role.SALES)


@pytest.fixture
def bob():
    return MemberFactory(name="Bob Rep", role=Role.SALES)


def test_a_new_item_that_is_snoozed_is_the_members_and_sleeps(ann, bob):
    item, until = make_item(score=70), tomorrow()
    outcome = verbs.snooze(item_id=item.pk, member=ann, until=until)
    item.refresh_from_db()
    assert outcome.won
    assert (item.state, item.owner, item.snoozed_until, item.snoozed_score) == ("snoozed", ann, until, 70)
    assert verbs.snooze(item_id=item.pk, member=ann, until=tomorrow(3)).item.snoozed_until > until
    lost = verbs.claim(item_id=item.pk, member=bob)
    assert lost.reason == "taken"
    assert verbs.in_words("claim", lost).startswith(f"Ann Rep put {item.account.name} to sleep just now, until ")
    assert verbs.claim(item_id=item.pk, member=ann).reason == "asleep"
    assert verbs.wake(item_id=item.pk, member=bob).reason == "not_owner"
    awake = verbs.wake(item_id=item.pk, member=ann).item
    assert (awake.state, awake.owner, awake.snoozed_until, awake.woke_at is not None) == ("claimed", ann, None, True)


@pytest.mark.parametrize(
    ("until", "on_signal"), [(None, False), (dt.timedelta(minutes=-1), True), (dt.timedelta(days=400), True)]
)
def test_a_snooze_needs_a_moment_within_a_year_or_a_signal(ann, until, on_signal):
    item = make_item()
    with pytest.raises(Refused) as refused:
        verbs.snooze(item_id=item.pk, member=ann, until=until and timezone.now() + until, on_signal=on_signal)
    assert refused.value.field == "until"
    item.refresh_from_db()
    assert item.state == "new"


def test_done_needs_a_claim_says_what_came_of_it_and_cools_the_account_down(ann, bob):
    item = make_item()
    assert verbs.finish(item_id=item.pk, member=ann, outcome="meeting").reason == "not_claimed"
    verbs.claim(item_id=item.pk, member=ann)
    assert verbs.finish(item_id=item.pk, member=bob, outcome="meeting").reason == "not_owner"
    done = verbs.finish(item_id=item.pk, member=ann, outcome="meeting", words="Tuesday").item
    assert (done.state, done.outcome, done.reason_words, done.closed_by) == ("done", "meeting", "Tuesday", ann)
    assert 89 <= (done.cool_until - timezone.now()).days <= 90
    lost = verbs.claim(item_id=item.pk, member=bob)
    assert verbs.in_words("claim", lost) == f"Ann Rep closed {item.account.name} just now: Meeting booked."
    assert Outcome.objects.get(account=item.account).kind == "accepted"
    with pytest.raises(Refused):
        verbs.finish(item_id=item.pk, member=ann, outcome="party")


def test_cool_downs_are_settings(ann):
    CoolDown.objects.create(motion="sales", closing="no_answer", days=5)
    CoolDown.objects.create(motion="sales", closing="no_interest", days=0)
    CoolDown.objects.create(motion="sales", closing="won", days=None)
    until = {}
    for closing in ("no_answer", "no_interest", "won"):
        item = make_item(owner=ann)
        until[closing] = verbs.finish(item_id=item.pk, member=ann, outcome=closing).item.cool_until
    assert (until["no_answer"] - timezone.now()).days == 4
    assert until["no_interest"] is None
    assert until["won"].year == 2999


def test_what_was_wrong_is_disqualified_with_a_reason_and_teaches_backtests(ann):
    item = make_item()
    with pytest.raises(Refused) as refused:
        verbs.disqualify(item_id=item.pk, member=ann, reason="other", words="  ")
    assert refused.value.field == "words"
    with pytest.raises(Refused) as refused:
        verbs.disqualify(item_id=item.pk, member=ann, reason="bad_timing")
    assert "snoozing" in refused.value.words
    wrong = verbs.disqualify(item_id=item.pk, member=ann, reason="too_small").item
    assert (wrong.state, wrong.reason, wrong.closed_by, wrong.owner) == ("disqualified", "too_small", ann, None)
    assert Outcome.objects.get(account=item.account).kind == "rejected"
    again = make_item(motion="marketing")
    verbs.disqualify(item_id=again.pk, member=MemberFactory(role=Role.MARKETING), reason="too_small")
    assert not Outcome.objects.filter(account=again.account).exists()


def test_an_outcome_stands_as_long_as_its_item_is_closed_with_it(ann):
    item = make_item(owner=ann)
    done = verbs.finish(item_id=item.pk, member=ann, outcome="won")
    assert Outcome.objects.get().kind == "won"
    assert undo.undo(event_id=done.event_id, member=ann).won
    assert not Outcome.objects.exists()
    verbs.finish(item_id=item.pk, member=ann, outcome="meeting")
    again = verbs.reopen(item_id=item.pk, member=ann)
    assert not Outcome.objects.exists()
    assert undo.undo(event_id=again.event_id, member=ann).won
    assert Outcome.objects.get().kind == "accepted"


def test_what_is_given_back_goes_to_the_other_motion_with_a_note(ann):
    item = make_item(owner=ann, score=66)
    with pytest.raises(Refused):
        verbs.give_back(item_id=item.pk, member=ann, to="sales")
    returned = verbs.give_back(item_id=item.pk, member=ann, to="success", words="No budget before spring")
    other = QueueItem.objects.get(account=item.account, motion="success")
    assert (returned.item.state, returned.item.returned_to, returned.item.closed_by) == ("returned", "success", ann)
    assert (other.state, other.returned_from, other.score, other.owner) == ("new", "sales", 66, None)
    assert other.handover == "Returned by Ann Rep (Sales): No budget before spring"
    assert undo.undo(event_id=returned.event_id, member=ann).won
    other.refresh_from_db()
    assert (other.state, told(other)) == ("left", ["handed_over", "left"])


def test_a_return_that_the_other_team_works_on_is_not_undone(ann):
    item = make_item(owner=ann)
    returned = verbs.give_back(item_id=item.pk, member=ann, to="success")
    other = QueueItem.objects.get(account=item.account, motion="success")
    verbs.claim(item_id=other.pk, member=MemberFactory(role=Role.SUCCESS))
    lost = undo.undo(event_id=returned.event_id, member=ann)
    assert lost.reason == "opened_taken"
    assert lost.item.state == "returned"


def test_an_open_item_in_the_other_motion_gets_the_note(ann):
    item = make_item(owner=ann)
    other = make_item(account=item.account, motion="success", handover="Before")
    returned = verbs.give_back(item_id=item.pk, member=ann, to="success", words="Call Eve")
    other.refresh_from_db()
    assert other.handover == "Before\nReturned by Ann Rep (Sales): Call Eve"
    assert undo.undo(event_id=returned.event_id, member=ann).won
    other.refresh_from_db()
    assert (other.state, other.handover) == ("new", "Before")


def test_a_rule_and_admins_assign_and_say_why(ann, bob):
    item, admin = make_item(), MemberFactory(role=Role.ADMIN)
    given = verbs.assign(item_id=item.pk, to=ann, because="She knows them").item
    assert (given.state, given.owner, given.assigned_because) == ("claimed", ann, "She knows them")
    assert verbs.assign(item_id=item.pk, to=bob, because="", member=bob).reason == "not_owner"
    assert verbs.assign(item_id=item.pk, to=bob, because="Pool", was=None).reason == "taken"
    assert verbs.assign(item_id=item.pk, to=bob, because="She is away", was=ann.pk).won
    assert verbs.assign(item_id=item.pk, to=ann, because="", member=admin).won
    with pytest.raises(Refused):
        verbs.assign(item_id=item.pk, to=MemberFactory(role=Role.PRODUCT), because="", member=admin)
    assert told(item) == ["assigned"] * 3


def test_a_closed_item_opens_again_unless_another_one_is_open(ann, bob):
    item = make_item(owner=ann)
    assert verbs.reopen(item_id=item.pk, member=ann).reason == "not_closed"
    verbs.finish(item_id=item.pk, member=ann, outcome="no_answer")
    other = make_item(account=item.account)
    lost = verbs.reopen(item_id=item.pk, member=bob)
    assert (lost.reason, lost.item.state) == ("open", "done")
    other.delete()
    again = verbs.reopen(item_id=item.pk, member=bob).item
    assert (again.state, again.owner, again.outcome, again.cool_until) == ("claimed", bob, "", None)


@pytest.mark.parametrize("role", [Role.SUCCESS, Role.PRODUCT])
def test_who_does_not_work_the_motion_can_do_nothing_with_it(role):
    item, member = make_item(), MemberFactory(role=role)
    for act in (
        lambda: verbs.snooze(item_id=item.pk, member=member, until=None),
        lambda: verbs.disqualify(item_id=item.pk, member=member, reason="bot"),
        lambda: verbs.many("claim", item_ids=[item.pk], member=member),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert told(item) == []


def test_what_is_excluded_for_good_is_routed_again_at_once_in_every_motion(ann):
    item = make_item()
    verbs.disqualify(item_id=item.pk, member=ann, reason="personal")
    assert ScoredAccount.objects.get().is_urgent


# Undo ----------------------------------------------------------------------------------------------------------------


def test_undo_takes_verbs_back_one_by_one_whatever_routing_wrote_meanwhile(ann):
    item = make_item()
    fresh = columns(item)
    claimed = verbs.claim(item_id=item.pk, member=ann)
    mine = columns(item)
    slept = verbs.snooze(item_id=item.pk, member=ann, until=tomorrow())
    assert undo.undo(event_id=claimed.event_id, member=ann).reason == "moved_on"
    QueueItemEvent.objects.create(item=item, at=timezone.now(), verb="hand_raised")
    assert undo.undo(event_id=slept.event_id, member=ann).won
    assert columns(item) == mine
    assert undo.undo(event_id=slept.event_id, member=ann).reason == "undone"
    assert undo.undo(event_id=claimed.event_id, member=ann).won
    assert columns(item) == fresh
    assert told(item) == ["claimed", "snoozed", "hand_raised", "undone", "undone"]


def test_only_who_did_it_undoes_it_and_only_for_a_while(ann, bob):
    item = make_item()
    event_id = verbs.disqualify(item_id=item.pk, member=ann, reason="bot").event_id
    assert undo.undo(event_id=event_id, member=bob).reason == "not_yours"
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=16)):
        assert undo.undo(event_id=event_id, member=ann).reason == "late"
    with pytest.raises(QueueItemEvent.DoesNotExist):
        undo.undo(event_id=event_id + 1, member=ann)


def test_an_item_that_stopped_qualifying_leaves_when_its_claim_is_undone(ann):
    item = make_item()
    event_id = verbs.claim(item_id=item.pk, member=ann).event_id
    QueueItem.objects.filter(pk=item.pk).update(mark="The score is 40 now")
    assert undo.undo(event_id=event_id, member=ann).item.state == "left"


def test_many_at_once_have_one_undo(ann, bob):
    items = [make_item(account=AccountFactory()) for _ in range(5)]
    verbs.claim(item_id=items[0].pk, member=bob)
    done = verbs.many(verbs.snooze, item_ids=[item.pk for item in items], member=ann, until=tomorrow())
    assert done.won == sorted(item.pk for item in items[1:])
    assert done.lost[items[0].pk].reason == "not_owner"
    verbs.wake(item_id=items[1].pk, member=ann)
    back = undo.undo_batch(batch=done.batch, member=ann)
    assert back.won == sorted(item.pk for item in items[2:])
    assert back.lost[items[1].pk].reason == "moved_on"
    assert [QueueItem.objects.get(pk=item.pk).state for item in items] == ["claimed", "claimed", "new", "new", "new"]
    with pytest.raises(Refused):
        verbs.many("claim", item_ids=range(201), member=ann)
