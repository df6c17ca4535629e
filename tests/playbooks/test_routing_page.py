"""The routing table as an admin edits it."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from playbooks import queue, routing_table
from playbooks.models import QueueItem, RoutingRule
from playbooks.routing import DEFAULT_TABLE, Cell
from scoring import definitions
from scoring.models import Score, ScoredAccount
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

SMB = ("pqa", "confirmed", "smb")


@pytest.fixture
def admin(sign_in):
    return sign_in(Role.ADMIN)


def form(**changes):
    """The grid as a browser posts it, with `{"pqa.confirmed.smb": ("sales", "Call", True)}` changed."""
    posted = {}
    for key, cell in DEFAULT_TABLE.items():
        name = ".".join(key)
        motion, step, marketing = changes.get(name, (cell.motion, cell.first_step, cell.also_marketing))
        posted |= {f"{name}.motion": motion, f"{name}.step": step}
        if marketing:
            posted[f"{name}.marketing"] = "on"
    return posted


def scored(tier="pqa", buyer_state="confirmed", segment="smb"):
    return Score.objects.create(
        account=AccountFactory(),
        score=90,
        tier=tier,
        segment=segment,
        buyer_state=buyer_state,
        definition=definitions.published(),
        scored_at=timezone.now(),
        tier_since=timezone.now(),
    )


def undo_of(answer):
    """The address in the newest toast."""
    return re.findall(r'action="([^"]+\?undo=[^"]+)"', answer.content.decode())[-1].replace("&amp;", "&")


def test_saving_the_page_as_it_is_changes_nothing(admin):
    scored()
    answer = admin.post(reverse("routing"), form(), follow=True)
    assert "Nothing was changed" in answer.content.decode()
    assert not RoutingRule.objects.exists()
    assert not ScoredAccount.objects.exists()


def test_only_a_cell_that_differs_is_a_row_and_accounts_are_routed_by_it(admin):
    score = scored()
    admin.post(reverse("routing"), form(**{"pqa.confirmed.smb": ("sales", " Call  them ", True)}))
    rule = RoutingRule.objects.get()
    assert (rule.motion, rule.first_step, rule.also_marketing) == ("sales", "Call them", True)
    assert queue.table()[SMB] == Cell("sales", "Call them", True)
    assert queue.route_scored() == 1
    items = QueueItem.objects.filter(account=score.account)
    assert {item.motion: item.first_step for item in items} == {"sales": "Call them", "marketing": "Call them"}


def test_the_undo_brings_the_former_table_back(admin):
    admin.post(reverse("routing"), form(**{"pqa.confirmed.smb": ("sales", "", False)}))
    answer = admin.post(
        reverse("routing"),
        form(**{"pqa.confirmed.smb": ("marketing", "", False), "pqa.none.smb": ("marketing", "", False)}),
        follow=True,
    )
    assert "2 cells changed" in answer.content.decode()
    now = {"pqa.confirmed.smb": ("marketing", "", False), "pqa.none.smb": ("marketing", "", False)}
    admin.post(reverse("routing"), form(**now, **{"activate.none.smb": ("success", "", False)}))
    admin.post(undo_of(answer))  # of its two cells; what was changed since stays
    later = {("activate", "none", "smb"): Cell("success")}
    assert queue.table() == DEFAULT_TABLE | {SMB: Cell("sales")} | later
    again = admin.post(undo_of(answer))
    assert (again.status_code, "somebody changed it since" in again.content.decode()) == (422, True)
    assert queue.table() == DEFAULT_TABLE | {SMB: Cell("sales")} | later


def test_who_saves_an_older_page_changes_only_what_they_changed_and_is_told_of_a_cell_that_both_did(admin):
    page = admin.get(reverse("routing")).content.decode()
    old = {"seen": re.search(r'name="seen" value="(\d+)"', page)[1]}
    admin.post(reverse("routing"), form(**{"pqa.confirmed.smb": ("sales", "", False)}))
    admin.post(reverse("routing"), form(**{"pqa.none.smb": ("marketing", "", False)}) | old)
    assert queue.table() == DEFAULT_TABLE | {SMB: Cell("sales"), ("pqa", "none", "smb"): Cell("marketing")}
    late = admin.post(reverse("routing"), form(**{"pqa.confirmed.smb": ("success", "Ask", False)}) | old)
    assert (late.status_code, 'value="Ask"' in late.text, "somebody made it “Sales” meanwhile" in late.text) == (
        409,
        True,
        True,
    )
    assert queue.table()[SMB] == Cell("sales")


def test_a_cell_and_the_whole_table_go_back_to_the_default_and_return(admin):
    changes = {"pqa.confirmed.smb": ("sales", "", False), "pqa.none.smb": ("marketing", "", False)}
    admin.post(reverse("routing"), form(**changes))
    admin.post(reverse("routing"), {"reset": "pqa.confirmed.smb"})
    assert [rule.buyer_state for rule in RoutingRule.objects.all()] == ["none"]
    answer = admin.post(reverse("routing"), {"reset": "all"}, follow=True)
    assert not RoutingRule.objects.exists()
    admin.post(undo_of(answer))
    assert [rule.buyer_state for rule in RoutingRule.objects.all()] == ["none"]


def test_a_changed_cell_is_marked_with_its_default(admin):
    admin.post(reverse("routing"), form(**{"pqa.unknown.enterprise": ("success", "", False)}))
    page = admin.get(reverse("routing")).content.decode()
    assert page.count("grid-changed") == 1
    assert "Default: Sales, also marketing: Confirm the buyer" in page


@pytest.mark.parametrize(
    "posted",
    [
        form(**{"pqa.confirmed.smb": ("nobody", "", False)}),
        form(**{"pqa.confirmed.smb": ("sales", "x" * 201, False)}),
        {name: value for name, value in form().items() if name != "pqa.confirmed.smb.motion"},
        {"reset": "pqa.confirmed.moon"},
    ],
)
def test_a_wrong_table_is_refused_by_its_cell_and_nothing_is_written(admin, posted):
    answer = admin.post(reverse("routing"), posted)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "PQA, Buyer confirmed, SMB:" in page or "pqa.confirmed.moon: no such cell" in page
    assert not RoutingRule.objects.exists()


def test_a_refused_form_keeps_what_was_typed(admin):
    posted = form(**{"pqa.confirmed.smb": ("nobody", "", False), "pqa.none.smb": ("marketing", "Ask around", False)})
    assert 'value="Ask around"' in admin.post(reverse("routing"), posted).content.decode()


def test_a_forged_undo_is_refused(admin):
    answer = admin.post(reverse("routing") + "?undo=99999")
    assert answer.status_code == 422
    assert "cannot be taken back" in answer.content.decode()


def test_product_reads_and_cannot_change(sign_in):
    client = sign_in(Role.PRODUCT)
    page = client.get(reverse("routing")).content.decode()
    assert "Admins change this table" in page
    assert "<select" not in page
    assert client.post(reverse("routing"), form()).status_code == 403
    assert client.post(reverse("routing") + "?undo=x").status_code == 403


def test_every_cell_counts_its_accounts_in_one_query(admin, django_assert_num_queries):
    for _ in range(3):
        scored()
    scored("activate", "none", "unknown")
    with django_assert_num_queries(2):
        blocks = routing_table.blocks()
    cells = {cell.name: cell.accounts for block in blocks for line in block.lines for cell in line.cells}
    assert len(cells) == 48
    assert cells["pqa.confirmed.smb"] == 3
    assert sum(cells.values()) == 4
    with django_assert_num_queries(9):  # session, member, the bell, those two, and three of the lead guard
        admin.get(reverse("routing"))
