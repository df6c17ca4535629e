import datetime as dt
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import access
from accounts.models import Contact, Member, Role
from playbooks.models import QueueItem
from tests.factories import AccountFactory, MemberFactory, ProductUserFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
ITEM = {
    *("workspace", "bucket"),
    *("id", "motion", "account", "state", "owner", "score", "delta", "tier", "segment", "buyer_state", "why_now"),
    *("first_step", "mark", "buyer", "champion", "hand_raised_at", "entered_at", "claimed_at", "priority"),
    *("assigned_because", "first_seen_on", "first_touched_at", "last_touched_at", "step_due_at", "sla", "due_at"),
    *("breached_at", "snoozed_until", "wakes_on_signal", "woke_at", "woke_because", "look_again", "handover"),
    *("returned_from", "closed_at", "closed_by", "outcome", "reason", "reason_words", "returned_to", "cool_until"),
}


def full_item(**fields) -> QueueItem:
    account = AccountFactory()
    buyer = ProductUserFactory(
        account=account, name="Dana Ortiz", title="CEO", buying_role="economic_buyer", buying_confidence=0.8
    )
    champion = ProductUserFactory(account=account, name="Sam Lee")
    return make_item(account=account, buyer=buyer, champion=champion, **fields)


def accounts(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["account"]["name"] for row in answer.json()["results"]]


def error(answer, status: int) -> dict:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert set(answer.json()["error"]) <= {"code", "message", "field"}
    return answer.json()["error"]


def act(client: Client, item: object, action: str = "claim", **headers: str):
    item_id = item.pk if isinstance(item, QueueItem) else item
    return client.post(f"/api/queue/items/{item_id}/{action}/", content_type="application/json", headers=headers)


# The queue -----------------------------------------------------------------------------------------------------------


def test_an_item_has_what_a_rep_sees(sign_in):
    owner = MemberFactory(name="Ann Rep")
    item = full_item(owner=owner, delta=14, first_step="Call", hand_raised_at=timezone.now())

    row = sign_in(Role.SALES).get("/api/queue/sales/").json()["results"][0]

    assert set(row) == ITEM
    assert row["account"] == {"id": item.account_id, "name": item.account.name, "domain": item.account.domain}
    assert row["buyer"] == {"name": "Dana Ortiz", "title": "CEO", "role": "economic_buyer", "confidence": 0.8}
    assert row["champion"] == {"name": "Sam Lee", "title": "", "role": "champion", "confidence": None}
    assert row["owner"] == {"name": "Ann Rep", "email": owner.email}
    assert (row["score"], row["delta"], row["state"], row["first_step"]) == (85, 14, "claimed", "Call")


def test_what_an_item_has_not_is_null(sign_in):
    make_item(score=None)

    row = sign_in(Role.SALES).get("/api/queue/sales/").json()["results"][0]

    for name in ("score", "delta", "buyer", "champion", "owner", "hand_raised_at", "claimed_at"):
        assert row[name] is None, name


def test_a_contact_can_be_the_buyer(sign_in):
    make_item(buyer_contact=Contact.objects.create(email="cfo@a.com", name="Kim Fo", title="CFO", source="crm"))

    buyer = sign_in(Role.SALES).get("/api/queue/sales/").json()["results"][0]["buyer"]

    assert buyer == {"name": "Kim Fo", "title": "CFO", "role": "economic_buyer", "confidence": None}


def test_times_are_utc_whatever_zone_a_member_lives_in(sign_in):
    make_item(entered_at=dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC))

    rows = sign_in(MemberFactory(timezone="Asia/Tokyo")).get("/api/queue/sales/").json()["results"]

    assert rows[0]["entered_at"] == "2026-07-01T12:00:00Z"


def test_only_open_items_of_the_motion_are_listed_what_to_do_first_first(sign_in):
    make_item(account=AccountFactory(name="Second"), priority=10)
    make_item(account=AccountFactory(name="First"), priority=20)
    make_item(account=AccountFactory(name="Gone"), state="left")
    make_item(account=AccountFactory(name="Other"), motion="success")

    assert accounts(sign_in(Role.PRODUCT).get("/api/queue/sales/")) == ["First", "Second"]


def test_pages_follow_each_other_without_a_gap(sign_in):
    for number in range(5):
        make_item(account=AccountFactory(name=f"C{number}"), priority=1)
    client, seen, address = sign_in(Role.SALES), [], "/api/queue/sales/?limit=2"

    while address:
        answer = client.get(address)
        assert answer.json()["count"] == 5
        seen += accounts(answer)
        address = answer.json()["next"]

    assert seen == ["C0", "C1", "C2", "C3", "C4"]


def test_twenty_rows_cost_as_many_queries_as_one(sign_in):
    client = sign_in(Role.SALES)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert client.get("/api/queue/sales/").status_code == 200
        return len(caught)

    full_item(owner=MemberFactory())
    one = queries()
    for _ in range(19):
        full_item(owner=MemberFactory())

    assert queries() == one


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("segment=enterprise", {"Big"}),
        ("tier=activate", {"Close"}),
        ("state=new", {"Big", "Close", "Raised"}),
        ("state=claimed", {"Mine", "Theirs"}),
        ("owner=me", {"Mine"}),
        ("hand_raised=true", {"Raised"}),
        ("hand_raised=false", {"Big", "Close", "Mine", "Theirs"}),
        ("search=aIS", {"Raised"}),
        ("search=big.com", {"Big"}),
        ("search=%25", set()),
        ("segment=mid_market&state=claimed&owner=me", {"Mine"}),
    ],
)
def test_a_filter_keeps_what_it_names(sign_in, query, expected):
    client = sign_in(Role.SALES)
    make_item(account=AccountFactory(name="Big", domain="big.com"), segment="enterprise")
    make_item(account=AccountFactory(name="Close"), tier="activate")
    make_item(account=AccountFactory(name="Mine"), owner=client.member)
    make_item(account=AccountFactory(name="Theirs"), owner=MemberFactory())
    make_item(account=AccountFactory(name="Raised"), hand_raised_at=timezone.now())

    answer = client.get(f"/api/queue/sales/?{query}")

    assert (set(accounts(answer)), answer.json()["count"]) == (expected, len(expected))


@pytest.mark.parametrize(
    ("order", "expected"),
    [("score", ["Low", "High", "None"]), ("-score", ["High", "Low", "None"]), ("-priority", ["Low", "None", "High"])],
)
def test_rows_come_in_the_order_that_is_asked_for(sign_in, order, expected):
    make_item(account=AccountFactory(name="High"), score=90, priority=1)
    make_item(account=AccountFactory(name="Low"), score=40, priority=3)
    make_item(account=AccountFactory(name="None"), score=None, priority=2)

    assert accounts(sign_in(Role.SALES).get(f"/api/queue/sales/?ordering={order}")) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=abc", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=٣", "limit"),
        ("offset=-1", "offset"),
        ("offset=1e3", "offset"),
        ("segment=huge", "segment"),
        ("segment=", "segment"),
        ("state=gone", "state"),
        ("owner=7", "owner"),
        ("hand_raised=maybe", "hand_raised"),
        ("search=a%00b", "search"),
        ("search=" + "a" * 101, "search"),
        ("ordering=owner__password", "ordering"),
        ("account__name=x", "account__name"),
        ("format=xml", "format"),
        ("tier=pqa&tier=activate", "tier"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(sign_in, query, field):
    make_item()

    refusal = error(sign_in(Role.SALES).get(f"/api/queue/sales/?{query}"), 400)

    assert refusal["field"] == field
    assert refusal["message"].startswith(f"{field}: ")


def test_a_query_of_thousands_of_parameters_is_refused(sign_in):
    error(sign_in(Role.SALES).get("/api/queue/sales/?" + "&".join(f"a{n}=1" for n in range(1500))), 400)


def test_an_offset_behind_the_end_is_an_empty_page(sign_in):
    make_item()

    assert accounts(sign_in(Role.SALES).get("/api/queue/sales/?offset=999999999999")) == []


@pytest.mark.parametrize("motion", ["self_serve", "nobody"])
def test_an_unknown_motion_is_not_found(sign_in, motion):
    assert error(sign_in(Role.SALES).get(f"/api/queue/{motion}/"), 404)["code"] == "not_found"


# Claim and release ---------------------------------------------------------------------------------------------------


def test_claiming_makes_the_member_the_owner_and_releasing_gives_it_back(sign_in):
    item, client = full_item(), sign_in(Role.SALES)

    claimed = act(client, item)
    again = client.post(f"/api/queue/items/{item.pk}/claim/", {}, content_type="application/json")
    released = act(client, item, "release")

    assert (claimed.status_code, again.status_code, released.status_code) == (200, 200, 200)
    assert set(claimed.json()) == ITEM | {"event_id"}
    assert claimed.json()["owner"]["email"] == client.member.email
    assert (released.json()["owner"], released.json()["state"]) == (None, "new")


def test_who_loses_a_claim_is_told_who_won(sign_in):
    winner = MemberFactory(name="Ann Rep")
    item = full_item(owner=winner)

    answer = act(sign_in(Role.SALES), item)

    assert error(answer, 409)["message"] == f"Ann Rep claimed {item.account.name} just now."
    assert answer.json()["reason"] == "taken"
    assert answer.json()["item"]["owner"]["email"] == winner.email
    item.refresh_from_db()
    assert item.owner == winner


@pytest.mark.parametrize(
    ("action", "state", "reason"),
    [("claim", "left", "left"), ("release", "new", "not_claimed"), ("release", "claimed", "not_owner")],
)
def test_an_action_that_comes_too_late_says_why(sign_in, action, state, reason):
    item = make_item(owner=MemberFactory()) if state == "claimed" else make_item(state=state)

    answer = act(sign_in(Role.SALES), item, action)

    assert (answer.status_code, answer.json()["reason"]) == (409, reason)


@pytest.mark.parametrize("role", [Role.SUCCESS, Role.PRODUCT])
@pytest.mark.parametrize("action", ["claim", "release"])
def test_roles_that_do_not_work_a_motion_may_not_act_on_it(sign_in, role, action):
    item = make_item(motion="sales")

    assert error(act(sign_in(role), item, action), 403)["code"] == "permission_denied"
    item.refresh_from_db()
    assert item.state == "new"


@pytest.mark.parametrize("item_id", ["0", "9" * 30, "9" * 5000, "-1", "abc"])
def test_an_item_that_is_not_there_is_not_found(sign_in, item_id):
    error(act(sign_in(Role.SALES), item_id), 404)


def test_a_post_without_the_csrf_token_changes_nothing():
    item, member, client = make_item(), MemberFactory(role=Role.SALES), Client(enforce_csrf_checks=True)
    client.force_login(member)

    assert "CSRF" in error(act(client, item), 403)["message"]
    item.refresh_from_db()
    assert item.state == "new"

    client.cookies["csrftoken"] = "c" * 32
    answer = act(client, item, **{"X-CSRFToken": "c" * 32})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[" * 100_00, "body"),
        (b"[" * 50_000, "body"),
        (b"[" * 5_000 + b"]" * 5_000, "body"),
        (b" " * 70_000, "body"),
        (b"{", "body"),
        (b'{"a": NaN}', "body"),
        (b'"\xff"', "body"),
        (b"[]", "body"),
        (b'{"owner": 7}', "owner"),
        (b'{"a\\u0000": "\\ud800"}', "body"),
    ],
)
def test_a_wrong_body_is_refused_by_the_field_and_changes_nothing(sign_in, body, field):
    item = make_item()

    answer = sign_in(Role.SALES).post(f"/api/queue/items/{item.pk}/claim/", body, content_type="application/json")

    assert error(answer, 400)["field"] == field
    item.refresh_from_db()
    assert item.state == "new"


def test_a_body_of_another_kind_is_refused(sign_in):
    item = make_item()

    error(sign_in(Role.SALES).post(f"/api/queue/items/{item.pk}/claim/", {"a": "b"}), 415)


# The edge ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["queue/sales/", "queue/items/1/claim/", "accounts/1/", "schema/", "nothing", ""])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_not_signed_in_gets_a_401_and_no_page(path, method):
    answer = getattr(Client(enforce_csrf_checks=True), method)(f"/api/{path}")

    assert error(answer, 401)["code"] == "not_signed_in"
    assert answer["WWW-Authenticate"]


def test_a_member_who_may_no_longer_sign_in_gets_a_401(sign_in):
    client = sign_in(Role.SALES)
    Member.objects.filter(pk=client.member.pk).update(is_active=False)

    error(client.get("/api/queue/sales/"), 401)


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/a%0ab/c", "/api/v1/../x", "/api/%ff"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_an_address_that_is_none_is_a_json_404(sign_in, path, method):
    assert error(getattr(sign_in(Role.SALES), method)(path), 404)["code"] == "not_found"


def test_an_address_without_its_slash_is_told_so(sign_in):
    message = error(sign_in(Role.SALES).post("/api/queue/items/1/claim"), 404)["message"]

    assert message == "Addresses end with a slash: /api/queue/items/1/claim/"


def test_a_method_that_is_not_allowed_is_named_with_those_that_are(sign_in):
    answer = sign_in(Role.SALES).delete("/api/queue/sales/")

    assert error(answer, 405)["code"] == "method_not_allowed"
    assert "GET" in answer["Allow"]


def test_only_json_is_answered(sign_in):
    error(sign_in(Role.SALES).get("/api/queue/sales/", headers={"Accept": "text/csv"}), 406)


def test_the_description_is_served(sign_in):
    answer = sign_in(Role.SUCCESS).get("/api/schema/")

    assert answer["Content-Type"] == "application/json"
    assert json.loads(answer.content)["openapi"].startswith("3.")


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(sign_in, rf):
    from django.db import OperationalError

    from plsapp.rest import answer_error

    answer = answer_error(OperationalError("gone"), {})

    assert (answer.status_code, answer.data["error"]["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0


def test_a_defect_is_a_json_500_without_its_details(sign_in, monkeypatch):
    def broken(**_: object) -> None:
        raise RuntimeError("secret detail")

    item, client = make_item(), sign_in(Role.SALES)
    client.raise_request_exception = False
    QueueItem.objects.filter(pk=item.pk).update(state="claimed", owner=client.member, claimed_at=timezone.now())
    monkeypatch.setattr(access, "can", broken)

    answer = act(client, item, "release")

    assert error(answer, 500)["code"] == "server_error"
    assert b"secret" not in answer.content
