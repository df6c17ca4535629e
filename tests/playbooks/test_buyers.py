"""The list of everybody who may buy, of all accounts: as a page, as a file and by REST."""

import re
from dataclasses import replace

import pytest
from django.utils import timezone

from accounts import evidence, organisation
from accounts import people as account_people
from accounts.models import Account, Contact, Role, RoleWord, Usage
from playbooks import faces, profiling
from playbooks.screens import buying, group
from tests.factories import AccountFactory, EventTypeFactory, ProductUserFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def contact(name: str, account: Account, **fields: object) -> Contact:
    chief = {"buying_role": "economic_buyer", "buying_confidence": 0.6, "source": "Fair"}
    return Contact.objects.create(name=name, email=f"{name}@northwind.example", account=account, **chief, **fields)


def test_the_row_names_the_surest_buyer_and_says_confirmed_of_nobody_else():
    account = AccountFactory()
    chief = ProductUserFactory(account=account, name="Vera", buying_role="economic_buyer", buying_confidence=0.72)
    sure = contact("Cleo", account)
    Contact.objects.filter(pk=sure.pk).update(buying_confidence=0.9)

    face = faces.of_accounts([account.pk], timezone.now())[account.pk]
    assert (face.buyer_id, face.buyer_contact_id) == (None, sure.pk)
    item = make_item(account=account, buyer=chief, buyer_state="confirmed")
    assert buying.buyer(item).words.replace("\u00a0", " ") == "likely buyer 72 %"
    outside = make_item(buyer_contact=Contact.objects.get(pk=sure.pk))
    assert buying.buyer(outside).words == "buyer confirmed, not in the product yet"

    Contact.objects.filter(pk=sure.pk).update(buying_confidence=0.6)
    assert faces.of_accounts([account.pk], timezone.now())[account.pk].buyer_id == chief.pk


def test_a_champion_by_the_crm_fills_no_buyer_and_an_erased_one_is_asked_nothing():
    account = AccountFactory()
    said = [
        evidence.piece(evidence.CRM, "champion", 0.9),
        evidence.piece(evidence.TITLE, "economic_buyer", 0.6),
    ]
    crm = ProductUserFactory(account=account, role_evidence=said, buying_role="champion", buying_confidence=0.9)
    gone = ProductUserFactory(account=account, erased_at=timezone.now(), title="", seniority="")
    invited = EventTypeFactory(signal="invite")
    Usage.objects.create(user=gone, day=timezone.now().date(), event_type=invited, count=5)

    found = account_people.group_of(account.pk)

    told = {line.role: line for line in group.of_account(found, [], None).roles}
    assert [one.id for one in told["economic_buyer"].holders] == [crm.pk]
    assert not told["economic_buyer"].is_filled
    assert [one.id for one in told["champion"].holders] == [crm.pk]
    assert (found.inviters, found.untitled) == ([], [])
    assert "the champion, who decides there" in group.settle("none", replace(found, first=[]), None, {})
    assert faces.of_accounts([account.pk], timezone.now())[account.pk].champion_id == crm.pk


def test_a_contact_is_locked_by_a_member_and_not_by_the_crm():
    account = AccountFactory()
    known = contact("Cleo", account)
    word = RoleWord.objects.create(contact=known, role="economic_buyer", source="crm", confidence=0.9)
    Contact.objects.filter(pk=known.pk).update(buying_confidence=0.9)
    assert [one.is_locked for one in organisation.of_account(account.pk, now=timezone.now()).outside] == [False]
    RoleWord.objects.filter(pk=word.pk).update(source="human")
    assert [one.is_locked for one in organisation.of_account(account.pk, now=timezone.now()).outside] == [True]


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
