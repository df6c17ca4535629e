from django.db import migrations


class Migration(migrations.Migration):
    """`TRUNCATE` asks no trigger of rows."""

    dependencies = [
        ("accounts", "0025_usage_after_a_raise_tells_the_device"),
    ]

    operations = [
        migrations.RunSQL(
            """
            CREATE TRIGGER accounts_audit_stays_whole BEFORE TRUNCATE ON accounts_auditentry
            FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_stays();
            """,
            "DROP TRIGGER accounts_audit_stays_whole ON accounts_auditentry;",
        ),
    ]
