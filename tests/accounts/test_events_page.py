"""The catalogue of event types, and changing what one counts as."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import changes, event_types
from accounts.models import Category, EventType, Role, Usage
from scoring import definitions
from tests.factories import AccountFactory, EventTypeFactory, ProductUserFactory, SourceFactory

pytestmark = pytest.mark.django_db


def waiting():
    return {account for account, _ in changes.waiting(limit=1000)}


def test_without_events_the_admin_gets_a_line_to_paste(sign_in):
    source = SourceFactory()
    assert f"curl -u {source.write_key}:" in sign_in(Role.ADMIN).get(reverse("events")).content.decode()
    sales = sign_in(Role.SALES).get(reverse("events")).content.decode()
    assert source.write_key not in sales
    assert "Ask an admin" in sales


def test_a_change_is_by_hand_and_scores_every_account_again(sign_in):
    account = AccountFactory()
    event = EventTypeFactory(category=Category.CORE)
    sign_in(Role.PRODUCT).post(reverse("event_type", args=[event.pk]), {"category": "intent", "signal": "pricing"})
    event.refresh_from_db()
    assert (event.category, event.signal, event.by_hand) == ("intent", "pricing", True)
    assert waiting() == {account.pk}


def test_the_undo_restores_all_three(sign_in):
    client = sign_in(Role.PRODUCT)
    event = EventTypeFactory(category=Category.CORE, signal="invite")
    answer = client.post(reverse("event_type", args=[event.pk]), {"category": "noise", "signal": ""}, follow=True)
    undo = re.search(r'action="([^"]+category=core[^"]+)"', answer.content.decode()).group(1).replace("&amp;", "&")
    client.post(undo)
    event.refresh_from_db()
    assert (event.category, event.signal, event.by_hand) == ("core", "invite", False)


def test_saving_without_a_change_scores_nobody(sign_in):
    AccountFactory()
    event = EventTypeFactory(category=Category.CORE, by_hand=True)
    sign_in(Role.ADMIN).post(reverse("event_type", args=[event.pk]), {"category": "core", "signal": ""})
    assert waiting() == set()


def test_htmx_gets_the_changed_row_and_a_toast(sign_in):
    event = EventTypeFactory(category=Category.CORE, name="Report Created")
    answer = sign_in(Role.PRODUCT).post(
        reverse("event_type", args=[event.pk]), {"category": "creation"}, headers={"HX-Request": "true"}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'hx-target="#event-{event.pk}"' in page
    assert "Creation" in page
    assert "by hand" in page
    assert "data-toast" in page
    assert "<html" not in page


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("field", "said"), [("category", {"category": "x"}), ("signal", {"category": "core", "signal": "x"})]
)
def test_what_does_not_exist_is_refused_by_its_field(sign_in, htmx, field, said):
    event = EventTypeFactory(category=Category.CORE)
    headers = {"HX-Request": "true"} if htmx else {}
    answer = sign_in(Role.PRODUCT).post(reverse("event_type", args=[event.pk]), said, headers=headers)
    assert answer.status_code == 422
    assert f"{field}: " in answer.content.decode()
    event.refresh_from_db()
    assert event.category == Category.CORE


def test_the_others_read_only(sign_in):
    event = EventTypeFactory()
    client = sign_in(Role.SALES)
    page = client.get(reverse("events") + f"?edit={event.pk}").content.decode()
    assert event.name in page
    assert "<form" not in page.split("<tbody>")[1].split("</tbody>")[0]
    assert ">Change<" not in page
    assert client.post(reverse("event_type", args=[event.pk]), {"category": "noise"}).status_code == 403


def test_search_category_and_sort_together(sign_in):
    client = sign_in(Role.SALES)
    EventTypeFactory(name="Pricing Viewed", category=Category.INTENT, volume=5)
    EventTypeFactory(name="Pricing Compared", category=Category.INTENT, volume=50)
    EventTypeFactory(name="Report Created", category=Category.CREATION, volume=500)

    def names(query):
        return [row.type.name for row in client.get(reverse("events") + query).context["rows"]]

    assert names("") == ["Report Created", "Pricing Compared", "Pricing Viewed"]
    assert names("?q=pricing&sort=volume") == ["Pricing Viewed", "Pricing Compared"]
    assert names("?category=creation") == ["Report Created"]
    assert names("?q=%25") == []
    assert "Sort: “rubbish”" in client.get(reverse("events") + "?sort=rubbish").content.decode()


def test_weeks_count_backwards_from_today():
    event, user = EventTypeFactory(), ProductUserFactory()
    today = dt.date(2026, 11, 20)
    for days, count in [(0, 1), (6, 2), (7, 4), (83, 8), (84, 100)]:
        Usage.objects.create(user=user, day=today - dt.timedelta(days=days), event_type=event, count=count)
    assert event_types.weekly([event.pk], until=today)[event.pk] == [8, *[0] * 9, 4, 3]


def test_the_page_asks_the_same_for_one_event_and_for_many(sign_in, django_assert_num_queries):
    client = sign_in(Role.PRODUCT)
    user, today = ProductUserFactory(), timezone.now().date()

    def fill(number):
        for _ in range(number):
            Usage.objects.create(user=user, day=today, event_type=EventTypeFactory(volume=1), count=1)

    fill(1)
    definitions.published()  # the first page of all publishes the default one
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        client.get(reverse("events"))
    fill(20)
    with django_assert_num_queries(len(one)):
        client.get(reverse("events"))
    assert sum("accounts_usage" in query["sql"] for query in one) == 1
    assert EventType.objects.count() == 21
