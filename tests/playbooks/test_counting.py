"""Counts that are kept as long as nothing changes, and lists that begin with the warmest."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Member, Role
from playbooks import counting
from playbooks.models import QueueItem
from playbooks.querysets import Warmest
from playbooks.verbs import verbs
from scoring.models import Score
from tests.factories import AccountFactory, MemberFactory, breakdown

SHOWN = {"tier": "pqa", "segment": "smb", "buyer_state": "unknown"}


def waiting(**fields: object) -> QueueItem:
    now = timezone.now()
    return QueueItem.objects.create(
        account=AccountFactory(), motion="sales", entered_at=now, updated_at=now, **SHOWN, **fields
    )


@pytest.fixture
def rep(transactional_db: None) -> Member:
    return MemberFactory(role=Role.SALES)


def test_a_queue_is_counted_again_only_when_an_item_of_it_changed(rep: Member) -> None:
    item = waiting()
    waiting(hand_raised_at=timezone.now())
    assert counting.for_tabs("sales", rep)["to_work"] == 2
    with CaptureQueriesContext(connection) as asked:
        assert counting.for_tabs("sales", rep)["hand_raised"] == 1
    assert len(asked) == 1  # the newest change alone
    verbs.claim(item_id=item.pk, member=rep)
    found = counting.for_tabs("sales", rep)
    assert (found["unclaimed"], found["mine"], found["others"]) == (1, 1, 0)
    assert found["changed"] == QueueItem.objects.get(pk=item.pk).updated_at


def test_a_list_of_the_warmest_ends_with_those_without_a_score(db: None) -> None:
    accounts = [AccountFactory(name=name) for name in "ABCDEF"]
    for account, score in zip(accounts, (40, None, 90, 40), strict=False):
        Score.objects.create(
            account=account, score=score, scored_at=timezone.now(), tier_since=timezone.now(), **SHOWN, **breakdown([])
        )
    listed = Warmest(Account.objects.all(), score="score", then=("name", "id"))
    whole = "".join(Account.objects.get(pk=pk).name for pk in listed[0:])
    assert whole == "CADBEF"
    for size in (1, 2, 3, 4, 6):
        pages = [listed[start : start + size] for start in range(0, len(listed), size)]
        assert [pk for page in pages for pk in page] == listed[0:], size
    assert listed[4] == accounts[4].pk
