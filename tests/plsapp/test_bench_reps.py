"""Reps who work one queue at the same time, by connections of their own. `manage.py bench reps` does it with twenty."""

import time

import pytest

from playbooks.verbs import acting
from plsapp.bench import reps

pytestmark = pytest.mark.django_db(transaction=True)


def test_reps_on_one_queue_never_have_an_item_twice_and_no_action_is_lost():
    report = reps.measure(accounts=40, reps=8, actions=320)

    assert (report.figures["wrong"], report.sizes["actions"]) == ([], 320)
    assert all(target.holds for target in report.targets), report.targets
    assert report.figures["wins"] > 50
    assert report.figures["losses"] > 50


def test_the_check_finds_what_goes_wrong_without_locks(monkeypatch):
    def unlocked(item_ids, *, beside=""):
        items = list(acting.read(sorted(item_ids)).values())
        time.sleep(0.01)  # what a lock would make the others wait for
        return items

    monkeypatch.setattr(acting, "locked", unlocked)

    report = reps.measure(accounts=10, reps=8, actions=120)

    assert report.figures["wrong"]
