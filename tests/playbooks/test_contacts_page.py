"""The contacts page, the import of a file on it, and the attribution buckets."""

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import tasks
from accounts.contacts import files
from accounts.models import Account, Contact, ContactImport, Role
from playbooks import columns, queue
from playbooks.contact_forms import column_names
from playbooks.filters import ContactFilter
from playbooks.models import QueueItem, RoutingRule
from playbooks.querysets import contacts_page
from playbooks.routing import BUYER_STATES, SEGMENTS, TIERS
from scoring import buckets, runs
from scoring.breakdown import values_of
from scoring.models import Score
from tests.factories import AccountFactory, ProductUserFactory
from tests.playbooks.test_queue_page import make_item


def scored(name, *, active=5, buyer="none", **more):
    account = AccountFactory(name=name, domain=f"{name.lower()}.com", **more)
    make_item(account=account)
    features = values_of({"active_users_28": active})
    Score.objects.filter(pk=account.pk).update(feature_values=features, buyer_state=buyer)
    return account


def contact(email, account=None, **more):
    said = {"name": email.partition("@")[0].title(), "source": "fair"} | more
    return Contact.objects.create(email=email, account=account, **said)


def test_a_contact_of_whom_only_the_name_is_known_has_no_role(sign_in):
    client = sign_in(Role.MARKETING)
    made = client.post("/api/contacts/", {"email": "jo@acme.com", "name": "Jo"}, content_type="application/json").json()
    assert (made["role"], made["confidence"], made["seniority"]) == ("", 0.0, "")


@pytest.fixture
def companies(db):
    buckets.forget()
    made = {
        "with_buyer": scored("Acme", buyer="likely"),
        "without_buyer": scored("Binder"),
        "lead": scored("Cobalt", active=0),
        "": scored("Dormant", active=0),
    }
    contact(
        "jo@acme.com", made["with_buyer"], phone="+49 30 1234567", buying_role="economic_buyer", buying_confidence=0.6
    )
    contact("kim@cobalt.com", made["lead"], title="=2+2")
    contact("gil@gmail.com")
    Contact.objects.create(
        email="x@dormant.com", account=made[""], source="x", user=ProductUserFactory(account=made[""])
    )
    return made


def test_the_rule_of_the_buckets_is_the_same_in_python_and_in_sql(companies):
    for wanted, account in companies.items():
        score = account.score
        score.refresh_from_db()
        known = account.contacts.filter(user=None, removed_at=None).exists()
        active = score.features["active_users_28"]
        assert buckets.bucket(active=active, buyer_state=score.buyer_state, has_contact=known) == wanted
    for wanted in buckets.Bucket.values:
        assert list(Account.objects.filter(buckets.condition(wanted))) == [companies[wanted]]
        items = QueueItem.objects.filter(buckets.condition(wanted, "account__"))
        assert [item.account for item in items] == [companies[wanted]]
    assert buckets.counts(fresh=True) == {"with_buyer": 1, "without_buyer": 1, "lead": 1}
    listed = {
        one: len(contacts_page(Contact.objects.all(), ContactFilter(bucket=one))) for one in buckets.Bucket.values
    }
    assert buckets.of_contacts() == listed == {"with_buyer": 1, "without_buyer": 0, "lead": 2}


def test_lists_and_their_files_are_filtered_by_bucket(companies, sign_in):
    client = sign_in(Role.PRODUCT)

    page = client.get("/accounts/?bucket=lead").content.decode()
    file = client.get("/accounts/accounts.csv?bucket=without_buyer").getvalue().decode()
    people = client.get("/contacts/?bucket=lead").content.decode()
    queued = client.get("/queue/sales/?bucket=with_buyer").content.decode()
    api = client.get("/api/queue/sales/?bucket=with_buyer").json()

    assert "Cobalt" in page
    assert "Acme" not in page
    assert 'href="?bucket=with_buyer"' in page
    assert [line.split(",")[0] for line in file.splitlines()[1:]] == ["Binder"]
    assert "Usage without buyer" in file
    assert "kim@cobalt.com" in people
    assert "gil@gmail.com" in people
    assert "jo@acme.com" not in people
    assert "Acme" in queued
    assert "Binder" not in queued
    assert [item["account"]["name"] for item in api["results"]] == ["Acme"]


def test_each_place_tells_the_bucket_and_filters_by_it(companies, sign_in):
    """Lists, their columns, their files and the API, of accounts, of a queue and of contacts."""
    client = sign_in(Role.SALES)
    for list_ in ("queue", "accounts"):
        columns.choose(member=client.member, list_=list_, keys=["bucket"])
    names = {str(account.name): bucket for bucket, account in companies.items()}
    words = {name: buckets.label(bucket) for name, bucket in names.items()}

    def file(path):
        text = client.get(path).getvalue().decode().removeprefix("\ufeff")
        return {row["Account"]: row["Bucket"] for row in csv.DictReader(io.StringIO(text))}

    def api(path):
        rows = client.get(path).json()["results"]
        return {(row["account"]["name"] if "motion" in row else row["name"]): row["bucket"] for row in rows}

    ids = {name: account.pk for account in companies.values() for name in [account.name]}
    assert {name: client.get(f"/api/accounts/{pk}/").json()["bucket"] for name, pk in ids.items()} == names
    items = {item.account.name: item.pk for item in QueueItem.objects.select_related("account")}
    assert {name: client.get(f"/api/queue/items/{pk}/").json()["bucket"] for name, pk in items.items()} == names
    people = {"Jo": "with_buyer", "Kim": "lead", "Gil": "lead", "": ""}
    of_account = {"Acme": words["Acme"], "Cobalt": words["Cobalt"], "": words["Cobalt"], "Dormant": ""}
    for wanted in ("", *buckets.Bucket.values):
        query = f"?bucket={wanted}" if wanted else ""

        def kept(known, wanted=wanted):
            return {name: one for name, one in known.items() if not wanted or one in (wanted, buckets.label(wanted))}

        assert file(f"/accounts/accounts.csv{query}") == kept(words)
        assert file(f"/queue/sales/queue.csv{query}") == kept(words)
        assert file(f"/contacts/contacts.csv{query}") == kept(of_account)
        assert api(f"/api/accounts/{query}") == kept(names)
        assert api(f"/api/queue/sales/{query}") == kept(names)
        assert api(f"/api/contacts/{query}") == kept(people)
        for path in ("/accounts/", "/queue/sales/"):
            page = client.get(path + query).content.decode()
            column = re.findall(r'<(?:td class="cell-bucket"|span class="muted")>((?:Usage|Lead) with[^<]+)<', page)
            assert sorted(column) == sorted(filter(None, kept(words).values()))
    page = client.get("/queue/sales/").content.decode()
    assert all(f"{buckets.label(bucket)} (1)" in page for bucket in buckets.Bucket.values)


@pytest.mark.parametrize("tier", TIERS)
def test_a_lead_without_usage_never_goes_to_sales(db, tier):
    """Whatever the routing table says."""
    for buyer in BUYER_STATES:
        for segment in SEGMENTS:
            RoutingRule.objects.update_or_create(
                tier=tier, buyer_state=buyer, segment=segment, defaults={"motion": "sales"}
            )
    account = AccountFactory(employees=5_000, source="contact")
    contact("cfo@lead.com", account, buying_role="economic_buyer", buying_confidence=0.9)
    runs.score_changed()
    runs.score_all()
    Score.objects.filter(pk=account.pk).update(tier=tier)

    queue.route_accounts([account.pk])

    assert list(Account.objects.filter(buckets.condition("lead"))) == [account]
    assert not QueueItem.objects.filter(motion="sales").exists()


def test_the_list_has_ways_to_reach_people_and_a_file_without_formulas(companies, sign_in):
    client = sign_in(Role.PRODUCT)

    page = client.get("/contacts/?sort=name").content.decode()
    file = client.get("/contacts/contacts.csv?sort=name").getvalue().decode()

    assert 'href="mailto:jo@acme.com"' in page
    assert 'href="tel:+49301234567"' in page
    assert "Import" not in page
    rows = list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"))))
    assert [row["Bucket"] for row in rows] == ["", "Lead without usage", "Usage with buyer", "Lead without usage"]
    assert rows[3]["Title"] == "'=2+2"
    assert client.post("/contacts/new/", {}).status_code == 403


def test_the_list_asks_as_much_for_one_as_for_many(companies, sign_in, django_assert_num_queries):
    client = sign_in(Role.SALES)
    client.get("/contacts/")
    with CaptureQueriesContext(connection) as few:
        client.get("/contacts/")
    for n in range(20):
        contact(f"p{n}@acme.com", companies["with_buyer"])

    with django_assert_num_queries(len(few)):
        client.get("/contacts/")


def test_a_contact_is_added_mended_taken_away_and_put_back(db, sign_in):
    client = sign_in(Role.MARKETING)

    bad = client.post("/contacts/new/", {"name": "Vera", "email": "vera", "phone": "5", "role": ""})
    good = client.post("/contacts/new/", {"name": "Vera", "email": "vera@acme.com", "role": "champion"}, follow=True)
    vera = Contact.objects.get()

    assert bad.status_code == 422
    assert "name@company.com" in bad.content.decode()
    assert "is a contact of acme.com now" in good.content.decode()
    assert reverse("contact_remove", args=[vera.pk]) in good.content.decode()
    client.post(f"/contacts/{vera.pk}/", {"name": "Vera W", "email": "vera@acme.com", "phone": "+1 415 555 0100"})
    client.post(f"/contacts/{vera.pk}/remove")
    vera.refresh_from_db()
    assert (vera.name, vera.phone, vera.removed_at is None) == ("Vera W", "+1 415 555 0100", False)
    client.post(f"/contacts/{vera.pk}/put-back")
    vera.refresh_from_db()
    assert vera.removed_at is None


def test_the_later_of_two_who_change_a_contact_is_told_and_loses_nothing(companies, sign_in):
    early, late = sign_in(Role.SALES), sign_in(Role.MARKETING)
    jo = Contact.objects.get(email="jo@acme.com")
    (seen,) = re.findall(r'name="seen" value="(\w+)"', early.get(f"/contacts/{jo.pk}/").content.decode())
    said = {"name": "Jo", "email": jo.email, "source": "fair", "phone": jo.phone, "seen": seen}

    made = {"title": "CFO", "source": "web", "role": "champion", "is_sure": "on"}
    saved = early.post(f"/contacts/{jo.pk}/", {**said, **made}, follow=True).content.decode()
    told = late.post(f"/contacts/{jo.pk}/", {**said, "title": "CTO", "phone": "+1 415 555 0100"})
    page = told.content.decode()

    assert told.status_code == 409
    assert "Somebody made it “CFO”." in page
    assert page.count("it is taken over") == 2
    assert 'value="CTO"' in page
    assert 'value="+1 415 555 0100"' in page
    assert 'value="web"' in page
    assert '<option value="champion" selected>' in page
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page)
    undo = re.search(rf"/contacts/{jo.pk}/undo/[^\"]+", saved)[0]
    late.post(f"/contacts/{jo.pk}/", {**said, "title": "CTO", "seen": seen})
    assert "has changed Jo since" in early.post(undo, follow=True).content.decode()
    jo.refresh_from_db()
    assert jo.title == "CTO"

    patched = late.patch(f"/api/contacts/{jo.pk}/", {"title": "CEO"}, content_type="application/json").json()
    back = late.post(f"/api/contacts/{jo.pk}/undo-change/", {"token": patched["undo"]}, content_type="application/json")
    assert (patched["title"], back.json()["title"], back.status_code) == ("CEO", "CTO", 200)


def upload(client, text, name="fair.csv"):
    sent = SimpleUploadedFile(name, text.encode(), content_type="text/csv")
    answer = client.post("/contacts/import/", {"file": sent, "source": "Spring fair"})
    return answer, ContactImport.objects.order_by("-pk").first()


def test_a_file_is_looked_at_with_other_columns_taken_in_and_undone(db, sign_in):
    client = sign_in(Role.SALES)
    answer, found = upload(client, 'Wer;Adresse;Art\n"Öz; Jo";jo@acme.com;CFO\nBo;bo@;=1+1\n', name="Messe 2026.csv")
    assert answer.url == f"/contacts/import/{found.pk}/"
    columns = {"email": "1", "name": "0", "title": "2", "default_source": "Messe"}

    twice = client.post(answer.url, {**columns, "role": "2"})
    client.post(answer.url, columns)
    page = client.get(answer.url).content.decode()
    wrong = client.get(f"{answer.url}wrong.csv")
    taken = client.post(f"{answer.url}take", follow=True).content.decode()

    assert twice.status_code == 422
    assert "Take in 1 row" in page
    assert "put its result in the cell" in page
    lines = list(csv.reader(io.StringIO(wrong.getvalue().decode().removeprefix("\ufeff"))))
    assert lines[0] == ["Wer", "Adresse", "Art", "What is wrong"]
    assert lines[1][:3] == ["Bo", "bo@", "'=1+1"]
    assert wrong["Content-Disposition"] == 'attachment; filename="wrong-Messe-2026.csv"'
    assert "1 new contacts, 0 changed." in taken
    jo = Contact.objects.get()
    assert (jo.name, jo.title, jo.source, jo.imported_by) == ("Öz; Jo", "CFO", "Messe", found)
    assert "Öz; Jo" in client.get(f"/contacts/?file={found.pk}").content.decode()
    client.post(f"{answer.url}undo")
    jo.refresh_from_db()
    assert jo.removed_at is not None


def test_columns_without_a_name_or_of_one_name_are_told_apart():
    assert column_names(["Email", "", "Email", "Name"]) == ["Email (#1)", "#2", "Email (#3)", "Name"]


def test_a_big_file_is_a_job_with_its_progress_on_the_page(db, sign_in, monkeypatch):
    asked = []
    monkeypatch.setattr(files, "SMALL", 1)
    monkeypatch.setattr(tasks.take_contacts, "delay", asked.append)
    client = sign_in(Role.ADMIN)
    answer, found = upload(client, "email\na@acme.com\nb@acme.com\n")

    client.post(f"{answer.url}take")

    assert asked == [found.pk]
    running = client.get(answer.url, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 1s"' in running
    assert "<html" not in running
    tasks.take_contacts(found.pk)
    assert "every 1s" not in client.get(answer.url).content.decode()


def test_a_big_file_is_looked_at_by_a_job_which_begins_anew_when_it_died(db, sign_in, monkeypatch):
    asked = []
    monkeypatch.setattr(files, "QUICK", 2)
    monkeypatch.setattr(files, "TOLD_EVERY", 1)
    monkeypatch.setattr(tasks.take_contacts, "delay", asked.append)
    client = sign_in(Role.ADMIN)
    answer, found = upload(client, "email,name\na@acme.com,A\nb@acme.com,B\nc@,C\n")
    look = files.fields.read

    def die(number, *more):
        if number == 4:
            raise SystemExit
        return look(number, *more)

    assert (asked, files.unfinished()) == ([found.pk], [found.pk])
    early = client.post(f"{answer.url}take", follow=True)
    assert "It is being looked at" in early.content.decode()
    with monkeypatch.context() as dying:
        dying.setattr(files.fields, "read", die)
        with pytest.raises(SystemExit):
            tasks.take_contacts(found.pk)
    running = client.get(answer.url, headers={"HX-Request": "true"}).content.decode()
    assert 'value="33"' in running
    assert 'hx-trigger="every 1s"' in running

    tasks.take_contacts(found.pk)

    page = client.get(answer.url).content.decode()
    assert "Take in 2 rows" in page
    assert "every 1s" not in page
    client.post(answer.url, {"email": "0"})
    assert asked[-1] == found.pk
    client.post(f"{answer.url}drop")
    tasks.take_contacts(found.pk)
    assert not ContactImport.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "empty"), (b"PK\x03\x04abc", "no CSV file"), (b"email\n", "no rows")]
)
def test_a_file_that_is_none_is_refused_with_what_to_do(db, sign_in, data, words):
    sent = SimpleUploadedFile("x.csv", data)

    answer = sign_in(Role.MARKETING).post("/contacts/import/", {"file": sent})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ContactImport.objects.exists()


def test_programs_keep_contacts_and_take_in_rows_with_a_way_back(companies, sign_in, monkeypatch):
    client = sign_in(Role.SALES)

    def send(method, path, body=None):
        return getattr(client, method)(f"/api/{path}", body, content_type="application/json")

    made = send("post", "contacts/", {"email": "vera@acme.com", "name": "Vera", "role": "champion"})
    vera = made.json()
    changed = send("patch", f"contacts/{vera['id']}/", {"phone": "+1 415 555 0100"}).json()
    bad = send("patch", f"contacts/{vera['id']}/", {"phone": "ask"})
    rows = [{"email": "ann@acme.com", "title": "CFO"}, {"email": "bo@", "name": "Bo"}, {"email": "gil@gmail.com"}]
    tried = send("post", "contacts/import/", {"rows": rows, "dry_run": True}).json()
    taken = send("post", "contacts/import/", {"rows": rows, "source": "CRM"}).json()

    assert (made.status_code, vera["role"], vera["account"]) == (201, "champion", companies["with_buyer"].pk)
    assert (changed["phone"], changed["role"], changed["confidence"]) == ("+1 415 555 0100", "champion", 0.6)
    assert (bad.status_code, "phone" in bad.content.decode()) == (400, True)
    assert (tried["id"], tried["new"], tried["same"]) == (None, 1, 1)
    assert tried["wrong"][0]["row"] == 2
    assert (taken["state"], taken["new"]) == ("done", 1)
    found = client.get("/api/contacts/?source=CRM").json()["results"]
    assert [(one["email"], one["seniority"]) for one in found] == [("ann@acme.com", "c_level")]
    counted = client.get("/api/buckets/").json()
    assert (counted.pop("contacts"), counted.pop("none")) == ({"with_buyer": 3, "without_buyer": 0, "lead": 2}, 1)
    assert counted.pop("queues")["sales"] == counted == {"with_buyer": 1, "without_buyer": 1, "lead": 1}
    leads = client.get("/api/accounts/?bucket=lead").json()["results"]
    assert [(one["name"], one["bucket"]) for one in leads] == [("Cobalt", "lead")]
    monkeypatch.setattr(files, "SMALL", 0)
    monkeypatch.setattr(tasks.take_contacts, "delay", tasks.take_contacts)
    undone = send("post", f"contacts/imports/{taken['id']}/undo/")
    assert (undone.status_code, undone.json()["state"]) == (202, "running")
    assert client.get(undone["Location"]).json()["state"] == "undone"
    assert client.get("/api/contacts/?source=CRM").json()["count"] == 0
    assert sign_in(Role.PRODUCT).post("/api/contacts/", {}, content_type="application/json").status_code == 403
