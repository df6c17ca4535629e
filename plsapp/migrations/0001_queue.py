"""Installs pgmq and makes the queue, when the queue is to live in this database. Under a second; may run again."""

from django.db import migrations


def prepare(apps, schema_editor):
    from plsapp import broker

    broker.prepare()


class Migration(migrations.Migration):
    dependencies = []
    operations = [migrations.RunPython(prepare, migrations.RunPython.noop)]
