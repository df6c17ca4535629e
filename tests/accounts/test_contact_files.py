"""A file of contacts: read whatever program wrote it, judged by row, taken in, and taken back as a whole."""

import pytest

from accounts import contacts
from accounts.contacts import fields, files, reading
from accounts.models import (
    Account,
    AccountChange,
    AccountDomain,
    Contact,
    ContactImport,
    Persona,
    ProductUser,
    RoleWord,
)
from accounts.refused import Refused
from tests.factories import AccountFactory, MemberFactory, ProductUserFactory
from tests.feed import identify, load

TEXT = "E-Mail;Vorname;Nachname;Position;Telefon\njo@acme.com;Jörg;Öz;VP Engineering;+49 30 1234567\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("cp1252"), "windows-1252"),
        (TEXT.replace(";", "\t").replace("\n", "\r\n").encode("latin-1"), "windows-1252"),
        (("sep=;\r\n" + TEXT).encode(), "utf-8"),
    ],
)
def test_a_file_is_read_whatever_program_wrote_it(data, encoding):
    sheet = reading.read(data)

    assert sheet.encoding == encoding
    number, cells = sheet.rows[0]
    mapping = fields.guess(sheet.heads)
    row = fields.read(number, cells, mapping)
    assert (row.email, row.name, row.title, row.phone) == ("jo@acme.com", "Jörg Öz", "VP Engineering", "+49 30 1234567")
    assert number == 2


def test_cells_hold_line_breaks_and_rows_keep_the_number_a_spreadsheet_shows():
    sheet = reading.read(b'email,title\na@acme.com,"VP,\nSales"\n\nb@acme.com,"say ""CTO"""\n')

    assert sheet.rows == [(2, ["a@acme.com", "VP,\nSales"]), (4, ["b@acme.com", 'say "CTO"'])]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "no_text"),
        (b"a,b\n" + b"1,2\n" * 50_001, "too_many_rows"),
        (b"a\x00b", "no_text"),
        (b'\xef\xbb\xbf [{"email": "a@acme.com"}]', "no_text"),
        (b"<html><table>", "no_text"),
        (b'email,name\na@acme.com,"A\nb@acme.com,B\n', "open_quote"),
    ],
)
def test_what_is_no_list_of_contacts_is_refused(data, code):
    with pytest.raises(reading.BadFile) as bad:
        reading.read(data)

    assert bad.value.code == code


def test_a_file_whose_first_row_is_a_person_has_columns_without_names():
    sheet = reading.read(b"jo@acme.com|Jo\x00\nann@acme.com|Ann\n")

    assert sheet.rows == [(1, ["jo@acme.com", "Jo"]), (2, ["ann@acme.com", "Ann"])]
    assert (sheet.heads, fields.guess(sheet.heads, [cells for _number, cells in sheet.rows])) == (
        ["", ""],
        {"email": 0},
    )


@pytest.mark.parametrize(
    ("heads", "found"),
    [
        (
            "Record ID,First Name,Last Name,Email,Phone Number,Associated Company,Lifecycle Stage,Job Title,Company Domain Name,"
            "Original Source,Number of Employees,Buying Role",
            "email first_name last_name title phone company domain employees role source",
        ),
        (
            "Contact ID,First Name,Last Name,Title,Company / Account,Mobile,Email,Lead Source,Lead Status,No. of Employees",
            "email first_name last_name title phone company employees source",
        ),
        (
            "Id,FirstName,LastName,Account.Name,Account.Website,Email,LeadSource",
            "email first_name last_name company domain source",
        ),
        ("Kunde,Ansprechpartner,E-Mail-Adresse,Funktion,Tel.,Mitarbeiter", "email name title phone company employees"),
    ],
)
def test_the_columns_of_what_crms_export_are_guessed(heads, found):
    assert " ".join(name for name in fields.FIELDS if name in fields.guess(heads.split(","))) == found


def test_an_address_is_found_in_what_people_put_around_it_and_a_crm_s_several_roles_are_one():
    def row(email, **more):
        return fields.check(2, {"email": email, **more})

    for said in ("Jo Smith <Jo@acme.com>", "“jo@acme.com”", "jo@acme.com.", "mailto:jo@acme.com", "jo@acme.com\u200b"):
        assert row(said).email == "jo@acme.com"
    assert row("jo@xn--mnchen-3ya.de").email == row("Jo@München.de").email == "jo@münchen.de"
    assert "two addresses" in row("jo@acme.com; bo@acme.com")[0].words
    assert row("jo@acme.com", role="CHAMPION;BUDGET_HOLDER").role == "economic_buyer"
    assert row("jo@acme.com", domain="https://www.linkedin.com/in/jo").domain == ""
    assert [one.field for one in row("jo@acme.com", name="+SUM(A1)", title="#NAME?")] == ["name", "title"]


def test_each_wrong_row_says_its_field_and_what_to_do():
    mapping = {name: place for place, name in enumerate(("email", "name", "phone", "role", "employees", "domain"))}

    def wrong(*cells):
        return [(one.field, one.words) for one in fields.read(7, cells, mapping)]

    assert wrong("", "Jo")[0][0] == "email"
    assert "missing" in wrong("", "Jo")[0][1]
    assert "name@company.com" in wrong("jo.acme.com")[0][1]
    assert wrong("jo@acme.com", '=HYPERLINK("http://evil")') == [("name", "is a formula: put its result in the cell.")]
    assert "rounded by the spreadsheet" in wrong("jo@acme.com", "Jo", "4,91512E+11")[0][1]
    assert wrong("jo@acme.com", "Jo", "", "Boss")[0][0] == "role"
    assert [field for field, _words in wrong("jo@acme.com", "Jo", "call me", "", "many", "nowhere")] == [
        *("phone", "employees", "domain")
    ]
    good = fields.read(7, ("JO@Acme.com", "n/a", "'+1 (415) 555-0100 ext. 7", "Decision Maker", "51-200", ""), mapping)
    assert isinstance(good, list)  # the quote is taken off when the file is read, not here


def test_the_number_behind_tel_is_what_a_phone_dials():
    assert fields.tel("+49 (0)30 / 123-45 ext. 6") == "+493012345"
    assert fields.tel("(415) 555-0100") == "4155550100"
    assert fields.tel("ask Jo") == ""


def imported(text, **more):
    member = MemberFactory(role="marketing")
    found = files.upload(name="fair.csv", data=text.encode(), member=member, **more)
    return found, member


def test_a_file_is_judged_taken_in_and_taken_back(db):
    acme = AccountFactory(name="Acme", domain="acme.com")
    old = Contact.objects.create(email="old@acme.com", name="Old", account=acme, source="fair 2025", title="Clerk")
    same = Contact.objects.create(email="same@acme.com", name="Same", account=acme, source="web")
    user = ProductUserFactory(email="dana@acme.com", account=acme, title="Engineer")
    found, member = imported(
        "Email,Name,Title,Phone,Role,Company,Website,Lead source\n"
        "old@acme.com,Old,CFO,+1 415 555 0100,,,,\n"
        "same@acme.com,Same,,,,,,\n"
        "dana@acme.com,Dana,,,Champion,,,\n"
        "vera@newco.io,Vera,VP Engineering,,,NewCo Ltd,,Webinar\n"
        "gil@gmail.com,Gil,CEO,,Buyer,,,\n"
        "ida@gmail.com,Ida,CTO,,,Acme,https://www.acme.com/about,\n"
        "broken@,Bo,,,,,,\n"
        "vera@newco.io,Vera,VP Engineering,,,NewCo Ltd,,Webinar\n"
        "vera@newco.io,Vera W,,,,,,\n",
        source="Spring fair",
    )
    kinds = ("read", "good", "new", "changed", "same", "wrong", "twice", "users")
    assert [found.result[kind] for kind in kinds] == [9, 6, 4, 1, 1, 2, 1, 1]
    assert found.result["homes"] == {"known": 1, "unknown": 1, "made": 1, "none": 1}
    assert [(row["row"], row["wrong"][0]["field"]) for row in found.result["wrong_rows"]] == [
        (8, "email"),
        (10, "email"),
    ]
    assert "row 5" in found.result["wrong_rows"][1]["wrong"][0]["words"]

    files.begin(import_id=found.pk, member=member)
    done = files.go_on(found.pk)

    assert (done.state, done.rows, done.result["new"], done.result["changed"]) == ("done", [], 4, 1)
    newco = AccountDomain.objects.get(domain="newco.io")
    assert (newco.source, newco.account.name, newco.account.source) == ("contact", "NewCo Ltd", "contact")
    vera = Contact.objects.get(email="vera@newco.io")
    assert (vera.account, vera.source, vera.seniority, vera.department) == (
        newco.account,
        "Webinar",
        "vp",
        "engineering",
    )
    assert (vera.buying_role, vera.buying_confidence) == ("economic_buyer", 0.6)
    assert vera.persona_id in set(Persona.objects.values_list("pk", flat=True))
    gil, ida = (Contact.objects.get(email=f"{name}@gmail.com") for name in ("gil", "ida"))
    assert (gil.account, gil.buying_role, gil.buying_confidence) == (None, "economic_buyer", 0.9)
    assert ida.account == acme
    assert not AccountDomain.objects.filter(domain="gmail.com").exists()
    old.refresh_from_db()
    assert (old.title, old.phone, old.source) == ("CFO", "+1 415 555 0100", "fair 2025")
    dana = Contact.objects.get(email="dana@acme.com")
    user.refresh_from_db()
    assert (dana.user, user.buying_role, user.buying_confidence) == (user, "champion", 0.9)
    assert {contact.name for contact in contacts.of_account(acme.pk)} == {"Old", "Ida", "Same"}
    assert set(AccountChange.objects.values_list("account", flat=True)) == {acme.pk, newco.account_id}

    files.begin_undo(import_id=found.pk, member=member)
    undone = files.go_on(found.pk)

    assert (undone.state, undone.result["gone"]) == ("undone", 4)
    assert set(Contact.objects.filter(removed_at=None)) == {old, same}
    old.refresh_from_db()
    user.refresh_from_db()
    assert (old.title, old.phone) == ("Clerk", "")
    assert (user.buying_role, user.buying_confidence) != ("champion", 0.9)
    assert not Account.objects.filter(domain="newco.io").exists()
    assert not RoleWord.objects.filter(withdrawn_at=None).exists()


def test_taking_in_goes_on_where_it_stopped(db, monkeypatch):
    monkeypatch.setattr(files, "AT_ONCE", 2)
    found, member = imported("email,name\n" + "".join(f"p{n}@acme.com,P {n}\n" for n in range(5)))
    files.begin(import_id=found.pk, member=member)
    good, _wrong, _twice = files.read_rows(ContactImport.objects.get(pk=found.pk))
    files._step(found.pk, good)
    assert files.progress(ContactImport.objects.get(pk=found.pk)) == 40

    done = files.go_on(found.pk)

    assert (done.state, done.result["new"], len(done.result["steps"])) == ("done", 5, 3)
    with pytest.raises(Refused):
        files.begin(import_id=found.pk, member=member)


def test_empty_cells_change_nothing_and_a_second_import_is_the_same(db):
    text = "email,name,title,role\njo@acme.com,Jo,CFO,Economic buyer\n"
    first, member = imported(text)
    files.begin(import_id=first.pk, member=member)
    files.go_on(first.pk)

    again, _member = imported(text + "ann@acme.com,,,\n")
    less, _member = imported("email,name,title\njo@acme.com,Jo,\n")

    assert [again.result[kind] for kind in ("new", "changed", "same")] == [1, 0, 1]
    assert less.result["same"] == 1
    assert ProductUser.objects.count() == 0


def test_imports_taken_back_out_of_their_order_leave_what_the_others_say(db):
    user = ProductUserFactory(email="dana@acme.com")
    made = []
    for title, role in (("CTO", "champion"), ("VP Engineering", "evaluator"), ("VP Sales", "economic buyer")):
        found, member = imported(f"email,title,role\njo@acme.com,{title},{role}\ndana@acme.com,,{role}\n")
        files.begin(import_id=found.pk, member=member)
        made.append(files.go_on(found.pk).pk)

    def back(import_id):
        files.begin_undo(import_id=import_id, member=member)
        files.go_on(import_id)
        jo = Contact.objects.get(email="jo@acme.com")
        user.refresh_from_db()
        assert RoleWord.objects.filter(withdrawn_at=None, contact=jo).count() == 1
        return jo.title, jo.seniority, jo.department, jo.buying_role, user.buying_role

    assert back(made[1]) == ("VP Sales", "vp", "sales", "economic_buyer", "economic_buyer")
    assert back(made[2]) == ("CTO", "c_level", "engineering", "champion", "champion")


def test_a_contact_who_signed_up_since_has_the_role_of_the_import_before(db):
    made = []
    for role in ("champion", "evaluator"):
        found, member = imported(f"email,role\njo@acme.com,{role}\n")
        files.begin(import_id=found.pk, member=member)
        made.append(files.go_on(found.pk).pk)
    load(identify("jo", email="jo@acme.com"))
    jo = ProductUser.objects.get(email="jo@acme.com")
    assert jo.buying_role == "evaluator"

    files.begin_undo(import_id=made[1], member=member)
    files.go_on(made[1])

    jo.refresh_from_db()
    assert jo.buying_role == "champion"


def test_a_name_beside_the_first_name_is_the_last_unless_it_has_both():
    heads = ["Prénom", "Nom", "E-mail"]
    assert fields.guess(heads, [["Anaïs", "Lefèvre", "a@x.fr"]]) == {"first_name": 0, "last_name": 1, "email": 2}
    assert fields.guess(heads, [["Anaïs", "Anaïs Lefèvre", "a@x.fr"]])["name"] == 1
