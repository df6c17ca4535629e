"""Lists that are sorted by a select, where a phone shows no heads of columns."""

import pytest
from django.template.loader import render_to_string

from accounts.filters import EVENT_SORTS, EventFilter
from playbooks.filters import CONTACT_SORTS, SORTS, AccountFilter, ContactFilter

LISTS = [(AccountFilter, SORTS), (ContactFilter, CONTACT_SORTS), (EventFilter, EVENT_SORTS)]


@pytest.mark.parametrize(("kind", "columns"), LISTS)
def test_every_order_of_a_list_can_be_chosen_and_stays_chosen(kind, columns):
    offered = [value for value, _words, _chosen in kind().sorts]
    orders = [kind.read({"sort": value}) for value in offered]

    assert {order.sort for order in orders} == {f"{sign}{column}" for column in columns for sign in ("", "-")}
    assert not any(order.errors for order in orders)
    for value, order in zip(offered, orders, strict=True):
        assert [kept for kept, _words, chosen in order.sorts if chosen] == [value]


def test_the_select_names_the_order_of_the_page():
    shown = render_to_string("components/sort.html", {"sorts": AccountFilter.read({"sort": "name"}).sorts})

    assert '<option value="name" selected>Name, A to Z</option>' in shown
    assert '<option value="">Highest score first</option>' in shown
