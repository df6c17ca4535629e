"""Plays at work: suggested, begun, ended, counted; and how members edit them."""

import datetime as dt
from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import changes
from accounts.models import Contact, Role
from playbooks import queue, steps, touches
from playbooks.models import Answer, Play, PlayUse, QueueItem, Step
from playbooks.plays import editing as play_editing
from playbooks.plays import plays
from playbooks.plays import rows as play_rows
from playbooks.plays import values as play_values
from playbooks.plays.library import LIBRARY, PlayText, StepText
from playbooks.refused import Refused
from playbooks.verbs import undo, verbs
from tests.factories import EventTypeFactory, MemberFactory, ProductUserFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
TEXT = PlayText(
    name="Ours",
    motion="sales",
    exits=("replied", "buyer_found", "left", "hand_raised"),
    steps=(StepText("email", 0, "Write", "About {{account}}", "Hi"), StepText("call", 2, "Call")),
)


@pytest.fixture
def ann(db):
    return MemberFactory(name="Ann Rep")


@pytest.fixture
def play(ann):
    return play_editing.add(member=ann, text=TEXT)


def refused(verb, **said) -> str:
    with pytest.raises(Refused) as error:
        verb(**said)
    assert error.value.words
    return error.value.field


def running(item) -> list[str]:
    return list(Step.objects.filter(item=item, done_at=None, dropped_at=None).values_list("text", flat=True))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("report_created", "Report Created"),
        ("reportCreated", "Report Created"),
        ("SSOConfigured.v2", "SSO Configured V2"),
        ("$pageview", "Pageview"),
        ("Dashboard opened", "Dashboard opened"),
        ("", ""),
    ],
)
def test_a_feature_is_named_in_words(event, words):
    assert play_values.readable(event) == words


# At work -------------------------------------------------------------------------------------------------------------


def test_plays_are_suggested_with_reasons_in_two_queries_however_many_items():
    first = make_item(hand_raised_at=timezone.now())
    second = make_item(champion=ProductUserFactory())
    marketing = make_item(motion="marketing")
    plays.suggest([first])
    with CaptureQueriesContext(
        connection,
    ) as one:
        plays.suggest([first])
    with CaptureQueriesContext(connection) as three:
        plays.suggest([first, second, marketing])
    assert len(one) == len(three) == 2
    assert [item.play.key for item in (first, second, marketing)] == [
        "hand_raised",
        "champion_introduction",
        "find_buyer",
    ]
    assert first.play_because == "A hand is raised"


def test_a_play_makes_next_steps_on_working_days_and_claims_what_nobody_has(ann, play):
    item = make_item()
    use = plays.begin(item_id=item.pk, play_id=play.pk, member=ann)
    assert plays.begin(item_id=item.pk, play_id=play.pk, member=ann) == use
    item.refresh_from_db()
    assert (item.state, item.owner) == ("claimed", ann)
    made = list(Step.objects.filter(item=item).order_by("place"))
    assert [(step.text, step.kind, step.play_step.subject) for step in made] == [
        ("Write", "play", "About {{account}}"),
        ("Call", "play", ""),
    ]
    assert item.step_due_at == made[0].due_at < made[1].due_at
    assert made[1].due_at.isoweekday() <= 5

    for step in made:
        steps.complete(step_id=step.pk, member=ann)
    use.refresh_from_db()
    assert use.end == "finished"
    steps.reopen(step_id=made[1].pk, member=ann)
    use.refresh_from_db()
    assert use.ended_at is None


def test_who_may_not_begin_a_play_is_told_why(ann, play):
    other = play_editing.add(member=ann, text=replace(TEXT, name="Other"))
    success = play_editing.add(member=MemberFactory(role=Role.SUCCESS), text=replace(TEXT, name="S", motion="success"))
    item = make_item(owner=ann)
    of = {"item_id": item.pk, "member": ann}
    assert refused(plays.begin, **of, play_id=success.pk) == "play"
    assert refused(plays.begin, **of, play_id=0) == "play"
    plays.begin(**of, play_id=play.pk)
    assert refused(plays.begin, **of, play_id=other.pk) == "play"
    assert refused(plays.begin, item_id=make_item(owner=MemberFactory()).pk, member=ann, play_id=play.pk) == "item"
    closed = make_item(state="left", closed_at=timezone.now())
    assert refused(plays.begin, item_id=closed.pk, member=ann, play_id=play.pk) == "item"
    with pytest.raises(PermissionDenied):
        plays.begin(item_id=item.pk, member=MemberFactory(role=Role.MARKETING), play_id=play.pk)


def test_stopping_drops_what_is_open_and_resuming_brings_it_back(ann, play):
    item = make_item(owner=ann)
    use = plays.begin(item_id=item.pk, play_id=play.pk, member=ann)
    by_hand = steps.add(item_id=item.pk, member=ann, text="My own")
    steps.complete(step_id=use.steps.get(text="Write").pk, member=ann)
    plays.stop(use_id=use.pk, member=ann)
    assert running(item) == [by_hand.text]
    plays.resume(use_id=use.pk, member=ann)
    assert sorted(running(item)) == ["Call", "My own"]


def test_a_play_ends_with_its_item_and_goes_on_when_the_closing_is_undone(ann, play):
    items = [make_item(owner=ann), make_item(owner=ann)]
    uses = [plays.begin(item_id=item.pk, play_id=play.pk, member=ann) for item in items]

    done = verbs.finish(item_id=items[0].pk, member=ann, outcome="no_answer")
    left = verbs.many("disqualify", item_ids=[items[1].pk], member=ann, reason="too_small")
    ended = [PlayUse.objects.get(pk=use.pk) for use in uses]

    assert [(use.end, use.ended_at) for use in ended] == [
        ("closed", QueueItem.objects.get(pk=item.pk).closed_at) for item in items
    ]
    assert [running(item) for item in items] == [[], []]
    assert QueueItem.objects.get(pk=items[0].pk).step_due_at is None
    assert refused(plays.resume, use_id=uses[0].pk, member=ann) == "item"

    assert undo.undo(event_id=done.event_id, member=ann).won
    assert undo.undo_batch(batch=left.batch, member=ann).won
    assert [sorted(running(item)) for item in items] == [["Call", "Write"]] * 2
    assert not PlayUse.objects.exclude(ended_at=None).exists()
    assert QueueItem.objects.get(pk=items[0].pk).step_due_at == Step.objects.get(item=items[0], text="Write").due_at


def test_an_undone_claim_ends_the_play_that_came_with_it(ann, play):
    item = make_item()
    use = plays.begin(item_id=item.pk, play_id=play.pk, member=ann)

    assert undo.undo(event_id=item.events.get(verb="claimed").pk, member=ann).won

    use.refresh_from_db()
    item.refresh_from_db()
    assert (item.state, use.end, running(item), item.step_due_at) == ("new", "stopped", [], None)


def test_a_reply_ends_the_play_and_taking_the_touch_back_goes_on_with_it(ann, play):
    item = make_item(owner=ann)
    use = plays.begin(item_id=item.pk, play_id=play.pk, member=ann)
    touches.log(item_id=item.pk, member=ann, kind="call", result="no_answer")
    assert running(item) == ["Write", "Call"]
    reply = touches.log(item_id=item.pk, member=ann, kind="email", result="replied")
    use.refresh_from_db()
    assert (use.end, running(item)) == ("replied", [])
    touches.remove(touch_id=reply.pk, member=ann)
    use.refresh_from_db()
    assert (use.ended_at, running(item)) == (None, ["Write", "Call"])


@pytest.mark.parametrize(
    ("end", "change"),
    [
        ("hand_raised", lambda item: {"hand_raised_at": timezone.now() + dt.timedelta(seconds=1)}),
        ("left", lambda item: {"mark": "The score is 40 now"}),
        (
            "buyer_found",
            lambda item: {"buyer_contact": Contact.objects.create(email="cfo@x.com", account=item.account, source="x")},
        ),
    ],
)
def test_what_routing_finds_ends_the_play(ann, play, end, change):
    item = make_item(owner=ann)
    old = ProductUserFactory(account=item.account)
    QueueItem.objects.filter(pk=item.pk).update(buyer=old, hand_raised_at=timezone.now() - dt.timedelta(days=1))
    use = plays.begin(item_id=item.pk, play_id=play.pk, member=ann)
    assert plays.end_exited(account_ids=[item.account_id]) == 0
    QueueItem.objects.filter(pk=item.pk).update(**change(item))
    with CaptureQueriesContext(connection) as looked:
        assert plays.end_exited(account_ids=[0]) == 0
    assert len(looked) == 1
    assert plays.end_exited(account_ids=[item.account_id]) == 1
    use.refresh_from_db()
    assert use.end == end


def test_results_are_counted_from_outcomes_and_answers(ann, play):
    def begun(**fields):
        item = make_item(owner=ann)
        PlayUse.objects.create(play=play, item=item, member=ann, started_at=timezone.now())
        QueueItem.objects.filter(pk=item.pk).update(**fields)
        return item

    for outcome in ("won", "opportunity", "no_answer"):
        begun(state="done", outcome=outcome)
    good = begun()
    Answer.objects.create(item=good, account=good.account, motion="sales", at=timezone.now(), verdict="good")
    begun()
    assert plays.results() == {play.pk: plays.Results(begun=5, running=2, accepted=3, meetings=2, won=1)}


def test_values_come_from_evidence(ann):
    item = make_item()
    account = item.account
    item.champion = ProductUserFactory(account=account, name="Sam Lee")
    item.buyer = ProductUserFactory(account=account, name="", email="boss@acme.com")
    report, export, invite = (
        EventTypeFactory(name="Report Created"),
        EventTypeFactory(name="Data Exported", category="advanced", volume=9),
        EventTypeFactory(name="Invited", category="collaboration", signal="invite"),
    )
    from accounts.models import Usage

    today = timezone.now().date()
    for event, count in ((report, 9), (invite, 3)):
        Usage.objects.create(user=item.champion, day=today, event_type=event, count=count)
    with CaptureQueriesContext(connection) as asked:
        values = play_values.of_item(item, ann)
    assert len(asked) <= 4
    told = {name: values[name] for name in ("top_features", "next_feature", "champion.invites", "active_users_28")}
    assert told == {
        "top_features": "Report Created, Invited",
        "next_feature": export.name,
        "champion.invites": "3",
        "active_users_28": "8",
    }
    assert (values["champion.first_name"], values["buyer.name"], values["member.first_name"]) == ("Sam", "", "Ann")
    assert values["weekly_growth"] == ""


# Editing -------------------------------------------------------------------------------------------------------------


def built_in(key="business_case") -> Play:
    play_rows.built_in()
    return Play.objects.get(key=key)


def test_built_in_plays_are_made_once_and_follow_their_text_until_somebody_changes_them(ann):
    play = built_in()
    assert Play.objects.filter(key__isnull=False).count() == len(LIBRARY)
    Play.objects.filter(pk=play.pk).update(goal="An older version's")
    play_rows._COMPARED.clear()
    assert built_in().goal == LIBRARY["business_case"].goal

    text = replace(play_rows.text_of(play), goal="Ours")
    saved = play_editing.save(play_id=play.pk, revision=built_in().revision, member=ann, text=text)
    assert saved.is_edited
    play_rows._COMPARED.clear()
    assert built_in().goal == "Ours"
    _play, before = play_editing.reset(play_id=play.pk, member=ann)
    assert (built_in().goal, built_in().is_edited, before.goal) == (LIBRARY["business_case"].goal, False, "Ours")


def test_the_second_of_two_who_save_is_told(ann, play):
    play_editing.save(play_id=play.pk, revision=1, member=ann, text=replace(TEXT, goal="First"))
    with pytest.raises(play_editing.Changed) as changed:
        play_editing.save(play_id=play.pk, revision=1, member=ann, text=replace(TEXT, goal="Second"))
    assert changed.value.current.goal == "First"


def test_what_is_wrong_is_told_at_its_field(ann, play):
    for field, wrong in {
        "name": replace(TEXT, name=" "),
        "goal": replace(TEXT, goal="{{buyer.frist_name}}"),
        "talking_points": replace(TEXT, talking_points="{{"),
        "motion": replace(TEXT, motion="self_serve"),
        "exits": replace(TEXT, exits=("bored",)),
        "steps": replace(TEXT, steps=()),
        "steps.1.words": replace(TEXT, steps=(TEXT.steps[0], StepText("call", 0, "Call", words="{{nobody}}"))),
        "steps.0.after_days": replace(TEXT, steps=(StepText("call", 999, "Call"),)),
    }.items():
        member = MemberFactory(role=Role.ADMIN)
        if field == "motion":
            with pytest.raises(PermissionDenied):
                play_editing.save(play_id=play.pk, revision=1, member=member, text=wrong)
        else:
            assert refused(play_editing.save, play_id=play.pk, revision=1, member=member, text=wrong) == field
    assert refused(play_editing.add, member=ann, text=TEXT) == "name"
    play.refresh_from_db()
    assert play_rows.text_of(play) == TEXT


def test_who_works_a_queue_edits_its_plays_and_product_all(ann, play):
    for role in (Role.SUCCESS, Role.MARKETING):
        with pytest.raises(PermissionDenied):
            play_editing.remove(play_id=play.pk, member=MemberFactory(role=role))
    with pytest.raises(PermissionDenied):
        play_editing.save(play_id=play.pk, revision=1, member=ann, text=replace(TEXT, motion="success"))
    product = MemberFactory(role=Role.PRODUCT)
    assert play_editing.remove(play_id=play.pk, member=product).removed_at
    assert not play_rows.active().filter(pk=play.pk)
    assert play_editing.put_back(play_id=play.pk, member=product).removed_at is None
    assert not play_editing.switch(play_id=play.pk, member=product, on=False).is_active
    copied = play_editing.copy(play_id=play.pk, member=product)
    assert (copied.name, copied.steps.count(), copied.is_active) == ("Copy of Ours", 2, False)


def test_accounts_get_the_play_that_fits_after_one_was_changed(ann, play):
    item = make_item(play=play)
    play_editing.switch(play_id=play.pk, member=ann, on=False)
    while queue.route_scored():
        pass
    item.refresh_from_db()
    assert item.play != play
    assert not changes.is_waiting(table=changes.SCORED)
    play_editing.save(play_id=play.pk, revision=2, member=ann, text=replace(TEXT, goal="Words", is_active=False))
    assert not changes.is_waiting(table=changes.SCORED)


def test_a_step_that_stays_keeps_its_row_for_the_items_that_run_it(ann, play):
    item = make_item(owner=ann)
    plays.begin(item_id=item.pk, play_id=play.pk, member=ann)
    new = (replace(TEXT.steps[0], words="Better"),)
    play_editing.save(play_id=play.pk, revision=1, member=ann, text=replace(TEXT, steps=new))
    first, second = Step.objects.filter(item=item).order_by("place")
    assert first.play_step.words == "Better"
    assert (second.play_step, second.text) == (None, "Call")
