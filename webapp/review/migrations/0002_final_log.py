from django.db import migrations

from webapp.review import triggers


class Migration(migrations.Migration):
    dependencies = [("review", "0001_initial")]
    operations = [migrations.RunPython(triggers.make, triggers.remove)]
