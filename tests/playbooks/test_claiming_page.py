"""Claiming and releasing on the queue's page: as a plain form and with htmx, won and lost."""

import re

import pytest

from accounts.models import Role
from playbooks.models import QueueItemEvent
from playbooks.verbs import verbs
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import HTMX, make_item

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "motion", "status"),
    [
        ("sales", "sales", 302),
        ("sales", "success", 403),
        ("sales", "marketing", 403),
        ("success", "success", 302),
        ("success", "sales", 403),
        ("marketing", "marketing", 302),
        ("marketing", "sales", 403),
        ("product", "sales", 403),
        ("admin", "sales", 302),
        ("admin", "marketing", 302),
    ],
)
def test_only_those_who_work_a_motion_claim_in_it(sign_in, role, motion, status):
    item = make_item(motion=motion)
    client = sign_in(role)

    assert client.post(f"/queue/items/{item.pk}/claim").status_code == status

    item.refresh_from_db()
    assert item.owner == (client.member if status == 302 else None)


def test_somebody_who_may_not_work_a_queue_sees_it_without_a_claim_button(sign_in):
    make_item()

    assert "/claim" in sign_in(Role.SALES).get("/queue/sales/").content.decode()
    assert "/claim" not in sign_in(Role.SUCCESS).get("/queue/sales/").content.decode()


def test_only_a_post_claims_and_the_address_alone_shows_the_item(sign_in):
    item = make_item()
    client = sign_in(Role.SALES)

    assert client.get(f"/queue/items/{item.pk}/claim")["Location"] == f"/queue/sales/?item={item.pk}"
    assert client.put(f"/queue/items/{item.pk}/claim").status_code == 405

    item.refresh_from_db()
    assert item.state == "new"


def test_claiming_what_is_not_there_is_not_found(sign_in):
    assert sign_in(Role.SALES).post("/queue/items/987654321/claim").status_code == 404


def test_a_plain_form_goes_back_with_a_message_and_an_undo(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(account=AccountFactory(name="Northwind"))

    page = client.post(f"/queue/items/{item.pk}/claim", {"next": "/queue/sales/?q=north"}, follow=True)

    assert page.redirect_chain == [("/queue/sales/?q=north", 302)]
    assert "Claimed Northwind." in page.content.decode()
    event = QueueItemEvent.objects.get(item=item)
    assert f'action="/queue/undo/{event.pk}"' in page.content.decode()

    page = client.post(f"/queue/undo/{event.pk}", {"next": "/queue/sales/"}, follow=True)
    assert "Undone: Northwind is as it was." in page.content.decode()
    item.refresh_from_db()
    assert (item.state, item.owner) == ("new", None)


@pytest.mark.parametrize(
    "bad",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "queue", "http:///x"],
)
def test_next_never_leads_out_of_the_app(sign_in, bad):
    item = make_item()

    response = sign_in(Role.SALES).post(f"/queue/items/{item.pk}/claim", {"next": bad})

    assert response["Location"] == f"/queue/sales/?item={item.pk}"


def test_the_answer_to_htmx_is_the_changed_row_the_buttons_the_counts_and_a_toast(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(account=AccountFactory(name="Northwind"))

    response = client.post(f"/queue/items/{item.pk}/claim", headers=HTMX)

    text = response.content.decode()
    assert response.status_code == 200
    assert f'<li id="item-{item.pk}"' in text
    assert "yours" in text
    assert f"/queue/items/{item.pk}/release" in text
    assert 'hx-target="#count-mine" hx-swap="textContent">1<' in text
    assert "Claimed Northwind." in text


def test_the_loser_of_a_race_gets_409_and_the_row_says_who_won(sign_in):
    item = make_item(account=AccountFactory(name="Northwind"))
    verbs.claim(item_id=item.pk, member=MemberFactory(name="Kim Adeyemi", role="sales"))

    response = sign_in(Role.SALES).post(f"/queue/items/{item.pk}/claim", headers=HTMX)

    text = response.content.decode()
    row = re.search(rf'<li id="item-{item.pk}".*?</li>', text, re.S).group()
    assert response.status_code == 409
    assert "Kim Adeyemi claimed Northwind just now." in row
    assert f"/queue/items/{item.pk}/claim" not in text


def test_without_htmx_the_loser_is_told_too(sign_in):
    item = make_item(account=AccountFactory(name="Northwind"))
    verbs.claim(item_id=item.pk, member=MemberFactory(name="Kim Adeyemi", role="sales"))

    page = sign_in(Role.SALES).post(f"/queue/items/{item.pk}/claim", follow=True)

    assert "Kim Adeyemi claimed Northwind just now." in page.content.decode()


def test_only_the_owner_releases(sign_in):
    owner = MemberFactory(name="Kim Adeyemi", role="sales")
    item = make_item(owner=owner)

    response = sign_in(Role.SALES).post(f"/queue/items/{item.pk}/release", headers=HTMX)

    assert response.status_code == 409
    assert "only the owner or an admin can do that" in response.content.decode()
    item.refresh_from_db()
    assert item.owner == owner


def test_an_answer_keeps_the_filters_of_the_page_it_came_from(sign_in):
    item = make_item()
    here = "http://testserver/queue/sales/?segment=mid_market&page=2&item=5"

    text = (
        sign_in(Role.SALES)
        .post(f"/queue/items/{item.pk}/claim", headers=HTMX | {"HX-Current-URL": here})
        .content.decode()
    )

    assert f'href="/queue/sales/?segment=mid_market&amp;page=2&amp;item={item.pk}"' in text
