"""Breakdowns as arrays, second step of three: the rows.

A breakdown was JSON that repeated the labels, weights and points of its definition in each row, 2 kB a score, and was made and
compared row by row. What is the account's own are the features and the effects: those become arrays, the rest follows from the
definition. Nothing that a page shows is lost, forwards or backwards, except that the history then knows only the features that
its definition names, as before.

One statement a table forwards, about 30 s for a million rows; backwards by batches in Python, about two minutes.
"""

import math

from django.db import migrations

#: The catalogue of features when this was written.
KEYS = [
    "weekly_active_days", "active_users_7", "active_users_prev_7", "active_users_28", "active_users_prev_28", "events_7",
    "events_prev_7", "events_28", "events_prev_28", "users_growth", "events_growth", "weekly_growth", "growth",
    "new_users_28", "core_28", "advanced_28", "collaboration_28", "creation_28", "intent_28", "admin_28", "invites_28",
    "breadth_28", "feature_depth", "behaviours_28", "heaviest_share", "people", "profiled_active", "senior_people",
    "buyers", "buyer_confidence", "employees", "fit", "days_since_last_use", "days_since_first_use",
]  # fmt: skip
PARTS = {
    "behaviours_28": ("invites_28", "creation_28", "admin_28", "intent_28"),
    "fit": ("employees", "senior_people", "buyer_confidence"),
    "growth": ("active_users_28", "active_users_prev_28", "events_growth"),
}

VALUES = """
    ARRAY(
        SELECT coalesce((%s ->> key)::float8, 'NaN') FROM unnest(%%(keys)s::text[]) WITH ORDINALITY AS k (key, place)
        ORDER BY place
    )
"""
ELEMENTS = "ARRAY(SELECT %s FROM jsonb_array_elements(%s) WITH ORDINALITY AS c (part, place) ORDER BY place)"
EFFECT = "round((part ->> 'effect')::numeric)::smallint"
FILL = [
    f"""
    UPDATE scoring_score SET
        feature_values = CASE WHEN features = '{{}}' THEN '{{}}' ELSE {VALUES % "features"} END,
        effects = {ELEMENTS % (EFFECT, "contributions")},
        week_ago_values = {ELEMENTS % ("coalesce((part ->> 'value')::float8, 'NaN')", "week_ago")},
        week_ago_effects = {ELEMENTS % (EFFECT, "week_ago")}
    """,
    f"""
    UPDATE scoring_scorechange SET
        feature_values = (
            SELECT {VALUES % "jsonb_object_agg(named.key, named.value)"}
            FROM jsonb_array_elements(contributions) AS part, LATERAL (
                SELECT part ->> 'feature', part -> 'value'
                UNION ALL SELECT * FROM jsonb_each(coalesce(part -> 'parts', '{{}}'))
            ) AS named (key, value)
        ),
        effects = {ELEMENTS % (EFFECT, "contributions")}
    WHERE contributions <> '[]'
    """,
]


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, {"keys": KEYS})


def empty(apps, schema_editor):
    definitions = {row.pk: row.spec for row in apps.get_model("scoring", "Definition").objects.all()}
    scores = apps.get_model("scoring", "Score").objects
    changes = apps.get_model("scoring", "ScoreChange").objects
    for rows, fields in ((scores, ["contributions", "features", "week_ago"]), (changes, ["contributions"])):
        batch = []
        for row in rows.iterator(chunk_size=2_000):
            components = definitions[row.definition_id].get("components", [])
            known = {key: _number(value) for key, value in zip(KEYS, row.feature_values, strict=False)}
            row.contributions = [
                _contribution(component, known, effect)
                for component, effect in zip(components, row.effects, strict=False)
            ]
            if "features" in fields:
                row.features = known
                row.week_ago = [
                    {"key": component["key"], "value": _number(value), "effect": effect}
                    for component, value, effect in zip(
                        components, row.week_ago_values, row.week_ago_effects, strict=False
                    )
                ]
            batch.append(row)
            if len(batch) == 2_000:
                rows.bulk_update(batch, fields)
                batch = []
        rows.bulk_update(batch, fields)
    scores.update(digest=0)


def _contribution(component, known, effect):
    value = known.get(component["feature"])
    curve = component["curve"]
    return {
        "key": component["key"],
        "label": component["label"],
        "feature": component["feature"],
        "value": value,
        "parts": {name: known.get(name) for name in PARTS.get(component["feature"], ())},
        "points": round(_points(curve, value), 2),
        "max_points": max(y for _, y in curve["points"]),
        "weight": component["weight"],
        "effect": effect,
    }


def _points(curve, value):
    if value is None:
        return 0.0
    points, is_step = curve["points"], curve.get("kind") == "step"
    if value < points[0][0]:
        return 0.0 if is_step else points[0][1]
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if x0 <= value < x1:
            return y0 if is_step else y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return points[-1][1]


def _number(value):
    return None if math.isnan(value) else round(value, 4)


class Migration(migrations.Migration):
    dependencies = [("scoring", "0003_breakdown_arrays")]

    operations = [migrations.RunPython(fill, empty)]
