"""Half-lives, and recipes of segments."""

import copy
import math

import numpy as np
import pytest
from django.utils import timezone

from scoring import before, breakdown, buyers, defaults, definitions, rules, writing
from scoring.breakdown import KEYS
from scoring.features import BY_KEY
from scoring.models import Definition, Score, ScoreChange, ScoringRun, Segment
from scoring.scored import Scored
from tests.factories import AccountFactory

CATALOGUE = BY_KEY | dict.fromkeys(rules.DECAYS.values())


def component(key, feature, points, weight=1.0, **more):
    return {
        "key": key,
        "label": key.title(),
        "feature": feature,
        "weight": weight,
        "curve": {"points": points},
        **more,
    }


TEAM = component("team", "active_users_28", [[0, 0], [10, 10]])
VOLUME = component("volume", "events_28", [[0, 0], [100, 5]])
INTENT = component("intent", "intent_28", [[0, 0], [1, 8]])
GATE = {"feature": "people", "minimum": 3, "cap": "self_serve", "reason": "Too few"}
ENTERPRISE = {
    "segments": ["enterprise"],
    "components": [VOLUME],
    "thresholds": {"pqa": 40, "activate": 20},
    "hysteresis": 0,
    "gates": [{"feature": "people", "minimum": 50, "cap": "activate", "reason": "Too small a circle"}],
}
SPEC = {"components": [TEAM, VOLUME], "gates": [GATE], "variants": [ENTERPRISE]}


def arrays(**values):
    return {name: np.array(value, dtype=float) for name, value in values.items()}


def fading(half_life):
    return rules.parse({"components": [INTENT | {"half_life": half_life}]}, features=CATALOGUE)


def test_points_halve_with_every_half_life():
    features = arrays(intent_28=[5, 5, 5, 0, 5], days_since_intent=[0, 14, 28, 0, math.nan])
    result = rules.evaluate(fading(14), features, evidence=np.ones(5, dtype=bool))
    assert result.points[:, 0].tolist() == [8, 4, 2, 0, 0]
    assert result.score.tolist() == [100, 50, 25, 1, 1]
    assert (result.effect.sum(axis=1) == result.score).all()


def test_points_of_one_account_are_those_of_an_array():
    ages = [0.0, 1.0, 13.5, 400.0, -1.0, math.nan]
    part = fading(9.5).components[0]
    together = part.points(arrays(intent_28=[0.5] * len(ages), days_since_intent=ages))
    assert [part.points_at(0.5, age) for age in ages] == pytest.approx(together.tolist())


def test_the_segments_are_those_of_the_accounts():
    assert rules.SEGMENTS == tuple(Segment.values) == before.SEGMENTS


def test_each_segment_is_scored_by_its_own_recipe():
    spec = rules.parse(SPEC, features=BY_KEY)
    features = arrays(active_users_28=[10] * 4, events_28=[50] * 4, people=[9] * 4)
    segment = np.array([0, 1, 2, 3], dtype=np.int8)
    result = rules.evaluate(spec, features, evidence=np.ones(4, dtype=bool), segment=segment)
    assert result.recipe.tolist() == [0, 0, 1, 0]
    assert result.score.tolist() == [75, 75, 50, 75]
    assert [rules.TIERS[tier] for tier in result.tier] == ["activate", "activate", "activate", "activate"]
    assert result.gate.tolist() == [-1, -1, 0, -1]
    assert result.effect.tolist() == [[50, 25], [50, 25], [50, 0], [50, 25]]
    for name in rules.SEGMENTS:
        assert spec.recipe(name) is (spec.variants[0] if name == "enterprise" else spec)


def test_every_account_scores_as_by_its_recipe_alone():
    rng = np.random.default_rng(4)
    spec = rules.parse(defaults.SPEC | {"variants": [ENTERPRISE, {"segments": ["smb"], "components": [INTENT]}]})
    names = {name for recipe in spec.recipes for name in recipe.features} | {"people"}
    features = {name: rng.integers(0, 60, 500).astype(float) for name in names}
    evidence, tiers = rng.random(500) < 0.9, rng.integers(-1, 3, 500)
    segment = rng.integers(0, 4, 500).astype(np.int8)
    for detail in (True, False):
        together = rules.evaluate(spec, features, evidence=evidence, tier_before=tiers, segment=segment, detail=detail)
        for place, recipe in enumerate(spec.recipes):
            alone = rules.Spec(**{name: getattr(recipe, name) for name in rules.Recipe.__struct_fields__})
            expected = rules.evaluate(alone, features, evidence=evidence, tier_before=tiers, detail=detail)
            rows = together.recipe == place
            assert rows.any()
            for name in ("score", "tier", "gate"):
                assert (getattr(together, name)[rows] == getattr(expected, name)[rows]).all(), name
            width = expected.effect.shape[1]
            assert (together.effect[rows, :width] == expected.effect[rows]).all()
            assert (together.effect[rows, width:] == 0).all()


def test_what_is_stored_is_what_is_read():
    for spec in (defaults.SPEC, SPEC, {"components": [INTENT | {"half_life": 7}]}):
        parsed = rules.parse(spec)
        assert rules.parse(parsed.as_json()) == parsed
    assert "variants" not in rules.parse(defaults.SPEC).as_json()
    assert "half_life" not in rules.parse(defaults.SPEC).as_json()["components"][0]


def changed(**more):
    return copy.deepcopy(SPEC | more)


def variant(**more):
    return changed(variants=[ENTERPRISE | more])


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("components[0].half_life", changed(components=[INTENT | {"half_life": 0}])),
        ("components[0].half_life", changed(components=[INTENT | {"half_life": -3}])),
        ("components[0].half_life", changed(components=[INTENT | {"half_life": math.nan}])),
        ("components[1].half_life", changed(components=[VOLUME, TEAM | {"half_life": 7}])),
        ("components[0].half_life", changed(components=[INTENT | {"half_life": "soon"}])),
        ("components", changed(components=[TEAM | {"weight": 0}])),
        ("components[0].weight", changed(components=[TEAM | {"weight": 10**400}])),
        ("components[0].label", changed(components=[TEAM | {"label": "a\x00b"}])),
        ("components[0].key", changed(components=[TEAM | {"key": ""}])),
        ("components[0].curve", changed(components=[TEAM | {"curve": {"points": [[0, 1], [1e-9, 2]]}}])),
        ("components[0].curve", changed(components=[TEAM | {"curve": {"points": [[0, 1e300]]}}])),
        ("components", changed(components=[TEAM | {"key": str(n)} for n in range(31)])),
        ("gates", changed(gates=[GATE] * 21)),
        ("variants[0].segments", variant(segments=[])),
        ("variants[0].segments", variant(segments=["tiny"])),
        ("variants[0].segments", variant(segments=["smb", "smb"])),
        ("variants[1].segments", changed(variants=[ENTERPRISE, ENTERPRISE])),
        ("variants[0]", changed(variants=["enterprise"])),
        ("variants[0].components", variant(components=[])),
        ("variants[0].components", variant(components=[VOLUME | {"weight": 0}])),
        ("variants[0].components[1].feature", variant(components=[TEAM, VOLUME | {"feature": "mood"}])),
        (
            "variants[0].components[1].curve",
            variant(components=[TEAM, VOLUME | {"curve": {"points": [[2, 1], [1, 2]]}}]),
        ),
        ("variants[0].components[1].key", variant(components=[TEAM, TEAM])),
        ("variants[0].thresholds", variant(thresholds={"pqa": 30, "activate": 40})),
        ("variants[0].gates[0].feature", variant(gates=[GATE | {"feature": "mood"}])),
        ("variants[0].hysteresis", variant(hysteresis=51)),
    ],
)
def test_a_bad_recipe_is_refused_at_its_field(field, spec):
    with pytest.raises(rules.BadDefinition) as refusal:
        rules.parse(spec, features=CATALOGUE)
    assert refusal.value.field == field
    assert refusal.value.reason
    assert "`" not in refusal.value.reason, "no words of a parser"


def test_what_is_wrong_is_told_in_the_words_of_a_language():
    with pytest.raises(rules.BadDefinition) as refusal:
        rules.parse(changed(components=[VOLUME, TEAM | {"half_life": 7}]), features=CATALOGUE)
    german = {"points of “%(feature)s” do not fade: leave the half-life empty": "„%(feature)s“ verblasst nicht"}
    assert refusal.value.translated(german.get, feature="Team").reason == "„Team“ verblasst nicht"
    with pytest.raises(rules.BadDefinition, match="points of “Active people, 28 days” do not fade"):
        definitions.parsed(changed(components=[TEAM | {"half_life": 7}]))


@pytest.mark.django_db
def test_the_breakdown_is_that_of_the_recipe():
    accounts = sorted(AccountFactory().pk for _ in range(3))
    spec = rules.parse(SPEC)
    now = {name: np.zeros(3) for name in KEYS} | arrays(
        active_users_28=[10, 4, 2], events_28=[50, 60, 100], people=[9, 9, 2], employees=[50, 5000, 50]
    )
    now["account_id"] = np.array(accounts)
    segment = buyers.segments(now["employees"])
    result = rules.evaluate(spec, now, evidence=np.ones(3, dtype=bool), segment=buyers.segment_places(segment))
    scored = Scored(
        as_of=timezone.now().date(), spec=spec, features=now, now=result, week_ago_features=now, week_ago=result,
        segment=segment, buyer_state=buyers.states(now),
    )  # fmt: skip
    definition = Definition.objects.create(version=9_000, name="Two recipes", state="retired", spec=spec.as_json())
    run = ScoringRun.objects.create(definition=definition, kind="full", as_of=timezone.now().date())
    assert writing.write(run, definition, scored, before.read(), {}).tolist() == accounts
    for place, pk in enumerate(accounts):
        score, change = Score.objects.get(pk=pk), ScoreChange.objects.get(account=pk)
        assert score.contributions == change.contributions == scored.contributions(place)
        assert score.week_ago == scored.contributions_week_ago(place)
        assert sum(part["effect"] for part in score.contributions) == score.score
        assert score.tier_reason == change.tier_reason == scored.tier_reason(place)
    told = [[part["key"] for part in score.contributions] for score in Score.objects.order_by("pk")]
    assert told == [["team", "volume"], ["volume"], ["team", "volume"]]
    assert [score.tier_reason for score in Score.objects.order_by("pk")] == ["", "Too small a circle", "Too few"]
    assert breakdown.recipe_of(Score.objects.get(pk=accounts[1])).thresholds.pqa == 40
    assert writing.write(run, definition, scored, before.read(), {}).tolist() == []


def test_a_definition_with_variants_is_not_evaluated_without_the_segments():
    values = {key: np.ones(2) for key in CATALOGUE}
    with pytest.raises(ValueError, match="segments"):
        rules.evaluate(rules.parse(SPEC), values, evidence=np.ones(2, dtype=bool))
