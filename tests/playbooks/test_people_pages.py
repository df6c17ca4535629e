"""The buying group, the organisation map and profiling: as pages without JavaScript, as files and by REST."""

import csv
import datetime as dt
import io

import pytest
from django.utils import timezone

from accounts import organisation as accounts_organisation
from accounts import people as account_people
from accounts.models import Contact, Invitation, Membership, ProductUser, Role, RoleWord, Usage
from playbooks import profiling
from playbooks.models import QueueItem
from playbooks.screens import organisation as organisation_screen
from tests.factories import AccountFactory, EventTypeFactory, ProductUserFactory, WorkspaceFactory
from tests.playbooks.test_queue import buyer_team, item_of, work
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def text(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


def test_a_rep_confirms_the_buyer_on_the_pane_and_the_item_says_so_after_the_next_run(sign_in):
    client = sign_in(Role.SALES)
    item = item_of(buyer_team())
    dana = ProductUser.objects.get(name="Dana Ortiz")
    here = f"/queue/sales/?item={item.pk}"
    page = text(client.get(here))
    assert "Dana Ortiz is likely to be the buyer" in page
    assert f'action="/people/{dana.pk}/role/"' in page
    assert client.post(f"/people/{dana.pk}/role/", {"role": "owner", "next": here}).status_code == 422

    told = client.post(f"/people/{dana.pk}/role/", {"role": "economic_buyer", "next": here}, follow=True)

    assert told.redirect_chain[-1][0] == here
    assert "Dana Ortiz is confirmed as the buyer" in text(told)
    work()
    assert item_of(item.account).buyer_state == "confirmed"
    assert item_of(item.account).buyer == dana
    word = RoleWord.objects.get()
    assert f'action="/roles/{word.pk}/withdraw"' in told.content.decode()
    client.post(f"/roles/{word.pk}/withdraw", {"next": here})
    work()
    assert item_of(item.account).buyer_state == "likely"


def test_whoever_is_not_the_buyer_leaves_the_account_without_one(sign_in):
    client = sign_in(Role.SALES)
    item = item_of(buyer_team())
    dana = ProductUser.objects.get(name="Dana Ortiz")

    client.post(f"/people/{dana.pk}/role/", {"role": "none", "note": "Left the company"})

    work()
    assert item.account.score.buyer_state != "likely"
    assert not QueueItem.objects.filter(account=item.account, state__in=["new", "claimed"], buyer=dana).exists()
    assert 'value="Left the company"' in text(client.get(f"/people/{dana.pk}/role/"))


def test_the_account_page_says_which_roles_are_filled_and_what_would_settle_the_buyer(sign_in):
    account = make_item().account
    ProductUserFactory(account=account, name="Eva Roth", title="CTO", buying_role="evaluator", buying_confidence=0.6)
    Contact.objects.create(
        account=account, email="bo@x.com", name="Bo", source="", buying_role="champion", buying_confidence=0.6
    )
    bare = ProductUserFactory(account=account, name="Nia Bare")
    Usage.objects.create(user=bare, day=timezone.now().date(), event_type=EventTypeFactory(), count=1)
    quiet = ProductUserFactory(account=account, name="Sam Lee", buying_role="champion", buying_confidence=0.3)
    ProductUser.objects.filter(pk=quiet.pk).update(last_seen_at=timezone.now() - dt.timedelta(days=40))
    client = sign_in(Role.SALES)

    page = text(client.get(f"/accounts/{account.pk}/"))

    assert "2 of 5 roles filled" in page
    assert "Ask 1 of the 5 active people without a title what they do: Nia Bare." in page
    assert "gone quiet: 40 days" in page
    said = client.get(f"/api/accounts/{account.pk}/buying-group/").json()
    assert said["buyer_state"] == "unknown"
    assert {line["role"]: [one["name"] for one in line["holders"]] for line in said["roles"] if line["is_filled"]} == {
        "champion": ["Bo", "Sam Lee"],
        "evaluator": ["Eva Roth"],
    }


def organisation(people: int):
    """An account where the first person invited the others."""
    account = AccountFactory(name="Acme")
    space = WorkspaceFactory(account=account)
    made = [
        ProductUserFactory(
            account=account,
            name=f"Person {n}",
            department=("engineering", "sales", "")[n % 3],
            seniority=("vp", "individual", "")[n % 3],
        )
        for n in range(people)
    ]
    since = timezone.now() - dt.timedelta(days=5)
    Membership.objects.bulk_create(Membership(user=user, workspace=space, first_seen_at=since) for user in made)
    Invitation.objects.create(user=made[0], day=since.date(), workspace_id=space.pk, count=people)
    return account, made


def test_the_map_shows_everybody_by_department_and_who_brought_them_and_its_list_filters(sign_in):
    account, made = organisation(8)
    client = sign_in(Role.SUCCESS)
    where = f"/accounts/{account.pk}/people/"

    page = text(client.get(where))

    assert "7 were brought by others, most by Person 0 (7)" in page
    assert "in the 14 days before the person first came" in page
    listed = text(client.get(where + "?department=sales&q=person")).partition('id="people-list"')[2]
    assert [name for name in (f"Person {n}<" for n in range(8)) if name in listed] == [
        "Person 1<",
        "Person 4<",
        "Person 7<",
    ]
    assert "Nobody matches" in text(client.get(where + "?q=zzz"))
    assert "Brought by Person 0" in text(client.get(f"{where}?by={made[0].pk}"))
    rows = list(csv.reader(io.StringIO(b"".join(client.get(where[:-1] + ".csv?seniority=vp")).decode("utf-8-sig"))))
    assert {row[0]: row[9] for row in rows[1:]} == {"Person 0": "", "Person 3": "Person 0", "Person 6": "Person 0"}
    answer = client.get(f"/api{where}?role=unknown&limit=2").json()
    assert (answer["count"], len(answer["results"])) == (8, 2)
    assert client.get(f"/api{where}?role=boss").status_code == 400
    assert "Nobody is known here yet" in text(client.get(f"/accounts/{AccountFactory().pk}/people/"))
    ProductUserFactory(account=account, key="x:0123abcd", name="")
    erased = client.get(where).text
    assert "Erased person" in erased
    assert "0123abcd" not in erased


def test_the_map_reads_as_often_for_many_people_and_puts_the_crowd_into_bubbles(sign_in, django_assert_max_num_queries):
    client = sign_in(Role.SALES)
    for people in (5, 200):
        account, _made = organisation(people)
        client.get(f"/accounts/{account.pk}/people/")
        with django_assert_max_num_queries(14):
            page = text(client.get(f"/accounts/{account.pk}/people/"))
    assert "others as bubbles" in page

    # However many buyers the titles make, whoever brought most is drawn.
    account.product_users.exclude(name="Person 0").update(buying_role="economic_buyer", buying_confidence=0.6)
    drawn = organisation_screen.picture(accounts_organisation.of_account(account.pk, now=timezone.now())).data["groups"]
    assert "Person 0" in [node["name"] for group in drawn for node in group["nodes"]]


def test_of_a_crowd_everybody_is_counted_and_whoever_has_a_part_in_a_purchase_is_found(monkeypatch):
    account, now = AccountFactory(), timezone.now()
    for days in range(4):
        ProductUserFactory(account=account, buying_role="end_user", last_seen_at=now - dt.timedelta(days=days))
    for sure in (0.6, 0.7):
        old = {"last_seen_at": now - dt.timedelta(days=80)}
        buyer = ProductUserFactory(account=account, buying_role="economic_buyer", buying_confidence=sure, **old)
    whole = account_people.group_of(account.pk)
    monkeypatch.setattr(account_people, "MOST", 1)
    cut = account_people.group_of(account.pk)
    assert whole.counts == cut.counts == {"end_user": 4, "economic_buyer": 2}
    assert [one.user.pk for one in cut.first] == [buyer.pk, account.product_users.order_by("pk")[0].pk]
    assert whole.by_role["economic_buyer"][0] == cut.by_role["economic_buyer"][0]


def test_profiling_counts_what_is_known_and_puts_the_question_first_that_settles_most(sign_in):
    account = make_item().account
    ProductUserFactory(account=account, title="CTO", seniority="c_level", department="engineering", use_case="reports")
    ProductUserFactory(account=account)
    make_item()

    page = text(sign_in(Role.PRODUCT).get("/buyers/profiling/"))

    assert "50\xa0%" in page or "50 %" in page
    assert page.index("What is your role?") < page.index("How many people work")
    counts = profiling.newest().counts
    assert counts["people"] | {"profiled": 1, "use_case": 1, "people": 2} == counts["people"]
    assert (counts["accounts"]["title_warm"], counts["accounts"]["use_case"]) == (2, 1)


def test_product_reads_the_group_and_may_not_say_who_buys(sign_in):
    person = ProductUserFactory()
    client = sign_in(Role.PRODUCT)

    assert client.post(f"/people/{person.pk}/role/", {"role": "champion"}).status_code == 403
    assert client.post(f"/api/people/{person.pk}/role/", {"role": ""}, "application/json").status_code == 403
    made = sign_in(Role.MARKETING).post(f"/api/people/{person.pk}/role/", {"role": "champion"}, "application/json")
    assert (made.status_code, made.json()["role"]) == (201, "champion")
