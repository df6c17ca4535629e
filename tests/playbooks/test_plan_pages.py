"""The pages of activation plans and contacts, without JavaScript and by REST."""

import pytest

from accounts.models import Contact, Role
from playbooks import contacts
from playbooks.models import QueueItem, Step
from tests.factories import AccountFactory, MemberFactory, ProductUserFactory
from tests.playbooks.test_plans import item_of, warming
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def test_success_makes_and_drops_a_plan_by_plain_forms_and_claiming_makes_one(sign_in):
    client = sign_in(Role.SUCCESS)
    item = item_of(warming(), "success")
    where = f"/queue/items/{item.pk}/plan"
    assert "Make a plan" in client.get(f"/queue/success/?item={item.pk}").content.decode()
    ways = client.get(where).content.decode()
    assert ways.count('name="way"') >= 2
    assert client.post(where, {"way": "9"}).status_code == 422
    assert "undo" in client.post(where, {"way": "1"}, follow=True).content.decode().lower()
    assert client.post(where, {"way": "0"}).status_code == 422, "it has a plan already"
    assert client.post(f"{where}/line", {"lever": "", "text": ""}).status_code == 422
    client.post(f"{where}/line", {"lever": "invites", "n": "2"})
    page = client.get(f"/queue/success/?item={item.pk}").content.decode()
    assert "2 invitations" in page
    assert "<progress" in page
    client.post(f"{where}/drop")
    assert not Step.objects.filter(dropped_at=None).exists()
    client.post(f"{where}/put-back")
    assert Step.objects.filter(dropped_at=None).exists()
    Step.objects.all().delete()
    client.post(f"/queue/items/{item.pk}/claim")
    assert Step.objects.filter(item=item, kind="plan").exists()
    assert client.get(f"/api/queue/items/{item.pk}/plan/").json()["count"] == Step.objects.count()
    assert sign_in(Role.SALES).post(f"/api/queue/items/{item.pk}/plan/drop/", {}, "application/json").status_code == 403


def test_marketing_adds_a_contact_whose_address_is_doubted_first_and_takes_it_back(sign_in):
    client = sign_in(Role.MARKETING)
    item = make_item(motion="marketing", account=AccountFactory(name="Quince Works", domain="quince.com"))
    ProductUserFactory(account=item.account, name="Eva Roth", buying_role="evaluator", buying_confidence=0.6)
    page = client.get(f"/queue/marketing/?item={item.pk}").content.decode()
    assert "8 people at Quince Works used our product in the last four weeks." in page
    assert "missing: economic buyer, champion, influencer" in page
    assert "Eva Roth" in page
    said = {"name": "Ana Diaz", "email": "ana@diaz-holding.com", "role": "economic_buyer", "source": "Trade fair"}
    where = f"/queue/items/{item.pk}/contact"
    doubted = client.post(where, said)
    assert doubted.status_code == 422
    assert "diaz-holding.com is not a domain of Quince Works" in doubted.content.decode()
    assert 'value="Trade fair"' in doubted.content.decode()
    assert 'name="anyway"' in doubted.content.decode()
    client.post(where, said | {"anyway": "on"})
    contact = Contact.objects.get()
    page = client.get(f"/queue/marketing/?item={item.pk}").content.decode()
    assert "Trade fair · added by" in page
    client.post(f"/queue/items/{item.pk}/contacts/{contact.pk}/remove")
    contact.refresh_from_db()
    assert contact.removed_at
    other = make_item(motion="marketing")
    assert client.post(f"/queue/items/{other.pk}/contacts/{contact.pk}/remove").status_code == 404
    assert sign_in(Role.SALES).post(where, said).status_code == 403


def test_the_pane_of_marketing_reads_as_often_for_many_contacts(sign_in, django_assert_max_num_queries):
    client = sign_in(Role.MARKETING)
    item = make_item(motion="marketing")
    mia = MemberFactory(role=Role.MARKETING)
    contacts.add(item_id=item.pk, member=mia, email=f"p@{item.account.domain}", name="P", role="influencer")
    client.get(f"/queue/marketing/?item={item.pk}")
    with django_assert_max_num_queries(100) as few:
        client.get(f"/queue/marketing/?item={item.pk}")
    for n in range(8):
        contacts.add(item_id=item.pk, member=mia, email=f"p{n}@{item.account.domain}", name=f"P {n}", role="influencer")
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(f"/queue/marketing/?item={item.pk}")
    assert QueueItem.objects.count() == 1
