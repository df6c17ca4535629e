import csv
import datetime as dt
import io
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import Role
from playbooks import columns, saved_views
from playbooks.models import SavedView, WorkSettings
from playbooks.refused import Refused
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def keep(member, name="Warm", query="?low=80&page=3&item=9", **fields):
    return saved_views.save(member=member, list_=fields.pop("list_", "sales"), name=name, query=query, **fields)


def test_a_view_keeps_the_filters_and_neither_page_nor_item():
    member = MemberFactory()
    keep(member, name="  Warm   ones ")
    keep(member, name="Warm ones", query="?tab=mine&nonsense=1")

    (view,) = saved_views.of(member)
    assert (view.name, view.query, view.href) == ("Warm ones", "?tab=mine", "/queue/sales/?tab=mine")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"query": "?q=a\x00b"}, "query"),
        ({"name": "x" * 81}, "name"),
        ({"query": "?low=many"}, "query"),
        ({"query": "?q=" + "ü" * 100 + "&tier=pqa"}, "query"),
        ({"list_": "nobody"}, "list"),
    ],
)
def test_what_is_no_view_is_refused_by_field(fields, field):
    with pytest.raises(Refused) as refused:
        keep(MemberFactory(), **fields)
    assert refused.value.field == field


def test_shared_views_are_everybodys_to_use_and_the_owners_or_an_admins_to_change(sign_in):
    owner, other, admin = sign_in(Role.SALES), sign_in(Role.SALES), sign_in(Role.ADMIN)
    keep(owner.member, name="Own", query="?tab=mine")
    shared = keep(owner.member, name="Shared", is_shared=True)

    assert [(view.name, view.owner, view.may_change) for view in saved_views.of(other.member)] == [
        ("Shared", str(owner.member), False)
    ]
    assert other.post(f"/views/{shared.pk}/change", {"name": "Mine"}).status_code == 404
    assert admin.post(f"/views/{shared.pk}/change", {"name": "Theirs", "is_shared": "1"}).status_code == 302
    assert admin.post(f"/views/{shared.pk}/change", {"name": "Own"}, follow=True).status_code == 200
    shared.refresh_from_db()
    assert (shared.name, shared.is_shared) == ("Theirs", True)


def test_a_deleted_view_comes_back_with_one_click(sign_in):
    client = sign_in(Role.SALES)
    view = keep(client.member)
    page = client.post(f"/views/{view.pk}/remove", follow=True).content.decode()
    assert not SavedView.objects.exists()
    undo = page.split('action="/views/back/')[1].split('"')[0]
    stranger = sign_in(Role.SALES)
    stranger.post(f"/views/back/{undo}")
    assert not SavedView.objects.exists()
    client.post(f"/views/back/{undo}")
    client.post(f"/views/back/{undo}x")
    assert SavedView.objects.get().query == "?low=80"


def test_filters_that_are_none_any_more_are_named(sign_in):
    client = sign_in(Role.SALES)
    SavedView.objects.create(member=client.member, motion="sales", name="Old", query="?segment=gone&low=80")
    assert saved_views.of(client.member)[0].errors == ("Segment: “gone” is not one of its values.",)
    for address in ("/views/", "/queue/sales/?segment=gone&low=80"):
        assert "“gone” is not one of its values" in client.get(address).content.decode()


def test_what_is_refused_keeps_what_was_typed(sign_in):
    answer = sign_in(Role.SALES).post("/views/", {"list": "sales", "query": "?low=80", "name": "n" * 90})
    assert answer.status_code == 422
    assert "n" * 90 in answer.content.decode()
    assert "At most 80 letters." in answer.content.decode()


def test_rows_show_the_facts_that_a_member_chose(sign_in):
    client = sign_in(Role.SALES)
    account = AccountFactory(name="Northwind", domain="northwind.example")
    make_item(account=account, why_now="Team grew to nine")
    usual = client.get("/queue/sales/").content.decode()
    rows = usual.split('id="queue-rows"')[1].split("</ol>")[0]
    assert "Team grew to nine" in rows
    assert "northwind.example" not in rows

    client.post("/columns/queue", {"columns": ["domain", "step"], "next": "/queue/sales/"})
    rows = client.get("/queue/sales/").content.decode().split('id="queue-rows"')[1].split("</ol>")[0]
    assert "Team grew to nine" not in rows
    assert "northwind.example" in rows
    assert columns.of(client.member, "accounts") == columns.DEFAULTS["accounts"]
    client.post("/columns/accounts", {"columns": []})
    table = client.get("/accounts/").content.decode()
    assert "Last use</th>" not in table
    client.post("/columns/queue", {"columns": ["nonsense"]})
    client.post("/columns/queue", {"usual": "1"})
    assert WorkSettings.objects.get().columns == ["accounts:"]


HOSTILE = [
    '=HYPERLINK("http://x")',
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\tTab",
    "\rReturn",
    "  =1",
    "＝1",
    'A "quoted", name\nwith a line',
]


def read(answer) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def test_hostile_names_are_no_formulas_in_the_file(sign_in):
    client = sign_in(Role.SALES)
    client.member.timezone = "Asia/Tokyo"
    client.member.save()
    entered = dt.datetime(2026, 3, 1, 20, tzinfo=dt.UTC)
    for number, name in enumerate(HOSTILE):
        make_item(account=AccountFactory(name=name), score=90 - number, priority=90 - number, entered_at=entered)
    make_item(account=AccountFactory(name="Too cold"), score=10)

    answer = client.get("/queue/sales/queue.csv?low=20")
    rows = read(answer)
    assert rows[0][0] == "\ufeffAccount"
    assert [row[0] for row in rows[1:]] == [f"'{name}" for name in HOSTILE[:-1]] + HOSTILE[-1:]
    assert rows[1][rows[0].index("In the queue since")] == "2026-03-02T05:00:00+09:00"
    assert f"sales-{timezone.localdate(timezone=ZoneInfo('Asia/Tokyo'))}.csv" in answer["Content-Disposition"]
    assert read(client.get("/queue/sales/queue.csv?low=20&bom=0"))[0][0] == "Account"
    assert len(read(client.get("/accounts/accounts.csv?q=too+cold"))) == 2


def test_files_obey_rights_filters_and_a_limit_that_is_told(sign_in, monkeypatch, django_assert_max_num_queries):
    make_item()
    make_item()
    assert sign_in(Role.SUCCESS).get("/queue/sales/queue.csv").status_code == 403
    assert "queue.csv" not in sign_in(Role.SUCCESS).get("/queue/sales/").content.decode()
    client = sign_in(Role.PRODUCT)
    assert client.get("/queue/sales/queue.csv?tier=gold").status_code == 400
    monkeypatch.setattr("playbooks.exports.MOST", 1)
    with django_assert_max_num_queries(8):
        answer = client.get("/queue/sales/queue.csv")
        assert len(read(answer)) == 2
    assert answer["X-Rows-Left-Out"] == "1"
    assert "-first-1.csv" in answer["Content-Disposition"]
    assert "The first 1 of 2 rows" in client.get("/queue/sales/").content.decode()


def test_programs_keep_views_too(sign_in):
    client = sign_in(Role.SALES)

    def post(path, body):
        return client.post(f"/api/views/{path}", body, content_type="application/json")

    made = post("", {"list": "accounts", "name": "Big", "query": "?segment=enterprise"})
    assert (made.status_code, made.json()["address"]) == (201, "/accounts/?segment=enterprise")
    number = made.json()["id"]
    assert post("", {"list": "sales", "name": "Bad", "query": "?low=x"}).json()["error"]["field"] == "query"
    assert post(f"{number}/change/", {"is_shared": True}).json()["is_shared"] is True
    token = post(f"{number}/remove/", {}).json()["token"]
    assert client.get("/api/views/").json() == []
    assert post("put-back/", {"token": token}).json()["name"] == "Big"
