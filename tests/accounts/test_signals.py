import datetime as dt

import pytest
from django.utils import timezone

from accounts import signals
from tests.factories import AccountFactory, ProductUserFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db


def record(**fields) -> None:
    signals.record([signals.NewSignal(kind="pricing", at=timezone.now(), **fields)])


def test_a_signal_belongs_to_the_account_of_its_workspace_else_of_its_person_else_its_own():
    account, other = AccountFactory(), AccountFactory()
    space, homeless = WorkspaceFactory(account=account), WorkspaceFactory(account=None)
    person, guest = ProductUserFactory(account=account), ProductUserFactory(account=other)
    record(user_id=guest.pk, workspace_id=space.pk, detail="a guest in its workspace")
    record(user_id=person.pk, detail="a person outside of workspaces")
    record(user_id=person.pk, workspace_id=homeless.pk, detail="a person in a workspace of nobody")
    record(account_id=account.pk, detail="the account as a whole")
    record(user_id=person.pk, workspace_id=WorkspaceFactory(account=other).pk, detail="elsewhere")
    record(account_id=other.pk, detail="the other as a whole")

    assert {signal.detail for signal in signals.of_account(account.pk)} == {
        "a guest in its workspace",
        "a person outside of workspaces",
        "a person in a workspace of nobody",
        "the account as a whole",
    }
    assert {signal.detail for signal in signals.of_account(other.pk)} == {"elsewhere", "the other as a whole"}


def test_the_newest_signal_comes_first_and_no_more_than_asked_for():
    person = ProductUserFactory()
    now = timezone.now()
    for days in (3, 1, 2):
        at = now - dt.timedelta(days=days)
        signals.record([signals.NewSignal(kind="terms", at=at, user_id=person.pk, detail=str(days))])

    assert [signal.detail for signal in signals.of_account(person.account_id, limit=2)] == ["1", "2"]
