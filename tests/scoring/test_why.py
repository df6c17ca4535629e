from scoring import why

NOW = [
    {"key": "team", "label": "Team", "feature": "active_users_28", "value": 11.0, "effect": 27},
    {"key": "usage", "label": "Usage", "feature": "weekly_active_days", "value": 5.25, "effect": 24},
    {"key": "velocity", "label": "Velocity", "feature": "growth", "value": -0.4, "effect": 2},
]
BEFORE = [
    {"key": "team", "value": 5.0, "effect": 18},
    {"key": "usage", "value": 5.0, "effect": 23},
    {"key": "velocity", "value": 0.0, "effect": 6},
]


def test_why_now_is_the_difference_of_two_scores_the_biggest_gain_first():
    said = why.why_now(NOW, BEFORE, score=53, score_before=47)
    assert said == "5 → 11 active people in 28 days (+9)"


def test_a_strong_signal_comes_first():
    said = why.why_now(NOW, BEFORE, score=53, score_before=47, signal="Pricing viewed 3 times")
    assert said.startswith("Pricing viewed 3 times; 5 → 11")


def test_a_loss_is_said_when_nothing_was_gained():
    said = why.why_now(NOW[1:], BEFORE[1:], score=26, score_before=29)
    assert said == "Holding with 5.2 active days a week, but activity −40 % on the 28 days before (−4)"


def test_a_steady_account_says_what_holds_it_up():
    same = [{**part, "effect": part["effect"]} for part in NOW]
    assert why.why_now(NOW, same, score=53, score_before=53).startswith("Steady: 11 active people in 28 days and 5.2")


def test_an_account_without_a_score_says_so():
    assert "Too little usage" in why.why_now([], [], score=None, score_before=12)


def test_an_unknown_value_is_not_a_number():
    assert why.value_in_words("employees", None) == "not known"
    assert why.value_in_words("heaviest_share", 0.5) == "50 % by one person"


def test_ages_are_said_in_days():
    assert why.value_in_words("days_since_invite", 3.0) == "an invitation 3 days ago"
    assert why.value_in_words("days_since_intent", 1.0) == "intent 1 day ago"
    assert why.value_in_words("days_since_admin", 0.0) == "an admin change today"
    assert why.value_in_words("days_since_behaviour", float("nan")) == "not known"
