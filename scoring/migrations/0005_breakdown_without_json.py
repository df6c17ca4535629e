"""Breakdowns as arrays, last step of three: the JSON goes, and with it what made each written row dear.

Foreign keys that only the scorer writes are not checked by the database, indexes that no page reads are dropped, and the table of
scores keeps room beside each row for its next version. Seconds; the tables are locked meanwhile.
"""

import django.db.models.deletion
from django.db import migrations, models

FORGET_MISSING_RUNS = """
    UPDATE scoring_scorechange SET run_id = NULL
    WHERE run_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM scoring_scoringrun r WHERE r.id = run_id)
"""


class Migration(migrations.Migration):
    dependencies = [("scoring", "0004_fill_breakdown_arrays")]

    operations = [
        migrations.RemoveField("score", "contributions"),
        migrations.RemoveField("score", "features"),
        migrations.RemoveField("score", "week_ago"),
        migrations.RemoveField("scorechange", "contributions"),
        migrations.RemoveIndex("score", "scoring_sco_tier_d09102_idx"),
        migrations.AddIndex("score", models.Index(
                fields=["tier"], name="score_of_hot_tier", condition=models.Q(tier__in=["pqa", "activate"])
            )),
        migrations.AlterField(
            "score",
            "account",
            models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="score",
                serialize=False,
                to="accounts.account",
            ),
        ),
        migrations.AlterField(
            "score",
            "definition",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scoring.definition",
            ),
        ),
        migrations.AlterField(
            "score",
            "digest",
            models.BigIntegerField(default=0, help_text="of all the others: an unchanged row is not written again"),
        ),
        migrations.AlterField(
            "scorechange",
            "account",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="score_changes",
                to="accounts.account",
            ),
        ),
        migrations.AlterField(
            "scorechange",
            "definition",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scoring.definition",
            ),
        ),
        migrations.AlterField(
            "scorechange",
            "run",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="scoring.scoringrun",
            ),
        ),
        migrations.AlterField(
            "scoredaccount",
            "account",
            models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="+",
                serialize=False,
                to="accounts.account",
            ),
        ),
        migrations.RunSQL(
            "ALTER TABLE scoring_score SET (fillfactor = 50)", "ALTER TABLE scoring_score RESET (fillfactor)"
        ),
        migrations.RunSQL(migrations.RunSQL.noop, FORGET_MISSING_RUNS),
    ]
