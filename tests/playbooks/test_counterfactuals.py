"""What a change would have removed: found on older answers, told on newer ones, and nothing where there is nothing."""

import numpy as np
import pytest

from playbooks.feedback import counterfactuals
from playbooks.feedback.counterfactuals import Change, Judged
from playbooks.feedback.intervals import Share, wilson


def judged(*halves, **more) -> Judged:
    """Halves of (wrong below, wrong above, good below, good above), by 3 active people; the older first."""
    people, good = [], []
    for wrong_below, wrong_above, good_below, good_above in halves:
        people += [2] * wrong_below + [7] * wrong_above + [2] * good_below + [7] * good_above
        good += [False] * (wrong_below + wrong_above) + [True] * (good_below + good_above)
    good = np.array(good)
    chance = np.random.default_rng(3).random(len(good))
    values = {
        "features": {"active_users_28": np.array(people, dtype=float), "chance": chance},
        "score": np.full(len(good), 88.0),
        "good": good,
        "wrong": {"too_small": ~good},
        "at": np.arange(len(good)),
    }
    return Judged(**(values | more))


def test_requiring_3_active_users_would_have_removed_41_of_52_too_small_and_2_of_19_good_ones():
    # The older half finds it (1 of 19 good ones goes), the newer half tells what it is worth.
    found = counterfactuals.find(judged((40, 12, 1, 18), (41, 11, 2, 17)))

    best = found["too_small"][0]
    assert best.change == Change("gate", "active_users_28", 3)
    assert (best.wrong, best.good) == (Share(41, 52), Share(2, 19))
    assert best.is_later
    assert best.holds
    assert (best.found_wrong, best.found_good) == (Share(40, 52), Share(1, 19))
    assert [one.change.key for one in found["too_small"]] == ["active_users_28"]  # chance is no finding


def test_a_few_answers_are_searched_and_told_together_and_fewer_not_at_all():
    [best] = counterfactuals.find(judged((16, 4, 0, 12)))["too_small"]
    assert (best.wrong, best.good, best.is_later) == (Share(16, 20), Share(0, 12), False)
    assert counterfactuals.find(judged((7, 2, 0, 12))) == {}


def test_what_does_not_hold_on_newer_answers_is_no_finding():
    assert counterfactuals.find(judged((30, 0, 0, 15), (1, 29, 0, 15)))["too_small"] == []


def test_nine_in_ten_of_the_good_ones_are_kept_unless_less_is_asked_for():
    half = judged((20, 0, 3, 17))
    assert counterfactuals.find(half)["too_small"] == []
    [best] = counterfactuals.find(half, keep=0.8)["too_small"]
    assert (best.good, best.keeps) == (Share(3, 20), pytest.approx(0.85))


def test_a_threshold_and_a_weight_are_findings_too():
    base = judged((20, 0, 0, 20))
    nothing = {"chance": base.features["chance"]}
    score = np.where(base.good, 90.0, 83.0)
    score[0] = np.nan  # held by hysteresis: nobody knows which threshold it passed
    halved = (Change("weight", "volume", 10), ~base.good)
    found = counterfactuals.find(judged((20, 0, 0, 20), features=nothing, score=score, tried=[halved]))["too_small"]

    assert [(one.change, one.wrong) for one in found] == [
        (halved[0], Share(20, 20)),
        (Change("threshold", "", 84), Share(19, 20)),
    ]


def test_unknown_values_do_not_pass_a_gate():
    base = judged((20, 0, 0, 20))
    values = np.where(base.good, 5.0, np.nan)
    [best] = counterfactuals.find(judged((20, 0, 0, 20), features={"people": values}))["too_small"]
    assert best.change == Change("gate", "people", 5)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(2, 8, 3), (8, 14, 10), (0.213, 0.478, 0.3), (-0.213, 0.04, 0), (0.41, 0.44, 0.42), (99, 130, 100)],
)
def test_a_minimum_is_a_round_number_between_what_it_parts(low, high, expected):
    assert counterfactuals.roundest(low, high) == expected


def test_intervals_are_wilsons():
    assert wilson(22, 50) == (pytest.approx(0.312, abs=0.001), pytest.approx(0.577, abs=0.001))
    assert wilson(0, 10)[0] == 0
    assert wilson(0, 0) == (0, 1)
    assert Share(3, 9).is_few
