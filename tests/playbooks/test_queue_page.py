import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Member, Role
from playbooks import counting
from playbooks.models import QueueItem
from playbooks.verbs import verbs
from scoring.models import Score
from tests.factories import AccountFactory, MemberFactory, ProductUserFactory, SourceFactory, breakdown

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def make_item(*, score=85, motion="sales", owner=None, account=None, **fields) -> QueueItem:
    account = account or AccountFactory()
    now = timezone.now()
    part = {"key": "team", "label": "Team size", "feature": "active_users_28", "value": 8.0, "weight": 100}
    part |= {"points": 35, "max_points": 35, "effect": score}
    stored = breakdown([part], features={"active_users_28": 8.0, "profiled_active": 3.0}, version=900)
    Score.objects.get_or_create(
        account=account,
        defaults={
            "score": score,
            "tier": "pqa",
            "segment": "mid_market",
            "buyer_state": "unknown",
            "scored_at": now,
            "tier_since": now,
            **stored,
            "effects": [score] if score else [],
        },
    )
    values = {
        "entered_at": now,
        "updated_at": now,
        "priority": score or 0,
        "score": score,
        "tier": "pqa",
        "segment": "mid_market",
        "buyer_state": "unknown",
        "why_now": "Team grew",
    }
    if owner is not None:
        values |= {"state": "claimed", "owner": owner, "claimed_at": now}
    return QueueItem.objects.create(account=account, motion=motion, **(values | fields))


def names(response) -> list[str]:
    """The accounts of the list, in order."""
    return re.findall(r'class="row-link"[^>]*>([^<]+)</a>', response.content.decode())


@pytest.mark.parametrize(
    ("role", "start", "landed"),
    [
        ("sales", "/", "/queue/sales/"),
        ("success", "/", "/queue/success/"),
        ("marketing", "/", "/queue/marketing/"),
        ("product", "/", "/definitions/"),
        ("product", "/queue/", "/queue/sales/"),
        ("admin", "/", "/queue/sales/"),
    ],
)
def test_each_role_lands_on_its_own_work(sign_in, role, start, landed):
    response = sign_in(role).get(start, follow=True)

    assert response.redirect_chain[-1][0] == landed
    assert response.status_code == 200


@pytest.mark.parametrize("motion", ["self_serve", "nobody", "items"])
def test_an_unknown_motion_is_not_found(sign_in, motion):
    assert sign_in(Role.SALES).get(f"/queue/{motion}/").status_code == 404


def test_what_to_do_first_is_the_first_row(sign_in):
    now = timezone.now()
    make_item(account=AccountFactory(name="Later"), priority=90, entered_at=now)
    make_item(account=AccountFactory(name="Earlier"), priority=90, entered_at=now - dt.timedelta(days=1))
    make_item(account=AccountFactory(name="Raised"), score=40, priority=1040, hand_raised_at=now)
    make_item(account=AccountFactory(name="Other queue"), motion="success")

    assert names(sign_in(Role.SALES).get("/queue/sales/")) == ["Raised", "Earlier", "Later"]


def test_the_tabs_count_and_hold_their_rows(sign_in):
    client, colleague = sign_in(Role.SALES), MemberFactory()
    make_item(account=AccountFactory(name="New"))
    make_item(account=AccountFactory(name="Mine"), owner=client.member)
    make_item(account=AccountFactory(name="Theirs"), owner=colleague)
    make_item(account=AccountFactory(name="Hand"), hand_raised_at=timezone.now(), priority=1000)
    make_item(account=AccountFactory(name="Gone"), state="left", closed_at=timezone.now())

    page = client.get("/queue/sales/")
    assert names(page) == ["Hand", "New", "Theirs"]
    counts = dict(re.findall(r'id="count-(\w+)">(\d+)<', page.content.decode()))
    assert counts == {"to_work": "3", "mine": "1", "snoozed": "0", "hand_raised": "1"}
    assert names(client.get("/queue/sales/?tab=mine")) == ["Mine"]
    assert names(client.get("/queue/sales/?tab=hand_raised")) == ["Hand"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("segment=enterprise", ["Big"]),
        ("low=85", ["Big", "Warm"]),
        ("low=70&high=88", ["Warm"]),
        ("tier=activate", ["Mild"]),
        ("owner=unclaimed", ["Big", "Mild"]),
        ("hand=1", ["Mild"]),
        ("q=warm", ["Warm"]),
        ("q=big.example", ["Big"]),
        ("q=%00", ["Big", "Warm", "Mild"]),
        ("q=100%25", []),
    ],
)
def test_filters_leave_what_they_say(sign_in, query, expected):
    make_item(account=AccountFactory(name="Big", domain="big.example"), score=95, segment="enterprise")
    make_item(account=AccountFactory(name="Warm", domain="w.example"), score=85, owner=MemberFactory())
    make_item(
        account=AccountFactory(name="Mild", domain="m.example"),
        score=65,
        tier="activate",
        hand_raised_at=timezone.now(),
    )

    assert names(sign_in(Role.SALES).get(f"/queue/sales/?{query}")) == expected


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("low=many", "Score from"),
        ("high=101", "Score to"),
        ("segment=huge", "Segment"),
        ("tab=x", "Tab"),
        ("low=²", "Score"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named_and_filters_nothing(sign_in, query, said):
    make_item(account=AccountFactory(name="Still here"))

    response = sign_in(Role.SALES).get(f"/queue/sales/?{query}")

    assert response.status_code == 200
    assert names(response) == ["Still here"]
    assert f"{said}" in re.search(r"notice-red[^>]*>.*?</p>", response.content.decode(), re.S).group()


@pytest.mark.parametrize(
    "query", ["item=99999999999999999999", "item=x", "page=-3", "page=z", "item=0", "shown=1,a&since=no"]
)
def test_a_wrong_address_still_shows_the_queue(sign_in, query):
    make_item(account=AccountFactory(name="Here"))

    for headers in ({}, HTMX):
        response = sign_in(Role.SALES).get(f"/queue/sales/?{query}", headers=headers)
        assert response.status_code == 200
        assert "Here" in response.content.decode()


def test_the_first_item_is_selected_and_another_can_be(sign_in):
    client = sign_in(Role.SALES)
    make_item(account=AccountFactory(name="First"), priority=2)
    second = make_item(account=AccountFactory(name="Second"), priority=1)

    def detail(response) -> str:
        return re.search(r'id="detail-name"><a[^>]*>([^<]+)<', response.content.decode()).group(1)

    assert detail(client.get("/queue/sales/")) == "First"
    assert detail(client.get(f"/queue/sales/?item={second.pk}")) == "Second"


def test_the_queue_reads_as_often_for_one_row_as_for_twenty(sign_in, django_assert_num_queries):
    client = sign_in(Role.SALES)

    def add(count: int) -> None:
        for _ in range(count):
            account = AccountFactory()
            person = ProductUserFactory(account=account, buying_role="economic_buyer", buying_confidence=0.8)
            make_item(account=account, buyer=person, champion=person, owner=MemberFactory())

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/queue/sales/").status_code == 200
        return len(captured)

    add(1)
    queries()  # counts the buckets, once a minute
    one = queries()
    add(19)
    assert len(names(client.get("/queue/sales/"))) == 20
    assert queries() == one
    # Eleven of them for the pane, of which four for what was done and is to be done; three for what the member was told, the
    # facts that his rows show and his views; one for how many are in each bucket, as counted within the minute.
    assert one <= 24


def test_the_queue_counts_once_what_the_tabs_the_pager_and_the_navigation_tell(sign_in):
    client = sign_in(Role.SALES)
    for owner in (None, None, client.member, MemberFactory()):
        make_item(owner=owner)
    make_item(motion="success")
    counting.by_bucket("sales")  # once a minute
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/queue/sales/").content.decode()

    counts = re.findall(r'id="count-\w+">([^<]+)<', page)
    assert counts == ["3", "1", "0", "0"]
    assert "2 to claim · 1 claimed by you · 1 by others" in page
    assert re.findall(r'title="to claim">(\d+)<', page) == ["2", "2"]
    assert sum("COUNT(" in query["sql"] and "queueitem" in query["sql"] for query in captured) == 1


def test_a_number_of_four_digits_stays_a_name_that_scripts_find(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(id=1_234_567)
    page = client.get("/queue/sales/").content.decode()
    answer = client.post(f"/queue/items/{item.pk}/claim", headers=HTMX).content.decode()

    for name in ("item", "row", "detail", "item-actions", "item-work", "act-claim"):
        assert f'id="{name}-1234567"' in page
    for name in ("item", "item-actions", "item-work"):
        assert f'hx-target="#{name}-1234567"' in answer
        assert f'id="{name}-1234567"' in answer


def test_a_row_that_changed_is_drawn_anew_within_the_minute(sign_in):
    mine, other = sign_in(Role.SALES), sign_in(Role.SALES)
    item = make_item()
    assert "row-mine" not in mine.get("/queue/sales/").content.decode()
    mine.post(f"/queue/items/{item.pk}/claim")

    assert "row-mine" in mine.get(f"/queue/sales/?item={item.pk}&tab=mine").content.decode()
    assert "row-taken" in other.get("/queue/sales/").content.decode()
    QueueItem.objects.update(why_now="Something else")
    assert "Something else" in other.get("/queue/sales/").content.decode()


def test_a_poll_without_news_answers_nothing_and_with_news_the_fragment(sign_in):
    client = sign_in(Role.SALES)
    item = make_item()
    page = client.get("/queue/sales/").content.decode()
    version = re.search(r'name="version" value="([^"]+)"', page).group(1)

    # The version changes with the minute too, because ages are told: ask again when a minute has just turned.
    if client.get("/queue/sales/", {"version": version}, headers=HTMX).status_code != 204:
        version = re.search(r'name="version" value="([^"]+)"', client.get("/queue/sales/").content.decode()).group(1)
        assert client.get("/queue/sales/", {"version": version}, headers=HTMX).status_code == 204

    verbs.claim(item_id=item.pk, member=MemberFactory(role="sales"))
    changed = client.get("/queue/sales/", {"version": version}, headers=HTMX)
    assert changed.status_code == 200
    assert changed.content.decode().lstrip().startswith('<div id="queue"')


def test_a_refresh_keeps_the_rows_where_they_are_and_counts_the_new_ones(sign_in):
    client = sign_in(Role.SALES)
    low = make_item(account=AccountFactory(name="Low"), priority=1)
    high = make_item(account=AccountFactory(name="High"), priority=2)
    since = timezone.now()
    QueueItem.objects.filter(pk=low.pk).update(priority=9)
    QueueItem.objects.filter(pk=high.pk).update(state="left", closed_at=since)
    make_item(account=AccountFactory(name="Newcomer"), priority=99, entered_at=since + dt.timedelta(seconds=1))

    response = client.get("/queue/sales/", {"shown": f"{high.pk},{low.pk}", "since": since.isoformat()}, headers=HTMX)

    assert names(response) == ["High", "Low"]
    assert "1 new account" in response.content.decode()
    assert "Left the queue" in response.content.decode()


def test_history_gets_the_whole_page_and_caches_tell_page_and_fragment_apart(sign_in):
    client = sign_in(Role.SALES)
    make_item()

    fragment = client.get("/queue/sales/", headers=HTMX)
    restored = client.get("/queue/sales/", headers=HTMX | {"HX-History-Restore-Request": "true"})

    assert "<html" not in fragment.content.decode()
    assert "<html" in restored.content.decode()
    assert "HX-Request" in fragment["Vary"]


# Nothing to show -----------------------------------------------------------------------------------------------------


def test_a_person_who_is_buyer_and_champion_is_named_once(sign_in):
    person = ProductUserFactory(name="Dana Ortiz", buying_role="economic_buyer", buying_confidence=0.8)
    make_item(account=person.account, buyer=person, champion=person, buyer_state="likely")

    rows = sign_in(Role.SALES).get("/queue/sales/").content.decode().split('id="queue-rows"')[1].split("</ol>")[0]

    assert rows.count("Dana Ortiz") == 1
    assert "likely buyer 80\u00a0%, also champion" in rows


def test_an_empty_installation_shows_the_write_key_to_an_admin_only(sign_in):
    source = SourceFactory()

    admin = sign_in(Role.ADMIN).get("/queue/sales/").content.decode()
    sales = sign_in(Role.SALES).get("/queue/sales/").content.decode()

    assert source.write_key in admin
    assert "curl" in admin
    assert "<code>http://testserver</code>" in admin
    assert "Demo Requested" in admin
    assert source.write_key not in sales
    assert "Ask an admin" in sales


def test_an_empty_queue_says_what_would_bring_accounts(sign_in):
    AccountFactory()

    assert "reaches the sales threshold" in sign_in(Role.SALES).get("/queue/sales/").content.decode()
    assert "Claim an account" in sign_in(Role.SALES).get("/queue/sales/?tab=mine").content.decode()


def test_filtered_to_nothing_offers_to_clear_the_filters(sign_in):
    make_item()

    text = sign_in(Role.SALES).get("/queue/sales/?q=nobody").content.decode()

    assert "Nothing matches these filters" in text
    assert 'href="/queue/sales/"' in text


def test_a_name_with_markup_is_shown_as_text(sign_in):
    make_item(account=AccountFactory(name="<script>alert(1)</script>"), why_now="<img src=x onerror=alert(1)>")

    text = sign_in(Role.SALES).get("/queue/sales/").content.decode()

    assert "<script>alert(1)" not in text
    assert "<img src=x" not in text


def test_a_signed_out_visitor_is_asked_to_sign_in():
    response = Client().get("/queue/sales/?tab=mine")

    assert response.status_code == 302
    assert response["Location"] == "/sign-in/login/?next=/queue/sales/%3Ftab%3Dmine"


def test_fifty_rows_are_a_page(sign_in):
    for number in range(52):
        make_item(account=AccountFactory(name=f"Account {number}"), priority=100 - number)
    client = sign_in(Role.SALES)

    first, second = (
        client.get("/queue/sales/?segment=mid_market"),
        client.get("/queue/sales/?segment=mid_market&page=2"),
    )

    assert len(names(first)) == 50
    assert names(second) == ["Account 50", "Account 51"]
    assert 'href="/queue/sales/?segment=mid_market&amp;page=2"' in first.content.decode()


def test_members_who_want_no_shortcuts_get_none(sign_in):
    member = MemberFactory(role="sales", shortcuts=False)
    assert Member.objects.get(pk=member.pk).shortcuts is False
    assert 'data-shortcuts="off"' in sign_in(member).get("/queue/sales/").content.decode()
