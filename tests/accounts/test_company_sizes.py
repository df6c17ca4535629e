"""The size of the company rates its people at once, whoever says it and whenever."""

import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AccountChange, ProductUser, Workspace
from tests.feed import group, identify, load


def rated(user: str) -> tuple[str, float, str]:
    person = ProductUser.objects.select_related("persona").get(key=f"u:{user}")
    return person.buying_role, person.buying_confidence, person.persona.key if person.persona else ""


BIG = ("economic_buyer", 0.6, "technical_director_big")
UNKNOWN = ("evaluator", 0.6, "technical_director")


@pytest.mark.django_db
def test_a_head_of_engineering_buys_at_a_company_of_thousands_in_any_order_of_messages():
    dana = identify("dana", email="dana@acme.com", title="Head of Engineering")
    for n, said in enumerate(itertools.permutations([dana, group("acme", "dana", domain="acme.com", employees=5000)])):
        ProductUser.objects.all().delete()
        Workspace.objects.all().delete()
        for place, message in enumerate(said):
            load(message | {"messageId": f"{n}-{place}"})
        assert rated("dana") == BIG


@pytest.mark.django_db
def test_who_comes_later_is_rated_by_the_size_at_once_and_by_their_own_word_before_it():
    load(group("acme", domain="acme.com", employees=5000))
    load(identify("dana", email="dana@acme.com", title="Head of Engineering"))
    load(identify("eve", email="eve@acme.com", title="Head of Engineering", employees=300))

    assert rated("dana") == BIG
    assert rated("eve") == UNKNOWN

    AccountChange.objects.all().delete()
    load(group("acme", employees=300))

    assert rated("dana") == UNKNOWN
    assert AccountChange.objects.exists()


@pytest.mark.django_db
def test_many_people_of_one_batch_ask_no_more_than_one():
    load(group("acme", domain="acme.com", employees=5000))

    def asked(first: int, n: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            load(*(identify(f"u{i}", email=f"u{i}@acme.com", title="Head of IT") for i in range(first, first + n)))
        return len(queries)

    asked(0, 1)
    assert asked(1, 1) == asked(2, 20)
    assert rated("u21") == BIG
