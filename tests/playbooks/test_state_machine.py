"""Whatever members, rules and routing do in whatever order: one open item a motion, right owners, whole histories, exact undo."""

import datetime as dt
import uuid

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts import access
from accounts.models import Member, Role, Signal
from playbooks import queue
from playbooks.models import Closing, QueueItem, QueueItemEvent, Reason
from playbooks.plays import rows as play_rows
from playbooks.verbs import acting, transitions, undo, verbs, waking
from scoring.models import Outcome, Score
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
#: What an undo gives back. The note of a hand-over is the other motion's to take away.
EXACT = [name for name in acting.KEPT if name != "handover"]
#: The state that an event leads to.
LEADS_TO = {
    "entered": "new",
    "handed_over": None,
    "claimed": "claimed",
    "assigned": "claimed",
    "woke": "claimed",
    "reopened": "claimed",
    "released": "new",
    "snoozed": "snoozed",
    "done": "done",
    "returned": "returned",
    "disqualified": "disqualified",
    "left": "left",
    "marked": None,
    "unmarked": None,
    "hand_raised": None,
}
PLAIN = ("release", "wake", "reopen")
any_item = st.integers(0, 3)
#: A member, or whoever has the item.
OWNER = 4
any_member = st.sampled_from([OWNER, 0, 1, 2, 3])


def world():
    """Two accounts that go to sales, and their four members: two of sales, one of success, an admin."""
    play_rows.built_in()  # once, not again in each example
    for _ in range(2):
        make_item().delete()
    for role in (Role.SALES, Role.SALES, Role.SUCCESS, Role.ADMIN):
        MemberFactory(role=role)


class Queues(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.members = list(Member.objects.order_by("pk"))
        self.accounts = list(Score.objects.order_by("pk").values_list("pk", flat=True))
        self.snapshots = {}  # event → the item's columns before it
        self.batches = []  # (batch, member, {item: columns before})
        queue.route_accounts(self.accounts)

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def pick(self, number, member_number):
        items = sorted(QueueItem.objects.order_by("-pk"), key=lambda item: not item.is_open)
        item = items[number % min(4, len(items))]
        member = item.owner if member_number == OWNER and item.owner else self.members[member_number % OWNER]
        return item, member

    def act(self, verb, item, member, **fields):
        """Does it, and compares with what the table of transitions promises."""
        before = columns(item)
        told = item.events.count()
        if not access.can(member, "work", item):
            with pytest.raises(acting.PermissionDenied):
                getattr(verbs, verb)(item_id=item.pk, member=member, **fields)
            assert (columns(item), item.events.count()) == (before, told)
            return
        is_mine = item.owner_id == member.pk
        expected = transitions.refusal(
            verb, state=item.state, is_owner=is_mine, is_admin=access.can(member, "administer")
        )
        if item.state == "claimed" and verb == "claim" and is_mine:
            expected = "already"
        if item.state == "claimed" and verb == "assign" and item.owner_id == fields["to"].pk:
            expected = "already"
        others = QueueItem.objects.open().filter(account=item.account_id, motion=item.motion).exclude(pk=item.pk)
        if verb == "reopen" and not expected and others.exists():
            expected = "open"
        outcome = getattr(verbs, verb)(item_id=item.pk, member=member, **fields)
        assert verbs.in_words(verb, outcome)
        assert (outcome.won, outcome.reason) == (not expected or expected == "already", expected.replace("already", ""))
        assert (outcome.event_id is None) == bool(expected)
        if expected:
            assert (columns(item), item.events.count()) == (before, told)
        else:
            self.snapshots[outcome.event_id] = (item.pk, member, before)

    @rule(number=any_item, who=any_member)
    def claim(self, number, who):
        self.act("claim", *self.pick(number, who))

    @rule(verb=st.sampled_from(PLAIN), number=any_item, who=any_member)
    def plain_verb(self, verb, number, who):
        self.act(verb, *self.pick(number, who))

    @rule(number=any_item, who=any_member, until=st.sampled_from([None, 1, 3]), on_signal=st.booleans())
    def snooze(self, number, who, until, on_signal):
        moment = until and timezone.now() + dt.timedelta(hours=until)
        self.act("snooze", *self.pick(number, who), until=moment, on_signal=on_signal or until is None)

    @rule(number=any_item, who=any_member, outcome=st.sampled_from(["meeting", "won", "no_answer"]))
    def finish(self, number, who, outcome):
        self.act("finish", *self.pick(number, who), outcome=outcome)

    @rule(number=any_item, who=any_member, reason=st.sampled_from(["too_small", "personal", "other"]))
    def disqualify(self, number, who, reason):
        self.act("disqualify", *self.pick(number, who), reason=reason, words="so")

    @rule(number=any_item, who=any_member)
    def give_back(self, number, who):
        item, member = self.pick(number, who)
        self.act("give_back", item, member, to="success" if item.motion == "sales" else "sales", words="Look")

    @rule(number=any_item, who=any_member, to=st.integers(0, 3))
    def assign(self, number, who, to):
        item, member = self.pick(number, who)
        if access.can(self.members[to], "work", item):
            self.act("assign", item, member, to=self.members[to], because="load")

    @rule(verb=st.sampled_from(["claim", "snooze", "disqualify", "reopen"]), who=st.integers(0, 1))
    def many(self, verb, who):
        items = list(QueueItem.objects.filter(motion="sales"))
        fields = {"snooze": {"until": None}, "disqualify": {"reason": "bot"}}.get(verb, {})
        before = {item.pk: columns(item) for item in items}
        done = verbs.many(verb, item_ids=list(before), member=self.members[who], **fields)
        assert sorted([*done.won, *done.lost]) == sorted(before)
        self.batches.append((done.batch, self.members[who], before))

    @precondition(lambda self: self.snapshots)
    @rule(number=any_item)
    def undo(self, number):
        """The newest, mostly, since older ones were built upon."""
        event_id = sorted(self.snapshots, reverse=True)[number % min(3, len(self.snapshots))]
        item_id, member, before = self.snapshots[event_id]
        item = QueueItem.objects.get(pk=item_id)
        now = columns(item)
        outcome = undo.undo(event_id=event_id, member=member)
        assert verbs.in_words("undo", outcome)
        if not outcome.won:
            assert columns(item) == now
            return
        del self.snapshots[event_id]
        assert outcome.item.state == "left" or columns(item) == before
        assert undo.undo(event_id=event_id, member=member).reason == "undone"

    @precondition(lambda self: self.batches)
    @rule()
    def undo_batch(self):
        batch, member, before = self.batches.pop()
        if QueueItemEvent.objects.filter(batch=batch).exists():
            for item_id in undo.undo_batch(batch=batch, member=member).won:
                item = QueueItem.objects.get(pk=item_id)
                assert item.state == "left" or columns(item) == before[item_id]

    @rule(tier=st.sampled_from(["pqa", "activate", "self_serve"]), score=st.sampled_from([40, 70, 90]))
    def route(self, tier, score):
        owned = set(QueueItem.objects.filter(state__in=transitions.OWNED).values_list("pk", "owner"))
        Score.objects.update(tier=tier, score=score)
        queue.route_accounts(self.accounts)
        assert owned == set(QueueItem.objects.filter(state__in=transitions.OWNED).values_list("pk", "owner"))

    @rule(which=st.integers(0, 1))
    def raise_hand(self, which):
        at = timezone.now()
        account_id = self.accounts[which]
        Signal.objects.create(account_id=account_id, kind="hand_raise", at=at, key=uuid.uuid4())
        Score.objects.filter(pk=account_id).update(hand_raised_at=at)
        queue.route_accounts([account_id])
        assert QueueItem.objects.open().filter(account=account_id, motion="sales").exists()
        assert not QueueItem.objects.filter(account=account_id, state="snoozed", wakes_on_signal=True).exists()

    @rule()
    def two_hours_pass(self):
        """Everything is older then: clocks wake, and undo comes too late."""
        ago = dt.timedelta(hours=2)
        QueueItemEvent.objects.update(at=F("at") - ago, undone_at=F("undone_at") - ago)
        QueueItem.objects.filter(state="snoozed").update(snoozed_until=F("snoozed_until") - ago)
        waking.wake_due(timezone.now())
        self.snapshots.clear()
        self.batches.clear()
        assert not QueueItem.objects.filter(state="snoozed", snoozed_until__lte=timezone.now()).exists()

    @invariant()
    def the_promises_hold(self):
        items = list(QueueItem.objects.order_by("pk"))
        events = list(QueueItemEvent.objects.order_by("pk").defer("detail"))
        # One open item a motion, owned if and only if it is claimed or asleep.
        open_items = [item for item in items if item.is_open]
        assert len({(item.account_id, item.motion) for item in open_items}) == len(open_items)
        for item in items:
            assert (item.closed_at is None) == item.is_open
            if item.is_open:
                assert (item.owner_id is not None) == (item.state in transitions.OWNED)
                assert item.cool_until is None
        # The events tell the whole history.
        states = {item.pk: "new" for item in items}
        undone = {(event.item_id, event.undone_at): event for event in events if event.undone_at}
        for event in events:
            if event.verb == "undone":
                before = undone[event.item_id, event.at].before
                states[event.item_id] = before.get("state", states[event.item_id])
            else:
                states[event.item_id] = LEADS_TO[event.verb] or states[event.item_id]
        assert states == {item.pk: item.state for item in items}
        # Backtests know what stands.
        standing = {(f"queue item {item.pk}", kind) for item in items if (kind := what_backtests_learn(item))}
        assert set(Outcome.objects.values_list("source", "kind")) == standing


def what_backtests_learn(item):
    if item.state == "done" and item.outcome == "won":
        return "won"
    if item.motion != "sales":
        return None
    return KINDS.get({"done": item.outcome, "disqualified": item.reason}.get(item.state))


KINDS = {
    Closing.MEETING: "accepted",
    Closing.WON: "won",
    Reason.TOO_SMALL: "rejected",
    Reason.PERSONAL: "rejected",
    Reason.BOT: "rejected",
}


def columns(item):
    item.refresh_from_db()
    return {name: getattr(item, name) for name in EXACT}


def test_whatever_is_done_in_whatever_order_the_promises_hold():
    assert connection.in_atomic_block
    world()
    AccountFactory()
    run_state_machine_as_test(
        Queues,
        settings=settings(
            max_examples=8,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
