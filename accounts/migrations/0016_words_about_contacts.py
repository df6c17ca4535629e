"""What members said of contacts' roles becomes a word that stands, so that it is kept when the contact changes. A few rows."""

from django.db import migrations

FILL = """
INSERT INTO accounts_roleword (contact_id, role, confidence, source, note, at, by_id)
SELECT c.id, c.buying_role, c.buying_confidence, 'human', '', c.created_at, c.added_by_id FROM accounts_contact c
WHERE c.buying_role <> '' AND c.added_by_id IS NOT NULL
AND NOT EXISTS (SELECT FROM accounts_roleword w WHERE w.contact_id = c.id)
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_profiling_runs")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
