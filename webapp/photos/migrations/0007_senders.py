from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("photos", "0006_open_batches")]

    operations = [
        migrations.AddField(
            "photo",
            "senders",
            models.ManyToManyField(
                "photos.batch",
                related_name="+",
                blank=True,
                help_text="Where several windows send it: the batches of those that do.",
            ),
        ),
    ]
