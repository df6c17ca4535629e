"""Two at once, on real connections: one play and one step come of it, and who was slower is told."""

import threading
from functools import partial

import pytest
from django.db import connection

from accounts import corrections
from accounts.models import Account, Correction
from playbooks import following, steps
from playbooks.models import PlayUse, QueueItem, Step
from playbooks.plays import editing, plays
from playbooks.refused import Refused
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_plays import TEXT
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """What each answers, or the refusal."""
    start, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        try:
            start.wait(10)
            answers[place] = act()
        except Refused as refused:
            answers[place] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place, act]) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return answers


def test_of_two_who_begin_a_play_on_one_item_one_does_and_the_other_is_told_who():
    ann, bob = MemberFactory(name="Ann"), MemberFactory(name="Bob")
    play = editing.add(member=ann, text=TEXT)
    for _time in range(3):
        item = make_item()

        of = {"item_id": item.pk, "play_id": play.pk}
        answers = at_once(*(partial(plays.begin, **of, member=who) for who in (ann, bob)))

        use = PlayUse.objects.get(item=item)
        item.refresh_from_db()
        assert (item.state, item.owner_id) == ("claimed", use.member_id)
        assert Step.objects.filter(item=item).count() == len(TEXT.steps)
        assert all(answer == use or isinstance(answer, Refused) for answer in answers)
        assert use in answers


def test_of_two_who_add_the_same_step_at_once_there_is_one():
    ann, bob = MemberFactory(), MemberFactory()
    item = make_item(owner=ann)

    of = {"item_id": item.pk, "text": "Send the  offer"}
    one, other = at_once(*(partial(steps.add, **of, member=who) for who in (ann, bob)))

    assert one == other == Step.objects.get(item=item)
    assert steps.add(item_id=item.pk, member=ann, text="Something else") != one
    assert QueueItem.objects.get(pk=item.pk).owner == ann


def test_of_two_admins_who_merge_the_same_accounts_both_ways_one_is_told_what_to_do():
    acme, beta, gamma = (AccountFactory(name=name) for name in ("Acme", "Beta", "Gamma"))

    def merge(away, into):
        try:
            return following.correct(corrections.merge, account_id=away.pk, into_id=into.pk, member=None)
        except corrections.Refused as refused:
            return refused

    answers = at_once(*(partial(merge, *pair) for pair in ((acme, beta), (beta, acme), (acme, beta), (beta, gamma))))

    refused = [one for one in answers if isinstance(one, corrections.Refused)]
    assert all("or undo that merge first" in one.words for one in refused)
    merged = {one.pk: one.merged_into_id for one in Account.objects.all()}
    assert len(refused) == 4 - Correction.objects.count() >= 2
    assert list(merged.values()).count(None) == 3 - Correction.objects.count()
    assert all(into is None or merged[into] is None for into in merged.values()), "nobody forwards to one that forwards"
    for one in Correction.objects.order_by("-pk"):
        following.correct(corrections.undo, correction_id=one.pk, member=None)
    assert not Account.objects.exclude(merged_into=None).exists()
