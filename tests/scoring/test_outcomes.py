import datetime as dt

import numpy as np
import pytest

from accounts import signals
from scoring import outcomes
from scoring.models import Outcome
from tests.factories import AccountFactory, ProductUserFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def raised(at, **who):
    signals.record([signals.NewSignal(kind="hand_raise", at=at, **who)])


def found(*kinds, since=None):
    accounts, at = outcomes.of_accounts(kinds, since=since)
    assert accounts.dtype == np.int64
    assert at.dtype == np.dtype("datetime64[us]")
    return dict(zip(accounts.tolist(), (moment.replace(tzinfo=dt.UTC) for moment in at.tolist()), strict=True))


def test_the_first_outcome_of_each_account_counts_whether_signal_or_row():
    one, other, third = AccountFactory(), AccountFactory(), AccountFactory()
    Outcome.objects.create(account=one, kind="won", at=NOON + DAY)
    Outcome.objects.create(account=one, kind="won", at=NOON + 2 * DAY)
    Outcome.objects.create(account=third, kind="rejected", at=NOON)
    raised(NOON, user_id=ProductUserFactory(account=one).pk)
    raised(NOON - DAY, workspace_id=WorkspaceFactory(account=other).pk)

    assert found("won", "hand_raise") == {one.pk: NOON, other.pk: NOON - DAY}
    assert found("won") == {one.pk: NOON + DAY}
    assert found("rejected") == {third.pk: NOON}
    assert found("accepted") == {}
    assert found("won", "hand_raise", since=NOON + 2 * DAY) == {one.pk: NOON + 2 * DAY}


def test_the_workspace_says_whose_hand_it_is_before_the_person():
    person = ProductUserFactory(account=AccountFactory())
    team = WorkspaceFactory(account=AccountFactory())
    raised(NOON, user_id=person.pk, workspace_id=team.pk)
    assert found("hand_raise") == {team.account_id: NOON}


def test_a_merged_account_s_outcomes_are_those_of_the_account_it_went_into():
    last = AccountFactory()
    middle = AccountFactory(merged_into=last)
    first = AccountFactory(merged_into=middle)
    Outcome.objects.create(account=first, kind="won", at=NOON)
    Outcome.objects.create(account=last, kind="won", at=NOON + DAY)
    assert found("won") == {last.pk: NOON}


def test_a_kind_that_there_is_not_is_refused_by_name():
    with pytest.raises(ValueError, match="lost"):
        outcomes.of_accounts(["won", "lost"])
