"""The list of everybody who may buy, of all accounts: as a page, as a file and by REST."""

import re

import pytest
from django.utils import timezone

from accounts import evidence
from accounts.models import Account, Contact, Role
from playbooks import profiling
from tests.factories import AccountFactory, ProductUserFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def contact(name: str, account: Account, **fields: object) -> Contact:
    chief = {"buying_role": "economic_buyer", "buying_confidence": 0.6, "source": "Fair"}
    return Contact.objects.create(name=name, email=f"{name}@northwind.example", account=account, **chief, **fields)


@pytest.fixture
def people():
    warm, cold = AccountFactory(name="Warm"), AccountFactory(name="Cold")
    make_item(account=warm, score=90)
    billing = evidence.piece(evidence.BEHAVIOUR, "economic_buyer", 0.3, what="billing", count=2)
    sure = {"buying_role": "economic_buyer", "buying_confidence": 0.72, "role_evidence": [billing]}
    ann = ProductUserFactory(account=warm, name="Ann", **sure)
    ProductUserFactory(account=cold, name="Carl", buying_role="champion", buying_confidence=0.3)
    contact("Bea", warm)
    contact("Cid", cold)
    contact("Again", warm, user=ann)
    contact("Taken", warm, removed_at=timezone.now())


def test_buyers_outside_of_the_product_and_champions_are_in_the_page_the_file_and_the_api(sign_in, people):
    client = sign_in(Role.MARKETING)

    def listed(query: str) -> list[str]:
        page = client.get(f"/buyers/{query}").content.decode()
        found = client.get(f"/api/buyers/{query}").json()
        lines = client.get(f"/buyers/buyers.csv{query}").getvalue().decode().splitlines()[1:]
        names = re.findall(r'<span class="cell-main">([^<]+)<', page)
        assert names == [row["name"] for row in found["results"]] == [line.split(",")[0] for line in lines]
        assert found["count"] == len(names)
        return names

    assert listed("") == ["Ann", "Bea", "Cid"]
    assert listed("?kind=contact") == ["Bea", "Cid"]
    assert listed("?kind=user&role=economic_buyer") == ["Ann"]
    assert listed("?role=champion") == ["Carl"]
    assert listed("?q=be") == ["Bea"]
    assert "visited billing twice" in client.get("/buyers/").content.decode()


def test_the_api_of_buyers_pages_and_names_a_wrong_field(sign_in, people):
    client = sign_in(Role.SALES)

    parts = [client.get(f"/api/buyers/?limit=1&offset={n}").json()["results"] for n in range(4)]

    assert [row["name"] for part in parts for row in part] == ["Ann", "Bea", "Cid"]
    assert parts[0][0]["evidence"][0]["what"] == "billing"
    assert (parts[1][0]["kind"], parts[1][0]["source"], parts[1][0]["score"]) == ("contact", "Fair", 90)
    assert client.get("/api/buyers/?role=king").json()["error"]["field"] == "role"
    assert client.get("/buyers/buyers.csv?role=king").status_code == 400


def test_more_buyers_take_no_more_queries(sign_in, people, django_assert_max_num_queries):
    client = sign_in(Role.SALES)
    account = AccountFactory(name="Third")
    for n in range(30):
        ProductUserFactory(account=account, name=f"P{n}", buying_role="economic_buyer", buying_confidence=0.6)
        contact(f"C{n}", account)

    with django_assert_max_num_queries(14):
        assert client.get("/buyers/").status_code == 200


def test_programs_read_how_much_is_known_of_the_people(sign_in):
    ProductUserFactory(account=AccountFactory(), title="CTO", last_seen_at=timezone.now())
    profiling.keep(timezone.now().date())

    known = sign_in(Role.MARKETING).get("/api/profiling/").json()

    assert known["people"] == 1
    assert known["profiled_percent"] == 100
    assert {one["trait"]: one["people"] for one in known["known"]}["title"] == 1
    assert {one["trait"] for one in known["questions"]} == set(profiling.QUESTIONS)
