from django.db import migrations, models

#: A raised hand that went to a workspace has the key of one that was raised in none. A second for a million signals.
WENT_HOME = """
    UPDATE accounts_signal SET raised_in = 0 WHERE kind = 'hand_raise' AND workspace_id IS NOT NULL AND user_id IS NOT NULL
    AND key = md5(concat_ws('|', kind, coalesce(nullif(device, ''), user_id::text), 'None', coalesce(account_id::text, 'None'),
                            (at AT TIME ZONE 'UTC')::date))::uuid
"""


class Migration(migrations.Migration):
    """So that raised hands of people without a company are placed anew by what is known later."""

    dependencies = [
        ("accounts", "0028_likely_people_are_found_in_an_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="signal",
            name="raised_in",
            field=models.BigIntegerField(
                null=True,
                help_text="of a raised hand that went to another workspace: the one it was raised in, 0 in none",
            ),
        ),
        migrations.RunSQL(WENT_HOME, migrations.RunSQL.noop),
    ]
