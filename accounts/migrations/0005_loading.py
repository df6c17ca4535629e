"""What the loader needs to touch few pages: room beside rows that change often, so that an update stays on its page and out of
the indexes, and small indexes of the few raised hands. Room is left on new pages only; nothing is rewritten.
"""

from django.db import migrations, models

ROOMY = {"accounts_productuser": 85, "accounts_membership": 90, "accounts_accountchange": 50, "accounts_eventtype": 50}


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_usage_by_month")]

    operations = [
        migrations.AddIndex(
            model_name="account",
            index=models.Index("id", condition=models.Q(("of_person", True)), name="account_of_person"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index("user", condition=models.Q(("kind", "hand_raise")), name="signal_hand_raise"),
        ),
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} SET (fillfactor = {share})", f"ALTER TABLE {table} RESET (fillfactor)"
            )
            for table, share in ROOMY.items()
        ),
    ]
