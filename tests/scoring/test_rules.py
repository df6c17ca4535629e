import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import buyers, defaults, rules
from scoring.features import BY_KEY

PUBLISHED = {
    "components": [
        {
            "key": "usage",
            "label": "Usage",
            "feature": "weekly_active_days",
            "weight": 0.4,
            "curve": {"kind": "step", "points": [[0.25, 5], [1, 10], [5, 20]]},
        },
        {
            "key": "team",
            "label": "Team",
            "feature": "active_users_28",
            "weight": 0.3,
            "curve": {"kind": "step", "points": [[1, 5], [2, 15], [4, 25], [7, 35]]},
        },
        {
            "key": "features",
            "label": "Features",
            "feature": "feature_depth",
            "weight": 0.2,
            "curve": {"kind": "step", "points": [[1, 20], [2, 45]]},
        },
        {
            "key": "velocity",
            "label": "Velocity",
            "feature": "weekly_growth",
            "weight": 0.1,
            "curve": {"points": [[0, 0], [1, 20]]},
        },
    ],
    "thresholds": {"pqa": 70, "activate": 50},
}


def arrays(**values):
    return {name: np.atleast_1d(np.array(value, dtype=float)) for name, value in values.items()}


def one(spec=PUBLISHED, *, tier_before=None, evidence=True, **values):
    return rules.evaluate(
        rules.parse(spec),
        arrays(**values),
        evidence=np.array([evidence]),
        tier_before=None if tier_before is None else np.array([rules.TIERS.index(tier_before)]),
    )


WORKED = {"weekly_active_days": 5, "active_users_28": 8, "feature_depth": 2, "weekly_growth": 0.5}


def test_the_worked_example_of_the_readme():
    """Daily use, 8 people, core and advanced features, 50 % weekly growth."""
    result = one(**WORKED)
    assert result.points[0].tolist() == [20, 35, 45, 10]
    assert result.component[0].tolist() == [100, 100, 100, 50]
    assert result.effect[0].tolist() == [40, 30, 20, 5]
    assert result.score[0] == 95
    assert rules.TIERS[result.tier[0]] == "pqa"


def test_without_normalising_the_published_formula_could_not_reach_its_threshold():
    points = one(**WORKED).points[0]
    assert points @ np.array([0.4, 0.3, 0.2, 0.1]) < 70


def test_no_evidence_means_no_score_rather_than_zero():
    result = one(**WORKED, evidence=False)
    assert result.score[0] == rules.NO_SCORE
    assert result.effect[0].tolist() == [0, 0, 0, 0]
    assert rules.TIERS[result.tier[0]] == "self_serve"


def test_an_unknown_value_gives_no_points():
    result = one(**{**WORKED, "active_users_28": np.nan})
    assert result.points[0, 1] == 0
    assert result.score[0] == 65


def test_the_lowest_score_is_one():
    result = one(weekly_active_days=0, active_users_28=0, feature_depth=0, weekly_growth=0)
    assert result.score[0] == 1
    assert result.effect[0].sum() == 1


def test_halves_round_up():
    spec = {
        "components": [
            {"key": k, "label": k, "feature": k, "weight": 1, "curve": {"points": [[0, 0], [100, 100]]}} for k in "ab"
        ]
    }
    assert one(spec, a=50, b=51).score[0] == 51
    assert one(spec, a=50, b=50.98).score[0] == 50


@pytest.mark.parametrize(
    ("score_of_velocity", "before", "tier"),
    [(0, "pqa", "pqa"), (0, None, "pqa"), (-1, "pqa", "pqa")],
)
def test_a_tier_is_entered_at_its_threshold(score_of_velocity, before, tier):
    assert rules.TIERS[one(**WORKED, tier_before=before).tier[0]] == tier


def graded(value, *, before=None, gates=(), **more):
    spec = {
        "components": [
            {"key": "a", "label": "a", "feature": "a", "weight": 1, "curve": {"points": [[0, 0], [100, 100]]}}
        ],
        "gates": list(gates),
    }
    return rules.TIERS[one(spec, a=value, tier_before=before, **more).tier[0]]


def test_a_tier_is_left_five_points_below_its_threshold():
    assert graded(80) == "pqa"
    assert graded(79) == "activate"
    assert graded(76, before="pqa") == "pqa"
    assert graded(75, before="pqa") == "pqa"
    assert graded(74, before="pqa") == "activate"
    assert graded(79, before="activate") == "activate"
    assert graded(55, before="activate") == "activate"
    assert graded(55, before="pqa") == "activate"
    assert graded(55, before="self_serve") == "self_serve"
    assert graded(54, before="activate") == "self_serve"


def test_a_gate_caps_the_tier_and_leaves_the_score():
    gate = {"feature": "people", "minimum": 3, "cap": "activate", "reason": "too few"}
    spec_value = {"a": 90, "people": 2}
    assert graded(90, gates=[gate], people=2) == "activate"
    assert graded(90, gates=[gate], people=3) == "pqa"
    assert graded(90, gates=[gate], people=np.nan) == "activate"
    result = one(
        {
            "components": [
                {"key": "a", "label": "a", "feature": "a", "weight": 1, "curve": {"points": [[0, 0], [100, 100]]}}
            ],
            "gates": [gate],
        },
        **spec_value,
    )
    assert (result.score[0], result.gate[0]) == (90, 0)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("components", {"components": []}),
        ("components", {"components": [{**PUBLISHED["components"][0], "weight": 0}]}),
        ("components[0].weight", {"components": [{**PUBLISHED["components"][0], "weight": -1}]}),
        ("components[0].feature", {"components": [{**PUBLISHED["components"][0], "feature": "mood"}]}),
        ("components[1].key", {"components": [PUBLISHED["components"][0], PUBLISHED["components"][0]]}),
        ("components[0].curve", {"components": [{**PUBLISHED["components"][0], "curve": {"points": []}}]}),
        (
            "components[0].curve",
            {"components": [{**PUBLISHED["components"][0], "curve": {"points": [[2, 1], [1, 5]]}}]},
        ),
        (
            "components[0].curve",
            {"components": [{**PUBLISHED["components"][0], "curve": {"points": [[0, -1], [1, 5]]}}]},
        ),
        ("components[0].curve", {"components": [{**PUBLISHED["components"][0], "curve": {"points": [[0, 0]]}}]}),
        (
            "components[0].curve.kind",
            {"components": [{**PUBLISHED["components"][0], "curve": {"kind": "wavy", "points": [[0, 1]]}}]},
        ),
        ("thresholds", {"thresholds": {"pqa": 50, "activate": 60}}),
        ("thresholds", {"thresholds": {"pqa": 120, "activate": 60}}),
        ("hysteresis", {"hysteresis": -1}),
        ("gates[0].cap", {"gates": [{"feature": "people", "minimum": 1, "cap": "pqa", "reason": ""}]}),
        ("gates[0].feature", {"gates": [{"feature": "mood", "minimum": 1, "cap": "activate", "reason": ""}]}),
    ],
)
def test_a_bad_definition_is_refused_at_its_field(field, change):
    with pytest.raises(rules.BadDefinition) as refusal:
        rules.parse(PUBLISHED | change, features=BY_KEY)
    assert refusal.value.field == field


def test_the_default_definition_is_good():
    spec = rules.parse(defaults.SPEC, features=BY_KEY)
    assert (spec.thresholds.pqa, spec.thresholds.activate, spec.hysteresis) == (80, 60, 5)


values = st.one_of(st.just(float("nan")), st.floats(-10, 1000))
rows = st.lists(st.tuples(values, values, values, values, values, values), min_size=1, max_size=20)
DEFAULT = rules.parse(defaults.SPEC, features=BY_KEY)
NAMES = [component.feature for component in DEFAULT.components]


def table(of_rows):
    columns = np.array(of_rows, dtype=float)
    features = {name: columns[:, place] for place, name in enumerate(NAMES)}
    return features | {"days_since_first_use": np.full(len(columns), 30.0)}


@given(rows)
def test_scores_stay_in_bounds_and_contributions_add_up_to_them(of_rows):
    result = rules.evaluate(DEFAULT, table(of_rows), evidence=np.ones(len(of_rows), dtype=bool))
    assert ((result.score >= 1) & (result.score <= 100)).all()
    assert (result.effect.sum(axis=1) == result.score).all()
    assert (result.effect >= 0).all()


@given(rows, st.permutations(range(6)))
def test_the_order_of_components_and_of_accounts_does_not_matter(of_rows, order):
    evidence = np.ones(len(of_rows), dtype=bool)
    features = table(of_rows)
    turned = rules.Spec(
        components=tuple(DEFAULT.components[place] for place in order),
        thresholds=DEFAULT.thresholds,
        gates=DEFAULT.gates,
    )
    straight = rules.evaluate(DEFAULT, features, evidence=evidence)
    assert (rules.evaluate(turned, features, evidence=evidence).score == straight.score).all()
    backwards = rules.evaluate(DEFAULT, {name: column[::-1] for name, column in features.items()}, evidence=evidence)
    assert (backwards.score[::-1] == straight.score).all()
    assert (backwards.effect[::-1] == straight.effect).all()


@given(rows, st.integers(0, 5), st.floats(0, 100))
def test_more_of_a_feature_never_lowers_the_score(of_rows, place, more):
    evidence = np.ones(len(of_rows), dtype=bool)
    before = rules.evaluate(DEFAULT, table(of_rows), evidence=evidence)
    raised = [tuple(v + more if i == place else v for i, v in enumerate(row)) for row in of_rows]
    after = rules.evaluate(DEFAULT, table(raised), evidence=evidence)
    assert (after.score >= before.score).all()


def test_scores_without_detail_are_the_same_also_over_many_blocks(monkeypatch):
    draw = np.random.default_rng(4)
    monkeypatch.setattr(rules, "BLOCK", 100)
    variant = {"segments": ["smb"], "components": defaults.SPEC["components"][:2], "hysteresis": 9}
    for more in ({}, {"variants": [variant]}):
        spec = rules.parse(defaults.SPEC | more)
        n = 950
        features = {name: draw.integers(0, 40, n).astype(float) for recipe in spec.recipes for name in recipe.features}
        features["growth"] = np.where(draw.random(n) < 0.1, np.nan, draw.normal(0, 1, n))
        narrow = {name: values if name == "growth" else values.astype(np.int8) for name, values in features.items()}
        given = {
            "evidence": draw.random(n) < 0.8,
            "tier_before": draw.integers(-1, 3, n),
            "segment": draw.integers(0, 4, n).astype(np.int8),
        }
        whole = rules.evaluate(spec, features, **given)
        for values in (features, narrow):
            lean = rules.evaluate(spec, values, detail=False, **given)
            for name in ("score", "tier", "gate", "recipe"):
                assert np.array_equal(getattr(whole, name), getattr(lean, name)), name


def test_there_is_no_buyer_only_where_enough_is_known_of_those_who_are_active():
    nan = float("nan")
    known = {
        "active_users_28": np.array([0, nan, 1, 2, 3, 4, 4, 4, 0, 0]),
        "profiled_active": np.array([0, nan, 0, 1, 1, 2, 2, 2, 0, 0]),
        "buyer_confidence": np.array([nan, nan, nan, 0.3, 0.4, 0.5999, 0.6, 0.9, 0.6, 0]),
    }
    assert buyers.states(known, np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0.9])).tolist() == [
        *("unknown", "unknown", "unknown", "none", "unknown", "none", "likely", "confirmed", "likely", "confirmed")
    ]
