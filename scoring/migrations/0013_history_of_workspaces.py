import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_corrections_of_ambiguities"),
        ("scoring", "0012_newest_changes"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspacescore",
            name="tier_since",
            field=models.DateTimeField(help_text="none: since before this was kept", null=True),
        ),
        migrations.AddField(
            model_name="workspacescore",
            name="week_ago_effects",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(), db_default=[], default=list
            ),
        ),
        migrations.AddField(
            model_name="workspacescore",
            name="week_ago_score",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="workspacescore",
            name="week_ago_values",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.FloatField(), db_default=[], default=list, help_text="of the components' features"
            ),
        ),
        migrations.CreateModel(
            name="WorkspaceScoreChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("score", models.PositiveSmallIntegerField(null=True)),
                (
                    "tier",
                    models.CharField(
                        choices=[("pqa", "PQA"), ("activate", "Activate"), ("self_serve", "Self-serve")], max_length=10
                    ),
                ),
                ("tier_reason", models.CharField(blank=True, max_length=300)),
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
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="score_changes",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace", "-at"], name="scoring_wor_workspa_97a78c_idx")],
            },
        ),
    ]
