"""What stands on queues follows a merge, and comes back when it is undone."""

import datetime as dt

import pytest
from django.db import OperationalError
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from accounts import changes, corrections
from accounts.models import Account, AccountChange, Role, Signal
from playbooks import following, handing
from playbooks.models import Answer, Notification, Play, PlayUse, QueueItem, QueueItemEvent, Step, Touch
from playbooks.verbs import verbs
from scoring.models import ScoredAccount
from tests.factories import AccountFactory, MemberFactory, WorkspaceFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def state() -> dict[str, list]:
    columns = ("pk", "account", "motion", "state", "owner", "claimed_at", "workspace", "last_touched_at", "step_due_at")
    return {
        "items": list(QueueItem.objects.order_by("pk").values_list(*columns)),
        "steps": list(Step.objects.order_by("pk").values_list("pk", "item", "account", "play_use", "dropped_at")),
        "touches": list(Touch.objects.order_by("pk").values_list("pk", "item", "account")),
        "plays": list(PlayUse.objects.order_by("pk").values_list("pk", "item", "ended_at", "end")),
        "answers": list(Answer.objects.order_by("pk").values_list("pk", "item", "account")),
    }


def step(item: QueueItem, text: str, **more: object) -> Step:
    return Step.objects.create(item=item, account=item.account, text=text, created_at=NOW, **more)


@pytest.fixture
def worked():
    """Two accounts that two reps work on: (the one that goes, the one that stays, their sales items)."""
    away, into = AccountFactory(name="Acme Labs"), AccountFactory(name="Acme")
    ann, bob = MemberFactory(role=Role.SALES, name="Ann"), MemberFactory(role=Role.SALES, name="Bob")
    goes, stays = make_item(account=away, owner=ann), make_item(account=into, owner=bob)
    play = Play.objects.create(name="Welcome", motion="sales")
    for item, text in ((goes, "Call the CTO"), (stays, "Send the deck")):
        use = PlayUse.objects.create(play=play, item=item, started_at=NOW)
        step(item, text, kind="play", play_use=use)
        step(item, f"Next: {text}", due_at=NOW + dt.timedelta(days=item.pk % 2 + 1))
        Touch.objects.create(item=item, account=item.account, kind="call", at=NOW)
        Answer.objects.create(item=item, account=item.account, motion="sales", at=NOW, verdict="good")
    QueueItem.objects.filter(pk=goes.pk).update(last_touched_at=NOW)
    make_item(account=away, motion="success", owner=MemberFactory(role=Role.SUCCESS))
    make_item(account=away, motion="marketing")
    make_item(account=into, motion="marketing", state="done", outcome="activated")
    for item in QueueItem.objects.all():
        following.steps.tell_item(item)
    return away, into, goes, stays


def test_one_open_item_a_motion_stays_and_all_is_as_before_when_the_merge_is_undone(worked):
    away, into, goes, stays = worked
    before = state()

    merged = following.correct(corrections.merge, account_id=away.pk, into_id=into.pk, member=None)

    open_items = QueueItem.objects.filter(state__in=following.OPEN)
    assert sorted(open_items.values_list("motion", flat=True)) == ["marketing", "sales", "success"]
    assert not QueueItem.objects.filter(account=away).exists()
    goes.refresh_from_db()
    stays.refresh_from_db()
    assert (goes.state, goes.owner, stays.state, stays.owner.name) == ("left", None, "claimed", "Bob")
    assert stays.last_touched_at == NOW
    assert list(Step.objects.filter(item=stays, dropped_at=None).order_by("pk").values_list("text", flat=True)) == [
        "Next: Call the CTO",
        "Send the deck",
        "Next: Send the deck",
    ]
    assert PlayUse.objects.get(item=goes).end == following.MERGED
    assert set(Touch.objects.values_list("account", flat=True)) == {into.pk}
    assert set(Answer.objects.values_list("account", flat=True)) == {into.pk}
    assert Notification.objects.get().text == "Acme Labs"
    assert "merged" in QueueItemEvent.objects.get(item=goes).detail

    following.correct(corrections.undo, correction_id=merged.pk, member=None)

    assert state() == before
    assert not ScoredAccount.objects.filter(account=away).exists()
    assert AccountChange.objects.filter(account__in=[away, into], is_urgent=True).count() == 2


def test_what_happened_to_the_item_that_stayed_stays_with_it(worked):
    away, into, goes, stays = worked
    merged = following.correct(corrections.merge, account_id=away.pk, into_id=into.pk, member=None)
    QueueItem.objects.filter(pk=stays.pk).update(state="done", outcome="won", closed_at=NOW)
    Step.objects.filter(text="Next: Call the CTO").update(done_at=NOW)
    again = make_item(account=into)

    following.correct(corrections.undo, correction_id=merged.pk, member=None)

    goes.refresh_from_db()
    stays.refresh_from_db()
    again.refresh_from_db()
    assert (goes.account, goes.state, goes.owner.name) == (away, "claimed", "Ann")
    assert (stays.account, stays.state, again.account) == (into, "done", into)
    assert Step.objects.get(text="Next: Call the CTO").item == goes


def test_an_owned_item_stays_before_one_that_nobody_has_and_goes_home_with_its_account():
    away, into = AccountFactory(), AccountFactory()
    ann = MemberFactory(role=Role.SALES)
    mine, free = make_item(account=away, owner=ann), make_item(account=into)
    merged = following.correct(corrections.merge, account_id=away.pk, into_id=into.pk, member=None)
    mine.refresh_from_db()
    free.refresh_from_db()
    assert (mine.account, mine.state, free.state) == (into, "claimed", "left")

    following.correct(corrections.undo, correction_id=merged.pk, member=None)

    mine.refresh_from_db()
    free.refresh_from_db()
    assert (mine.account, mine.owner, free.account, free.state) == (away, ann, into, "new")


def test_what_was_handed_over_because_of_a_correction_is_its_owners_again():
    away, into = AccountFactory(), AccountFactory()
    ann = MemberFactory(role=Role.MARKETING)
    mine = make_item(account=into, motion="marketing", owner=ann)
    use = PlayUse.objects.create(play=Play.objects.create(name="Find", motion="marketing"), item=mine, started_at=NOW)
    step(mine, "Ask the champion", kind="play", play_use=use)
    make_item(account=away)
    before = state()
    merged = following.correct(corrections.merge, account_id=away.pk, into_id=into.pk, member=None)
    assert not ScoredAccount.objects.exists(), "nothing is routed by the scores of before"
    handing.write([mine], talking=[], now=timezone.now())
    assert QueueItem.objects.get(pk=mine.pk).state == "done"

    following.correct(corrections.undo, correction_id=merged.pk, member=None)

    assert state() == before


def test_the_item_of_a_workspace_is_where_the_workspace_is():
    away, into = AccountFactory(), AccountFactory()
    space = WorkspaceFactory(account=away, account_by="domain", domain=away.domain)
    item, whole = make_item(account=away, workspace=space), make_item(account=away)
    changes.mark([away.pk])

    moved = following.correct(corrections.move_workspace, workspace_id=space.pk, into_id=into.pk, member=None)
    item.refresh_from_db()
    whole.refresh_from_db()
    assert (item.account, whole.account) == (into, away)

    following.correct(corrections.undo, correction_id=moved.pk, member=None)
    item.refresh_from_db()
    assert item.account == away


def test_of_merges_in_a_row_the_newest_is_undone_first_also_when_nobody_moved():
    first, second, third = (AccountFactory(name=name) for name in ("First", "Second", "Third"))
    for account in (first, second):
        make_item(account=account, owner=MemberFactory(role=Role.SALES))
        step(account.queue_items.get(), "Call")
    first.domains.all().delete()
    before = state()
    older = following.correct(corrections.merge, account_id=first.pk, into_id=second.pk, member=None)
    newer = following.correct(corrections.merge, account_id=second.pk, into_id=third.pk, member=None)

    with pytest.raises(corrections.Refused) as refused:
        following.correct(corrections.undo, correction_id=older.pk, member=None)
    assert refused.value.first == newer.pk
    for one in (newer, older):
        following.correct(corrections.undo, correction_id=one.pk, member=None)
    assert state() == before


def test_items_that_come_to_an_account_without_a_score_are_not_routed_before_it_has_one():
    away, into = AccountFactory(), AccountFactory()
    make_item(account=away)
    Account.objects.filter(pk=away.pk).update(merged_into=into)
    assert following.follow_merged() == 1
    assert not ScoredAccount.objects.exists()
    assert AccountChange.objects.get(is_urgent=True).account_id == into.pk


def test_what_woke_because_of_a_correction_sleeps_on_unless_its_owner_has_worked_since():
    away, into = AccountFactory(), AccountFactory()
    ann, later = MemberFactory(role=Role.SALES), NOW + dt.timedelta(days=9)
    asleep = [make_item(account=into, motion=motion, owner=ann) for motion in ("sales", "success")]
    QueueItem.objects.update(state="snoozed", snoozed_at=NOW, snoozed_until=later)
    before = list(QueueItem.objects.order_by("pk").values_list("state", "snoozed_at", "snoozed_until", "woke_at"))
    merged = following.correct(corrections.merge, account_id=away.pk, into_id=into.pk, member=None)
    Signal.objects.create(kind="usage_spike", at=timezone.now(), account=into, key=f"{1:032x}")
    for item in QueueItem.objects.all():
        verbs.awake(item, timezone.now(), "Usage spike")
        item.save()
    Touch.objects.create(item=asleep[1], account=into, kind="call", at=timezone.now())
    QueueItem.objects.filter(pk=asleep[1].pk).update(last_touched_at=timezone.now())

    following.correct(corrections.undo, correction_id=merged.pk, member=None)

    assert not Signal.objects.exists()
    rows = QueueItem.objects.order_by("pk").values_list("state", "snoozed_at", "snoozed_until", "woke_at")
    assert (rows[0], rows[1][0]) == (before[0], "claimed")


def test_a_correction_that_routing_got_in_the_way_of_is_made_again():
    away, into = AccountFactory(), AccountFactory()
    tried = []

    def merge(**said):
        tried.append(said)
        if len(tried) == 1:
            raise OperationalError from DeadlockDetected()
        return corrections.merge(**said)

    following.correct(merge, account_id=away.pk, into_id=into.pk, member=None)
    away.refresh_from_db()
    assert (away.merged_into, len(tried)) == (into, 2)
