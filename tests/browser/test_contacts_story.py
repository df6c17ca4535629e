"""Marketing imports a list in Chromium: two wrong rows are mended, all is taken in, and taken back."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.models import Contact, ContactImport
from tests.browser.access import findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LIST = """E-mail;Name;Title;Phone
vera@newco.example;Vera Lind;VP Engineering;+46 8 123 456 78
broken@;Bo Field;CTO;
ann@newco.example;Ann Wu;CFO;4,91512E+11
"""


def test_a_list_with_two_wrong_rows_is_mended_taken_in_and_taken_back(scene, sign_in_page, tmp_path):
    sheet = tmp_path / "fair.csv"
    sheet.write_text(LIST)
    page = sign_in_page("admin@team.example")
    page.goto("/contacts/")
    page.get_by_role("link", name="Import").first.click()
    page.get_by_label("CSV file").set_input_files(sheet)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="Wrong rows")).to_be_visible()
    expect(page.get_by_text("was rounded by the spreadsheet")).to_be_visible()
    assert findings(page) == []
    with page.expect_download() as saved:
        page.get_by_role("link", name="As CSV, to mend").click()
    page.get_by_role("button", name="Take in 1 row").click()
    expect(page.get_by_text("1 new contacts, 0 changed.")).to_be_visible()

    mended = tmp_path / "mended.csv"
    with Path(saved.value.path()).open(encoding="utf-8-sig", newline="") as wrong, mended.open("w", newline="") as out:
        heads, *rows = list(csv.reader(wrong))
        csv.writer(out).writerows(
            [heads, ["bo@newco.example", *rows[0][1:]], [*rows[1][:3], "+49 151 2000000", *rows[1][4:]]]
        )
    page.goto("/contacts/import/")
    page.get_by_label("CSV file").set_input_files(mended)
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("button", name="Take in 2 rows").click()
    page.get_by_role("link", name="Show these contacts").click()
    expect(page.get_by_role("link", name="+49 151 2000000")).to_have_attribute("href", "tel:+491512000000")
    assert findings(page) == []
    assert Contact.objects.filter(removed_at=None, email__endswith="@newco.example").count() == 3

    page.go_back()
    page.get_by_role("button", name="Take the whole import back").click()
    expect(page.get_by_text("Taken back: 2 contacts are gone")).to_be_visible()
    assert Contact.objects.get(removed_at=None, email__endswith="@newco.example").name == "Vera Lind"
    assert list(ContactImport.objects.order_by("pk").values_list("state", flat=True)) == ["done", "undone"]
