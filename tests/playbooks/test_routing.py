import datetime as dt

import pytest

from playbooks import routing
from playbooks.routing import route


@pytest.mark.parametrize(
    ("tier", "buyer", "motions", "first_step"),
    [
        ("pqa", "confirmed", ("sales",), ""),
        ("pqa", "likely", ("sales",), ""),
        ("pqa", "unknown", ("sales",), routing.CONFIRM_BUYER),
        ("pqa", "none", ("marketing",), routing.FIND_BUYER),
        ("activate", "confirmed", ("success",), ""),
        ("activate", "likely", ("success",), ""),
        ("activate", "unknown", ("success",), routing.ASK_PROFILE),
        ("activate", "none", ("success",), routing.BUYER_MISSING),
        ("self_serve", "confirmed", (), ""),
        ("self_serve", "unknown", (), ""),
        ("self_serve", "none", (), ""),
    ],
)
@pytest.mark.parametrize("segment", ["mid_market", "unknown"])
def test_the_default_table_of_the_method(tier, buyer, motions, first_step, segment):
    found = route(tier=tier, buyer_state=buyer, segment=segment, hand_raised=False, is_bare=False)
    assert (found.motions, found.first_step) == (motions, first_step)


@pytest.mark.parametrize("tier", routing.TIERS)
@pytest.mark.parametrize("buyer", routing.BUYER_STATES)
@pytest.mark.parametrize("segment", routing.SEGMENTS)
def test_a_raised_hand_goes_to_sales_at_any_score_in_any_segment(tier, buyer, segment):
    found = route(tier=tier, buyer_state=buyer, segment=segment, hand_raised=True, is_bare=True)
    assert found.motions == ("sales",)
    assert found.is_fast_lane


@pytest.mark.parametrize("tier", routing.TIERS)
def test_small_companies_stay_self_serve(tier):
    assert route(tier=tier, buyer_state="confirmed", segment="smb", hand_raised=False, is_bare=False).motions == ()


def test_enterprise_is_also_visible_to_marketing():
    def motions(**cell):
        return route(**{"segment": "enterprise", "hand_raised": False, "is_bare": False, **cell}).motions

    assert motions(tier="pqa", buyer_state="likely") == ("sales", "marketing")
    assert motions(tier="activate", buyer_state="likely") == ("success", "marketing")
    assert motions(tier="pqa", buyer_state="none") == ("marketing",)
    assert motions(tier="self_serve", buyer_state="likely") == ()


def test_an_admins_cell_beats_the_default():
    table = {("pqa", "none", "smb"): routing.Cell("success", "Call them")}
    found = route(tier="pqa", buyer_state="none", segment="smb", hand_raised=False, is_bare=False, table=table)
    assert (found.motions, found.first_step) == (("success",), "Call them")


NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def first(**fields):
    return routing.priority(
        **{"motion": "sales", "score": 80, "delta": 0, "buyer_state": "none", "hand_raised_at": None} | fields
    )


def test_what_comes_first():
    today, last_week = NOW - dt.timedelta(hours=1), NOW - dt.timedelta(days=7)
    assert first(score=1, hand_raised_at=last_week) > first(score=100, delta=50, buyer_state="confirmed")
    assert first(score=1, hand_raised_at=today) > first(score=100, delta=50, hand_raised_at=last_week)
    assert first(score=2, hand_raised_at=today) > first(score=1, hand_raised_at=today)
    assert first(delta=10) > first()
    assert first(delta=-10) == first()
    assert first(buyer_state="likely") > first(buyer_state="unknown") == first()
    assert first(score=None) < first(score=1)


def test_marketing_looks_first_at_accounts_without_a_buyer():
    def market(**fields):
        return first(motion="marketing", **fields)

    assert market(score=80, buyer_state="none") > market(score=100, delta=50, buyer_state="likely")
    assert market(score=81, buyer_state="likely") > market(score=80, buyer_state="likely")


@pytest.mark.parametrize(
    ("plan", "customer"), [("", False), ("free", False), (" Trial ", False), ("Team", True), ("enterprise", True)]
)
def test_only_a_paid_plan_makes_a_customer(plan, customer):
    assert routing.is_customer(plan) is customer
