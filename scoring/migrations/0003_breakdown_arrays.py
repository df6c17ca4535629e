"""Breakdowns as arrays, first step of three: the columns. At once, whatever the size of the tables."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0002_score_digest")]

    operations = [
        migrations.AddField("score", "feature_values", ArrayField(models.FloatField(), default=list)),
        migrations.AddField("score", "effects", ArrayField(models.SmallIntegerField(), default=list)),
        migrations.AddField(
            "score",
            "week_ago_values",
            ArrayField(models.FloatField(), default=list, help_text="of the components' features"),
        ),
        migrations.AddField("score", "week_ago_effects", ArrayField(models.SmallIntegerField(), default=list)),
        migrations.AddField("scorechange", "feature_values", ArrayField(models.FloatField(), default=list)),
        migrations.AddField("scorechange", "effects", ArrayField(models.SmallIntegerField(), default=list)),
    ]
