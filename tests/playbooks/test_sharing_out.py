"""The decision who gets which account, held to its promises."""

import datetime as dt
from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbooks.assignment.sharing_out import SAME, Rep, Wanted, share_out

SEGMENTS, ENDS = ["smb", "mid_market", "enterprise"], [".de", ".co.uk", ".com"]
LIMITS = st.integers(0, 4)
REPS = st.lists(
    st.builds(
        Rep,
        id=st.integers(1, 6),
        segments=st.frozensets(st.sampled_from(SEGMENTS), max_size=2),
        territories=st.lists(st.sampled_from(ENDS), max_size=2, unique=True).map(tuple),
        open_limit=LIMITS,
        daily_limit=LIMITS,
        open=LIMITS,
        today=LIMITS,
        is_away=st.booleans(),
        last_at=st.none() | st.datetimes(timezones=st.just(dt.UTC), min_value=dt.datetime(2026, 1, 1)),
    ),
    unique_by=lambda rep: rep.id,
    max_size=6,
)
WANTED = st.lists(
    st.builds(
        Wanted,
        id=st.integers(1, 1000),
        segment=st.sampled_from(SEGMENTS),
        domain=st.sampled_from(["acme.de", "shop.co.uk", "globex.com", ""]),
        had_by=st.none() | st.integers(1, 8),
        not_to=st.frozensets(st.integers(1, 6), max_size=2),
    ),
    unique_by=lambda one: one.id,
    max_size=20,
)
#: Drawing a team takes its time on a busy machine.
UNHURRIED = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@UNHURRIED
@given(WANTED, REPS)
def test_nobody_gets_too_many_or_while_away_or_what_is_not_theirs(wanted, reps):
    by_id, items = {rep.id: rep for rep in reps}, {one.id: one for one in wanted}
    told = share_out(wanted, reps)
    assert len({one.item_id for one in told}) == len(told)
    for rep_id, n in Counter(one.rep_id for one in told).items():
        rep = by_id[rep_id]
        assert not rep.is_away
        assert not rep.open_limit or rep.open + n <= rep.open_limit
        assert not rep.daily_limit or rep.today + n <= rep.daily_limit
    for one in told:
        rep, item = by_id[one.rep_id], items[one.item_id]
        assert rep.id not in item.not_to
        assert item.had_by == rep.id if one.rule == SAME else rep.fits(item)


@UNHURRIED
@given(WANTED, REPS)
def test_what_is_left_over_had_nobody_with_room(wanted, reps):
    told = share_out(wanted, reps)
    got = Counter(one.rep_id for one in told)
    after = [replace(rep, open=rep.open + got[rep.id], today=rep.today + got[rep.id]) for rep in reps]
    given_out = {one.item_id for one in told}
    for one in wanted:
        if one.id not in given_out:
            assert not any(rep.fits(one) and rep.room() != 0 and rep.id not in one.not_to for rep in after)


@given(st.integers(1, 6), st.integers(0, 40))
def test_equals_differ_by_one_at_most(n_reps, n_items):
    reps = [Rep(id=n, open_limit=0, daily_limit=0) for n in range(1, n_reps + 1)]
    got = Counter(one.rep_id for one in share_out([Wanted(id=n) for n in range(n_items)], reps))
    shares = [got[rep.id] for rep in reps]
    assert max(shares) - min(shares) <= 1


def test_the_one_with_most_room_then_the_one_who_waited_longest():
    early, late = (dt.datetime(2026, 11, day, tzinfo=dt.UTC) for day in (1, 2))
    reps = [Rep(id=1, open=9, last_at=early), Rep(id=2, open=3, last_at=late), Rep(id=3, open=3, last_at=early)]
    assert [one.rep_id for one in share_out([Wanted(id=n) for n in range(3)], reps)] == [3, 2, 3]


def test_who_had_the_company_gets_it_again_whatever_the_filters():
    reps = [Rep(id=1), Rep(id=2, open=40, territories=(".fr",))]
    assert share_out([Wanted(id=7, domain="acme.de", had_by=2)], reps)[0].rep_id == 2
    assert share_out([Wanted(id=7, domain="acme.de", had_by=2, not_to=frozenset({2}))], reps)[0].rep_id == 1


def test_a_territory_is_the_end_of_a_domain_at_a_dot():
    rep = Rep(id=1, territories=(".de", ".acme.com"))
    assert rep.fits(Wanted(1, domain="globex.de"))
    assert rep.fits(Wanted(1, domain="acme.com"))
    assert not rep.fits(Wanted(1, domain="macme.com"))
    assert not rep.fits(Wanted(1, domain="node"))
