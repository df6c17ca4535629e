"""An index for the buyers page. Some seconds for a million people."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_loading"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="productuser",
            index=models.Index(
                condition=models.Q(
                    ("account__isnull", False),
                    ("buying_confidence__gte", 0.6),
                    models.Q(("buying_role__in", ["", "end_user"]), _negated=True),
                ),
                fields=["account"],
                include=("buying_role", "buying_confidence", "name"),
                name="likely_buyers",
            ),
        ),
    ]
