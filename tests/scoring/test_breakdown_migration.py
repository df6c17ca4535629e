from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from scoring import breakdown, defaults

COMPONENTS = defaults.SPEC["components"]
VALUES = {
    "weekly_active_days": 2.25, "active_users_28": 5.0, "active_users_prev_28": 4.0, "breadth_28": 6.0, "growth": 0.1429,
    "events_growth": None, "behaviours_28": 1.0, "invites_28": 3.0, "creation_28": 0.0, "admin_28": 0.0,
    "intent_28": 0.0, "employees": None, "senior_people": 0.0, "buyer_confidence": 0.0, "fit": 40.0,
}  # fmt: skip
POINTS = [14.0, 21.67, 34.0, 11.43, 5.0, 40.0]
EFFECTS = [16, 15, 15, 6, 5, 4]
PARTS = {
    "behaviour": ("invites_28", "creation_28", "admin_28", "intent_28"),
    "fit": ("employees", "senior_people", "buyer_confidence"),
    "velocity": ("active_users_28", "active_users_prev_28", "events_growth"),
}
CONTRIBUTIONS = [
    {
        "key": component["key"],
        "label": component["label"],
        "feature": component["feature"],
        "value": VALUES[component["feature"]],
        "parts": {name: VALUES[name] for name in PARTS.get(component["key"], ())},
        "points": points,
        "max_points": max(y for _, y in component["curve"]["points"]),
        "weight": component["weight"],
        "effect": effect,
    }
    for component, points, effect in zip(COMPONENTS, POINTS, EFFECTS, strict=True)
]
WEEK_AGO = [{"key": part["key"], "value": part["value"], "effect": part["effect"]} for part in CONTRIBUTIONS]


def migrate(name):
    executor = MigrationExecutor(connection)
    executor.migrate([("scoring", name)])
    return MigrationExecutor(connection).loader.project_state([("scoring", name)]).apps


def test_breakdowns_survive_the_migration_and_the_way_back(empty_database):
    apps = migrate("0002_score_digest")
    model = {name: apps.get_model("scoring", name) for name in ("Score", "ScoreChange", "Definition", "ScoringRun")}
    account = apps.get_model("accounts", "Account").objects.create(name="Ünï", domain="uni.example")
    definition = model["Definition"].objects.create(version=7, name="Seven", state="retired", spec=defaults.SPEC)
    run = model["ScoringRun"].objects.create(definition=definition, kind="full", as_of=timezone.now().date())
    now = timezone.now()
    judged = {"account": account, "definition": definition, "tier": "activate", "segment": "unknown"}
    judged |= {"score": 61, "buyer_state": "none", "contributions": CONTRIBUTIONS}
    features = VALUES | {"people": 9.0}
    model["Score"].objects.create(
        **judged, scored_at=now, tier_since=now, week_ago_score=61, week_ago=WEEK_AGO, features=features
    )
    model["ScoreChange"].objects.create(**judged, at=now, run=run)
    model["ScoreChange"].objects.create(**judged | {"contributions": []}, at=now, run=None)

    apps = migrate("0005_breakdown_without_json")
    score = apps.get_model("scoring", "Score").objects.select_related("definition").get()
    change, bare = apps.get_model("scoring", "ScoreChange").objects.select_related("definition").order_by("pk")
    assert breakdown.contributions(score) == breakdown.contributions(change) == CONTRIBUTIONS
    assert breakdown.contributions_before(score) == WEEK_AGO
    assert {key: value for key, value in breakdown.features_of(score.feature_values).items() if value is not None} == {
        key: value for key, value in features.items() if value is not None
    }
    assert (breakdown.contributions(bare), change.run_id) == ([], run.pk)
    apps.get_model("scoring", "ScoringRun").objects.all().delete()

    apps = migrate("0002_score_digest")
    score = apps.get_model("scoring", "Score").objects.get()
    change, bare = apps.get_model("scoring", "ScoreChange").objects.order_by("pk")
    assert score.contributions == change.contributions == CONTRIBUTIONS
    assert score.week_ago == WEEK_AGO
    assert score.features["people"] == 9.0
    assert score.features["employees"] is None
    assert (bare.contributions, change.run_id) == ([], None)
