from django.db import migrations, models


class Migration(migrations.Migration):
    """The column keeps what it has; `manage.py reindex` writes it, and the place in the timeline, as they are meant."""

    dependencies = [("photos", "0007_senders")]

    operations = [
        migrations.AlterField(
            "photo",
            "taken_at",
            models.DateTimeField(
                null=True, blank=True, help_text="What the clock of the camera showed, held as if that were UTC."
            ),
        ),
    ]
