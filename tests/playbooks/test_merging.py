"""Merge fields, which play fits, and working days: without a database."""

import datetime as dt
import re
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from playbooks.assignment.working_time import Hours
from playbooks.plays import fitting, merging, plays
from playbooks.plays.fitting import Situation
from playbooks.plays.library import EXITS, LIBRARY, PlayText

VALUES = {"account": "Acme & Sons", "buyer.first_name": "Dana", "top_feature": "{{account}} <b>"}


def test_fields_are_filled_once_and_what_is_missing_is_shown():
    text = "Hi {{buyer.first_name}}, {{ account }} likes {{top_feature}} since {{champion.name}}."
    pieces = merging.fill(text, VALUES)
    assert merging.plain(pieces) == "Hi Dana, Acme & Sons likes {{account}} <b> since [champion's name?]."
    assert merging.missing(pieces) == ["champion's name"]
    assert [piece.text for piece in pieces if piece.is_missing] == ["[champion's name?]"]


@example("{{}}", "")
@given(st.text("{} ab.\n", max_size=40), st.text("{}ab ", max_size=8))
def test_whatever_is_written_nothing_is_lost_and_nothing_is_left_blank(text, value):
    pieces = merging.fill(text.replace("a", "{{account}}"), {"account": value})
    assert "".join(piece.text for piece in pieces if not piece.field) == re.sub(
        r"{{[^{}]*}}", "", text.replace("a", "{{account}}")
    )
    assert all(piece.text.strip() for piece in pieces if piece.field)


def test_a_value_cannot_bring_lines_of_its_own_or_be_blank():
    assert merging.plain(merging.fill("{{account}}", {"account": "A\r\nBcc: x@y.z"})) == "A Bcc: x@y.z"
    assert merging.plain(merging.fill("{{account}}", {"account": "  "})) == "[account?]"


def test_unknown_and_open_fields_are_told():
    assert merging.problems("{{account}} {{ member.name }}") == []
    assert merging.problems("{{acount}}") == ["There is no field {{acount}}; perhaps {{account}}?"]
    for text in ("{{ }}", "{{account", "account}}", "{{{{account}}}} }}"):
        assert merging.problems(text), text


def test_a_mail_link_is_encoded_whole():
    link = merging.mailto("dana@acme.com", "50 % & more?", "Hi,\nbye")
    assert link == "mailto:dana@acme.com?subject=50%20%25%20%26%20more%3F&body=Hi%2C%0D%0Abye"
    assert merging.mailto("dana@acme.com?bcc=x@y.z") == ""


def test_first_names_are_found():
    names = ["Dana Ortiz", "Dr. Dana Ortiz", "Ortiz, Dana", "dana@acme.com", ""]
    assert [merging.first_name(name) for name in names] == ["Dana", "Dana", "Dana", "", ""]


def test_the_library_is_sound():
    assert len(LIBRARY) >= 10
    assert {play.motion for play in LIBRARY.values()} == {"sales", "success", "marketing"}
    for key, play in LIBRARY.items():
        assert play.goal, key
        assert play.talking_points, key
        assert set(play.exits) <= set(EXITS), key
        for text in (play.goal, play.talking_points, *(f"{s.title} {s.subject} {s.words}" for s in play.steps)):
            assert merging.problems(text) == [], key
        assert [step.after_days for step in play.steps] == sorted(step.after_days for step in play.steps), key


# Fitting -------------------------------------------------------------------------------------------------------------

CALM = Situation(
    motion="sales",
    tier="pqa",
    signal="",
    hand_raised=False,
    is_expansion=False,
    has_buyer=False,
    has_champion=False,
)


def key_for(**changed):
    plays = {play: key for key, play in LIBRARY.items() if play.is_active}
    found = fitting.best(plays, replace(CALM, **changed))
    return plays[found] if found else None


def test_the_most_specific_play_wins():
    assert key_for() == "confirm_buyer"
    assert key_for(has_champion=True) == "champion_introduction"
    assert key_for(has_champion=True, has_buyer=True) == "business_case"
    assert key_for(has_buyer=True, signal="pricing") == "pricing"
    assert key_for(has_buyer=True, signal="buyer_joined") == "buyer_joined"
    assert key_for(has_buyer=True, signal="terms", hand_raised=True) == "hand_raised"
    assert key_for(is_expansion=True, has_buyer=True) == "expansion"
    assert key_for(is_expansion=True, signal="pricing") == "outgrown"
    assert key_for(motion="success", tier="activate") == "activation"
    assert key_for(motion="success", tier="activate", has_champion=True) == "bring_the_team"
    assert key_for(motion="marketing") == "find_buyer"
    assert key_for(motion="marketing", has_champion=True) == "champion_to_buyer"
    assert key_for(motion="self_serve") is None


def test_why_it_fits_is_said():
    play = PlayText(name="x", motion="sales", signal="pricing", tier="pqa", is_expansion=False)
    assert fitting.because(play, signal="Pricing viewed 3 times") == (
        "Pricing viewed 3 times; they do not pay yet; it qualifies"
    )
    assert fitting.because(PlayText(name="x", motion="sales"), signal="") == "The general play of this queue"


# Working days --------------------------------------------------------------------------------------------------------


def due(day, after, **more):
    hours = Hours(zone="Europe/Berlin", **more)
    return plays.end_of_day(dt.datetime.fromisoformat(day), after, hours).isoformat()


def test_steps_are_due_at_the_end_of_working_days():
    # 2026-11-20 is a Friday; Berlin is an hour ahead of UTC in winter.
    assert due("2026-11-20T09:00Z", 0) == "2026-11-20T16:00:00+00:00"
    assert due("2026-11-20T16:30Z", 0) == "2026-11-23T16:00:00+00:00"
    assert due("2026-11-20T09:00Z", 1) == "2026-11-23T16:00:00+00:00"
    assert due("2026-11-20T09:00Z", 1, holidays=frozenset({dt.date(2026, 11, 23)})) == "2026-11-24T16:00:00+00:00"
