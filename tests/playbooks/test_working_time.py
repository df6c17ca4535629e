"""Opening hours by zone, clocks that change, weekends and holidays."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks.assignment.working_time import Hours, add, between

BERLIN = Hours(zone="Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]


def at(words, zone="Europe/Berlin"):
    return dt.datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone))


@st.composite
def hours(draw):
    begins, ends = sorted(draw(st.lists(st.times(), min_size=2, max_size=2, unique=True)))
    return Hours(
        begins=begins,
        ends=ends,
        weekdays="".join(sorted(draw(st.sets(st.sampled_from("1234567"), min_size=1)))),
        zone=draw(st.sampled_from(ZONES)),
        holidays=frozenset(draw(st.lists(st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)), max_size=8))),
    )


MOMENTS = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31), timezones=st.just(dt.UTC))


def test_a_time_to_answer_runs_over_the_weekend_to_monday():
    assert add(at("2026-11-20 16:30"), 60, BERLIN) == at("2026-11-23 09:30")
    assert add(at("2026-11-21 12:00"), 0, BERLIN) == at("2026-11-23 09:00")
    assert between(at("2026-11-20 16:30"), at("2026-11-23 09:30"), BERLIN) == 60


def test_holidays_are_not_worked():
    closed = Hours(zone="Europe/Berlin", holidays=frozenset({dt.date(2026, 12, 25)}))
    assert add(at("2026-12-24 16:00"), 120, closed) == at("2026-12-28 10:00")


def test_the_day_on_which_clocks_change_is_as_long_as_it_is():
    nights = Hours(begins=dt.time(0), ends=dt.time(6), weekdays="1234567", zone="Europe/Berlin")
    spring, autumn = at("2026-03-29 00:00"), at("2026-10-25 00:00")
    assert between(spring, at("2026-03-29 06:00"), nights) == 5 * 60
    assert between(autumn, at("2026-10-25 06:00"), nights) == 7 * 60
    assert add(spring, 5 * 60, nights) == at("2026-03-29 06:00")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"begins": dt.time(22), "ends": dt.time(6)}, "ends"),
        ({"weekdays": ""}, "weekdays"),
        ({"weekdays": "18"}, "weekdays"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../etc"}, "zone"),
    ],
)
def test_nights_over_midnight_and_nonsense_are_refused_by_field(said, field):
    with pytest.raises(ValueError, match=field):
        Hours(**said)


@given(hours(), MOMENTS, st.integers(1, 5_000))
def test_what_was_added_lies_between(hours, start, minutes):
    # Some openings are a second long: what is added ends within the years that there are.
    opening = dt.datetime.combine(start, hours.ends) - dt.datetime.combine(start, hours.begins)
    minutes = min(minutes, 20 * opening / dt.timedelta(minutes=1))
    due = add(start, minutes, hours)
    assert between(start, due, hours) == pytest.approx(minutes, abs=1e-4)
    assert between(due, start, hours) == pytest.approx(-minutes, abs=1e-4)


@given(hours(), MOMENTS, st.integers(0, 5_000))
def test_nothing_is_ever_due_in_closed_time(hours, start, minutes):
    opening = dt.datetime.combine(start, hours.ends) - dt.datetime.combine(start, hours.begins)
    due = add(start, min(minutes, 20 * opening / dt.timedelta(minutes=1)), hours)
    here = due.astimezone(hours.clock)
    days = [here.date(), here.date() - dt.timedelta(days=1)]
    assert due >= start
    assert any(
        str(day.isoweekday()) in hours.weekdays
        and day not in hours.holidays
        and dt.datetime.combine(day, hours.begins, hours.clock).astimezone(dt.UTC) <= due
        and due <= dt.datetime.combine(day, hours.ends, hours.clock).astimezone(dt.UTC)
        for day in days
    )
