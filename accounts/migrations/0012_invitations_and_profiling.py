"""Who invited whom, and how much is known of the people. Invitations so far are taken from usage, without whom they were for:
one pass over the daily counts, about ten seconds for ten million rows.
"""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
INSERT INTO accounts_invitation (user_id, day, workspace_id, count)
SELECT u.user_id, u.day, u.workspace_id, sum(u.count) FROM accounts_usage u
WHERE u.event_type_id IN (SELECT id FROM accounts_eventtype WHERE signal = 'invite') GROUP BY 1, 2, 3
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_contacts_who_signed_up")]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("workspace_id", models.BigIntegerField(default=0)),
                ("invitee", models.UUIDField(null=True)),
                ("count", models.PositiveIntegerField()),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.productuser",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["user", "day"], name="accounts_in_user_id_98cc32_idx")]},
        ),
        migrations.CreateModel(
            name="ProfilingDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("counts", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
