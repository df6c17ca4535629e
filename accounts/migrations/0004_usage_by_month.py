"""Usage becomes a table of months, so that old months can be dropped, and every day gets a version.

Moves all daily rows once: about a minute for ten million. The loader waits meanwhile.
"""

import django.contrib.postgres.functions
from django.db import migrations, models

FORWARD = """
ALTER TABLE accounts_usage RENAME TO accounts_usage_old;
DROP INDEX IF EXISTS accounts_usage_by_day;
ALTER TABLE accounts_usage_old RENAME CONSTRAINT accounts_usage_pkey TO accounts_usage_old_pkey;
CREATE TABLE accounts_usage (
    user_id bigint NOT NULL,
    day date NOT NULL,
    event_type_id bigint NOT NULL,
    workspace_id bigint NOT NULL,
    count integer NOT NULL CHECK (count >= 0),
    PRIMARY KEY (user_id, day, event_type_id, workspace_id)
) PARTITION BY RANGE (day);
CREATE INDEX accounts_usage_by_day ON accounts_usage (day);
-- What has no month of its own: nothing is refused for want of a partition.
CREATE TABLE accounts_usage_other PARTITION OF accounts_usage DEFAULT;

CREATE FUNCTION accounts_usage_days_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_usageday (day, version)
    SELECT day, gen_random_uuid() FROM (SELECT DISTINCT day FROM changed ORDER BY day) AS days
    ON CONFLICT (day) DO UPDATE SET version = EXCLUDED.version;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_usage_inserted AFTER INSERT ON accounts_usage
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION accounts_usage_days_changed();
-- An update can move a row to another day: then both have changed.
CREATE FUNCTION accounts_usage_days_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_usageday (day, version)
    SELECT day, gen_random_uuid() FROM (SELECT day FROM changed UNION SELECT day FROM before ORDER BY day) AS days
    ON CONFLICT (day) DO UPDATE SET version = EXCLUDED.version;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_usage_updated AFTER UPDATE ON accounts_usage
    REFERENCING NEW TABLE AS changed OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_usage_days_updated();
CREATE TRIGGER accounts_usage_deleted AFTER DELETE ON accounts_usage
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION accounts_usage_days_changed();

DO $$
DECLARE month date;
BEGIN
    FOR month IN SELECT DISTINCT date_trunc('month', day)::date FROM accounts_usage_old
                 WHERE day >= now() - interval '36 months' AND day < now() + interval '2 months' ORDER BY 1
    LOOP
        EXECUTE format('CREATE TABLE accounts_usage_%s PARTITION OF accounts_usage FOR VALUES FROM (%L) TO (%L)',
                       to_char(month, 'YYYY_MM'), month, month + interval '1 month');
    END LOOP;
END $$;
INSERT INTO accounts_usage (user_id, day, event_type_id, workspace_id, count)
    SELECT user_id, day, event_type_id, workspace_id, count FROM accounts_usage_old ORDER BY day, user_id;
DROP TABLE accounts_usage_old;
"""

BACKWARD = """
CREATE TABLE accounts_usage_new (
    user_id bigint NOT NULL,
    day date NOT NULL,
    event_type_id bigint NOT NULL,
    workspace_id bigint NOT NULL,
    count integer NOT NULL CHECK (count >= 0),
    PRIMARY KEY (user_id, day, event_type_id, workspace_id)
);
INSERT INTO accounts_usage_new (user_id, day, event_type_id, workspace_id, count)
    SELECT user_id, day, event_type_id, workspace_id, count FROM accounts_usage;
DROP TABLE accounts_usage;
DROP FUNCTION accounts_usage_days_changed;
DROP FUNCTION accounts_usage_days_updated;
ALTER TABLE accounts_usage_new RENAME TO accounts_usage;
ALTER TABLE accounts_usage RENAME CONSTRAINT accounts_usage_new_pkey TO accounts_usage_pkey;
CREATE INDEX accounts_usage_by_day ON accounts_usage (day);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_account_of_person")]

    operations = [
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("version", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID())),
            ],
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
