import django.db.models.functions.text
from django.db import migrations, models

#: Of personas of one name the later ones have their number behind it.
PERSONAS = """
    UPDATE accounts_persona p SET name = left(p.name, 70) || ' (' || p.id || ')'
    WHERE p.removed_at IS NULL AND EXISTS (
        SELECT FROM accounts_persona o WHERE o.removed_at IS NULL AND upper(o.name) = upper(p.name)
        AND (o.position, o.id) < (p.position, p.id))
"""
#: Of the same rule twice the later one does nothing.
RULES = """
    UPDATE accounts_titlerule r SET removed_at = now()
    WHERE r.removed_at IS NULL AND EXISTS (
        SELECT FROM accounts_titlerule o WHERE o.removed_at IS NULL
        AND (o.kind, o.value, o.pattern, o.is_regex) = (r.kind, r.value, r.pattern, r.is_regex)
        AND (o.position, o.id) < (r.position, r.id))
"""


class Migration(migrations.Migration):
    """Two admins who saved at once could make the same twice. A few hundred rows."""

    dependencies = [
        ("accounts", "0029_where_a_hand_was_raised"),
    ]

    operations = [
        migrations.RunSQL(PERSONAS, migrations.RunSQL.noop),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="persona",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Upper("name"),
                condition=models.Q(("removed_at", None)),
                name="one_persona_of_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="titlerule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)),
                fields=("kind", "value", "pattern", "is_regex"),
                name="one_title_rule_of_its_kind",
            ),
        ),
    ]
