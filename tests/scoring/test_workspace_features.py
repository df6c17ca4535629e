"""The features of workspaces: the accounts' expression one level down, in DuckDB as in PostgreSQL."""

import datetime as dt

import numpy as np
import pytest

from accounts.models import Account, EventType, Membership, ProductUser, Usage, Workspace
from scoring import features
from tests.scoring.test_features import AS_OF, as_rows, end_of, scene

pytestmark = pytest.mark.django_db


def in_postgresql(account_ids=None):
    return features.derive(features.in_postgresql(AS_OF, account_ids, workspaces=True), AS_OF)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_engines_agree_about_all_workspaces_a_range_and_a_few(seed):
    scene(seed)
    Workspace.objects.filter(external_id__in=["w3", "w4"]).update(employees=700)
    accounts = sorted(Account.objects.filter(merged_into=None).values_list("pk", flat=True))
    some = accounts[2:7]
    for day in (0, 1):  # today's and that of a week before
        everything = as_rows(features.pair_of_workspaces(AS_OF)[day])
        assert everything == as_rows(in_postgresql()[day])
        theirs = set(Workspace.objects.filter(account__in=some).values_list("pk", flat=True))
        expected = {pk: row for pk, row in everything.items() if pk in theirs}
        assert as_rows(features.pair_of_workspaces(AS_OF, some)[day]) == expected
        assert as_rows(features.pair_of_workspaces(AS_OF, between=(some[0], some[-1] + 1))[day]) == expected
        assert as_rows(in_postgresql(some)[day]) == expected
    assert set(everything) == set(Workspace.objects.exclude(account=None).values_list("pk", flat=True))


def test_an_account_of_one_workspace_and_its_members_has_the_same_features_at_both_levels():
    scene(3)
    Usage.objects.filter(workspace_id=0).delete()
    Workspace.objects.update(account=None)
    ProductUser.objects.update(account=None)
    accounts, spaces = (
        list(model.order_by("pk")) for model in (Account.objects.filter(merged_into=None), Workspace.objects)
    )
    account_of = {}
    for account, space in zip(accounts, spaces, strict=False):
        Workspace.objects.filter(pk=space.pk).update(account=account)
        account_of[space.pk] = account.pk
    for now, one in zip(features.pair_of_workspaces(AS_OF), features.pair(AS_OF), strict=True):
        of_spaces = {account_of[pk]: row for pk, row in as_rows(now).items()}
        assert of_spaces == as_rows(one)
    assert now["active_users_28"].any()


def test_a_workspace_has_its_own_usage_members_and_staff():
    account = Account.objects.create(name="Acme", domain="acme.com", employees=90, employees_at=end_of(30))
    big, small = (
        Workspace.objects.create(external_id=name, account=account, employees=staff)
        for name, staff in (("big", 3000), ("small", None))
    )
    Workspace.objects.update(created_at=end_of(20))
    scene(9)
    people = [ProductUser.objects.create(key=f"p{n}", account=account, first_seen_at=end_of(90)) for n in range(4)]
    event = EventType.objects.filter(category="core").first()
    for person, space in zip(people, (big, big, big, small), strict=True):
        Membership.objects.create(user=person, workspace=space, first_seen_at=end_of(10))
        Usage.objects.create(user=person, day=AS_OF, event_type=event, workspace_id=space.pk, count=5)
    Usage.objects.create(user=people[3], day=AS_OF, event_type=event, workspace_id=0, count=100)
    found = features.pair_of_workspaces(AS_OF, [account.pk])[0]
    of = {int(pk): place for place, pk in enumerate(found["account_id"])}
    assert sorted(of) == sorted([big.pk, small.pk])
    names = ("people", "active_users_28", "events_28", "employees", "days_since_first_use")
    assert [found[name][of[big.pk]] for name in names] == [3, 3, 15, 3000, 10]
    assert [found[name][of[small.pk]] for name in names] == [1, 1, 5, 90, 10]
    earlier = features.pair_of_workspaces(AS_OF - dt.timedelta(days=25), [account.pk])[0]
    assert np.isnan(earlier["employees"][of[big.pk]]), "its size was not known yet"
