"""What was done on devices before somebody signed in is kept apart, and which facts of an account messages say. New columns and a
new table only: nothing is filled, and no table is rewritten.
"""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0020_who_is_named_and_words_of_the_audit_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeviceUsage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "key",
                        "day",
                        "event_type_id",
                        "workspace_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.CharField(max_length=210)),
                ("day", models.DateField()),
                ("event_type_id", models.BigIntegerField()),
                ("workspace_id", models.BigIntegerField(default=0)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="account",
            name="told",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10),
                db_default=[],
                default=list,
                help_text="which of name, employees, industry and plan messages say; the others are given",
            ),
        ),
        migrations.AddField(
            model_name="handraise",
            name="device",
            field=models.CharField(blank=True, db_default="", help_text="where nobody had signed in", max_length=210),
        ),
        migrations.AddField(
            model_name="invitation",
            name="device",
            field=models.CharField(blank=True, db_default="", help_text="where nobody had signed in", max_length=210),
        ),
        migrations.AddField(
            model_name="membership",
            name="own_at",
            field=models.DateTimeField(
                help_text="without what was done on devices; none: the same; in the year 9999: never", null=True
            ),
        ),
        migrations.AddField(
            model_name="productuser",
            name="own_first_at",
            field=models.DateTimeField(
                help_text="without what was done on devices; none: the same as first seen", null=True
            ),
        ),
        migrations.AddField(
            model_name="productuser",
            name="own_last_at",
            field=models.DateTimeField(help_text="likewise of last seen", null=True),
        ),
        migrations.AddField(
            model_name="signal",
            name="device",
            field=models.CharField(blank=True, db_default="", help_text="where nobody had signed in", max_length=210),
        ),
        migrations.AddField(
            model_name="useralias",
            name="gave_way",
            field=models.BooleanField(
                db_default=True, default=True, help_text="of a user id: an alias said that another one is used instead"
            ),
        ),
        migrations.AddField(
            model_name="useralias",
            name="linked_by",
            field=models.CharField(
                blank=True, db_default="", help_text="of a device: by which key, then", max_length=210
            ),
        ),
        migrations.AddField(
            model_name="useralias",
            name="record",
            field=models.TextField(
                blank=True,
                db_default="",
                help_text="of a device, JSON: what was said there without a name, and when it was used",
            ),
        ),
        migrations.AddField(
            model_name="useralias",
            name="since",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="of a device: microseconds since 1970 when its owner was known on it first",
            ),
        ),
    ]
