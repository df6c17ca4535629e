"""Pages of lists: read from the top by an index, or all at once, they are the same."""

import itertools

import pytest
from django.core.paginator import Paginator

from accounts.models import Account, Contact
from playbooks import buyers, one_pass, querysets
from playbooks.filters import CONTACT_SORTS, SORTS, AccountFilter, BuyerFilter, ContactFilter
from playbooks.one_pass import start_of
from playbooks.querysets import accounts_page, contacts_page
from scoring.models import Score
from tests.factories import AccountFactory, ProductUserFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def test_buyers_stand_in_one_order_however_far_down_they_are_read(monkeypatch):
    warm, cool, unscored, unknown = (AccountFactory(name=name) for name in ("Acme", "Binder", "Cobalt", "Dormant"))
    for account in (warm, cool, unscored):
        make_item(account=account)
    for account, score in ((warm, 90), (cool, 50), (unscored, None)):
        Score.objects.filter(pk=account.pk).update(score=score)
    said = {"buying_role": "economic_buyer"}
    for place, (account, sure) in enumerate(itertools.product((unknown, unscored, cool, warm), (0.6, 0.9))):
        ProductUserFactory(account=account, name=f"Ann {place % 3}", email="", buying_confidence=sure, **said)
        Contact.objects.create(
            email=f"bo{place}@b.com", name=f"Bo {place % 3}", account=account, buying_confidence=sure, **said
        )
    whole = buyers.Buyers(BuyerFilter())
    near = [key for start in range(0, 16, 3) for key in whole[start : start + 3]]
    assert near == whole[0:]
    for name in ("NEAR", "FEW"):
        monkeypatch.setattr(buyers, name, 0)
    assert near == [key for start in range(0, 16, 3) for key in whole[start : start + 3]]
    assert [row.score for row in buyers.rows_of(near)] == [90] * 4 + [50] * 4 + [None] * 8
    assert len(set(near)) == len(whole) == 16
    searched = buyers.Buyers(BuyerFilter(q="ACME"), start=2, size=2)
    assert (len(searched), searched[2:4]) == (4, near[2:4])
    assert len(buyers.Buyers(BuyerFilter(q="acme"), start=50, size=2)) == 4
    monkeypatch.setattr(one_pass, "MANY", 0)
    for q, at in itertools.product(
        ("a", "ann", "acme", "bo"), (0, 2)
    ):  # by an index, and sorted where that gives too few
        found = buyers.Buyers(BuyerFilter(q=q), start=at, size=3)
        assert (len(found), found[at : at + 3]) == (len(whole_of(q)), whole_of(q)[at : at + 3])


def whole_of(q):
    return buyers.Buyers(BuyerFilter(q=q))[0:]


def test_contacts_are_sorted_alike_by_an_index_and_in_a_search(monkeypatch):
    for place in range(6):
        account = AccountFactory(name=f"Company {place % 2}") if place % 3 else None
        Contact.objects.create(
            email=f"c{place}@x.com", name=f"N{place % 4}", title="Head", source=f"s{place % 2}", account=account
        )
    for sort in (*CONTACT_SORTS, *(f"-{name}" for name in CONTACT_SORTS)):
        plain = contacts_page(Contact.objects.all(), ContactFilter(sort=sort))
        found = contacts_page(Contact.objects.all(), ContactFilter(sort=sort, q="hEAD"), start=2, size=2)
        assert list(plain[0:6]) == list(found[0:6]), sort
        assert list(Paginator(found, 2).get_page(2)) == list(plain[2:4])
        with monkeypatch.context() as patch:
            patch.setattr(one_pass, "MANY", 0)  # read by an index
            for q in ("he", "hea"):
                found = contacts_page(Contact.objects.all(), ContactFilter(sort=sort, q=q), start=1, size=3)
                assert (len(found), list(found[1:4])) == (6, list(plain[1:4])), (sort, q)


def test_accounts_are_sorted_alike_by_an_index_and_in_a_search(monkeypatch):
    for place in range(6):
        account = AccountFactory(name=f"Company {place % 3}", employees=place % 2 or None)
        make_item(account=account)
        Score.objects.filter(pk=account.pk).update(score=place % 4 or None)
    AccountFactory(name="Company never scored")
    far = [pk for at in range(0, 9, 2) for pk in accounts_page(Account.objects.all(), AccountFilter())[at : at + 2]]
    monkeypatch.setattr(querysets, "NEAR", 0)
    assert far == [
        pk for at in range(0, 9, 2) for pk in accounts_page(Account.objects.all(), AccountFilter())[at : at + 2]
    ]
    for sort in (*SORTS, *(f"-{name}" for name in SORTS)):
        plain = accounts_page(Account.objects.all(), AccountFilter(sort=sort))
        for q, many in itertools.product(("ny", "cOmpany"), (0, 10_000)):
            monkeypatch.setattr(one_pass, "MANY", many)
            found = accounts_page(Account.objects.all(), AccountFilter(sort=sort, q=q), start=1, size=3)
            assert (len(found), list(found[1:4])) == (7, list(plain[1:4])), (sort, q, many)


def test_a_page_that_is_none_is_the_first():
    assert [start_of(said, 50) for said in (None, "", "1", "3", "-2", "x", "9" * 20)] == [0, 0, 0, 100, 0, 0, 0]
