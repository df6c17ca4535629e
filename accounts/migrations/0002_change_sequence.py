"""The sequence behind the work tables' `seq`: it orders changes across processes. Instant."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE accounts_change_seq", "DROP SEQUENCE accounts_change_seq"
        ),
    ]
