from django.db import migrations

from webapp.review import triggers


def make_anew(apps, schema_editor):
    """With the one that refuses to empty the whole table, which databases of before do not have."""
    triggers.remove(apps, schema_editor)
    triggers.make(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("review", "0004_known_verdicts")]
    operations = [migrations.RunPython(make_anew, migrations.RunPython.noop)]
