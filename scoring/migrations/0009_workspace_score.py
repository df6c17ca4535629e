import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

TIERS = [("pqa", "PQA"), ("activate", "Activate"), ("self_serve", "Self-serve")]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_known_since_and_silence"),
        ("scoring", "0008_drafts_and_outcomes"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkspaceScore",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="score",
                        serialize=False,
                        to="accounts.workspace",
                    ),
                ),
                ("score", models.PositiveSmallIntegerField(null=True)),
                ("tier", models.CharField(choices=TIERS, max_length=10)),
                (
                    "tier_reason",
                    models.CharField(blank=True, help_text="the gate that capped the tier", max_length=300),
                ),
                ("scored_at", models.DateTimeField()),
                ("digest", models.BigIntegerField(default=0, help_text="of all the others")),
                (
                    "feature_values",
                    django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), default=list, size=None),
                ),
                (
                    "effects",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "definition",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.definition",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="workspacescore",
            index=models.Index(
                condition=models.Q(("tier__in", ["pqa", "activate"])), fields=["tier"], name="workspace_of_hot_tier"
            ),
        ),
        # Room for a new score beside the old one, as in the table of the accounts' scores.
        migrations.RunSQL(
            "ALTER TABLE scoring_workspacescore SET (fillfactor = 50)",
            "ALTER TABLE scoring_workspacescore RESET (fillfactor)",
        ),
    ]
