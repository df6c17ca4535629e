import csv
import datetime as dt
import io

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit, audit_log, members
from accounts.audit_log import AuditFilter
from accounts.models import AuditEntry, Role
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


def test_an_entry_is_neither_changed_nor_deleted():
    audit.record("source.add", subject="source", label="App")

    def empty() -> None:
        """Switched off in tests, since Django empties the tables after some."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER accounts_audit_stays_whole")
            cursor.execute("TRUNCATE accounts_auditentry")

    for spoil in (lambda: AuditEntry.objects.update(label="x"), lambda: AuditEntry.objects.all().delete(), empty):
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            spoil()
    assert AuditEntry.objects.get().label == "App"


def test_no_entry_keeps_an_address_of_a_product_user():
    audit.record(
        "view.share",
        subject="view",
        label="Of ann@acme.com",
        query={"search": "ann%40acme.com", "n": ["x ann@acme.com."]},
    )
    entry = AuditEntry.objects.get()
    assert entry.label == "Of [e-mail]"
    assert entry.detail == {"query": {"search": "[e-mail]", "n": ["x [e-mail]"]}}


def test_what_is_refused_leaves_no_entry():
    admin = MemberFactory(role=Role.ADMIN)
    with pytest.raises(Exception, match="last active admin"):
        members.change(member_id=admin.pk, name="A", role="sales")
    assert not AuditEntry.objects.exists()


def test_an_entry_reads_as_a_sentence_with_what_was_before(sign_in):
    admin, member = sign_in(Role.ADMIN), MemberFactory(name="Dana Ortiz", role=Role.SALES)
    admin.post(reverse("member", args=[member.pk]), {"action": "save", "name": "Dana Ortiz", "role": "product"})
    admin.post(
        reverse("member", args=[member.pk]),
        {"action": "save", "name": "Dana Ortiz", "role": "product", "weekly_capacity": "10"},
    )

    page = admin.get(reverse("audit")).content.decode()
    assert "changed the member Dana Ortiz" in page
    (line,) = audit_log.page(AuditFilter()).lines
    assert [(one.field, one.before, one.after) for one in line.changes] == [("role", "sales", "product")]
    rows = list(csv.reader(io.StringIO(b"".join(admin.get(reverse("audit_csv"))).decode("utf-8-sig"))))
    assert rows[1][1:5] == [
        str(admin.member),
        "changed the member Dana Ortiz",
        "role: sales → product",
        "member.change",
    ]
    told = admin.get("/api/audit/?action=member").json()["results"][0]
    assert (told["words"], told["by"], told["way"]) == ("changed the member Dana Ortiz", admin.member.pk, "page")
    assert admin.get("/api/audit/?subject_id=x").status_code == 400


def test_the_log_is_filtered_and_read_page_by_page(sign_in, django_assert_max_num_queries):
    admin, other = sign_in(Role.ADMIN), MemberFactory(role=Role.ADMIN, name="Robin Falk", email="robin@team.example")
    for day in range(1, 131):
        with time_machine.travel(dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC) + dt.timedelta(days=day // 3), tick=False):
            audit.record("account.merge", by=other, subject="account", subject_id=day, label=f"Company {day}")
    audit.record("view.share", by=admin.member, subject="view", label="Warm")

    seen, wanted = [], AuditFilter.read({"action": "account"})
    while wanted is not None:
        with django_assert_max_num_queries(3):
            found = audit_log.page(wanted)
        seen += [line.subject_id for line in found.lines]
        wanted = found.below
    assert seen == list(range(130, 0, -1))

    def told(**said):
        return [line.subject_id or line.words for line in audit_log.page(AuditFilter.read(said)).lines]

    assert told(by=str(admin.member.pk)) == ["shared the view Warm"]
    assert told(subject="account", id="7") == [7]
    assert told(q="company 128") == told(q="  MERGE, comp 128!") == [128]
    assert told(q="company 999") == told(q="–") == told(q="ompany") == told(q="' | zqx:*") == []
    assert len(told(q="acc mer 12")) == 11
    assert told(until="9999-12-31", **{"from": "0001-01-01"}) == told()
    assert told(until="2026-01-01") == [2, 1]
    assert told(**{"from": timezone.localdate().isoformat(), "action": "view"}) == ["shared the view Warm"]
    page = admin.get(reverse("audit") + "?from=soon&before=1").content.decode()
    assert "“soon” is not a day" in page
    with django_assert_max_num_queries(14):
        admin.get(reverse("audit"))

    heard, address = [], "/api/audit/?action=account&limit=60&q=comp"
    while address:
        with django_assert_max_num_queries(8):
            answer = admin.get(address).json()
        heard += [(one["subject_id"], answer["count"]) for one in answer["results"]]
        address = answer["next"]
    assert [number for number, _count in heard] == seen
    assert [heard[0][1], heard[-1][1]] == [130, None]
    assert admin.get("/api/audit/?before=x").status_code == 400
    assert admin.get("/api/audit/?before=1").json()["results"] == []
    assert admin.get("/api/audit/?until=9999-12-31&since=0001-01-01&limit=1").json()["count"] == 131


def test_a_job_acts_by_itself():
    entry = audit.record("account.merge", subject="account", subject_id=1)
    assert (entry.by, entry.by_name, entry.way) == (None, "plsapp", "system")
