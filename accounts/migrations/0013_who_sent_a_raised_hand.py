from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the digest that raised hands are counted by. Adding a column with a constant default takes no time."""

    dependencies = [
        ("accounts", "0012_invitations_and_profiling"),
    ]

    operations = [
        migrations.AddField(
            model_name="handraise",
            name="sender",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="a keyed digest of the client's address, to count by",
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="handraise",
            name="spam_because",
            field=models.CharField(
                blank=True,
                help_text="kept when somebody said that it is none: that is how it was let through",
                max_length=40,
            ),
        ),
    ]
